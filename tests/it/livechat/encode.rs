//! What becomes of actions; the simulator judges every call.

use bothost::domain::action::{
    Action, Attachment, Attribute, Button, ListChoice, ListMessage, ListPicker, ListSection, Response, RichContent,
};
use bothost::domain::bot::Bot;
use bothost::domain::delivery::{Receipt, Request};
use bothost::domain::event::{Media, MediaKind};
use bothost::domain::names::EventId;
use bothost::domain::ownership::after_event;
use bothost::domain::turn::{Context, Outcome, StateChange};
use bothost::domain::validate::{Checked, Refusal, check};
use bothost::platform::Platform;
use bothost::platform::livechat::LiveChat;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::simulator::{TOKEN, send_with, service_for};
use super::support::{BOT, LIMITS, NOW_MS, bot, fixture, verified};

pub(super) fn encode_as(bot: &Bot, event: &str, actions: Vec<Action>) -> Result<Vec<Request>, Vec<Refusal>> {
    let decoded = LiveChat.decode(bot, &verified(event)).unwrap();
    let context = Context {
        platform: "livechat".to_owned(),
        event: EventId(1),
        bot: bot.platform_id.clone(),
        mode: bot.mode,
        conversation: decoded.conversation,
        origin: decoded.origin.clone(),
        owner: after_event(None, &decoded.event, &bot.platform_id),
        attempt: 1,
        state: None,
        config: "{}".to_owned(),
        now_ms: NOW_MS,
        seed: 0,
        history: Vec::new(),
        raw: event.to_owned(),
        extras: Vec::new(),
    };
    let outcome = Outcome { actions, state: StateChange::Keep };
    let checked = check(outcome, &context, &LiveChat.rules(&decoded.origin), &LIMITS)?;
    LiveChat.encode(bot, &verified(event), &checked)
}

/// The requests of an action in answer to a message of v3.1, each with its method and body; the simulator takes them all, and those of
/// v3.0 too.
async fn requests(action: Action) -> Vec<(&'static str, String, Value)> {
    let mut calls = Vec::new();
    for (fixture_name, version) in [("message-v30", "v3.0"), ("message-v31", "v3.1")] {
        let requests = encode_as(&bot(), &fixture(fixture_name), vec![action.clone()])
            .unwrap_or_else(|refusals| panic!("{refusals:?}"));
        calls.clear();
        for request in requests {
            let (status, answer) = send_with(&service_for(TOKEN), TOKEN, &request).await;
            assert_eq!(status, 200, "{answer}: {}", request.body);
            let method = request.path.strip_prefix(&format!("/{version}/agent/action/")).unwrap().to_owned();
            let sent: Value = serde_json::from_str(&request.body).unwrap();
            let payload = if version == "v3.0" {
                assert_eq!(sent["author_id"], BOT);
                sent["payload"].clone()
            } else {
                sent
            };
            assert_eq!(payload["chat_id"], "PJ0AAAA");
            let is_event = method == "send_event";
            assert_eq!(
                request.repeatable, !is_event,
                "{method}: a second message is seen, everything else is set already"
            );
            let receipt = LiveChat.receipt(status, &HeaderMap::new(), answer.to_string().as_bytes());
            let Receipt::Sent { reference } = receipt else { panic!("{receipt:?}") };
            assert_eq!(reference.is_some(), is_event, "{answer}");
            calls.push((request.action, method, payload));
        }
    }
    calls
}

/// The events of a response.
async fn events(response: Response) -> Vec<Value> {
    let calls = requests(Action::Respond(Box::new(response))).await;
    calls
        .into_iter()
        .map(|(action, method, payload)| {
            assert_eq!((action, method.as_str()), ("respond", "send_event"));
            assert_eq!(payload["event"]["recipients"], "all");
            payload["event"].clone()
        })
        .collect()
}

fn refused(event: &str, action: Action) -> Refusal {
    let mut refusals = encode_as(&bot(), &fixture(event), vec![action]).unwrap_err();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals.remove(0)
}

fn reply(text: &str) -> Button {
    Button::Reply { text: Some(text.to_owned()), payload: text.to_uppercase() }
}

fn postback() -> Button {
    Button::Postback { text: "Buy".to_owned(), payload: "BUY".to_owned() }
}

fn link() -> Button {
    Button::Link { text: "Shop".to_owned(), url: "https://shop.example.com/".to_owned() }
}

fn say(text: &str, buttons: Vec<Button>) -> Response {
    Response { text: Some(text.to_owned()), buttons, attachment: None }
}

fn picture(url: &str, kind: MediaKind) -> Attachment {
    Attachment::Media(Media { url: url.to_owned(), kind, title: Some("a.jpg".to_owned()), extras: Vec::new() })
}

/// Conformance 213.
#[tokio::test]
async fn texts_and_buttons() {
    assert_eq!(events(say("hi", vec![])).await, [json!({ "type": "message", "text": "hi", "recipients": "all" })]);
    let quick = events(say("Sure?", vec![reply("yes"), Button::Reply { text: None, payload: "NO".to_owned() }])).await;
    let button = |text: &str, id: &str| json!({ "type": "message", "text": text, "value": text, "postback_id": id, "user_ids": [] });
    assert_eq!(
        quick,
        [json!({
            "type": "rich_message", "template_id": "quick_replies", "recipients": "all",
            "elements": [{ "title": "Sure?", "buttons": [button("yes", "YES"), button("NO", "NO")] }],
        })]
    );
    let card = events(say("Shop", vec![postback(), link(), reply("later")])).await;
    assert_eq!(card[0]["template_id"], "cards");
    assert_eq!(card[0]["elements"][0]["buttons"][0], json!({ "text": "Buy", "postback_id": "BUY", "user_ids": [] }));
    let opens = json!({ "type": "url", "text": "Shop", "value": "https://shop.example.com/",
                        "postback_id": "https://shop.example.com/", "user_ids": [] });
    assert_eq!(card[0]["elements"][0]["buttons"][1], opens);
    let long = "a line\nand another";
    let two = events(say(long, vec![reply("yes")])).await;
    assert_eq!((two[0]["text"].as_str(), two[1]["elements"][0]["title"].as_str()), (Some(long), None));
    let unnamed = Button::Reply { text: Some(String::new()), payload: "NO".to_owned() };
    assert_eq!(events(say("Sure?", vec![unnamed])).await[0]["elements"][0]["buttons"][0], button("NO", "NO"));
    assert_eq!(refused("message-v31", Action::Respond(Box::new(say("", vec![])))).rule, "empty-response");
    let alone = events(Response { text: None, buttons: vec![reply("yes")], attachment: None }).await;
    assert_eq!(alone.len(), 1);
}

#[tokio::test]
async fn attachments() {
    let with = |text: Option<&str>, buttons, attachment| Response {
        text: text.map(str::to_owned),
        buttons,
        attachment: Some(attachment),
    };
    let elsewhere = picture("https://pics.example.com/a.jpg", MediaKind::Image);
    let card = events(with(Some("see"), vec![postback()], elsewhere)).await;
    let expected = json!({ "image": { "url": "https://pics.example.com/a.jpg", "name": "a.jpg" }, "title": "see",
                           "buttons": [{ "text": "Buy", "postback_id": "BUY", "user_ids": [] }] });
    assert_eq!((card.len(), &card[0]["elements"][0]), (1, &expected));

    let own = "https://cdn.livechat-files.com/api/file/lc/att/1/a.jpg";
    let file = events(with(Some("see"), vec![], picture(own, MediaKind::Image))).await;
    assert_eq!(file[0], json!({ "type": "file", "url": own, "recipients": "all" }));
    assert_eq!(file[1]["text"], "see");

    let film = events(with(Some("see"), vec![], picture("https://a/b.mp4", MediaKind::Video))).await;
    assert_eq!(film[0]["text"], "see\na.jpg: https://a/b.mp4");

    let rich = || RichContent {
        media_type: "IMAGE".to_owned(),
        url: "https://www.example.com/article".to_owned(),
        title: "An article".to_owned(),
        media_url: "https://www.example.com/pic.jpg".to_owned(),
        mime_type: "image/jpeg".to_owned(),
    };
    let preview =
        events(with(Some("an article for networks without previews"), vec![], Attachment::RichContent(rich()))).await;
    assert_eq!(preview.len(), 1);
    let element = &preview[0]["elements"][0];
    assert_eq!(
        (&element["title"], &element["buttons"][0]["value"]),
        (&json!("An article"), &json!("https://www.example.com/article"))
    );
    let full = with(Some("x"), vec![postback(); 11], Attachment::RichContent(rich()));
    assert_eq!(refused("message-v31", Action::Respond(Box::new(full))).rule, "too-many");
}

#[tokio::test]
async fn a_list_becomes_quick_replies() {
    let bubble = || ListMessage { title: "Pick".to_owned(), subtitle: None, media: None, style: None };
    let choice =
        |id: u8| ListChoice { id: format!("c{id}"), title: format!("Choice {id}"), subtitle: None, media: None };
    let list = |count| {
        let section = ListSection {
            id: "s".to_owned(),
            title: "All".to_owned(),
            multiple_selection: false,
            choices: (0..count).map(choice).collect(),
        };
        let picker = ListPicker { request_message: bubble(), response_message: bubble(), sections: vec![section] };
        Response { attachment: Some(Attachment::ListPicker(Box::new(picker))), ..Response::default() }
    };
    let fits = events(list(11)).await;
    assert_eq!(fits[0]["text"].as_str().unwrap().lines().count(), 12, "the list is a message, since it is no title");
    assert_eq!(fits[1]["elements"][0]["buttons"].as_array().unwrap().len(), 11);
    assert_eq!(fits[1]["elements"][0]["buttons"][3]["postback_id"], "c3");
    assert_eq!(events(list(12)).await.len(), 1, "a numbered text alone");
}

#[tokio::test]
async fn a_passthrough_is_an_event_that_livechat_takes() {
    let pass =
        |event: Value| Response { attachment: Some(Attachment::Passthrough(event.to_string())), ..Response::default() };
    let button = json!({ "text": "a", "postback_id": "b", "user_ids": [], "type": "webview", "value": "https://a", "webview_height": "tall" });
    for event in [
        json!({ "type": "message", "text": "hi", "recipients": "all" }),
        json!({ "type": "custom", "content": { "a": 1 }, "recipients": "all" }),
        json!({ "type": "system_message", "system_message_type": "x", "text": "y", "recipients": "all" }),
        json!({ "type": "file", "url": "https://cdn.livechat-static.com/a", "recipients": "all" }),
        json!({ "type": "rich_message", "template_id": "sticker", "elements": [{ "title": "t", "buttons": [button] }], "recipients": "all" }),
    ] {
        assert_eq!(events(pass(event.clone())).await, [event]);
    }
    let with_text =
        Response { text: Some("before".to_owned()), ..pass(json!({ "type": "custom", "recipients": "all" })) };
    assert_eq!(events(with_text).await[0]["text"], "before");
    let elements = |elements: Value| json!({ "type": "rich_message", "template_id": "cards", "elements": elements });
    for (wrong, words) in [
        (json!([]), "must be a JSON object"),
        (json!({ "type": "filled_form" }), "type must be one of"),
        (json!({ "type": "message" }), "text must be a text"),
        (json!({ "type": "message", "text": "x", "recipients": "me" }), "recipients must be one of"),
        (json!({ "type": "file", "url": "https://a/b" }), "upload_file"),
        (
            json!({ "type": "file", "url": "https://cdn.livechat-files.com/a", "size": 10_485_761 }),
            "at most 10485760 bytes",
        ),
        (elements(json!([])), "list of 1 to 10"),
        (elements(json!([1])), "must be an object"),
        (elements(json!([{ "title": 1 }])), "title must be a text"),
        (elements(json!([{ "image": "x" }])), "image must be an object"),
        (elements(json!([{ "buttons": vec![json!({}); 12] }])), "list of 1 to 11"),
        (elements(json!([{ "buttons": [{ "text": "a" }] }])), "postback_id must be a text"),
        (elements(json!([{ "buttons": [{ "text": "a", "postback_id": "b" }] }])), "user_ids must be a list"),
        (
            elements(json!([{ "buttons": [{ "text": "a", "postback_id": "b", "user_ids": [], "value": "c" }] }])),
            "value goes with type",
        ),
        (json!({ "type": "rich_message", "template_id": "poster" }), "template_id must be one of"),
    ] {
        let refusal = refused("message-v31", Action::Respond(Box::new(pass(wrong))));
        assert!(refusal.path.starts_with("actions[0].respond.passthrough"), "{refusal}");
        assert!(refusal.rule == "passthrough" && refusal.reason.contains(words), "{refusal}");
    }
    let long = pass(json!({ "type": "message", "text": "x".repeat(16_385) }));
    assert_eq!(refused("message-v31", Action::Respond(Box::new(long))).rule, "text-too-long");
}

#[test]
fn sizes_are_the_documented_ones() {
    let text = |bytes| Action::Respond(Box::new(say(&"x".repeat(bytes), vec![])));
    assert!(encode_as(&bot(), &fixture("message-v30"), vec![text(16_384)]).is_ok());
    assert_eq!(refused("message-v30", text(16_385)).source, "platforms.md C4");
    let buttons = |count| Action::Respond(Box::new(say("x", vec![reply("a"); count])));
    assert!(encode_as(&bot(), &fixture("message-v30"), vec![buttons(11)]).is_ok());
    assert_eq!(refused("message-v30", buttons(12)).rule, "too-many");
    assert_eq!(refused("message-v30", Action::Note("x".repeat(16_385))).rule, "text-too-long");
}

fn whisper(text: &str) -> Value {
    json!({ "chat_id": "PJ0AAAA", "event": { "type": "message", "text": text, "recipients": "agents" } })
}

#[tokio::test]
async fn chats_change_hands() {
    let chat = "PJ0AAAA";
    let calls = requests(Action::HandOff(Some("he is angry".to_owned()))).await;
    let expected = [
        ("note", "send_event".to_owned(), whisper("he is angry")),
        ("hand-off", "transfer_chat".to_owned(), json!({ "chat_id": chat, "force": true })),
    ];
    assert_eq!(calls, expected, "agents read first, and one call alone is the hand-off");
    assert_eq!(requests(Action::HandOff(None)).await, expected[1..]);
    assert_eq!(requests(Action::HandOff(Some(String::new()))).await, expected[1..]);
    let target = json!({ "chat_id": chat, "target": { "type": "agent", "ids": [BOT] }, "force": true });
    assert_eq!(requests(Action::TakeOver).await, [("take-over", "transfer_chat".to_owned(), target)]);
    for (id, kind, ids) in [
        ("19", "group", json!([19])),
        ("smith@example.com", "agent", json!(["smith@example.com"])),
        (&"0".repeat(32)[..], "agent", json!(["0".repeat(32)])),
    ] {
        let calls = requests(Action::MoveTo { id: id.to_owned(), comment: Some("VIP".to_owned()) }).await;
        assert_eq!(calls[0].2, whisper("VIP"));
        let target = json!({ "chat_id": chat, "target": { "type": kind, "ids": ids } });
        assert_eq!((calls[1].0, &calls[1].2), ("move-to", &target));
    }
    let nowhere = refused("message-v31", Action::MoveTo { id: "support".to_owned(), comment: None });
    assert_eq!((nowhere.rule, nowhere.path.as_str()), ("destination", "actions[0].move-to.id"));
}

#[tokio::test]
async fn paperwork() {
    let chat = "PJ0AAAA";
    assert_eq!(
        requests(Action::Note("a note".to_owned())).await,
        [("note", "send_event".to_owned(), whisper("a note"))]
    );
    for (action, name, method) in [
        (Action::Tag(vec!["a".to_owned(), "b c".to_owned()]), "tag", "tag_chat_thread"),
        (Action::Untag(vec!["a".to_owned(), "b c".to_owned()]), "untag", "untag_chat_thread"),
    ] {
        let call =
            |tag: &str| (name, method.to_owned(), json!({ "chat_id": chat, "thread_id": "K600BBBB", "tag": tag }));
        assert_eq!(requests(action).await, [call("a"), call("b c")]);
    }
    let closed = requests(Action::Resolve(Some("done".to_owned()))).await;
    assert_eq!(closed[0].2, whisper("done"));
    assert_eq!(closed[1], ("resolve", "close_thread".to_owned(), json!({ "chat_id": chat })));
    for (action, is_typing) in [(Action::TypingStart, true), (Action::TypingStop, false)] {
        let expected = json!({ "chat_id": chat, "is_typing": is_typing, "recipients": "all" });
        assert_eq!(requests(action).await[0].2, expected);
    }
    assert!(requests(Action::SetPriority(1)).await.is_empty(), "chats have no priority");
}

#[tokio::test]
async fn attributes_are_chat_properties_of_the_app() {
    let attribute = |name: &str, values: &[&str]| Attribute {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let set = Action::SetAttributes(vec![
        attribute("tier", &["gold"]),
        attribute("tier", &["vip", "old"]),
        attribute("shop.basket.size", &["3"]),
        attribute("empty", &[]),
    ]);
    let calls = requests(set.clone()).await;
    let app = super::support::APP;
    let expected = json!({ app: { "tier": "gold, vip, old", "empty": "" }, "shop": { "basket.size": "3" } });
    assert_eq!((calls[0].0, &calls[0].2["properties"]), ("set-attributes", &expected));
    let older = encode_as(&bot(), &fixture("message-v30"), vec![set.clone()]).unwrap();
    let body: Value = serde_json::from_str(&older[0].body).unwrap();
    assert_eq!(body["payload"]["properties"][app]["tier"], json!({ "value": "gold, vip, old" }));
    let mut nameless = bot();
    nameless.account = "tenant:acme".to_owned();
    let refusals = encode_as(&nameless, &fixture("message-v30"), vec![set]).unwrap_err();
    assert_eq!((refusals[0].rule, refusals[0].path.as_str()), ("namespace", "actions[0].set-attributes[0].name"));
}

#[tokio::test]
async fn a_bot_says_what_it_has_seen() {
    let seen = |details: &str| Action::Other { kind: "mark-seen".to_owned(), details: details.to_owned() };
    let calls = requests(seen("{}")).await;
    let until = json!({ "chat_id": "PJ0AAAA", "seen_up_to": "2019-10-11T09:40:59.219001Z" });
    assert_eq!(calls[0], ("other", "mark_events_as_seen".to_owned(), until));
    let older = encode_as(&bot(), &fixture("message-v30"), vec![seen("")]).unwrap();
    let body: Value = serde_json::from_str(&older[0].body).unwrap();
    assert_eq!(
        (older[0].path.as_str(), &body["payload"]["timestamp"]),
        ("/v3.0/agent/action/update_last_seen_timestamp", &json!(1_570_786_859))
    );
    let given = requests_on("message-v31", seen(r#"{"seen_up_to": "2020-01-01T00:00:00Z"}"#));
    assert_eq!(given["seen_up_to"], "2020-01-01T00:00:00Z");
    assert_eq!(refused("message-v31", seen("[]")).rule, "mark-seen");
    assert_eq!(refused("message-v30", seen(r#"{"timestamp": "now"}"#)).rule, "mark-seen");
    assert_eq!(
        refused("chat-created-v30", Action::Other { kind: "secure-form".to_owned(), details: "{}".to_owned() }).rule,
        "unknown-action"
    );
    // A pressed button has no time in v3.0, where none is needed; in v3.1 it is.
    assert_eq!(requests_on("postback-v30", seen("{}"))["payload"], json!({ "chat_id": "PJ0AAAA" }));
    let later = fixture("postback-v30").replace("\"data\"", "\"payload\"");
    let refusals = encode_as(&bot(), &later, vec![seen("{}")]).unwrap_err();
    assert_eq!(refusals[0].path, "actions[0].other.details");
}

fn requests_on(event: &str, action: Action) -> Value {
    let requests = encode_as(&bot(), &fixture(event), vec![action]).unwrap();
    serde_json::from_str(&requests[0].body).unwrap()
}

#[test]
fn what_names_no_chat_or_thread_cannot_be_answered() {
    let say = || Action::Respond(Box::new(say("hi", vec![])));
    assert_eq!(refused("status-v30", say()).rule, "unanswerable");
    let refusal = refused("odd-slash-v31", Action::Tag(vec!["x".to_owned()]));
    assert_eq!((refusal.rule, refusal.path.as_str()), ("unanswerable", "actions[0].tag"));
    assert!(encode_as(&bot(), &fixture("status-v30"), vec![]).unwrap().is_empty());
    assert_eq!(requests_on("odd-slash-v31", say())["chat_id"], "a/b%");
    assert_eq!(requests_on("chat-message-v31", Action::Tag(vec!["x".to_owned()]))["thread_id"], "K600BBBB");
}

/// The host's own hand-off, after a failure, is what a bot's would be.
#[test]
fn the_host_hands_off_in_the_bots_name() {
    let requests =
        LiveChat.encode(&bot(), &verified(&fixture("message-v30")), &Checked::hand_off("trap".to_owned())).unwrap();
    let actions: Vec<_> = requests.iter().map(|request| request.action).collect();
    assert_eq!(actions, ["note", "hand-off"]);
    assert!(requests.iter().all(|request| request.body.contains(BOT)), "in the bot agent's name");
}

/// Conformance 214: every bot agent of a tenant is shown with the one token of whoever made it, and named beside it.
#[tokio::test]
async fn bot_agents_share_a_token_and_are_named_beside_it() {
    let (service, mut other) = (service_for(TOKEN), bot());
    other.platform_id = "f".repeat(32);
    for bot in [bot(), other] {
        let request = encode_as(&bot, &fixture("message-v30"), vec![Action::TypingStart]).unwrap().remove(0);
        assert_eq!(send_with(&service, TOKEN, &request).await.0, 200);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["author_id"], *bot.platform_id);
    }
}

#[test]
fn answers_say_whether_another_try_is_worth_it() {
    let receipt = |status: u16, kind: &str| {
        let body = json!({ "error": { "type": kind, "message": "words" } }).to_string();
        LiveChat.receipt(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    };
    for (status, kind, ambiguous) in [
        (401, "authentication", false),
        (429, "too_many_requests", false),
        (400, "too_many_requests", false),
        (503, "service_unavailable", false),
        (504, "request_timeout", true),
        (500, "internal", true),
        (400, "internal", true),
        (502, "", true),
        (408, "", true),
    ] {
        match receipt(status, kind) {
            Receipt::Again { ambiguous: is, reason, .. } => {
                assert!(is == ambiguous && reason.contains("words"), "{status} {kind}")
            }
            other => panic!("{status} {kind}: {other:?}"),
        }
    }
    for (status, kind) in [
        (400, "validation"),
        (403, "authorization"),
        (413, "entity_too_large"),
        (421, "misdirected_request"),
        (404, ""),
    ] {
        let Receipt::Refused { reason } = receipt(status, kind) else { panic!("{status} {kind}") };
        assert!(reason.contains(kind));
    }
    let plain = LiveChat.receipt(StatusCode::BAD_GATEWAY, &HeaderMap::new(), b"<html>");
    assert!(matches!(plain, Receipt::Again { reason, .. } if reason.contains("<html>")));
    assert_eq!(LiveChat.reference(&HeaderMap::new(), br#"{"event_id":"e1"}"#).as_deref(), Some("e1"));
}
