//! Messages of bots elsewhere: held to the documented sizes, recorded, and sent on.

use bothost::simulator;
use serde_json::{Value, json};

use super::support::{Key, MemoryHost, admin};

const ID: &str = "65f0a1b2c3d4e5f601234567";

/// A host with one bot of these fields.
async fn host(fields: Value) -> MemoryHost {
    let host = MemoryHost::default();
    let mut all = json!({"_id": ID, "name": "helper", "webhookURL": "https://bots.example.com/hook"});
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    host.made(&all).await;
    host
}

async fn send(host: &MemoryHost, room: &str, message: &Value) -> (u16, Value) {
    host.call("POST", &format!("bot/{ID}/chatroom/{room}/message"), message).await
}

async fn refused(message: &Value) -> String {
    let host = host(json!({})).await;
    let (status, answer) = send(&host, "r", message).await;
    assert_eq!((status, &answer["message"]), (400, &json!("invalid request")), "{message}");
    assert!(host.calls.lock().unwrap().is_empty());
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_is_recorded_in_its_conversation_and_sent_on() {
    let host = host(json!({})).await;
    let message = json!({
        "message": "Hello 🌸", "messageId": "m1", "userId": "u/1", "somethingNew": 5,
        "actionButtons": [
            {"displayText": "Site", "id": "1", "type": "link", "url": "http://example.com", "imageURL": "https://i.example.com/i"},
            {"displayText": "Yes", "id": "2", "type": "action", "payload": "YES", "iconURL": "https://i.example.com/i"},
        ],
    });
    let sent = (200, json!({"success": true, "message": "message sent"}));
    assert_eq!(send(&host, "room%201", &message).await, sent);
    assert_eq!(send(&host, "room%201", &json!({"message": "to all"})).await, sent);
    let calls = host.calls.lock().unwrap();
    let [first, second] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(first.conversation.as_str(), "room 1/u%2F1");
    assert_eq!(second.conversation.as_str(), "room 1/");
    let request = &first.request;
    assert_eq!(request.path, format!("/consumer/api/v2/bot/{ID}/chatroom/room%201/message"));
    assert_eq!((request.method, request.action, request.repeatable), ("POST", "respond", false));
    let mut known = message.clone();
    known.as_object_mut().unwrap().remove("somethingNew");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, known);
    assert_eq!(simulator::deadsimplechat::message(&body), Vec::<String>::new());
}

#[tokio::test]
async fn sizes_are_those_of_guests_messages() {
    let long = |count: usize| "ü".repeat(count);
    let action = |name: &str, value: Value| {
        let mut button = json!({"displayText": "A", "id": "a", "type": "action"});
        button[name] = value;
        json!({"message": "x", "actionButtons": [button]})
    };
    for right in [
        json!({"message": long(1000)}),
        action("displayText", json!(long(100))),
        action("id", json!(long(100))),
        action("payload", json!(long(1000))),
        json!({"message": "x", "actionButtons": []}),
    ] {
        assert_eq!(send(&host(json!({})).await, "r", &right).await.0, 200, "{right}");
    }
    let link = |url: Value| json!({"message": "x", "actionButtons": [{"displayText": "A", "id": "a", "type": "link", "url": url}]});
    let many: Vec<_> = (0..33).map(|at| json!({"displayText": "A", "id": at.to_string(), "type": "action"})).collect();
    for (wrong, path) in [
        (json!({}), "message must"),
        (json!({"message": ""}), "message must"),
        (json!({"message": 5}), "message must"),
        (json!({"message": long(1001)}), "message may have at most 1000 characters, this one has 1001"),
        (json!({"message": "x", "messageId": 5}), "messageId must"),
        (json!({"message": "x", "userId": ""}), "userId must"),
        (json!({"message": "x", "userId": "u", "uniqueUserIdentifier": "c"}), "userId and uniqueUserIdentifier"),
        (json!({"message": "x", "actionButtons": {}}), "actionButtons must"),
        (json!({"message": "x", "actionButtons": many}), "actionButtons may be at most 32"),
        (json!({"message": "x", "actionButtons": [5]}), "actionButtons[0] must"),
        (action("displayText", json!(long(101))), "actionButtons[0].displayText may"),
        (action("displayText", json!(null)), "actionButtons[0].displayText must"),
        (action("id", json!("")), "actionButtons[0].id must"),
        (action("id", json!(long(101))), "actionButtons[0].id may"),
        (action("type", json!("reply")), "actionButtons[0].type must be one of link, action"),
        (action("url", json!("https://example.com")), "actionButtons[0].url goes with type link only"),
        (action("payload", json!(long(1001))), "actionButtons[0].payload may"),
        (action("payload", json!({})), "actionButtons[0].payload must"),
        (action("imageURL", json!("http://example.com")), "actionButtons[0].imageURL must be a complete URL"),
        (action("iconURL", json!("https://")), "actionButtons[0].iconURL must be a complete URL"),
        (link(json!(null)), "actionButtons[0].url must"),
        (link(json!("javascript:alert(1)")), "actionButtons[0].url must be a complete URL"),
        (link(json!("https://a b")), "actionButtons[0].url must be a complete URL"),
        (json!([]), "the body must be a JSON object"),
    ] {
        let error = refused(&wrong).await;
        assert!(error.starts_with(path), "{wrong}: {error}");
    }
}

#[tokio::test]
async fn a_bot_says_nothing_where_it_is_switched_off() {
    let hello = json!({"message": "hello", "userId": "u"});
    for (fields, words) in [
        (json!({"enabled": false}), "the bot is disabled"),
        (json!({"isAllowedInAllChatRooms": false}), "not enabled in this chat room"),
    ] {
        let host = host(fields).await;
        let (status, answer) = send(&host, "r", &hello).await;
        assert_eq!((status, &answer["success"]), (400, &json!(false)));
        assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
        assert!(host.calls.lock().unwrap().is_empty());
    }
    let host = host(json!({"isAllowedInAllChatRooms": false})).await;
    host.call("POST", &format!("bot/{ID}/chatroom/r/enable"), &Value::Null).await;
    assert_eq!(send(&host, "r", &hello).await.0, 200);
    assert_eq!(send(&host, "other", &hello).await.0, 400);
}

/// Conformance 194.
#[tokio::test]
async fn a_private_bot_says_whom_it_talks_to() {
    let host = host(json!({"messageVisibility": "private", "trigger": "mention"})).await;
    let (status, answer) = send(&host, "r", &json!({"message": "psst"})).await;
    assert_eq!((status, &answer["message"]), (400, &json!("invalid request")));
    assert!(answer["error"].as_str().unwrap().starts_with("userId or uniqueUserIdentifier is required"), "{answer}");
    for member in ["userId", "uniqueUserIdentifier"] {
        assert_eq!(send(&host, "r", &json!({"message": "psst", member: "u"})).await.0, 200);
    }
}

#[tokio::test]
async fn nobody_speaks_in_anothers_name() {
    let host = host(json!({})).await;
    let hello = json!({"message": "hello"});
    let path = format!("bot/{ID}/chatroom/r/message");
    for key in [Key { tenant: "other", ..admin() }, Key { client_id: Some("another"), ..admin() }] {
        let (status, answer) = host.call_by(&key, "POST", &path, &hello).await;
        assert_eq!((status, &answer["success"]), (400, &json!(false)));
        let words = answer["message"].as_str().unwrap();
        assert!(words.starts_with("Bot not found or the user does not have per"), "{words}");
    }
    assert_eq!(send(&host, "%2E%2E", &hello).await.1["message"], "chatRoom not found");
    assert!(host.calls.lock().unwrap().is_empty());
}
