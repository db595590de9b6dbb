//! Once and in order: however often an event comes and however many come at once, each conversation is answered as if there
//! were no other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::HeaderMap;
use bothost::simulator::khoros::sign;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::guests;
use crate::support::host::{Host, HostBuilder, IDENTITY, SECRET, registration};
use crate::support::platform::{Call, PATIENCE};
use crate::support::stage::{BOT, Hook, Stage, client, message, now_s};

/// Connections that send at the same time.
const CONNECTIONS: usize = 16;
/// How often each event comes.
const TIMES: usize = 4;

/// A webhook that is ready to be sent.
#[derive(Clone)]
struct Sent {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Sends every webhook four times, so that each is under way on four connections at once, and returns the numbers of the
/// events that each of them became.
async fn send_each_four_times(hook: &Hook, webhooks: &[[Sent; TIMES]]) -> Vec<BTreeSet<String>> {
    let start = Arc::new(Barrier::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        // Four neighbours share a list, and each sends another copy of it.
        let list = webhooks.iter().enumerate().skip(connection / TIMES).step_by(CONNECTIONS / TIMES);
        let list: Vec<(usize, Sent)> = list.map(|(at, copies)| (at, copies[connection % TIMES].clone())).collect();
        let (hook, start) = (Hook { url: hook.url.clone(), client: client() }, start.clone());
        connections.spawn(async move {
            let mut events = Vec::new();
            start.wait().await;
            for (at, Sent { headers, body }) in list {
                let response = hook.send(headers, body).await;
                assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
                events.push((at, response.headers()["bothost-event"].to_str().unwrap().to_owned()));
            }
            events
        });
    }
    let mut events = vec![BTreeSet::new(); webhooks.len()];
    for (at, event) in connections.join_all().await.into_iter().flatten() {
        events[at].insert(event);
    }
    events
}

/// Four times 202 with one event's number, one turn, one answer; and that for each.
async fn once_each(stage: &Stage, hook: &Hook, webhooks: &[[Sent; TIMES]], texts: BTreeSet<String>) {
    let events = send_each_four_times(hook, webhooks).await;
    let numbers: BTreeSet<&String> = events.iter().flatten().collect();
    assert!(events.iter().all(|numbers| numbers.len() == 1), "four copies, several events: {events:?}");
    assert_eq!(numbers.len(), webhooks.len(), "two webhooks became one event: {events:?}");
    stage.settled().await;
    let count = i64::try_from(webhooks.len()).unwrap();
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 1"), count);
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), count);
    let said: Vec<String> = stage.platform.calls().iter().map(Call::text).collect();
    assert_eq!(said.len(), webhooks.len(), "answers are doubled or missing");
    assert_eq!(said.into_iter().collect::<BTreeSet<_>>(), texts);
    let duplicates = outcome(stage, "duplicate").await;
    assert_eq!(duplicates, (webhooks.len() * (TIMES - 1)) as f64);
}

async fn outcome(stage: &Stage, outcome: &str) -> f64 {
    stage.figure("bothost_events_total", &[("platform", "khoros"), ("outcome", outcome)]).await
}

/// The text of the `number`th message, and whose it is: some conversations have many.
fn numbered(number: usize) -> (String, String) {
    (format!("text {number}"), format!("author-{}", number % 7))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_comes_four_times_at_once_is_one_event() {
    let stage = Stage::new().await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook("echo").await;
    let webhooks: Vec<[Sent; TIMES]> = (0..80)
        .map(|number| {
            let (text, author) = numbered(number);
            // The platform's number of the message is the same for all: the delivery's own id is what counts.
            let body = message("whatsapp", &author, "m-1", &text).to_string().into_bytes();
            let headers = sign::sign_standard_webhooks(SECRET, &format!("id-{number}"), now_s(), &body);
            std::array::from_fn(|_| Sent { headers: headers.clone(), body: body.clone() })
        })
        .collect();
    once_each(&stage, &hook, &webhooks, (0..80).map(|number| numbered(number).0).collect()).await;
}

/// A bot that signs with BASIC_AUTH, whose deliveries carry no id.
async fn by_password(builder: HostBuilder) -> (Stage, Hook) {
    let stage = Stage::with(builder).await;
    stage.push("echo", &guests::echo()).await;
    let mut registration = registration("whatsapp", "page", BOT, "echo");
    registration["credentials"] = json!({"type": "BASIC_AUTH", "identity": IDENTITY, "secret": "s3cret"});
    let hook = stage.hook_of(&registration).await;
    (stage, hook)
}

fn with_password(body: &Value) -> Sent {
    Sent { headers: sign::basic_auth(IDENTITY, "s3cret"), body: body.to_string().into_bytes() }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_delivery_id_the_platforms_number_of_the_message_counts() {
    let (stage, hook) = by_password(Host::builder()).await;
    let webhooks: Vec<[Sent; TIMES]> = (0..80)
        .map(|number| {
            let (text, author) = numbered(number);
            let mut event = message("whatsapp", &author, &format!("m-{number}"), &text);
            // No two copies are the same bytes.
            std::array::from_fn(|copy| {
                event["receivedTS"] = json!(1_579_793_946_280_u64 + copy as u64);
                with_password(&event)
            })
        })
        .collect();
    once_each(&stage, &hook, &webhooks, (0..80).map(|number| numbered(number).0).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_id_the_same_body_is_the_same_event() {
    let (stage, hook) = by_password(Host::builder()).await;
    let webhooks: Vec<[Sent; TIMES]> = (0..80)
        .map(|number| {
            let (text, author) = numbered(number);
            let mut event = message("whatsapp", &author, "", &text);
            event["coordinate"].as_object_mut().unwrap().remove("messageId");
            let sent = with_password(&event);
            std::array::from_fn(|_| sent.clone())
        })
        .collect();
    once_each(&stage, &hook, &webhooks, (0..80).map(|number| numbered(number).0).collect()).await;
}

#[tokio::test]
async fn the_same_body_is_another_event_once_its_time_is_over() {
    let (stage, hook) = by_password(Host::builder().set("STORE__DEDUPE_BODY_S", "0")).await;
    let mut event = message("whatsapp", "jo", "", "yes");
    event["coordinate"].as_object_mut().unwrap().remove("messageId");
    let Sent { headers, body } = with_password(&event);
    for _ in 0..3 {
        assert_eq!(hook.send(headers.clone(), body.clone()).await.status(), 202);
    }
    stage.settled().await;
    let said: Vec<String> = stage.platform.calls().iter().map(Call::text).collect();
    assert_eq!(said, ["yes", "yes", "yes"]);
}

/// Sends `each` messages in each of `conversations`, all conversations at once, and waits until all is answered.
async fn chatter(builder: HostBuilder, fail_every: usize, conversations: usize, each: usize) -> Stage {
    let stage = Stage::with(builder).await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook("echo").await;
    stage.platform.fail_every(fail_every);
    let mut senders = JoinSet::new();
    for conversation in 0..conversations {
        let hook = hook.clone();
        senders.spawn(async move {
            for number in 0..each {
                let id = format!("{conversation}-{number}");
                let event = message("whatsapp", &format!("author-{conversation}"), &id, &number.to_string());
                hook.deliver(&id, event.to_string()).await;
            }
        });
    }
    tokio::time::timeout(PATIENCE, senders.join_all()).await.unwrap();
    stage.settled().await;
    stage
}

/// Every conversation's answers, in the order in which the platform took them.
fn answers(calls: &[Call]) -> BTreeMap<String, Vec<String>> {
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.status.is_success()) {
        let author = call.json()["author"]["id"].as_str().unwrap().to_owned();
        answers.entry(author).or_default().push(call.text());
    }
    answers
}

/// None missing, none doubled, none overtaken.
fn in_order(stage: &Stage, conversations: usize, each: usize) {
    let answers = answers(&stage.platform.calls());
    assert_eq!(answers.len(), conversations);
    let expected: Vec<String> = (0..each).map(|number| number.to_string()).collect();
    for (author, said) in &answers {
        assert_eq!(said, &expected, "{author}");
    }
    let total = i64::try_from(conversations * each).unwrap();
    assert_eq!(stage.host.count("SELECT count(*) FROM turns WHERE attempt = 1 AND cause IS NULL"), total);
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), total);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_conversations_at_once_are_each_answered_in_order() {
    let stage = chatter(Host::builder(), 0, 100, 50).await;
    in_order(&stage, 100, 50);
    assert_eq!(stage.platform.calls().len(), 5000);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_keep_the_order() {
    let stubborn = Host::builder().set("DELIVER__RETRY_FIRST_MS", "2").set("DELIVER__RETRY_LONGEST_MS", "20");
    let stage = chatter(stubborn.set("DELIVER__TRIES", "100"), 5, 40, 25).await;
    in_order(&stage, 40, 25);
    let failed = stage.platform.calls().iter().filter(|call| call.status == 503).count();
    assert!(failed >= 200, "the platform failed {failed} calls only");
    assert_eq!(stage.platform.calls().len(), 1000 + failed, "a call that was taken was made again");
}
