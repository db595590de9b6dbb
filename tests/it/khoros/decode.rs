//! What becomes of events.

use bothost::domain::bot::Scheme;
use bothost::domain::event::{Event, Extra, MediaKind, Message, Operation, Owner, Update, Visibility};
use bothost::domain::ownership::after_event;
use bothost::platform::khoros::Khoros;
use bothost::platform::{Decoded, Platform, find};
use serde_json::{Value, json};

use super::support::{bot, decode, fixture, fixtures, verified};

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

fn extra(key: &str, json: &str) -> Extra {
    Extra { key: key.to_owned(), json: json.to_owned() }
}

#[test]
fn the_platform_is_in_the_list() {
    let khoros = find("khoros").unwrap();
    assert_eq!(khoros.hook_bot("abc").unwrap().as_str(), "abc");
    assert_eq!(khoros.hook_bot(""), None);
    assert_eq!(khoros.hook_bot("a/b"), None);
    assert_eq!(khoros.hook_accepted().as_u16(), 202);
}

/// Changes one value after the other and looks for the change in what the bot gets. The coordinate is left out: the host
/// itself needs it, and echoes it.
/// Conformance 145, 163, 176, 177.
#[test]
fn no_value_of_any_event_is_lost() {
    let mut values = 0;
    for (name, text) in fixtures() {
        let original: Value = serde_json::from_str(&text).unwrap();
        let before = decode(&text).unwrap_or_else(|error| panic!("{name}: {error}")).event;
        let mut leaves = Vec::new();
        collect_leaves(&original, String::new(), &mut leaves);
        for (at, leaf) in leaves.iter().enumerate() {
            let (changed, mark) = match original.pointer(leaf).unwrap() {
                Value::String(_) => (json!(format!("zq{at}q")), format!("zq{at}q")),
                Value::Number(_) => (json!(4_711_000 + at), (4_711_000 + at).to_string()),
                Value::Bool(value) => (json!(!value), (!value).to_string()),
                _ => continue,
            };
            let mut event = original.clone();
            *event.pointer_mut(leaf).unwrap() = changed;
            let after = decode(&event.to_string()).unwrap_or_else(|error| panic!("{name}{leaf}: {error}")).event;
            let shown = format!("{after:?}");
            assert!(shown.contains(&mark), "{name}: {leaf} is lost in {shown}");
            assert_ne!(before, after, "{name}: {leaf}");
            values += 1;
        }
    }
    assert!(values > 150, "only {values} values were looked at");
}

fn collect_leaves(value: &Value, path: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| !(path.is_empty() && *key == "coordinate")) {
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

/// Conformance 145, 146, 148, 150, 157, 160-162, 166-168.
#[test]
fn the_seeds_message() {
    let decoded = decode(&fixture("seed-message")).unwrap();
    assert_eq!(decoded.origin.network, "whatsapp");
    assert_eq!(decoded.origin.channel, "5de...");
    assert_eq!(decoded.origin.visibility, Visibility::Private);
    assert_eq!(decoded.conversation.as_str(), "whatsapp/5de.../3a4...");
    assert_eq!(decoded.event_id.as_deref(), Some("message/5e2..."));
    assert_eq!(Khoros.stand_in(&verified(&fixture("seed-message"))).platform_id, "bot-id");
    let message = message("seed-message");
    assert_eq!(message.id.as_deref(), Some("5e2..."));
    assert_eq!(message.text.as_deref(), Some("hello"));
    assert_eq!(message.author.full_name.as_deref(), Some("Jo"));
    assert_eq!(message.owner, Some(Owner::Agent));
    assert_eq!((message.published_ms, message.received_ms), (Some(1_579_793_945_986), Some(1_579_793_946_280)));
    assert_eq!((message.extras, message.properties), (vec![], vec![]));
}

/// Conformance 149, 169-178.
#[test]
fn the_seeds_updates() {
    let created = update("seed-created");
    assert_eq!(created.operation, Operation::Created);
    let conversation = created.conversation.unwrap();
    assert_eq!(conversation.display_id, Some(123));
    assert_eq!(conversation.uuid.as_deref(), Some("3de...."));
    assert_eq!(created.extras, vec![]);
    assert_eq!(update("seed-closed").operation, Operation::Closed);
    let Operation::AgentResponse(response) = update("seed-agent-response").operation else {
        panic!("another operation")
    };
    assert_eq!(response.text.as_deref(), Some("test"));
    assert_eq!(response.published_ms, Some(1_579_793_946_000));
}

/// Conformance 163, 164, 179-181.
#[test]
fn metadata_keeps_its_keys() {
    let properties = message("seed-brandmessenger-metadata").properties;
    assert_eq!(properties.len(), 7);
    assert_eq!(properties[1], extra("clients[0].platform", "\"WEB\""));
    assert_eq!(decode(&fixture("seed-brandmessenger-metadata")).unwrap().origin.network, "smooch");
    assert_eq!(message("seed-brandmessenger-metadata").owner, Some(Owner::Bot("example123".to_owned())));
    let message = message("odd-keys");
    let expected = [
        extra("clients[0].info.os", "\"iOS\""),
        extra("a.b", "{\n      \"c\": [\n        1,\n        2.5,\n        12345678901234567890123\n      ]\n    }"),
        extra("", "\"empty key\""),
        extra("null", "null"),
        extra("clients[1].x", "true"),
    ];
    assert_eq!(message.properties, expected);
    assert_eq!(message.extras[0].key, "new.top[0]");
}

/// Conformance 147, 159.
#[test]
fn control_says_who_holds_the_conversation() {
    let bot = update("composed-control");
    assert_eq!(bot.operation, Operation::OwnerChanged(Owner::Bot("acme-bot".to_owned())));
    assert_eq!(bot.conversation.unwrap().display_id, Some(4299));
    assert_eq!(bot.extras, [extra("lastUpdateTS", "1700000001000")]);
    let agent = update("control-agent");
    assert_eq!(agent.operation, Operation::OwnerChanged(Owner::Agent));
    assert_eq!(agent.conversation.unwrap().display_id, Some(4299));
}

/// Conformance 122.
#[test]
fn a_conversation_of_which_nothing_is_said_is_the_bots() {
    let event = decode(&fixture("odd-no-text")).unwrap().event;
    assert_eq!(after_event(None, &event, "acme-bot"), Owner::Bot("acme-bot".to_owned()));
    assert_eq!(after_event(Some(Owner::Agent), &event, "acme-bot"), Owner::Agent);
    let created = decode(&fixture("seed-created")).unwrap().event;
    assert_eq!(after_event(None, &created, "acme-bot"), Owner::Bot("acme-bot".to_owned()));
}

#[test]
fn what_the_contract_has_no_case_for_comes_whole() {
    for (name, kind) in [("odd-unknown-type", "reaction"), ("odd-unknown-operation", "REOPENED"), ("odd-no-type", "")] {
        let Operation::Other { kind: given, details } = update(name).operation else { panic!("{name}") };
        assert_eq!(given, kind);
        assert_eq!(details, fixture(name));
    }
    for body in
        ["{}", r#"{"type":null}"#, r#"{"type":7}"#, r#"{"type":"control"}"#, r#"{"type":"update","coordinate":3}"#]
    {
        let Decoded { event, origin, conversation, event_id, .. } = decode(body).unwrap();
        let Event::Update(update) = event else { panic!("{body}") };
        assert!(matches!(update.operation, Operation::Other { details, .. } if details == body));
        assert_eq!((origin.network.as_str(), origin.channel.as_str()), ("whatsapp", "ext-0"));
        assert_eq!(conversation.as_str(), "whatsapp/ext-0/");
        assert_eq!(event_id, None);
    }
}

/// Conformance 153, 155: the documents bind the sender. What comes from another network is read all the same, as bots are to accept what
/// they do not know.
#[test]
fn forms_and_list_answers_of_any_network_are_read() {
    for (name, own, networks) in
        [("form", "smooch", ["whatsapp", "apple"]), ("list-response", "apple", ["whatsapp", "facebook"])]
    {
        let here = message(name);
        assert!(here.form.is_some() || here.list_response.is_some(), "{name}");
        for network in networks {
            let member = |network: &str| format!("\"networkKey\": \"{network}\"");
            let decoded = decode(&fixture(name).replacen(&member(own), &member(network), 1)).unwrap();
            let Event::Message(there) = decoded.event else { panic!("{name} of {network}") };
            assert_eq!(decoded.origin.network, network);
            assert_eq!((&there.form, &there.list_response), (&here.form, &here.list_response), "{name} of {network}");
        }
    }
}

/// Conformance 91, 151, 152, 154, 156, 158, 165.
#[test]
fn the_parts_of_a_message() {
    let media = message("media-list").media;
    let kinds: Vec<_> = media.iter().map(|one| one.kind.clone()).collect();
    assert_eq!(kinds, [MediaKind::Image, MediaKind::Video, MediaKind::Other("AUDIO".to_owned())]);
    assert_eq!(media[1].extras, [extra("bytes", "1048576")]);
    assert_eq!(message("media-object").media.len(), 1);
    let odd = message("odd-media-without-url");
    assert_eq!((odd.media.len(), odd.extras[0].key.as_str()), (1, "media"));
    let form = message("form").form.unwrap();
    let values: Vec<_> = form.fields.iter().map(|field| field.values.join("+")).collect();
    assert_eq!(values, ["Kim Park", "kim@example.com", "m+l"]);
    assert_eq!(form.quoted_fields.len(), 2);
    assert_eq!(message("location").location.unwrap().point, Some((47.3769, 8.5417)));
    assert_eq!(message("odd-location-object").location.unwrap().point, Some((47.3769, 8.5417)));
    let referral = message("referral").referral.unwrap();
    assert_eq!(referral.referrer_uri.as_deref(), Some("https://shop.example.com/"));
    assert!(message("list-response").list_response.unwrap().contains("beer1"));
    let presses = message("press").presses;
    assert_eq!((presses[0].payload.as_str(), presses[1].text.clone()), ("ORDER_STATUS", None));
    assert_eq!(message("press").extras, vec![]);
    assert_eq!(message("odd-press").extras[0].key, "actions");
}

#[test]
fn fields_may_be_missing_null_or_of_another_shape() {
    let bare = message("odd-no-text");
    assert_eq!((bare.text, bare.owner, bare.author.full_name), (None, None, None));
    assert_eq!(decode(&fixture("odd-no-text")).unwrap().origin.visibility, Visibility::Public);
    let nulls = message("odd-nulls");
    assert_eq!((nulls.text, nulls.extras, nulls.author.extras), (None, vec![], vec![]));
    let odd = message("odd-types");
    assert_eq!(odd.author.id, "4711");
    assert_eq!(odd.owner, Some(Owner::Bot("acme-bot".to_owned())));
    let keys: Vec<_> = odd.extras.iter().map(|extra| extra.key.as_str()).collect();
    assert_eq!(keys, ["owner", "text", "publishedTS", "receivedTS", "form", "location", "properties", "referral"]);
    assert_eq!(message("odd-owner-kind").owner, None);
    assert_eq!(message("odd-emoji").text.as_deref(), Some("Grüße 🍺 \\ \" \u{0} x"));
}

#[test]
fn one_message_id_does_not_make_one_event() {
    let id = |body: Value| decode(&body.to_string()).unwrap().event_id;
    let at = json!({"messageId": "m", "normalizedAuthorId": "a"});
    let message = id(json!({"type": "message", "coordinate": at}));
    let created = id(json!({"type": "update", "operation": "CREATED", "coordinate": at}));
    let first = id(
        json!({"type": "update", "operation": "AGENT_RESPONSE", "coordinate": at, "agentResponse": {"publishDate": 1}}),
    );
    let second = id(
        json!({"type": "update", "operation": "AGENT_RESPONSE", "coordinate": at, "agentResponse": {"publishDate": 2}}),
    );
    let control = id(json!({"type": "control", "coordinate": at, "lastUpdateTS": 1, "owner": {"type": "AGENT"}}));
    let again = id(json!({"type": "control", "coordinate": at, "lastUpdateTS": 2, "owner": {"type": "AGENT"}}));
    let mut ids = vec![message, created, first, second, control, again];
    assert!(ids.iter().all(Option::is_some), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(id(json!({"type": "control", "coordinate": at, "owner": {"type": "AGENT"}})), None);
}

#[test]
fn different_parts_never_make_one_conversation() {
    let key = |network: &str, channel: &str, author: &str| {
        let body = json!({"type": "message", "author": {"id": author},
            "coordinate": {"networkKey": network, "externalId": channel}});
        decode(&body.to_string()).unwrap().conversation
    };
    assert_eq!(key("sms", "a/b", "c%2F").as_str(), "sms/a%2Fb/c%252F");
    assert_ne!(key("sms", "a/b", "c"), key("sms", "a", "b/c"));
    assert_ne!(key("sms", "a%2Fb", "c"), key("sms", "a/b", "c"));
}

#[test]
fn bad_bodies_are_refused_with_their_place() {
    for (body, path) in [
        ("", "line 1 column 0"),
        ("{\n  \"type\": message}", "line 2 column 11"),
        ("[]", "$"),
        ("\"message\"", "$"),
        (r#"{"type":"message"}"#, "author.id"),
        (r#"{"type":"message","author":{"id":""},"coordinate":{}}"#, "author.id"),
        (r#"{"type":"message"} {}"#, "line 1 column 20"),
    ] {
        assert_eq!(decode(body).unwrap_err().path, path, "{body}");
    }
    let deep = format!(r#"{{"type":"message","x":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(decode(&deep).unwrap_err().reason.contains("recursion limit"));
    let not_text = Khoros.decode(
        &bot(Scheme::Basic, "s"),
        &bothost::platform::Verified::from_inbox(bytes::Bytes::from_static(b"{\"type\":\"\xff\"}")),
    );
    assert!(not_text.is_err());
    assert!(Khoros.decode(&bot(Scheme::Basic, "s"), &verified("\u{feff}{}")).is_err());
}

/// Cuts and spoils every fixture at every byte: an answer of either kind is right, a panic is not.
#[test]
fn spoilt_bodies_do_not_panic() {
    for (_, text) in fixtures() {
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = b'{';
            let spoilt = bothost::platform::Verified::from_inbox(bytes.into());
            let _ = Khoros.decode(&bot(Scheme::Basic, "s"), &spoilt);
            let cut = bothost::platform::Verified::from_inbox(bytes::Bytes::copy_from_slice(&text.as_bytes()[..at]));
            assert!(Khoros.decode(&bot(Scheme::Basic, "s"), &cut).is_err() || text[at..].trim().is_empty());
        }
    }
}
