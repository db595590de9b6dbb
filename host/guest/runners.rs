//! The threads that run turns: a fixed number, with a bounded queue before them, so that guests never hold up anything else.
//! Beside them is one for replays, with a queue of its own: however many are asked for, no turn waits for one.

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

/// How many replays may wait for their thread. Whoever asks for one is bounded before; see `pipeline/replay.rs`.
const REPLAYS_WAITING_MAX: usize = 16;

/// The threads. They end when this is dropped, after the turn that each is at.
#[derive(Debug)]
pub struct Runners {
    turns: Arc<Shared>,
    replays: Arc<Shared>,
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
        let (turns, replays) = (Shared::new(limits.queue_max), Shared::new(REPLAYS_WAITING_MAX));
        let mut runners = Self { turns, replays, threads: Vec::new() };
        // More threads than the pool has instances would only be refused; one of them is for replays.
        let most = usize::try_from(limits.turns_at_once).unwrap_or(usize::MAX).saturating_sub(1).max(1);
        for number in 0..limits.threads.clamp(1, most) {
            runners.threads.push(runners.turns.thread(format!("guest-{number}"))?);
        }
        runners.threads.push(runners.replays.thread("guest-replay".to_owned())?);
        Ok(runners)
    }

    /// Runs a turn on one of the threads and waits for it. A turn whose future is dropped runs to its end all the same.
    ///
    /// # Errors
    /// [`Busy`]: the turn was not run.
    pub async fn run(&self, module: Arc<Module>, context: Context, event: Event) -> Result<Run, Busy> {
        self.turns.run(module, context, event).await
    }

    /// Runs a recorded turn again as [`Self::run`] runs a new one, on the thread for replays.
    ///
    /// # Errors
    /// [`Busy`]: it was not run.
    pub async fn replay(&self, module: Arc<Module>, context: Context, event: Event) -> Result<Run, Busy> {
        self.replays.run(module, context, event).await
    }

    /// How many turns wait for a thread. Replays are not counted.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.turns.lock().jobs.len()
    }
}

impl Drop for Runners {
    fn drop(&mut self) {
        self.turns.stop();
        self.replays.stop();
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
    fn new(queue_max: usize) -> Arc<Self> {
        let queue = Mutex::new(Queue { jobs: VecDeque::new(), stopped: false });
        Arc::new(Self { queue, ready: Condvar::new(), queue_max })
    }

    fn thread(self: &Arc<Self>, name: String) -> Result<JoinHandle<()>, Error> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(name).spawn(move || shared.work());
        thread.map_err(|error| Error::Engine { reason: format!("cannot start a thread for turns: {error}") })
    }

    async fn run(&self, module: Arc<Module>, context: Context, event: Event) -> Result<Run, Busy> {
        let (reply, run) = oneshot::channel();
        self.submit(Job { module, context, event, reply })?;
        run.await.map_err(|_| Busy::Stopped)
    }

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
