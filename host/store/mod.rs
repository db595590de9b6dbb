//! What the host keeps: a few verbs with the meaning of the domain, so that another database is one more folder.
//!
//! Every verb is one transaction. It returns a [`Reply`] at once; the reply comes when the transaction is on disk. Nothing
//! above this line may assume that it is the only process at work on the store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Answered, Delivery, Request, Settlement};
use crate::domain::event::Owner;
use crate::domain::names::{BotId, ConversationKey, Digest, EventId, TenantName};
use crate::domain::turn::StateChange;

pub mod archive;
pub mod calls;
pub mod modules;
pub mod tenancy;
pub mod tokens;
pub mod sqlite;

pub use archive::{
    Activated, Archive, BotRevision, DeliveriesWanted, DeliveryLine, DeliveryRecord, DeliverySeen, DeliveryStatus,
    EventHead, EventRecord, EventStatus, EventsWanted, Explained, Found, HAND_OVER, Recording, Try, TurnExplained,
    TurnSeen,
};
pub use calls::Calls;
pub use modules::{Activation, ModuleRecord, Modules, Serving, Upload, Uploaded, Version, VersionRecord};
pub use tenancy::{AuditEntry, Begun, Claimed, Finished, Intent, NewKey, Tenancy, Tenant};
pub use tokens::Tokens;

/// What the pipeline needs of a database: the way of an event here, the rest in one trait for each concern.
pub trait Store: Tenancy + Tokens + Modules + Archive + Calls + Send + Sync {
    /// Puts an event into the inbox, unless it is there already. The reply means that it is on disk.
    fn accept(&self, arrival: Arrival) -> Reply<Accepted>;

    /// Leases the oldest waiting event of up to `limit` conversations in which no other turn is under way.
    fn claim(&self, now_ms: u64, lease_ms: u64, limit: usize) -> Reply<Claims>;

    /// Ends a turn: its record, the new state, the requests and "this event is done" in one transaction. When the
    /// conversation has another event waiting, that one comes back claimed under a lease until `lease_until_ms`.
    fn commit(&self, turn: TurnRecord, ending: Ending, now_ms: u64, lease_until_ms: u64) -> Reply<Option<Claim>>;

    /// Gives claimed events back untried, so that they are claimed again from `ready_ms` on.
    fn release(&self, leases: Vec<Lease>, ready_ms: u64) -> Reply<()>;

    /// Writes who holds the conversation of a claimed event before its turn ends: for a turn that runs elsewhere, and whose bot
    /// asks the host for things meanwhile. Nothing is written when a call changed that since the claim.
    fn hold(&self, lease: Lease, owner: Owner) -> Reply<()>;

    /// Gives the next conversations of bots that left LIVE the event that hands each to an agent. Bounded work; true when there
    /// is more of it.
    fn hand_over(&self, now_ms: u64) -> Reply<bool>;

    /// Rings when there may be conversations to hand over.
    fn hand_overs_ready(&self) -> &Notify;

    /// Leases the next request of up to `limit` conversations whose next request is due. A request whose earlier lease ran
    /// out was being sent when its sender died: it comes back with `maybe_sent`.
    fn due(&self, now_ms: u64, lease_ms: u64, limit: usize) -> Reply<Deliveries>;

    /// Records what became of a try and what the platform answered, if it did. When the conversation's next request is due, it
    /// comes back leased until `lease_until_ms`.
    fn settle(
        &self,
        delivery: DeliveryLease,
        settlement: Settlement,
        answered: Option<Answered>,
        now_ms: u64,
        lease_until_ms: u64,
    ) -> Reply<Option<Delivery>>;

    /// Gives a leased request back untried: it is due at `due_ms`, and the lease counts as no try.
    fn put_back(&self, delivery: DeliveryLease, due_ms: u64, now_ms: u64) -> Reply<()>;

    /// Rings when an event may have become claimable.
    fn turns_ready(&self) -> &Notify;

    /// Rings when a request may have become due.
    fn deliveries_ready(&self) -> &Notify;

    /// The bot of that id. Called for every webhook: from memory where the store can.
    fn bot(&self, id: &BotId) -> Result<Option<Arc<Bot>>, Error>;

    /// A tenant's bots on a platform, oldest first.
    fn bots(&self, tenant: &TenantName, platform: &str) -> Result<Vec<Arc<Bot>>, Error>;

    /// Registers a bot or replaces the one of that id; its secret is encrypted at rest. The first bot of an account on a
    /// platform makes the account its tenant's; [`Error::Conflict`] when it is another's or empty, or the tenant has too many
    /// bots or accounts. The store counts the revision, and keeps the pin as long as the module is the same. A bot that leaves
    /// LIVE has its ongoing conversations handed over.
    fn put_bot(&self, bot: Bot, actor: Actor) -> Reply<()>;

    /// The same for a bot that has to fit beside the others of its channel, and that nobody has changed since it was read: its
    /// revision is the one that it had then, or 0 to replace whatever is there. [`Error::Conflict`] otherwise.
    fn put_bot_beside(&self, bot: Bot, places: Places, actor: Actor) -> Reply<()>;

    /// Removes a bot. Its events stay in the record; those that wait are closed, and requests are given up but those that hand
    /// a conversation to an agent. The ongoing conversations of one that was LIVE are handed over.
    fn remove_bot(&self, id: BotId, actor: Actor) -> Reply<()>;

    /// How much waits, for metrics and `/readyz`.
    fn figures(&self) -> Result<Figures, Error>;

    /// Whether the store can take an event now: its writer runs and its queue has room.
    fn ready(&self) -> Result<(), Error>;
}

/// An answer that is under way. Await it, or block on it from a thread that is not the runtime's.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Receiver<Result<T, Error>>);

impl<T> Reply<T> {
    /// A reply and where to send it.
    #[must_use]
    pub fn pair() -> (oneshot::Sender<Result<T, Error>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// An answer that is known already.
    #[must_use]
    pub fn ready(answer: Result<T, Error>) -> Self {
        let (sender, reply) = Self::pair();
        let _ = sender.send(answer);
        reply
    }

    /// Waits for the answer on this thread.
    ///
    /// # Errors
    /// What the store says, or [`Error::Stopped`].
    pub fn wait(self) -> Result<T, Error> {
        self.0.blocking_recv().unwrap_or(Err(Error::Stopped))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(Error::Stopped)))
    }
}

/// What the store could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too much waits for the writer already; try again shortly.
    #[error("the store has {waiting} writes waiting, its limit")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// The database refused: disk full, file gone, a bug. The transaction had no effect.
    #[error("the database failed: {0}")]
    Database(String),
    /// The lease is no longer held: another claim was made since. The transaction had no effect.
    #[error("the lease on {0} is no longer held")]
    Stale(String),
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// What is there already stands against it. The transaction had no effect.
    #[error("{0}")]
    Conflict(String),
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
}

/// An event on its way into the inbox.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose bot it is for.
    pub tenant: TenantName,
    /// The bot.
    pub bot: BotId,
    /// The bot's registration that it was verified and read with.
    pub bot_revision: u32,
    /// The conversation, within the bot.
    pub conversation: ConversationKey,
    /// `message` or `update`.
    pub kind: &'static str,
    /// What makes it the same event when it comes again: unique within the bot.
    pub dedupe_key: String,
    /// Until when that key is kept, in milliseconds since 1970-01-01 UTC.
    pub dedupe_until_ms: u64,
    /// Set when a customer is in conversation with the bot from this event on, if there is room.
    pub beginning: Option<Beginning>,
    /// The body as it came.
    pub body: Bytes,
    /// When it came.
    pub now_ms: u64,
}

/// That a conversation begins, unless it has begun already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// How many conversations the bot may be in, counted while it holds them; beyond it this one does not begin. None: any
    /// number.
    pub room: Option<usize>,
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is in the inbox.
    New(EventId),
    /// It was there before, under this number.
    Duplicate(EventId),
}

/// A lease on an event: whoever holds an older fence can neither commit nor release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The event.
    pub event: EventId,
    /// The store's number of its conversation.
    pub conversation: i64,
    /// The fencing number.
    pub fence: i64,
    /// When the conversation had last changed hands by something done here as the lease was taken, in milliseconds since
    /// 1970-01-01 UTC. Who holds it is written under the lease only while that is so: a later call knows better.
    pub owner_ms: Option<u64>,
}

/// A claimed event and what a turn on it needs.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The lease.
    pub lease: Lease,
    /// Whose bot it is for.
    pub tenant: TenantName,
    /// The bot.
    pub bot: BotId,
    /// The bot's registration when the event was accepted.
    pub bot_revision: u32,
    /// The conversation.
    pub conversation: ConversationKey,
    /// The sender's own id of the delivery that brought it, where it sent one.
    pub delivery_id: Option<String>,
    /// The body as it came.
    pub body: Bytes,
    /// When it came.
    pub accepted_ms: u64,
    /// 1 more than the failed turns recorded for it.
    pub attempt: u32,
    /// How often it was claimed before without a turn being recorded or the claim being released: the process died.
    pub crashes: u32,
    /// What the conversation's last turn stored.
    pub state: Option<String>,
    /// Who holds the conversation, as far as the host knows.
    pub owner: Option<Owner>,
    /// Whether that counts more than what the event says: it was accepted before the host's own last hand-off or take-over had
    /// reached the platform.
    pub owner_firm: bool,
    /// Why the conversation goes to an agent, when the event is the host's own that hands it over.
    pub hand_over: Option<String>,
    /// Whether a customer is in conversation with the bot: one wrote while it was not MONITORING, and it was not closed since.
    pub ongoing: bool,
    /// Whether the conversation was ongoing when the bot left LIVE, and is still to be handed over for it.
    pub leaving: bool,
}

/// What was claimed.
#[derive(Debug, Default)]
pub struct Claims {
    /// The events, each of another conversation.
    pub claims: Vec<Claim>,
    /// When the next event becomes claimable, as far as is known now.
    pub next_ms: Option<u64>,
}

/// What is recorded of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnRecord {
    /// The lease under which it ran.
    pub lease: Lease,
    /// Which try of the event it was.
    pub attempt: u32,
    /// The bot's registration that it ran with.
    pub bot_revision: u32,
    /// The conversation's state before it.
    pub state_before: Option<String>,
    /// Who held the conversation before the event, as far as the host knew.
    pub owner_before: Option<Owner>,
    /// Whether that counted more than what the event said.
    pub owner_firm: bool,
    /// The activation that made the module's version serve; none when the bot was pinned to it.
    pub activation: Option<i64>,
    /// The module that ran; none when there was none to run.
    pub digest: Option<Digest>,
    /// The module's version.
    pub version: Option<u32>,
    /// Instructions used.
    pub instructions: u64,
    /// Wall-clock time in microseconds.
    pub elapsed_us: u64,
    /// The most memory held, in bytes.
    pub memory_bytes: u64,
    /// The turn's clock.
    pub now_ms: u64,
    /// The turn's random number.
    pub seed: u64,
    /// What the bot returned, as JSON, also when it was refused.
    pub outcome: Option<String>,
    /// Why nothing of it was done: one word, and the whole story.
    pub cause: Option<(&'static str, String)>,
    /// When its actions were refused, each refusal: a JSON list of `path`, `rule`, `reason`, `source`.
    pub refusals: Option<String>,
    /// When some of its actions were withheld, their places in the outcome: a JSON list.
    pub withheld: Option<String>,
    /// What a bot elsewhere answered.
    pub relayed: Option<String>,
    /// Whether a customer is in conversation with the bot from this event on, or no longer; nothing: as before.
    pub ongoing: Option<bool>,
    /// What the bot logged, as JSON.
    pub log: String,
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The event is done.
    Done {
        /// What to remember.
        state: StateChange,
        /// Who holds the conversation now.
        owner: Owner,
        /// What to send, in this order.
        requests: Vec<Request>,
    },
    /// The event is done without a turn: none of the turn's record is kept.
    Passed {
        /// Why, for whoever asks.
        reason: String,
        /// Who holds the conversation now; none: whoever did.
        owner: Option<Owner>,
        /// What to send: at most what hands the conversation over.
        requests: Vec<Request>,
    },
    /// A bot elsewhere was brought the event. What it does it asks for itself, also who is to hold the conversation.
    Relayed,
    /// The event is tried again.
    Retry {
        /// When.
        at_ms: u64,
    },
}

/// A lease on a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryLease {
    /// The delivery.
    pub id: i64,
    /// The fencing number.
    pub fence: i64,
}

/// What is due.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// The requests, each of another conversation.
    pub deliveries: Vec<Delivery>,
    /// When the next becomes due, as far as is known now.
    pub next_ms: Option<u64>,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Events that wait for a turn.
    pub inbox: u64,
    /// Requests that wait to be sent.
    pub outbox: u64,
    /// Requests that were given up.
    pub parked: u64,
    /// Transactions written since the start: each is one fsync of the log.
    pub commits: u64,
    /// Verbs done since the start.
    pub writes: u64,
}
