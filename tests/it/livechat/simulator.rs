//! The simulated LiveChat is strict: what it would not take there, it does not take here.

use axum::body::Body;
use bothost::domain::delivery::{Delivery, Request};
use bothost::domain::names::{BotId, EventId, TenantName};
use bothost::domain::secret::Secret;
use bothost::platform::Platform;
use bothost::platform::livechat::LiveChat;
use bothost::simulator::Settings;
use bothost::simulator::livechat::{self, SimulatedLiveChat};
use http::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::support::BOT;

pub(super) const TOKEN: &str = "dal-gateway-token";

pub(super) fn service_for(token: &str) -> SimulatedLiveChat {
    SimulatedLiveChat::new(Settings::new(token), livechat::LiveChat::default())
}

/// Sends a request as the host does, with a tenant's token.
pub(super) async fn send_with(service: &SimulatedLiveChat, token: &str, request: &Request) -> (StatusCode, Value) {
    let delivery = Delivery {
        id: 1,
        fence: 1,
        tenant: TenantName::from("acme"),
        platform: "livechat".to_owned(),
        bot: BotId::from(format!("acme:{BOT}")),
        app: BOT.to_owned(),
        event: EventId(1),
        action: request.action.to_owned(),
        method: request.method.to_owned(),
        path: request.path.clone(),
        body: request.body.clone(),
        repeatable: request.repeatable,
        attempt: 1,
        forgiven: 0,
        maybe_sent: false,
        doubt: None,
    };
    let shows = LiveChat.authorize(&Secret::new(token), &delivery);
    assert_eq!(shows.query, None);
    let call =
        http::Request::builder().method(request.method).uri(&request.path).body(Body::from(request.body.clone()));
    let mut call = call.unwrap();
    *call.headers_mut() = shows.headers;
    let response = service.router().oneshot(call).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

fn request(version: &str, method: &str, body: &Value) -> Request {
    Request {
        action: "respond",
        method: "POST",
        path: format!("/{version}/agent/action/{method}"),
        body: body.to_string(),
        repeatable: false,
    }
}

async fn answer(version: &str, method: &str, body: &Value) -> u16 {
    send_with(&service_for(TOKEN), TOKEN, &request(version, method, body)).await.0.as_u16()
}

fn says(text: &str) -> Value {
    json!({ "chat_id": "c", "event": { "type": "message", "text": text, "recipients": "all" } })
}

#[tokio::test]
async fn each_version_has_its_envelope() {
    let wrapped = json!({ "payload": says("hi"), "author_id": BOT });
    assert_eq!(answer("v3.0", "send_event", &wrapped).await, 200);
    assert_eq!(answer("v3.1", "send_event", &says("hi")).await, 200);
    assert_eq!(answer("v3.1", "send_event", &wrapped).await, 400);
    assert_eq!(answer("v3.0", "send_event", &says("hi")).await, 400);
    assert_eq!(answer("v3.0", "send_event", &json!({ "payload": says("hi") })).await, 400, "nobody speaks");
    assert_eq!(answer("v2", "send_event", &says("hi")).await, 404);
    assert_eq!(answer("v3.1", "send_evnt", &says("hi")).await, 404);
    assert_eq!(answer("v3.0", "mark_events_as_seen", &wrapped).await, 404);
}

#[tokio::test]
async fn tokens_are_of_their_data_centre() {
    let hi = request("v3.1", "send_event", &says("hi"));
    assert_eq!(send_with(&service_for(TOKEN), "another-token", &hi).await.0, 401);
    assert_eq!(send_with(&service_for("fra-token-1"), "fra-token-1", &hi).await.0, 200);
}

#[tokio::test]
async fn what_is_not_documented_is_refused() {
    let mut wrong = vec![
        ("send_event", json!({ "chat_id": "c" })),
        ("send_event", json!({ "chat_id": "c", "event": { "type": "filled_form" } })),
        ("send_event", says("")),
        ("send_event", says(&"x".repeat(16_385))),
        ("send_typing_indicator", json!({ "chat_id": "c" })),
        ("transfer_chat", json!({ "chat_id": "c", "target": { "type": "group", "ids": ["1"] } })),
        ("transfer_chat", json!({ "chat_id": "c", "target": { "type": "agent", "ids": [] } })),
        ("close_thread", json!({ "chat_id": "c", "thread_id": "t" })),
        ("tag_chat_thread", json!({ "chat_id": "c", "tag": "x" })),
        ("update_chat_properties", json!({ "chat_id": "c", "properties": { "ns": { "a": { "value": 1 } } } })),
        ("mark_events_as_seen", json!({ "chat_id": "c" })),
        ("close_thread", json!({})),
    ];
    let button = json!({ "text": "a", "postback_id": "b", "user_ids": [] });
    let rich = |elements: Value| json!({ "chat_id": "c", "event": { "type": "rich_message", "template_id": "cards", "elements": elements } });
    wrong.push(("send_event", rich(json!([]))));
    wrong.push(("send_event", rich(json!([{ "buttons": vec![&button; 12] }]))));
    wrong.push(("send_event", rich(json!([{ "buttons": [{ "text": "a", "postback_id": "b" }] }]))));
    wrong.push((
        "send_event",
        rich(json!([{ "buttons": [{ "text": "a", "postback_id": "b", "user_ids": [], "value": "x" }] }])),
    ));
    for (method, body) in wrong {
        assert_eq!(answer("v3.1", method, &body).await, 400, "{method} {body}");
    }
    assert_eq!(answer("v3.1", "send_event", &rich(json!([{ "title": "t", "buttons": [button] }]))).await, 200);
}
