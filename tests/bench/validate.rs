//! What it costs to judge a call of an external bot: a `POST /respond` of 1 KiB, from its bytes to the action that it means, and the
//! same with a list picker, which has the most to check.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bothost::domain::validate::Limits;
use bothost::platform::khoros::actions;
use http::Method;
use serde_json::{Value, json};

use crate::figure;

const LIMITS: Limits = Limits { actions_max: 32, items_max: 32, text_bytes_max: 65_536, state_bytes_max: 65_536 };

/// Readings in one measurement: the clock's own cost disappears among them.
const BATCH: u32 = 100;
const BATCHES: usize = 500;

pub fn measure() {
    let message = padded(json!({
        "coordinate": coordinate("brandmessenger"), "type": "message", "author": { "id": "a-77", "fullName": "Kim Park" },
        "actions": [{ "type": "postback", "payload": "ORDER_STATUS", "text": "Order status" }],
    }));
    let time = median(&message);
    let bound = (time < Duration::from_micros(5), "< 5 us");
    figure("a respond message of 1 KiB: read and checked", &micros(time), Some(bound));
    let choices: Vec<Value> =
        (0..10).map(|at| json!({ "id": at.to_string(), "message": { "title": "A choice" } })).collect();
    let bubble = json!({ "title": "Choose", "subtitle": "one", "style": "LARGE" });
    let list = padded(json!({
        "coordinate": coordinate("apple"), "type": "message", "author": { "id": "a-77", "fullName": "Kim Park" },
        "list": { "requestMessage": bubble, "responseMessage": bubble,
            "sections": [{ "id": "0", "title": "All", "multipleSelection": false, "choices": choices }] },
    }));
    figure("  a list picker of ten choices", &micros(median(&list)), None);
}

fn coordinate(network: &str) -> Value {
    json!({
        "companyKey": "exampleinc", "networkKey": network, "externalId": "5e59488cf3226500", "botId": "examplebot",
        "messageId": "60e5fbb3a18ae800d", "scope": "PRIVATE", "normalizedAuthorId": "a-77",
    })
}

/// The payload with a text that makes it 1 KiB, where it is not that long already.
fn padded(mut payload: Value) -> String {
    payload["text"] = "".into();
    let missing = 1024_usize.saturating_sub(payload.to_string().len());
    payload["text"] = "where is it? ".repeat(80)[..missing].into();
    payload.to_string()
}

fn median(body: &str) -> Duration {
    let read = || actions::read(&["respond"], &Method::POST, black_box(body.as_bytes()), &LIMITS).unwrap().unwrap();
    let mut times: Vec<_> = (0..BATCHES)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..BATCH {
                black_box(read());
            }
            started.elapsed() / BATCH
        })
        .collect();
    times.sort();
    times[BATCHES / 2]
}

fn micros(time: Duration) -> String {
    format!("{:.2} us", time.as_secs_f64() * 1e6)
}
