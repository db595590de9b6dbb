//! Which events a bot gets.

use bothost::platform::Platform;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use serde_json::{Value, json};

use super::support::{bot, changed, fixture, verified};

fn admit(registration: Value, event: &str) -> Result<(), String> {
    let (bot, event) = (bot(&registration), verified(event));
    let decoded = DeadSimpleChat.decode(&bot, &event).unwrap();
    DeadSimpleChat.admit(&bot, &event, &decoded)
}

fn refused(registration: Value, event: &str, words: &str) {
    let reason = admit(registration, event).unwrap_err();
    assert!(reason.contains(words), "{reason}");
}

/// Conformance 189, 190, 191.
#[test]
fn the_trigger_lets_every_message_or_the_mentions_in() {
    for event in ["message", "mention", "press", "press-button"] {
        assert_eq!(admit(json!({"trigger": "message"}), &fixture(event)), Ok(()), "{event}");
        assert_eq!(admit(json!({}), &fixture(event)), Ok(()), "{event}");
    }
    let mention = || json!({"trigger": "mention", "name": "helper"});
    refused(mention(), &fixture("message"), "does not mention the bot");
    for event in ["mention", "press", "press-action-button", "press-button"] {
        assert_eq!(admit(mention(), &fixture(event)), Ok(()), "{event}");
    }
    let shouted = changed("mention", "/triggeredBy", json!("MENTION"));
    assert_eq!(admit(mention(), &shouted), Ok(()));
}

#[test]
fn where_the_event_does_not_say_the_text_does() {
    let said = |text: &str| {
        let mut event: Value = serde_json::from_str(&fixture("message")).unwrap();
        event.as_object_mut().unwrap().remove("triggeredBy");
        event["message"]["message"] = json!(text);
        event.to_string()
    };
    let mention = || json!({"trigger": "mention", "name": "Help Desk"});
    for text in ["@helper hi", "hello @Helper!", "ask @help desk: now"] {
        assert_eq!(admit(mention(), &said(text)), Ok(()), "{text}");
    }
    for text in ["hello", "@helpers", "helper", "", "mail me@helperx"] {
        refused(mention(), &said(text), "does not mention the bot");
    }
}

/// Conformance 195, 201.
#[test]
fn switches_decide_where_it_runs() {
    let event = fixture("message");
    refused(json!({"enabled": false}), &event, "the bot is disabled");
    refused(json!({"isAllowedInAllChatRooms": false}), &event, "not enabled in this chat room");
    // A room goes by either of its ids.
    for room in ["Qx1aB2cD3", "65bb02"] {
        let switched = |switch: &str, all: bool| json!({"isAllowedInAllChatRooms": all, "chatRooms": {room: switch}});
        assert_eq!(admit(switched("ENABLED", false), &event), Ok(()));
        assert_eq!(admit(switched("ENABLED", true), &event), Ok(()));
        refused(switched("DISABLED", true), &event, "disabled in this chat room");
    }
    let elsewhere = json!({"chatRooms": {"another": "DISABLED"}});
    assert_eq!(admit(elsewhere, &event), Ok(()));
    let off = json!({"enabled": false, "chatRooms": {"Qx1aB2cD3": "ENABLED"}});
    refused(off.clone(), &event, "the bot is disabled");
    refused(off.clone(), &fixture("press"), "the bot is disabled");
    refused(off, &fixture("odd-unknown"), "the bot is disabled");
}

#[test]
fn bots_do_not_answer_themselves() {
    refused(json!({}), &changed("message", "/user/_id", json!("65aa01")), "a bot wrote");
    let mut known_otherwise: Value = serde_json::from_str(&fixture("message")).unwrap();
    known_otherwise["bot"]["_id"] = json!("other");
    known_otherwise["user"]["_id"] = json!("other");
    refused(json!({}), &known_otherwise.to_string(), "a bot wrote");
    refused(json!({}), &changed("message", "/user/isBot", json!(true)), "a bot wrote");
    refused(json!({}), &changed("message", "/message/isBot", json!(true)), "a bot wrote");
    assert_eq!(admit(json!({}), &changed("message", "/user/isBot", json!(false))), Ok(()));
}
