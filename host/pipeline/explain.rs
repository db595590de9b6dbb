//! Why a bot did or did not answer an event: what was recorded of it, read again with the registration of that time.

use super::Pipeline;
use super::facts::recorded_bot;
use super::verdict::verdict;
pub use super::verdict::withheld;
use crate::domain::bot::Mode;
use crate::domain::call::CALL;
use crate::domain::clock::utc;
use crate::domain::event::Owner;
use crate::domain::names::{EventId, TenantName};
use crate::domain::ownership;
use crate::platform::{self, Verified};
use crate::store::{self, Explained, TurnExplained};

/// An event explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Everything that is known of it.
    pub found: Explained,
    /// Who holds the conversation; none when the body is forgotten or its platform cannot read it.
    pub holder: Option<Holder>,
    /// Why the bot did or did not answer, in a sentence.
    pub verdict: String,
}

/// Who holds a conversation, before and after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Before it; none when the host had not seen the conversation, which is the bot's then.
    pub before: Option<Owner>,
    /// Once it has happened, and before anything that the bot does.
    pub after: Owner,
    /// Whether that is the bot and it is LIVE, so that it may answer the customer.
    pub may_speak: bool,
}

/// Explains a tenant's event.
///
/// # Errors
/// When the store cannot be read.
pub fn explain(pipeline: &Pipeline, tenant: &TenantName, event: EventId) -> Result<Option<Explanation>, store::Error> {
    let Some(found) = pipeline.store.explain(tenant, event)? else { return Ok(None) };
    let holder = holder(tenant, &found);
    let verdict = verdict(&found, holder.as_ref());
    Ok(Some(Explanation { found, holder, verdict }))
}

fn holder(tenant: &TenantName, found: &Explained) -> Option<Holder> {
    // A call is no event of the platform's.
    if found.head.kind == CALL {
        return None;
    }
    let revision = found.bot.as_ref()?;
    let bot = recorded_bot(tenant, &found.head.bot, revision);
    let event = Verified::from_inbox(found.body.clone());
    let decoded = platform::find(&bot.platform)?.decode(&bot, &event).ok()?;
    let after = if found.owner_firm { ownership::after_older_event } else { ownership::after_event };
    let after = after(found.owner_before.clone(), &decoded.event, &bot.platform_id);
    let may_speak = bot.mode == Mode::Live && after == Owner::Bot(bot.platform_id);
    Some(Holder { before: found.owner_before.clone(), after, may_speak })
}

/// Why a turn ran the version that it ran; none when it ran none.
#[must_use]
pub fn why_that_version(turn: &TurnExplained) -> Option<String> {
    let version = turn.seen.version?;
    if let Some(activated) = &turn.activated {
        let (since, by, from) = (utc(activated.at_ms), &activated.actor.name, &activated.actor.origin);
        let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
        return Some(format!(
            "version {version} was active since {since}, activated by {by}{from} (activation {})",
            activated.seq
        ));
    }
    let bot = turn.bot.as_ref()?;
    if bot.target.version() == Some(version) {
        Some(format!("pinned by its registration to {version}"))
    } else {
        (bot.pin == Some(version)).then(|| format!("pinned over the API to {version}"))
    }
}
