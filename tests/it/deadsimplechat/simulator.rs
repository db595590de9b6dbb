//! The simulated platform: what it takes and what it does not.

use std::sync::Arc;

use axum::body::Body;
use bothost::simulator::Settings;
use bothost::simulator::deadsimplechat::{DeadSimpleChat, SimulatedDeadSimpleChat, message};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PATH: &str = "/consumer/api/v2/bot/b/chatroom/r/message";

fn service() -> Arc<SimulatedDeadSimpleChat> {
    Arc::new(SimulatedDeadSimpleChat::new(Settings::new("k&y"), DeadSimpleChat))
}

async fn call(
    service: &SimulatedDeadSimpleChat,
    line: (&str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let mut request = Request::builder().method(line.0).uri(line.1);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = service.router().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn it_wants_its_key_and_remembers_what_it_took() {
    let service = service();
    let hello = json!({"message": "hello"});
    let sent = (200, json!({"success": true, "message": "message sent"}));
    let with = |query: &str| format!("{PATH}{query}");
    for (query, headers) in [("?auth=k%26y", &[JSON][..]), ("", &[JSON, ("auth", "k&y")][..])] {
        assert_eq!(call(&service, ("POST", &with(query)), headers, &hello).await, sent);
    }
    let both = [JSON, ("auth", "k&y")];
    assert_eq!(call(&service, ("POST", &with("?auth=k%26y")), &both, &hello).await, sent);
    let wrong = (401, json!({"message": "Invalid API Key"}));
    assert_eq!(call(&service, ("POST", &with("?auth=other")), &both, &hello).await, wrong);
    assert_eq!(call(&service, ("POST", &with("?auth=k%26y")), &[JSON, ("auth", "x")], &hello).await, wrong);
    let missing = (400, json!({"message": "Please specify API Key"}));
    assert_eq!(call(&service, ("POST", PATH), &[JSON], &hello).await, missing);
    let received = service.received();
    assert_eq!((received.len(), service.received_total()), (6, 6));
    assert_eq!((received[0].path.as_str(), received[0].status), (PATH, Some(StatusCode::OK)));
    service.fail_next(1, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(call(&service, ("POST", &with("?auth=k%26y")), &[JSON], &hello).await.0, 503);
    assert_eq!(call(&service, ("POST", &with("?auth=k%26y")), &[JSON], &hello).await, sent);
}

#[tokio::test]
async fn other_calls_are_not_there() {
    let service = service();
    let hello = json!({"message": "hello"});
    for (method, path) in [
        ("GET", PATH),
        ("POST", "/consumer/api/v2/bot"),
        ("POST", "/consumer/api/v2/bot/b/chatroom//message"),
        ("POST", "/consumer/api/v2/bot/b/chatroom/r/message/more"),
        ("POST", "/consumer/api/v1/bot/b/chatroom/r/message"),
    ] {
        let answer = call(&service, (method, &format!("{path}?auth=k%26y")), &[JSON], &hello).await;
        assert_eq!(answer.0, 404, "{method} {path}");
    }
    let answer = call(&service, ("POST", &format!("{PATH}?auth=k%26y")), &[], &hello).await;
    assert!(answer.1["error"].as_str().unwrap().contains("Content-Type"), "{answer:?}");
    let answer = call(&service, ("POST", &format!("{PATH}?auth=k%26y")), &[JSON], &json!({})).await;
    assert_eq!(answer.1, json!({"success": false, "message": "invalid request", "error": "message is required"}));
}

#[test]
fn it_is_strict_about_every_member() {
    let button = |more: Value| {
        let mut button = json!({"displayText": "A", "id": "a", "type": "action"});
        for (name, value) in more.as_object().unwrap() {
            button[name] = value.clone();
        }
        json!({"message": "x", "actionButtons": [button]})
    };
    let long = |count: usize| "ü".repeat(count);
    let link = json!({"type": "link", "url": "https://example.com/"});
    for right in
        [json!({"message": long(1000)}), button(json!({})), button(link), button(json!({"payload": long(1000)}))]
    {
        assert_eq!(message(&right), Vec::<String>::new(), "{right}");
    }
    let twice = json!({"message": "x", "actionButtons": [
        {"displayText": "A", "id": "a", "type": "action"}, {"displayText": "B", "id": "a", "type": "action"},
    ]});
    for wrong in [
        json!([]),
        json!({}),
        json!({"message": ""}),
        json!({"message": long(1001)}),
        json!({"message": "x", "text": "x"}),
        json!({"message": "x", "userId": "u", "uniqueUserIdentifier": "c"}),
        json!({"message": "x", "userId": null}),
        json!({"message": "x", "actionButtons": []}),
        button(json!({"displayText": long(101)})),
        button(json!({"id": long(101)})),
        button(json!({"payload": long(1001)})),
        button(json!({"type": "reply"})),
        button(json!({"type": "link"})),
        button(json!({"url": "https://example.com/"})),
        button(json!({"type": "link", "url": "example.com"})),
        button(json!({"iconURL": "http://example.com/"})),
        button(json!({"colour": "red"})),
        twice,
    ] {
        assert_ne!(message(&wrong), Vec::<String>::new(), "{wrong}");
    }
}
