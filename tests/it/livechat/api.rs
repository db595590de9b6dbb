//! What the Configuration API takes and refuses.

use bothost::domain::bot::{Mode, Target};
use bothost::domain::scope::{Scope, Scopes};
use bothost::platform::livechat::LiveChat;
use bothost::platform::{Host as _, Platform};
use serde_json::{Value, json};

use super::support::{APP, BOT, MemoryHost};

fn minimal() -> Value {
    json!({ "name": "Bot Name", "status": "accepting chats" })
}

fn with(name: &str, value: Value) -> Value {
    let mut params = minimal();
    params[name] = value;
    params
}

fn webhooks() -> Value {
    json!({ "url": "module:greeter", "secret_key": "JSauw0Aks8l-asAa", "actions": [{ "name": "incoming_event" }] })
}

/// The documents' requests: wrapped or not, under both paths, in both versions.
/// Conformance 217, 220, 222, 239.
#[test]
fn a_bot_agent_is_created_as_the_documents_show() {
    for prefix in LiveChat.api_prefixes() {
        for room in ["action", "agents"] {
            for body in [minimal(), json!({ "payload": minimal() })] {
                let host = MemoryHost::default();
                let admin = Scopes::from_iter([Scope::ADMIN]);
                let path = format!("{room}/create_bot_agent");
                let (status, answer) = host.call_at(prefix, &path, Some(APP), admin, &body.to_string());
                assert_eq!(status, 200, "{answer}");
                let members: Vec<_> = answer.as_object().unwrap().keys().collect();
                assert_eq!(members, ["bot_agent_id"]);
                let bot = host.only();
                assert_eq!(answer["bot_agent_id"], *bot.platform_id);
                assert_eq!(bot.id.as_str(), format!("acme:{}", bot.platform_id));
                assert_eq!(LiveChat.hook_bot(&format!("acme/{}", bot.platform_id)), Some(bot.id.clone()));
                assert_eq!((bot.account.as_str(), bot.mode), (APP, Mode::Live));
            }
        }
    }
    assert_eq!(LiveChat.api_prefixes(), ["/v3.0/configuration", "/v3.1/configuration"]);
}

/// Conformance 224, 225, 230, 231, 233-236.
#[test]
fn what_is_required_of_a_new_bot_agent_is_named_with_its_path() {
    let host = MemoryHost::default();
    let refused = |params: &Value| host.refused("create_bot_agent", params);
    assert_eq!(refused(&json!({})), "name is required; status is required");
    assert_eq!(refused(&with("name", json!(""))), "name may not be empty");
    assert_eq!(
        refused(&with("groups", json!([{}]))),
        "groups[0].id must be a group's number; groups[0].priority is required"
    );
    assert_eq!(
        refused(&with("webhooks", json!({}))),
        "webhooks.url is required; webhooks.secret_key is required; webhooks.actions is required"
    );
    let mut nameless = webhooks();
    nameless["actions"] = json!([{ "filters": {} }]);
    assert_eq!(refused(&with("webhooks", nameless)), "webhooks.actions[0].name is required");
    let mut keyless = webhooks();
    keyless["secret_key"] = json!("");
    assert_eq!(refused(&with("webhooks", keyless)), "webhooks.secret_key may not be empty");
}

/// Conformance 226, 227, 229, 232, 237, 238.
#[test]
fn what_is_optional_may_be_given_and_keeps_its_type() {
    let host = MemoryHost::default();
    let mut full = with("avatar", json!("livechat.s3.amazonaws.com/a.jpg"));
    full["max_chats_count"] = json!(500);
    full["groups"] = json!([{ "id": 0, "priority": "normal" }]);
    full["webhooks"] = webhooks();
    full["webhooks"]["actions"][0]["filters"] = json!({ "author_type": "customer" });
    full["webhooks"]["actions"][0]["additional_data"] = json!(["chat_properties"]);
    let shown = host.details(&host.create(&full));
    for name in ["avatar", "max_chats_count", "groups", "webhooks"] {
        assert_eq!(shown[name], full[name], "{name}");
    }
    assert_eq!(host.only().target, Target::parse("module:greeter").unwrap().unwrap());
    for (name, wrong, words) in [
        ("avatar", json!(1), "avatar must be a string"),
        ("avatar", json!("a b"), "avatar must be a URL"),
        ("max_chats_count", json!("6"), "max_chats_count must be a whole number from 1 to 500"),
        ("max_chats_count", json!(0), "a bot agent that is to get no chats has the status"),
        ("max_chats_count", json!(501), "from 1 to 500"),
        ("max_chats_count", json!(-1), "from 1 to 500"),
        ("groups", json!({}), "groups must be a list"),
        ("groups", json!([1]), "groups[0] must be an object"),
        ("groups", json!([{ "id": -1, "priority": "first" }]), "groups[0].id must be a group's number"),
        ("groups", json!([{ "id": 1, "priority": "first" }, { "id": 1, "priority": "last" }]), "is there twice"),
        ("webhooks", json!([]), "webhooks must be an object"),
        ("metadata", json!("x"), "metadata must be an object"),
        ("metadata", json!({ "a": "x".repeat(16_384) }), "metadata may not be larger"),
        ("name", json!("x".repeat(2049)), "name may not be longer than 2048 bytes"),
        ("id", json!("ABC"), "id must be 32 hexadecimal digits"),
    ] {
        let refused = host.refused("create_bot_agent", &with(name, wrong));
        assert!(refused.contains(words), "{name}: {refused}");
    }
}

/// Conformance 233, 236-238, 271, 272.
#[test]
fn webhooks_are_held_to_what_can_be_kept() {
    let host = MemoryHost::default();
    let refused = |pointer: &str, value: Value| {
        let mut params = with("webhooks", webhooks());
        params["webhooks"]["actions"][0]["filters"] = json!({});
        params["webhooks"]["actions"][0]["additional_data"] = json!([]);
        *params.pointer_mut(pointer).unwrap() = value;
        host.refused("create_bot_agent", &params)
    };
    let action = "webhooks.actions[0]";
    assert!(
        refused("/webhooks/url", json!("http://myservice.com/webhooks")).contains("webhooks.url: what a tenant sets")
    );
    assert!(refused("/webhooks/url", json!("ftp://x")).starts_with("webhooks.url: must be a URL, module:<name>"));
    assert!(refused("/webhooks/url", json!("module:@1")).starts_with("webhooks.url: "));
    assert_eq!(refused("/webhooks/actions", json!([])), "webhooks.actions may not be empty");
    let twice = json!([{ "name": "incoming_event" }, { "name": "incoming_event" }]);
    assert_eq!(refused("/webhooks/actions", twice), "webhooks.actions[1].name: incoming_event is there twice");
    let unknown = refused("/webhooks/actions/0/name", json!("incoming_evnt"));
    assert!(
        unknown.contains(&format!("{action}.name must be one of")) && unknown.contains("incoming_chat_thread"),
        "{unknown}"
    );
    let additional = refused("/webhooks/actions/0/additional_data", json!([1]));
    assert_eq!(additional, format!("{action}.additional_data must be a list of strings"));
    for (filters, words) in [
        (json!([]), "filters must be an object"),
        (json!({ "colour": 1 }), "filters.colour: is not known"),
        (json!({ "author_type": "bot" }), "filters.author_type: must be one of"),
        (json!({ "only_my_chats": 1 }), "filters.only_my_chats: must be true or false"),
        (json!({ "chat_member_ids": { "agents_any": [], "agents_exclude": [] } }), "must hold one of agents_any"),
        (json!({ "chat_member_ids": { "agents": [] } }), "must hold one of agents_any"),
        (json!({ "chat_properties": { "source": 1 } }), "source must be an object"),
        (
            json!({ "chat_properties": { "source": { "type": { "values": ["a"], "exists": true } } } }),
            "source.type must hold one of",
        ),
        (json!({ "chat_properties": { "source": { "type": { "values": "a" } } } }), "source.type must hold one of"),
    ] {
        let refused = refused("/webhooks/actions/0/filters", filters);
        assert!(refused.contains(words), "{refused}");
    }
}

/// Conformance 240-245, 257-262.
#[test]
fn statuses_and_priorities_are_the_documented_ones() {
    for status in ["accepting chats", "not accepting chats", "offline"] {
        let host = MemoryHost::default();
        let id = host.create(&json!({ "name": "b", "status": status }));
        assert_eq!(host.details(&id)["status"], status);
        assert_eq!(host.call("update_bot_agent", &json!({ "id": id, "status": status })).0, 200);
        for priority in ["first", "normal", "last"] {
            let groups = json!([{ "id": 3, "priority": priority }]);
            host.create(&with("groups", groups.clone()));
            let change = json!({ "id": id, "groups": groups, "default_group_priority": priority });
            assert_eq!(host.call("update_bot_agent", &change).0, 200);
            assert_eq!(host.details(&id)["groups"], groups);
            assert_eq!(host.details(&id)["default_group_priority"], priority);
        }
    }
    let host = MemoryHost::default();
    let id = host.create(&minimal());
    let update = |name: &str, value: Value| host.refused("update_bot_agent", &json!({ "id": id, name: value }));
    for wrong in [json!("accepting_chats"), json!("Offline"), json!(1), json!("")] {
        assert!(host.refused("create_bot_agent", &with("status", wrong.clone())).starts_with("status m"), "{wrong}");
        assert!(update("status", wrong).starts_with("status must be one of \"accepting chats\""));
    }
    let supervisor = json!([{ "id": 1, "priority": "supervisor" }]);
    for refused in [host.refused("create_bot_agent", &with("groups", supervisor.clone())), update("groups", supervisor)]
    {
        assert_eq!(refused, "groups[0].priority: supervisor is for default_group_priority alone");
    }
    assert!(
        update("groups", json!([{ "id": 1, "priority": "high" }]))
            .contains("must be one of \"first\", \"normal\", \"last\"")
    );
    assert!(update("default_group_priority", json!("high")).ends_with("\"supervisor\""));
    let early = host.refused("create_bot_agent", &with("default_group_priority", json!("first")));
    assert_eq!(early, "default_group_priority is for update_bot_agent, or v3.1");
    let (admin, body) = (Scopes::from_iter([Scope::ADMIN]), with("default_group_priority", json!("first")).to_string());
    assert_eq!(host.call_at("/v3.1/configuration", "action/create_bot_agent", Some(APP), admin, &body).0, 200);
}

/// Conformance 260: a supervisor is not assigned to chats, so it does not speak; a group's own priority counts more.
#[test]
fn a_supervisor_watches() {
    let host = MemoryHost::default();
    let id = host.create(&minimal());
    let update = |name: &str, value: Value| {
        assert_eq!(host.call("update_bot_agent", &json!({ "id": id, name: value })).0, 200);
        host.only().mode
    };
    assert_eq!(update("default_group_priority", json!("supervisor")), Mode::Monitoring);
    assert_eq!(update("groups", json!([{ "id": 1, "priority": "first" }])), Mode::Live);
    assert_eq!(update("groups", json!([])), Mode::Monitoring);
    assert_eq!(update("default_group_priority", json!("last")), Mode::Live);
}

/// Conformance 251-256, 263.
#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let host = MemoryHost::default();
    let mut full = with("webhooks", webhooks());
    full["avatar"] = json!("https://a/b.jpg");
    full["metadata"] = json!({ "greeting": "hi", "hours": [9, 17] });
    let id = host.create(&full);
    let mut shown = host.details(&id);
    assert_eq!(host.only().config, r#"{"greeting":"hi","hours":[9,17]}"#);
    for (name, value) in [
        ("name", json!("New Bot Name")),
        ("avatar", json!("https://a/c.jpg")),
        ("status", json!("offline")),
        ("max_chats_count", json!(7)),
        ("groups", json!([{ "id": 1, "priority": "last" }])),
        ("default_group_priority", json!("normal")),
        ("metadata", json!({})),
        ("webhooks", json!({ "url": "module:other@3", "secret_key": "new", "actions": [{ "name": "thread_closed" }] })),
    ] {
        assert_eq!(host.call("update_bot_agent", &json!({ "payload": { "id": id, name: value } })), (200, json!({})));
        shown[name] = value;
        assert_eq!(host.details(&id), shown, "{name}");
    }
    assert_eq!(host.only().target, Target::parse("module:other@3").unwrap().unwrap());
    assert_eq!(host.call("update_bot_agent", &json!({ "id": id })), (200, json!({})), "everything else is optional");
    assert_eq!(host.refused("update_bot_agent", &json!({ "name": "x" })), "id is required");
    let misnamed = host.refused("update_bot_agent", &json!({ "bot_agent_id": id }));
    assert!(misnamed.contains("by id, not by bot_agent_id"), "{misnamed}");
    let half = host.refused("update_bot_agent", &json!({ "id": id, "webhooks": { "url": "module:x" } }));
    assert_eq!(half, "webhooks.secret_key is required; webhooks.actions is required");
    let group = host.refused("update_bot_agent", &json!({ "id": id, "groups": [{ "id": 1 }] }));
    assert_eq!(group, "groups[0].priority is required");
    assert_eq!(host.refused("update_bot_agent", &json!({ "id": id, "name": "" })), "name may not be empty");
}

/// Conformance 248, 249, 269.
#[test]
fn a_bot_agent_is_removed_by_its_id() {
    let host = MemoryHost::default();
    let id = host.create(&minimal());
    for method in ["remove_bot_agent", "get_bot_agent_details"] {
        assert_eq!(host.refused(method, &json!({})), "bot_agent_id is required");
        assert_eq!(host.refused(method, &json!({ "bot_agent_id": 7 })), "bot_agent_id must be a string");
        assert_eq!(host.refused(method, &json!({ "bot_agent_id": BOT })), format!("there is no bot agent {BOT}"));
    }
    assert_eq!(host.call("remove_bot_agent", &json!({ "bot_agent_id": id })), (200, json!({})));
    assert!(host.bots.lock().unwrap().is_empty());
}

/// Our extension: a bot agent that LiveChat has already keeps its id, since the host has to act under it there.
#[test]
fn a_bot_agent_may_bring_its_id() {
    let host = MemoryHost::default();
    assert_eq!(host.create(&with("id", json!(BOT))), BOT);
    let again = host.refused("create_bot_agent", &with("id", json!(BOT)));
    assert_eq!(again, format!("id: there is a bot agent {BOT} already; use update_bot_agent"));
    assert_eq!(host.new_bot_id().unwrap().as_str().len(), 32);
}
