//! Reads the message of a `POST /respond` (seed 001; platforms.md A6).

use serde_json::value::RawValue;

use super::object::{EXCLUSIVE, Found, Object, Place};
use crate::domain::action::{
    Attachment, Button, ListChoice, ListMessage, ListPicker, ListSection, Response, RichContent,
};
use crate::domain::event::Media;
use crate::platform::khoros::{passthrough, wire};

/// No two of these go together (conformance 80, 99-101, 111-113, 117-119, 126 and note E), and who says so.
const PAIRS: [(&str, &str, &str); 6] = [
    ("list", "media", "conformance 100, 111"),
    ("list", "richContent", "conformance 101, 117"),
    ("list", "payload", "conformance 80, 99, 126"),
    ("media", "richContent", "conformance 112, 119"),
    ("media", "payload", "conformance 113"),
    ("richContent", "payload", "conformance 118"),
];

/// What a message may say; a message without any of these says nothing.
pub(super) const SAYS: [&str; 6] = ["text", "actions", "list", "media", "richContent", "payload"];

/// A message as it came: any number of attachments, so that each of them is checked even where two exclude each other.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: Option<String>,
    pub(super) buttons: Vec<Button>,
    pub(super) attachments: Vec<Attachment>,
}

impl Said {
    /// Reads all of it.
    pub(super) fn read(found: &mut Found, message: &Object<'_, '_>, network: Option<&str>) -> Self {
        for (one, other, source) in PAIRS {
            if message.has(one) && message.has(other) {
                let reason = format!("cannot be set together with {one}");
                found.refuse(message.at(other), EXCLUSIVE, source, &reason);
            }
        }
        for time in ["publishedTS", "receivedTS"] {
            message.optional_whole(found, time);
        }
        if let Some(owner) = message.optional_object(found, "owner", "conformance 121, 159") {
            super::owner(found, &owner);
        }
        let text = message.optional_text(found, "text");
        let buttons = buttons(found, message);
        let attachments = [
            list(found, message).map(|list| Attachment::ListPicker(Box::new(list))),
            media(found, message).map(Attachment::Media),
            rich_content(found, message).map(Attachment::RichContent),
            payload(found, message, network).map(Attachment::Passthrough),
        ];
        Self { text, buttons, attachments: attachments.into_iter().flatten().collect() }
    }

    /// One response for each attachment, and at least one. The first has all that was said.
    pub(super) fn into_responses(self) -> Vec<Response> {
        let Self { text, buttons, attachments } = self;
        let mut attachments = attachments.into_iter();
        let first = Response { text: text.clone(), buttons, attachment: attachments.next() };
        let more = attachments.map(|one| Response { text: text.clone(), attachment: Some(one), ..Response::default() });
        std::iter::once(first).chain(more).collect()
    }
}

/// Conformance 90-95. A button of an unknown type is checked as a reply, which asks for the least.
fn buttons(found: &mut Found, message: &Object<'_, '_>) -> Vec<Button> {
    #[derive(Clone, Copy)]
    enum Kind {
        Postback,
        Reply,
    }
    let items = message.optional_list(found, "actions").unwrap_or_default();
    let list = message.at("actions");
    let mut buttons = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let place = Place::Item(&list, at);
        let Some(button) = Object::open(found, place, item.get(), "conformance 92-95") else {
            buttons.push(Button::Reply { text: None, payload: String::new() });
            continue;
        };
        let kind = button.one_of(found, "type", &[("postback", Kind::Postback), ("reply", Kind::Reply)]);
        let payload = button.text(found, "payload");
        buttons.push(match kind {
            Some(Kind::Postback) => Button::Postback { text: button.text(found, "text"), payload },
            Some(Kind::Reply) | None => Button::Reply { text: button.optional_text(found, "text"), payload },
        });
    }
    buttons
}

/// Conformance 98, 102-108.
fn list(found: &mut Found, message: &Object<'_, '_>) -> Option<ListPicker> {
    let list = message.optional_object(found, "list", "conformance 102, 103, 106")?;
    let bubble = |found: &mut Found, name| {
        let bubble = list.object(found, name, "conformance 102-105");
        bubble.map_or_else(nothing, |bubble| list_message(found, &bubble))
    };
    let (request_message, response_message) = (bubble(found, "requestMessage"), bubble(found, "responseMessage"));
    let items = list.list(found, "sections");
    let place = list.at("sections");
    let mut sections = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        sections.push(section(found, Place::Item(&place, at), item));
    }
    Some(ListPicker { request_message, response_message, sections })
}

/// A bubble that is refused: in its place, so that everything beside it is checked under its own path.
fn nothing() -> ListMessage {
    ListMessage { title: String::new(), subtitle: None, media: None, style: None }
}

fn section(found: &mut Found, place: Place<'_>, item: &RawValue) -> ListSection {
    let Some(section) = Object::open(found, place, item.get(), "conformance 106") else {
        let (id, title) = (String::new(), String::new());
        return ListSection { id, title, multiple_selection: false, choices: Vec::new() };
    };
    let (id, title) = (section.text(found, "id"), section.text(found, "title"));
    let multiple_selection = match section.missing(found, "multipleSelection") {
        true => None,
        false => section.optional_flag(found, "multipleSelection"),
    };
    let items = section.list(found, "choices");
    let place = section.at("choices");
    let mut choices = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        choices.push(choice(found, Place::Item(&place, at), item));
    }
    ListSection { id, title, multiple_selection: multiple_selection.unwrap_or_default(), choices }
}

fn choice(found: &mut Found, place: Place<'_>, item: &RawValue) -> ListChoice {
    let choice = Object::open(found, place, item.get(), "conformance 107");
    let id = choice.as_ref().map(|choice| choice.text(found, "id")).unwrap_or_default();
    let message = choice.as_ref().and_then(|choice| choice.object(found, "message", "conformance 107"));
    let message = message.map_or_else(nothing, |message| list_message(found, &message));
    ListChoice { id, title: message.title, subtitle: message.subtitle, media: message.media }
}

/// SMALL unless it is said (conformance 105).
fn list_message(found: &mut Found, message: &Object<'_, '_>) -> ListMessage {
    let style = message.has("style").then(|| {
        let styles = wire::STYLES.map(|style| (wire::style(style), style));
        message.one_of(found, "style", &styles)
    });
    let media = message.optional_object(found, "media", "conformance 108, 114");
    ListMessage {
        title: message.text(found, "title"),
        subtitle: message.optional_text(found, "subtitle"),
        media: media.map(|media| medium(found, &media)),
        style: Some(style.flatten().unwrap_or_default()),
    }
}

/// Conformance 110: a list with exactly one. A bare object is refused, since what is sent on is what came.
fn media(found: &mut Found, message: &Object<'_, '_>) -> Option<Media> {
    let value = message.get("media")?;
    let place = message.at("media");
    let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
    let [item] = items[..] else {
        found.refuse(place, "one-medium", "conformance 110", "must be a list with exactly one element");
        return None;
    };
    let media = Object::open(found, Place::Item(&place, 0), item.get(), "conformance 114")?;
    Some(medium(found, &media))
}

fn medium(found: &mut Found, media: &Object<'_, '_>) -> Media {
    Media {
        url: media.text(found, "url"),
        kind: wire::media_kind(media.text(found, "mediaType")),
        title: media.optional_text(found, "title"),
        extras: Vec::new(),
    }
}

/// Conformance 115, 120.
fn rich_content(found: &mut Found, message: &Object<'_, '_>) -> Option<RichContent> {
    let rich = message.optional_object(found, "richContent", "conformance 120")?;
    Some(RichContent {
        media_type: rich.text(found, "mediaType"),
        url: rich.text(found, "url"),
        title: rich.text(found, "title"),
        media_url: rich.text(found, "mediaUrl"),
        mime_type: rich.text(found, "mimeType"),
    })
}

/// Conformance 123-127.
fn payload(found: &mut Found, message: &Object<'_, '_>, network: Option<&str>) -> Option<String> {
    let value = message.get("payload")?;
    let Ok(json) = serde_json::from_str::<String>(value.get()) else {
        found.refuse(message.at("payload"), "passthrough", "conformance 125", "must be a string that holds JSON");
        return None;
    };
    if let Err(fault) = passthrough::check(&json, network) {
        found.push(fault.refusal(message.at("payload").to_string()));
    }
    Some(json)
}
