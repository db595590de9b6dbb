//! Who waits for what becomes of a request. Nothing of it is kept: whoever waits looks into the store first, and after each ring.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::shares::{Share, Shares, Taken};
use crate::domain::names::TenantName;

/// The deliveries that somebody waits for, at most one for each.
#[derive(Debug)]
pub struct Outcomes {
    places: Shares,
    waiting: Mutex<HashMap<i64, Arc<Notify>>>,
    ended: AtomicBool,
}

/// Somebody who waits for a delivery, until this is dropped.
#[derive(Debug)]
pub struct Waiting<'a> {
    outcomes: &'a Outcomes,
    delivery: i64,
    settled: Arc<Notify>,
}

impl Outcomes {
    /// Places for so many who wait at the same time, at most half of them for one tenant.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            places: Shares::new(at_once, at_once.div_ceil(2)),
            waiting: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// A place to wait in.
    ///
    /// # Errors
    /// Says who has them all.
    pub fn place(&self, tenant: &TenantName) -> Result<Share, Taken> {
        self.places.take(tenant)
    }

    /// Rings from now on when the delivery was settled for good.
    #[must_use]
    pub fn wait(&self, delivery: i64) -> Waiting<'_> {
        let settled = Arc::new(Notify::new());
        self.waiting().insert(delivery, Arc::clone(&settled));
        Waiting { outcomes: self, delivery, settled }
    }

    /// Tells whoever waits for it that a delivery was settled.
    pub fn settled(&self, delivery: i64) {
        if let Some(settled) = self.waiting().get(&delivery) {
            settled.notify_one();
        }
    }

    /// Lets nobody wait any longer.
    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.waiting().values().for_each(|settled| settled.notify_one());
    }

    /// Whether nobody is to wait any longer.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<i64, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// Returns when it rang since this was made or last returned.
    pub async fn rings(&self) {
        self.settled.notified().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.outcomes.waiting().remove(&self.delivery);
    }
}
