//! The modules that serve now. A swap is one atomic pointer; a turn that is under way keeps the module that it began with,
//! and the old one goes when the last such turn ends.

use std::cmp::Reverse;
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
    /// The number of the activation that made it serve; nothing for a turn of a bot that is pinned to the version.
    pub activation: Option<i64>,
    /// What runs.
    pub module: Arc<Module>,
}

/// How many pinned versions are held at most, of all tenants together. Of the tenant that has most of them, the one that was
/// held first goes, and is loaded again by its next turn: nobody's many push out another's few.
const PINNED_MAX: usize = 256;

/// The active version of every module of every tenant, and the versions that bots are pinned to.
#[derive(Debug, Default)]
pub struct Catalog {
    modules: ArcSwap<Modules>,
    pinned: ArcSwap<Pinned>,
}

/// The pinned versions that are held, each with its place in the order in which they came.
#[derive(Debug, Clone, Default)]
struct Pinned {
    next: u64,
    held: BTreeMap<(TenantName, ModuleName, u32), (u64, Arc<Active>)>,
}

impl Pinned {
    /// Lets the first go that came of the tenant that has most; of several such tenants, the first of all theirs.
    fn drop_one(&mut self) {
        let mut numbers: BTreeMap<&TenantName, usize> = BTreeMap::new();
        for (tenant, _, _) in self.held.keys() {
            *numbers.entry(tenant).or_default() += 1;
        }
        let most = |tenant: &TenantName| Reverse(numbers.get(tenant).copied());
        let first = self.held.iter().min_by_key(|((tenant, _, _), (place, _))| (most(tenant), *place));
        if let Some(key) = first.map(|(key, _)| key.clone()) {
            self.held.remove(&key);
        }
    }
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

    /// A version that a bot is pinned to, if it is held.
    #[must_use]
    pub fn pinned(&self, tenant: &TenantName, name: &ModuleName, version: u32) -> Option<Arc<Active>> {
        let pinned = self.pinned.load();
        pinned.held.get(&(tenant.clone(), name.clone(), version)).map(|(_, active)| Arc::clone(active))
    }

    /// Holds a version that a bot is pinned to, so that its turns need not load it.
    pub fn hold(&self, tenant: &TenantName, name: &ModuleName, version: u32, module: Arc<Module>) -> Arc<Active> {
        let active = Arc::new(Active { version, activation: None, module });
        self.pinned.rcu(|pinned| {
            let mut pinned = Pinned::clone(pinned);
            let place = (pinned.next, Arc::clone(&active));
            pinned.next += 1;
            pinned.held.insert((tenant.clone(), name.clone(), version), place);
            while pinned.held.len() > PINNED_MAX {
                pinned.drop_one();
            }
            pinned
        });
        active
    }

    /// Lets a pinned version go. A bot that is pinned to it still loads it again.
    pub fn let_go(&self, tenant: &TenantName, name: &ModuleName, version: u32) {
        self.pinned.rcu(|pinned| {
            let mut pinned = Pinned::clone(pinned);
            pinned.held.remove(&(tenant.clone(), name.clone(), version));
            pinned
        });
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
