//! Payloads by chance: whatever comes, nothing panics, and every refusal says where and which rule.
//!
//! The seeds are fixed, so that a failure is the same everywhere; together the tests try more than 100,000 payloads.

use std::cell::Cell;

use bothost::domain::action::{Action, Attachment};
use bothost::domain::bot::{Mode, Scheme};
use bothost::domain::event::Visibility;
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
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::by_chance::{action, bodies, changed, changes};
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
                let known = simulator::khoros::check::Action::of(call.method.as_str(), &asked.request.path).unwrap();
                let json: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(simulator::khoros::check::body(known, &json), Vec::<String>::new(), "{json}");
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
                mode: Mode::Live,
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
        for (action, request) in checked.actions().zip(requests) {
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
