//! What external bots ask for over the API, read from its payloads; the simulator, which knows the documents by itself, agrees.

use bothost::domain::action::{Action, Attachment, Button, ListStyle, Response};
use bothost::domain::event::{MediaKind, Owner, Visibility};
use bothost::domain::validate::{REFUSALS_MAX, Refusal};
use bothost::platform::khoros::actions::{self, Asked};
use bothost::simulator::khoros::check;
use http::Method;
use serde_json::{Value, json};

use super::calls::{Call, LIMITS, call, calls, read};

fn response(name: &str) -> Response {
    match call(name).read().unwrap().action {
        Action::Respond(response) => *response,
        other => panic!("{name}: {other:?}"),
    }
}

fn wrong(call: &Call) -> Vec<(String, &'static str, &'static str)> {
    let refusals = call.read().expect_err(&call.body);
    refusals.into_iter().map(|Refusal { path, rule, source, .. }| (path, rule, source)).collect()
}

#[track_caller]
fn refused(call: &Call, path: &str, source: &str) {
    let wrong = wrong(call);
    assert!(wrong.len() == 1 && wrong[0].0 == path && wrong[0].2 == source, "{wrong:?} in {}", call.body);
}

/// Conformance 70-77, 83, 84.
#[test]
fn every_kind_of_call_is_read_and_its_payload_goes_on_untouched() {
    for call in calls() {
        let asked: Asked = call.read().unwrap_or_else(|refusals| panic!("{}: {refusals:?}", call.name));
        assert_eq!(asked.request.body, call.body);
        assert_eq!(
            (asked.request.method, &asked.request.path),
            (call.method.as_str(), &format!("/bots/v3/{}", call.path))
        );
        assert_eq!(asked.request.action, asked.action.kind());
        assert_eq!(asked.speaks(), ["respond", "form"].contains(&call.path.as_str()));
        let seldom = ["respond", "note", "other"].contains(&asked.action.kind()) && call.path != "authors";
        assert_eq!(asked.request.repeatable, !seldom || call.name.ends_with("handles"), "{}", call.name);
        let known = check::Action::of(call.method.as_str(), &asked.request.path).unwrap();
        assert_eq!(check::body(known, &call.json()), Vec::<String>::new(), "{}", call.name);
    }
}

/// Conformance 68.
#[test]
fn an_action_has_one_path_and_one_method() {
    let body = call("respond.text").body;
    let read = |segments: &[&str], method| actions::read(segments, &method, body.as_bytes(), &LIMITS);
    assert!(read(&["respond"], Method::POST).unwrap().is_ok());
    assert!(read(&["respond"], Method::PUT).is_none());
    for segments in [&["respond", ""] as &[&str], &[], &["tag", "remove", "x"], &["control", "network"], &["Respond"]] {
        assert!(read(segments, Method::POST).is_none() && read(segments, Method::PUT).is_none(), "{segments:?}");
    }
    assert!(read(&["control"], Method::GET).is_none());
}

/// Conformance 87, 96, 97, 138, 141.
#[test]
fn every_call_names_its_author_and_its_coordinate() {
    for call in calls() {
        for (pointer, path, source) in [
            ("/author", "author", "conformance 96"),
            ("/author/id", "author.id", "conformance 96"),
            ("/coordinate", "coordinate", "conformance 97"),
            ("/coordinate/companyKey", "coordinate.companyKey", "conformance 97"),
            ("/coordinate/networkKey", "coordinate.networkKey", "conformance 97"),
            ("/coordinate/externalId", "coordinate.externalId", "conformance 97"),
            ("/coordinate/botId", "coordinate.botId", "conformance 97"),
            ("/coordinate/scope", "coordinate.scope", "conformance 97"),
        ] {
            refused(&call.with(pointer, Value::Null), path, source);
            refused(&call.with(pointer, json!(7)), path, source);
        }
        refused(&call.with("/author/id", json!("")), "author.id", "conformance 96");
        refused(&call.with("/coordinate/scope", json!("SECRET")), "coordinate.scope", "conformance 97");
        // Without its type a call of any kind is nothing, a typing indicator included.
        for kind in [Value::Null, json!(""), json!(7), json!("shout")] {
            refused(&call.with("/type", kind), "type", "platforms.md A6, A7");
        }
        refused(&call.with("/processSynchronously", json!("yes")), "processSynchronously", "platforms.md A6, A7");
    }
    let asked = call("respond.text").with("/coordinate/parentId", json!("m-1")).read().unwrap();
    let at = asked.coordinate;
    assert_eq!(
        (at.company_key.as_str(), at.network_key.as_str(), at.external_id.as_str()),
        ("acme", "whatsapp", "ext-1")
    );
    assert_eq!((at.bot_id.as_str(), at.scope), ("acme-bot", Visibility::Private));
    assert_eq!((at.normalized_author_id.as_deref(), at.message_id.as_deref()), (Some("a-77"), Some("m-1001")));
    assert_eq!((at.parent_id.as_deref(), at.top_level_id, at.network_instance), (Some("m-1"), None, None));
    assert_eq!((asked.author.id.as_str(), asked.author.full_name.as_deref()), ("a-77", Some("Kim")));
}

/// Conformance 69.
#[test]
fn every_text_survives_to_the_byte() {
    let call = call("respond.unicode");
    let asked = call.read().unwrap();
    assert_eq!(asked.request.body.as_bytes(), call.body.as_bytes());
    let Action::Respond(response) = asked.action else { panic!() };
    assert_eq!(response.text.unwrap(), "Grüße 🍺 e\u{301} 🍺 \u{0} \\ \" / \u{2028}");
    assert_eq!(asked.author.full_name.as_deref(), Some("Zoë 👩\u{200d}🚀 \u{202e}"));
}

/// Conformance 71, 81, 85-87, 89, 139, 140.
#[test]
fn typing_indicators_are_for_the_networks_that_have_them() {
    for (name, action) in [("respond.typing-start", Action::TypingStart), ("respond.typing-stop", Action::TypingStop)] {
        let typing = call(name);
        let asked = typing.read().unwrap();
        assert_eq!((asked.action, asked.coordinate.network_key.as_str()), (action, "smooch"));
        assert_eq!((asked.coordinate.message_id, asked.coordinate.normalized_author_id), (None, None));
        for network in ["brandmessenger", "smooch", "facebook", "googlemessages", "apple"] {
            typing.with("/coordinate/networkKey", json!(network)).read().unwrap();
        }
        for network in ["sms", "twitter", "wechat", "whatsapp", "instagram", "lia", "somethingnew"] {
            refused(&typing.with("/coordinate/networkKey", json!(network)), "type", "conformance 81");
        }
    }
}

/// Conformance 70, 75, 76, 90, 92-95, 137.
#[test]
fn texts_and_buttons() {
    assert_eq!(response("respond.text").text.as_deref(), Some("Your order is on its way."));
    let postback = response("respond.postback");
    let expected = Button::Postback {
        text: "A good way to keep healthy".to_owned(),
        payload: "DEVELOPER_DEFINED_PAYLOAD-001".to_owned(),
    };
    assert_eq!(postback.buttons, [expected]);
    let reply = response("respond.reply").buttons;
    assert_eq!(reply[0], Button::Reply { text: None, payload: "POSTBACK_PAYLOAD-QR-01".to_owned() });
    assert_eq!(reply[1], Button::Reply { text: Some("No".to_owned()), payload: "NO".to_owned() });
    let postback = call("respond.postback");
    for (pointer, value, path) in [
        ("/actions/0/type", json!("link"), "actions[0].type"),
        ("/actions/0/type", Value::Null, "actions[0].type"),
        ("/actions/0/payload", Value::Null, "actions[0].payload"),
        ("/actions/0/payload", json!({}), "actions[0].payload"),
        ("/actions/0/text", Value::Null, "actions[0].text"),
        ("/actions/0/text", json!(""), "actions[0].text"),
        ("/actions/0", json!("link"), "actions[0]"),
    ] {
        refused(&postback.with(pointer, value), path, "conformance 92-95");
    }
    assert_eq!(wrong(&postback.with("/actions", json!({})))[0].0, "actions");
    assert_eq!(wrong(&postback.with("/actions", json!([])))[0].1, "empty-list");
    assert_eq!(wrong(&postback.with("/text", json!(["x"])))[0].0, "text");
}

/// Conformance 121, 135, 136.
#[test]
fn owner_and_times_may_come_and_are_then_right() {
    let postback = call("respond.postback");
    for (pointer, value, path) in [
        ("/owner", json!("BOT"), "owner"),
        ("/owner/type", json!("HUMAN"), "owner.type"),
        ("/owner/appId", Value::Null, "owner.appId"),
        ("/publishedTS", json!("1700000000123"), "publishedTS"),
        ("/receivedTS", json!(-1), "receivedTS"),
    ] {
        assert_eq!(wrong(&postback.with(pointer, value))[0].0, path);
    }
    for (pointer, value) in
        [("/owner", Value::Null), ("/owner", json!({"type": "AGENT"})), ("/publishedTS", Value::Null)]
    {
        postback.with(pointer, value).read().unwrap();
    }
}

/// Conformance 72, 78, 98, 102-107.
#[test]
fn a_list_picker_has_its_parts_and_its_network() {
    let picker = response("respond.list");
    assert_eq!(picker.text.as_deref(), Some("Which one?"));
    let Some(Attachment::ListPicker(list)) = picker.attachment else { panic!() };
    assert_eq!(list.request_message.subtitle.as_deref(), Some("request message subtitle"));
    assert_eq!((list.sections[0].id.as_str(), list.sections[0].multiple_selection), ("0", true));
    let choice = &list.sections[0].choices[0];
    assert_eq!(
        (choice.id.as_str(), choice.title.as_str(), choice.subtitle.as_deref()),
        ("beer1", "This beer", Some("(🍺)"))
    );
    assert_eq!(choice.media.as_ref().unwrap().kind, MediaKind::Image);
    let list = call("respond.list");
    for (pointer, path, source) in [
        ("/list/requestMessage", "list.requestMessage", "conformance 102-105"),
        ("/list/responseMessage/title", "list.responseMessage.title", "conformance 102-105"),
        ("/list/sections", "list.sections", "conformance 102, 103, 106"),
        ("/list/sections/0/id", "list.sections[0].id", "conformance 106"),
        ("/list/sections/0/title", "list.sections[0].title", "conformance 106"),
        ("/list/sections/0/multipleSelection", "list.sections[0].multipleSelection", "conformance 106"),
        ("/list/sections/1/choices", "list.sections[1].choices", "conformance 106"),
        ("/list/sections/0/choices/1/id", "list.sections[0].choices[1].id", "conformance 107"),
        ("/list/sections/0/choices/1/message", "list.sections[0].choices[1].message", "conformance 107"),
    ] {
        refused(&list.with(pointer, Value::Null), path, source);
        refused(&list.with(pointer, json!(1.5)), path, source);
    }
    refused(&list.with("/list", json!("beer")), "list", "conformance 102, 103, 106");
    refused(&list.with("/list/sections/0", json!("beer")), "list.sections[0]", "conformance 106");
    refused(&list.with("/list/sections/0/choices/0", json!("beer")), "list.sections[0].choices[0]", "conformance 107");
    refused(&list.with("/coordinate/networkKey", json!("facebook")), "list", "conformance 78");
    list.with("/text", Value::Null).read().unwrap();
}

/// Conformance 104, 105, 108.
#[test]
fn pictures_in_lists_have_a_size_and_are_pictures() {
    let styled = |value: Value| call("respond.list").with("/list/requestMessage/style", value);
    for (word, style) in [
        (json!("LARGE"), ListStyle::Large),
        (json!("SMALL"), ListStyle::Small),
        (json!("ICON"), ListStyle::Icon),
        (Value::Null, ListStyle::Small),
    ] {
        let Action::Respond(response) = styled(word).read().unwrap().action else { panic!() };
        let Some(Attachment::ListPicker(list)) = response.attachment else { panic!() };
        assert_eq!(list.request_message.style, Some(style));
    }
    for word in [json!("HUGE"), json!("small"), json!(1)] {
        refused(&styled(word), "list.requestMessage.style", "conformance 102-105");
    }
    let film = json!({"url": "https://pics.example.com/a.mp4", "mediaType": "VIDEO"});
    for (pointer, path) in [
        ("/list/requestMessage/media", "list.requestMessage.media"),
        ("/list/responseMessage/media", "list.responseMessage.media"),
        ("/list/sections/0/choices/1/message/media", "list.sections[0].choices[1].message.media"),
    ] {
        let list = call("respond.list");
        refused(&list.with(pointer, film.clone()), &format!("{path}.mediaType"), "conformance 108");
        refused(&list.with(pointer, json!({"mediaType": "IMAGE"})), &format!("{path}.url"), "conformance 108, 114");
    }
}

/// Conformance 73, 109, 110, 114.
#[test]
fn there_is_exactly_one_medium() {
    let Some(Attachment::Media(media)) = response("respond.media").attachment else { panic!() };
    assert_eq!(
        (media.url.as_str(), media.kind, media.title.as_deref()),
        ("https://pics.example.com/some_cool_picture.jpg", MediaKind::Image, Some("cool.jpg"))
    );
    let media = call("respond.media");
    let one = media.json()["media"][0].clone();
    for count in [json!([]), json!([one, one]), one.clone(), json!("https://pics.example.com/a.jpg")] {
        refused(&media.with("/media", count), "media", "conformance 110");
    }
    refused(&media.with("/media/0/url", Value::Null), "media[0].url", "conformance 114");
    refused(&media.with("/media/0/url", json!("/a.jpg")), "media[0].url", "platforms.md A5");
    refused(&media.with("/media/0/mediaType", Value::Null), "media[0].mediaType", "conformance 114");
    refused(&media.with("/media/0/mediaType", json!("AUDIO")), "media[0].mediaType", "platforms.md A5");
    media.with("/media/0/mediaType", json!("VIDEO")).with("/text", Value::Null).read().unwrap();
}

/// Conformance 115, 116, 120.
#[test]
fn rich_content_is_whole_and_has_a_text_to_fall_back_on() {
    let Some(Attachment::RichContent(rich)) = response("respond.rich-content").attachment else { panic!() };
    assert_eq!(
        (rich.media_type.as_str(), rich.mime_type.as_str(), rich.title.as_str()),
        ("IMAGE", "image/jpeg", "some title")
    );
    let rich = call("respond.rich-content");
    for field in ["mediaType", "url", "title", "mediaUrl", "mimeType"] {
        refused(
            &rich.with(&format!("/richContent/{field}"), Value::Null),
            &format!("richContent.{field}"),
            "conformance 120",
        );
    }
    refused(&rich.with("/richContent/mediaUrl", json!("cool.jpg")), "richContent.mediaUrl", "platforms.md A5");
    refused(&rich.with("/text", Value::Null), "richContent", "conformance 116");
    refused(&rich.with("/richContent", json!([])), "richContent", "conformance 120");
}

/// Conformance 74, 77, 79, 123-125, 127.
#[test]
fn a_passthrough_is_a_string_that_holds_json() {
    let Some(Attachment::Passthrough(json)) = response("respond.passthrough").attachment else { panic!() };
    assert!(json.starts_with(r#"{"text":"Here is a quick reply!""#));
    let raw = call("respond.passthrough");
    for value in [json!({"a": 1}), json!([1]), json!("text"), json!("{"), json!("12"), json!(""), json!(true)] {
        refused(&raw.with("/payload", value), "payload", "conformance 125");
    }
    let extension = call("respond.extension");
    assert!(extension.read().is_ok());
    let Some(Attachment::Passthrough(json)) = response("respond.extension").attachment else { panic!() };
    let expected = json!({
        "appId": "123456789", "appName": "Extension app name", "URL": "?type=firstName",
        "bid": "com.apple.messages.MSMessageExtensionBalloonPlugin:appleDevTeamID:com.example.Extension",
        "receivedMessage": {"title": "Extension"}, "useLiveLayout": true,
    });
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);
    refused(&extension.with("/coordinate/networkKey", json!("facebook")), "payload", "conformance 79");
    let other_bid = raw.with("/payload", json!(r#"{"bid":"my own"}"#));
    assert!(other_bid.read().is_ok());
}

/// Conformance 80, 99-101, 111-113, 117-119, 126.
#[test]
fn no_two_attachments_go_together() {
    let names = ["list", "media", "richContent", "payload"];
    let value = |name: &str| {
        let file = if name == "richContent" { "rich-content" } else { name };
        let file = if name == "payload" { "passthrough" } else { file };
        call(&format!("respond.{file}")).json()[name].clone()
    };
    let mut pairs = 0;
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let alone = call("respond.text")
                .with("/coordinate/networkKey", json!("apple"))
                .with(&format!("/{one}"), value(one));
            alone.read().unwrap();
            let both = alone.with(&format!("/{other}"), value(other));
            let refusals = both.read().unwrap_err();
            assert_eq!(
                (refusals.len(), refusals[0].rule, refusals[0].path.as_str()),
                (1, "exclusive", *other),
                "{refusals:?}"
            );
            assert_eq!(refusals[0].reason, format!("cannot be set together with {one}"));
            pairs += 1;
        }
    }
    assert_eq!(pairs, 6);
}

/// Conformance 137: a text is needed where there is nothing else, and not beside what stands alone.
#[test]
fn a_message_says_something() {
    let text = call("respond.text");
    refused(&text.with("/text", Value::Null), "text", "conformance 70");
    for name in ["respond.list", "respond.media", "respond.passthrough", "respond.postback"] {
        call(name).with("/text", Value::Null).read().unwrap_or_else(|refusals| panic!("{name}: {refusals:?}"));
    }
    refused(&text.with("/text", json!("x".repeat(65_537))), "text", "bothost settings, [turn]");
    text.with("/text", json!("🍺".repeat(16_384))).read().unwrap();
    let button = json!({"type": "reply", "payload": "x"});
    assert_eq!(wrong(&text.with("/actions", json!(vec![button; 33])))[0].1, "too-many");
}

/// Conformance 128.
#[test]
fn to_wait_is_asked_for() {
    assert!(call("respond.postback").read().unwrap().process_synchronously);
    for value in [Value::Null, json!(false)] {
        assert!(!call("respond.text").with("/processSynchronously", value).read().unwrap().process_synchronously);
    }
}

/// Everything that is wrong with a payload comes in one answer, in the payload's own words.
#[test]
fn all_violations_come_at_once() {
    let body = json!({
        "coordinate": {"companyKey": "acme", "networkKey": "sms", "externalId": "e", "scope": "OPEN"},
        "author": {"fullName": 7}, "type": "message", "processSynchronously": 1,
        "actions": [{"type": "postback", "payload": "p"}, 3, {"type": "call", "payload": ""}],
        "list": {"requestMessage": {"title": "a", "style": "BIG"}, "sections": [{"id": "0", "title": "t",
            "multipleSelection": "no", "choices": [{"id": "", "message": {"media": {"url": "x", "mediaType": "VIDEO"}}}]}]},
        "media": [{"url": "ftp://x", "mediaType": "AUDIO"}],
    });
    let refusals = read(&Method::POST, "respond", body.to_string().as_bytes()).unwrap_err();
    let mut paths: Vec<_> = refusals.iter().map(|refusal| refusal.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "actions[0].text",
            "actions[1]",
            "actions[2].payload",
            "actions[2].type",
            "author.fullName",
            "author.id",
            "coordinate.botId",
            "coordinate.scope",
            "list",
            "list.requestMessage.style",
            "list.responseMessage",
            "list.sections[0].choices[0].id",
            "list.sections[0].choices[0].message.media.mediaType",
            "list.sections[0].choices[0].message.media.url",
            "list.sections[0].choices[0].message.title",
            "list.sections[0].multipleSelection",
            "media",
            "media[0].mediaType",
            "media[0].url",
            "processSynchronously",
        ]
    );
    assert!(refusals.iter().all(|refusal| !refusal.source.is_empty() && !refusal.reason.is_empty()));
    let many = json!({"type": "message", "actions": vec![json!(1); 1000]});
    assert_eq!(read(&Method::POST, "respond", many.to_string().as_bytes()).unwrap_err().len(), REFUSALS_MAX);
}

#[test]
fn what_is_no_object_or_names_a_member_twice_is_refused() {
    for (body, path, rule) in [
        ("", "line 1 column 0", "json"),
        ("[]", "$", "object"),
        ("\"message\"", "$", "object"),
        ("{\"type\":\"\\ud800\"}", "line 1 column 16", "json"),
    ] {
        let refusals = read(&Method::POST, "respond", body.as_bytes()).unwrap_err();
        assert_eq!((refusals[0].path.as_str(), refusals[0].rule), (path, rule), "{body}");
    }
    assert!(read(&Method::POST, "respond", b"{\"type\":\"\xff\"}").is_err());
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(read(&Method::POST, "respond", deep.as_bytes()).unwrap_err()[0].reason.contains("recursion limit"));
    let twice = call("respond.text").body.replacen("\"text\":", "\"text\": \"shown to the check\", \"text\":", 1);
    let refusals = read(&Method::POST, "respond", twice.as_bytes()).unwrap_err();
    assert_eq!((refusals[0].path.as_str(), refusals[0].rule), ("text", "twice"));
}

#[test]
fn control_says_who_shall_hold_the_conversation() {
    let agent = call("control.agent").read().unwrap();
    assert_eq!((agent.owner, agent.action), (Some(Owner::Agent), Action::HandOff(Some("please help".to_owned()))));
    let bot = call("control.bot").read().unwrap();
    assert_eq!((bot.owner, bot.action), (Some(Owner::Bot("acme-bot".to_owned())), Action::TakeOver));
    assert_eq!(bot.request.action, "take-over");
    let control = call("control.agent");
    for (pointer, value, path) in [
        ("/owner", Value::Null, "owner"),
        ("/owner/type", Value::Null, "owner.type"),
        ("/owner/type", json!("BOT"), "owner.appId"),
        ("/comment", json!(1), "comment"),
        ("/conversationDisplayId", json!("x"), "conversationDisplayId"),
        ("/conversationDisplayId", json!([]), "conversationDisplayId"),
        ("/lastUpdateTS", json!("now"), "lastUpdateTS"),
    ] {
        assert_eq!(wrong(&control.with(pointer, value))[0].0, path);
    }
}

#[test]
fn the_other_actions_hold_to_what_is_documented() {
    for (name, pointer, value, message) in [
        ("priority", "/newPriority", json!(6), "newPriority 6 is not within 0 (first) to 5"),
        ("priority", "/newPriority", json!(300), "newPriority 300 is not within 0 (first) to 5"),
        ("priority", "/newPriority", json!(1.5), "newPriority must be a whole number"),
        ("priority", "/newPriority", Value::Null, "newPriority may not be null"),
        ("note", "/note", Value::Null, "note may not be null"),
        ("note", "/note", json!(""), "note may not be empty"),
        ("tag", "/entityType", json!("AUTHOR"), "entityType must be one of POST, not \"AUTHOR\""),
        ("tag", "/tagIds", json!([]), "tagIds may not be empty"),
        ("tag", "/tagIds/1", json!("vip"), "tagIds[1] must be a whole number"),
        ("tag-remove", "/tagIds", Value::Null, "tagIds may not be null"),
        ("tag-remove", "/type", json!("tag"), "type must be one of remove_tag, not \"tag\""),
        ("workqueue", "/newWorkQueue", Value::Null, "newWorkQueue may not be null"),
        ("workqueue", "/newWorkQueue", json!("7"), "newWorkQueue must be a whole number"),
        ("resolve", "/comment", json!({}), "comment must be a string"),
        ("authors-attributes.attributes", "/payload", Value::Null, "payload may not be null"),
        ("authors-attributes.attributes", "/payload", json!({}), "payload.attributes may not be null"),
        (
            "authors-attributes.attributes",
            "/payload/attributes/tier",
            json!("gold"),
            "payload.attributes.tier must be a list of strings",
        ),
        ("authors-attributes.attributes", "/payload/attributes", json!({}), "payload.attributes needs attributes"),
        (
            "authors-attributes.handles",
            "/payload/handles/crm/0/id",
            Value::Null,
            "payload.handles.crm[0].id may not be null",
        ),
        ("authors", "/properties", json!([]), "properties must be an object"),
        ("authors", "/updatedName", json!(1), "updatedName must be a string"),
        ("form", "/comment", Value::Null, "comment may not be null"),
        ("form", "/secureFormId", json!({}), "secureFormId must be the form's id"),
        ("form", "/secureFormId", Value::Null, "secureFormId may not be null"),
    ] {
        let refusals = call(name).with(pointer, value).read().unwrap_err();
        assert_eq!(refusals.iter().map(actions::message).collect::<Vec<_>>(), [message]);
    }
    let kind = |name: &str| call(name).read().unwrap().action;
    assert_eq!(kind("tag"), Action::Tag(vec!["12".to_owned(), "13".to_owned()]));
    assert_eq!(kind("workqueue"), Action::MoveTo { id: "7".to_owned(), comment: Some("vip".to_owned()) });
    assert_eq!(kind("priority"), Action::SetPriority(0));
    for (name, expected) in
        [("form", "secure-form"), ("authors", "author-update"), ("authors-attributes.handles", "author-handles")]
    {
        assert!(matches!(kind(name), Action::Other { kind, .. } if kind == expected), "{name}");
    }
}
