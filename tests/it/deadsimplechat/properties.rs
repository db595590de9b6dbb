//! Payloads and actions by chance: whatever comes, nothing panics, and every refusal says where and which rule.
//!
//! The seeds are fixed, so that a failure is the same everywhere; together the tests try more than 60,000 payloads.

use std::cell::Cell;

use bothost::domain::action::{Action, Button, Response};
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::platform::{Platform, Webhook};
use bothost::simulator;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::encode::requests;
use super::support::{MemoryHost, NOW_MS, SECRET, admin, bot, fixture, fixtures};

const NAMES: &[&str] = &[
    "_id",
    "name",
    "user",
    "username",
    "uniqueUserIdentifier",
    "chatRoom",
    "roomId",
    "bot",
    "message",
    "messageHistory",
    "triggeredBy",
    "action",
    "actionButton",
    "button",
    "id",
    "payload",
    "displayText",
    "type",
    "url",
    "imageURL",
    "iconURL",
    "description",
    "trigger",
    "messageVisibility",
    "isAllowedInAllChatRooms",
    "messageHistoryLimit",
    "webhookURL",
    "metadata",
    "enabled",
    "messageId",
    "userId",
    "actionButtons",
    "isBot",
    "",
    "a.b[0]",
    "ü",
];

const WORDS: &[&str] = &[
    "",
    "message",
    "mention",
    "action",
    "MENTION",
    "public",
    "private",
    "link",
    "@helper",
    "@helper hi",
    "65aa01",
    "65f0a1b2c3d4e5f601234567",
    "module:greeter",
    "module:@",
    "https://x.example.com/",
    "http://",
    "{}",
    "[1]",
    "{",
    "..",
    "a/b%",
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

/// Something done to a payload: a value set, removed or added anywhere, then a byte spoilt.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, Value),
    Remove(Index),
    Add(Index, &'static str, Value),
    Byte(Index, u8),
}

fn bodies(bases: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    let change = prop_oneof![
        6 => (any::<Index>(), value()).prop_map(|(at, value)| Change::Set(at, value)),
        3 => any::<Index>().prop_map(Change::Remove),
        4 => (any::<Index>(), select(NAMES), value()).prop_map(|(at, name, value)| Change::Add(at, name, value)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
    ];
    prop_oneof![
        12 => (select(bases), vec(change, 0..4)).prop_map(|(base, changes)| changed(base, &changes)),
        2 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..64),
    ]
}

fn changed(mut body: Value, changes: &[Change]) -> Vec<u8> {
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
            Change::Byte(..) => {}
        }
    }
    let mut text = body.to_string().into_bytes();
    for change in changes {
        if let Change::Byte(at, byte) = change {
            let at = at.index(text.len());
            text[at] = *byte;
        }
    }
    text
}

fn pointers(value: &Value, path: String, all: &mut Vec<String>) {
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
        assert!(std::thread::panicking() || taken.min(refused) > 1000, "{taken} taken, {refused} refused");
    }
}

/// The whole way in: the history is within its limit whatever form it has, and what is read is read the same from the inbox.
#[test]
fn events_by_chance_are_read_or_refused_with_their_place() {
    let bases = fixtures().iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let bot = bot(&json!({"messageHistoryLimit": 1, "trigger": "mention", "name": "helper"}));
    let seen = Seen::default();
    run(25_000, 1, bodies(bases), |body| {
        let path = format!("b0b0.{SECRET}");
        let webhook = Webhook { path, headers: HeaderMap::new(), body: Bytes::from(body) };
        let event = DeadSimpleChat.verify(&bot, webhook, NOW_MS).unwrap();
        let decoded = DeadSimpleChat.decode(&bot, &event);
        let _ = DeadSimpleChat.stand_in(&event);
        seen.count(decoded.is_ok());
        match decoded {
            Ok(decoded) => {
                assert!(decoded.history.len() <= 1, "{decoded:?}");
                let kept: Value = serde_json::from_slice(event.body()).unwrap();
                assert!(kept["messageHistory"].as_array().is_none_or(|kept| kept.len() <= 1), "{kept}");
                if let Err(reason) = DeadSimpleChat.admit(&bot, &event, &decoded) {
                    assert!(!reason.is_empty());
                }
            }
            Err(error) => assert!(!error.path.is_empty() && !error.reason.is_empty(), "{error:?}"),
        }
    });
}

#[test]
fn bots_by_chance_are_made_or_refused_with_their_field() {
    let base = json!({
        "name": "helper", "description": "d", "trigger": "mention", "messageVisibility": "private",
        "isAllowedInAllChatRooms": true, "messageHistoryLimit": 5, "webhookURL": "module:greeter", "metadata": "{}",
        "enabled": true,
    });
    let seen = Seen::default();
    run(15_000, 2, bodies(vec![base]), |body| {
        let host = MemoryHost::default();
        let made = host.raw(&admin(), Method::POST, "bot", Bytes::from(body.clone())).now_or_never().unwrap();
        let stored = host.bots.lock().unwrap().len();
        seen.count(stored == 1);
        let answer: Value = serde_json::from_str(&made.body.unwrap()).unwrap();
        match made.status.as_u16() {
            200 => {
                assert_eq!((stored, &answer["success"]), (1, &json!(true)));
                // What was read can be sent back and changes nothing.
                let path = format!("bot/{}", answer["bot"]["_id"].as_str().unwrap());
                let again = Bytes::from(answer["bot"].to_string());
                let again = host.raw(&admin(), Method::PUT, &path, again).now_or_never().unwrap();
                let again: Value = serde_json::from_str(&again.body.unwrap()).unwrap();
                assert_eq!(again, answer);
            }
            400 => {
                assert_eq!((stored, &answer["success"]), (0, &json!(false)));
                let words = answer["error"].as_str().or(answer["message"].as_str()).unwrap();
                assert!(words.contains(' '), "{answer}");
            }
            other => panic!("{other}"),
        }
    });
}

/// What is let through here is right by the documents as the simulator reads them, but for what only it forbids: unknown
/// members never pass, and an empty list of buttons is left out.
#[test]
fn messages_by_chance_are_sent_as_documented_or_refused_with_their_place() {
    let base = json!({"message": "hello", "messageId": "m", "userId": "u", "actionButtons": [
        {"displayText": "A", "id": "a", "type": "action", "payload": "p", "iconURL": "https://i.example.com/"},
        {"displayText": "B", "id": "b", "type": "link", "url": "https://example.com/"},
    ]});
    let seen = Seen::default();
    run(20_000, 3, bodies(vec![base]), |body| {
        let host = MemoryHost::default();
        let id = "65f0a1b2c3d4e5f601234567";
        let made = json!({"_id": id, "name": "n", "webhookURL": "module:greeter"});
        host.call("POST", "bot", &made).now_or_never().unwrap();
        let path = format!("bot/{id}/chatroom/r/message");
        let answer = host.raw(&admin(), Method::POST, &path, Bytes::from(body)).now_or_never().unwrap();
        let calls = host.calls.lock().unwrap();
        seen.count(!calls.is_empty());
        match calls.first() {
            Some(call) => {
                assert_eq!(answer.status, 200);
                let sent: Value = serde_json::from_str(&call.request.body).unwrap();
                let mut wrong = simulator::deadsimplechat::message(&sent);
                wrong.retain(|words| words != "actionButtons must have ids of their own");
                assert_eq!(wrong, Vec::<String>::new(), "{sent}");
            }
            None => {
                assert_eq!(answer.status, 400);
                let answer: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
                assert!(answer["error"].as_str().unwrap().contains(' '), "{answer}");
            }
        }
    });
}

fn text() -> BoxedStrategy<String> {
    let long = prop_oneof![Just("x".repeat(101)), Just("ü".repeat(1000)), Just("x".repeat(1001))];
    prop_oneof![6 => select(WORDS).prop_map(str::to_owned), 2 => "\\PC{1,20}", 1 => long].boxed()
}

#[test]
fn whatever_a_bot_says_the_platform_takes_or_the_check_refuses() {
    let button = prop_oneof![
        (text(), text()).prop_map(|(text, payload)| Button::Postback { text, payload }),
        (prop_oneof![Just(None), text().prop_map(Some)], text())
            .prop_map(|(text, payload)| Button::Reply { text, payload }),
        text().prop_map(|text| Button::Link { text, url: "https://example.com/".to_owned() }),
    ];
    let response = (prop_oneof![1 => Just(None), 5 => text().prop_map(Some)], vec(button, 0..3))
        .prop_map(|(text, buttons)| Action::Respond(Box::new(Response { text, buttons, attachment: None })));
    let visibility = select(vec!["public", "private"]);
    let event = select(vec!["mention", "press", "press-button", "odd-text-alone"]);
    let seen = Seen::default();
    run(10_000, 4, (response, visibility, event), |(action, visibility, event)| {
        let requests = requests(&json!({"messageVisibility": visibility}), &fixture(event), vec![action]);
        seen.count(requests.is_ok());
        match requests {
            Ok(requests) => {
                for request in requests {
                    let body: Value = serde_json::from_str(&request.body).unwrap();
                    assert_eq!(simulator::deadsimplechat::message(&body), Vec::<String>::new(), "{body}");
                    let addressed = ["userId", "uniqueUserIdentifier"].iter().any(|name| body[name].is_string());
                    assert_eq!(addressed, visibility == "private", "{body}");
                }
            }
            Err(refusals) => {
                for refusal in refusals {
                    assert!(!refusal.path.is_empty() && !refusal.reason.is_empty() && !refusal.source.is_empty());
                }
            }
        }
    });
}
