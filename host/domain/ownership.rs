//! Who holds a conversation: only the holder may answer the customer (conformance 82, 122; platforms.md A3).

use super::action::Action;
use super::event::{Event, Operation, Owner};

/// Who holds the conversation once this event has happened. `known` is what the host knew before; a conversation that it
/// has not seen belongs to the bot (conformance 122).
#[must_use]
pub fn after_event(known: Option<Owner>, event: &Event, bot: &str) -> Owner {
    let ours = || Owner::Bot(bot.to_owned());
    match event {
        // The platform's word in the event is newer than ours.
        Event::Message(message) => message.owner.clone().or(known).unwrap_or_else(ours),
        Event::Update(update) => match &update.operation {
            // "After a conversation is closed, owner resets to BOT" (platforms.md A3).
            Operation::Closed => ours(),
            Operation::OwnerChanged(owner) => owner.clone(),
            Operation::Created | Operation::AgentResponse(_) | Operation::Other { .. } => known.unwrap_or_else(ours),
        },
    }
}

/// The same for an event that may not know of the host's own last hand-off or take-over: what it says of the holder is older
/// than what the host knows. A bot that gave a conversation away does not answer what the customer wrote meanwhile.
#[must_use]
pub fn after_older_event(known: Option<Owner>, event: &Event, bot: &str) -> Owner {
    match (known, event) {
        (Some(known), Event::Message(_)) => known,
        (known, event) => after_event(known, event, bot),
    }
}

/// Who holds it once these actions are done.
#[must_use]
pub fn after_actions<'a>(owner: Owner, actions: impl IntoIterator<Item = &'a Action>, bot: &str) -> Owner {
    actions.into_iter().fold(owner, |owner, action| match action {
        Action::HandOff(_) => Owner::Agent,
        Action::TakeOver => Owner::Bot(bot.to_owned()),
        _ => owner,
    })
}
