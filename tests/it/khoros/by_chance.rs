//! Payloads and actions by chance.

use bothost::domain::action::{
    Action, Attachment, Attribute, Button, ListChoice, ListMessage, ListPicker, ListSection, ListStyle, Response,
    RichContent,
};
use bothost::domain::event::{Media, MediaKind};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use serde_json::Value;

/// Names that the documents know, in any place, and some that they do not.
pub(super) const NAMES: &[&str] = &[
    "type",
    "coordinate",
    "author",
    "owner",
    "text",
    "actions",
    "list",
    "media",
    "richContent",
    "payload",
    "id",
    "url",
    "mediaType",
    "title",
    "subtitle",
    "style",
    "sections",
    "choices",
    "message",
    "requestMessage",
    "networkKey",
    "scope",
    "botId",
    "properties",
    "form",
    "location",
    "geoDSL",
    "referral",
    "conversation",
    "operation",
    "agentResponse",
    "credentials",
    "secret",
    "contact",
    "email",
    "publicFilter",
    "includeSourceTagIds",
    "metadata",
    "platform",
    "mode",
    "networkInstance",
    "newPriority",
    "tagIds",
    "comment",
    "newWorkQueue",
    "processSynchronously",
    "",
    "a.b[0]",
    "ü",
];

/// Words that mean something somewhere.
pub(super) const WORDS: &[&str] = &[
    "",
    "message",
    "update",
    "control",
    "typing_start",
    "tag",
    "remove_tag",
    "CREATED",
    "CLOSED",
    "AGENT_RESPONSE",
    "AGENT",
    "BOT",
    "PRIVATE",
    "PUBLIC",
    "apple",
    "smooch",
    "lia",
    "sms",
    "IMAGE",
    "VIDEO",
    "LARGE",
    "postback",
    "reply",
    "{}",
    "[1]",
    "{",
    "https://x.example.com/",
    "http://",
    "module:greeter",
    "module:@",
    "LIVE",
    "LITHIUM",
    "EXTERNAL",
    "HMAC",
    "BASIC_AUTH",
    "whsec_",
    "a@b",
    "47.1,8.2",
    "POST",
    "0",
    "🍺\u{0}",
    "\u{202e}",
];

pub(super) fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        4 => select(WORDS).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => (0..10_u64).prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((select(NAMES), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
    .boxed()
}

/// One thing done to a payload.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Set(Index, Value),
    Remove(Index),
    Add(Index, &'static str, Value),
    Double(Index),
    Byte(Index, u8),
    Cut(Index),
}

pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => (any::<Index>(), value()).prop_map(|(at, value)| Change::Set(at, value)),
        3 => any::<Index>().prop_map(Change::Remove),
        4 => (any::<Index>(), select(NAMES), value()).prop_map(|(at, name, value)| Change::Add(at, name, value)),
        1 => any::<Index>().prop_map(Change::Double),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
    ];
    vec(change, 0..5)
}

/// Changes of the JSON first, then those of its text.
pub(super) fn changed(mut body: Value, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let mut all = Vec::new();
        pointers(&body, String::new(), &mut all);
        match change {
            Change::Set(at, value) => *body.pointer_mut(at.get::<String>(&all)).unwrap() = value.clone(),
            Change::Add(at, name, value) => match body.pointer_mut(at.get::<String>(&all)).unwrap() {
                Value::Object(members) => drop(members.insert((*name).to_owned(), value.clone())),
                Value::Array(items) => items.push(value.clone()),
                _ => {}
            },
            Change::Remove(at) => {
                let Some((parent, name)) = at.get::<String>(&all).rsplit_once('/') else { continue };
                match body.pointer_mut(parent).unwrap() {
                    Value::Object(members) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~"))),
                    Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                    _ => {}
                }
            }
            Change::Double(at) => {
                if let Value::Array(items) = body.pointer_mut(at.get::<String>(&all)).unwrap() {
                    items.extend(items.clone());
                }
            }
            Change::Byte(..) | Change::Cut(_) => {}
        }
    }
    let mut text = body.to_string().into_bytes();
    for change in changes {
        match change {
            Change::Byte(at, byte) if !text.is_empty() => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            Change::Cut(at) => text.truncate(at.index(text.len() + 1)),
            _ => {}
        }
    }
    text
}

pub(super) fn pointers(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                pointers(value, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                pointers(value, format!("{path}/{at}"), all);
            }
        }
        _ => {}
    }
    all.push(path);
}

/// A payload made of one of these, or of anything.
pub(super) fn bodies(bases: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => (select(bases), changes()).prop_map(|(base, changes)| changed(base, &changes)),
        2 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..64),
    ]
}

pub(super) fn text() -> BoxedStrategy<String> {
    prop_oneof![6 => select(WORDS).prop_map(str::to_owned), 1 => "\\PC{0,20}", 1 => Just("x".repeat(70_000))].boxed()
}

pub(super) fn some_text() -> BoxedStrategy<Option<String>> {
    prop_oneof![1 => Just(None), 2 => text().prop_map(Some)].boxed()
}

pub(super) fn media() -> BoxedStrategy<Media> {
    let kind = prop_oneof![
        3 => Just(MediaKind::Image),
        1 => Just(MediaKind::Video),
        1 => text().prop_map(MediaKind::Other)
    ];
    let url = prop_oneof![3 => Just("https://pics.example.com/a.jpg".to_owned()), 1 => text()];
    (url, kind, some_text()).prop_map(|(url, kind, title)| Media { url, kind, title, extras: Vec::new() }).boxed()
}

pub(super) fn some_media() -> BoxedStrategy<Option<Media>> {
    prop_oneof![2 => Just(None), 1 => media().prop_map(Some)].boxed()
}

pub(super) fn list_message() -> BoxedStrategy<ListMessage> {
    let style = select(vec![None, Some(ListStyle::Large), Some(ListStyle::Small), Some(ListStyle::Icon)]);
    (text(), some_text(), some_media(), style)
        .prop_map(|(title, subtitle, media, style)| ListMessage { title, subtitle, media, style })
        .boxed()
}

pub(super) fn picker() -> BoxedStrategy<ListPicker> {
    let choice = (text(), text(), some_text(), some_media()).prop_map(|(id, title, subtitle, media)| ListChoice {
        id,
        title,
        subtitle,
        media,
    });
    let section = (text(), text(), any::<bool>(), vec(choice, 0..4))
        .prop_map(|(id, title, multiple_selection, choices)| ListSection { id, title, multiple_selection, choices });
    (list_message(), list_message(), vec(section, 0..3))
        .prop_map(|(request_message, response_message, sections)| ListPicker {
            request_message,
            response_message,
            sections,
        })
        .boxed()
}

pub(super) fn response() -> BoxedStrategy<Response> {
    let button = prop_oneof![
        (text(), text()).prop_map(|(text, payload)| Button::Postback { text, payload }),
        (some_text(), text()).prop_map(|(text, payload)| Button::Reply { text, payload }),
        (text(), text()).prop_map(|(text, url)| Button::Link { text, url }),
    ];
    let rich = (text(), text(), text()).prop_map(|(media_type, title, mime_type)| RichContent {
        media_type,
        url: "https://www.example.com/a".to_owned(),
        title,
        media_url: "https://www.example.com/a.jpg".to_owned(),
        mime_type,
    });
    let attachment = prop_oneof![
        picker().prop_map(|list| Attachment::ListPicker(Box::new(list))),
        media().prop_map(Attachment::Media),
        rich.prop_map(Attachment::RichContent),
        text().prop_map(Attachment::Passthrough),
    ];
    let attachment = prop_oneof![1 => Just(None), 1 => attachment.prop_map(Some)];
    (some_text(), vec(button, 0..3), attachment)
        .prop_map(|(text, buttons, attachment)| Response { text, buttons, attachment })
        .boxed()
}

pub(super) fn action() -> BoxedStrategy<Action> {
    let ids = || vec(prop_oneof![3 => Just("12".to_owned()), 1 => text()], 0..4);
    let attribute = (text(), vec(text(), 0..3)).prop_map(|(name, values)| Attribute { name, values });
    let form = select(vec!["{}", r#"{"comment":"c","secureFormId":"f"}"#, r#"{"comment":1}"#, "x"]);
    prop_oneof![
        8 => response().prop_map(|response| Action::Respond(Box::new(response))),
        1 => select(vec![Action::TypingStart, Action::TypingStop, Action::TakeOver]),
        1 => some_text().prop_map(Action::HandOff),
        1 => some_text().prop_map(Action::Resolve),
        1 => any::<u8>().prop_map(|priority| Action::SetPriority(priority % 8)),
        1 => ids().prop_map(Action::Tag),
        1 => ids().prop_map(Action::Untag),
        1 => text().prop_map(Action::Note),
        1 => (text(), some_text()).prop_map(|(id, comment)| Action::MoveTo { id, comment }),
        1 => vec(attribute, 0..3).prop_map(Action::SetAttributes),
        1 => (select(vec!["secure-form", "dance"]), form)
            .prop_map(|(kind, details)| Action::Other { kind: kind.to_owned(), details: details.to_owned() }),
    ]
    .boxed()
}
