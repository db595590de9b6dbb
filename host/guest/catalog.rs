//! The modules that serve now. A swap is one atomic pointer; a turn that is under way keeps the module that it began with,
//! and the old one goes when the last such turn ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::sandbox::Module;
use crate::domain::names::{ModuleName, TenantName};

/// The version of a module that serves.
#[derive(Debug, Clone)]
pub struct Active {
    /// Counted from 1 within the module.
    pub version: u32,
    /// What runs.
    pub module: Arc<Module>,
}

/// The active version of every module of every tenant.
#[derive(Debug, Default)]
pub struct Catalog {
    modules: ArcSwap<Modules>,
}

type Modules = BTreeMap<TenantName, BTreeMap<ModuleName, Arc<Active>>>;

impl Catalog {
    /// An empty catalog.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The version that serves now.
    #[must_use]
    pub fn get(&self, tenant: &TenantName, name: &ModuleName) -> Option<Arc<Active>> {
        self.modules.load().get(tenant)?.get(name).cloned()
    }

    /// Makes a version the one that serves, and returns the one before it.
    pub fn swap(&self, tenant: &TenantName, name: &ModuleName, active: Active) -> Option<Arc<Active>> {
        let active = Arc::new(active);
        let before = self.modules.rcu(|modules| {
            let mut modules = Modules::clone(modules);
            modules.entry(tenant.clone()).or_default().insert(name.clone(), Arc::clone(&active));
            modules
        });
        before.get(tenant)?.get(name).cloned()
    }

    /// Stops a module, and returns the version that served.
    pub fn remove(&self, tenant: &TenantName, name: &ModuleName) -> Option<Arc<Active>> {
        let before = self.modules.rcu(|modules| {
            let mut modules = Modules::clone(modules);
            if let Some(of_tenant) = modules.get_mut(tenant) {
                of_tenant.remove(name);
                if of_tenant.is_empty() {
                    modules.remove(tenant);
                }
            }
            modules
        });
        before.get(tenant)?.get(name).cloned()
    }

    /// Everything that serves, by tenant and name.
    #[must_use]
    pub fn list(&self) -> Vec<(TenantName, ModuleName, Arc<Active>)> {
        let modules = self.modules.load();
        let all = modules.iter().flat_map(|(tenant, of_tenant)| {
            of_tenant.iter().map(|(name, active)| (tenant.clone(), name.clone(), Arc::clone(active)))
        });
        all.collect()
    }
}
