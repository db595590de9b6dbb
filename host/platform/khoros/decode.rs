//! Reads what Khoros tells a bot (seed 002; platforms.md A3, A5, A11).
//!
//! Reading is lenient, as the platform asks of bots (platforms.md A3): every field may be missing, unknown fields become extras, and
//! an event of an unknown type is an update with an `other` operation. Only three things are refused: a body that is not JSON, a
//! body that is not an object, and a message that does not say whose it is.

use crate::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use crate::domain::event::{
    AgentResponse, Author, Conversation, Event, Message, Operation, Origin, Owner, Update, Visibility,
};
use crate::domain::names::{BotId, ConversationKey, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::platform::fields::{self, Fields};
use crate::platform::{DecodeError, Decoded};

mod parts;

/// Reads an event of a bot. Nesting deeper than serde_json's recursion limit (128) is refused like other malformed JSON.
pub(super) fn decode(bot: &Bot, body: &[u8]) -> Result<Decoded, DecodeError> {
    let json = fields::well_formed(body)?;
    let mut event = Fields::parse(json)
        .ok_or_else(|| DecodeError { path: "$".to_owned(), reason: "an event is a JSON object".to_owned() })?;
    let coordinate = Coordinate::take(&mut event);
    let kind = event.get("type").and_then(fields::text_or_json).unwrap_or_default();
    let id = event_id(&kind, &event, &coordinate);
    let event = match kind.as_str() {
        "message" => Event::Message(Box::new(message(&mut event, &coordinate)?)),
        "update" => Event::Update(Box::new(update(&mut event, &coordinate, json))),
        "control" => Event::Update(Box::new(control(&mut event, &coordinate, json))),
        _ => Event::Update(Box::new(unknown(&mut event, &coordinate, kind, json))),
    };
    let author = match &event {
        Event::Message(message) => &message.author.id,
        Event::Update(update) => &update.author.id,
    };
    let origin = Origin {
        network: coordinate.network.unwrap_or_else(|| bot.network.clone()),
        channel: coordinate.channel.unwrap_or_else(|| bot.channel.clone()),
        visibility: coordinate.visibility,
    };
    let conversation = conversation_key(bot, [&origin.network, &origin.channel, author]);
    Ok(Decoded { event, origin, conversation, event_id: id, history: Vec::new() })
}

/// A bot that holds the conversation where the event says that a bot does, and that the event is for otherwise.
pub(super) fn stand_in(body: &[u8]) -> Bot {
    let mut event = std::str::from_utf8(body).ok().and_then(Fields::parse).unwrap_or_default();
    let coordinate = Coordinate::take(&mut event);
    let owner = event.take("owner", |value| Fields::parse(value.get())).unwrap_or_default();
    let app_id = owner.get("appId").and_then(fields::id).or(coordinate.bot).unwrap_or_else(|| "bot".to_owned());
    Bot {
        id: BotId::from("stand-in"),
        tenant: TenantName::from("default"),
        platform: super::NAME.to_owned(),
        platform_id: app_id,
        network: coordinate.network.unwrap_or_default(),
        channel: coordinate.channel.unwrap_or_default(),
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

/// Where an event happened and whom it is about. The encoder echoes the original; this is what the host itself needs of it.
struct Coordinate {
    network: Option<String>,
    channel: Option<String>,
    author: Option<String>,
    message: Option<String>,
    bot: Option<String>,
    visibility: Visibility,
}

impl Coordinate {
    fn take(event: &mut Fields<'_>) -> Self {
        let members = event.take("coordinate", |value| Fields::parse(value.get())).unwrap_or_default();
        let id = |name| members.get(name).and_then(fields::id);
        let scope = members.get("scope").and_then(fields::text);
        Self {
            network: id("networkKey"),
            channel: id("externalId"),
            author: id("normalizedAuthorId"),
            message: id("messageId"),
            bot: id("botId"),
            visibility: if scope.as_deref() == Some("PUBLIC") { Visibility::Public } else { Visibility::Private },
        }
    }
}

/// A bot's conversation on a network and a channel with an author, by whichever name the network goes here: in the books it is the
/// one that the bot was registered with, so that a conversation has one holder. The parts are joined with slashes, and those
/// within a part escaped, so that different parts never give one key.
pub(super) fn conversation_key(bot: &Bot, [network, channel, author]: [&str; 3]) -> ConversationKey {
    let network = if is_network(bot, network) { bot.network.as_str() } else { network };
    ConversationKey::from([network, channel, author].map(|part| part.replace('%', "%25").replace('/', "%2F")).join("/"))
}

/// Events and their answers name Brand Messenger by its older key as well (conformance 181 and note A).
pub(super) fn is_network(bot: &Bot, network: &str) -> bool {
    bot.network == network || (bot.network == "brandmessenger" && network == "smooch")
}

/// The platform numbers messages, not events: CREATED and the first message carry one message id (conformance 166, 171).
/// So what happened is part of the id, and for what can happen several times to one message, when it happened as well.
/// An event without such a mark has no id: taking two events for one would lose the second.
fn event_id(kind: &str, event: &Fields<'_>, coordinate: &Coordinate) -> Option<String> {
    let message = coordinate.message.as_deref()?;
    match kind {
        "message" => Some(format!("message/{message}")),
        "update" => {
            let operation = event.get("operation").and_then(fields::text)?;
            let response = event.get("agentResponse").and_then(|value| Fields::parse(value.get()));
            match response.and_then(|response| response.get("publishDate").map(|date| date.get().to_owned())) {
                Some(date) => Some(format!("update/{operation}/{message}/{date}")),
                None => Some(format!("update/{operation}/{message}")),
            }
        }
        "control" => {
            let changed = event.get("lastUpdateTS").or_else(|| event.get("lastUpdatedTS"))?;
            Some(format!("control/{message}/{}", changed.get()))
        }
        _ => None,
    }
}

fn message(event: &mut Fields<'_>, coordinate: &Coordinate) -> Result<Message, DecodeError> {
    event.take("type", fields::text);
    let author = author(event, coordinate);
    if author.id.is_empty() {
        return Err(DecodeError {
            path: "author.id".to_owned(),
            reason: "a message needs its author's id here or in coordinate.normalizedAuthorId".to_owned(),
        });
    }
    Ok(Message {
        id: coordinate.message.clone(),
        text: event.take("text", fields::text),
        author,
        owner: event.take_object("owner", |members| owner(members, coordinate)),
        published_ms: event.take("publishedTS", fields::whole),
        received_ms: event.take("receivedTS", fields::whole),
        presses: event.take_list("actions", parts::press),
        form: event.take_object("form", |form| Some(parts::form(form))),
        list_response: event.take("list", |list| Some(list.get().to_owned())),
        media: event.take_list("media", parts::media),
        location: event.take_object("location", |location| Some(parts::location(location))),
        referral: event.take_object("referral", |referral| Some(parts::referral(referral))),
        properties: event.take("properties", fields::extras).unwrap_or_default(),
        extras: event.drain(),
    })
}

fn update(event: &mut Fields<'_>, coordinate: &Coordinate, json: &str) -> Update {
    let operation = match event.get("operation").and_then(fields::text).as_deref() {
        Some("CREATED") => Operation::Created,
        Some("CLOSED") => Operation::Closed,
        Some("AGENT_RESPONSE") => {
            let response = event.take_object("agentResponse", |members| Some(agent_response(members)));
            Operation::AgentResponse(response.unwrap_or(AgentResponse {
                text: None,
                published_ms: None,
                extras: Vec::new(),
            }))
        }
        _ => {
            let kind = event.get("operation").and_then(fields::text_or_json).unwrap_or_else(|| "update".to_owned());
            return unknown(event, coordinate, kind, json);
        }
    };
    event.take("type", fields::text);
    event.take("operation", fields::text);
    Update {
        author: author(event, coordinate),
        operation,
        conversation: event.take_object("conversation", |members| Some(conversation(members))),
        extras: event.drain(),
    }
}

/// The conversation changed hands (platforms.md A3: documented for the API, seen as an event in client code).
fn control(event: &mut Fields<'_>, coordinate: &Coordinate, json: &str) -> Update {
    let Some(owner) = event.take_object("owner", |members| owner(members, coordinate)) else {
        return unknown(event, coordinate, "control".to_owned(), json);
    };
    event.take("type", fields::text);
    // A number in one place of the platform's documents, a string in another (platforms.md A11).
    let display_id = event.take("conversationDisplayId", fields::integer);
    Update {
        author: author(event, coordinate),
        operation: Operation::OwnerChanged(owner),
        conversation: display_id.map(|id| Conversation {
            display_id: Some(id),
            disposition_id: None,
            encoded_disposition_id: None,
            uuid: None,
            extras: Vec::new(),
        }),
        extras: event.drain(),
    }
}

/// Something that the contract has no case for: the bot gets all of it as text.
fn unknown(event: &mut Fields<'_>, coordinate: &Coordinate, kind: String, json: &str) -> Update {
    Update {
        author: author(event, coordinate),
        operation: Operation::Other { kind, details: json.to_owned() },
        conversation: None,
        extras: Vec::new(),
    }
}

/// The author, with an empty id where the event names none.
fn author(event: &mut Fields<'_>, coordinate: &Coordinate) -> Author {
    let read = |members: &mut Fields<'_>| Author {
        id: members.take("id", fields::id).or_else(|| coordinate.author.clone()).unwrap_or_default(),
        full_name: members.take("fullName", fields::text),
        properties: members.take("properties", fields::extras).unwrap_or_default(),
        extras: members.drain(),
    };
    event.take_object("author", |members| Some(read(members))).unwrap_or_else(|| read(&mut Fields::default()))
}

/// AGENT or BOT with its id (conformance 159). Where a BOT goes unnamed it is the one that the coordinate names.
fn owner(members: &mut Fields<'_>, coordinate: &Coordinate) -> Option<Owner> {
    match members.take("type", fields::text)?.as_str() {
        "AGENT" => Some(Owner::Agent),
        "BOT" => members.take("appId", fields::id).or_else(|| coordinate.bot.clone()).map(Owner::Bot),
        _ => None,
    }
}

fn agent_response(members: &mut Fields<'_>) -> AgentResponse {
    AgentResponse {
        text: members.take("text", fields::text),
        published_ms: members.take("publishDate", fields::whole),
        extras: members.drain(),
    }
}

fn conversation(members: &mut Fields<'_>) -> Conversation {
    Conversation {
        display_id: members.take("displayId", fields::integer),
        disposition_id: members.take("dispositionId", fields::integer),
        encoded_disposition_id: members.take("encodedDispositionId", fields::integer),
        uuid: members.take("conversationUuid", fields::text),
        extras: members.drain(),
    }
}
