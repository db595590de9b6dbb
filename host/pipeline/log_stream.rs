//! What happens, told to whoever follows it: a bounded broadcast for each tenant, so that none misses a line for what others do.
//! Nobody waits for a slow listener, and without listeners it costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::{broadcast, watch};

use super::record::cause;
use crate::domain::actor::Actor;
use crate::domain::delivery::{Answered, Delivery, Settlement};
use crate::domain::names::{BotId, EventId, ModuleName, TenantName};
use crate::store::{Accepted, Claim, Ending, TurnRecord};

/// How many lines of a tenant are kept for its listeners who are behind; older ones they have missed. A line is about as long as
/// a turn's log, which `guest.log_bytes_max` bounds, and is let go once everybody has it.
const LINES_MAX: usize = 256;

/// How many may listen at the same time, over all tenants.
pub const LISTENERS_MAX: usize = 64;

/// How many of them may be one tenant's.
pub const LISTENERS_OF_TENANT_MAX: usize = 8;

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
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// `refused`, `accepted`, `duplicate`, `called`, `turn`, `delivery` or `module`.
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

/// The broadcasts, of those tenants that somebody listens to.
#[derive(Debug)]
pub struct LogStream {
    followed: Mutex<HashMap<TenantName, broadcast::Sender<Arc<Line>>>>,
    ended: watch::Sender<bool>,
}

/// What a listener hears.
#[derive(Debug)]
pub struct Heard {
    /// Its tenant's lines from now on; how many it missed when it was too slow.
    pub lines: broadcast::Receiver<Arc<Line>>,
    /// Turns true when the host stops.
    pub ended: watch::Receiver<bool>,
}

/// Why somebody cannot listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The tenant has its share.
    #[error("{LISTENERS_OF_TENANT_MAX} follow this tenant's log already, the limit: end one of them first")]
    Tenant,
    /// All tenants together do.
    #[error("{LISTENERS_MAX} follow the log already, the limit of this host: try again later")]
    Host,
}

impl Default for LogStream {
    fn default() -> Self {
        Self { followed: Mutex::default(), ended: watch::Sender::new(false) }
    }
}

impl LogStream {
    /// Listens to a tenant's lines from now on.
    ///
    /// # Errors
    /// When [`LISTENERS_OF_TENANT_MAX`] or [`LISTENERS_MAX`] do already.
    pub fn listen(&self, tenant: &TenantName) -> Result<Heard, Full> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|_, lines| lines.receiver_count() > 0);
        if followed.get(tenant).is_some_and(|lines| lines.receiver_count() >= LISTENERS_OF_TENANT_MAX) {
            return Err(Full::Tenant);
        }
        if followed.values().map(broadcast::Sender::receiver_count).sum::<usize>() >= LISTENERS_MAX {
            return Err(Full::Host);
        }
        let lines = followed.entry(tenant.clone()).or_insert_with(|| broadcast::Sender::new(LINES_MAX));
        Ok(Heard { lines: lines.subscribe(), ended: self.ended.subscribe() })
    }

    /// Ends every listener's stream: the host stops.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// A webhook was refused.
    pub(super) fn refused(&self, tenant: &TenantName, bot: &BotId, reason: &str, at_ms: u64) {
        self.tell(tenant, || Line {
            level: Level::Warn,
            bot: Some(bot.clone()),
            more: object(json!({ "reason": reason })),
            ..line("refused", at_ms, format!("a webhook was refused: {reason}"))
        });
    }

    /// A webhook was taken in.
    pub(super) fn accepted(&self, tenant: &TenantName, bot: &BotId, accepted: Accepted, at_ms: u64) {
        self.tell(tenant, || {
            let (kind, event, text) = match accepted {
                Accepted::New(event) => ("accepted", event, format!("event {event} was accepted")),
                Accepted::Duplicate(event) => ("duplicate", event, format!("event {event} came again")),
            };
            Line { bot: Some(bot.clone()), event: Some(event), ..line(kind, at_ms, text) }
        });
    }

    /// A call of a platform's API was recorded.
    pub(super) fn called(&self, tenant: &TenantName, bot: &BotId, event: EventId, action: &str, at_ms: u64) {
        self.tell(tenant, || Line {
            bot: Some(bot.clone()),
            event: Some(event),
            ..line("called", at_ms, format!("event {event}: {action} was asked for over the API"))
        });
    }

    /// A turn was committed.
    pub(super) fn turn(&self, claim: &Claim, turn: &TurnRecord, ending: &Ending) {
        self.tell(&claim.tenant, || {
            let event = claim.lease.event;
            let (level, text) = match (&turn.cause, ending) {
                (None, Ending::Done { requests, .. }) => {
                    (Level::Info, format!("event {event} is done, with {} requests", requests.len()))
                }
                (_, Ending::Passed { reason, .. }) => {
                    (Level::Info, format!("event {event} is done without a turn: {reason}"))
                }
                (None, Ending::Relayed) => (Level::Info, format!("event {event} is done: the external bot has it")),
                (Some((_, story)), Ending::Done { .. } | Ending::Relayed) => {
                    (Level::Error, format!("event {event} failed: {story}"))
                }
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
            Line { level, bot, event: Some(event), more: object(more), ..line("turn", turn.now_ms, text) }
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
        self.tell(&delivery.tenant, || {
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
                ..line("delivery", at_ms, format!("delivery {id} ({action}) ended {result}{why}"))
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
        self.tell(tenant, || {
            let (level, text) = match version {
                Ok(version) => (Level::Info, format!("version {version} of the module {module} is active")),
                Err(reason) => (Level::Warn, format!("an upload of the module {module} was refused: {reason}")),
            };
            let more = json!({ "module": module.as_str(), "version": version.ok(), "by": actor.name });
            Line { level, more: object(more), ..line("module", at_ms, text) }
        });
    }

    /// Makes a tenant's line only when somebody listens to it.
    fn tell(&self, tenant: &TenantName, line: impl FnOnce() -> Line) {
        let lines = {
            let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
            followed.get(tenant).filter(|lines| lines.receiver_count() > 0).cloned()
        };
        if let Some(lines) = lines {
            // The last listener may just have gone.
            let _ = lines.send(Arc::new(line()));
        }
    }
}

fn line(kind: &'static str, at_ms: u64, text: String) -> Line {
    Line { at_ms, kind, level: Level::Info, bot: None, event: None, text, more: Map::new() }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, LINES_MAX, LISTENERS_MAX, LISTENERS_OF_TENANT_MAX, LogStream};
    use crate::domain::names::{BotId, TenantName};
    use tokio::sync::broadcast::error::TryRecvError;

    #[test]
    fn each_tenant_has_its_share_of_the_listeners() {
        let (log, mut listening) = (LogStream::default(), Vec::new());
        for at in 0..LISTENERS_MAX / LISTENERS_OF_TENANT_MAX {
            let tenant = TenantName::from(format!("t{at}"));
            listening.extend((0..LISTENERS_OF_TENANT_MAX).map(|_| log.listen(&tenant).unwrap()));
            assert_eq!(log.listen(&tenant).unwrap_err(), Full::Tenant);
        }
        let late = TenantName::from("late");
        assert_eq!(log.listen(&late).unwrap_err(), Full::Host);
        listening.pop();
        assert!(log.listen(&late).is_ok());
    }

    #[test]
    fn a_tenant_misses_its_own_lines_only() {
        let (log, bot) = (LogStream::default(), BotId::from("b1"));
        let (one, other) = (TenantName::from("one"), TenantName::from("other"));
        let (mut slow, mut quick) = (log.listen(&other).unwrap(), log.listen(&one).unwrap());
        log.refused(&one, &bot, "no", 1);
        (0..LINES_MAX + 3).for_each(|_| log.refused(&other, &bot, "no", 1));
        assert_eq!(slow.lines.try_recv().unwrap_err(), TryRecvError::Lagged(3));
        assert!(quick.lines.try_recv().is_ok());
        assert_eq!(quick.lines.try_recv().unwrap_err(), TryRecvError::Empty);
    }
}
