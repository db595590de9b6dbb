//! What a bot says becomes messages that the strict simulator takes; what it may not say is refused with a rule.

use bothost::domain::action::{
    Action, Attachment, Button, ListChoice, ListMessage, ListPicker, ListSection, Response, RichContent,
};
use bothost::domain::delivery::{Delivery, Receipt, Request};
use bothost::domain::event::{Event, Media, MediaKind, Owner};
use bothost::domain::names::{BotId, EventId, TenantName};
use bothost::domain::rules::Feature;
use bothost::domain::secret::Secret;
use bothost::domain::turn::{Context, Outcome, StateChange};
use bothost::domain::validate::{Checked, Refusal, check};
use bothost::platform::Platform;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::simulator;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::support::{LIMITS, NOW_MS, bot, changed, fixture, verified};

/// Checks actions as a turn does that answers the event.
pub(super) fn checked(event: &str, actions: Vec<Action>) -> Result<Checked, Vec<Refusal>> {
    let bot = bot(&json!({}));
    let decoded = DeadSimpleChat.decode(&bot, &verified(event)).unwrap();
    let context = Context {
        platform: "deadsimplechat".to_owned(),
        event: EventId(1),
        bot: bot.platform_id.clone(),
        mode: bot.mode,
        conversation: decoded.conversation,
        origin: decoded.origin.clone(),
        owner: Owner::Bot(bot.platform_id),
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
    check(outcome, &context, &DeadSimpleChat.rules(&decoded.origin), &LIMITS)
}

pub(super) fn requests(registration: &Value, event: &str, actions: Vec<Action>) -> Result<Vec<Request>, Vec<Refusal>> {
    DeadSimpleChat.encode(&bot(registration), &verified(event), &checked(event, actions)?)
}

/// The one message that these actions become, which the simulator takes.
fn sent(registration: Value, event: &str, actions: Vec<Action>) -> (String, Value) {
    let requests = requests(&registration, event, actions).unwrap();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method, request.repeatable), ("POST", false), "twice would be two messages");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(simulator::deadsimplechat::message(&body), Vec::<String>::new(), "{body}");
    (request.path.clone(), body)
}

fn says(response: Response) -> Vec<Action> {
    vec![Action::Respond(Box::new(response))]
}

fn text(text: &str) -> Response {
    Response { text: Some(text.to_owned()), ..Response::default() }
}

fn postback(text: &str, payload: &str) -> Button {
    Button::Postback { text: text.to_owned(), payload: payload.to_owned() }
}

fn rules(refused: Result<Vec<Request>, Vec<Refusal>>) -> Vec<(String, &'static str)> {
    refused.unwrap_err().into_iter().map(|refusal| (refusal.path, refusal.rule)).collect()
}

#[test]
fn an_answer_goes_to_the_room_as_a_reply() {
    let (path, body) = sent(json!({}), &fixture("mention"), says(text("9 to 5 🕔")));
    assert_eq!(path, "/consumer/api/v2/bot/65aa01/chatroom/Qx1aB2cD3/message");
    assert_eq!(body, json!({"message": "9 to 5 🕔", "messageId": "65dd04"}));
    let (path, body) = sent(json!({}), &fixture("press-button"), says(text("yes")));
    assert_eq!(path, "/consumer/api/v2/bot/65aa01/chatroom/65bb02/message", "the event names no bot and no roomId");
    assert_eq!(body, json!({"message": "yes"}));
    let (path, _) = sent(json!({}), &fixture("odd-text-alone"), says(text("yes")));
    assert_eq!(path, "/consumer/api/v2/bot/65aa01/chatroom/a%2Fb%25/message");
    let elsewhere = changed("mention", "/bot/_id", json!("known otherwise"));
    assert!(sent(json!({}), &elsewhere, says(text("yes"))).0.contains("/bot/known%20otherwise/"));
}

/// Conformance 192, 193, 194.
#[test]
fn a_private_answer_is_for_whoever_asked() {
    let private = || json!({"messageVisibility": "private", "trigger": "mention"});
    let (_, body) = sent(private(), &fixture("mention"), says(text("psst")));
    assert_eq!(body, json!({"message": "psst", "messageId": "65dd04", "userId": "65cc03"}));
    let (_, body) = sent(private(), &fixture("press-button"), says(text("psst")));
    assert_eq!(body, json!({"message": "psst", "uniqueUserIdentifier": "crm-77"}));
    let (_, body) = sent(json!({"messageVisibility": "public"}), &fixture("mention"), says(text("all")));
    assert_eq!(body["userId"], Value::Null);
    // Nobody is named, so that everybody would read it.
    let refused = rules(requests(&private(), &fixture("odd-nothing"), says(text("psst"))));
    assert_eq!(refused, [("actions".to_owned(), "unanswerable")]);
}

#[test]
fn buttons_are_action_buttons_with_ids_of_their_own() {
    let long = "p".repeat(101);
    let buttons = vec![
        postback("Hours", "HOURS"),
        Button::Reply { text: Some("Yes".to_owned()), payload: "YES".to_owned() },
        Button::Reply { text: None, payload: "NO".to_owned() },
        Button::Link { text: "Site".to_owned(), url: "https://example.com/".to_owned() },
        postback("Again", "HOURS"),
        postback("Long", &long),
    ];
    let (_, body) = sent(json!({}), &fixture("mention"), says(Response { buttons, ..text("Choose") }));
    let action = |text: &str, id: &str, payload: &str| json!({"displayText": text, "id": id, "type": "action", "payload": payload});
    assert_eq!(
        body["actionButtons"],
        json!([
            action("Hours", "HOURS", "HOURS"),
            action("Yes", "YES", "YES"),
            action("NO", "NO", "NO"),
            {"displayText": "Site", "id": "button-4", "type": "link", "url": "https://example.com/"},
            action("Again", "button-5", "HOURS"),
            action("Long", "button-6", &long),
        ])
    );
    let cunning = vec![postback("A", "button-2"), postback("B", "button-2")];
    let (_, body) = sent(json!({}), &fixture("mention"), says(Response { buttons: cunning, ..text("Choose") }));
    assert_eq!(body["actionButtons"][1]["id"], "button-2+");
}

#[test]
fn sizes_are_the_documented_ones() {
    let long = |count: usize| "ü".repeat(count);
    let (_, body) = sent(json!({}), &fixture("mention"), says(text(&long(1000))));
    assert_eq!(body["message"].as_str().unwrap().chars().count(), 1000);
    let say = |response| requests(&json!({}), &fixture("mention"), says(response));
    let with = |button| Response { buttons: vec![button], ..text("x") };
    assert!(say(with(postback(&long(100), &long(1000)))).is_ok());
    for (response, path) in [
        (text(&long(1001)), "actions[0].respond.text"),
        (with(postback(&long(101), "x")), "actions[0].respond.buttons[0].text"),
        (with(postback("x", &long(1001))), "actions[0].respond.buttons[0].payload"),
    ] {
        let refusals = say(response).unwrap_err();
        assert_eq!((refusals[0].path.as_str(), refusals[0].rule), (path, "text-too-long"));
        assert_eq!(refusals[0].source, "platforms.md B3");
    }
    // A quick answer without a text shows its payload, which has to fit then.
    let bare = Button::Reply { text: None, payload: long(101) };
    assert_eq!(say(with(bare)).unwrap_err()[0].rule, "text-too-long");
}

#[test]
fn what_has_no_form_of_its_own_becomes_text_and_buttons() {
    let url = "https://pics.example.com/a.jpg".to_owned();
    let media = |kind| Media { url: url.clone(), kind, title: Some("A".to_owned()), extras: Vec::new() };
    let with = |attachment| says(Response { attachment: Some(attachment), ..text("Look") });
    for kind in [MediaKind::Image, MediaKind::Video] {
        let (_, body) = sent(json!({}), &fixture("mention"), with(Attachment::Media(media(kind))));
        assert_eq!(body["message"], "Look\nA: https://pics.example.com/a.jpg");
    }
    let rich = RichContent {
        media_type: "IMAGE".to_owned(),
        url: "https://example.com/".to_owned(),
        title: "Site".to_owned(),
        media_url: url.clone(),
        mime_type: "image/jpeg".to_owned(),
    };
    let (_, body) = sent(json!({}), &fixture("mention"), with(Attachment::RichContent(rich)));
    assert_eq!(body["message"], "Look\nSite: https://example.com/");

    let message = |title: &str| ListMessage { title: title.to_owned(), subtitle: None, media: None, style: None };
    let choice = |number: usize| ListChoice {
        id: format!("c{number}"),
        title: format!("Choice {number}"),
        subtitle: None,
        media: None,
    };
    let list = |count| {
        let choices = (1..=count).map(choice).collect();
        let section = ListSection { id: "s".to_owned(), title: "S".to_owned(), multiple_selection: false, choices };
        let (request_message, response_message) = (message("Choose one"), message("Chosen"));
        let list = ListPicker { request_message, response_message, sections: vec![section] };
        let attachment = Some(Attachment::ListPicker(Box::new(list)));
        says(Response { attachment, ..Response::default() })
    };
    let (_, body) = sent(json!({}), &fixture("mention"), list(2));
    assert_eq!(body["message"], "Choose one\n1. Choice 1\n2. Choice 2");
    assert_eq!(body["actionButtons"][1]["payload"], "c2");
    assert_eq!(sent(json!({}), &fixture("mention"), list(10)).1["actionButtons"].as_array().unwrap().len(), 10);
    assert_eq!(sent(json!({}), &fixture("mention"), list(11)).1["actionButtons"], Value::Null);
}

#[test]
fn paperwork_is_left_out_and_what_a_customer_waits_for_is_refused() {
    let quiet = || {
        vec![
            Action::TypingStart,
            Action::TypingStop,
            Action::TakeOver,
            Action::SetPriority(1),
            Action::Tag(vec!["vip".to_owned()]),
            Action::Untag(vec!["vip".to_owned()]),
            Action::Note("a note".to_owned()),
            Action::Resolve(None),
        ]
    };
    assert_eq!(requests(&json!({}), &fixture("mention"), quiet()).unwrap(), Vec::new());
    let degraded = checked(&fixture("mention"), quiet()).unwrap();
    assert_eq!(degraded.degraded().len(), 8, "each is told of");
    let mut mixed = quiet();
    mixed.insert(3, says(text("hi")).remove(0));
    assert_eq!(sent(json!({}), &fixture("mention"), mixed).1["message"], "hi");
    for (action, rule) in [
        (Action::HandOff(None), "hand-off"),
        (Action::MoveTo { id: "7".to_owned(), comment: None }, "move-to"),
        (Action::Other { kind: "secure-form".to_owned(), details: "{}".to_owned() }, "unknown-action"),
    ] {
        assert_eq!(rules(requests(&json!({}), &fixture("mention"), vec![action]))[0].1, rule);
    }
    let passthrough = Response { attachment: Some(Attachment::Passthrough("{}".to_owned())), ..text("x") };
    assert_eq!(rules(requests(&json!({}), &fixture("mention"), says(passthrough)))[0].1, "passthrough");
    let textless = Response { buttons: vec![postback("A", "a")], ..Response::default() };
    let refused = rules(requests(&json!({}), &fixture("mention"), says(textless)));
    assert_eq!(refused, [("actions[0].respond".to_owned(), "text-required")]);
    let unnamed = Button::Reply { text: Some(String::new()), payload: "a".to_owned() };
    let refused =
        rules(requests(&json!({}), &fixture("mention"), says(Response { buttons: vec![unnamed], ..text("x") })));
    assert_eq!(refused, [("actions[0].respond.buttons[0].text".to_owned(), "empty-text")]);
    let roomless = rules(requests(&json!({}), &fixture("odd-nothing"), says(text("hi"))));
    assert_eq!(roomless, [("actions".to_owned(), "unanswerable")]);
    let outside = changed("mention", "/chatRoom/roomId", json!(".."));
    assert_eq!(rules(requests(&json!({}), &outside, says(text("hi"))))[0].1, "unanswerable", "no other folder");
    // The host's own hand-off, were it asked for, is no message either.
    let hand_off =
        DeadSimpleChat.encode(&bot(&json!({})), &verified(&fixture("mention")), &Checked::hand_off("x".to_owned()));
    assert_eq!(rules(hand_off)[0].1, "unknown-action");
}

#[test]
fn every_rule_names_its_source_and_the_one_network_is_told_of() {
    let [(networks, of_them)] = DeadSimpleChat.networks() else { panic!("one column") };
    assert_eq!((*networks, *of_them), ("deadsimplechat", "deadsimplechat"));
    let Event::Message(_) = DeadSimpleChat.decode(&bot(&json!({})), &verified(&fixture("mention"))).unwrap().event
    else {
        panic!("a message")
    };
    let origin = DeadSimpleChat.decode(&bot(&json!({})), &verified(&fixture("mention"))).unwrap().origin;
    let rules = DeadSimpleChat.rules(&origin);
    for feature in Feature::ALL {
        assert!(rules.of(feature).source.starts_with("platforms.md B"), "{feature:?}");
    }
    assert_eq!(rules.refused().collect::<Vec<_>>(), ["passthrough", "hand-off", "move-to"]);
}

/// Conformance 185: towards the platform as towards us, the key is called `auth`.
#[test]
fn the_key_is_shown_in_the_query_and_in_the_header() {
    let delivery = Delivery {
        id: 1,
        fence: 1,
        tenant: TenantName::from("acme"),
        platform: "deadsimplechat".to_owned(),
        bot: BotId::from("b0b0"),
        app: "65aa01".to_owned(),
        event: EventId(1),
        action: "respond".to_owned(),
        method: "POST".to_owned(),
        path: "/p".to_owned(),
        body: "{}".to_owned(),
        repeatable: false,
        attempt: 1,
        forgiven: 0,
        maybe_sent: false,
        doubt: None,
    };
    let shows = DeadSimpleChat.authorize(&Secret::new("pub_a&b=c d"), &delivery);
    assert_eq!(shows.path(&delivery.path), "/p?auth=pub_a%26b%3Dc%20d");
    assert_eq!(shows.headers["auth"], "pub_a&b=c d");
    assert!(shows.headers["auth"].is_sensitive());
    assert_eq!(shows.headers["content-type"], "application/json");
}

#[test]
fn answers_say_whether_the_message_was_taken() {
    let receipt = |status: u16, body: &str| {
        DeadSimpleChat.receipt(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    };
    for body in [r#"{"success":true,"message":"message sent"}"#, "", "{}"] {
        assert_eq!(receipt(200, body), Receipt::Sent { reference: None }, "{body}");
    }
    let Receipt::Refused { reason } = receipt(200, r#"{"success":false,"message":"no"}"#) else { panic!() };
    assert_eq!(reason, "200 OK: no");
    let Receipt::Refused { reason } = receipt(400, r#"{"message":"invalid request","error":"message is required"}"#)
    else {
        panic!()
    };
    assert_eq!(reason, "400 Bad Request: invalid request: message is required");
    for (status, ambiguous) in [(401, false), (429, false), (503, false), (408, true), (500, true), (502, true)] {
        let Receipt::Again { ambiguous: given, .. } = receipt(status, "") else { panic!("{status}") };
        assert_eq!(given, ambiguous, "{status}");
    }
    for status in [301, 400, 403, 404, 413, 422] {
        assert!(matches!(receipt(status, ""), Receipt::Refused { .. }), "{status}");
    }
}
