//! Whose bot agents a key may see and change.

use bothost::domain::scope::Scopes;
use serde_json::{Value, json};

use super::support::{APP, Answered, BOT, MemoryHost};

/// Calls a method in an app's name with these scopes.
fn call(host: &MemoryHost, app: Option<&str>, scopes: &[&str], method: &str, params: &Value) -> Answered {
    let scopes = Scopes::parse(scopes.iter().copied()).unwrap();
    host.call_at("/v3.0/configuration", &format!("action/{method}"), app, scopes, &params.to_string())
}

fn status(host: &MemoryHost, app: &str, scopes: &[&str], method: &str, params: &Value) -> u16 {
    let (status, answer) = call(host, Some(app), scopes, method, params);
    if status == 403 {
        assert_eq!(answer["error"]["type"], "authorization");
    }
    status
}

fn with_bot() -> MemoryHost {
    let host = MemoryHost::default();
    assert_eq!(host.create(&json!({ "id": BOT, "name": "b", "status": "offline" })), BOT);
    host
}

const MY_RO: &str = "agents-bot--my:ro";
const MY_RW: &str = "agents-bot--my:rw";
const ALL_RO: &str = "agents-bot--all:ro";
const ALL_RW: &str = "agents-bot--all:rw";

/// Each method with each scope, on an own bot agent and on another app's: 200, or 403.
/// Conformance 215, 223, 247, 250, 264, 268.
#[test]
fn each_method_needs_its_documented_scope() {
    let create = json!({ "name": "new", "status": "offline" });
    let update = json!({ "id": BOT, "name": "new" });
    let one = json!({ "bot_agent_id": BOT });
    let none = json!({});
    let all = json!({ "all": true });
    // The method, its parameters, and whether it is done with my:ro, my:rw, all:ro, all:rw: as the owner, as another app.
    let table = [
        ("create_bot_agent", &create, [false, true, false, true], [false, true, false, true]),
        ("update_bot_agent", &update, [false, true, false, true], [false, false, false, false]),
        ("remove_bot_agent", &one, [false, true, false, true], [false, false, false, true]),
        ("get_bot_agents", &none, [true, true, true, true], [true, true, true, true]),
        ("get_bot_agents", &all, [false, false, true, true], [false, false, true, true]),
        ("get_bot_agent_details", &one, [true, true, true, true], [false, false, true, true]),
    ];
    for (method, params, owner, other) in table {
        for (app, expected) in [(APP, owner), ("another-app", other)] {
            for (scope, done) in [MY_RO, MY_RW, ALL_RO, ALL_RW].into_iter().zip(expected) {
                let status = status(&with_bot(), app, &[scope], method, params);
                assert_eq!(status, if done { 200 } else { 403 }, "{method} {params} as {app} with {scope}");
            }
        }
    }
    assert_eq!(status(&with_bot(), APP, &["bots", "webhooks--all:rw"], "get_bot_agents", &none), 403);
}

/// Conformance 215, 266.
#[test]
fn a_bot_agent_is_owned_by_the_app_of_the_key_that_made_it() {
    let host = MemoryHost::default();
    let create = json!({ "name": "b", "status": "offline" });
    let (_, own) = call(&host, Some("app-1"), &[MY_RW], "create_bot_agent", &create);
    let (_, keyless) = call(&host, None, &[MY_RW], "create_bot_agent", &create);
    let owner = |id: &Value| host.details(id.as_str().unwrap())["application"]["client_id"].clone();
    assert_eq!(owner(&own["bot_agent_id"]), "app-1");
    assert_eq!(
        owner(&keyless["bot_agent_id"]),
        "tenant:acme",
        "a key without a client_id acts as its tenant's own app"
    );
    let list = |app| call(&host, app, &[MY_RO], "get_bot_agents", &json!({})).1["bot_agents"].clone();
    assert_eq!(list(Some("app-1")).as_array().unwrap().len(), 1);
    assert_eq!(list(Some("app-1"))[0]["id"], own["bot_agent_id"]);
    assert_eq!(list(None)[0]["id"], keyless["bot_agent_id"]);
    assert_eq!(list(Some("app-2")), json!([]));
    let (status, answer) = call(&host, Some("tenant:other"), &[MY_RW], "create_bot_agent", &create);
    assert_eq!((status, &answer["error"]["type"]), (403, &json!("authorization")));
}
