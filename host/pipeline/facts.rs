//! What a turn depends on, live or recorded: one way from there to what the bot is given, and one judgement of what it returns.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::bot::{Bot, Credentials, Mode, Scheme};
use crate::domain::delivery::Request;
use crate::domain::event::{Extra, Owner};
use crate::domain::names::{BotId, ConversationKey, EventId, TenantName};
use crate::domain::ownership;
use crate::domain::rules::Rules;
use crate::domain::secret::Secret;
use crate::domain::turn::{Cause, Context, Outcome};
use crate::domain::validate::{self, Checked};
use crate::platform::{self, Decoded, Platform, Verified};
use crate::store::BotRevision;

/// Everything besides the module that a turn depends on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The event.
    pub event: EventId,
    /// The bot.
    pub bot: Arc<Bot>,
    /// The conversation.
    pub conversation: ConversationKey,
    /// The event's body as it came.
    pub body: Bytes,
    /// Which try of the event it is.
    pub attempt: u32,
    /// What the conversation's last turn stored.
    pub state: Option<String>,
    /// Who held the conversation before the event, as far as the host knew.
    pub owner: Option<Owner>,
    /// Whether that counts more than what the event says.
    pub owner_firm: bool,
    /// The turn's clock, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// The turn's random number.
    pub seed: u64,
}

/// What a turn is about: everything that its facts lead to.
pub struct Subject {
    /// The bot.
    pub bot: Arc<Bot>,
    /// Its platform.
    pub platform: &'static dyn Platform,
    /// The event as it came.
    pub verified: Verified,
    /// The event as the platform reads it.
    pub decoded: Decoded,
    /// What the bot is given besides.
    pub context: Context,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("event", &self.context.event).finish_non_exhaustive()
    }
}

impl Subject {
    /// Reads the event and puts together what the bot is given.
    ///
    /// # Errors
    /// [`Cause::Host`] when there is no such platform or its decoder does not take the body.
    pub fn of(facts: Facts) -> Result<Self, Cause> {
        let Facts { event, bot, conversation, body, attempt, state, owner, owner_firm, now_ms, seed } = facts;
        let host = |reason: String| Cause::Host { reason };
        let platform = platform::find(&bot.platform).ok_or_else(|| host(format!("no platform {:?}", bot.platform)))?;
        let verified = Verified::from_inbox(body);
        let decoded = platform.decode(&bot, &verified).map_err(|error| host(error.to_string()))?;
        let after = if owner_firm { ownership::after_older_event } else { ownership::after_event };
        let context = Context {
            platform: bot.platform.clone(),
            event,
            bot: bot.platform_id.clone(),
            mode: bot.mode,
            conversation,
            origin: decoded.origin.clone(),
            owner: after(owner, &decoded.event, &bot.platform_id),
            attempt,
            state,
            config: bot.config.clone(),
            now_ms,
            seed,
            history: decoded.history.clone(),
            raw: String::from_utf8_lossy(verified.body()).into_owned(),
            extras: refused(&platform.rules(&decoded.origin)),
        };
        Ok(Self { bot, platform, verified, decoded, context })
    }

    /// Checks what the bot returned and encodes it. Of a bot that is MONITORING everything is checked, and what is not
    /// paperwork is withheld.
    ///
    /// # Errors
    /// [`Cause::Refused`].
    pub fn judge(&self, outcome: Outcome, limits: &validate::Limits) -> Result<Judged, Cause> {
        let rules = self.platform.rules(&self.decoded.origin);
        let encode =
            |checked: &Checked| self.platform.encode(&self.bot, &self.verified, checked).map_err(Cause::Refused);
        let checked = validate::check(outcome, &self.context, &rules, limits).map_err(Cause::Refused)?;
        let requests = encode(&checked)?;
        if self.context.mode != Mode::Monitoring {
            return Ok(Judged { checked, requests, withheld: Vec::new() });
        }
        let (checked, withheld) = checked.withhold();
        let requests = if withheld.is_empty() { requests } else { encode(&checked)? };
        Ok(Judged { checked, requests, withheld })
    }
}

/// What bots are told of the place that they are in: the context's `refused`, a JSON list of the features that make an outcome
/// refused there. Nothing where there are none.
fn refused(rules: &Rules) -> Vec<Extra> {
    let names: Vec<String> = rules.refused().map(|name| format!("{name:?}")).collect();
    match names.as_slice() {
        [] => Vec::new(),
        names => vec![Extra { key: "refused".to_owned(), json: format!("[{}]", names.join(",")) }],
    }
}

/// What a turn comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What is done.
    pub checked: Checked,
    /// The same as requests.
    pub requests: Vec<Request>,
    /// What is not: places in the outcome's actions.
    pub withheld: Vec<usize>,
}

/// A bot as it was registered, with credentials that open nothing: to read an event and to run, not to verify.
#[must_use]
pub fn recorded_bot(tenant: &TenantName, id: &BotId, revision: &BotRevision) -> Bot {
    Bot {
        id: id.clone(),
        tenant: tenant.clone(),
        platform: revision.platform.clone(),
        platform_id: revision.platform_id.clone(),
        network: revision.network.clone(),
        channel: revision.channel.clone(),
        account: String::new(),
        target: revision.target.clone(),
        pin: revision.pin,
        mode: revision.mode,
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret: Secret::new("") },
        config: revision.config.clone(),
        registration: "{}".to_owned(),
        created_ms: revision.at_ms,
        updated_ms: revision.at_ms,
        revision: revision.revision,
    }
}
