//! Bots over the API: made, changed, listed, switched.

use bothost::domain::bot::Target;
use bothost::domain::scope::Scope;
use bothost::platform::Platform;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::platform::deadsimplechat::registration::ROOMS_MAX;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::support::{Key, MemoryHost, admin};

const CONFLICT: &str = "Error: Bots cannot be configured to trigger on every message when message visibility is set to private. Either change the bot trigger to \"mention\" or set the message visibility to \"public\".";
const NO_BOT: &str = "bot not found, or customer does not have permission to modify the bot";

fn least() -> Value {
    json!({"name": "MyBot", "webhookURL": "module:greeter"})
}

fn with(name: &str, value: Value) -> Value {
    let mut fields = least();
    fields[name] = value;
    fields
}

/// What a new bot with these fields is refused for.
async fn refused(fields: &Value) -> String {
    let host = MemoryHost::default();
    let (status, answer) = host.call("POST", "bot", fields).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!((&answer["success"], &answer["message"]), (&json!(false), &json!("invalid request")), "{answer}");
    assert_eq!(answer.as_object().unwrap().len(), 3);
    assert!(host.bots.lock().unwrap().is_empty());
    answer["error"].as_str().unwrap().to_owned()
}

async fn taken(fields: &Value) -> Value {
    MemoryHost::default().made(fields).await
}

/// Conformance 184, 186, 187, 189, 192, 195-197, 199, 201-204, 210, 212.
#[tokio::test]
async fn a_bot_is_made_of_what_is_documented() {
    let host = MemoryHost::default();
    let fields = json!({
        "name": "MyBot", "description": "This is my bot", "trigger": "mention", "messageVisibility": "private",
        "isAllowedInAllChatRooms": false, "messageHistoryLimit": 5, "webhookURL": "module:greeter@3",
        "metadata": "{\"greeting\": \"hi\"}", "enabled": false,
    });
    let (status, answer) = host.call("POST", "bot", &fields).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)));
    assert_eq!(answer.as_object().unwrap().len(), 2);
    let bot = &answer["bot"];
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&bot[name], value, "{name}");
    }
    let id = bot["_id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert_eq!((&bot["customer"], &bot["created"]), (&json!("acme"), &json!("2023-11-14T22:13:20.000Z")));

    let stored = host.stored(&bot["_id"]);
    assert_eq!(Target::parse("module:greeter@3").unwrap().unwrap(), stored.target);
    assert_eq!(serde_json::from_str::<Value>(&stored.config).unwrap(), json!({"greeting": "hi"}));
    assert_eq!((stored.network.as_str(), stored.account.as_str()), ("deadsimplechat", "acme"));
    let secret = stored.credentials.secret.reveal();
    assert_eq!(bot["hook"], format!("/hooks/deadsimplechat/{}.{secret}", stored.id));
    assert!(secret.len() == 32 && !stored.registration.contains(secret));
    assert!(!stored.id.as_str().starts_with(id), "the id that all see says nothing of the hook");
}

#[tokio::test]
async fn what_is_not_said_has_its_default() {
    let bot = taken(&with("somethingNew", json!({"deep": [1]}))).await;
    assert_eq!((&bot["trigger"], &bot["messageVisibility"]), (&json!("message"), &json!("public")));
    assert_eq!((&bot["enabled"], &bot["isAllowedInAllChatRooms"]), (&json!(true), &json!(true)));
    assert_eq!(bot["messageHistoryLimit"], 0);
    for absent in ["description", "metadata", "somethingNew", "chatRooms"] {
        assert!(bot.get(absent).is_none(), "{absent}");
    }
}

/// Conformance 205, 206, 211.
#[tokio::test]
async fn the_documents_own_sample_lacks_the_webhook() {
    assert_eq!(refused(&json!({"name": "MyBot", "description": "This is my bot"})).await, "webhookURL is required");
    assert_eq!(refused(&json!({})).await, "name is required; webhookURL is required");
    let all = json!({"name": 5, "trigger": "always", "enabled": "yes", "messageHistoryLimit": -1});
    let error = refused(&all).await;
    for words in ["webhookURL is required", "name must", "trigger must", "enabled must", "messageHistoryLimit must"] {
        assert!(error.contains(words), "{error}");
    }
    for body in ["", "{", "[]", "\"x\"", "null"] {
        let answer = MemoryHost::default().raw(&admin(), Method::POST, "bot", body.into()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.unwrap().contains("the body"), "{body}");
    }
}

/// Conformance 186, 188, 199, 200.
#[tokio::test]
async fn texts_have_their_documented_lengths() {
    let long = |count: usize| "ü".repeat(count);
    assert_eq!(taken(&with("description", json!(long(1000)))).await["description"], long(1000));
    let error = refused(&with("description", json!(long(1001)))).await;
    assert_eq!(error, "description may have at most 1000 characters, this one has 1001");
    let metadata = |count: usize| json!(format!("\"{}\"", "x".repeat(count - 2)));
    taken(&with("metadata", metadata(10_000))).await;
    assert!(refused(&with("metadata", metadata(10_001))).await.contains("at most 10000 characters"));
    for no_json in ["", "{", "{'a': 1}", "hello"] {
        assert!(
            refused(&with("metadata", json!(no_json))).await.starts_with("metadata must be JSON text"),
            "{no_json}"
        );
    }
    assert!(refused(&with("metadata", json!({"a": 1}))).await.starts_with("metadata must be a string"));
    for empty in ["", "  "] {
        assert_eq!(refused(&with("name", json!(empty))).await, "name may not be empty");
    }
    assert!(refused(&with("name", json!(long(257)))).await.contains("at most 256 characters"));
}

#[tokio::test]
async fn metadata_that_is_no_object_configures_nothing() {
    for (metadata, config) in [("[1]", "{}"), ("7", "{}"), ("null", "{}"), (" {\"a\": 1} ", "{\"a\": 1}")] {
        let host = MemoryHost::default();
        let bot = host.made(&with("metadata", json!(metadata))).await;
        assert_eq!((&bot["metadata"], host.stored(&bot["_id"]).config.as_str()), (&json!(metadata), config));
    }
}

/// Conformance 190, 191, 193, 194, 195, 196, 201.
#[tokio::test]
async fn values_are_the_documented_ones_and_types_are_strict() {
    for (name, values) in [
        ("trigger", vec![json!("message"), json!("mention")]),
        ("messageVisibility", vec![json!("public")]),
        ("isAllowedInAllChatRooms", vec![json!(true), json!(false)]),
        ("enabled", vec![json!(true), json!(false)]),
        ("messageHistoryLimit", vec![json!(0), json!(100)]),
    ] {
        for value in values {
            assert_eq!(taken(&with(name, value.clone())).await[name], value);
        }
    }
    let mut private = with("messageVisibility", json!("private"));
    private["trigger"] = json!("mention");
    assert_eq!(taken(&private).await["messageVisibility"], "private");
    for (name, wrong) in [
        ("trigger", vec![json!("Message"), json!(""), json!(null), json!(["mention"])]),
        ("messageVisibility", vec![json!("secret"), json!(true), json!(null)]),
        ("isAllowedInAllChatRooms", vec![json!("true"), json!(1), json!(null)]),
        ("enabled", vec![json!("false"), json!(0), json!(null)]),
        ("messageHistoryLimit", vec![json!(101), json!(-1), json!(1.5), json!("5"), json!(null), json!(1e300)]),
        ("description", vec![json!(5), json!(null)]),
        ("name", vec![json!(5), json!(null)]),
    ] {
        for value in wrong {
            let error = refused(&with(name, value.clone())).await;
            assert!(error.starts_with(&format!("{name} must be ")), "{value}: {error}");
        }
    }
}

/// Conformance 197, 198.
#[tokio::test]
async fn the_webhook_is_a_uri_of_something_that_can_run() {
    for url in ["module:greeter", "module:greeter@12", "https://bots.example.com/hook?x=1"] {
        assert_eq!(taken(&with("webhookURL", json!(url))).await["webhookURL"], url);
    }
    for (url, words) in [
        ("", "valid URI"),
        ("bots.example.com/hook", "valid URI"),
        ("https://bots.example.com/a b", "valid URI"),
        ("ftp://bots.example.com/", "valid URI"),
        ("http://bots.example.com/", "https only"),
        ("module:", "1 to 63 characters"),
        ("module:Greeter", "a-z"),
        ("module:greeter@latest", "whole number"),
    ] {
        let error = refused(&with("webhookURL", json!(url))).await;
        assert!(error.starts_with("webhookURL") && error.contains(words), "{url}: {error}");
    }
    let long = format!("https://bots.example.com/{}", "x".repeat(2048));
    assert!(refused(&with("webhookURL", json!(long))).await.contains("2048 bytes"));
    assert!(refused(&with("webhookURL", json!(null))).await.contains("webhookURL must be a string"));
}

/// Conformance 207, 208, 209.
#[tokio::test]
async fn a_private_bot_does_not_listen_to_everything() {
    let conflict = json!({"success": false, "message": CONFLICT});
    let host = MemoryHost::default();
    let mut fields = with("messageVisibility", json!("private"));
    assert_eq!(host.call("POST", "bot", &fields).await, (400, conflict.clone()), "message is the default");
    fields["trigger"] = json!("message");
    assert_eq!(host.call("POST", "bot", &fields).await, (400, conflict.clone()));
    assert!(host.bots.lock().unwrap().is_empty());
    // What a change results in counts, whichever half of it the change names.
    fields["trigger"] = json!("mention");
    let bot = host.made(&fields).await;
    let path = format!("bot/{}", bot["_id"].as_str().unwrap());
    assert_eq!(host.call("PUT", &path, &json!({"trigger": "message"})).await, (400, conflict.clone()));
    assert_eq!(host.call("PUT", &path, &json!({"trigger": "message", "messageVisibility": "public"})).await.0, 200);
    assert_eq!(host.call("PUT", &path, &json!({"messageVisibility": "private"})).await, (400, conflict));
}

#[tokio::test]
async fn a_change_names_what_it_changes() {
    let host = MemoryHost::default();
    let before = host.made(&with("metadata", json!("{\"a\": 1}"))).await;
    let path = format!("bot/{}", before["_id"].as_str().unwrap());
    let hook = before["hook"].clone();
    let (status, answer) = host.call("PUT", &path, &json!({"_id": "65f0a1b2c3d4e5f601234567"})).await;
    assert_eq!((status, &answer["details"]), (400, &json!(["_id cannot be changed"])));
    let change = json!({"description": "new", "messageHistoryLimit": 3, "hook": "x", "customer": "other"});
    let (status, answer) = host.call("PUT", &path, &change).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)));
    let bot = &answer["bot"];
    assert_eq!((&bot["description"], &bot["messageHistoryLimit"]), (&json!("new"), &json!(3)));
    assert_eq!((&bot["name"], &bot["metadata"]), (&before["name"], &before["metadata"]));
    assert_eq!((&bot["hook"], &bot["customer"], &bot["_id"]), (&hook, &json!("acme"), &before["_id"]), "they stay");
    let elsewhere = json!({"webhookURL": "https://bots.example.com/hook", "metadata": "{\"b\":2}"});
    assert_eq!(host.call("PUT", &path, &elsewhere).await.0, 200);
    let stored = host.stored(&before["_id"]);
    assert_eq!((stored.target.relay(), stored.config.as_str()), (Some("https://bots.example.com/hook"), "{\"b\":2}"));
    // What was read can be sent back.
    let (_, read) = host.call("GET", &path, &Value::Null).await;
    assert_eq!(host.call("PUT", &path, &read["bot"]).await.1["bot"], read["bot"]);

    let (status, answer) = host.call("PUT", &path, &json!({"enabled": 1, "name": ""})).await;
    assert_eq!((status, &answer["message"]), (400, &json!("Validation error")));
    assert_eq!(answer["details"], json!(["name may not be empty", "enabled must be true or false, not 1"]));
}

#[tokio::test]
async fn a_name_that_another_bot_has_cannot_be_taken() {
    let host = MemoryHost::default();
    host.made(&with("name", json!("first"))).await;
    let second = host.made(&with("name", json!("second"))).await;
    let path = format!("bot/{}", second["_id"].as_str().unwrap());
    let (status, answer) = host.call("PUT", &path, &json!({"name": "first"})).await;
    assert_eq!((status, &answer["success"]), (400, &json!(false)));
    assert!(answer["message"].as_str().unwrap().contains("\"first\" already"), "{answer}");
    assert_eq!(host.call("PUT", &path, &json!({"name": "second", "enabled": false})).await.0, 200);
}

#[tokio::test]
async fn a_bot_that_the_platform_knows_keeps_its_id() {
    let host = MemoryHost::default();
    let id = "65f0a1b2c3d4e5f601234567";
    assert_eq!(host.made(&with("_id", json!(id))).await["_id"], id);
    let (_, answer) = host.call("POST", "bot", &with("_id", json!(id))).await;
    assert!(answer["error"].as_str().unwrap().contains("there is a bot"), "{answer}");
    for wrong in [json!("65F0A1B2C3D4E5F601234567"), json!("65f0"), json!(5), json!("../../../../../../../..")] {
        assert!(refused(&with("_id", wrong)).await.starts_with("_id must be"));
    }
    let other = Key { tenant: "other", ..admin() };
    assert_eq!(
        host.call_by(&other, "POST", "bot", &with("_id", json!(id))).await.0,
        200,
        "another tenant's is its own"
    );
}

#[tokio::test]
async fn bots_are_listed_read_and_removed() {
    let host = MemoryHost::default();
    assert_eq!(host.call("GET", "bots", &Value::Null).await, (200, json!({"success": true, "bots": []})));
    let first = host.made(&with("name", json!("first"))).await;
    let second = host.made(&with("name", json!("second"))).await;
    let (_, all) = host.call("GET", "bots", &Value::Null).await;
    assert_eq!(all["bots"], json!([first, second]));
    for name in ["isAllowedInAllChatRooms", "enabled", "_id", "name", "webhookURL", "customer", "created"] {
        assert!(all["bots"][0].get(name).is_some(), "{name}");
    }
    let path = format!("bot/{}", first["_id"].as_str().unwrap());
    assert_eq!(host.call("GET", &path, &Value::Null).await, (200, json!({"success": true, "bot": first})));
    assert_eq!(host.call("DELETE", &path, &Value::Null).await, (200, json!({"success": true, "bot": first})));
    let gone = (401, json!({"success": false, "message": NO_BOT}));
    for method in ["GET", "DELETE", "PUT"] {
        assert_eq!(host.call(method, &path, &json!({})).await, gone);
    }
    assert_eq!(host.call("GET", "bots", &Value::Null).await.1["bots"], json!([second]));
}

/// Conformance 195, 201.
#[tokio::test]
async fn a_bot_is_switched_for_all_rooms_and_for_one() {
    let host = MemoryHost::default();
    let bot = host.made(&least()).await;
    let path = |rest: &str| format!("bot/{}/{rest}", bot["_id"].as_str().unwrap());
    let (status, off) = host.call("POST", &path("disable"), &Value::Null).await;
    assert_eq!((status, &off["success"], &off["bot"]["enabled"]), (200, &json!(true), &json!(false)));
    assert_eq!(host.call("POST", &path("enable"), &Value::Null).await.1["bot"]["enabled"], true);
    let on = (200, json!({"success": true, "botStatus": {"status": "ENABLED"}}));
    assert_eq!(host.call("POST", &path("chatroom/r%2F1/enable"), &Value::Null).await, on);
    let off = (200, json!({"success": true, "message": "Bot successfully disabled in the chat room"}));
    assert_eq!(host.call("POST", &path("chatroom/r2/disable"), &Value::Null).await, off);
    let (_, answer) = host.call("GET", path("").trim_end_matches('/'), &Value::Null).await;
    assert_eq!(answer["bot"]["chatRooms"], json!({"r/1": "ENABLED", "r2": "DISABLED"}));
    // A change of something else leaves the switches as they are.
    host.call("PUT", path("").trim_end_matches('/'), &json!({"description": "d"})).await;
    let long = "x".repeat(257);
    for room in ["%2E%2E", "", long.as_str()] {
        let (status, answer) = host.call("POST", &path(&format!("chatroom/{room}/enable")), &Value::Null).await;
        assert_eq!((status, &answer["message"]), (401, &json!("chatRoom not found")), "{room}");
    }
    for rest in ["enable", "disable", "chatroom/r/enable", "chatroom/r/disable"] {
        let (status, answer) = host.call("POST", &format!("bot/nobody/{rest}"), &Value::Null).await;
        assert_eq!((status, &answer["message"]), (401, &json!(NO_BOT)), "{rest}");
    }
}

#[tokio::test]
async fn switches_are_as_many_as_may_be_kept() {
    let host = MemoryHost::default();
    let bot = host.made(&least()).await;
    let path = |room: usize| format!("bot/{}/chatroom/r{room}/enable", bot["_id"].as_str().unwrap());
    for room in 0..ROOMS_MAX {
        assert_eq!(host.call("POST", &path(room), &Value::Null).await.0, 200);
    }
    let (status, answer) = host.call("POST", &path(ROOMS_MAX), &Value::Null).await;
    assert_eq!(status, 400);
    assert!(answer["message"].as_str().unwrap().contains("1000 chat rooms"), "{answer}");
    assert_eq!(host.call("POST", &path(7), &Value::Null).await.0, 200, "one that is there can be changed");
}

#[tokio::test]
async fn others_see_and_change_nothing() {
    let host = MemoryHost::default();
    let bot = host.made(&least()).await;
    let id = bot["_id"].as_str().unwrap();
    let other = Key { tenant: "other", ..admin() };
    assert_eq!(host.call_by(&other, "GET", "bots", &Value::Null).await.1["bots"], json!([]));
    assert_eq!(host.call_by(&other, "PUT", &format!("bot/{id}"), &json!({})).await.0, 401);
    // A key with a client_id acts for the bot of that id alone, and so makes no other.
    let foreign = Key { client_id: Some("somebody"), ..admin() };
    assert_eq!(host.call_by(&foreign, "GET", "bots", &Value::Null).await.1["bots"], json!([]));
    for (method, path) in
        [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/disable"), ("POST", "/chatroom/r/enable")]
    {
        assert_eq!(
            host.call_by(&foreign, method, &format!("bot/{id}{path}"), &json!({})).await.0,
            401,
            "{method} {path}"
        );
    }
    let (status, answer) = host.call_by(&foreign, "POST", "bot", &least()).await;
    assert_eq!((status, &answer["success"]), (403, &json!(false)), "{answer}");
    let own_id = "65f0a1b2c3d4e5f601234567";
    let own = Key { client_id: Some(own_id), ..admin() };
    assert_eq!(host.call_by(&own, "POST", "bot", &with("_id", json!(own_id))).await.0, 200);
    assert_eq!(host.call_by(&own, "GET", "bots", &Value::Null).await.1["bots"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_hook_is_not_for_keys_that_only_read() {
    let host = MemoryHost::default();
    let bot = host.made(&least()).await;
    let secret = host.stored(&bot["_id"]).credentials.secret.reveal().to_owned();
    let reader = Key { scopes: vec![Scope::READ], ..admin() };
    for path in ["bots".to_owned(), format!("bot/{}", bot["_id"].as_str().unwrap())] {
        let (_, seen) = host.call_by(&reader, "GET", &path, &Value::Null).await;
        assert!(seen.to_string().contains("MyBot") && !seen.to_string().contains(&secret), "{seen}");
    }
    assert_eq!(DeadSimpleChat.api_scope(&Method::GET, "bots"), Scope::READ);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(DeadSimpleChat.api_scope(&method, "bot"), Scope::BOTS);
    }
}

#[tokio::test]
async fn other_paths_and_failures_have_the_same_envelope() {
    let host = MemoryHost::default();
    for (method, path, expected) in [
        ("GET", "", 404),
        ("GET", "rooms", 404),
        ("POST", "bot/x/dance", 404),
        ("POST", "bot/x/chatroom/r", 404),
        ("PUT", "bot", 405),
        ("POST", "bots", 405),
        ("POST", "bot/x", 405),
        ("GET", "bot/x/enable", 405),
        ("DELETE", "bot/x/chatroom/r/message", 405),
        ("GET", "bot/%FF", 400),
    ] {
        let (status, answer) = host.call(method, path, &Value::Null).await;
        assert_eq!((status, &answer["success"]), (expected, &json!(false)), "{method} {path}");
    }
    let broken = MemoryHost { broken: true, ..MemoryHost::default() };
    for (method, path) in [("GET", "bots"), ("POST", "bot"), ("POST", "bot/x/disable")] {
        let (status, answer) = broken.call(method, path, &least()).await;
        assert_eq!((status, &answer["success"]), (500, &json!(false)));
        assert!(!answer.to_string().contains("/srv/secret"), "what went wrong is the operator's affair");
    }
}

/// Conformance 185.
#[test]
fn the_key_is_taken_from_the_query_the_header_or_the_bearer() {
    use bothost::platform::Shown;
    let shown = |headers: &[(&'static str, &'static str)], query: &str| {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let shown = DeadSimpleChat.api_shown("/consumer/api/v2", &HeaderMap::from_iter(headers), query)?;
        let Shown::Key { key, user: None } = shown else { panic!("{shown:?}") };
        Some(key.reveal().to_owned())
    };
    let given = |key: &str| Some(key.to_owned());
    assert_eq!(shown(&[("auth", "in-header")], ""), given("in-header"));
    assert_eq!(shown(&[], "x=1&auth=in%2Dquery"), given("in-query"));
    assert_eq!(shown(&[("authorization", "bearer  of-it ")], ""), given("of-it"));
    let both = [("auth", "in-header"), ("authorization", "Bearer of-it")];
    assert_eq!(shown(&both, "auth=in-query"), given("in-query"));
    assert_eq!(shown(&both, "auth="), given("in-header"), "an empty one is none");
    for (headers, query) in
        [(&[][..], ""), (&[("auth", "")][..], "authx=1"), (&[("authorization", "Basic eA==")][..], "Auth=1")]
    {
        assert_eq!(shown(headers, query), None);
    }
    let answer = |shown| {
        let answer = DeadSimpleChat.api_unauthorized("/consumer/api/v2", shown);
        (answer.status.as_u16(), serde_json::from_str::<Value>(&answer.body.unwrap()).unwrap())
    };
    assert_eq!(answer(false), (400, json!({"message": "Please specify API Key"})));
    assert_eq!(answer(true), (401, json!({"message": "Invalid API Key", "error": "Invalid API Key"})));
    let forbidden = DeadSimpleChat.api_forbidden("/consumer/api/v2", Scope::BOTS);
    assert_eq!((forbidden.status.as_u16(), forbidden.body.unwrap().contains("the scope bots")), (403, true));
}
