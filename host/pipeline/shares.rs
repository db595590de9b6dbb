//! Shares of what is scarce: so many in all, and so many of them for one tenant, so that none takes everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::names::TenantName;

/// What there is of something, and who has it.
#[derive(Debug)]
pub struct Shares {
    all: usize,
    each: usize,
    taken: Arc<Mutex<HashMap<TenantName, usize>>>,
}

/// One share; it goes back when this is dropped.
#[derive(Debug)]
pub struct Share {
    taken: Arc<Mutex<HashMap<TenantName, usize>>>,
    tenant: TenantName,
}

/// Why there is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The tenant has as many as it may.
    Own,
    /// None is left.
    All,
}

impl Shares {
    /// `all` shares, at most `each` of them for a tenant.
    #[must_use]
    pub fn new(all: usize, each: usize) -> Self {
        Self { all, each, taken: Arc::default() }
    }

    /// A share for a tenant.
    ///
    /// # Errors
    /// Says who has them all.
    pub fn take(&self, tenant: &TenantName) -> Result<Share, Taken> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(tenant).copied().unwrap_or_default();
        if own >= self.each {
            return Err(Taken::Own);
        }
        if taken.values().sum::<usize>() >= self.all {
            return Err(Taken::All);
        }
        taken.insert(tenant.clone(), own + 1);
        Ok(Share { taken: Arc::clone(&self.taken), tenant: tenant.clone() })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}
