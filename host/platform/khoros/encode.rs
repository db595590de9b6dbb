//! Turns checked actions into Bot API v3 calls (seed 001; platforms.md A6, A7).
//!
//! Every call echoes the coordinate of the event that it answers, to the byte, and names the event's author.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::wire::{
    self, Attributes, Author, AuthorAttributes, Call, Control, Endpoint, Note, Nothing, Owner, Priority, Resolve,
    SecureForm, Tags, WorkQueue,
};
use crate::domain::action::{Action, Attribute};
use crate::domain::bot::Bot;
use crate::domain::delivery::Request;
use crate::domain::validate::{Checked, Refusal};
use crate::platform::fields::{self, Fields};

mod respond;

/// The one `other` action that is known: asks the customer to fill in a secure form.
pub(super) const SECURE_FORM: &str = "secure-form";

/// Encodes every action, or says why one cannot be.
pub(super) fn encode(bot: &Bot, event: &[u8], checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
    if checked.actions().len() == 0 {
        return Ok(Vec::new());
    }
    let answer = Answer::to(bot, event).map_err(|refusal| vec![refusal])?;
    let mut requests = Vec::with_capacity(checked.actions().len());
    let mut refusals = Vec::new();
    for (at, action) in checked.placed() {
        match answer.request(&format!("actions[{at}].{}", action.kind()), action) {
            Ok(request) => requests.push(request),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(requests) } else { Err(refusals) }
}

/// What of the event goes into its answers, as the platform wrote it.
struct Answer<'a> {
    bot: &'a Bot,
    coordinate: &'a RawValue,
    author: Author<'a>,
    owner: Option<&'a RawValue>,
    published_ts: Option<&'a RawValue>,
    received_ts: Option<&'a RawValue>,
    display_id: Option<&'a RawValue>,
    network: String,
}

impl<'a> Answer<'a> {
    fn to(bot: &'a Bot, event: &'a [u8]) -> Result<Self, Refusal> {
        let members = std::str::from_utf8(event).ok().and_then(Fields::parse).unwrap_or_default();
        let object = |name| members.get(name).and_then(|value| Fields::parse(value.get())).unwrap_or_default();
        let (author, at) = (object("author"), object("coordinate"));
        let id = |members: &Fields<'a>, name| members.get(name).filter(|id| fields::id(id).is_some());
        let coordinate = members.get("coordinate").ok_or_else(|| unanswerable("coordinate", "conformance 97"))?;
        let author_id = id(&author, "id")
            .or_else(|| id(&at, "normalizedAuthorId"))
            .ok_or_else(|| unanswerable("author id", "conformance 96"))?;
        Ok(Self {
            bot,
            coordinate,
            author: Author { id: author_id, full_name: author.get("fullName") },
            owner: members.get("owner"),
            published_ts: members.get("publishedTS"),
            received_ts: members.get("receivedTS"),
            network: at.get("networkKey").and_then(fields::id).unwrap_or_else(|| bot.network.clone()),
            display_id: members.get("conversationDisplayId").or_else(|| object("conversation").get("displayId")),
        })
    }

    fn request(&self, path: &str, action: &Action) -> Result<Request, Refusal> {
        let (endpoint, body) = match action {
            Action::Respond(response) => self.call(&wire::MESSAGE, self.respond(path, response)?),
            Action::TypingStart => self.call(&wire::TYPING_START, Nothing {}),
            Action::TypingStop => self.call(&wire::TYPING_STOP, Nothing {}),
            Action::HandOff(comment) => {
                let owner = Owner { kind: "AGENT", app_id: None };
                self.call(&wire::CONTROL, self.control(owner, comment.as_deref()))
            }
            Action::TakeOver => {
                let owner = Owner { kind: "BOT", app_id: Some(&self.bot.platform_id) };
                self.call(&wire::CONTROL, self.control(owner, None))
            }
            Action::SetPriority(priority) => self.call(&wire::PRIORITY, Priority { new_priority: *priority }),
            Action::Tag(ids) => self.call(&wire::TAG, tags(path, ids)?),
            Action::Untag(ids) => self.call(&wire::UNTAG, tags(path, ids)?),
            Action::Note(note) => self.call(&wire::NOTE, Note { note }),
            Action::MoveTo { id, comment } => {
                let queue = WorkQueue {
                    new_work_queue: number(&format!("{path}.id"), id)?,
                    comment: comment.as_deref(),
                    conversation_display_id: self.display_id,
                };
                self.call(&wire::WORK_QUEUE, queue)
            }
            Action::Resolve(comment) => self.call(&wire::RESOLVE, Resolve { comment: comment.as_deref() }),
            Action::SetAttributes(list) => self.call(&wire::ATTRIBUTES, attributes(list)),
            Action::Other { kind, details } if kind == SECURE_FORM => {
                self.call(&wire::FORM, secure_form(path, details)?)
            }
            Action::Other { kind, .. } => return Err(unknown(path, kind)),
        };
        let body = body.map_err(|error| unwritable(action, &error))?;
        Ok(endpoint.request(action, body))
    }

    fn call(&self, to: &'static Endpoint, rest: impl Serialize) -> (&'static Endpoint, serde_json::Result<String>) {
        let call = Call { coordinate: self.coordinate, author: self.author, kind: to.kind, rest };
        (to, serde_json::to_string(&call))
    }

    fn control<'b>(&self, owner: Owner<'b>, comment: Option<&'b str>) -> Control<'b>
    where
        'a: 'b,
    {
        Control { owner, comment, conversation_display_id: self.display_id }
    }
}

fn tags(path: &str, ids: &[String]) -> Result<Tags, Refusal> {
    let numbers = ids.iter().enumerate().map(|(at, id)| number(&format!("{path}[{at}]"), id));
    Ok(Tags { entity_type: "POST", tag_ids: numbers.collect::<Result<_, _>>()? })
}

fn number(path: &str, id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal {
        path: path.to_owned(),
        rule: "numeric-id",
        reason: format!("{id:?} is not a whole number"),
        source: "platforms.md A7",
    })
}

/// Values of one name that is given twice are joined: an object can hold the name only once.
fn attributes(list: &[Attribute]) -> AuthorAttributes {
    let mut attributes = serde_json::Map::new();
    for Attribute { name, values } in list {
        let known = attributes.entry(name.as_str()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(known) = known {
            known.extend(values.iter().map(|value| Value::from(value.as_str())));
        }
    }
    AuthorAttributes { payload: Attributes { attributes } }
}

fn secure_form<'a>(path: &str, details: &'a str) -> Result<SecureForm<'a>, Refusal> {
    let refusal = |field: &str, reason: &str| Refusal {
        path: format!("{path}.details{field}"),
        rule: "secure-form",
        reason: reason.to_owned(),
        source: "platforms.md A7",
    };
    let object = || refusal("", "must be a JSON object with comment and secureFormId");
    // Read as a whole first: a raw value alone would let nesting through that no reader of the request could follow.
    serde_json::from_str::<Value>(details).map_err(|_| object())?;
    let members = Fields::parse(details).ok_or_else(object)?;
    let comment = members
        .get("comment")
        .filter(|comment| fields::text(comment).is_some_and(|comment| !comment.is_empty()))
        .ok_or_else(|| refusal(".comment", "must be a text"))?;
    let secure_form_id = members
        .get("secureFormId")
        .filter(|id| fields::id(id).is_some())
        .ok_or_else(|| refusal(".secureFormId", "must be the form's id"))?;
    Ok(SecureForm { comment, secure_form_id })
}

fn unanswerable(what: &str, source: &'static str) -> Refusal {
    Refusal {
        path: "actions".to_owned(),
        rule: "unanswerable",
        reason: format!("the event has no {what}, which every call has to repeat: nothing can be done in answer to it"),
        source,
    }
}

fn unknown(path: &str, kind: &str) -> Refusal {
    Refusal {
        path: path.to_owned(),
        rule: "unknown-action",
        reason: format!("Khoros has no {kind:?}; it has {SECURE_FORM:?}"),
        source: "platforms.md A7",
    }
}

fn unwritable(action: &Action, error: &serde_json::Error) -> Refusal {
    Refusal {
        path: "actions".to_owned(),
        rule: "unwritable",
        reason: format!("{} cannot be written as JSON: {error}", action.kind()),
        source: "platforms.md A6",
    }
}
