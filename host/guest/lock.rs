//! Locks that serve on after a panic: what they guard is whole at every step.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, whatever happened to whoever had it before.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
