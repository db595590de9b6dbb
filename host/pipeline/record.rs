//! How a turn is written down: an outcome and a log as JSON, for the turn's record, `bothost run` and the demo.

use serde_json::{Map, Value, json};

use crate::domain::action::{Action, Attachment, Button, ListChoice, ListMessage, ListStyle, Response};
use crate::domain::degrade::Degradation;
use crate::domain::event::{Media, MediaKind};
use crate::domain::turn::{LogLine, Outcome, StateChange};
use crate::domain::validate::Refusal;

/// An outcome in the contract's words.
#[must_use]
pub fn outcome(outcome: &Outcome) -> Value {
    let actions: Vec<Value> = outcome.actions.iter().map(action).collect();
    let state = match &outcome.state {
        StateChange::Keep => json!("keep"),
        StateChange::Set(text) => json!({ "set": text }),
        StateChange::Clear => json!("clear"),
    };
    json!({ "actions": actions, "state": state })
}

/// Why a turn gave nothing to send: one word, and the whole story.
#[must_use]
pub fn cause(kind: &str, story: &str) -> Value {
    json!({ "kind": kind, "reason": story })
}

/// Why actions were refused, each with the rule and where it is documented.
#[must_use]
pub fn refusals(refusals: &[Refusal]) -> Value {
    let refusal = |refusal: &Refusal| json!({ "path": refusal.path, "rule": refusal.rule, "reason": refusal.reason, "source": refusal.source });
    refusals.iter().map(refusal).collect()
}

/// Which of an outcome's actions were withheld.
#[must_use]
pub fn withheld(places: &[usize]) -> Value {
    json!(places)
}

/// A log, how many lines of it were not kept, and what was done in another way than the bot said it.
#[must_use]
pub fn log(lines: &[LogLine], dropped: u64, degraded: &[Degradation]) -> Value {
    let mut log: Vec<Value> = lines.iter().map(|line| json!({ "level": line.level, "text": line.text })).collect();
    if dropped > 0 {
        log.push(json!({ "level": "host", "text": format!("{dropped} more lines were dropped") }));
    }
    log.extend(degraded.iter().map(|one| json!({ "level": "host", "text": one.to_string() })));
    Value::Array(log)
}

/// An action: its name, or its name and what it says.
#[must_use]
pub fn action(action: &Action) -> Value {
    let detail = match action {
        Action::TypingStart | Action::TypingStop | Action::TakeOver => return json!(action.kind()),
        Action::Respond(response) => self::response(response),
        Action::HandOff(comment) | Action::Resolve(comment) => json!({ "comment": comment }),
        Action::SetPriority(priority) => json!(priority),
        Action::Tag(tags) | Action::Untag(tags) => json!(tags),
        Action::Note(note) => json!(note),
        Action::MoveTo { id, comment } => json!({ "id": id, "comment": comment }),
        Action::SetAttributes(attributes) => {
            attributes.iter().map(|attribute| (attribute.name.clone(), json!(attribute.values))).collect()
        }
        Action::Other { kind, details } => json!({ "kind": kind, "details": parsed(details) }),
    };
    json!({ (action.kind()): detail })
}

fn response(response: &Response) -> Value {
    let mut said = Map::new();
    if let Some(text) = &response.text {
        said.insert("text".to_owned(), json!(text));
    }
    if !response.buttons.is_empty() {
        said.insert("buttons".to_owned(), response.buttons.iter().map(button).collect());
    }
    if let Some(attachment) = &response.attachment {
        let (name, value) = self::attachment(attachment);
        said.insert(name.to_owned(), value);
    }
    Value::Object(said)
}

fn button(button: &Button) -> Value {
    match button {
        Button::Postback { text, payload } => json!({ "postback": { "text": text, "payload": payload } }),
        Button::Reply { text, payload } => json!({ "reply": { "text": text, "payload": payload } }),
        Button::Link { text, url } => json!({ "link": { "text": text, "url": url } }),
    }
}

fn attachment(attachment: &Attachment) -> (&'static str, Value) {
    match attachment {
        Attachment::Media(media) => ("media", self::media(media)),
        Attachment::RichContent(rich) => (
            "rich-content",
            json!({
                "media-type": rich.media_type, "url": rich.url, "title": rich.title,
                "media-url": rich.media_url, "mime-type": rich.mime_type,
            }),
        ),
        Attachment::Passthrough(json) => ("passthrough", parsed(json)),
        Attachment::ListPicker(list) => {
            let sections: Vec<Value> = list
                .sections
                .iter()
                .map(|section| {
                    json!({
                        "id": section.id, "title": section.title, "multiple-selection": section.multiple_selection,
                        "choices": section.choices.iter().map(choice).collect::<Vec<_>>(),
                    })
                })
                .collect();
            let request = list_message(&list.request_message);
            let response = list_message(&list.response_message);
            ("list-picker", json!({ "request-message": request, "response-message": response, "sections": sections }))
        }
    }
}

fn list_message(message: &ListMessage) -> Value {
    let style = message.style.map(|style| match style {
        ListStyle::Large => "large",
        ListStyle::Small => "small",
        ListStyle::Icon => "icon",
    });
    json!({
        "title": message.title, "subtitle": message.subtitle,
        "media": message.media.as_ref().map(media), "style": style,
    })
}

fn choice(choice: &ListChoice) -> Value {
    json!({
        "id": choice.id, "title": choice.title, "subtitle": choice.subtitle,
        "media": choice.media.as_ref().map(media),
    })
}

fn media(media: &Media) -> Value {
    let kind = match &media.kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Other(kind) => kind,
    };
    json!({ "url": media.url, "kind": kind, "title": media.title })
}

/// JSON text as JSON, or as the text that it is.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
