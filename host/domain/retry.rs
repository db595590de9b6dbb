//! When to try again: exponential back-off with jitter, shared by turns and deliveries.

use std::time::Duration;

/// How often and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many tries there are in all; at least 1.
    pub tries: u32,
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after the `attempt`th failed try (from 1), or `None` when that was the last one. The wait doubles
    /// each time; `chance` (any number, from a random source) takes up to half of it away, so that many failures of one
    /// moment do not come back at one moment.
    #[must_use]
    pub fn wait_after(&self, attempt: u32, chance: u64) -> Option<Duration> {
        if attempt >= self.tries {
            return None;
        }
        let doubled = self.first.saturating_mul(1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        let whole = doubled.min(self.longest);
        let jitter = (chance % 1000) as u32;
        Some(whole - whole / 2 * jitter / 1000)
    }
}
