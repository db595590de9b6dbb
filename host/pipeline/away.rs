//! Events that no bot gets: those that its registration does not ask for, those that come while it is away, and the host's own
//! that hand a conversation over. Each ends without a turn, with a reason; nobody who waits is left waiting.

use std::sync::Arc;

use super::Pipeline;
use super::facts::{Subject, recorded_bot};
use super::receive::begins;
use crate::domain::bot::{Bot, Mode};
use crate::domain::delivery::Request;
use crate::domain::event::{Event, Owner};
use crate::domain::ownership;
use crate::domain::rules::{Feature, Support};
use crate::domain::validate::Checked;
use crate::platform::{self, Decoded, Platform, Verified};
use crate::store::{self, Claim, Ending};

/// How an event ends of which the bot gets nothing; nothing when it is the bot's.
pub(super) fn without_a_turn(pipeline: &Pipeline, claim: &Claim, subject: &Subject) -> Option<Ending> {
    let Subject { bot, platform, verified, decoded, .. } = subject;
    if let Err(reason) = platform.admit(bot, verified, decoded) {
        return Some(passed(reason, None, Vec::new()));
    }
    let room = platform.room(bot);
    if room.is_some() && !claim.ongoing && bot.mode != Mode::Monitoring && begins(&decoded.event, true) {
        return Some(passed(
            format!("the bot takes no more conversations: it may be in {}", room.unwrap_or(0)),
            None,
            Vec::new(),
        ));
    }
    let waits = matches!(decoded.event, Event::Message(_)) && holds(pipeline, claim, subject);
    match bot.mode {
        Mode::Maintenance if waits => {
            let comment = format!("Maintenance Bot Handoff: the bot is in MAINTENANCE; event {}.", claim.lease.event);
            Some(passed(MAINTENANCE.to_owned(), Some(Owner::Agent), hand_off(*platform, bot, verified, comment)))
        }
        Mode::Maintenance => Some(passed(MAINTENANCE.to_owned(), Some(subject.context.owner.clone()), Vec::new())),
        Mode::Live if claim.leaving && waits => {
            let reason =
                "the bot left LIVE while it held the conversation, which therefore goes to an agent".to_owned();
            let comment = format!("{AUTOMATIC}: the bot left LIVE; event {}.", claim.lease.event);
            Some(passed(reason, Some(Owner::Agent), hand_off(*platform, bot, verified, comment)))
        }
        Mode::Live | Mode::Monitoring => None,
    }
}

const MAINTENANCE: &str = "the registration is in MAINTENANCE";

/// The platform's name for what happens when a bot goes (platforms.md A3, "Handoff child tags").
const AUTOMATIC: &str = "Automatic Bot Handoff";

/// Whether the bot holds the conversation. Where neither the event nor the host's own books say who does, it is that of the
/// channel's LIVE bot, if there is one.
fn holds(pipeline: &Pipeline, claim: &Claim, subject: &Subject) -> bool {
    let bot = &subject.bot;
    if subject.context.owner != Owner::Bot(bot.platform_id.clone()) {
        return false;
    }
    let told = matches!(&subject.decoded.event, Event::Message(message) if message.owner.is_some());
    let other = |other: &Arc<Bot>| {
        other.mode == Mode::Live && other.network == bot.network && other.channel == bot.channel && other.id != bot.id
    };
    told || claim.owner.is_some()
        || !pipeline.store.bots(&bot.tenant, &bot.platform).is_ok_and(|bots| bots.iter().any(other))
}

/// Ends an event of the host's own: the conversation goes to an agent, unless it is over or not the bot's any more.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn hand_over(pipeline: &Pipeline, claim: &Claim, reason: &str) -> Result<Ending, store::Error> {
    let not_done = |why: &str| Ok(passed(format!("{reason}, but {why}"), None, Vec::new()));
    if !claim.ongoing {
        return not_done("the conversation is closed");
    }
    let Some(revision) = pipeline.store.bot_revision(&claim.bot, claim.bot_revision)? else {
        return not_done("its registration was forgotten");
    };
    // The bot itself may be gone.
    let bot = recorded_bot(&claim.tenant, &claim.bot, &revision);
    let event = Verified::from_inbox(claim.body.clone());
    let Some((platform, decoded)) =
        platform::find(&bot.platform).and_then(|platform| Some((platform, platform.decode(&bot, &event).ok()?)))
    else {
        return not_done("its last message cannot be read");
    };
    if !has_agents(platform, &decoded) {
        return not_done("there are no agents there");
    }
    // The message is an old one: what it says of the owner counts only where nothing is known.
    let owner = || ownership::after_event(None, &decoded.event, &bot.platform_id);
    match claim.owner.clone().unwrap_or_else(owner) {
        Owner::Agent => not_done("an agent holds the conversation"),
        Owner::Bot(holder) if holder != bot.platform_id => not_done("another bot holds the conversation"),
        Owner::Bot(_) => {
            let requests = hand_off(platform, &bot, &event, format!("{AUTOMATIC}: {reason}."));
            Ok(passed(reason.to_owned(), Some(Owner::Agent), requests))
        }
    }
}

/// Whether there are human agents where an event happened.
pub(super) fn has_agents(platform: &dyn Platform, decoded: &Decoded) -> bool {
    platform.rules(&decoded.origin).of(Feature::HandOff).support != Support::Refused
}

/// The request that gives a conversation to an agent.
pub(super) fn hand_off(platform: &dyn Platform, bot: &Bot, event: &Verified, comment: String) -> Vec<Request> {
    platform.encode(bot, event, &Checked::hand_off(comment)).unwrap_or_else(|refusals| {
        tracing::error!(bot = %bot.id, ?refusals, "the host's own hand-off was refused by the encoder");
        Vec::new()
    })
}

fn passed(reason: String, owner: Option<Owner>, requests: Vec<Request>) -> Ending {
    Ending::Passed { reason, owner, requests }
}
