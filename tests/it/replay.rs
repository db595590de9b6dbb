//! Replay: a recorded turn comes out the same to the letter, on the host and in another process; what is different is told.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::cli::bothost;
use crate::support::guests;
use crate::support::host::{Host, SECRET, TOKEN};
use crate::support::stage::{Hook, Stage, message};

async fn post(stage: &Stage, path: &str, body: &Value) -> (StatusCode, Value) {
    let response = stage.host.request(&stage.client, "POST", path).json(body).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

async fn signer() -> (Stage, Hook) {
    let stage = Stage::with(Host::builder().set("GUEST__DEADLINE_MS", "60000")).await;
    stage.push("bot", &guests::signer("1")).await;
    let hook = stage.hook("bot").await;
    (stage, hook)
}

/// Two messages, so that the second turn depends on the state of the first.
async fn second(stage: &Stage, hook: &Hook) -> String {
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    let event = hook.deliver("id-2", message("whatsapp", "jo", "m-2", "two").to_string()).await;
    stage.settled().await;
    event
}

#[tokio::test]
async fn the_same_module_does_the_same_on_the_host() {
    let (stage, hook) = signer().await;
    let event = second(&stage, &hook).await;
    let before = stage.platform.calls().len();
    let (status, replayed) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({})).await;
    assert_eq!((status, &replayed["same"]), (StatusCode::OK, &json!(true)), "{replayed:#}");
    assert_eq!(replayed["recorded"], replayed["replayed"]);
    assert_eq!(replayed["replayed"]["outcome"]["state"], json!({ "set": "2" }));
    // Another version is another thing, and is said to be.
    stage.push("bot", &guests::signer("2")).await;
    let (_, same) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({})).await;
    assert_eq!(same["same"], true, "the recorded module, not the active one");
    let (_, other) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({ "module": "bot" })).await;
    assert_eq!(other["same"], false);
    let changed = json!(r#"actions[0].respond.text: "v1: two" -> "v2: two""#);
    assert_eq!(other["differences"][0], changed, "{other:#}");
    let (_, back) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({ "version": 1 })).await;
    assert_eq!(back["same"], true, "{back:#}");
    let (status, _) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({ "version": 9 })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    // Nothing was sent, and nothing was stored.
    assert_eq!(stage.platform.calls().len(), before);
    assert_eq!(stage.text("SELECT state FROM states"), "2");
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), 2);
}

#[tokio::test]
async fn another_process_does_the_same_also_after_a_restart() {
    let (stage, hook) = signer().await;
    let event = second(&stage, &hook).await;
    let instructions = stage.host.count("SELECT instructions FROM turns ORDER BY id DESC LIMIT 1");
    let said = bothost(&stage.host, &["replay", &event]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with(&format!("same: event {event}, try 1 on ")), "{said:?}");
    assert!(said.out.contains(&format!("({instructions} instructions)")), "{said:?}");
    let stage = stage.restarted();
    let said = bothost(&stage.host, &["replay", &event, "--attempt", "1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("({instructions} instructions)")), "{said:?}");
    // A planted change is seen.
    let said = bothost(&stage.host, &["replay", &event, "--state", "41"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains(r#"state.set: "2" -> "42""#), "{said:?}");
    // So is another module.
    let file = guests::signer("2");
    let said = bothost(&stage.host, &["replay", &event, "--module", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains(r#"actions[0].respond.text: "v1: two" -> "v2: two""#), "{said:?}");
    let said = bothost(&stage.host, &["replay", "999"]);
    assert!(said.code == Some(1) && said.err.contains("no recorded turn"), "{said:?}");
}

#[tokio::test]
async fn failures_are_replayed_to_the_letter() {
    let quick = Host::builder().set("TURN__TRIES", "1").set("GUEST__DEADLINE_MS", "60000");
    let stage = Stage::with(quick.set("GUEST__INSTRUCTIONS", "5000000")).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    for (at, text) in ["panic", "loop", "give up", "priority 9", "huge state"].into_iter().enumerate() {
        let (id, author) = (format!("id-{at}"), format!("jo-{at}"));
        let event = hook.deliver(&id, message("whatsapp", &author, &id, text).to_string()).await;
        stage.settled().await;
        let (_, replayed) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({})).await;
        assert_eq!(replayed["same"], true, "{text}: {replayed:#}");
        assert!(replayed["replayed"]["cause"].is_object(), "{text}: {replayed:#}");
        let said = bothost(&stage.host, &["replay", &event]);
        assert_eq!(said.code, Some(0), "{text}: {said:?}");
    }
}

#[tokio::test]
async fn what_the_deadline_stopped_is_not_compared() {
    let slow = Host::builder().set("TURN__TRIES", "1").set("GUEST__DEADLINE_MS", "30");
    let stage = Stage::with(slow.set("GUEST__INSTRUCTIONS", "1000000000000000")).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "loop").to_string()).await;
    stage.settled().await;
    let (_, replayed) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({})).await;
    assert_eq!(replayed["same"], false);
    let why = replayed["differences"][0].as_str().unwrap();
    assert!(why.starts_with("the recorded turn was stopped by its deadline"), "{why}");
}

#[tokio::test]
async fn a_recording_is_whole_and_without_secrets() {
    let (stage, hook) = signer().await;
    let event = second(&stage, &hook).await;
    let path = format!("/v1/events/{event}/recording");
    let text = stage.host.request(&stage.client, "GET", &path).send().await.unwrap().text().await.unwrap();
    assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
    let recording: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&recording["state_before"], &recording["attempt"]), (&json!("1"), &json!(1)));
    assert_eq!(recording["recorded"]["outcome"]["state"], json!({ "set": "2" }));
    assert_eq!(recording["seed"].as_str().unwrap().parse::<u64>().unwrap().cast_signed(), {
        stage.host.count("SELECT seed FROM turns ORDER BY id DESC LIMIT 1")
    });
    let wasm = stage.host.request(&stage.client, "GET", &format!("{path}/wasm")).send().await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert_eq!(wasm.bytes().await.unwrap(), std::fs::read(guests::signer("1")).unwrap());
}

#[tokio::test]
async fn a_recorded_component_is_downloaded_as_a_version_is() {
    let (stage, hook) = signer().await;
    let event = second(&stage, &hook).await;
    let path = format!("/v1/events/{event}/recording/wasm");
    let get = |path: String| stage.host.request(&stage.client, "GET", &path);
    let recorded = get(path.clone()).send().await.unwrap();
    let version = get("/v1/modules/bot/versions/1/wasm".to_owned()).send().await.unwrap();
    for name in ["content-type", "content-length", "etag", "content-digest"] {
        assert_eq!(recorded.headers().get(name), version.headers().get(name), "{name}");
    }
    let tag = version.headers()["etag"].clone();
    assert_eq!(recorded.bytes().await.unwrap(), version.bytes().await.unwrap());
    let known = get(path.clone()).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((known.status(), known.bytes().await.unwrap().len()), (StatusCode::NOT_MODIFIED, 0));
    // Bytes that are gone, or not what they were, are said to be.
    let digest = tag.to_str().unwrap().trim_matches('"');
    std::fs::write(stage.host.data.join(format!("modules-by-digest/{digest}.wasm")), "damaged").unwrap();
    let gone = get(path).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::CONFLICT);
    let said = bothost(&stage.host, &["replay", &event]);
    assert!(said.code == Some(1) && said.err.contains(&format!("the bytes of the module {digest} are no longer here")));
    assert!(!said.err.contains('{'), "in words, not as JSON: {said:?}");
}

#[tokio::test]
async fn what_an_older_version_recorded_is_not_replayed_with_made_up_values() {
    let (mut stage, hook) = signer().await;
    let event = second(&stage, &hook).await;
    assert!(stage.host.terminate().success());
    // As the upgrade leaves turns from before it.
    let database = rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap();
    let old = "UPDATE turns SET bot_revision = 0, state_before = NULL, owner_before = NULL, activation = NULL";
    database.execute(old, []).unwrap();
    drop(database);
    let stage = Stage { host: stage.host.restarted(), ..stage };
    let (status, problem) = post(&stage, &format!("/v1/events/{event}/replay"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("recorded before this version"), "{problem}");
    let said = bothost(&stage.host, &["replay", &event]);
    assert!(said.code == Some(1) && said.err.contains("recorded before this version"), "{said:?}");
    // It is still explained.
    let explained = stage.host.request(&stage.client, "GET", &format!("/v1/events/{event}")).send().await.unwrap();
    let explained: Value = explained.json().await.unwrap();
    assert_eq!((&explained["turns"][0]["version"], &explained["turns"][0]["module"]), (&json!(1), &json!("bot")));
}
