//! Time, as an argument.

/// Tells the time. The program passes the system's clock, tests pass their own.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> u64;
}
