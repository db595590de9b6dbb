//! Replays have a bound of their own: however many are asked for, turns go on, and other tenants come to theirs.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::guests;
use crate::support::host::{Host, registration};
use crate::support::platform::{Platform, eventually};
use crate::support::stage::{BOT, Stage, client, message};

/// Nothing in this test takes as long when it succeeds: a replay that loops is still running when it ends.
const DEADLINE_MS: u64 = 40_000;

/// One thread for turns, and time enough for a guest that loops.
async fn stage() -> Stage {
    let builder = Host::builder().set("GUEST__THREADS", 1).set("GUEST__DEADLINE_MS", DEADLINE_MS);
    let host = builder.set("GUEST__INSTRUCTIONS", "1000000000000000").start();
    Stage { host, platform: Platform::start().await, client: client() }
}

/// A tenant with a bot that answered an event, and a module that loops on the same event.
#[derive(Clone)]
struct Someone {
    key: String,
    hook: String,
    event: String,
    replay: String,
    client: reqwest::Client,
}

impl Someone {
    async fn new(stage: &Stage, name: &str) -> Self {
        let (host, client) = (&stage.host, &stage.client);
        let key = host.tenant(client, name, &["deploy", "bots", "read", "replay"]).await;
        for (module, wasm) in [("calm", guests::signer("1")), ("wild", guests::wayward())] {
            let upload = host.request_as(&key, client, "PUT", &format!("/v1/modules/{module}"));
            let upload = upload.body(std::fs::read(wasm).unwrap()).send().await.unwrap();
            assert_eq!(upload.status(), 201, "{}", upload.text().await.unwrap());
        }
        let mut wanted = registration("whatsapp", &format!("channel-of-{name}"), BOT, "calm");
        wanted["companyKey"] = json!(format!("company-of-{name}"));
        wanted["credentials"] = json!({ "type": "BASIC_AUTH", "identity": "user", "secret": "a secret of the tests" });
        let path = "/bots/v3/registrations";
        let answer = host.request_as(&key, client, "POST", path).json(&wanted).send().await.unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
        let all: Value = host.request_as(&key, client, "GET", path).send().await.unwrap().json().await.unwrap();
        let hook = format!("{}/hooks/khoros/{}", host.url, all["data"][0]["hashKey"].as_str().unwrap());
        let mut someone = Self { key, hook, event: String::new(), replay: String::new(), client: client.clone() };
        someone.event = someone.says("m-1", "loop").await;
        someone.replay = format!("{}/v1/events/{}/replay", host.url, someone.event);
        turns_ended(stage).await;
        someone
    }

    async fn says(&self, id: &str, text: &str) -> String {
        let sent = self.client.post(&self.hook).basic_auth("user", Some("a secret of the tests"));
        let sent = sent.body(message("whatsapp", "jo", id, text).to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 202);
        sent.headers()["bothost-event"].to_str().unwrap().to_owned()
    }

    /// Replays the event on a module.
    async fn replay(self, module: &'static str) -> Response {
        let request = self.client.post(&self.replay).bearer_auth(&self.key);
        request.json(&json!({ "module": module })).send().await.unwrap()
    }

    /// Has a replay under way that does not end, and returns what a second one is told.
    async fn occupy(&self) -> (JoinSet<Response>, Response) {
        let mut both = JoinSet::new();
        both.spawn(self.clone().replay("wild"));
        both.spawn(self.clone().replay("wild"));
        // Whichever comes second is refused; the other one is under way then.
        let refused = both.join_next().await.unwrap().unwrap();
        (both, refused)
    }
}

async fn turns_ended(stage: &Stage) {
    let waiting = || stage.host.count("SELECT count(*) FROM events WHERE status = 0") == 0;
    eventually("every event ended", || waiting().then_some(())).await;
}

async fn refused(response: Response, why: &str) {
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["type"], "urn:bothost:problem:replays");
    assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
}

#[tokio::test]
async fn turns_go_on_while_replays_are_refused() {
    let stage = stage().await;
    let (one, two, three) =
        tokio::join!(Someone::new(&stage, "one"), Someone::new(&stage, "two"), Someone::new(&stage, "three"));
    let (mut first, second) = one.occupy().await;
    refused(second, "wait for its answer").await;
    // The only thread for turns is free.
    one.says("m-2", "hello").await;
    turns_ended(&stage).await;
    assert_eq!(stage.host.count("SELECT count(*) FROM turns WHERE cause IS NOT NULL"), 0);
    assert!(first.try_join_next().is_none(), "the replay is still under way");
    // Another tenant has a place too; a third one has to wait, and is told of a way that needs no place.
    let (_waiting, second) = two.occupy().await;
    refused(second, "wait for its answer").await;
    refused(three.clone().replay("calm").await, "`bothost replay`").await;
    // Whoever hangs up has the place all the same, until the replay has ended.
    drop(first);
    for _ in 0..20 {
        let again = tokio::time::timeout(Duration::from_secs(10), one.clone().replay("calm")).await;
        refused(again.expect("it is refused at once"), "wait for its answer").await;
    }
    turns_ended(&stage).await;
}

#[tokio::test]
async fn one_replay_after_the_other_is_answered() {
    let stage = stage().await;
    let one = Someone::new(&stage, "one").await;
    for _ in 0..5 {
        let answer = one.clone().replay("calm").await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.unwrap()["same"], true);
    }
}
