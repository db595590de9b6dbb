//! Which events a bot gets: where it is switched on, and what its `trigger` lets through (conformance 189-191, 195, 201;
//! platforms.md B2, B4).

use super::place::{Place, mentions};
use super::registration::{Registration, Trigger, is_own};
use crate::domain::bot::Bot;
use crate::domain::event::Event;
use crate::platform::Decoded;

/// Whether the registration lets the event in.
pub(super) fn admit(bot: &Bot, body: &[u8], decoded: &Decoded) -> Result<(), String> {
    let (registration, place) = (Registration::of(bot), Place::read(body));
    registration.admits(place.rooms())?;
    let Event::Message(message) = &decoded.event else { return Ok(()) };
    // A pressed button was the bot's own offer, whatever its trigger is.
    if !message.presses.is_empty() {
        return Ok(());
    }
    if is_own(bot, &place) {
        return Err("a bot wrote the message, and bots do not answer themselves".to_owned());
    }
    let names = [place.bot_name.as_deref(), Some(registration.name.as_str())];
    let is_mentioned = match place.triggered_by.as_deref() {
        Some(word) => word == "mention" || word == "action",
        None => names.into_iter().flatten().any(|name| mentions(place.text.as_deref().unwrap_or_default(), name)),
    };
    match registration.trigger {
        Trigger::Mention if !is_mentioned => {
            Err("the message does not mention the bot, whose trigger is mention".into())
        }
        Trigger::Mention | Trigger::Message => Ok(()),
    }
}
