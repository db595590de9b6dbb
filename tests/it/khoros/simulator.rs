//! The simulator itself: what it refuses, what it remembers, and its faults.

use std::sync::Arc;

use bothost::domain::delivery::Receipt;
use bothost::platform::Platform;
use bothost::platform::khoros::Khoros;
use bothost::simulator::khoros::check::{Action, body};
use bothost::simulator::{
    Settings,
    khoros::{Conversation, Owner, SimulatedKhoros},
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::ServiceExt;

/// Seed 001's message, on Apple.
fn message() -> Value {
    json!({
        "coordinate": {"companyKey": "acme", "networkKey": "apple", "externalId": "e", "botId": "acme-bot", "scope": "PRIVATE"},
        "author": {"id": "a-77", "fullName": "Kim"}, "type": "message", "text": "hello",
    })
}

fn set(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

async fn call(service: &SimulatedKhoros, path: &str, body: &Value) -> (StatusCode, HeaderMap, Value) {
    let headers = [("authorization", "Bearer token"), ("content-type", "application/json; charset=utf-8")];
    call_with(service, "POST", path, &headers, body).await
}

async fn call_with(
    service: &SimulatedKhoros,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (StatusCode, HeaderMap, Value) {
    let mut call = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let call = call.body(axum::body::Body::from(body.to_string())).unwrap();
    let (parts, body) = service.router().oneshot(call).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
}

fn service() -> SimulatedKhoros {
    SimulatedKhoros::new(Settings::new("token"))
}

fn list() -> Value {
    json!({
        "requestMessage": {"title": "a", "subtitle": "b", "style": "ICON"}, "responseMessage": {"title": "c"},
        "sections": [{"id": "0", "title": "d", "multipleSelection": false, "choices": [{"id": "x", "message": {"title": "e"}}]}],
    })
}

fn attachments() -> [(&'static str, Value); 4] {
    [
        ("list", list()),
        ("media", json!([{"url": "https://pics.example.com/a.jpg", "mediaType": "IMAGE"}])),
        (
            "richContent",
            json!({"mediaType": "IMAGE", "url": "https://x.example.com", "title": "t",
            "mediaUrl": "https://x.example.com/p.jpg", "mimeType": "image/jpeg"}),
        ),
        ("payload", json!("{\"a\":1}")),
    ]
}

#[test]
fn each_attachment_is_right_alone_and_wrong_with_another() {
    for (at, (name, value)) in attachments().into_iter().enumerate() {
        let alone = set(message(), &format!("/{name}"), value);
        assert_eq!(body(Action::Respond, &alone), Vec::<String>::new(), "{name}");
        for (other, value) in attachments().into_iter().skip(at + 1) {
            let both = set(alone.clone(), &format!("/{other}"), value);
            let expected = format!("{name} cannot be set together with {other}");
            assert_eq!(body(Action::Respond, &both), [expected]);
        }
    }
}

#[test]
fn the_documents_own_samples_are_right() {
    let postback = json!({"coordinate":{"companyKey":"acme","networkKey":"brandmessenger","externalId":"ext-3","messageId":"m-9",
        "botId":"acme-bot","scope":"PRIVATE","normalizedAuthorId":"a-77"},
        "author":{"id":"a-77","fullName":"Kim"},"type":"message","text":"Pick one","processSynchronously":true,
        "actions":[{"type":"postback","payload":"ORDER_STATUS","text":"Order status"}]});
    let typing = json!({"author":{"id":"adf9as8df9sfi","fullName":"fullname"},"coordinate":{"companyKey":"company",
        "networkKey":"smooch","externalId":"sf8u123jfasdf123","botId":"botId","scope":"PRIVATE"},"type":"typing_start"});
    for sample in [postback, set(typing.clone(), "/type", json!("typing_stop")), typing] {
        assert_eq!(body(Action::Respond, &sample), Vec::<String>::new());
    }
}

#[test]
fn wrong_messages_are_named() {
    let media = |value| set(message(), "/media", value);
    let in_list = |pointer: &str, value| set(set(message(), "/list", list()), &format!("/list{pointer}"), value);
    for (wrong, expected) in [
        (set(message(), "/type", json!("shout")), "Invalid type shout"),
        (set(message(), "/type", Value::Null), "type may not be empty"),
        (set(message(), "/author/id", json!("")), "author.id may not be empty"),
        (set(message(), "/coordinate/scope", json!("SECRET")), "Invalid coordinate.scope SECRET"),
        (set(message(), "/coordinate/companyKey", Value::Null), "coordinate.companyKey may not be empty"),
        (set(message(), "/text", Value::Null), "text may not be empty"),
        (set(message(), "/text", json!(1)), "text must be a string"),
        (set(message(), "/actions", json!([])), "actions must be a list"),
        (set(message(), "/actions", json!([{"type": "link", "payload": "x"}])), "Invalid actions.0.type link"),
        (set(message(), "/actions", json!([{"type": "postback", "payload": "x"}])), "actions.0.text may not be empty"),
        (set(message(), "/payload", json!({"a": 1})), "payload must be a string that holds JSON"),
        (set(message(), "/payload", json!("text")), "payload must be a string that holds JSON"),
        (media(json!({"url": "https://x", "mediaType": "IMAGE"})), "media must be a list with exactly one element"),
        (media(json!([])), "media must be a list with exactly one element"),
        (media(json!([{"url": "/a", "mediaType": "IMAGE"}])), "media.0.url must be a complete URL"),
        (media(json!([{"url": "https://x", "mediaType": "AUDIO"}])), "Invalid media.0.mediaType AUDIO"),
        (in_list("/requestMessage/style", json!("HUGE")), "Invalid list.requestMessage.style HUGE"),
        (
            in_list("/requestMessage/media", json!({"url": "https://x", "mediaType": "VIDEO"})),
            "Invalid list.requestMessage.media.mediaType VIDEO",
        ),
        (in_list("/sections", json!([])), "list.sections may not be empty"),
        (
            set(set(message(), "/list", list()), "/coordinate/networkKey", json!("sms")),
            "list is not supported on network sms",
        ),
    ] {
        assert_eq!(body(Action::Respond, &wrong), [expected], "{wrong}");
    }
    let typing = set(set(message(), "/type", json!("typing_start")), "/coordinate/networkKey", json!("whatsapp"));
    assert_eq!(body(Action::Respond, &typing), ["Typing indicators are not supported on network whatsapp"]);
    assert_eq!(body(Action::Respond, &json!([])), ["the body is not a JSON object"]);
}

#[tokio::test]
async fn calls_need_the_token_and_the_charset() {
    let service = service();
    let json = ("content-type", "application/json; charset=utf-8");
    for headers in [vec![json], vec![json, ("authorization", "Bearer other")], vec![json, ("authorization", "token")]] {
        let (status, _, answer) = call_with(&service, "POST", "/bots/v3/respond", &headers, &message()).await;
        assert_eq!((status.as_u16(), &answer["error"]["message"]), (401, &json!("Unauthorized")));
    }
    let plain = [("authorization", "Bearer token"), ("content-type", "application/json")];
    let (status, ..) = call_with(&service, "POST", "/bots/v3/respond", &plain, &message()).await;
    assert_eq!(status.as_u16(), 400);
    assert_eq!(call(&service, "/bots/v3/unknown", &message()).await.0.as_u16(), 404);
    let (status, headers, answer) = call(&service, "/bots/v3/respond", &message()).await;
    assert_eq!(status.as_u16(), 202);
    assert_eq!(headers["x-amzn-requestid"].to_str().unwrap(), answer["requestId"]);
    let synchronously = set(message(), "/processSynchronously", json!(true));
    let (status, _, answer) = call(&service, "/bots/v3/respond", &synchronously).await;
    assert_eq!((status.as_u16(), &answer["data"]["requestState"]), (200, &json!("SUCCESS")));
}

#[tokio::test]
async fn only_the_holder_of_a_conversation_speaks() {
    let service = service();
    let conversation =
        Conversation { network: "apple".to_owned(), external_id: "e".to_owned(), author: "a-77".to_owned() };
    service.set_owner(conversation.clone(), Owner::Agent);
    let (status, headers, answer) = call(&service, "/bots/v3/respond", &message()).await;
    assert_eq!(status.as_u16(), 403);
    let receipt = Khoros.receipt(status, &headers, answer.to_string().as_bytes());
    let Receipt::Refused { reason } = receipt else { panic!("{receipt:?}") };
    assert!(reason.contains("This bot doesn't own the conversation"), "{reason}");
    let headers = [("authorization", "Bearer token"), ("content-type", "application/json;charset=UTF-8")];
    let take = set(set(message(), "/type", json!("control")), "/owner", json!({"type": "BOT", "appId": "acme-bot"}));
    assert_eq!(call_with(&service, "PUT", "/bots/v3/control", &headers, &take).await.0.as_u16(), 200);
    assert_eq!(service.owner(&conversation), Some(Owner::Bot("acme-bot".to_owned())));
    assert_eq!(call(&service, "/bots/v3/respond", &message()).await.0.as_u16(), 202);
    let other_bot = set(message(), "/coordinate/botId", json!("other-bot"));
    assert_eq!(call(&service, "/bots/v3/respond", &other_bot).await.0.as_u16(), 403);
}

#[tokio::test]
async fn the_next_calls_fail_as_told_and_no_more() {
    let service = service();
    service.fail_next_for(2, StatusCode::TOO_MANY_REQUESTS, 9);
    for _ in 0..2 {
        let (status, headers, _) = call(&service, "/bots/v3/respond", &message()).await;
        assert_eq!((status.as_u16(), headers["retry-after"].to_str().unwrap()), (429, "9"));
    }
    assert_eq!(call(&service, "/bots/v3/respond", &message()).await.0.as_u16(), 202);
    service.fail_next(1, StatusCode::BAD_GATEWAY);
    assert_eq!(call(&service, "/bots/v3/respond", &message()).await.0.as_u16(), 502);
    let statuses: Vec<_> = service.received().iter().map(|call| call.status.unwrap().as_u16()).collect();
    assert_eq!(statuses, [429, 429, 202, 502]);
}

#[tokio::test]
async fn the_oldest_calls_are_forgotten() {
    let service = SimulatedKhoros::new(Settings { received_max: 2, ..Settings::new("token") });
    for text in ["one", "two", "three"] {
        call(&service, "/bots/v3/respond", &set(message(), "/text", json!(text))).await;
    }
    let received = service.received();
    let texts: Vec<_> = received.iter().map(|call| call.body["text"].as_str().unwrap()).collect();
    assert_eq!((texts, service.received_total()), (vec!["two", "three"], 3));
    assert_eq!((received[0].method.clone(), received[0].path.as_str()), (Method::POST, "/bots/v3/respond"));
}

#[tokio::test]
async fn over_a_socket_it_hangs_is_waited_for_and_stops() {
    let service = service();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(Notify::new());
    let server = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move { service.serve(listener, async move { stop.notified().await }).await }
    });
    service.hang();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let body = message().to_string();
    let head = format!(
        "POST /bots/v3/respond HTTP/1.1\r\nhost: x\r\nauthorization: Bearer token\r\nconnection: close\r\n\
         content-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    service.wait_for(1).await;
    assert_eq!(service.received()[0].status, None);
    stop.notify_one();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    server.await.unwrap().unwrap();
}
