//! Calls of Khoros' API by a bot elsewhere, and what they are answered.

use serde_json::{Value, json};

use super::guests::echo;
use super::host::{Host, HostBuilder, registration};
use super::platform::PATIENCE;
use super::stage::{BOT, Stage};

/// An answer: its status, the id in its header and its body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub header: String,
    pub body: Value,
}

/// Calls the API with the admin key.
pub async fn send(stage: &Stage, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    send_as(stage, &stage.host.key, method, path, body).await
}

pub async fn send_as(stage: &Stage, key: &str, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = stage.host.request_as(key, &stage.client, method, &format!("/bots/v3/{path}")).body(body.into());
    let answer = tokio::time::timeout(PATIENCE, request.send()).await.expect("an answer").unwrap();
    let status = answer.status().as_u16();
    let header = answer.headers().get("x-amzn-requestid").map(|id| id.to_str().unwrap().to_owned());
    let body = answer.bytes().await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status, header: header.unwrap_or_else(|| panic!("{method} {path}: no request id")), body }
}

pub fn coordinate(network: &str) -> Value {
    json!({
        "companyKey": "exampleinc", "networkKey": network, "externalId": "page", "messageId": "m-1", "botId": BOT,
        "scope": "PRIVATE", "normalizedAuthorId": "jo",
    })
}

/// An action in the conversation with `jo`.
pub fn action(network: &str, kind: &str, more: Value) -> Value {
    let mut body =
        json!({ "coordinate": coordinate(network), "author": { "id": "jo", "fullName": "Jo" }, "type": kind });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub fn says(text: &str) -> String {
    action("whatsapp", "message", json!({ "text": text })).to_string()
}

pub fn waits(text: &str) -> String {
    action("whatsapp", "message", json!({ "text": text, "processSynchronously": true })).to_string()
}

pub fn control(owner: Value, more: Value) -> String {
    let mut body = action("whatsapp", "control", json!({ "owner": owner, "comment": "over to you" }));
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

pub fn agent() -> Value {
    json!({ "type": "AGENT" })
}

pub fn bot() -> Value {
    json!({ "type": "BOT", "appId": BOT })
}

/// Every action with its path.
pub fn actions() -> Vec<(&'static str, &'static str, Value)> {
    let of = |kind, more| action("facebook", kind, more);
    vec![
        ("POST", "respond", of("message", json!({ "text": "hi" }))),
        ("POST", "respond", of("message", json!({ "text": "hi again", "processSynchronously": false }))),
        ("POST", "respond", of("typing_start", json!({}))),
        ("POST", "respond", of("typing_stop", json!({}))),
        ("PUT", "priority", of("priority", json!({ "newPriority": 0 }))),
        ("PUT", "note", of("note", json!({ "note": "VIP" }))),
        ("PUT", "tag", of("tag", json!({ "entityType": "POST", "tagIds": [1, 2] }))),
        ("PUT", "tag/remove", of("remove_tag", json!({ "entityType": "POST", "tagIds": [1] }))),
        ("PUT", "workqueue", of("workqueue", json!({ "newWorkQueue": 7 }))),
        (
            "PUT",
            "authors/attributes",
            of("author_attributes", json!({ "payload": { "attributes": { "tier": ["gold"] } } })),
        ),
        ("PUT", "authors", of("author_update", json!({ "properties": { "a": "b" }, "updatedName": "Jo Q" }))),
        ("POST", "form", of("secure_form", json!({ "comment": "please fill in", "secureFormId": 12 }))),
        ("PUT", "resolve", of("resolve", json!({ "comment": "done" }))),
        ("PUT", "control", of("control", json!({ "owner": { "type": "AGENT" } }))),
    ]
}

/// A stage with the bot on two networks.
pub async fn stage_with(builder: HostBuilder) -> Stage {
    let stage = Stage::with(builder).await;
    stage.push("echo", &echo()).await;
    for network in ["whatsapp", "facebook"] {
        stage.hook_of(&registration(network, "page", BOT, "echo")).await;
    }
    stage
}

pub async fn stage() -> Stage {
    stage_with(Host::builder()).await
}

pub async fn set_mode(stage: &Stage, mode: &str) {
    for network in ["whatsapp", "facebook"] {
        let path = format!("registrations/network/{network}/externalId/page/appId/{BOT}/mode/{mode}");
        assert_eq!(send(stage, "PUT", &path, "").await.status, 202);
    }
}

pub fn error(answer: &Answer) -> String {
    answer.body["error"]["messages"][0].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}
