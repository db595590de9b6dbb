//! Reads what LiveChat tells a bot agent (platforms.md C3).
//!
//! Reading is lenient: unknown fields become extras, and what happened in a way that is not known is an update with an `other`
//! operation. Refused are a body that is no JSON object, one that does not say what happened, one about a chat that it does not name,
//! and a message that does not say whose it is.

use crate::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use crate::domain::event::{AgentResponse, Author, Event, Message, Operation, Origin, Owner, Update, Visibility};
use crate::domain::names::{BotId, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::platform::fields::{self, Fields};
use crate::platform::livechat::NAME;
use crate::platform::livechat::wire::{self, Envelope, Place, Who};
use crate::platform::{DecodeError, Decoded};

mod chat;
mod parts;

pub(super) use chat::users;

/// Reads an event of a bot agent.
pub(super) fn decode(bot: &Bot, body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut envelope = Envelope::read(body)?;
    let place = Place::of(&envelope)?;
    let event = match envelope.action.as_str() {
        "incoming_event" => incoming(&mut envelope, &place)?,
        "incoming_chat_thread" => chat::began(bot, &mut envelope, &place)?,
        "incoming_rich_message_postback" => pressed(&mut envelope, &place)?,
        "thread_closed" => said_of(&mut envelope, &place, Operation::Closed),
        "chat_user_added" | "chat_user_removed" => match hands(bot, &envelope) {
            Some(owner) => said_of(&mut envelope, &place, Operation::OwnerChanged(owner)),
            None => other(&mut envelope, &place),
        },
        _ => other(&mut envelope, &place),
    };
    let origin = Origin { network: NAME.to_owned(), channel: NAME.to_owned(), visibility: Visibility::Private };
    let Place { conversation, event_id, .. } = place;
    Ok(Decoded { event, origin, conversation, event_id, history: Vec::new() })
}

/// A bot agent that the event could be for: one that is in the chat.
pub(super) fn stand_in(body: &[u8]) -> Bot {
    let users = Envelope::read(body).map(|envelope| users(&envelope)).unwrap_or_default();
    let present = users.into_iter().find(|user| wire::is_bot_id(&user.id) && user.present);
    let id = present.map_or_else(|| "0".repeat(32), |user| user.id);
    Bot {
        id: BotId::from("stand-in"),
        tenant: TenantName::from("default"),
        platform: NAME.to_owned(),
        platform_id: id,
        network: NAME.to_owned(),
        channel: NAME.to_owned(),
        mode: Mode::Live,
        account: String::new(),
        pin: None,
        target: Target::Module { name: ModuleName::from("stand-in"), version: None },
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret: Secret::new("") },
        config: "{}".to_owned(),
        registration: "{}".to_owned(),
        created_ms: 0,
        updated_ms: 0,
        revision: 1,
    }
}

/// Who wrote the event that a webhook brings, by the id.
pub(super) fn author_of(envelope: &Envelope<'_>) -> Option<String> {
    envelope.event().get("author_id").and_then(fields::id)
}

/// What a customer says is a message, what an agent says to the customer an agent's response; anything else is told as it is: what
/// bots say, what agents whisper, and what the system says.
fn incoming(envelope: &mut Envelope<'_>, place: &Place) -> Result<Event, DecodeError> {
    let mut event = envelope.event();
    let kind = event.get("type").and_then(fields::text).unwrap_or_default();
    let author_id = author_of(envelope);
    let whispered = event.get("recipients").and_then(fields::text).as_deref() == Some("agents");
    let said = parts::SAID.contains(&kind.as_str());
    match author_id {
        None if said => Err(envelope.fault(
            "event.author_id",
            "a message needs its author's id: by it customers, agents and bots are told apart",
        )),
        Some(id) if said && !whispered && Who::of(&id) == Who::Customer => {
            envelope.payload.take("event", Some);
            event.take("author_id", fields::id);
            let message = parts::message(&mut event, person(id, None));
            Ok(Event::Message(Box::new(with_rest(message, envelope))))
        }
        Some(id) if (said || kind == "rich_message") && !whispered && Who::of(&id) == Who::Agent => {
            envelope.payload.take("event", Some);
            let published_ms = wire::made_ms(&event);
            let response =
                AgentResponse { text: event.take("text", fields::text), published_ms, extras: event.drain() };
            Ok(said_of(envelope, place, Operation::AgentResponse(response)))
        }
        _ => Ok(other(envelope, place)),
    }
}

/// A button pressed is a message; one released says nothing to anybody.
fn pressed(envelope: &mut Envelope<'_>, place: &Place) -> Result<Event, DecodeError> {
    let postback =
        envelope.payload.get("postback").and_then(|postback| Fields::parse(postback.get())).unwrap_or_default();
    let released = postback.get("toggled").is_some_and(|toggled| toggled.get() == "false");
    let (Some(id), false) = (postback.get("id").and_then(fields::id), released) else {
        return Ok(other(envelope, place));
    };
    let user = envelope.payload.take("user_id", fields::id);
    let user = user.ok_or_else(|| envelope.fault("user_id", "must be the id of whoever pressed"))?;
    let message = parts::press_alone(id, person(user, None));
    Ok(Event::Message(Box::new(with_rest(message, envelope))))
}

/// Who holds the chat after somebody came or went: whoever of the agents and bots came last. Where the bot agent goes, whoever
/// took the chat from it has it.
fn hands(bot: &Bot, envelope: &Envelope<'_>) -> Option<Owner> {
    let payload = &envelope.payload;
    let user = payload.get("user").and_then(|user| Fields::parse(user.get())).unwrap_or_default();
    let kind = payload.get("user_type").or_else(|| user.get("type")).and_then(fields::text);
    let id = payload.get("user_id").or_else(|| user.get("id")).and_then(fields::id)?;
    if kind.is_some_and(|kind| kind != "agent") {
        return None;
    }
    match (envelope.action.as_str(), Who::of(&id)) {
        ("chat_user_added", Who::Bot) => Some(Owner::Bot(id)),
        ("chat_user_added", Who::Agent) => Some(Owner::Agent),
        ("chat_user_removed", _) if id == bot.platform_id => Some(Owner::Agent),
        _ => None,
    }
}

/// An update that the contract has a case for. Whom it is about the platform does not say.
fn said_of(envelope: &mut Envelope<'_>, place: &Place, operation: Operation) -> Event {
    let mut extras = envelope.payload.drain();
    extras.append(&mut envelope.rest);
    let author = person(String::new(), None);
    Event::Update(Box::new(Update { author, operation, conversation: place.chat(), extras }))
}

/// Something that the contract has no case for: the bot gets all of it as text.
fn other(envelope: &mut Envelope<'_>, place: &Place) -> Event {
    let operation = Operation::Other { kind: envelope.action.clone(), details: envelope.json.to_owned() };
    let (author, extras) = (person(String::new(), None), std::mem::take(&mut envelope.rest));
    Event::Update(Box::new(Update { author, operation, conversation: place.chat(), extras }))
}

fn person(id: String, full_name: Option<String>) -> Author {
    Author { id, full_name, properties: Vec::new(), extras: Vec::new() }
}

/// A message with everything that stands around it.
fn with_rest(mut message: Message, envelope: &mut Envelope<'_>) -> Message {
    message.extras.append(&mut envelope.payload.drain());
    message.extras.append(&mut envelope.rest);
    message
}
