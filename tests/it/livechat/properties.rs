//! Payloads by chance: whatever comes, nothing panics, and every refusal says where and why.
//!
//! The seeds are fixed, so that a failure is the same everywhere.

use std::cell::Cell;

use bothost::domain::action::{Action, Attachment, Attribute, Button, Response};
use bothost::domain::event::{Media, MediaKind};
use bothost::domain::scope::{Scope, Scopes};
use bothost::platform::livechat::LiveChat;
use bothost::platform::{Platform, Webhook};
use bothost::simulator::livechat::check;
use bytes::Bytes;
use http::HeaderMap;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::encode::encode_as;
use super::support::{APP, BOT, CUSTOMER, MemoryHost, SECRET, bot, fixture, fixtures, registered, verified};

const DECODE_CASES: u32 = 30_000;
const API_CASES: u32 = 20_000;
const ACTION_CASES: u32 = 20_000;

fn run<S: Strategy>(cases: u32, seed: u8, strategy: S, test: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &[seed; 16]);
    let result = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Counts both ways, so that a property that never sees one of them is noticed.
#[derive(Default)]
struct Seen {
    taken: Cell<u32>,
    refused: Cell<u32>,
}

impl Seen {
    fn count(&self, taken: bool) {
        let count = if taken { &self.taken } else { &self.refused };
        count.set(count.get() + 1);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        let (taken, refused) = (self.taken.get(), self.refused.get());
        assert!(std::thread::panicking() || taken.min(refused) > 500, "{taken} taken, {refused} refused");
    }
}

/// Names that the documents know, in any place, and some that they do not.
const NAMES: &[&str] = &[
    "action",
    "data",
    "payload",
    "secret_key",
    "additional_data",
    "chat_properties",
    "chat",
    "chat_id",
    "thread",
    "thread_id",
    "users",
    "events",
    "event",
    "id",
    "type",
    "text",
    "author_id",
    "recipients",
    "timestamp",
    "created_at",
    "postback",
    "toggled",
    "value",
    "fields",
    "answer",
    "answers",
    "label",
    "url",
    "content_type",
    "properties",
    "user",
    "user_id",
    "user_type",
    "present",
    "name",
    "status",
    "avatar",
    "max_chats_count",
    "groups",
    "priority",
    "webhooks",
    "actions",
    "filters",
    "values",
    "exists",
    "author_type",
    "chat_member_ids",
    "agents_any",
    "default_group_priority",
    "metadata",
    "all",
    "bot_agent_id",
    "",
    "ü",
];

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "",
    "incoming_event",
    "incoming_chat_thread",
    "thread_closed",
    "chat_user_added",
    "chat_user_removed",
    "access_set",
    "incoming_rich_message_postback",
    "message",
    "rich_message",
    "file",
    "filled_form",
    "system_message",
    "custom",
    "agents",
    "all",
    "agent",
    "customer",
    "chat",
    BOT,
    CUSTOMER,
    "smith@example.com",
    SECRET,
    "accepting chats",
    "offline",
    "first",
    "supervisor",
    "module:greeter",
    "module:@",
    "https://x.example.com/",
    "2019-10-11T09:40:59.219001Z",
    "image/png",
    "0",
    "🍺\u{0}",
    "\u{202e}",
];

fn value() -> BoxedStrategy<Value> {
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
enum Change {
    Set(Index, Value),
    Add(Index, &'static str, Value),
    Byte(Index, u8),
    Cut(Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        8 => (any::<Index>(), value()).prop_map(|(at, value)| Change::Set(at, value)),
        4 => (any::<Index>(), select(NAMES), value()).prop_map(|(at, name, value)| Change::Add(at, name, value)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
    ];
    vec(change, 0..4)
}

fn places(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            places(value, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, format!("{path}/{at}"), found));
        }
        _ => {}
    }
    found.push(path);
}

/// A payload after its changes: the ones to its JSON first, then those to its bytes.
fn changed(mut body: Value, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let mut found = Vec::new();
        places(&body, String::new(), &mut found);
        match change {
            Change::Set(at, value) => *body.pointer_mut(at.get::<String>(&found)).unwrap() = value.clone(),
            Change::Add(at, name, value) => {
                if let Some(Value::Object(members)) = body.pointer_mut(at.get::<String>(&found)) {
                    members.insert((*name).to_owned(), value.clone());
                }
            }
            Change::Byte(..) | Change::Cut(_) => {}
        }
    }
    let mut bytes = body.to_string().into_bytes();
    for change in changes.iter().filter(|_| !bytes.is_empty()).cloned().collect::<Vec<_>>() {
        match change {
            Change::Byte(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Change::Cut(at) if !bytes.is_empty() => bytes.truncate(at.index(bytes.len())),
            _ => {}
        }
    }
    bytes
}

/// Filters that look at everything that an event can show.
fn watchful() -> Value {
    let filters = json!({ "author_type": "customer", "only_my_chats": true, "chat_member_ids": { "agents_any": [BOT] },
        "chat_properties": { "source": { "type": { "values": ["facebook"] } } } });
    json!({ "status": "accepting chats", "max_chats_count": 1, "webhooks": { "url": "module:x", "actions": [
        { "name": "incoming_event", "filters": filters }, { "name": "incoming_chat_thread", "filters": filters } ] } })
}

#[test]
fn events_by_chance_are_read_or_refused_with_their_place() {
    let bases: Vec<Value> = fixtures().iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let (bot, seen) = (registered(&watchful()), Seen::default());
    run(DECODE_CASES, 1, (select(bases), changes()), |(base, changes)| {
        let body = Bytes::from(changed(base, &changes));
        let webhook = Webhook { path: format!("acme/{BOT}"), headers: HeaderMap::new(), body: body.clone() };
        if let Ok(event) = LiveChat.verify(&bot, webhook, 0) {
            // What is skipped before the key is believed may be no UTF-8; the decoder refuses that.
            if let Ok(kept) = serde_json::from_slice::<Value>(event.body()) {
                assert_eq!(kept["secret_key"], "");
            }
        }
        let event = bothost::platform::Verified::from_inbox(body);
        let decoded = LiveChat.decode(&bot, &event);
        seen.count(decoded.is_ok());
        match decoded {
            Ok(decoded) => {
                assert!(!decoded.conversation.as_str().is_empty());
                if let Err(reason) = LiveChat.admit(&bot, &event, &decoded) {
                    assert!(!reason.is_empty());
                }
            }
            Err(error) => assert!(!error.path.is_empty() && !error.reason.is_empty(), "{error:?}"),
        }
        let _ = LiveChat.stand_in(&event);
    });
}

#[test]
fn bot_agents_by_chance_are_taken_or_refused_with_their_place() {
    let base = json!({
        "name": "Bot", "status": "accepting chats", "avatar": "https://a/b.jpg", "max_chats_count": 6,
        "groups": [{ "id": 0, "priority": "normal" }], "metadata": { "greeting": "hi" },
        "webhooks": { "url": "module:greeter", "secret_key": SECRET, "actions": [
            { "name": "incoming_event", "filters": { "author_type": "customer" }, "additional_data": ["chat_properties"] } ] },
    });
    let wrapped = json!({ "payload": base });
    let update = json!({ "id": BOT, "name": "New", "default_group_priority": "supervisor", "groups": [] });
    let bases = vec![("create_bot_agent", base), ("create_bot_agent", wrapped), ("update_bot_agent", update)];
    let seen = Seen::default();
    run(API_CASES, 2, (select(bases), changes()), |((method, base), changes)| {
        let host = MemoryHost::default();
        if method == "update_bot_agent" {
            host.create(&json!({ "id": BOT, "name": "Bot", "status": "offline" }));
        }
        let before = host.bots.lock().unwrap().clone();
        let body = String::from_utf8_lossy(&changed(base, &changes)).into_owned();
        let admin = Scopes::from_iter([Scope::ADMIN]);
        let (status, answer) =
            host.call_at("/v3.0/configuration", &format!("action/{method}"), Some(APP), admin, &body);
        seen.count(status == 200);
        match status {
            200 => {
                let id = answer["bot_agent_id"].as_str().unwrap_or(BOT);
                assert_eq!(host.details(id)["id"], id);
            }
            400 => {
                assert_eq!(*host.bots.lock().unwrap(), before);
                let message = answer["error"]["message"].as_str().unwrap();
                assert!(message.starts_with("Wrong format of request: ") && message.len() > 30, "{message}");
            }
            other => panic!("{other}: {answer}"),
        }
    });
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        6 => "\\PC{1,20}",
        1 => Just(String::new()),
        1 => Just("two\nlines".to_owned()),
        1 => (250..260_usize).prop_map(|length| "x".repeat(length)),
        1 => (16_380..16_390_usize).prop_map(|length| "x".repeat(length)),
        1 => select(vec!["7", "smith@example.com", BOT, "a.b", "{}", "[]", r#"{"type":"custom"}"#]).prop_map(str::to_owned),
    ]
    .boxed()
}

fn action() -> BoxedStrategy<Action> {
    let button = prop_oneof![
        (text(), text()).prop_map(|(text, payload)| Button::Postback { text, payload }),
        (option::of(text()), text()).prop_map(|(text, payload)| Button::Reply { text, payload }),
        text().prop_map(|text| Button::Link { text, url: "https://a.example.com/".to_owned() }),
    ];
    let media = (
        select(vec!["https://a.example.com/b.jpg", "https://cdn.livechat-files.com/a", "ftp://x"]),
        option::of(text()),
    );
    let media = (media, any::<bool>()).prop_map(|((url, title), film)| {
        let kind = if film { MediaKind::Video } else { MediaKind::Image };
        Attachment::Media(Media { url: url.to_owned(), kind, title, extras: Vec::new() })
    });
    let event = prop_oneof![
        text(),
        changes().prop_map(|changes| {
            let base = json!({ "type": "rich_message", "template_id": "cards", "recipients": "all", "elements": [
                { "title": "t", "buttons": [{ "text": "a", "postback_id": "b", "user_ids": [], "type": "url", "value": "c" }] } ] });
            String::from_utf8_lossy(&changed(base, &changes)).into_owned()
        }),
    ];
    let attachment = prop_oneof![media, event.prop_map(Attachment::Passthrough)];
    let response = (option::of(text()), vec(button, 0..14), option::of(attachment));
    let response = response
        .prop_map(|(text, buttons, attachment)| Action::Respond(Box::new(Response { text, buttons, attachment })));
    let attribute = (text(), vec(text(), 0..3)).prop_map(|(name, values)| Attribute { name, values });
    prop_oneof![
        8 => response,
        1 => select(vec![Action::TypingStart, Action::TypingStop, Action::TakeOver, Action::SetPriority(2)]),
        1 => option::of(text()).prop_map(Action::HandOff),
        1 => option::of(text()).prop_map(Action::Resolve),
        1 => text().prop_map(Action::Note),
        1 => vec(text(), 0..3).prop_map(Action::Tag),
        1 => vec(text(), 0..3).prop_map(Action::Untag),
        1 => (text(), option::of(text())).prop_map(|(id, comment)| Action::MoveTo { id, comment }),
        1 => vec(attribute, 0..3).prop_map(Action::SetAttributes),
        1 => text().prop_map(|details| Action::Other { kind: "mark-seen".to_owned(), details }),
    ]
    .boxed()
}

/// What is let through is right by the documents as the simulator reads them.
#[test]
fn actions_by_chance_are_refused_or_taken_by_livechat() {
    let events = vec![(false, fixture("message-v30")), (true, fixture("message-v31"))];
    let seen = Seen::default();
    run(ACTION_CASES, 3, (select(events), action()), |((newer, event), action)| {
        let kind = action.kind();
        let encoded = encode_as(&bot(), &event, vec![action]);
        seen.count(encoded.is_ok());
        match encoded {
            Err(refusals) => {
                assert!(!refusals.is_empty());
                for refusal in refusals {
                    assert!(refusal.path.starts_with("actions[0]") && !refusal.source.is_empty(), "{refusal}");
                }
            }
            Ok(requests) => {
                assert!(requests.last().is_none_or(|last| last.action == kind));
                for request in requests {
                    let name = request.path.rsplit('/').next().unwrap();
                    let method = check::Method::of(name, newer).unwrap();
                    let body: Value = serde_json::from_str(&request.body).unwrap();
                    let payload = if newer { &body } else { &body["payload"] };
                    let violations = check::payload(method, newer, payload.as_object().unwrap());
                    assert_eq!(violations, Vec::<String>::new(), "{body}");
                }
            }
        }
        assert!(verified(&event).delivery_id().is_none());
    });
}
