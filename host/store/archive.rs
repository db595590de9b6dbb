//! What the store keeps of events that were accepted: what became of them, and until when.

use super::{Error, Reply};
use crate::domain::names::{Digest, EventId};

/// The record of events, turns and deliveries.
pub trait Archive {
    /// What became of an event: its turns and its deliveries.
    fn record(&self, event: EventId) -> Result<Option<EventRecord>, Error>;

    /// Forgets what is past its time: delivery ids, finished events. Bounded work; call it now and then.
    fn forget(&self, now_ms: u64) -> Reply<()>;
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
        self.status != EventStatus::Pending && !self.deliveries.iter().any(open)
    }
}

/// How far an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It waits for a turn.
    Pending,
    /// The bot handled it.
    Done,
    /// The bot did not, after all tries.
    Failed,
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
}
