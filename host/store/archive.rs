//! What the store keeps of events that were accepted: what became of them, what each turn depended on, and until when.

use bytes::Bytes;

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::bot::{Mode, Target};
use crate::domain::event::Owner;
use crate::domain::names::{BotId, ConversationKey, Digest, EventId, TenantName};

/// The kind of the host's own events that hand a conversation to an agent because its bot left.
pub const HAND_OVER: &str = "hand-over";

/// The record of events, turns and deliveries.
pub trait Archive {
    /// What became of an event: its turns and its deliveries.
    fn record(&self, event: EventId) -> Result<Option<EventRecord>, Error>;

    /// Everything that is known of a tenant's event.
    fn explain(&self, tenant: &TenantName, event: EventId) -> Result<Option<Explained>, Error>;

    /// A tenant's events, the newest first.
    fn events(&self, tenant: &TenantName, wanted: &EventsWanted) -> Result<Found<EventHead>, Error>;

    /// A tenant's deliveries, the newest first.
    fn deliveries(&self, tenant: &TenantName, wanted: &DeliveriesWanted) -> Result<Found<DeliveryLine>, Error>;

    /// One of a tenant's deliveries.
    fn delivery(&self, tenant: &TenantName, id: i64) -> Result<Option<DeliveryRecord>, Error>;

    /// A bot as it was registered at one time, also when it is gone.
    fn bot_revision(&self, bot: &BotId, revision: u32) -> Result<Option<BotRevision>, Error>;

    /// What a turn depended on and what came of it: of the event's last turn when no attempt is named. [`Error::Conflict`] when
    /// that was not recorded, as it was not before bots had revisions.
    fn recording(&self, tenant: &TenantName, event: EventId, attempt: Option<u32>) -> Result<Option<Recording>, Error>;

    /// Puts a failed event into the inbox again, as a new one at the end of its conversation's order.
    /// [`Error::Conflict`] says why it cannot be.
    fn retry_event(&self, tenant: TenantName, event: EventId, actor: Actor, now_ms: u64) -> Reply<EventId>;

    /// Plans a request again that was given up: its tries counted anew, before the later ones of its conversation, and due now
    /// unless an earlier one waits for its time. [`Error::Conflict`] says why it cannot be.
    fn retry_delivery(&self, tenant: TenantName, id: i64, actor: Actor, now_ms: u64) -> Reply<()>;

    /// Drops a request that was given up. [`Error::Conflict`] when it was not.
    fn drop_delivery(&self, tenant: TenantName, id: i64, actor: Actor, now_ms: u64) -> Reply<()>;

    /// Forgets what is past its time, and the details of the oldest events beyond the limits of count and size. Bounded work;
    /// true when there is more of it.
    fn forget(&self, now_ms: u64) -> Reply<bool>;
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// The event.
    pub event: EventId,
    /// How far it is.
    pub status: EventStatus,
    /// Its turns, in their order.
    pub turns: Vec<TurnSeen>,
    /// Its deliveries, in their order.
    pub deliveries: Vec<DeliverySeen>,
}

impl EventRecord {
    /// Whether nothing more will happen to it by itself.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let open =
            |delivery: &DeliverySeen| matches!(delivery.status, DeliveryStatus::Planned | DeliveryStatus::Sending);
        matches!(self.status, EventStatus::Done | EventStatus::Failed) && !self.deliveries.iter().any(open)
    }
}

/// How far an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It waits for a turn.
    Waiting,
    /// A turn on it is under way.
    Running,
    /// The bot handled it.
    Done,
    /// The bot did not, after all tries.
    Failed,
}

impl EventStatus {
    /// Its name in lists and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The way back of [`Self::name`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Failed].into_iter().find(|status| status.name() == name)
    }
}

/// A turn as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnSeen {
    /// Which try of the event.
    pub attempt: u32,
    /// The module that ran.
    pub digest: Option<Digest>,
    /// Its version.
    pub version: Option<u32>,
    /// Instructions used.
    pub instructions: u64,
    /// Wall-clock time in microseconds.
    pub elapsed_us: u64,
    /// What the bot returned, as JSON.
    pub outcome: Option<String>,
    /// Why nothing of it was done: one word, and the whole story.
    pub cause: Option<(String, String)>,
    /// What the bot logged, as JSON.
    pub log: String,
}

/// A delivery as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySeen {
    /// The contract's name of the action.
    pub action: String,
    /// The body.
    pub body: String,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It waits.
    Planned,
    /// It is on its way.
    Sending,
    /// The platform took it.
    Sent,
    /// It was given up, and the platform does not have it.
    Parked,
    /// It was given up, and the platform may have it.
    Unknown,
    /// It was given up, and an operator dropped it.
    Dropped,
}

impl DeliveryStatus {
    const ALL: [Self; 6] = [Self::Planned, Self::Sending, Self::Sent, Self::Parked, Self::Unknown, Self::Dropped];

    /// Its name in lists and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Unknown => "unknown",
            Self::Dropped => "dropped",
        }
    }

    /// The way back of [`Self::name`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An event without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// The event.
    pub event: EventId,
    /// `message` or `update`, `call` or [`HAND_OVER`].
    pub kind: String,
    /// The bot.
    pub bot: BotId,
    /// The bot's registration that it was accepted under.
    pub bot_revision: u32,
    /// The conversation, within the bot.
    pub conversation: ConversationKey,
    /// How far it is.
    pub status: EventStatus,
    /// When it was accepted, in milliseconds since 1970-01-01 UTC.
    pub accepted_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Why it ended without a turn.
    pub ending: Option<String>,
    /// What makes it the same event when it comes again; none once that has expired and for a retry by hand.
    pub dedupe_key: Option<String>,
    /// How often it came again.
    pub duplicates: u32,
    /// When it last did.
    pub duplicate_ms: Option<u64>,
    /// The failed event that it repeats by hand.
    pub retry_of: Option<EventId>,
    /// Whether its body, turns and deliveries were forgotten to make room.
    pub stripped: bool,
}

/// What turns depend on of a bot's registration, as it was at one time. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotRevision {
    /// Counts the registration's changes, from 1.
    pub revision: u32,
    /// When it became so.
    pub at_ms: u64,
    /// The platform's name.
    pub platform: String,
    /// The bot's own id on the platform.
    pub platform_id: String,
    /// The network.
    pub network: String,
    /// The page or account on that network.
    pub channel: String,
    /// What runs, and where.
    pub target: Target,
    /// The version that the bot was pinned to over the host's API.
    pub pin: Option<u32>,
    /// How its webhooks prove themselves.
    pub scheme: String,
    /// The bot's configuration, a JSON object.
    pub config: String,
    /// What it may do.
    pub mode: Mode,
}

/// Everything that is known of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The event.
    pub head: EventHead,
    /// The body as it came; empty once it was forgotten.
    pub body: Bytes,
    /// The event that repeats it by hand.
    pub retried_as: Option<EventId>,
    /// The registration that its last turn ran with, or else that it was accepted under.
    pub bot: Option<BotRevision>,
    /// Who held the conversation before it, as far as the host knew.
    pub owner_before: Option<Owner>,
    /// Whether that counted more than what the event said.
    pub owner_firm: bool,
    /// The last event up to this one before which no human agent held the conversation; looked for among the conversation's
    /// last 1,000.
    pub held_since: Option<EventId>,
    /// Its turns, in their order.
    pub turns: Vec<TurnExplained>,
    /// Its deliveries, in their order.
    pub deliveries: Vec<DeliveryRecord>,
}

/// A turn as it was recorded, and why that version ran.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnExplained {
    /// What was recorded.
    pub seen: TurnSeen,
    /// When it ran.
    pub at_ms: u64,
    /// The bot's registration that it ran with.
    pub bot: Option<BotRevision>,
    /// What made the version serve; none when the bot was pinned to it, or no module ran.
    pub activated: Option<Activated>,
    /// The most memory held, in bytes.
    pub memory_bytes: u64,
    /// When its actions were refused, each refusal, as JSON.
    pub refusals: Option<String>,
    /// When some of its actions were withheld, their places in the outcome, as JSON.
    pub withheld: Option<String>,
    /// What a bot elsewhere answered.
    pub relayed: Option<String>,
}

/// What made a version serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// The activation's number.
    pub seq: i64,
    /// When.
    pub at_ms: u64,
    /// Who, and from where.
    pub actor: Actor,
}

/// A delivery without its body and its tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryLine {
    /// Its number.
    pub id: i64,
    /// The event that it answers.
    pub event: EventId,
    /// The bot in whose name it goes.
    pub bot: BotId,
    /// The conversation, within the bot.
    pub conversation: ConversationKey,
    /// The platform's name.
    pub platform: String,
    /// The contract's name of the action.
    pub action: String,
    /// The HTTP method.
    pub method: String,
    /// The path below the gateway.
    pub path: String,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, where it waits.
    pub next_ms: Option<u64>,
    /// The platform's own id of the request.
    pub reference: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// A delivery with everything that was recorded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// What it is.
    pub line: DeliveryLine,
    /// The body.
    pub body: String,
    /// The tries that ended, in their order.
    pub tries: Vec<Try>,
}

/// One try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Counted from 1.
    pub attempt: u32,
    /// When it ended.
    pub at_ms: u64,
    /// `sent`, `again`, `parked` or `unknown`.
    pub result: String,
    /// Why.
    pub reason: Option<String>,
    /// The platform's HTTP status, where it answered.
    pub http_status: Option<u16>,
    /// The beginning of the platform's answer.
    pub answer: Option<String>,
}

/// Which events a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsWanted {
    /// Only those of conversations with this key.
    pub conversation: Option<ConversationKey>,
    /// Only those for this bot.
    pub bot: Option<BotId>,
    /// Only those that are so far.
    pub status: Option<EventStatus>,
    /// Only those accepted at or after this time.
    pub since_ms: Option<u64>,
    /// Only those accepted before this time.
    pub until_ms: Option<u64>,
    /// Only those with smaller numbers.
    pub before: Option<i64>,
    /// At most as many.
    pub limit: usize,
}

/// Which deliveries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveriesWanted {
    /// Only those of conversations with this key.
    pub conversation: Option<ConversationKey>,
    /// Only those in the name of this bot.
    pub bot: Option<BotId>,
    /// Only those that are so far.
    pub status: Option<DeliveryStatus>,
    /// Only those with smaller numbers.
    pub before: Option<i64>,
    /// At most as many.
    pub limit: usize,
}

/// One page of a list. A filter looks at a bounded number of rows, so a page that is not full may have a next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Below which number to go on; none when there is no more.
    pub next: Option<i64>,
}

/// What a turn depended on, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The event.
    pub event: EventId,
    /// The bot.
    pub bot: BotId,
    /// The bot's registration that it ran with.
    pub registration: BotRevision,
    /// The conversation, within the bot.
    pub conversation: ConversationKey,
    /// The event's body as it came.
    pub body: Bytes,
    /// The conversation's state before it.
    pub state_before: Option<String>,
    /// Who held the conversation before the event.
    pub owner_before: Option<Owner>,
    /// Whether that counted more than what the event said.
    pub owner_firm: bool,
    /// The turn's clock.
    pub now_ms: u64,
    /// The turn's random number.
    pub seed: u64,
    /// What came of it.
    pub turn: TurnSeen,
}
