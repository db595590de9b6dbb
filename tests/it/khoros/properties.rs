//! Payloads by chance: whatever comes, nothing panics, and every refusal says where and which rule.
//!
//! The seeds are fixed, so that a failure is the same everywhere; together the tests try more than 100,000 payloads.

use std::cell::Cell;

use bothost::domain::action::{
    Action, Attachment, Attribute, Button, ListChoice, ListMessage, ListPicker, ListSection, ListStyle, Response,
    RichContent,
};
use bothost::domain::bot::Scheme;
use bothost::domain::event::{Media, MediaKind, Visibility};
use bothost::domain::names::EventId;
use bothost::domain::ownership::after_event;
use bothost::domain::turn::{Context, Outcome, StateChange};
use bothost::domain::validate::{Refusal, check, refusals};
use bothost::platform::khoros::Khoros;
use bothost::platform::{Platform, Verified};
use bothost::simulator;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Method;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::calls::{LIMITS, calls, read};
use super::support::{MemoryHost, NOW_MS, bot, decode, fixture, fixtures};

const DECODE_CASES: u32 = 30_000;
const CALL_CASES: u32 = 40_000;
const REGISTRATION_CASES: u32 = 15_000;
const ACTION_CASES: u32 = 20_000;

#[test]
fn at_least_a_hundred_thousand_payloads_are_tried() {
    const { assert!(DECODE_CASES + CALL_CASES + REGISTRATION_CASES + ACTION_CASES >= 100_000) }
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
        assert!(std::thread::panicking() || taken.min(refused) > 2000, "{taken} taken, {refused} refused");
    }
}

fn well_refused(refusals: &[Refusal]) {
    assert!(!refusals.is_empty());
    for Refusal { path, rule, reason, source } in refusals {
        assert!(!path.is_empty() && !rule.is_empty() && !reason.is_empty() && !source.is_empty(), "{refusals:?}");
    }
}

/// Names that the documents know, in any place, and some that they do not.
const NAMES: &[&str] = &[
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
const WORDS: &[&str] = &[
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
    Remove(Index),
    Add(Index, &'static str, Value),
    Double(Index),
    Byte(Index, u8),
    Cut(Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
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

/// A payload made of one of these, or of anything.
fn bodies(bases: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => (select(bases), changes()).prop_map(|(base, changes)| changed(base, &changes)),
        2 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..64),
    ]
}

#[test]
fn events_by_chance_are_read_or_refused_with_their_place() {
    let bases = fixtures().iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let bot = bot(Scheme::Basic, "s");
    let seen = Seen::default();
    run(DECODE_CASES, 1, bodies(bases), |body| {
        let event = Verified::from_inbox(Bytes::from(body));
        let decoded = Khoros.decode(&bot, &event);
        seen.count(decoded.is_ok());
        if let Err(error) = decoded {
            assert!(!error.path.is_empty() && !error.reason.is_empty(), "{error:?}");
        }
        let _ = Khoros.stand_in(&event);
    });
}

/// What is let through here is right by the documents as the simulator reads them.
#[test]
fn calls_by_chance_are_read_or_refused_with_their_place_and_rule() {
    let calls = calls();
    let call = (select(calls.clone()), changes()).prop_map(|(call, changes)| {
        let body = changed(call.json(), &changes);
        (call, body)
    });
    // One call with a member of another: attachments meet only by such grafts.
    let graft = (select(calls.clone()), select(calls.clone()), any::<Index>()).prop_map(|(call, donor, at)| {
        let (mut body, donor) = (call.json(), donor.json());
        let names: Vec<&String> = donor.as_object().unwrap().keys().collect();
        let name = at.get::<&String>(&names).as_str();
        body[name] = donor[name].clone();
        (call, body.to_string().into_bytes())
    });
    let strange = (select(calls), bodies(vec![json!({})]));
    let seen = Seen::default();
    run(CALL_CASES, 2, prop_oneof![10 => call, 3 => graft, 1 => strange], |(call, body)| {
        let read = read(&call.method, &call.path, &body);
        seen.count(read.is_ok());
        match read {
            Err(refusals) => well_refused(&refusals),
            Ok(asked) => {
                assert_eq!(asked.request.body.as_bytes(), body);
                if let Some(known) = simulator::check::Action::of(call.method.as_str(), &asked.request.path) {
                    let json: Value = serde_json::from_slice(&body).unwrap();
                    assert_eq!(simulator::check::body(known, &json), Vec::<String>::new(), "{json}");
                }
            }
        }
    });
}

#[test]
fn registrations_by_chance_are_taken_or_refused_with_their_place() {
    let base = json!({
        "platform": "LITHIUM", "companyKey": "acme", "networkKey": "apple", "networkInstance": "", "externalId": "e",
        "appId": "my-bot", "name": "My Bot", "callbackUrl": "module:greeter", "mode": "LIVE",
        "credentials": {"type": "HMAC", "identity": "k", "secret": "s",
            "signature": {"profile": "body-sha256", "header": "X-Sig", "encoding": "hex"}},
        "contact": {"email": "ops@example.com"}, "avatarUrl": "", "metadata": {"greeting": "hi"},
        "publicFilter": {"includeTargeted": true, "includeSourceTagIds": [999, 1002]},
    });
    let seen = Seen::default();
    run(REGISTRATION_CASES, 3, bodies(vec![base]), |body| {
        let host = MemoryHost::default();
        let answer = host.call_raw("acme", Method::POST, "registrations", Bytes::from(body)).now_or_never().unwrap();
        let stored = host.bots.lock().unwrap().len();
        seen.count(stored == 1);
        match answer.status.as_u16() {
            202 => assert_eq!(stored, 1),
            422 => {
                let answer: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
                let errors = answer["errors"].as_array().unwrap();
                assert!(stored == 0 && !errors.is_empty());
                for error in errors {
                    let (path, rule) = error.as_str().unwrap().split_once(' ').unwrap();
                    assert!(!path.is_empty() && !rule.is_empty(), "{error}");
                }
            }
            other => panic!("{other}"),
        }
    });
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![6 => select(WORDS).prop_map(str::to_owned), 1 => "\\PC{0,20}", 1 => Just("x".repeat(70_000))].boxed()
}

fn some_text() -> BoxedStrategy<Option<String>> {
    prop_oneof![1 => Just(None), 2 => text().prop_map(Some)].boxed()
}

fn media() -> BoxedStrategy<Media> {
    let kind = prop_oneof![
        3 => Just(MediaKind::Image),
        1 => Just(MediaKind::Video),
        1 => text().prop_map(MediaKind::Other)
    ];
    let url = prop_oneof![3 => Just("https://pics.example.com/a.jpg".to_owned()), 1 => text()];
    (url, kind, some_text()).prop_map(|(url, kind, title)| Media { url, kind, title, extras: Vec::new() }).boxed()
}

fn some_media() -> BoxedStrategy<Option<Media>> {
    prop_oneof![2 => Just(None), 1 => media().prop_map(Some)].boxed()
}

fn list_message() -> BoxedStrategy<ListMessage> {
    let style = select(vec![None, Some(ListStyle::Large), Some(ListStyle::Small), Some(ListStyle::Icon)]);
    (text(), some_text(), some_media(), style)
        .prop_map(|(title, subtitle, media, style)| ListMessage { title, subtitle, media, style })
        .boxed()
}

fn picker() -> BoxedStrategy<ListPicker> {
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

fn response() -> BoxedStrategy<Response> {
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

fn action() -> BoxedStrategy<Action> {
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

/// What a bot of ours may do, an external bot may ask for with the same payload: there is one check.
#[test]
fn actions_by_chance_are_refused_or_mean_the_same_on_the_wire() {
    let bot = bot(Scheme::Basic, "s");
    let events: Vec<_> = ["apple", "whatsapp", "smooch"]
        .map(|network| {
            let event = fixture("odd-emoji").replace("\"brandmessenger\"", &format!("{network:?}"));
            let decoded = decode(&event).unwrap();
            let owner = after_event(None, &decoded.event, &bot.platform_id);
            let context = Context {
                platform: "khoros".to_owned(),
                event: EventId(1),
                bot: bot.platform_id.clone(),
                conversation: decoded.conversation,
                origin: decoded.origin,
                owner,
                attempt: 1,
                state: None,
                config: "{}".to_owned(),
                now_ms: NOW_MS,
                seed: 0,
                history: Vec::new(),
                raw: event.clone(),
                extras: Vec::new(),
            };
            (context, Verified::from_inbox(Bytes::from(event)))
        })
        .into();
    let seen = Seen::default();
    run(ACTION_CASES, 4, (select(events), vec(action(), 0..3)), |((context, event), actions)| {
        assert_eq!(context.origin.visibility, Visibility::Private);
        let rules = Khoros.rules(&context.origin);
        for action in &actions {
            let refusals = refusals(action, &rules, &LIMITS);
            assert!(refusals.iter().all(|refusal| refusal.path.starts_with(action.kind())), "{refusals:?}");
        }
        let outcome = Outcome { actions, state: StateChange::Keep };
        let requests = check(outcome, &context, &rules, &LIMITS)
            .and_then(|checked| Khoros.encode(&bot, &event, &checked).map(|requests| (checked, requests)));
        seen.count(requests.is_ok());
        let (checked, requests) = match requests {
            Ok(both) => both,
            Err(refusals) => return well_refused(&refusals),
        };
        for (action, request) in checked.actions().iter().zip(requests) {
            let method = Method::from_bytes(request.method.as_bytes()).unwrap();
            let path = request.path.strip_prefix("/bots/v3/").unwrap();
            let asked = read(&method, path, request.body.as_bytes())
                .unwrap_or_else(|refusals| panic!("{refusals:?} in {}", request.body));
            assert_eq!(asked.request, request);
            if let Action::Respond(_) = action {
                assert_eq!(asked.action, styled(action.clone()));
            }
        }
    });
}

/// A list message without a style has the platform's own.
fn styled(mut action: Action) -> Action {
    if let Action::Respond(response) = &mut action
        && let Some(Attachment::ListPicker(list)) = &mut response.attachment
    {
        for message in [&mut list.request_message, &mut list.response_message] {
            message.style.get_or_insert_default();
        }
    }
    action
}
