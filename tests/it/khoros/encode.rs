//! What becomes of actions; the simulator judges every call.

use bothost::domain::action::{
    Action, Attachment, Attribute, Button, ListChoice, ListMessage, ListPicker, ListSection, ListStyle, Response,
    RichContent,
};
use bothost::domain::bot::Scheme;
use bothost::domain::delivery::Request;
use bothost::domain::event::{Media, MediaKind, Owner};
use bothost::domain::names::EventId;
use bothost::domain::ownership::after_event;
use bothost::domain::secret::Secret;
use bothost::domain::turn::{Context, Outcome, StateChange};
use bothost::domain::validate::{Limits, Refusal, check};
use bothost::platform::Platform;
use bothost::platform::khoros::Khoros;
use bothost::simulator::{Settings, khoros::SimulatedKhoros};
use http::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::support::{NOW_MS, bot, decode, delivery, fixture, verified};

const LIMITS: Limits = Limits { actions_max: 64, items_max: 32, text_bytes_max: 65_536, state_bytes_max: 65_536 };

/// The conversation of `odd-emoji`: Brand Messenger, held by the bot.
const EVENT: &str = "odd-emoji";

fn encode_on(event: &str, actions: Vec<Action>) -> Result<Vec<Request>, Vec<Refusal>> {
    let bot = bot(Scheme::Basic, "s");
    let decoded = decode(event).unwrap();
    let context = Context {
        platform: "khoros".to_owned(),
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
    let checked = check(outcome, &context, &Khoros.rules(&decoded.origin), &LIMITS)?;
    Khoros.encode(&bot, &verified(event), &checked)
}

fn encode(action: Action) -> (Request, Value) {
    let mut requests = encode_on(&fixture(EVENT), vec![action]).unwrap();
    assert_eq!(requests.len(), 1);
    let request = requests.remove(0);
    let body = serde_json::from_str(&request.body).unwrap();
    (request, body)
}

#[track_caller]
fn refused(event: &str, action: Action) -> Refusal {
    let mut refusals = encode_on(event, vec![action]).unwrap_err();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals.remove(0)
}

/// The event on another network.
fn on(network: &str) -> String {
    fixture(EVENT).replace("\"brandmessenger\"", &format!("{network:?}"))
}

async fn send(service: &SimulatedKhoros, request: &Request) -> (StatusCode, String) {
    let mut call = http::Request::builder()
        .method(request.method)
        .uri(&request.path)
        .body(axum::body::Body::from(request.body.clone()))
        .unwrap();
    *call.headers_mut() = Khoros.authorize(&Secret::new("token"), &delivery()).headers;
    let response = service.router().oneshot(call).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn say(response: Response) -> Action {
    Action::Respond(Box::new(response))
}

fn with(attachment: Attachment) -> Action {
    say(Response { text: Some("see".to_owned()), attachment: Some(attachment), ..Response::default() })
}

fn picture() -> Media {
    Media {
        url: "https://pics.example.com/a.jpg".to_owned(),
        kind: MediaKind::Image,
        title: Some("a.jpg".to_owned()),
        extras: Vec::new(),
    }
}

fn rich() -> RichContent {
    RichContent {
        media_type: "IMAGE".to_owned(),
        url: "https://www.example.com/article.html".to_owned(),
        title: "some title".to_owned(),
        media_url: "https://www4.example.com/pic.jpg".to_owned(),
        mime_type: "image/jpeg".to_owned(),
    }
}

fn picker() -> ListPicker {
    let message = |title: &str, style| ListMessage {
        title: title.to_owned(),
        subtitle: Some("(🍺)".to_owned()),
        media: Some(picture()),
        style,
    };
    let choice = ListChoice { id: "beer1".to_owned(), title: "This beer".to_owned(), subtitle: None, media: None };
    ListPicker {
        request_message: message("Choose", Some(ListStyle::Large)),
        response_message: message("Chosen", None),
        sections: vec![ListSection {
            id: "0".to_owned(),
            title: "Choose a beer".to_owned(),
            multiple_selection: true,
            choices: vec![choice],
        }],
    }
}

fn buttons() -> Vec<Button> {
    vec![
        Button::Postback { text: "A good way".to_owned(), payload: "P-1".to_owned() },
        Button::Reply { text: Some("Yes".to_owned()), payload: "YES".to_owned() },
        Button::Reply { text: None, payload: "NO".to_owned() },
    ]
}

/// Every action, every button and every attachment that Khoros has.
fn everything() -> Vec<Action> {
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    vec![
        Action::TypingStart,
        say(Response { text: Some("Hällo 🍺".to_owned()), ..Response::default() }),
        say(Response { text: None, buttons: buttons(), attachment: None }),
        with(Attachment::ListPicker(Box::new(picker()))),
        with(Attachment::Media(picture())),
        with(Attachment::RichContent(rich())),
        with(Attachment::Passthrough(r#"{"quick_replies":[{"title":"a"}]}"#.to_owned())),
        with(Attachment::Passthrough("[1]".to_owned())),
        Action::TypingStop,
        Action::SetPriority(0),
        Action::SetPriority(5),
        Action::Tag(texts(&["12", "13"])),
        Action::Untag(texts(&["12"])),
        Action::Note("for agents".to_owned()),
        Action::MoveTo { id: "7".to_owned(), comment: Some("vip".to_owned()) },
        Action::MoveTo { id: "8".to_owned(), comment: None },
        Action::SetAttributes(vec![Attribute { name: "tier".to_owned(), values: texts(&["gold"]) }]),
        Action::Other {
            kind: "secure-form".to_owned(),
            details: r#"{"comment":"Your address","secureFormId":"f-1"}"#.to_owned(),
        },
        Action::Resolve(None),
        Action::Resolve(Some("done".to_owned())),
        Action::TakeOver,
        Action::HandOff(None),
        Action::HandOff(Some("please help".to_owned())),
    ]
}

/// Conformance 70-77.
#[tokio::test]
async fn the_documented_service_takes_every_action() {
    let service = SimulatedKhoros::new(Settings::new("token"));
    let requests = encode_on(&on("apple"), everything()).unwrap();
    assert_eq!(requests.len(), everything().len());
    for request in &requests {
        let (status, answer) = send(&service, request).await;
        assert!(status.is_success(), "{} {}: {answer}", request.path, request.body);
    }
    assert_eq!(service.received_total(), requests.len() as u64);
}

/// Conformance 96, 97, 150, 166.
#[test]
fn the_coordinate_is_echoed_to_the_byte() {
    let spaced = "{ \"scope\" : \"PRIVATE\", \"networkKey\":\"apple\",\n \"externalId\":\"e\",\"companyKey\":\"\\u0063\", \
                  \"big\":12345678901234567890123, \"botId\":\"acme-bot\" }";
    let event = format!(r#"{{"type":"message","coordinate":{spaced},"author":{{"id":"a"}}}}"#);
    for request in encode_on(&event, everything()).unwrap() {
        assert!(request.body.contains(spaced), "{}", request.body);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["author"], json!({"id": "a"}));
    }
    // Whatever an event's coordinate names comes back with each call, the customer account and the bot included.
    let noted = encode_on(&fixture("seed-message"), vec![Action::Note("vip".to_owned())]).unwrap();
    let body: Value = serde_json::from_str(&noted[0].body).unwrap();
    let expected = json!({
        "companyKey": "...", "networkKey": "whatsapp", "externalId": "5de...", "messageId": "5e2...", "botId": "bot-id",
        "scope": "PRIVATE", "normalizedAuthorId": "3a4...",
    });
    assert_eq!(body["coordinate"], expected);
}

#[test]
fn paths_methods_types_and_whether_twice_is_once() {
    let calls: Vec<_> = encode_on(&on("apple"), everything())
        .unwrap()
        .into_iter()
        .map(|request| {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let kind = body["type"].as_str().unwrap().to_owned();
            (request.action, request.method, request.path, kind, request.repeatable)
        })
        .collect();
    for (action, method, path, kind, repeatable) in [
        ("typing-start", "POST", "respond", "typing_start", true),
        ("respond", "POST", "respond", "message", false),
        ("typing-stop", "POST", "respond", "typing_stop", true),
        ("set-priority", "PUT", "priority", "priority", true),
        ("tag", "PUT", "tag", "tag", true),
        ("untag", "PUT", "tag/remove", "remove_tag", true),
        ("note", "PUT", "note", "note", false),
        ("move-to", "PUT", "workqueue", "workqueue", true),
        ("set-attributes", "PUT", "authors/attributes", "author_attributes", true),
        ("other", "POST", "form", "secure_form", false),
        ("resolve", "PUT", "resolve", "resolve", true),
        ("take-over", "PUT", "control", "control", true),
        ("hand-off", "PUT", "control", "control", true),
    ] {
        let of_action: Vec<_> = calls.iter().filter(|call| call.0 == action).collect();
        assert!(!of_action.is_empty(), "{action}");
        for call in of_action {
            assert_eq!(*call, (action, method, format!("/bots/v3/{path}"), kind.to_owned(), repeatable));
        }
    }
}

#[test]
fn bodies_carry_what_their_action_says() {
    let author = json!({"id": "a-77", "fullName": "Zoë 👩‍🚀 \u{202e}"});
    let (_, text) = encode(say(Response { text: Some("hi".to_owned()), ..Response::default() }));
    assert_eq!(text["author"], author);
    let keys: Vec<_> = text.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["coordinate", "author", "type", "text"]);
    let (_, media) = encode(with(Attachment::Media(picture())));
    assert_eq!(
        media["media"],
        json!([{"url": "https://pics.example.com/a.jpg", "mediaType": "IMAGE", "title": "a.jpg"}])
    );
    let (_, payload) = encode(with(Attachment::Passthrough(r#"{"a": 1}"#.to_owned())));
    assert_eq!(payload["payload"], json!(r#"{"a": 1}"#));
    let (_, agent) = encode(Action::HandOff(Some("please".to_owned())));
    assert_eq!((&agent["owner"], &agent["comment"]), (&json!({"type": "AGENT"}), &json!("please")));
    let (_, bot) = encode(Action::TakeOver);
    assert_eq!(bot["owner"], json!({"type": "BOT", "appId": "acme-bot"}));
    let (_, tags) = encode(Action::Tag(vec!["12".to_owned()]));
    assert_eq!((&tags["entityType"], &tags["tagIds"]), (&json!("POST"), &json!([12])));
    let values = |name: &str, value: &str| Attribute { name: name.to_owned(), values: vec![value.to_owned()] };
    let (_, attributes) = encode(Action::SetAttributes(vec![values("a", "1"), values("b", "2"), values("a", "3")]));
    assert_eq!(attributes["payload"], json!({"attributes": {"a": ["1", "3"], "b": ["2"]}}));
}

/// Conformance 105.
#[test]
fn list_styles_are_left_to_the_platform_unless_said() {
    let mut requests = encode_on(&on("apple"), vec![with(Attachment::ListPicker(Box::new(picker())))]).unwrap();
    let body: Value = serde_json::from_str(&requests.remove(0).body).unwrap();
    assert_eq!(body["list"]["requestMessage"]["style"], "LARGE");
    assert_eq!(body["list"]["responseMessage"].get("style"), None);
    assert_eq!(body["list"]["sections"][0]["choices"][0]["message"], json!({"title": "This beer"}));
}

/// Conformance 121, 135, 136.
#[test]
fn buttons_bring_owner_and_times_of_the_event() {
    let event = fixture("composed-message").replace("\"whatsapp\"", "\"facebook\"");
    let offer = |buttons| say(Response { text: Some("?".to_owned()), buttons, attachment: None });
    let requests = encode_on(&event, vec![offer(buttons()), offer(vec![])]).unwrap();
    let offered: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(offered["owner"], json!({"type": "BOT", "appId": "acme-bot"}));
    assert_eq!(offered["publishedTS"], json!(1_700_000_000_123_u64));
    assert_eq!(offered["receivedTS"], json!(1_700_000_000_456_u64));
    assert_eq!(offered["actions"][2], json!({"type": "reply", "payload": "NO"}));
    let plain: Value = serde_json::from_str(&requests[1].body).unwrap();
    assert_eq!(plain.get("owner"), None);
}

#[test]
fn the_conversations_number_is_named_where_the_event_had_one() {
    let control = encode_on(&fixture("composed-control"), vec![Action::HandOff(None)]).unwrap();
    assert!(control[0].body.contains(r#""conversationDisplayId":"4299""#), "{}", control[0].body);
    let update = encode_on(&fixture("seed-created"), vec![Action::HandOff(None)]).unwrap();
    assert!(update[0].body.contains(r#""conversationDisplayId":123"#), "{}", update[0].body);
}

/// Conformance 78, 81, 94, 95: it never reaches the platform.
#[test]
fn what_a_network_does_not_have_is_done_in_another_way() {
    for network in ["whatsapp", "twitter", "sms", "lia", "somethingnew"] {
        assert_eq!(encode_on(&on(network), vec![Action::TypingStart, Action::TypingStop]).unwrap(), [], "{network}");
    }
    for network in ["brandmessenger", "smooch", "facebook", "googlemessages", "apple"] {
        assert_eq!(encode_on(&on(network), vec![Action::TypingStart, Action::TypingStop]).unwrap().len(), 2);
    }
    for network in ["brandmessenger", "facebook", "whatsapp"] {
        let requests = encode_on(&on(network), vec![with(Attachment::ListPicker(Box::new(picker())))]).unwrap();
        let body: Value = serde_json::from_str(&requests[0].body).unwrap();
        assert_eq!(body.get("list"), None, "{network}");
        assert!(body["text"].as_str().unwrap().contains("\n1. This beer"), "{network}: {body}");
        assert_eq!(body["actions"][0]["type"], "reply", "{network}");
        assert_eq!(body["actions"][0]["text"], "This beer", "{network}");
    }
    let link = Button::Link { text: "shop".to_owned(), url: "https://shop.example.com".to_owned() };
    let link = say(Response { text: Some("Here".to_owned()), buttons: vec![link], ..Response::default() });
    let body: Value = serde_json::from_str(&encode_on(&on("apple"), vec![link]).unwrap()[0].body).unwrap();
    assert_eq!((&body["text"], body.get("actions")), (&json!("Here\nshop: https://shop.example.com"), None));
    // What is left out leaves the others in their places.
    let bad = with(Attachment::Passthrough("x".to_owned()));
    let refusals = encode_on(&on("sms"), vec![Action::TypingStart, bad]).unwrap_err();
    assert_eq!(refusals[0].path, "actions[1].respond.passthrough");
}

/// Conformance 108, 116.
#[test]
fn what_the_platform_does_not_have_is_refused() {
    let mut film = picker();
    film.sections[0].choices[0].media = Some(Media { kind: MediaKind::Video, ..picture() });
    assert_eq!(refused(&on("apple"), with(Attachment::ListPicker(Box::new(film)))).source, "conformance 108");
    let link = Button::Link { text: "shop".to_owned(), url: "shop".to_owned() };
    let refusal = refused(&on("apple"), say(Response { buttons: vec![link], ..Response::default() }));
    assert_eq!((refusal.rule, refusal.path.as_str()), ("url", "actions[0].respond.buttons[0].url"));
    let alone = say(Response { attachment: Some(Attachment::RichContent(rich())), ..Response::default() });
    assert_eq!(refused(&on("apple"), alone).source, "conformance 116");
    let audio = with(Attachment::Media(Media { kind: MediaKind::Other("AUDIO".to_owned()), ..picture() }));
    assert_eq!(refused(&on("apple"), audio).rule, "media-kind");
    assert_eq!(refused(&on("apple"), say(Response::default())).rule, "empty-response");
    assert_eq!(refused(&on("apple"), Action::SetPriority(6)).rule, "priority");
    assert_eq!(refused(&on("apple"), Action::Tag(vec!["vip".to_owned()])).rule, "numeric-id");
    let queue = Action::MoveTo { id: "-1".to_owned(), comment: None };
    assert_eq!(refused(&on("apple"), queue).path, "actions[0].move-to.id");
    let other = Action::Other { kind: "dance".to_owned(), details: "{}".to_owned() };
    assert_eq!(refused(&on("apple"), other).rule, "unknown-action");
}

/// Conformance 79, 125.
#[test]
fn a_passthrough_holds_json() {
    for json in ["hello", "\"text\"", "12", "null", "{", "{} {}", ""] {
        let refusal = refused(&on("facebook"), with(Attachment::Passthrough(json.to_owned())));
        assert_eq!(refusal.path, "actions[0].respond.passthrough", "{json}");
        if !json.is_empty() {
            assert_eq!(refusal.source, "conformance 125", "{json}");
        }
    }
    let bid = "com.apple.messages.MSMessageExtensionBalloonPlugin:team:com.example.Extension";
    let extension = || with(Attachment::Passthrough(json!({"bid": bid, "appId": "1"}).to_string()));
    encode_on(&on("apple"), vec![extension()]).unwrap();
    assert_eq!(refused(&on("facebook"), extension()).source, "conformance 79");
}

#[test]
fn a_secure_form_names_its_comment_and_form() {
    for (details, field) in [
        ("form", ""),
        ("[]", ""),
        (r#"{"secureFormId":"f"}"#, ".comment"),
        (r#"{"comment":"","secureFormId":"f"}"#, ".comment"),
        (r#"{"comment":"c"}"#, ".secureFormId"),
        (r#"{"comment":"c","secureFormId":{}}"#, ".secureFormId"),
    ] {
        let action = Action::Other { kind: "secure-form".to_owned(), details: details.to_owned() };
        assert_eq!(refused(&on("apple"), action).path, format!("actions[0].other.details{field}"), "{details}");
    }
}

/// Conformance 142.
#[test]
fn a_message_is_one_call_and_stops_no_indicator() {
    let hello = say(Response { text: Some("hi".to_owned()), ..Response::default() });
    let requests = encode_on(&on("apple"), vec![Action::TypingStart, hello]).unwrap();
    let kinds: Vec<_> = requests.iter().map(|request| request.action).collect();
    assert_eq!(kinds, ["typing-start", "respond"]);
}

/// As the platform would by conformance 82.
#[test]
fn a_bot_that_does_not_hold_the_conversation_may_act_and_not_speak() {
    let event = fixture("seed-message");
    assert!(matches!(after_event(None, &decode(&event).unwrap().event, "acme-bot"), Owner::Agent));
    let hello = || say(Response { text: Some("hi".to_owned()), ..Response::default() });
    assert_eq!(refused(&event, hello()).source, "conformance 82");
    let details = r#"{"comment":"Your address","secureFormId":"f-1"}"#.to_owned();
    let form = Action::Other { kind: "secure-form".to_owned(), details };
    assert_eq!(refused(&event, form.clone()).rule, "not-owner");
    encode_on(&event, vec![Action::TakeOver, form]).unwrap();
    encode_on(&event, vec![Action::Note("seen".to_owned())]).unwrap();
    encode_on(&event, vec![Action::TakeOver, hello()]).unwrap();
    let refusals = encode_on(&event, vec![Action::TakeOver, Action::HandOff(None), hello()]).unwrap_err();
    assert_eq!(refusals[0].path, "actions[2].respond");
}

#[test]
fn a_hostile_outcome_is_refused_in_few_words() {
    let event = on("apple");
    let long = "9".repeat(10_000) + "x";
    let refusals =
        encode_on(&event, vec![Action::Tag(vec![long; 32]), Action::Untag(vec!["y".to_owned(); 32])]).unwrap_err();
    assert_eq!(refusals.len(), bothost::domain::validate::REFUSALS_MAX);
    assert!(refusals.iter().all(|refusal| refusal.reason.len() < 200), "{:?}", refusals[0]);
}

#[test]
fn all_refusals_come_at_once_and_nothing_is_sent() {
    let bad = || with(Attachment::Passthrough("x".to_owned()));
    let refusals = encode_on(&on("apple"), vec![bad(), Action::TypingStart, bad()]).unwrap_err();
    let paths: Vec<_> = refusals.iter().map(|refusal| refusal.path.as_str()).collect();
    assert_eq!(paths, ["actions[0].respond.passthrough", "actions[2].respond.passthrough"]);
}

#[test]
fn an_event_that_cannot_be_answered_says_so() {
    assert_eq!(encode_on("{}", vec![]).unwrap(), vec![]);
    assert_eq!(refused("{}", Action::HandOff(None)).source, "conformance 97");
    assert_eq!(refused(r#"{"coordinate":{}}"#, Action::HandOff(None)).source, "conformance 96");
    let by_coordinate = r#"{"type":"x","coordinate":{"normalizedAuthorId":"a-1"}}"#;
    let request = encode_on(by_coordinate, vec![Action::HandOff(None)]).unwrap().remove(0);
    assert!(request.body.contains(r#""author":{"id":"a-1"}"#));
}
