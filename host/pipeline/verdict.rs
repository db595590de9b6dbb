//! The verdict: one sentence that says why a bot did or did not answer an event, made from everything that is known of it.

use serde_json::Value;

use super::explain::Holder;
use crate::domain::bot::Mode;
use crate::domain::call::CALL;
use crate::domain::event::Owner;
use crate::store::{DeliveryRecord, DeliveryStatus, EventStatus, Explained, HAND_OVER, TurnExplained};

/// Why the bot did or did not answer.
#[must_use]
pub fn verdict(found: &Explained, holder: Option<&Holder>) -> String {
    let head = &found.head;
    if head.stripped {
        let ended = head.status.name();
        return format!("It ended as {ended}; its details were forgotten to make room.");
    }
    match head.status {
        EventStatus::Running => "A turn on it is under way.".to_owned(),
        EventStatus::Waiting => {
            match found.turns.last().and_then(|turn| turn.seen.cause.as_ref().map(|cause| (turn, cause))) {
                Some((turn, (_, story))) => format!("Try {} failed: {story}; it is tried again.", turn.seen.attempt),
                None => "It waits for its turn.".to_owned(),
            }
        }
        EventStatus::Failed => failed(found),
        EventStatus::Done if head.kind == CALL => called(found),
        EventStatus::Done => done(found, holder),
    }
}

fn failed(found: &Explained) -> String {
    let mut verdict = match (&found.head.ending, found.turns.last()) {
        (Some(ending), _) => format!("It was closed unanswered: {ending}."),
        (None, Some(turn)) => {
            let tries = turn.seen.attempt;
            let after = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
            let end = match found.deliveries.first() {
                None => format!("after {after} it was given up, and nothing was sent"),
                Some(hand_off) if hand_off.line.status == DeliveryStatus::Sent => {
                    format!("after {after} the conversation was handed to an agent")
                }
                Some(hand_off) => {
                    format!(
                        "after {after} the conversation was to be handed to an agent, but that request {}",
                        state(hand_off)
                    )
                }
            };
            format!("{}; {end}.", cause(turn.seen.cause.as_ref(), turn.refusals.as_deref()))
        }
        (None, None) => "It was closed without a turn.".to_owned(),
    };
    if let Some(new) = found.retried_as {
        verdict.push_str(&format!(" It was retried as event {new}."));
    }
    verdict
}

/// Why the last turn gave nothing to send.
fn cause(cause: Option<&(String, String)>, refusals: Option<&str>) -> String {
    let Some((kind, story)) = cause else { return "It failed".to_owned() };
    let refusals: Vec<Value> = refusals.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    match refusals.as_slice() {
        [first, more @ ..] if kind == "refused" => {
            let member = |name: &str| first[name].as_str().unwrap_or_default();
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let (path, reason, rule, source) = (member("path"), member("reason"), member("rule"), member("source"));
            format!("The actions were refused: {path}: {reason} (rule {rule}, {source}){more}")
        }
        _ => capital(story),
    }
}

fn called(found: &Explained) -> String {
    let requests: Vec<_> = found.deliveries.iter().map(state).collect();
    format!("It was asked for over the platform's API; the request {}.", requests.join("; "))
}

fn done(found: &Explained, holder: Option<&Holder>) -> String {
    if let Some(reason) = &found.head.ending {
        return passed(found, reason);
    }
    let Some(turn) = found.turns.last() else { return "It ended without a turn.".to_owned() };
    if let Some(answer) = &turn.relayed {
        return format!("The external bot took the event: it answered {answer}.");
    }
    if turn.seen.digest.is_none() {
        return "The bot was not asked: its registration is not LIVE.".to_owned();
    }
    if turn.bot.as_ref().is_some_and(|bot| bot.mode == Mode::Monitoring) {
        return monitored(found, turn);
    }
    match (found.deliveries.as_slice(), holder) {
        ([], Some(holder)) if !holder.may_speak => {
            let who = match &holder.after {
                Owner::Agent => "a human agent holds".to_owned(),
                Owner::Bot(id) => format!("the bot {id} holds"),
            };
            let since = match found.held_since {
                _ if holder.after != Owner::Agent => String::new(),
                Some(event) if event == found.head.event => " since this event".to_owned(),
                Some(event) => format!(" since event {event}"),
                None => String::new(),
            };
            format!("The bot was not asked to answer: {who} the conversation{since}.")
        }
        ([], _) => "The bot ran and returned no actions.".to_owned(),
        ([only], _) => format!("The bot answered with 1 request; it {}.", state(only)),
        (all, _) => format!("The bot answered with {} requests; {}.", all.len(), tally(all)),
    }
}

/// An event that ended without a turn.
fn passed(found: &Explained, reason: &str) -> String {
    let end = match found.deliveries.first() {
        None if found.head.kind == HAND_OVER => "nothing was sent".to_owned(),
        None => return format!("The bot was not asked: {reason}."),
        Some(hand_off) => format!("the request that hands the conversation to an agent {}", state(hand_off)),
    };
    match found.head.kind.as_str() {
        HAND_OVER => format!("The host's own hand-over: {reason}; {end}."),
        _ => format!("The bot was not asked: {reason}; {end}."),
    }
}

/// A turn of a bot that is MONITORING.
fn monitored(found: &Explained, turn: &TurnExplained) -> String {
    let withheld: Vec<String> = withheld(turn).iter().map(name).collect();
    let held = match withheld.as_slice() {
        [] => "The bot is MONITORING, and nothing that it returned had to be withheld".to_owned(),
        [one] => format!("The bot is MONITORING, so its {one} was withheld"),
        all => format!("The bot is MONITORING, so {} of its actions were withheld ({})", all.len(), all.join(", ")),
    };
    match found.deliveries.as_slice() {
        [] => format!("{held}; nothing was sent."),
        [only] => format!("{held}; its {} {}.", only.line.action, state(only)),
        all => format!("{held}; of {} requests {}.", all.len(), tally(all)),
    }
}

/// The actions that were withheld in a turn, as its outcome has them.
#[must_use]
pub fn withheld(turn: &TurnExplained) -> Vec<Value> {
    let places: Vec<usize> =
        turn.withheld.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let outcome: Value =
        turn.seen.outcome.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    places.into_iter().filter_map(|place| outcome["actions"].get(place).cloned()).collect()
}

/// The contract's name of a recorded action.
fn name(action: &Value) -> String {
    let named = action.as_str().or_else(|| action.as_object()?.keys().next().map(String::as_str));
    named.unwrap_or("action").to_owned()
}

fn tally(all: &[DeliveryRecord]) -> String {
    let unsent: Vec<&DeliveryRecord> =
        all.iter().filter(|delivery| delivery.line.status != DeliveryStatus::Sent).collect();
    let sent = all.len() - unsent.len();
    let mut parts: Vec<String> = match (sent, unsent.len()) {
        (2, 0) => vec!["both were sent".to_owned()],
        (_, 0) => vec!["all were sent".to_owned()],
        (0, _) => vec!["none was sent".to_owned()],
        (1, _) => vec!["1 was sent".to_owned()],
        (sent, _) => vec![format!("{sent} were sent")],
    };
    parts.extend(unsent.into_iter().map(|delivery| format!("delivery {} {}", delivery.line.id, state(delivery))));
    parts.join("; ")
}

/// How far a request is, after "it".
fn state(delivery: &DeliveryRecord) -> String {
    let reason = delivery.line.last_error.as_deref().unwrap_or("no reason was recorded");
    let refused = delivery.tries.last().is_some_and(|last| last.http_status.is_some_and(|status| status >= 400));
    match delivery.line.status {
        DeliveryStatus::Sent => "was sent".to_owned(),
        DeliveryStatus::Sending => "is on its way".to_owned(),
        DeliveryStatus::Planned if delivery.tries.is_empty() => "waits to be sent".to_owned(),
        DeliveryStatus::Planned => format!("is tried again ({reason})"),
        DeliveryStatus::Parked if refused => format!("was refused by the platform ({reason}) and is parked"),
        DeliveryStatus::Parked => format!("is parked ({reason})"),
        DeliveryStatus::Unknown => format!("may or may not have reached the platform ({reason})"),
        DeliveryStatus::Dropped => format!("was dropped by hand ({reason})"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
