//! What the Configuration API answers: shapes, errors and their statuses.

use bothost::domain::scope::{Scope, Scopes};
use bothost::platform::livechat::LiveChat;
use bothost::platform::{ApiCall, Platform};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::support::{APP, BOT, MemoryHost, read};

fn sample() -> Value {
    json!({
        "id": BOT, "name": "John Doe", "status": "accepting chats",
        "avatar": "livechat.s3.amazonaws.com/1011121/all/avatars/bdd8924fcbcdbddbeaf60c19b238b0b0.jpg",
        "groups": [{ "id": 0, "priority": "normal" }, { "id": 1, "priority": "normal" }, { "id": 2, "priority": "first" }],
        "webhooks": {
            "url": "https://myservice.com/webhooks",
            "secret_key": "JSauw0Aks8l-asAa",
            "actions": [
                { "name": "incoming_chat_thread",
                  "filters": { "chat_properties": { "source": { "type": { "values": ["facebook", "twitter"] } } } } },
                { "name": "incoming_event", "additional_data": ["chat_properties"] },
            ],
        },
    })
}

/// The documents' own sample, but for its URL: tenants are reached over https.
/// Conformance 216, 228, 270-274.
#[test]
fn the_details_are_those_of_the_sample() {
    let host = MemoryHost::default();
    let mut expected = sample();
    host.create(&expected);
    expected["application"] = json!({ "client_id": APP });
    expected["max_chats_count"] = json!(6);
    let details = host.details(BOT);
    assert_eq!(details, expected);
    let members: Vec<_> = details.as_object().unwrap().keys().collect();
    let shown = ["id", "name", "avatar", "status", "application", "max_chats_count", "groups", "webhooks"];
    assert_eq!(members, shown, "no e-mail address and no password");
    let bot = host.only();
    assert_eq!(bot.credentials.secret.reveal(), "JSauw0Aks8l-asAa");
    assert!(!bot.registration.contains("JSauw0Aks8l-asAa"), "the key is sealed apart");
    assert_eq!(bot.target.relay(), Some("https://myservice.com/webhooks"));
}

/// Conformance 228: without anything optional.
#[test]
fn a_bare_bot_agent_has_the_defaults() {
    let host = MemoryHost::default();
    let id = host.create(&json!({ "name": "Bot", "status": "offline" }));
    let expected = json!({
        "id": id, "name": "Bot", "avatar": "", "status": "offline", "application": { "client_id": APP },
        "max_chats_count": 6, "groups": [],
    });
    assert_eq!(host.details(&id), expected);
}

/// Conformance 216, 265-267, 275.
#[test]
fn a_list_shows_four_fields_of_the_callers_own() {
    let host = MemoryHost::default();
    host.create(&sample());
    let admin = || Scopes::from_iter([Scope::ADMIN]);
    let other = json!({ "name": "Other", "status": "offline" }).to_string();
    let (status, _) = host.call_at("/v3.0/configuration", "action/create_bot_agent", Some("other"), admin(), &other);
    assert_eq!(status, 200);
    let mut shown = json!({});
    for name in ["id", "name", "avatar", "status"] {
        shown[name] = sample()[name].clone();
    }
    let own = json!({ "bot_agents": [shown] });
    for params in [json!({}), json!({ "all": false }), json!({ "payload": { "all": null } })] {
        assert_eq!(host.call("get_bot_agents", &params), (200, own.clone()), "{params}");
    }
    let nothing = host.call_at("/v3.0/configuration", "agents/get_bot_agents", Some(APP), admin(), "");
    assert_eq!(nothing, (200, own));
    let (_, all) = host.call("get_bot_agents", &json!({ "all": true }));
    assert_eq!(all["bot_agents"].as_array().unwrap().len(), 2);
    assert_eq!(host.refused("get_bot_agents", &json!({ "all": "yes" })), "all must be true or false");
}

/// Conformance 221: three samples are misprinted.
#[test]
fn what_is_not_json_is_refused_and_the_misprint_is_named() {
    let host = MemoryHost::default();
    let call = |body: &str| {
        let admin = Scopes::from_iter([Scope::ADMIN]);
        let (status, answer) = host.call_at("/v3.0/configuration", "action/create_bot_agent", Some(APP), admin, body);
        assert_eq!((status, answer["error"]["type"].as_str()), (400, Some("validation")));
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    let printed =
        "{\n    payload {\n      \"name\": \"Bot Name\",\n      \"status\": \"accepting chats\"\n          }\n      }";
    assert!(call(printed).ends_with("`payload {` is a misprint of `\"payload\": {`"), "{}", call(printed));
    for (body, words) in
        [("{", "$ is not JSON"), ("[]", "$ must be a JSON object"), (r#"{"payload": 1}"#, "payload must be")]
    {
        assert!(call(body).starts_with(&format!("Wrong format of request: {words}")), "{}", call(body));
    }
    let right = json!({ "payload": { "all": false } });
    assert_eq!(host.call("get_bot_agents", &right), (200, json!({ "bot_agents": [] })));
}

/// The statuses that each type of error has here (platforms.md C5).
/// Conformance 217, 219.
#[test]
fn every_refusal_has_the_documented_body_and_its_status() {
    let host = MemoryHost::default();
    let kind = |(status, body): (u16, Value)| {
        let members: Vec<_> = body["error"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["type", "message"]);
        (status, body["error"]["type"].as_str().unwrap().to_owned())
    };
    let is = |status: u16, kind: &str| (status, kind.to_owned());
    assert_eq!(kind(read(LiveChat.api_unauthorized("/v3.0/configuration", true))), is(401, "authentication"));
    assert_eq!(kind(read(LiveChat.api_unauthorized("/v3.1/configuration", false))), is(401, "authentication"));
    assert_eq!(kind(read(LiveChat.api_unavailable("/v3.0/configuration"))), is(503, "service_unavailable"));
    let forbidden = LiveChat.api_forbidden("/v3.0/configuration", Scope::parse("agents-bot--my:rw").unwrap());
    assert_eq!(kind(read(forbidden)), is(403, "authorization"));
    let admin = || Scopes::from_iter([Scope::ADMIN]);
    for path in
        ["action/delete_bot_agent", "create_bot_agent", "actions/create_bot_agent", "", "action/create_bot_agent/x"]
    {
        let answer = host.call_at("/v3.0/configuration", path, Some(APP), admin(), "{}");
        assert_eq!(kind(answer), is(404, "validation"), "{path}");
    }
    let broken = MemoryHost { broken: true, ..MemoryHost::default() };
    let answer = broken.call("get_bot_agents", &json!({}));
    assert!(!answer.1.to_string().contains("/srv/secret"), "{answer:?}");
    assert_eq!(kind(answer), is(500, "internal"));
}

/// Conformance 217.
#[tokio::test]
async fn every_method_is_called_with_post() {
    let host = MemoryHost::default();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let call = ApiCall {
            tenant: "acme".into(),
            actor: bothost::domain::actor::Actor::operator("tests"),
            client_id: None,
            by: bothost::platform::By::Key { user: None },
            key: "k1".into(),
            scopes: Scopes::from_iter([Scope::ADMIN]),
            method,
            path: "action/get_bot_agents".to_owned(),
            prefix: "/v3.0/configuration",
            query: String::new(),
            body: bytes::Bytes::new(),
            now_ms: 0,
        };
        let answer = LiveChat.api(call, &host).await;
        assert_eq!((answer.status.as_u16(), answer.headers["allow"].to_str().unwrap()), (405, "POST"));
    }
}

/// Conformance 219.
#[test]
fn a_caller_shows_a_bearer_token() {
    let shown = |value: &str| {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value.parse().unwrap())]);
        LiveChat.api_shown("/v3.0/configuration", &headers, "")
    };
    let Some(bothost::platform::Shown::Key { key, user: None }) = shown("Bearer bh_a_b") else { panic!() };
    assert_eq!(key.reveal(), "bh_a_b");
    assert!(shown("bearer x").is_some());
    assert_eq!(shown("Basic eDp5"), None);
    assert_eq!(LiveChat.api_shown("/v3.0/configuration", &HeaderMap::new(), "access_token=x"), None);
}
