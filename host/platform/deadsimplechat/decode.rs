//! Reads what DeadSimpleChat tells a bot (platforms.md B4): by a public bot's code, since no page of the vendor's shows it.
//!
//! Reading is lenient: every field may be missing, unknown ones become extras, and an event without a message and without a pressed
//! button is an update with an `other` operation. Only three things are refused: a body that is not JSON, a body that is not an
//! object, and a message or press that does not say whose it is and in which room.

use serde_json::value::RawValue;

use super::NAME;
use super::place::{Place, id_of, without_mention};
use super::registration::HISTORY_MAX;
use crate::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use crate::domain::event::{Author, Event, Message, Operation, Origin, Press, Update, Visibility};
use crate::domain::names::{BotId, ConversationKey, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::domain::turn::PastMessage;
use crate::platform::fields::{self, Fields};
use crate::platform::{DecodeError, Decoded};

/// Where a pressed button may stand: its shape is not documented (platforms.md B3).
const BUTTONS: [&str; 3] = ["action", "actionButton", "button"];

/// Reads an event of a bot. Nesting deeper than serde_json's recursion limit (128) is refused like other malformed JSON.
pub(super) fn decode(bot: &Bot, body: &[u8]) -> Result<Decoded, DecodeError> {
    let json = fields::well_formed(body)?;
    let mut event = Fields::parse(json)
        .ok_or_else(|| DecodeError { path: "$".to_owned(), reason: "an event is a JSON object".to_owned() })?;
    let place = Place::of(&event);
    let past = event.take("messageHistory", |list| Some(history(list, &place))).unwrap_or_default();
    let (event, event_id) = match press(&mut event, &place) {
        Some(press) => (Event::Message(Box::new(pressed(&mut event, &place, press)?)), None),
        None if is_message(&event) => {
            let id = place.message.as_ref().map(|id| format!("message/{id}"));
            (Event::Message(Box::new(message(&mut event, &place, bot)?)), id)
        }
        None => (Event::Update(Box::new(unknown(&mut event, &place, json))), None),
    };
    let room = place.room().unwrap_or_default();
    let conversation = conversation_key(room, place.author().unwrap_or_default());
    let origin = Origin { network: NAME.to_owned(), channel: room.to_owned(), visibility: Visibility::Public };
    Ok(Decoded { event, origin, conversation, event_id, history: past })
}

/// A user's conversation in a room. The parts are joined with a slash, and those within a part escaped, so that different parts never
/// give one key.
pub(super) fn conversation_key(room: &str, user: &str) -> ConversationKey {
    ConversationKey::from([room, user].map(|part| part.replace('%', "%25").replace('/', "%2F")).join("/"))
}

/// The bot that the event is for.
pub(super) fn stand_in(body: &[u8]) -> Bot {
    Bot {
        id: BotId::from("stand-in"),
        tenant: TenantName::from("default"),
        platform: NAME.to_owned(),
        platform_id: Place::read(body).bot.unwrap_or_else(|| "bot".to_owned()),
        network: NAME.to_owned(),
        channel: NAME.to_owned(),
        account: String::new(),
        target: Target::Module { name: ModuleName::from("stand-in"), version: None },
        pin: None,
        mode: Mode::Live,
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret: Secret::new("") },
        config: "{}".to_owned(),
        registration: "{}".to_owned(),
        created_ms: 0,
        updated_ms: 0,
        revision: 1,
    }
}

/// A message is an object, or else its text alone.
fn is_message(event: &Fields<'_>) -> bool {
    event.get("message").is_some_and(|message| message.get().starts_with(['{', '"']))
}

/// A pressed button. An event that says that a message or a mention made it is none, whatever else stands in it; one that does
/// not say is the message that it has.
fn press(event: &mut Fields<'_>, place: &Place) -> Option<Press> {
    let may_be = match place.triggered_by.as_deref() {
        Some(word) => word != "message" && word != "mention",
        None => !is_message(event),
    };
    if !may_be {
        return None;
    }
    let mut found = BUTTONS.into_iter().find_map(|name| event.take_object(name, button));
    if found.is_none() && place.triggered_by.as_deref() == Some("action") {
        let id = BUTTONS.into_iter().find_map(|name| event.take(name, fields::id));
        found = id.map(|id| Press { kind: "postback".to_owned(), payload: id, text: None });
    }
    found
}

/// The payload is what the bot said it was; a button without one is known by its id, which stays among the extras.
fn button(members: &mut Fields<'_>) -> Option<Press> {
    let id = ["id", "_id"].into_iter().find_map(|name| members.get(name)).and_then(fields::id);
    let payload = members.take("payload", fields::text_or_json).filter(|payload| !payload.is_empty());
    let text = members.take("displayText", fields::text);
    Some(Press { kind: "postback".to_owned(), payload: payload.or(id)?, text })
}

/// A message beside a press may be the bot's own, whose button it was: it stays among the extras.
fn pressed(event: &mut Fields<'_>, place: &Place, press: Press) -> Result<Message, DecodeError> {
    needs(place)?;
    Ok(Message { presses: vec![press], ..said(event, place, None) })
}

fn message(event: &mut Fields<'_>, place: &Place, bot: &Bot) -> Result<Message, DecodeError> {
    needs(place)?;
    let text = event.take("message", fields::text).or_else(|| {
        let read = |members: &mut Fields<'_>| {
            members.take("_id", fields::id);
            Some(members.take("message", fields::text))
        };
        event.take_object("message", read).flatten()
    });
    let name = place.bot_name.as_deref().unwrap_or(&bot.platform_id);
    let text = text.map(|text| without_mention(&text, name).to_owned());
    Ok(Message { id: place.message.clone(), ..said(event, place, text) })
}

/// What an answer could not do without: whose it is and in which room.
fn needs(place: &Place) -> Result<(), DecodeError> {
    let missing = |path: &str, reason: &str| Err(DecodeError { path: path.to_owned(), reason: reason.to_owned() });
    if place.author().is_none() {
        return missing("user._id", "a message needs its author's id here or in user.uniqueUserIdentifier");
    }
    if place.room().is_none() {
        return missing("chatRoom.roomId", "a message needs its room's id here or in chatRoom._id");
    }
    Ok(())
}

fn said(event: &mut Fields<'_>, place: &Place, text: Option<String>) -> Message {
    Message {
        id: None,
        text,
        author: author(event, place),
        owner: None,
        published_ms: None,
        received_ms: None,
        presses: Vec::new(),
        form: None,
        list_response: None,
        media: Vec::new(),
        location: None,
        referral: None,
        properties: Vec::new(),
        extras: event.drain(),
    }
}

/// Something that the contract has no case for: the bot gets all of it as text.
fn unknown(event: &mut Fields<'_>, place: &Place, json: &str) -> Update {
    let kind = place.triggered_by.clone().unwrap_or_else(|| "unknown".to_owned());
    Update {
        author: author(event, place),
        operation: Operation::Other { kind, details: json.to_owned() },
        conversation: None,
        extras: Vec::new(),
    }
}

/// The author, with an empty id where the event names none.
fn author(event: &mut Fields<'_>, place: &Place) -> Author {
    let mut author =
        event.take_object("user", |members| Some(user(members))).unwrap_or_else(|| user(&mut Fields::default()));
    author.id = place.author().unwrap_or_default().to_owned();
    author
}

/// The customer's own id of the user stays among the extras: the platform's is the one that it always has.
fn user(members: &mut Fields<'_>) -> Author {
    Author {
        id: members.take("_id", fields::id).unwrap_or_default(),
        full_name: members.take("username", fields::text),
        properties: Vec::new(),
        extras: members.drain(),
    }
}

/// What was said before, oldest first. The platform ends the list with the message itself, which is no past.
fn history(list: &RawValue, place: &Place) -> Vec<PastMessage> {
    let mut items = fields::list(list).unwrap_or_default();
    let is_itself = |item: &&RawValue| {
        let id = Fields::parse(item.get()).and_then(|members| id_of(&members, "_id"));
        id.is_some() && id == place.message
    };
    if items.last().is_some_and(is_itself) {
        items.pop();
    }
    let newest = items.len().saturating_sub(HISTORY_MAX);
    items[newest..].iter().filter_map(|item| past(item)).collect()
}

fn past(item: &RawValue) -> Option<PastMessage> {
    let mut members = match fields::text(item) {
        Some(text) => return Some(PastMessage { author: None, text: Some(text), published_ms: None }),
        None => Fields::parse(item.get())?,
    };
    let author = members.take("user", |value| Fields::parse(value.get()).map(|mut members| user(&mut members)));
    Some(PastMessage { author, text: members.take("message", fields::text), published_ms: None })
}
