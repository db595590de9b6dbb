//! What happens, told to whoever follows it: a bounded broadcast. Nobody waits for a slow listener, and without listeners it
//! costs nothing.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::{broadcast, watch};

use super::record::cause;
use crate::domain::actor::Actor;
use crate::domain::delivery::{Answered, Delivery, Settlement};
use crate::domain::names::{BotId, EventId, ModuleName, TenantName};
use crate::store::{Accepted, Claim, Ending, TurnRecord};

/// How many lines are kept for a listener who is behind; older ones it has missed.
const LINES_MAX: usize = 1024;

/// How many may listen at the same time, over all tenants.
pub const LISTENERS_MAX: usize = 256;

/// How much a line matters; a greater one matters more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What ought to happen.
    Info,
    /// What went wrong and is tried again, or was refused.
    Warn,
    /// What went wrong for good.
    Error,
}

impl Level {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The way back of [`Self::name`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.name() == name)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// To whom: nobody else sees it.
    pub tenant: TenantName,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// `refused`, `accepted`, `duplicate`, `turn`, `delivery` or `module`.
    pub kind: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The bot that it is about.
    pub bot: Option<BotId>,
    /// The event that it is about.
    pub event: Option<EventId>,
    /// It in a sentence. It may hold a guest's or a platform's words: hostile text, escaped when shown.
    pub text: String,
    /// The particulars.
    pub more: Map<String, Value>,
}

/// The broadcast.
#[derive(Debug)]
pub struct LogStream {
    lines: broadcast::Sender<Arc<Line>>,
    ended: watch::Sender<bool>,
}

impl Default for LogStream {
    fn default() -> Self {
        Self { lines: broadcast::Sender::new(LINES_MAX), ended: watch::Sender::new(false) }
    }
}

impl LogStream {
    /// Listens from now on; none when [`LISTENERS_MAX`] do already. The second part turns true when the host stops.
    #[must_use]
    pub fn listen(&self) -> Option<(broadcast::Receiver<Arc<Line>>, watch::Receiver<bool>)> {
        (self.lines.receiver_count() < LISTENERS_MAX).then(|| (self.lines.subscribe(), self.ended.subscribe()))
    }

    /// Ends every listener's stream: the host stops.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// A webhook was refused.
    pub(super) fn refused(&self, tenant: &TenantName, bot: &BotId, reason: &str, at_ms: u64) {
        self.tell(|| Line {
            level: Level::Warn,
            bot: Some(bot.clone()),
            more: object(json!({ "reason": reason })),
            ..line(tenant, "refused", at_ms, format!("a webhook was refused: {reason}"))
        });
    }

    /// A webhook was taken in.
    pub(super) fn accepted(&self, tenant: &TenantName, bot: &BotId, accepted: Accepted, at_ms: u64) {
        self.tell(|| {
            let (kind, event, text) = match accepted {
                Accepted::New(event) => ("accepted", event, format!("event {event} was accepted")),
                Accepted::Duplicate(event) => ("duplicate", event, format!("event {event} came again")),
            };
            Line { bot: Some(bot.clone()), event: Some(event), ..line(tenant, kind, at_ms, text) }
        });
    }

    /// A turn was committed.
    pub(super) fn turn(&self, claim: &Claim, turn: &TurnRecord, ending: &Ending) {
        self.tell(|| {
            let event = claim.lease.event;
            let (level, text) = match (&turn.cause, ending) {
                (None, Ending::Done { requests, .. }) => {
                    (Level::Info, format!("event {event} is done, with {} requests", requests.len()))
                }
                (Some((_, story)), Ending::Done { .. }) => (Level::Error, format!("event {event} failed: {story}")),
                (cause, Ending::Retry { .. }) => {
                    let story = cause.as_ref().map_or("", |(_, story)| story);
                    (Level::Warn, format!("event {event} failed and is tried again: {story}"))
                }
            };
            let more = json!({
                "attempt": turn.attempt, "version": turn.version,
                "digest": turn.digest.as_ref().map(|digest| digest.as_str()),
                "instructions": turn.instructions, "elapsed_us": turn.elapsed_us,
                "cause": turn.cause.as_ref().map(|(kind, story)| cause(kind, story)),
                "log": serde_json::from_str::<Value>(&turn.log).unwrap_or_default(),
            });
            let bot = Some(claim.bot.clone());
            Line {
                level,
                bot,
                event: Some(event),
                more: object(more),
                ..line(&claim.tenant, "turn", turn.now_ms, text)
            }
        });
    }

    /// A try of a request ended.
    pub(super) fn delivery(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
        answered: Option<&Answered>,
        at_ms: u64,
    ) {
        self.tell(|| {
            let (id, action) = (delivery.id, &delivery.action);
            let (level, result, reason) = match settlement {
                Settlement::Sent { .. } => (Level::Info, "sent", None),
                Settlement::Again { reason, .. } => (Level::Warn, "again", Some(reason)),
                Settlement::Parked { reason, ambiguous: false } => (Level::Error, "parked", Some(reason)),
                Settlement::Parked { reason, ambiguous: true } => (Level::Error, "unknown", Some(reason)),
            };
            let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let more = json!({
                "delivery": id, "action": action, "attempt": delivery.attempt, "result": result, "reason": reason,
                "http_status": answered.map(|answered| answered.status),
            });
            Line {
                level,
                bot: Some(delivery.bot.clone()),
                event: Some(delivery.event),
                more: object(more),
                ..line(&delivery.tenant, "delivery", at_ms, format!("delivery {id} ({action}) ended {result}{why}"))
            }
        });
    }

    /// A module's version became active, or an upload of it was refused.
    pub(super) fn module(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        version: Result<u32, &str>,
        actor: &Actor,
        at_ms: u64,
    ) {
        self.tell(|| {
            let (level, text) = match version {
                Ok(version) => (Level::Info, format!("version {version} of the module {module} is active")),
                Err(reason) => (Level::Warn, format!("an upload of the module {module} was refused: {reason}")),
            };
            let more = json!({ "module": module.as_str(), "version": version.ok(), "by": actor.name });
            Line { level, more: object(more), ..line(tenant, "module", at_ms, text) }
        });
    }

    /// Makes the line only when somebody listens.
    fn tell(&self, line: impl FnOnce() -> Line) {
        if self.lines.receiver_count() > 0 {
            // The last listener may just have gone.
            let _ = self.lines.send(Arc::new(line()));
        }
    }
}

fn line(tenant: &TenantName, kind: &'static str, at_ms: u64, text: String) -> Line {
    let tenant = tenant.clone();
    Line { tenant, at_ms, kind, level: Level::Info, bot: None, event: None, text, more: Map::new() }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
