//! The one thread that writes. It takes all verbs that wait, runs them in one transaction, and answers them once that is on
//! disk: while one commit waits for the disk the next group gathers, so the disk's pace sets the size of the groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};

use super::Settings;
use super::bots::{BotChange, Bots};
use super::registry::{Registry, TenancyChange};
use crate::store::{Error, Reply};

/// How much a probe writes, in bytes: about what a large event takes.
const PROBE_BYTES: usize = 64 << 10;

/// How long a group may wait for more, at most; an eighth of what the last transaction took if that is less.
const PATIENCE_MAX: Duration = Duration::from_millis(2);

/// What a verb works on. Whatever it notes here besides the database takes effect after the commit, or not at all.
pub(super) struct Work {
    /// The connection, in a transaction.
    pub(super) db: Connection,
    /// An event became claimable.
    pub(super) turns_ready: bool,
    /// A request became due.
    pub(super) deliveries_ready: bool,
    /// Conversations are to be handed over.
    pub(super) hand_overs_ready: bool,
    /// Bots that were registered or removed.
    pub(super) bots: Vec<BotChange>,
    /// Tenants, keys, tokens and gateways that were made, changed or removed.
    pub(super) tenancy: Vec<TenancyChange>,
    /// The latest time that a verb has told, for those that are told none.
    pub(super) latest_ms: u64,
}

/// What the writer shares with those who ask.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) turns_ready: Notify,
    pub(super) deliveries_ready: Notify,
    pub(super) hand_overs_ready: Notify,
    pub(super) bots: ArcSwap<Bots>,
    pub(super) registry: ArcSwap<Registry>,
    pub(super) commits: AtomicU64,
    pub(super) writes: AtomicU64,
    waiting: AtomicUsize,
    /// Why the last transaction failed; nothing when it did not.
    failing: ArcSwapOption<Error>,
    probing: AtomicBool,
}

/// The thread and the way to it. Dropping it ends the thread once it has done what waits.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Verb>>>,
    queue_max: usize,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread on its connection.
    pub(super) fn start(db: Connection, settings: &Settings, shared: Arc<Shared>, now_ms: u64) -> Result<Self, Error> {
        let queue_max = settings.queue_max.max(1);
        let (queue, waiting) = sync_channel(queue_max);
        let work = Work {
            db,
            turns_ready: false,
            deliveries_ready: false,
            hand_overs_ready: false,
            bots: Vec::new(),
            tenancy: Vec::new(),
            latest_ms: now_ms,
        };
        let group_max = settings.group_max.max(1);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || Loop { work, shared }.run(&waiting, group_max)
            })
            .map_err(|error| Error::Database(format!("cannot start the writer's thread: {error}")))?;
        Ok(Self { queue: Some(queue), queue_max, thread: Some(thread), shared })
    }

    /// Queues a verb. It may be run more than once, on a clean database each time, and must decide on [`Error::Stale`] or
    /// [`Error::Missing`] before it writes.
    pub(super) fn submit<T, F>(&self, run: F) -> Reply<T>
    where
        T: Send + 'static,
        F: Fn(&mut Work) -> Result<T, Error> + Send + 'static,
    {
        let Some(queue) = &self.queue else { return Reply::ready(Err(Error::Stopped)) };
        let (sender, reply) = Reply::pair();
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        match queue.try_send(Box::new(Job { run, answer: None, sender })) {
            Ok(()) => reply,
            Err(refused) => {
                self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                Reply::ready(Err(match refused {
                    TrySendError::Full(_) => Error::Busy { waiting: self.queue_max },
                    TrySendError::Disconnected(_) => Error::Stopped,
                }))
            }
        }
    }

    /// Whether a verb would be taken and, as far as is known, written. After a failure a probe finds out whether it is over.
    pub(super) fn ready(&self) -> Result<(), Error> {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(Error::Stopped);
        }
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        if waiting >= self.queue_max {
            return Err(Error::Busy { waiting });
        }
        let Some(error) = self.shared.failing.load_full() else { return Ok(()) };
        if !self.shared.probing.swap(true, Ordering::Relaxed) {
            // Its answer is the state of `failing`.
            drop(self.submit(probe));
        }
        Err((*error).clone())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told to those who waited for it: their replies say `Stopped`.
            let _ = thread.join();
        }
    }
}

/// Takes as much room as an event may, and gives it back.
fn probe(work: &mut Work) -> Result<(), Error> {
    work.db.prepare_cached("INSERT INTO probe (filler) VALUES (zeroblob(?1))")?.execute([PROBE_BYTES as i64])?;
    work.db.prepare_cached("DELETE FROM probe")?.execute([])?;
    Ok(())
}

/// A verb in the queue, whatever it answers.
trait Verb: Send {
    /// Runs it and keeps the answer. The error is the database's alone: then the transaction cannot go on.
    fn run(&mut self, work: &mut Work) -> Result<(), Error>;

    /// Sends the answer kept, or the error that befell the transaction.
    fn reply(self: Box<Self>, transaction: Result<(), Error>);
}

struct Job<T, F> {
    run: F,
    answer: Option<Result<T, Error>>,
    sender: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Verb for Job<T, F>
where
    T: Send,
    F: Fn(&mut Work) -> Result<T, Error> + Send,
{
    fn run(&mut self, work: &mut Work) -> Result<(), Error> {
        match (self.run)(work) {
            Err(error @ Error::Database(_)) => Err(error),
            answer => {
                self.answer = Some(answer);
                Ok(())
            }
        }
    }

    fn reply(self: Box<Self>, transaction: Result<(), Error>) {
        let answer = match transaction {
            Ok(()) => self.answer.unwrap_or(Err(Error::Stopped)),
            Err(error) => Err(error),
        };
        // Nobody waits for it any more: that is theirs to decide.
        let _ = self.sender.send(answer);
    }
}

/// Waits a little for those who were answered just now to come again, as they do under load. Without it they miss the next
/// transaction, and groups are half as large as they could be. Whoever works alone waits for nobody.
fn gather(queue: &Receiver<Box<dyn Verb>>, group: &mut Vec<Box<dyn Verb>>, expected: usize, patience: Duration) {
    let begun = Instant::now();
    while group.len() < expected {
        let Some(left) = patience.checked_sub(begun.elapsed()) else { return };
        let Ok(verb) = queue.recv_timeout(left) else { return };
        group.push(verb);
    }
}

/// Where a transaction failed.
enum Failed {
    /// In one of its verbs: the others may succeed without it.
    Verb(Error),
    /// As a whole.
    Whole(Error),
}

/// The thread's own.
struct Loop {
    work: Work,
    shared: Arc<Shared>,
}

impl Loop {
    fn run(mut self, queue: &Receiver<Box<dyn Verb>>, group_max: usize) {
        let mut group = Vec::with_capacity(group_max);
        let mut patience = Duration::ZERO;
        let mut expected = 1;
        while let Ok(first) = queue.recv() {
            group.push(first);
            gather(queue, &mut group, expected, patience);
            group.extend(queue.try_iter().take(group_max.saturating_sub(group.len())));
            self.shared.waiting.fetch_sub(group.len(), Ordering::Relaxed);
            expected = group.len();
            let begun = Instant::now();
            self.run_group(&mut group);
            patience = (begun.elapsed() / 8).min(PATIENCE_MAX);
        }
    }

    /// Runs a group as one transaction. Verbs have no savepoints, which would cost each of them; instead, when one fails,
    /// the whole is rolled back and each is run again in a transaction of its own.
    fn run_group(&mut self, group: &mut Vec<Box<dyn Verb>>) {
        match self.transaction(group) {
            Ok(()) => group.drain(..).for_each(|verb| verb.reply(Ok(()))),
            Err(Failed::Verb(_)) if group.len() > 1 => {
                for verb in group.drain(..) {
                    let mut alone = [verb];
                    let outcome = self.transaction(&mut alone).map_err(Failed::into_error);
                    let [verb] = alone;
                    verb.reply(outcome);
                }
            }
            Err(failed) => {
                let error = failed.into_error();
                group.drain(..).for_each(|verb| verb.reply(Err(error.clone())));
            }
        }
    }

    fn transaction(&mut self, verbs: &mut [Box<dyn Verb>]) -> Result<(), Failed> {
        let written = self.work.db.total_changes();
        let outcome = self.attempt(verbs);
        self.shared.probing.store(false, Ordering::Relaxed);
        match &outcome {
            Ok(()) => {
                if self.shared.failing.swap(None).is_some() {
                    tracing::info!("transactions succeed again");
                }
                self.shared.commits.fetch_add(u64::from(self.work.db.total_changes() > written), Ordering::Relaxed);
                self.shared.writes.fetch_add(verbs.len() as u64, Ordering::Relaxed);
                self.take_effect();
            }
            Err(Failed::Verb(error) | Failed::Whole(error)) => {
                // Said once, however many verbs a full disk fails.
                if self.shared.failing.swap(Some(Arc::new(error.clone()))).is_none() {
                    tracing::error!(%error, verbs = verbs.len(), "a transaction failed and had no effect");
                }
                self.undo();
            }
        }
        outcome
    }

    fn attempt(&mut self, verbs: &mut [Box<dyn Verb>]) -> Result<(), Failed> {
        let whole = |error: rusqlite::Error| Failed::Whole(error.into());
        self.step("BEGIN IMMEDIATE").map_err(whole)?;
        for verb in verbs {
            verb.run(&mut self.work).map_err(Failed::Verb)?;
        }
        self.step("COMMIT").map_err(whole)
    }

    fn step(&self, sql: &str) -> rusqlite::Result<()> {
        self.work.db.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Leaves nothing of a transaction that failed. SQLite may have rolled it back itself.
    fn undo(&mut self) {
        self.work.turns_ready = false;
        self.work.deliveries_ready = false;
        self.work.hand_overs_ready = false;
        self.work.bots.clear();
        self.work.tenancy.clear();
        if !self.work.db.is_autocommit()
            && let Err(error) = self.step("ROLLBACK")
        {
            // The next transaction cannot begin then, and says so to whoever waits for it.
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    /// What a committed transaction changes outside the database: before anybody is told that it is done.
    fn take_effect(&mut self) {
        if !self.work.bots.is_empty() {
            let mut bots = Bots::clone(&self.shared.bots.load());
            self.work.bots.drain(..).for_each(|change| change.apply(&mut bots));
            self.shared.bots.store(Arc::new(bots));
        }
        if !self.work.tenancy.is_empty() {
            let mut registry = Registry::clone(&self.shared.registry.load());
            self.work.tenancy.drain(..).for_each(|change| registry.apply(change));
            self.shared.registry.store(Arc::new(registry));
        }
        if std::mem::take(&mut self.work.turns_ready) {
            self.shared.turns_ready.notify_one();
        }
        if std::mem::take(&mut self.work.deliveries_ready) {
            self.shared.deliveries_ready.notify_one();
        }
        if std::mem::take(&mut self.work.hand_overs_ready) {
            self.shared.hand_overs_ready.notify_one();
        }
    }
}

impl Failed {
    fn into_error(self) -> Error {
        match self {
            Self::Verb(error) | Self::Whole(error) => error,
        }
    }
}
