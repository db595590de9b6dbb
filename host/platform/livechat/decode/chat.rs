//! The beginning of a thread: `incoming_chat_thread` brings the whole chat (platforms.md C3).

use super::{other, parts, person, said_of, with_rest};
use crate::domain::bot::Bot;
use crate::domain::event::{Event, Message, Operation, Owner};
use crate::platform::DecodeError;
use crate::platform::fields::{self, Fields};
use crate::platform::livechat::wire::{Envelope, Place, Who};

/// Somebody in a chat.
pub(in crate::platform::livechat) struct User {
    /// The id.
    pub id: String,
    who: Who,
    name: Option<String>,
    /// Whether they are there now; a user of whom nothing is said is.
    pub present: bool,
}

/// Who is in the chat that a webhook brings; nobody where it brings none.
pub(in crate::platform::livechat) fn users(envelope: &Envelope<'_>) -> Vec<User> {
    let chat = chat(envelope).unwrap_or_default();
    let users = chat.get("users").and_then(fields::list).unwrap_or_default();
    let user = |members: Fields<'_>| {
        let id = members.get("id").and_then(fields::id)?;
        let kind = members.get("type").and_then(fields::text);
        let who = match (kind.as_deref(), Who::of(&id)) {
            (Some("customer"), _) => Who::Customer,
            // Bot agents are agents to the platform.
            (Some("agent"), Who::Customer) => Who::Agent,
            (_, who) => who,
        };
        let name = members.get("name").and_then(fields::text);
        let present = members.get("present").is_none_or(|present| present.get() != "false");
        Some(User { id, who, name, present })
    };
    users.into_iter().filter_map(|one| user(Fields::parse(one.get())?)).collect()
}

/// The chat that a webhook brings.
fn chat<'a>(envelope: &Envelope<'a>) -> Option<Fields<'a>> {
    Fields::parse(envelope.payload.get("chat")?.get())
}

/// A thread began: with something that the customer said, or silently. One that begins in an agent's hands is told as such: to a
/// bot that took it for new and its own, it would be one to greet.
pub(super) fn began(bot: &Bot, envelope: &mut Envelope<'_>, place: &Place) -> Result<Event, DecodeError> {
    let users = users(envelope);
    let owner = owner(bot, &users);
    if let Some(message) = said(envelope, &users) {
        let message = Message { owner, ..message };
        return Ok(Event::Message(Box::new(with_rest(message, envelope))));
    }
    let ours = owner.as_ref().is_none_or(|owner| *owner == Owner::Bot(bot.platform_id.clone()));
    let operation = match owner {
        Some(owner) if !ours => Operation::OwnerChanged(owner),
        _ => Operation::Created,
    };
    if chat(envelope).is_none() {
        return Ok(other(envelope, place));
    }
    let mut event = said_of(envelope, place, operation);
    if let (Event::Update(update), Some(customer)) = (&mut event, users.into_iter().find(is_customer)) {
        update.author = person(customer.id, customer.name);
    }
    Ok(event)
}

fn is_customer(user: &User) -> bool {
    user.who == Who::Customer
}

/// Who holds the chat: an agent who is there, or this bot, or another; nothing where it is nobody's yet.
fn owner(bot: &Bot, users: &[User]) -> Option<Owner> {
    let there = |who| users.iter().filter(move |user| user.present && user.who == who);
    if there(Who::Agent).next().is_some() {
        return Some(Owner::Agent);
    }
    let own = there(Who::Bot).find(|user| user.id == bot.platform_id);
    own.or_else(|| there(Who::Bot).next()).map(|user| Owner::Bot(user.id.clone()))
}

/// Everything that the customer said in the new thread, as one message. A form that was filled in before the chat is no message
/// by itself.
fn said(envelope: &Envelope<'_>, users: &[User]) -> Option<Message> {
    let thread = Fields::parse(chat(envelope)?.get("thread")?.get())?;
    let events = thread.get("events").and_then(fields::list)?;
    let (mut message, mut spoken) = (None::<Message>, false);
    for mut event in events.into_iter().filter_map(|event| Fields::parse(event.get())) {
        let kind = event.get("type").and_then(fields::text).unwrap_or_default();
        let whispered = event.get("recipients").and_then(fields::text).as_deref() == Some("agents");
        let Some(id) = event.get("author_id").and_then(fields::id) else { continue };
        let user = users.iter().find(|user| user.id == id);
        let who = user.map_or_else(|| Who::of(&id), |user| user.who);
        if who != Who::Customer || whispered || !parts::SAID.contains(&kind.as_str()) {
            continue;
        }
        spoken |= kind != "filled_form";
        let next = parts::message(&mut event, person(id, user.and_then(|user| user.name.clone())));
        match &mut message {
            Some(message) => parts::add(message, next),
            None => message = Some(next),
        }
    }
    // The chat stands in the extras as a whole, what was said included.
    message.filter(|_| spoken).map(|message| Message { extras: Vec::new(), ..message })
}
