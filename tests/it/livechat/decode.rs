//! What becomes of events.

use bothost::domain::event::{Event, MediaKind, Message, Operation, Owner, Update, Visibility};
use bothost::domain::ownership::after_event;
use bothost::platform::Platform;
use bothost::platform::livechat::LiveChat;
use serde_json::{Value, json};

use super::support::{AGENT, BOT, CUSTOMER, SECRET, decode, fixture, fixtures, verified};

fn message(name: &str) -> Message {
    match decode(&fixture(name)).unwrap().event {
        Event::Message(message) => *message,
        Event::Update(update) => panic!("{name} is an update: {update:?}"),
    }
}

fn update(name: &str) -> Update {
    match decode(&fixture(name)).unwrap().event {
        Event::Update(update) => *update,
        Event::Message(message) => panic!("{name} is a message: {message:?}"),
    }
}

fn event_id(name: &str) -> Option<String> {
    decode(&fixture(name)).unwrap().event_id
}

fn extra<'a>(extras: &'a [bothost::domain::event::Extra], key: &str) -> &'a str {
    &extras.iter().find(|extra| extra.key == key).unwrap_or_else(|| panic!("no {key} in {extras:?}")).json
}

/// Changes one value after the other and looks for the change in what the bot gets. The key is left out: no bot has a need of it.
/// Conformance 238, 272: what was asked for besides is handed on.
#[test]
fn no_value_of_any_event_is_lost() {
    let mut values = 0;
    for (name, text) in fixtures() {
        let original: Value = serde_json::from_str(&text).unwrap();
        let before = decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut leaves = Vec::new();
        collect_leaves(&original, String::new(), &mut leaves);
        for (at, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| *leaf != "/secret_key") {
            let (changed, mark) = match original.pointer(leaf).unwrap() {
                Value::String(_) => (json!(format!("zq{at}q")), format!("zq{at}q")),
                Value::Number(_) => (json!(4_711_000 + at), (4_711_000 + at).to_string()),
                Value::Bool(value) => (json!(!value), (!value).to_string()),
                _ => continue,
            };
            let mut event = original.clone();
            *event.pointer_mut(leaf).unwrap() = changed;
            let after = decode(&event.to_string()).unwrap_or_else(|error| panic!("{name}{leaf}: {error}"));
            let shown = format!("{after:?}");
            assert!(shown.contains(&mark), "{name}: {leaf} is lost in {shown}");
            assert!(!shown.contains(SECRET), "{name}: the key is shown");
            assert_ne!(before, after, "{name}: {leaf}");
            values += 1;
        }
    }
    assert!(values > 300, "only {values} values were looked at");
}

fn collect_leaves(value: &Value, path: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect_leaves(value, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), leaves);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                collect_leaves(value, format!("{path}/{at}"), leaves);
            }
        }
        _ => leaves.push(path),
    }
}

/// Conformance 273.
#[test]
fn what_a_customer_writes_is_a_message_in_both_versions() {
    for (name, text, ms) in [("message-v30", "hi", 1_570_786_859_000), ("message-v31", "hi 🍺", 1_570_786_859_219)] {
        let decoded = decode(&fixture(name)).unwrap();
        assert_eq!((decoded.origin.network.as_str(), decoded.origin.channel.as_str()), ("livechat", "livechat"));
        assert_eq!(decoded.origin.visibility, Visibility::Private);
        assert_eq!(decoded.conversation.as_str(), "PJ0AAAA");
        assert_eq!(decoded.event_id.as_deref(), Some("incoming_event/PJ0AAAA/K600BBBB/K600BBBB_3"));
        let message = message(name);
        assert_eq!((message.text.as_deref(), message.author.id.as_str()), (Some(text), CUSTOMER));
        assert_eq!(message.owner, None, "an event does not say who holds the chat");
        assert_eq!(extra(&message.extras, "thread_id"), "\"K600BBBB\"");
        assert_eq!(message.published_ms, Some(ms));
    }
}

#[test]
fn the_parts_of_what_a_customer_says() {
    let press = message("press-v31");
    assert_eq!(press.text.as_deref(), Some("Yes"));
    assert_eq!((press.presses[0].kind.as_str(), press.presses[0].payload.as_str()), ("postback", "YES"));
    assert_eq!(press.presses[0].text.as_deref(), Some("Yes"));

    let file = &message("file-v31").media[0];
    assert_eq!((&file.kind, file.title.as_deref()), (&MediaKind::Image, Some("image25.png")));
    assert!(file.url.ends_with("/image25.png"));

    let form = message("form-v30").form.unwrap();
    let answers: Vec<_> = form.fields.iter().map(|field| (field.name.as_str(), field.values.join("+"))).collect();
    let expected = [("f1", "John Doe"), ("f2", "Support"), ("f3", "automotive+it"), ("f4", "Marketing"), ("email", "")];
    assert_eq!(answers, expected.map(|(name, values)| (name, values.to_owned())));
    assert_eq!(form.fields[1].label.as_deref(), Some("Chat purpose"));

    let alone = message("postback-v30");
    assert_eq!((alone.presses[0].payload.as_str(), alone.author.id.as_str()), ("action_yes", CUSTOMER));
    assert_eq!((alone.text, alone.id), (None, None));
}

#[test]
fn what_others_say_is_told_as_what_it_is() {
    let Operation::AgentResponse(said) = update("agent-v30").operation else { panic!() };
    assert_eq!((said.text.as_deref(), said.published_ms), (Some("Agent here"), Some(1_570_786_859_000)));
    let Operation::AgentResponse(sent) = update("agent-file-v31").operation else { panic!() };
    assert!(sent.text.is_none() && extra(&sent.extras, "url").contains("a.pdf"));
    for (name, action) in [
        ("whisper-v31", "incoming_event"),
        ("own-v30", "incoming_event"),
        ("system-v31", "incoming_event"),
        ("custom-v31", "incoming_event"),
        ("postback-off-v31", "incoming_rich_message_postback"),
    ] {
        let Operation::Other { kind, details } = update(name).operation else { panic!("{name}") };
        assert_eq!(kind, action);
        assert!(details.contains("PJ0AAAA"), "{details}");
    }
}

/// Each action that the contract has no case for, with what came with it.
#[test]
fn every_other_action_is_an_update_with_its_payload() {
    let mut kinds = Vec::new();
    for (name, text) in fixtures() {
        let event: Value = serde_json::from_str(&text).unwrap();
        let Event::Update(update) = decode(&text).unwrap().event else { continue };
        let Operation::Other { kind, details } = update.operation else { continue };
        let payload = event.get("data").or_else(|| event.get("payload")).unwrap();
        assert_eq!(kind, event["action"].as_str().unwrap(), "{name}");
        assert_eq!(serde_json::from_str::<Value>(&details).unwrap(), *payload, "{name}");
        kinds.push(kind);
    }
    for kind in [
        "access_granted",
        "access_revoked",
        "access_set",
        "agent_deleted",
        "agent_status_changed",
        "chat_properties_deleted",
        "chat_properties_updated",
        "chat_teleported",
        "chat_thread_properties_deleted",
        "chat_thread_properties_updated",
        "chat_thread_tagged",
        "chat_thread_untagged",
        "customer_created",
        "event_properties_deleted",
        "event_properties_updated",
        "event_updated",
        "events_marked_as_seen",
        "last_seen_timestamp_updated",
    ] {
        assert!(kinds.iter().any(|known| known == kind), "no fixture of {kind} is an other update");
    }
}

/// Conformance 273.
#[test]
fn a_thread_begins_silently_or_with_what_the_customer_said() {
    let created = update("chat-created-v30");
    assert_eq!(created.operation, Operation::Created);
    assert_eq!((created.author.id.as_str(), created.author.full_name.as_deref()), (CUSTOMER, Some("Jo Quill")));
    assert_eq!(created.conversation.unwrap().uuid.as_deref(), Some("PJ0AAAA"));
    assert!(extra(&created.extras, "chat").contains("\"facebook\""));
    assert_eq!(update("chat-form-v31").operation, Operation::Created, "a form before the chat is no message");

    let began = message("chat-message-v31");
    assert_eq!(began.text.as_deref(), Some("hi\nthere"));
    assert_eq!(began.author.full_name.as_deref(), Some("Jo Quill"));
    assert_eq!(began.owner, Some(Owner::Bot(BOT.to_owned())));
    assert_eq!(began.form.unwrap().fields[0].values, ["Jo"]);
    assert!(extra(&began.extras, "chat").contains("How may I help you?"));
}

#[test]
fn who_holds_a_chat_follows_who_is_in_it() {
    let after = |name: &str, known: Option<Owner>| after_event(known, &decode(&fixture(name)).unwrap().event, BOT);
    let ours = || Some(Owner::Bot(BOT.to_owned()));
    assert_eq!(update("chat-agent-v31").operation, Operation::OwnerChanged(Owner::Agent));
    assert_eq!(message("chat-agent-message-v31").owner, Some(Owner::Agent), "the bot is not present, the agent is");
    assert_eq!(after("agent-added-v31", ours()), Owner::Agent);
    assert_eq!(Some(after("bot-added-v30", Some(Owner::Agent))), ours());
    assert_eq!(after("bot-removed-v31", ours()), Owner::Agent);
    assert_eq!(after("agent-removed-v31", Some(Owner::Agent)), Owner::Agent);
    assert_eq!(Some(after("customer-added-v31", ours())), ours());
    assert_eq!(Some(after("closed-v30", Some(Owner::Agent))), ours(), "the next thread is the bot's again");
    let other = fixture("bot-added-v30").replace(BOT, &"0".repeat(32));
    let Event::Update(other) = decode(&other).unwrap().event else { panic!() };
    assert_eq!(other.operation, Operation::OwnerChanged(Owner::Bot("0".repeat(32))));
}

/// What happened once is taken once; what may happen again is not taken for the first time.
#[test]
fn an_event_has_the_same_id_however_often_it_comes() {
    assert_eq!(event_id("closed-v30").as_deref(), Some("thread_closed/PJ0AAAA/K600BBBB"));
    assert_eq!(event_id("chat-created-v30").as_deref(), Some("incoming_chat_thread/PJ0AAAA/K600BBBB"));
    assert_eq!(event_id("odd-slash-v31").as_deref(), Some("incoming_event/a%2Fb%25//K600BBBB_3"));
    assert_eq!(decode(&fixture("odd-slash-v31")).unwrap().conversation.as_str(), "a%2Fb%25");
    for repeatable in ["postback-v30", "event-updated-v31", "tagged-v30", "agent-added-v31", "seen-v31"] {
        assert_eq!(event_id(repeatable), None, "{repeatable}");
    }
    assert_eq!(decode(&fixture("status-v30")).unwrap().conversation.as_str(), format!("agent_status_changed/{AGENT}"));
    assert_eq!(decode(&fixture("access-set-v30")).unwrap().conversation.as_str(), "PJ0AAAA");
}

#[test]
fn what_cannot_be_placed_is_refused_with_its_path() {
    let path = |body: &str| decode(body).unwrap_err().path;
    assert_eq!(path("[]"), "$");
    assert!(path("{").starts_with("line 1"));
    assert_eq!(path(r#"{"payload": {}}"#), "action");
    assert_eq!(path(r#"{"action": "incoming_event"}"#), "payload");
    assert_eq!(path(r#"{"action": "incoming_event", "data": 1}"#), "data");
    assert_eq!(path(r#"{"action": "incoming_event", "data": {}}"#), "data.chat_id");
    assert_eq!(path(r#"{"action": "incoming_chat_thread", "payload": {"chat": 1}}"#), "payload.chat.id");
    let nobody = r#"{"action": "incoming_event", "payload": {"chat_id": "c", "event": {"type": "message"}}}"#;
    assert_eq!(path(nobody), "payload.event.author_id");
    let press = r#"{"action": "incoming_rich_message_postback", "data": {"chat_id": "c", "postback": {"id": "x", "toggled": true}}}"#;
    assert_eq!(path(press), "data.user_id");
}

#[test]
fn the_stand_in_is_a_bot_that_is_there() {
    assert_eq!(LiveChat.stand_in(&verified(&fixture("chat-created-v30"))).platform_id, BOT);
    assert_eq!(LiveChat.stand_in(&verified(&fixture("message-v30"))).platform_id.len(), 32);
    assert_eq!(LiveChat.stand_in(&verified("{")).platform_id.len(), 32);
}
