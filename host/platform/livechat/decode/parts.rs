//! The parts of what is said: texts, pressed buttons, files and forms (platforms.md C4, "Event types").

use serde_json::value::RawValue;

use crate::domain::event::{Author, Extra, FormField, FormResponse, Media, MediaKind, Message, Press};
use crate::platform::fields::{self, Fields};
use crate::platform::livechat::wire;

/// The types of event by which a customer says something.
pub(super) const SAID: [&str; 3] = ["message", "file", "filled_form"];

/// What of a file is told beside its URL, its name and its kind.
const FILE_DETAILS: [&str; 6] = ["content_type", "size", "width", "height", "thumbnail_url", "thumbnail2x_url"];

/// A customer's event.
pub(super) fn message(event: &mut Fields<'_>, author: Author) -> Message {
    let kind = event.take("type", fields::text).unwrap_or_default();
    let form = if kind == "filled_form" { event.take("fields", fields::list) } else { None };
    let form = form.map(|answers| FormResponse {
        fields: answers.into_iter().map(form_field).collect(),
        quoted_fields: Vec::new(),
        extras: event.take("form_id", |id| Some(vec![extra("form_id", id)])).unwrap_or_default(),
    });
    Message {
        id: event.take("id", fields::id),
        text: event.take("text", fields::text),
        author,
        owner: None,
        published_ms: wire::made_ms(event),
        received_ms: None,
        presses: event.take_object("postback", press).into_iter().collect(),
        form,
        list_response: None,
        media: if kind == "file" { file(event).into_iter().collect() } else { Vec::new() },
        location: None,
        referral: None,
        properties: event.take("properties", fields::extras).unwrap_or_default(),
        extras: event.drain(),
    }
}

/// A pressed button and nothing else.
pub(super) fn press_alone(payload: String, author: Author) -> Message {
    let mut message = message(&mut Fields::default(), author);
    message.presses.push(Press { kind: "postback".to_owned(), payload, text: None });
    message
}

/// Adds what the same customer said next.
pub(super) fn add(message: &mut Message, next: Message) {
    message.text = match (message.text.take(), next.text) {
        (Some(text), Some(next)) => Some(format!("{text}\n{next}")),
        (text, next) => text.or(next),
    };
    message.id = next.id.or(message.id.take());
    message.published_ms = next.published_ms.or(message.published_ms);
    message.presses.extend(next.presses);
    message.form = message.form.take().or(next.form);
    message.media.extend(next.media);
    message.properties.extend(next.properties);
}

/// A message that was written by pressing a button: the button's id is what the bot said that it sends, and a button that writes
/// its own words has them as its value.
fn press(members: &mut Fields<'_>) -> Option<Press> {
    let payload = members.take("id", fields::id)?;
    let writes = members.get("type").and_then(fields::text).as_deref() == Some("message");
    let text = members.get("value").filter(|_| writes).and_then(fields::text);
    Some(Press { kind: "postback".to_owned(), payload, text })
}

fn file(event: &mut Fields<'_>) -> Option<Media> {
    let url = event.take("url", fields::text)?;
    let content_type = event.get("content_type").and_then(fields::text).unwrap_or_default();
    let kind = match content_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Other(content_type),
    };
    let details = FILE_DETAILS.iter().filter_map(|name| event.take(name, |value| Some(extra(name, value))));
    let extras = details.collect();
    Some(Media { url, kind, title: event.take("name", fields::text), extras })
}

/// One answer. The documents have `answer` and `answers`, an object for what was chosen; a client library's sample has `value`.
fn form_field(field: &RawValue) -> FormField {
    let members = Fields::parse(field.get()).unwrap_or_default();
    let named = |name| members.get(name).and_then(fields::id);
    let answers = members.get("answers").and_then(fields::list).unwrap_or_default();
    let single = members.get("answer").or_else(|| members.get("value"));
    FormField {
        name: named("id").or_else(|| named("type")).unwrap_or_default(),
        label: members.get("label").and_then(fields::text),
        values: answers.into_iter().chain(single).filter_map(answer).collect(),
        raw: field.get().to_owned(),
    }
}

/// What was answered: a text, or the label of what was chosen.
fn answer(answer: &RawValue) -> Option<String> {
    let label = |chosen: Fields<'_>| chosen.get("label").or_else(|| chosen.get("id")).and_then(fields::text_or_json);
    match Fields::parse(answer.get()) {
        Some(chosen) => label(chosen),
        None => fields::text_or_json(answer).filter(|text| !text.is_empty()),
    }
}

fn extra(key: &str, value: &RawValue) -> Extra {
    Extra { key: key.to_owned(), json: value.get().to_owned() }
}
