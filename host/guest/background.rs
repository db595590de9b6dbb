//! Work that must not be in the way of a webhook: on a thread that gets a processor when nobody else wants it.

use std::thread;

use rustix::process::nice;

/// Does some work on a thread of its own in the background, and waits for it. A process that it starts is in the background
/// too, from its first instruction on. The niceness says how much less important it is than the host's other work: 19 is as
/// much as the system has.
///
/// # Errors
/// When the work panicked.
pub fn in_background<T: Send>(niceness: u8, work: impl FnOnce() -> T + Send) -> thread::Result<T> {
    let work = || {
        // Where the system does not let it, it is no less important.
        let _ = nice(niceness.into());
        work()
    };
    thread::scope(|scope| scope.spawn(work).join())
}
