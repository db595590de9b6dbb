//! Which events a bot agent gets, and how many chats.

use bothost::platform::Platform;
use bothost::platform::livechat::LiveChat;
use serde_json::{Value, json};

use super::support::{AGENT, APP, BOT, CUSTOMER, fixture, fixtures, registered, verified};

fn admit(registration: &Value, body: &str) -> Result<(), String> {
    let (bot, event) = (registered(registration), verified(body));
    let decoded = LiveChat.decode(&bot, &event).unwrap();
    LiveChat.admit(&bot, &event, &decoded)
}

fn registration(status: &str, actions: Value) -> Value {
    json!({ "name": "Bot", "status": status, "max_chats_count": 2,
            "webhooks": { "url": "module:greeter", "actions": actions } })
}

fn filtered(action: &str, filters: Value) -> Value {
    registration("accepting chats", json!([{ "name": action, "filters": filters }]))
}

#[track_caller]
fn let_through(registration: &Value, name: &str) {
    admit(registration, &fixture(name)).unwrap_or_else(|reason| panic!("{name}: {reason}"));
}

#[track_caller]
fn kept_out(registration: &Value, name: &str, why: &str) {
    let reason = admit(registration, &fixture(name)).unwrap_err();
    assert!(reason.contains(why), "{name}: {reason}");
}

/// Conformance 236, 273.
#[test]
fn a_bot_agent_gets_the_actions_that_it_names() {
    let wanted = registration("accepting chats", json!([{ "name": "incoming_event" }, { "name": "thread_closed" }]));
    let mut kept = 0;
    for (name, body) in fixtures().iter().filter(|(name, _)| name != "own-v30") {
        let action = serde_json::from_str::<Value>(body).unwrap()["action"].as_str().unwrap().to_owned();
        let is = admit(&wanted, body).is_ok();
        assert_eq!(is, ["incoming_event", "thread_closed"].contains(&action.as_str()), "{name}");
        kept += u32::from(!is);
    }
    assert!(kept > 20);
    kept_out(&wanted, "own-v30", "own");
    kept_out(&json!({ "status": "accepting chats" }), "message-v30", "webhooks.actions");
}

/// Conformance 242.
#[test]
fn an_offline_bot_agent_gets_nothing() {
    let offline = registration("offline", json!([{ "name": "incoming_event" }]));
    kept_out(&offline, "message-v30", "offline");
    for status in ["accepting chats", "not accepting chats"] {
        let_through(&registration(status, json!([{ "name": "incoming_event" }])), "message-v30");
    }
    assert_eq!(admit(&json!({}), &fixture("message-v30")), Ok(()), "of a recorded bot the status is not known");
}

/// Conformance 227, 240, 241.
#[test]
fn how_many_chats_a_bot_agent_takes() {
    let room = |status: &str, actions: Value| LiveChat.room(&registered(&registration(status, actions)));
    let ends = || json!([{ "name": "incoming_event" }, { "name": "thread_closed" }]);
    assert_eq!(room("accepting chats", ends()), Some(2));
    assert_eq!(room("not accepting chats", ends()), Some(0));
    assert_eq!(room("not accepting chats", json!([{ "name": "incoming_event" }])), Some(0));
    assert_eq!(room("accepting chats", json!([{ "name": "incoming_event" }])), None, "it never hears that a chat ends");
    let some = json!({ "author_type": "customer" });
    let unlike =
        json!([{ "name": "incoming_event" }, { "name": "thread_closed", "filters": { "only_my_chats": true } }]);
    assert_eq!(room("accepting chats", unlike), None, "it does not hear of the end of every chat");
    let alike = json!([{ "name": "incoming_event", "filters": some }, { "name": "thread_closed", "filters": some }]);
    assert_eq!(room("accepting chats", alike), Some(2));
    assert_eq!(LiveChat.room(&registered(&json!({}))), None);
}

/// Conformance 237, 271: the documents' own filter, on an event that shows the property, in both forms, and on one that does not.
#[test]
fn chat_properties_decide_as_far_as_they_are_shown() {
    let of = |kind: &str, value: Value| json!({ "chat_properties": { "source": { "type": { kind: value } } } });
    let event = |filters| filtered("incoming_event", filters);
    let chat = |filters| filtered("incoming_chat_thread", filters);
    for (kind, value, fits) in [
        ("values", json!(["facebook", "twitter"]), true),
        ("values", json!(["twitter"]), false),
        ("exclude_values", json!(["facebook"]), false),
        ("exclude_values", json!(["twitter"]), true),
        ("exists", json!(true), true),
        ("exists", json!(false), false),
    ] {
        for (registration, name) in [
            (event(of(kind, value.clone())), "message-v30"),
            (chat(of(kind, value.clone())), "chat-message-v31"),
            (chat(of(kind, value.clone())), "chat-created-v30"),
        ] {
            assert_eq!(admit(&registration, &fixture(name)).is_ok(), fits, "{kind} {value} {name}");
        }
        // What the event does not show was the sender's to judge.
        let_through(&event(of(kind, value)), "message-v31");
    }
    let other = json!({ "chat_properties": { "shop": { "tier": { "exists": false } } } });
    let_through(&event(other), "message-v30");
    let missing = json!({ "chat_properties": { "shop": { "tier": { "values": ["gold"] } } } });
    kept_out(&event(missing), "message-v30", "filters.chat_properties.shop.tier");
}

/// Conformance 237.
#[test]
fn authors_members_and_apps_decide() {
    let author = |kind: &str| filtered("incoming_event", json!({ "author_type": kind }));
    let_through(&author("customer"), "message-v30");
    let_through(&author("agent"), "agent-v30");
    kept_out(&author("customer"), "agent-v30", "author_type");
    kept_out(&author("agent"), "message-v30", "author_type");

    let mine = filtered("incoming_chat_thread", json!({ "only_my_chats": true }));
    let_through(&mine, "chat-message-v31");
    let theirs = fixture("chat-message-v31").replace(APP, "another-app");
    assert!(admit(&mine, &theirs).unwrap_err().contains("only_my_chats"));
    let_through(&filtered("incoming_event", json!({ "only_my_chats": true })), "message-v31");
    let_through(&filtered("incoming_chat_thread", json!({ "only_my_chats": false })), "chat-message-v31");

    let members =
        |list: &str, ids: Value| filtered("incoming_chat_thread", json!({ "chat_member_ids": { list: ids } }));
    let_through(&members("agents_any", json!([BOT, AGENT])), "chat-message-v31");
    kept_out(&members("agents_any", json!([AGENT])), "chat-message-v31", "agents_any");
    kept_out(&members("agents_exclude", json!([BOT])), "chat-message-v31", "agents_exclude");
    let_through(&members("agents_exclude", json!([AGENT])), "chat-message-v31");
    let unseen = filtered("incoming_event", json!({ "chat_member_ids": { "agents_any": [CUSTOMER] } }));
    let_through(&unseen, "message-v30");
}
