//! A call: what a bot elsewhere, or a tool, has the host do in a bot's name; and requests as a platform's API tells of them.

use std::fmt;

use super::delivery::Request;
use super::event::Owner;
use super::names::{BotId, ConversationKey, EventId, TenantName};

/// The kind of event that a call is recorded as.
pub const CALL: &str = "call";

/// One request to be done in a bot's name, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose bot it is.
    pub tenant: TenantName,
    /// The bot.
    pub bot: BotId,
    /// The bot's registration that the call was checked against; with any other it is not done.
    pub bot_revision: u32,
    /// The conversation, within the bot.
    pub conversation: ConversationKey,
    /// Who must hold the conversation; none: it does not matter.
    pub only_for: Option<Owner>,
    /// Who holds the conversation once it is done; none: whoever did before.
    pub owner: Option<Owner>,
    /// The last change of hands that the caller knows of, in milliseconds since 1970-01-01 UTC; after a later one it is not done.
    pub known_ms: Option<u64>,
    /// What is sent.
    pub request: Request,
    /// When it came.
    pub now_ms: u64,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// It is on disk, and its request will be sent.
    Recorded {
        /// The event that it is recorded as.
        event: EventId,
        /// Its request.
        delivery: i64,
        /// When the conversation last changed hands, this call included; see [`Held::since_ms`].
        since_ms: Option<u64>,
    },
    /// Somebody else holds the conversation.
    NotHeld(Owner),
    /// The conversation or the registration changed meanwhile.
    Changed,
}

/// Who holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Who, as far as the host knows; none: it has not seen the conversation.
    pub owner: Option<Owner>,
    /// When it last changed hands by something done here, in milliseconds since 1970-01-01 UTC.
    pub since_ms: Option<u64>,
}

/// How far the request of a call is when its caller has waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The platform took it.
    Sent {
        /// The platform's own id of the request.
        reference: Option<String>,
        /// The beginning of the platform's answer.
        answer: Option<String>,
    },
    /// It was given up.
    Failed {
        /// The platform's HTTP status, where it answered.
        status: Option<u16>,
        /// Why.
        reason: String,
        /// Whether the platform may have done it all the same.
        ambiguous: bool,
    },
    /// It is still to be sent, or on its way.
    Pending {
        /// What went wrong so far.
        reason: Option<String>,
    },
}

/// A request's id as a platform's API shows it. Its text means nothing to anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// What was sent in a bot's name.
    Delivery(i64),
    /// What a bot was told.
    Event(EventId),
}

impl RequestId {
    /// Reads what [`fmt::Display`] has written, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once('-')?;
        let number: i64 = number.parse().ok()?;
        let id = match kind {
            "d" => Self::Delivery(number),
            "e" => Self::Event(EventId(number)),
            _ => return None,
        };
        (id.to_string() == text).then_some(id)
    }

    /// Who asked for it.
    #[must_use]
    pub fn origin(self) -> RequestOrigin {
        match self {
            Self::Delivery(_) => RequestOrigin::Bot,
            Self::Event(_) => RequestOrigin::Platform,
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(id) => write!(f, "d-{id}"),
            Self::Event(event) => write!(f, "e-{}", event.0),
        }
    }
}

/// Who asked for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOrigin {
    /// The bot, of the platform.
    Bot,
    /// The platform, of the bot.
    Platform,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Nothing final is known.
    Pending,
    /// It was done.
    Success,
    /// It was given up.
    Error,
}

/// A request as it is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its id.
    pub id: RequestId,
    /// The bot.
    pub bot: BotId,
    /// The bot's own id on the platform, as it was registered then.
    pub platform_id: String,
    /// The network, as it was registered then.
    pub network: String,
    /// The page or account on it, as it was registered then.
    pub channel: String,
    /// How far it is.
    pub state: RequestState,
    /// What the last try came to: an HTTP status, or a word.
    pub code: Option<String>,
    /// The same in a sentence.
    pub message: Option<String>,
    /// What was sent; empty once it was forgotten.
    pub payload: Vec<u8>,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: u64,
    /// When it was done or given up.
    pub completed_ms: Option<u64>,
    /// When it last changed.
    pub updated_ms: u64,
}

/// Which requests a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestsWanted {
    /// Only those of these bots.
    pub bots: Vec<BotId>,
    /// Only those made at or after this time.
    pub from_ms: u64,
    /// Only those that are so far; empty: all.
    pub states: Vec<RequestState>,
    /// Only those of this origin.
    pub origin: Option<RequestOrigin>,
    /// At most as many.
    pub limit: usize,
    /// No further ones once their payloads take so many bytes together.
    pub bytes_max: usize,
}

/// A list of requests, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// What was found.
    pub items: Vec<RequestRecord>,
    /// Whether there may be older ones that a limit has left out.
    pub more: bool,
}
