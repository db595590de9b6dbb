//! The store on SQLite: one file, one thread that writes, group commit.
//!
//! Whatever is acknowledged is on disk: the log is written and flushed (`synchronous = FULL`) before any reply goes out.
//! One process at a time serves a file, so the leases of an earlier process are void as soon as the file is opened.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Notify;

use super::{
    Accepted, Arrival, Claim, Claims, Deliveries, DeliveryLease, Ending, Error, Figures, Lease, Reply, Store,
    TurnRecord,
};
use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Answered, Delivery, Settlement};
use crate::domain::event::Owner;
use crate::domain::names::{BotId, TenantName};
use forget::Keep;
use read::Readers;
use registry::Registry;
use seal::Seal;
use writer::{Shared, Writer};

mod archive;
mod audit;
mod bots;
mod by_hand;
mod calls;
mod connect;
mod explain;
mod forget;
mod gateway_tokens;
mod gateways;
mod hand_overs;
mod idempotency;
mod inbox;
mod keys;
mod master;
mod lists;
mod migrate;
mod modules;
mod outbox;
mod read;
mod record;
mod registry;
mod requests;
mod seal;
mod tenancy;
mod tenants;
mod tokens;
mod versions;
mod writer;

/// Where the store is and how much it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The database file. Its directory is made when it is not there; `<path>.lock` beside it keeps a second process away.
    pub path: PathBuf,
    /// The file with the master key, 32 bytes that open the data keys and so all secrets: mode 0600, made at the first start.
    /// Without it the secrets are lost.
    pub master_key_file: PathBuf,
    /// How many verbs may wait for the writer; the next is refused with [`Error::Busy`].
    pub queue_max: usize,
    /// How many verbs share one transaction at most.
    pub group_max: usize,
    /// How many connections read beside the writer; at least 1.
    pub readers: usize,
    /// How much of the database the writer keeps in memory, in KiB.
    pub cache_kib: u32,
    /// How large the database may grow, in pages of 4 KiB; none: as large as the disk allows. When it is full, verbs that
    /// need room fail until something is forgotten.
    pub pages_max: Option<u32>,
    /// How long to wait for a lock that another program holds on the file, a backup for instance.
    pub busy_timeout: Duration,
    /// How long an event is kept after it ended, with its turns and deliveries, in milliseconds.
    pub keep_ms: u64,
    /// How many events of all tenants are kept with their details; beyond it the oldest that ended of the tenant that has most
    /// are stripped.
    pub keep_events: u64,
    /// How much the details of all tenants' events may take, in bytes of what is stored; beyond it the oldest events that ended
    /// of the tenant that has most are stripped.
    pub keep_bytes: u64,
}

impl Settings {
    /// The defaults: 4,096 verbs waiting, 256 in a group, 3 readers, 64 MiB of cache, no limit of size, 5 seconds for a
    /// lock, 30 days before an ended event is forgotten, and details for a million events and 10 GiB.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, master_key_file: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            master_key_file: master_key_file.into(),
            queue_max: 4096,
            group_max: 256,
            readers: 3,
            cache_kib: 64 << 10,
            pages_max: None,
            busy_timeout: Duration::from_secs(5),
            keep_ms: 30 * 24 * 60 * 60 * 1000,
            keep_events: 1_000_000,
            keep_bytes: 10 << 30,
        }
    }
}

/// A store in a SQLite file. Dropping it finishes what waits and then lets the file go.
pub struct Sqlite {
    // Dropped in this order: the writer's connection is the last one, and the last one leaves no log behind.
    readers: Readers,
    writer: Writer,
    shared: Arc<Shared>,
    seal: Arc<Seal>,
    path: PathBuf,
    keep: Keep,
    _lock: File,
}

impl Sqlite {
    /// Opens the store, making it when it is not there, and voids the leases of the process that had it before.
    ///
    /// # Errors
    /// [`Error::Database`] with a sentence that says what to do: another process serves the file, a newer program has
    /// written it, the file system does not keep what is flushed, the master key is missing, wrong or readable by others.
    pub fn open(settings: Settings, now_ms: u64) -> Result<Self, Error> {
        let lock = connect::lock(&settings.path)?;
        let mut db = connect::writer(&settings)?;
        migrate::migrate(&mut db)?;
        void_leases(&mut db, now_ms)?;
        let (seal, _) = Seal::open(&mut db, &settings.master_key_file, now_ms)?;
        let shared = Arc::new(Shared::default());
        shared.bots.store(Arc::new(bots::load(&db, &seal)?));
        shared.registry.store(Arc::new(Registry::load(&db, &seal)?));
        let readers = Readers::open(&settings)?;
        let writer = Writer::start(db, &settings, Arc::clone(&shared), now_ms)?;
        let keep = Keep { ms: settings.keep_ms, events: settings.keep_events, bytes: settings.keep_bytes };
        let path = settings.path;
        Ok(Self { readers, writer, shared, seal: Arc::new(seal), path, keep, _lock: lock })
    }

    /// Gives the store a new master key: the data keys are sealed anew, the secrets stay as they are. Returns how many data
    /// keys there are. Wherever it is interrupted, the next open finishes it.
    ///
    /// # Errors
    /// Like [`Sqlite::open`], and when there is no store.
    pub fn rotate_master_key(settings: &Settings, now_ms: u64) -> Result<usize, Error> {
        if !settings.path.exists() {
            return Err(Error::Database(format!("there is no store at {}", settings.path.display())));
        }
        let _lock = connect::lock(&settings.path)?;
        let mut db = connect::writer(settings)?;
        migrate::migrate(&mut db)?;
        // A key that does not open this store is found here, before anything is written.
        Seal::open(&mut db, &settings.master_key_file, now_ms)?;
        master::begin_rotation(&settings.master_key_file)?;
        Ok(Seal::open(&mut db, &settings.master_key_file, now_ms)?.1)
    }

    /// Finishes what waits and lets the file go. Blocks until then.
    pub fn close(self) {
        drop(self);
    }
}

/// What the process before had under way can be leased at once. Its deliveries stay marked as being sent: whoever leases
/// one learns that it may have been.
fn void_leases(db: &mut Connection, now_ms: u64) -> Result<(), Error> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "UPDATE conversations SET leased = 0, ready_at = ?1 WHERE ready_at IS NOT NULL AND leased = 1",
        [int(now_ms)],
    )?;
    transaction.execute(
        "UPDATE conversations SET send_leased = 0, send_at = ?1 WHERE send_at IS NOT NULL AND send_leased = 1",
        [int(now_ms)],
    )?;
    Ok(transaction.commit()?)
}

impl Store for Sqlite {
    fn accept(&self, arrival: Arrival) -> Reply<Accepted> {
        self.writer.submit(move |work| inbox::accept(work, &arrival))
    }

    fn claim(&self, now_ms: u64, lease_ms: u64, limit: usize) -> Reply<Claims> {
        self.writer.submit(move |work| inbox::claim(work, now_ms, lease_ms, limit))
    }

    fn commit(&self, turn: TurnRecord, ending: Ending, now_ms: u64, lease_until_ms: u64) -> Reply<Option<Claim>> {
        self.writer.submit(move |work| inbox::commit(work, &turn, &ending, now_ms, lease_until_ms))
    }

    fn release(&self, leases: Vec<Lease>, ready_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| inbox::release(work, &leases, ready_ms))
    }

    fn due(&self, now_ms: u64, lease_ms: u64, limit: usize) -> Reply<Deliveries> {
        self.writer.submit(move |work| outbox::due(work, now_ms, lease_ms, limit))
    }

    fn settle(
        &self,
        delivery: DeliveryLease,
        settlement: Settlement,
        answered: Option<Answered>,
        now_ms: u64,
        lease_until_ms: u64,
    ) -> Reply<Option<Delivery>> {
        self.writer
            .submit(move |work| outbox::settle(work, delivery, &settlement, answered.as_ref(), now_ms, lease_until_ms))
    }

    fn put_back(&self, delivery: DeliveryLease, due_ms: u64, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| outbox::put_back(work, delivery, due_ms, now_ms))
    }

    fn hold(&self, lease: Lease, owner: Owner) -> Reply<()> {
        self.writer.submit(move |work| inbox::hold(work, &lease, &owner))
    }

    fn hand_over(&self, now_ms: u64) -> Reply<bool> {
        self.writer.submit(move |work| hand_overs::step(work, now_ms))
    }

    fn hand_overs_ready(&self) -> &Notify {
        &self.shared.hand_overs_ready
    }

    fn turns_ready(&self) -> &Notify {
        &self.shared.turns_ready
    }

    fn deliveries_ready(&self) -> &Notify {
        &self.shared.deliveries_ready
    }

    fn bot(&self, id: &BotId) -> Result<Option<Arc<Bot>>, Error> {
        Ok(self.shared.bots.load().get(id).cloned())
    }

    fn bots(&self, tenant: &TenantName, platform: &str) -> Result<Vec<Arc<Bot>>, Error> {
        let bots = self.shared.bots.load();
        Ok(bots.of(tenant).iter().filter(|bot| bot.platform == platform).cloned().collect())
    }

    fn put_bot(&self, bot: Bot, actor: Actor) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| bots::put(work, &bot, None, &seal, &actor))
    }

    fn put_bot_beside(&self, bot: Bot, places: Places, actor: Actor) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| bots::put(work, &bot, Some(places), &seal, &actor))
    }

    fn remove_bot(&self, id: BotId, actor: Actor) -> Reply<()> {
        self.writer.submit(move |work| bots::remove(work, &id, &actor))
    }

    fn figures(&self) -> Result<Figures, Error> {
        let waiting = self.readers.read(read::figures)?;
        let commits = self.shared.commits.load(Ordering::Relaxed);
        Ok(Figures { commits, writes: self.shared.writes.load(Ordering::Relaxed), ..waiting })
    }

    fn ready(&self) -> Result<(), Error> {
        self.writer.ready()
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// SQLite's integers are signed: times and counts beyond its range become the greatest that it has.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The way back of [`int`].
fn ms(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
