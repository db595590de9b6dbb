//! The threads that run turns: a fixed number, with a bounded queue before them, so that guests never hold up anything else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::limits::Limits;
use super::sandbox::Module;
use super::{Error, cause};
use crate::domain::event::Event;
use crate::domain::turn::{Context, Run};

/// The threads. They end when this is dropped, after the turn that each is at.
#[derive(Debug)]
pub struct Runners {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Why a turn was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Too many turns wait for a thread already; try again shortly.
    #[error("{waiting} turns wait for a thread, the limit")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The threads are ending.
    #[error("the threads that run turns are ending")]
    Stopped,
}

impl Runners {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::Engine`] when the system gives no more threads.
    pub fn start(limits: &Limits) -> Result<Self, Error> {
        let queue = Mutex::new(Queue { jobs: VecDeque::new(), stopped: false });
        let shared = Arc::new(Shared { queue, ready: Condvar::new(), queue_max: limits.queue_max });
        let mut runners = Self { shared, threads: Vec::new() };
        // More threads than the pool has instances would only be refused.
        let most = usize::try_from(limits.turns_at_once).unwrap_or(usize::MAX).max(1);
        for number in 0..limits.threads.clamp(1, most) {
            let shared = Arc::clone(&runners.shared);
            let thread = thread::Builder::new().name(format!("guest-{number}")).spawn(move || shared.work());
            let reason = |error| Error::Engine { reason: format!("cannot start a thread for turns: {error}") };
            runners.threads.push(thread.map_err(reason)?);
        }
        Ok(runners)
    }

    /// Runs a turn on one of the threads and waits for it. A turn whose future is dropped runs to its end all the same.
    ///
    /// # Errors
    /// [`Busy`]: the turn was not run.
    pub async fn run(&self, module: Arc<Module>, context: Context, event: Event) -> Result<Run, Busy> {
        let (reply, run) = oneshot::channel();
        self.shared.submit(Job { module, context, event, reply })?;
        run.await.map_err(|_| Busy::Stopped)
    }

    /// How many turns wait for a thread.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }
}

impl Drop for Runners {
    fn drop(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            // A thread only ends by panicking when there is a bug in this file; its turn's waiter was told.
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    queue_max: usize,
}

#[derive(Debug)]
struct Queue {
    jobs: VecDeque<Job>,
    stopped: bool,
}

#[derive(Debug)]
struct Job {
    module: Arc<Module>,
    context: Context,
    event: Event,
    reply: oneshot::Sender<Run>,
}

impl Shared {
    fn submit(&self, job: Job) -> Result<(), Busy> {
        let mut queue = self.lock();
        if queue.stopped {
            return Err(Busy::Stopped);
        }
        if queue.jobs.len() >= self.queue_max {
            return Err(Busy::Full { waiting: queue.jobs.len() });
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    fn stop(&self) {
        let mut queue = self.lock();
        queue.stopped = true;
        // Their waiters see that they were not run.
        queue.jobs.clear();
        drop(queue);
        self.ready.notify_all();
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let Job { module, context, event, reply } = job;
            // `Module::run` catches what a turn does; this catches what is left, so that a thread never dies of a turn.
            let run = catch_unwind(AssertUnwindSafe(|| module.run(&context, &event)))
                .unwrap_or_else(|panic| module.failed(cause::of_panic(panic.as_ref())));
            // Whoever waited may have gone.
            let _ = reply.send(run);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.stopped {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
