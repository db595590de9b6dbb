//! Events, turns and deliveries as JSON. No secret is in any of it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::event::Owner;
use crate::pipeline::explain::{Explanation, why_that_version, withheld};
use crate::store::{DeliveryLine, DeliveryRecord, EventHead, Explained, Try, TurnExplained};

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventJson {
    /// Its number.
    pub id: i64,
    /// `message` or `update`; `call` for what was asked for over a platform's API; `hand-over` for the host's own, which gives a
    /// conversation to an agent because its bot left.
    pub kind: String,
    /// The bot's id.
    pub bot: String,
    /// The conversation's key within the bot.
    pub conversation: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub status: &'static str,
    /// When it was accepted.
    pub accepted_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Why it ended without a turn.
    pub ending: Option<String>,
    /// How often it came again.
    pub duplicates: u32,
    /// When it last did.
    pub duplicate_ms: Option<u64>,
    /// The failed event that it repeats by hand.
    pub retry_of: Option<i64>,
    /// Whether its details were forgotten to make room.
    pub stripped: bool,
}

/// An event explained.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedEvent)]
pub struct ExplainedJson {
    /// Why the bot did or did not answer, in a sentence.
    verdict: String,
    #[serde(flatten)]
    event: EventJson,
    /// The event that repeats it by hand.
    retried_as: Option<i64>,
    /// How it proved where it comes from.
    proof: ProofJson,
    /// The bot as it was registered for the last turn.
    bot_then: Option<BotJson>,
    /// Who holds the conversation; null when the event cannot be read any more.
    holder: Option<HolderJson>,
    turns: Vec<TurnJson>,
    deliveries: Vec<DeliveryRecordJson>,
}

/// How an event proved where it comes from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proof)]
struct ProofJson {
    /// Always `verified`: nothing else is stored; `by hand` for a retry.
    result: &'static str,
    /// How the bot's webhooks prove themselves: `basic`, `standard-webhooks` or `body-sha256`.
    scheme: Option<String>,
    /// The sender's id of the delivery, where it sent one.
    delivery_id: Option<String>,
    /// What makes it the same event when it comes again.
    same_when: Option<String>,
}

/// A bot as it was registered. Its credentials are not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BotThen)]
struct BotJson {
    revision: u32,
    /// Where its webhooks go.
    route: String,
    platform: String,
    /// The bot's own id on the platform.
    platform_id: String,
    network: String,
    channel: String,
    /// The module that ran; null for a bot elsewhere.
    module: Option<String>,
    /// Where a bot elsewhere listened; null when a module ran.
    relay: Option<String>,
    /// The version that its registration pins.
    version: Option<u32>,
    /// The version that it was pinned to over this API.
    pin: Option<u32>,
    /// `LIVE`, `MAINTENANCE` or `MONITORING`.
    mode: &'static str,
}

/// Who holds a conversation: `agent`, or `bot:` and its id on the platform.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
struct HolderJson {
    /// Before the event; null when the host had not seen the conversation, which is the bot's then.
    before: Option<String>,
    /// After it, before anything that the bot did.
    after: String,
    /// Whether the bot may answer the customer.
    may_speak: bool,
}

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Turn)]
struct TurnJson {
    /// Which try of the event.
    attempt: u32,
    at_ms: u64,
    /// The bot's module.
    module: Option<String>,
    version: Option<u32>,
    digest: Option<String>,
    /// Why that version ran.
    why: Option<String>,
    /// The activation that made it serve.
    activation: Option<i64>,
    instructions: u64,
    elapsed_us: u64,
    memory_bytes: u64,
    /// What the bot logged.
    #[schema(value_type = Vec<Object>)]
    log: Value,
    /// What the bot returned, also when it was refused.
    #[schema(value_type = Option<Object>)]
    proposed: Option<Value>,
    /// Whether that was checked and planned.
    checked: bool,
    /// Those of it that were withheld, because the bot is MONITORING.
    #[schema(value_type = Vec<Object>)]
    withheld: Vec<Value>,
    /// What a bot elsewhere answered: the HTTP status.
    relayed: Option<String>,
    /// Why it was refused: path, rule, reason, source.
    #[schema(value_type = Vec<Object>)]
    refused: Value,
    /// Why nothing of it was done.
    cause: Option<CauseJson>,
}

/// Why a turn gave nothing to send.
#[derive(Debug, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Cause)]
pub struct CauseJson {
    /// One word.
    pub kind: String,
    /// The whole story.
    pub reason: String,
}

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryJson {
    id: i64,
    /// The event that it answers.
    event: i64,
    bot: String,
    conversation: String,
    platform: String,
    /// The contract's name of the action.
    action: String,
    method: String,
    /// The path below the tenant's gateway.
    path: String,
    /// `planned`, `sending`, `sent`, `parked`, `unknown` or `dropped`.
    status: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next.
    next_ms: Option<u64>,
    /// The platform's own id of the request.
    reference: Option<String>,
    /// What went wrong last.
    last_error: Option<String>,
}

/// A delivery with its body and its tries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryRecord)]
pub struct DeliveryRecordJson {
    #[serde(flatten)]
    delivery: DeliveryJson,
    /// What is sent.
    #[schema(value_type = Object)]
    body: Value,
    tries: Vec<TryJson>,
}

/// One try of a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Try)]
struct TryJson {
    attempt: u32,
    /// When it ended.
    at_ms: u64,
    /// `sent`, `again`, `parked` or `unknown`.
    result: String,
    reason: Option<String>,
    /// The platform's HTTP status, where it answered.
    http_status: Option<u16>,
    /// The beginning of the platform's answer, at most 2 KiB.
    answer: Option<String>,
}

/// A failed event that waits again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retried)]
pub struct RetriedJson {
    /// The new event.
    pub id: i64,
    /// The event that it repeats.
    pub retry_of: i64,
}

/// An owner as records write it.
#[must_use]
pub fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Agent => "agent".to_owned(),
        Owner::Bot(id) => format!("bot:{id}"),
    }
}

impl From<EventHead> for EventJson {
    fn from(head: EventHead) -> Self {
        Self {
            id: head.event.0,
            kind: head.kind,
            bot: head.bot.as_str().to_owned(),
            conversation: head.conversation.as_str().to_owned(),
            status: head.status.name(),
            accepted_ms: head.accepted_ms,
            ended_ms: head.ended_ms,
            ending: head.ending,
            duplicates: head.duplicates,
            duplicate_ms: head.duplicate_ms,
            retry_of: head.retry_of.map(|event| event.0),
            stripped: head.stripped,
        }
    }
}

impl From<Explanation> for ExplainedJson {
    fn from(explanation: Explanation) -> Self {
        let Explanation { found, holder, verdict } = explanation;
        let (proof, bot_then) = (proof(&found), bot(&found));
        Self {
            verdict,
            retried_as: found.retried_as.map(|event| event.0),
            proof,
            bot_then,
            holder: holder.map(|holder| HolderJson {
                before: holder.before.as_ref().map(owner),
                after: owner(&holder.after),
                may_speak: holder.may_speak,
            }),
            turns: found.turns.into_iter().map(TurnJson::from).collect(),
            deliveries: found.deliveries.into_iter().map(DeliveryRecordJson::from).collect(),
            event: found.head.into(),
        }
    }
}

fn proof(found: &Explained) -> ProofJson {
    let key = found.head.dedupe_key.as_deref();
    ProofJson {
        result: if found.head.retry_of.is_some() { "by hand" } else { "verified" },
        scheme: found.bot.as_ref().map(|bot| bot.scheme.clone()),
        delivery_id: key.and_then(|key| key.strip_prefix("delivery:")).map(str::to_owned),
        same_when: key.map(str::to_owned),
    }
}

fn bot(found: &Explained) -> Option<BotJson> {
    let bot = found.bot.as_ref()?;
    Some(BotJson {
        revision: bot.revision,
        route: format!("POST /hooks/{}/{}", bot.platform, found.head.bot),
        platform: bot.platform.clone(),
        platform_id: bot.platform_id.clone(),
        network: bot.network.clone(),
        channel: bot.channel.clone(),
        module: bot.target.module().map(ToString::to_string),
        relay: bot.target.relay_shown().map(str::to_owned),
        version: bot.target.version(),
        pin: bot.pin,
        mode: bot.mode.name(),
    })
}

impl From<TurnExplained> for TurnJson {
    fn from(turn: TurnExplained) -> Self {
        let (why, withheld) = (why_that_version(&turn), withheld(&turn));
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        let seen = turn.seen;
        Self {
            attempt: seen.attempt,
            at_ms: turn.at_ms,
            module: turn.bot.and_then(|bot| bot.target.module().map(ToString::to_string)),
            version: seen.version,
            digest: seen.digest.map(|digest| digest.as_str().to_owned()),
            why,
            activation: turn.activated.map(|activated| activated.seq),
            instructions: seen.instructions,
            elapsed_us: seen.elapsed_us,
            memory_bytes: turn.memory_bytes,
            log: json(&seen.log),
            withheld,
            relayed: turn.relayed,
            checked: seen.outcome.is_some() && seen.cause.is_none(),
            proposed: seen.outcome.as_deref().map(json),
            refused: turn.refusals.as_deref().map_or(Value::Array(Vec::new()), json),
            cause: seen.cause.map(|(kind, reason)| CauseJson { kind, reason }),
        }
    }
}

impl From<DeliveryLine> for DeliveryJson {
    fn from(line: DeliveryLine) -> Self {
        Self {
            id: line.id,
            event: line.event.0,
            bot: line.bot.as_str().to_owned(),
            conversation: line.conversation.as_str().to_owned(),
            platform: line.platform,
            action: line.action,
            method: line.method,
            path: line.path,
            status: line.status.name(),
            attempts: line.attempts,
            next_ms: line.next_ms,
            reference: line.reference,
            last_error: line.last_error,
        }
    }
}

impl From<DeliveryRecord> for DeliveryRecordJson {
    fn from(record: DeliveryRecord) -> Self {
        Self {
            delivery: record.line.into(),
            body: serde_json::from_str(&record.body).unwrap_or(Value::String(record.body)),
            tries: record.tries.into_iter().map(TryJson::from).collect(),
        }
    }
}

impl From<Try> for TryJson {
    fn from(one: Try) -> Self {
        let Try { attempt, at_ms, result, reason, http_status, answer } = one;
        Self { attempt, at_ms, result, reason, http_status, answer }
    }
}
