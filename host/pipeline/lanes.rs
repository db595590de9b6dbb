//! Lanes: what the two self-driven stages have in common. A stage takes what is ready from the store, one item for each
//! conversation, and works on a bounded number of conversations at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

use crate::domain::clock::Clock;
use crate::store::{Error, Reply};

/// How long a stage waits at most before it looks again, should a wake-up be lost (another process may have made
/// something ready).
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What was taken from the store.
pub(super) struct Taken<T> {
    /// The items, each of another conversation.
    pub(super) items: Vec<T>,
    /// When the next one becomes ready, as far as is known now.
    pub(super) next_ms: Option<u64>,
}

/// Takes and works until told to stop; returns when the last item's work has ended.
pub(super) async fn run<T, Take, Work>(
    lanes: usize,
    clock: Arc<dyn Clock>,
    ready: &Notify,
    mut stopped: watch::Receiver<bool>,
    take: impl Fn(usize) -> Take,
    work: impl Fn(T) -> Work,
) where
    Take: Future<Output = Taken<T>>,
    Work: Future<Output = ()> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(lanes));
    let mut tasks = JoinSet::new();
    loop {
        let first = tokio::select! {
            lane = free.clone().acquire_owned() => lane,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let Ok(first) = first else { break };
        let mut held = vec![first];
        while let Ok(lane) = free.clone().try_acquire_owned() {
            held.push(lane);
        }
        let taken = take(held.len()).await;
        let idle = taken.items.is_empty();
        for (item, lane) in taken.items.into_iter().zip(held) {
            let work = work(item);
            tasks.spawn(async move {
                work.await;
                drop(lane);
            });
        }
        while tasks.try_join_next().is_some() {}
        if !idle {
            continue;
        }
        let wait = taken.next_ms.map(|at| Duration::from_millis(at.saturating_sub(clock.now_ms())));
        tokio::select! {
            () = ready.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => break,
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// The wait before a failed write is tried again; it doubles up to a second.
const INSIST_FIRST: Duration = Duration::from_millis(20);
const INSIST_LONGEST: Duration = Duration::from_secs(1);

/// Writes the end of something that holds a lease: a store that is busy or full for a moment must not cost the whole lease.
///
/// # Errors
/// The store's, once the lease has run out or when the store says that it is no longer held.
pub(crate) async fn insist<T>(
    clock: &dyn Clock,
    lease_until_ms: u64,
    write: impl Fn() -> Reply<T>,
) -> Result<T, Error> {
    let mut wait = INSIST_FIRST;
    loop {
        match write().await {
            Err(Error::Busy { .. } | Error::Database(_)) if clock.now_ms() < lease_until_ms => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(INSIST_LONGEST);
            }
            answer => return answer,
        }
    }
}
