//! Events as DeadSimpleChat brings them: what a bot is told of them.

use bothost::domain::event::{Event, Message, Operation, Press, Visibility};
use bothost::platform::{Platform, deadsimplechat::DeadSimpleChat};
use serde_json::{Value, json};

use super::support::{bot, changed, decode, fixture, fixtures, verified};

fn message(name: &str) -> Message {
    match decode(&fixture(name)).unwrap().event {
        Event::Message(message) => *message,
        Event::Update(update) => panic!("{name}: {update:?}"),
    }
}

fn text(event: &str) -> Option<String> {
    match decode(event).unwrap().event {
        Event::Message(message) => message.text,
        Event::Update(update) => panic!("{update:?}"),
    }
}

fn keys(message: &Message) -> Vec<&str> {
    message.extras.iter().map(|extra| extra.key.as_str()).collect()
}

#[test]
fn a_mention_is_a_message_without_the_mention() {
    let decoded = decode(&fixture("mention")).unwrap();
    assert_eq!(decoded.event_id.as_deref(), Some("message/65dd04"));
    assert_eq!(decoded.conversation.as_str(), "Qx1aB2cD3/65cc03");
    let origin = &decoded.origin;
    assert_eq!((origin.network.as_str(), origin.channel.as_str()), ("deadsimplechat", "Qx1aB2cD3"));
    assert_eq!(origin.visibility, Visibility::Public, "a room is read by all who are in it");
    let message = message("mention");
    assert_eq!((message.id.as_deref(), message.text.as_deref()), (Some("65dd04"), Some("what are the opening hours?")));
    assert_eq!((message.author.id.as_str(), message.author.full_name.as_deref()), ("65cc03", Some("kim")));
    let extra = &message.author.extras[0];
    assert_eq!((extra.key.as_str(), extra.json.as_str()), ("uniqueUserIdentifier", "\"crm-77\""));
    assert_eq!(keys(&message), ["triggeredBy", "bot", "chatRoom"]);
    let past: Vec<_> = decoded.history.iter().map(|past| past.text.as_deref().unwrap()).collect();
    assert_eq!(past, ["good morning", "hi all"], "oldest first, and the message itself is no past");
}

#[test]
fn only_the_bots_own_name_at_the_beginning_is_taken_off() {
    for (said, told) in [
        ("@helper what's up", "what's up"),
        ("  @HELPER, what's up ", "what's up "),
        ("@helper: \n go", "go"),
        ("@helper", ""),
        ("@helper?", "?"),
        ("@helpers all", "@helpers all"),
        ("@helper-2 all", "@helper-2 all"),
        ("ask @helper now", "ask @helper now"),
        ("helper, hi", "helper, hi"),
        ("@", "@"),
        ("", ""),
    ] {
        assert_eq!(text(&changed("mention", "/message/message", json!(said))).as_deref(), Some(told), "{said:?}");
    }
    let named = |name: &str, said: &str| {
        let mut event: Value = serde_json::from_str(&fixture("mention")).unwrap();
        event["bot"]["name"] = json!(name);
        event["message"]["message"] = json!(said);
        text(&event.to_string()).unwrap()
    };
    assert_eq!(named("My Bot", "@my bot hi"), "hi");
    assert_eq!(named("Bär", "@BÄR hi"), "hi");
    assert_eq!(named("", "@ hi"), "@ hi");
}

#[test]
fn a_pressed_button_brings_its_payload() {
    let press = |payload: &str, text: Option<&str>| Press {
        kind: "postback".to_owned(),
        payload: payload.to_owned(),
        text: text.map(str::to_owned),
    };
    assert_eq!(message("press").presses, [press("HOURS:today", Some("Opening hours"))]);
    assert_eq!(message("press-action-button").presses, [press(r#"{ "day": "today" }"#, None)]);
    assert_eq!(message("press-button").presses, [press("7", None)], "a button without a payload is known by its id");
    assert_eq!(message("press-bare").presses, [press("hours", None)]);
    let pressed = message("press");
    assert_eq!((pressed.id, pressed.text), (None, None), "the message beside it may be the bot's own");
    assert!(keys(&message("press")).contains(&"message") && keys(&message("press")).contains(&"action"));
    let decoded = decode(&fixture("press")).unwrap();
    assert_eq!(decoded.event_id, None, "a button may be pressed twice");
    let said = changed("message", "/action", json!({"id": "x"}));
    assert_eq!(text(&said).as_deref(), Some("hello everybody"), "what says that it is a message is one");
}

#[test]
fn fields_may_be_missing_or_of_another_shape() {
    let bare = decode(&fixture("odd-text-alone")).unwrap();
    assert_eq!(bare.conversation.as_str(), "a%2Fb%25/4711");
    assert_eq!(bare.event_id, None);
    assert_eq!(message("odd-text-alone").text.as_deref(), Some("hello"));
    let odd = decode(&fixture("odd-types")).unwrap();
    assert_eq!((odd.conversation.as_str(), odd.event_id.as_deref()), ("65bb02/65cc03", Some("message/65dd07")));
    assert_eq!(odd.history.len(), 1, "an object counts as a list of one");
    let odd = message("odd-types");
    assert_eq!((&odd.text, &odd.author.full_name), (&None, &None));
    assert_eq!(keys(&odd), ["triggeredBy", "bot", "chatRoom", "message", "mood"]);
    assert_eq!(message("odd-emoji").text.as_deref(), Some("Grüße 🍺 \\ \" \u{0} x"));
    let past = decode(&fixture("odd-history")).unwrap().history;
    let texts: Vec<_> = past.iter().map(|past| past.text.as_deref()).collect();
    assert_eq!(texts, [Some("as a text"), Some("before"), None, Some("without an id")]);
    let author = past[1].author.as_ref().unwrap();
    assert_eq!((author.id.as_str(), author.full_name.as_deref(), author.extras.len()), ("v", Some("jo"), 1));
}

#[test]
fn what_is_no_message_is_an_update_with_all_of_it() {
    for (name, kind, author) in [("odd-unknown", "join", "u"), ("odd-nothing", "unknown", "")] {
        let decoded = decode(&fixture(name)).unwrap();
        let Event::Update(update) = decoded.event else { panic!("{name}") };
        let Operation::Other { kind: given, details } = update.operation else { panic!("{name}") };
        assert_eq!((given.as_str(), update.author.id.as_str()), (kind, author));
        assert_eq!(details, fixture(name));
        assert_eq!(decoded.event_id, None);
    }
}

#[test]
fn different_parts_never_make_one_conversation() {
    let key = |room: &str, user: &str| {
        let event = json!({"message": "hi", "user": {"_id": user}, "chatRoom": {"roomId": room}});
        decode(&event.to_string()).unwrap().conversation
    };
    assert_ne!(key("a/b", "c"), key("a", "b/c"));
    assert_ne!(key("a%2Fb", "c"), key("a/b", "c"));
    assert_eq!(key("a", "b"), key("a", "b"));
}

#[test]
fn bad_bodies_are_refused_with_their_place() {
    let long = "x".repeat(257);
    for (body, path) in [
        ("".to_owned(), "line 1 column 0"),
        ("{\n  \"message\": hello}".to_owned(), "line 2 column 14"),
        ("[]".to_owned(), "$"),
        (r#"{"message":"hi"}"#.to_owned(), "user._id"),
        (r#"{"message":"hi","user":{"_id":""}}"#.to_owned(), "user._id"),
        (r#"{"message":"hi","user":{"_id":"u"}}"#.to_owned(), "chatRoom.roomId"),
        (r#"{"button":{"id":"x"},"user":{"_id":"u"}}"#.to_owned(), "chatRoom.roomId"),
        (json!({"message": "hi", "user": {"_id": long}}).to_string(), "user._id"),
        (r#"{"message":"hi"} {}"#.to_owned(), "line 1 column 18"),
    ] {
        assert_eq!(decode(&body).unwrap_err().path, path, "{body}");
    }
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(decode(&deep).unwrap_err().reason.contains("recursion limit"));
}

#[test]
fn the_stand_in_is_the_bot_that_the_event_names_and_may_answer() {
    for (name, text) in fixtures() {
        let event = verified(&text);
        let bot = DeadSimpleChat.stand_in(&event);
        assert_eq!((bot.platform.as_str(), bot.platform_id.is_empty()), ("deadsimplechat", false));
        let decoded = DeadSimpleChat.decode(&bot, &event).unwrap();
        assert_eq!(DeadSimpleChat.admit(&bot, &event, &decoded), Ok(()), "{name}");
    }
    assert_eq!(DeadSimpleChat.stand_in(&verified(&fixture("mention"))).platform_id, "65aa01");
}

/// Cuts and spoils every fixture at every byte: an answer of either kind is right, a panic is not.
#[test]
fn spoilt_bodies_do_not_panic() {
    let bot = bot(&json!({"messageHistoryLimit": 1}));
    for (_, text) in fixtures() {
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = b'{';
            let _ = DeadSimpleChat.decode(&bot, &bothost::platform::Verified::from_inbox(bytes.into()));
            let cut = bytes::Bytes::copy_from_slice(&text.as_bytes()[..at]);
            let cut = DeadSimpleChat.decode(&bot, &bothost::platform::Verified::from_inbox(cut));
            assert!(cut.is_err() || text[at..].trim().is_empty());
        }
    }
}
