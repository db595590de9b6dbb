//! Turns checked actions into calls of the Agent Chat API (platforms.md C0, C4), in the version that the event speaks and in the bot
//! agent's name.

use serde_json::{Map, Value, json};

use super::wire::{self, Envelope, Version};
use crate::domain::action::{Action, Attribute};
use crate::domain::bot::Bot;
use crate::domain::delivery::Request;
use crate::domain::validate::{Checked, Refusal};
use crate::platform::fields;

mod passthrough;
mod respond;

/// The one `other` action that is known: says that the bot has seen what was written.
pub(super) const MARK_SEEN: &str = "mark-seen";

/// Where every rule of a call is documented.
const SOURCE: &str = "platforms.md C4";

/// What the namespaces of keys without a `client_id` begin with; LiveChat knows none of them.
const TENANTS_APP: &str = "tenant:";

/// Encodes every action, or says why one cannot be.
pub(super) fn encode(bot: &Bot, event: &[u8], checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
    if checked.actions().len() == 0 {
        return Ok(Vec::new());
    }
    let mut answer = Answer::to(bot, event).map_err(|refusal| vec![refusal])?;
    let mut refusals = Vec::new();
    for (at, action) in checked.placed() {
        let path = format!("actions[{at}].{}", action.kind());
        if let Err(refusal) = answer.action(&path, action) {
            refusals.push(refusal);
        }
    }
    if refusals.is_empty() { Ok(answer.requests) } else { Err(refusals) }
}

/// An answer to an event.
struct Answer<'a> {
    bot: &'a Bot,
    version: Version,
    chat: String,
    thread: Option<String>,
    /// When what is answered was made, as the event says it: seconds in v3.0, a text in v3.1.
    made: Option<Value>,
    requests: Vec<Request>,
}

impl<'a> Answer<'a> {
    fn to(bot: &'a Bot, event: &[u8]) -> Result<Self, Refusal> {
        let envelope = Envelope::read(event).ok();
        let (envelope, chat) = envelope
            .and_then(|envelope| envelope.chat_id().map(|chat| (envelope, chat)))
            .ok_or_else(|| unanswerable("actions", "chat_id"))?;
        let made = match envelope.version {
            Version::V30 => envelope.event().get("timestamp").and_then(fields::whole).map(Value::from),
            Version::V31 => envelope.event().get("created_at").and_then(fields::text).map(Value::from),
        };
        let (version, thread) = (envelope.version, envelope.thread_id());
        Ok(Self { bot, version, chat, thread, made, requests: Vec::new() })
    }

    /// Adds the requests of an action. What an agent is to read comes before the chat is theirs.
    fn action(&mut self, path: &str, action: &Action) -> Result<(), Refusal> {
        let kind = action.kind();
        match action {
            Action::Respond(response) => {
                for event in self.events(path, response)? {
                    self.send(kind, &event);
                }
            }
            Action::TypingStart => self.typing(kind, true),
            Action::TypingStop => self.typing(kind, false),
            // A transfer that fails for want of a free agent would leave the customer to a bot that has given up.
            Action::HandOff(comment) => {
                self.comment(path, comment.as_deref())?;
                self.call(kind, "transfer_chat", json!({ "force": true }), true);
            }
            Action::TakeOver => {
                let target = json!({ "type": "agent", "ids": [self.bot.platform_id] });
                self.call(kind, "transfer_chat", json!({ "target": target, "force": true }), true);
            }
            Action::Tag(tags) => self.tags(path, kind, "tag_chat_thread", tags)?,
            Action::Untag(tags) => self.tags(path, kind, "untag_chat_thread", tags)?,
            Action::Note(note) => self.whisper(path, note)?,
            Action::MoveTo { id, comment } => {
                let target = destination(path, id)?;
                self.comment(&format!("{path}.comment"), comment.as_deref())?;
                self.call(kind, "transfer_chat", json!({ "target": target }), true);
            }
            Action::Resolve(comment) => {
                self.comment(path, comment.as_deref())?;
                self.call(kind, "close_thread", json!({}), true);
            }
            Action::SetAttributes(attributes) => {
                let properties = self.properties(path, attributes)?;
                self.call(kind, "update_chat_properties", json!({ "properties": properties }), true);
            }
            Action::Other { kind: name, details } if name == MARK_SEEN => self.mark_seen(path, kind, details)?,
            Action::SetPriority(_) | Action::Other { .. } => {
                return Err(refusal(path, "unknown-action", format!("LiveChat has no {kind}; it has {MARK_SEEN:?}")));
            }
        }
        Ok(())
    }

    /// Adds a call about the chat (platforms.md C0: wrapped in v3.0, with the author beside it).
    fn call(&mut self, action: &'static str, method: &str, more: Value, repeatable: bool) {
        let mut payload = Map::from_iter([("chat_id".to_owned(), json!(self.chat))]);
        if let Value::Object(more) = more {
            payload.extend(more);
        }
        let body = match self.version {
            Version::V30 => json!({ "payload": payload, "author_id": self.bot.platform_id }),
            Version::V31 => Value::Object(payload),
        };
        let path = format!("/{}/agent/action/{method}", self.version.name());
        self.requests.push(Request { action, method: "POST", path, body: body.to_string(), repeatable });
    }

    fn send(&mut self, action: &'static str, event: &Value) {
        self.call(action, "send_event", json!({ "event": event }), false);
    }

    fn typing(&mut self, action: &'static str, is_typing: bool) {
        self.call(action, "send_typing_indicator", json!({ "is_typing": is_typing, "recipients": "all" }), true);
    }

    /// A comment goes before what it is about; it is a note of its own, so that a hand-off is the one call that hands over.
    fn comment(&mut self, path: &str, comment: Option<&str>) -> Result<(), Refusal> {
        comment.filter(|comment| !comment.is_empty()).map_or(Ok(()), |comment| self.whisper(path, comment))
    }

    fn whisper(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        fits(path, text)?;
        self.send("note", &json!({ "type": "message", "text": text, "recipients": "agents" }));
        Ok(())
    }

    fn tags(&mut self, path: &str, action: &'static str, method: &str, tags: &[String]) -> Result<(), Refusal> {
        let thread = self.thread.clone().ok_or_else(|| unanswerable(path, "thread_id"))?;
        for tag in tags {
            self.call(action, method, json!({ "thread_id": thread, "tag": tag }), true);
        }
        Ok(())
    }

    /// Chat properties in the namespace of the bot agent's app, or in the one that stands before the first dot. Values of one name
    /// that is given twice are joined: an object can hold the name only once.
    fn properties(&self, path: &str, attributes: &[Attribute]) -> Result<Value, Refusal> {
        let mut namespaces: Map<String, Value> = Map::new();
        for (at, Attribute { name, values }) in attributes.iter().enumerate() {
            let own = self.bot.account.as_str();
            let (namespace, name) = match name.split_once('.') {
                Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => (namespace, name),
                _ if own.starts_with(TENANTS_APP) => {
                    let reason = "this bot agent's app has no client_id for a namespace: write <namespace>.<name>";
                    return Err(refusal(&format!("{path}[{at}].name"), "namespace", reason.to_owned()));
                }
                _ => (own, name.as_str()),
            };
            let properties = namespaces.entry(namespace).or_insert_with(|| json!({}));
            let known = match self.version {
                Version::V30 => properties[name]["value"].as_str(),
                Version::V31 => properties[name].as_str(),
            };
            let joined = known.into_iter().chain(values.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
            properties[name] = match self.version {
                Version::V30 => json!({ "value": joined }),
                Version::V31 => json!(joined),
            };
        }
        Ok(Value::Object(namespaces))
    }

    /// Up to when is in the details, or else it is what the event says of itself.
    fn mark_seen(&mut self, path: &str, action: &'static str, details: &str) -> Result<(), Refusal> {
        let wrong = |reason: &str| refusal(&format!("{path}.details"), MARK_SEEN, reason.to_owned());
        let object = |details: &str| serde_json::from_str::<Map<String, Value>>(details).ok();
        let details = if details.is_empty() { Some(Map::new()) } else { object(details) };
        let mut details = details.ok_or_else(|| wrong("must be a JSON object"))?;
        match self.version {
            Version::V30 => {
                let timestamp = details.remove("timestamp").or_else(|| self.made.clone());
                if timestamp.as_ref().is_some_and(|timestamp| !timestamp.is_u64()) {
                    return Err(wrong("timestamp must be whole seconds since 1970-01-01 UTC"));
                }
                let more = timestamp.map_or_else(|| json!({}), |timestamp| json!({ "timestamp": timestamp }));
                self.call(action, "update_last_seen_timestamp", more, true);
            }
            Version::V31 => {
                let until = details.remove("seen_up_to").or_else(|| self.made.clone());
                let until = until
                    .filter(Value::is_string)
                    .ok_or_else(|| wrong("seen_up_to must be a time by RFC 3339: the event has none of its own"))?;
                self.call(action, "mark_events_as_seen", json!({ "seen_up_to": until }), true);
            }
        }
        Ok(())
    }
}

/// An agent is an address, a bot agent a hash (of digits alone, perhaps), a group a number.
fn destination(path: &str, id: &str) -> Result<Value, Refusal> {
    if id.contains('@') || wire::is_bot_id(id) {
        return Ok(json!({ "type": "agent", "ids": [id] }));
    }
    if let Ok(group) = id.parse::<u32>() {
        return Ok(json!({ "type": "group", "ids": [group] }));
    }
    let reason = "must be a group's number, an agent's e-mail address or a bot agent's id".to_owned();
    Err(refusal(&format!("{path}.id"), "destination", reason))
}

/// Whether a text can be a message.
fn fits(path: &str, text: &str) -> Result<(), Refusal> {
    if text.len() <= wire::TEXT_BYTES_MAX {
        return Ok(());
    }
    let reason = format!("{} bytes, this platform takes at most {}", text.len(), wire::TEXT_BYTES_MAX);
    Err(refusal(path, "text-too-long", reason))
}

fn unanswerable(path: &str, what: &str) -> Refusal {
    let reason = format!("the event has no {what}, which the call has to name: this cannot be done in answer to it");
    refusal(path, "unanswerable", reason)
}

fn refusal(path: &str, rule: &'static str, reason: String) -> Refusal {
    Refusal { path: path.to_owned(), rule, reason, source: SOURCE }
}
