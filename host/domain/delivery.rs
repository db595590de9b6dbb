//! A delivery: one request to a platform, and what the platform made of it.

use std::time::Duration;

use super::names::{BotId, EventId, TenantName};

/// A request to a platform, exactly as it will go out: what is stored is what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The contract's name of the action that it carries out (`respond`, `hand-off`, ...).
    pub action: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the tenant's gateway, percent-encoded.
    pub path: String,
    /// The body, JSON.
    pub body: String,
    /// Whether doing it twice is the same as doing it once. Only where it is not does an ambiguous failure matter.
    pub repeatable: bool,
}

/// A request that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number in the outbox.
    pub id: i64,
    /// The lease: whoever holds an older one cannot settle it.
    pub fence: i64,
    /// Whose gateway it goes through.
    pub tenant: TenantName,
    /// The platform's name.
    pub platform: String,
    /// In whose name.
    pub bot: BotId,
    /// The bot's own id on the platform (Khoros: `appId`), also when the bot is gone.
    pub app: String,
    /// What it answers.
    pub event: EventId,
    /// The contract's name of the action.
    pub action: String,
    /// The HTTP method.
    pub method: String,
    /// The path below the gateway.
    pub path: String,
    /// The body.
    pub body: String,
    /// Whether doing it twice is the same as doing it once.
    pub repeatable: bool,
    /// 1 for the first try.
    pub attempt: u32,
    /// How many tries had been made when it was last retried by hand: they do not count against the limit.
    pub forgiven: u32,
    /// Whether an earlier try may have reached the platform without our knowing.
    pub maybe_sent: bool,
    /// The last such try, where it is known.
    pub doubt: Option<Doubt>,
}

/// A try that the platform may have done without our knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// The platform's own id of the request, where its answer told one.
    pub reference: Option<String>,
}

/// What the platform says of a try in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It did what was asked.
    Done {
        /// Its own id of the request.
        reference: Option<String>,
    },
    /// It did not, and will not any more.
    Failed {
        /// The platform's words.
        reason: String,
    },
    /// It is still at it.
    Pending,
    /// It does not say.
    Unknown {
        /// Why not.
        reason: String,
    },
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The platform took it.
    Sent {
        /// The platform's own id of the request, for its support and its request records.
        reference: Option<String>,
    },
    /// Not now; another try may succeed.
    Again {
        /// What happened.
        reason: String,
        /// When the platform asks to be tried again.
        after: Option<Duration>,
        /// Whether the platform may have done it all the same.
        ambiguous: bool,
    },
    /// No; another try would get the same answer.
    Refused {
        /// The platform's words.
        reason: String,
    },
}

/// What a platform answered to a try, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body, at most [`ANSWERED_BYTES_MAX`] bytes; it never holds the credentials of the request.
    pub text: String,
    /// The platform's own id of the request, where it told one.
    pub reference: Option<String>,
}

/// How much of an answer's body is recorded, in bytes.
pub const ANSWERED_BYTES_MAX: usize = 2048;

/// What the outbox records of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done.
    Sent {
        /// The platform's own id of the request.
        reference: Option<String>,
    },
    /// To be tried again.
    Again {
        /// When, in milliseconds since 1970-01-01 UTC.
        at_ms: u64,
        /// Why.
        reason: String,
        /// Whether the platform may have done it all the same.
        ambiguous: bool,
    },
    /// Given up; an operator can retry or drop it.
    Parked {
        /// Why.
        reason: String,
        /// Whether the platform may have done it all the same: shown as `unknown`.
        ambiguous: bool,
    },
}
