//! The host as Khoros' API for bots elsewhere: every action, what it is answered, and what the platform behind it gets.

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::support::calls::{
    action, actions, agent, bot, control, coordinate, error, says, send, send_as, set_mode, stage, stage_with, waits,
};
use crate::support::guests::echo;
use crate::support::host::{Host, registration};
use crate::support::stage::{BOT, Stage, message};

const CONFLICT: &str = "A (possibly transient) conflict occurred. No change was made. This request may be retried.";

/// Conformance 44, 68, 132, 133, 141.
#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_taken_recorded_and_sent_on_in_order() {
    let stage = stage().await;
    for (method, path, body) in actions() {
        let answer = send(&stage, method, path, body.to_string()).await;
        assert_eq!(answer.status, if path == "control" { 200 } else { 202 }, "{path}: {answer:?}");
        assert_eq!(answer.body["requestId"], answer.header.as_str(), "{path}");
    }
    let calls = stage.platform.wait_for(actions().len()).await;
    for (call, (method, path, body)) in calls.iter().zip(actions()) {
        assert_eq!(call.line, format!("{method} /bots/v3/{path}"));
        assert_eq!(call.json(), body, "{path}");
        assert!(call.status.is_success(), "{path}: {}", call.status);
        assert_eq!(call.headers["content-type"], "application/json; charset=utf-8");
    }
    // They are events like all others.
    let kinds = "SELECT count(*) FROM events WHERE kind = 'call' AND status = 1 AND ended_ms IS NOT NULL";
    assert_eq!(stage.host.count(kinds), i64::try_from(actions().len()).unwrap());
    let event = stage.text("SELECT CAST(min(id) AS TEXT) FROM events");
    stage.settled().await;
    let explained = stage.host.request(&stage.client, "GET", &format!("/v1/events/{event}")).send().await.unwrap();
    let explained: Value = explained.json().await.unwrap();
    assert_eq!(explained["verdict"], "It was asked for over the platform's API; the request was sent.", "{explained}");
}

/// Conformance 69, 123, 125.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_on_is_the_payload_to_the_byte() {
    let stage = stage().await;
    let body = r#"{ "type":"message",  "text":"Grüße 🍺 é \ud83c\udf7a \u0000 \/", "futureFlag": 1.50,
        "coordinate":{"companyKey":"exampleinc","networkKey":"whatsapp","externalId":"page","botId":"examplebot","scope":"PRIVATE","new":[1e2]},
        "author":{"id":"zoë 👩‍🚀","fullName":"Zoë"}, "deep":{"a":[{"b":null}]} }"#;
    for synchronously in [false, true] {
        let body = match synchronously {
            true => body.replacen('{', r#"{"processSynchronously" : true,"#, 1),
            false => body.to_owned(),
        };
        let answer = send(&stage, "POST", "respond", body.clone()).await;
        assert!(answer.status < 300, "{answer:?}");
        let calls = stage.platform.wait_for(1 + usize::from(synchronously)).await;
        assert_eq!(calls.last().unwrap().body, body.as_bytes());
    }
}

/// Conformance 88.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_nothing_is_done() {
    let stage = stage().await;
    let with = |pointer: &str, value: Value| {
        let mut body: Value = serde_json::from_str(&says("hi")).unwrap();
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string()
    };
    for (body, status, text) in [
        (with("/coordinate/networkKey", json!("farcebook")), 400, "Invalid networkKey farcebook"),
        (with("/coordinate/externalId", json!("elsewhere")), 400, "Invalid externalId elsewhere"),
        (with("/coordinate/companyKey", json!("others")), 400, "Invalid companyKey others"),
        (
            with("/coordinate/botId", json!("nobody")),
            404,
            "No such bot nobody for company exampleinc network whatsapp external id page",
        ),
        (with("/type", json!("shout")), 400, "type "),
        (with("/author", Value::Null), 400, "author may not be null"),
        ("{".to_owned(), 400, "line 1"),
        (String::new(), 400, "line 1"),
    ] {
        let answer = send(&stage, "POST", "respond", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(error(&answer).starts_with(text), "{body}: {answer:?}");
    }
    let both = action("whatsapp", "message", json!({ "text": 1, "media": [] })).to_string();
    let answer = send(&stage, "POST", "respond", both).await;
    assert!(answer.status == 400 && answer.body["error"]["messages"].as_array().unwrap().len() > 1, "{answer:?}");
    let answer = send(&stage, "PUT", "workqueue", action("whatsapp", "workqueue", json!({})).to_string()).await;
    assert_eq!((answer.status, error(&answer).as_str()), (400, "newWorkQueue may not be null"));
    for (method, path, status) in [("GET", "respond", 405), ("DELETE", "note", 405), ("POST", "tag/add", 404)] {
        assert_eq!(send(&stage, method, path, says("hi")).await.status, status, "{method} {path}");
    }
    assert_eq!(stage.host.count("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM conversations)"), 0);
    assert!(stage.platform.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_do_what_its_scopes_and_its_app_allow() {
    let stage = stage().await;
    let key = async |body: Value| {
        let path = "/v1/tenants/default/keys";
        let made = stage.host.request(&stage.client, "POST", path).json(&body).send().await.unwrap();
        let made: Value = made.json().await.unwrap();
        made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    };
    let reader = key(json!({ "name": "reader", "scopes": ["read"] })).await;
    let own = key(json!({ "name": "own", "scopes": ["read", "bots"], "client_id": BOT })).await;
    let other = key(json!({ "name": "other", "scopes": ["read", "bots"], "client_id": "another-app" })).await;
    for (method, path, body) in actions() {
        let answer = send_as(&stage, &reader, method, path, body.to_string()).await;
        assert_eq!(answer.status, 403, "{path}");
        let answer = send_as(&stage, "bh_nobody_key", method, path, body.to_string()).await;
        assert_eq!(answer.status, 401, "{path}");
        let answer = send_as(&stage, &other, method, path, body.to_string()).await;
        assert_eq!((answer.status, answer.body["requestId"].as_str()), (403, Some(answer.header.as_str())), "{path}");
        assert_eq!(error(&answer), format!("This key acts for another-app, not for {BOT}"));
    }
    assert_eq!(stage.host.count("SELECT count(*) FROM events"), 0);
    let answer = send_as(&stage, &own, "POST", "respond", says("hi")).await;
    assert_eq!(answer.status, 202);
    let record = format!("request/{}", answer.header);
    for (path, seen, unseen) in [
        (record.as_str(), 200, 404),
        (&format!("health/appId/{BOT}"), 200, 400),
        ("control/network/whatsapp/externalId/page/author/jo", 200, 400),
    ] {
        assert_eq!(send_as(&stage, &own, "GET", path, "").await.status, seen, "{path}");
        assert_eq!(send_as(&stage, &reader, "GET", path, "").await.status, seen, "{path}");
        assert_eq!(send_as(&stage, &other, "GET", path, "").await.status, unseen, "{path}");
    }
    let list = send_as(&stage, &other, "GET", &format!("request/appId/{BOT}"), "").await;
    assert_eq!((list.status, &list.body["data"]), (200, &json!([])));
}

/// Conformance 82, 122.
#[tokio::test(flavor = "multi_thread")]
async fn only_who_holds_the_conversation_speaks_in_it() {
    let stage = stage().await;
    let owner = async || {
        let path = "control/network/whatsapp/externalId/page/author/jo";
        let answer = send(&stage, "GET", path, "").await;
        assert_eq!((answer.status, &answer.body["data"]["type"]), (200, &json!("control")), "{answer:?}");
        assert_eq!(answer.body["data"]["author"]["id"], "jo");
        assert!(answer.body["data"]["lastUpdatedTS"].is_u64());
        answer.body["data"]["owner"].clone()
    };
    // A conversation that nobody has seen is the bot's.
    assert_eq!(owner().await, bot());
    assert_eq!(send(&stage, "POST", "respond", says("one")).await.status, 202);
    let given = send(&stage, "PUT", "control", control(agent(), json!({ "conversationDisplayId": "42" }))).await;
    assert_eq!(given.status, 200, "{given:?}");
    let data = &given.body["data"];
    assert_eq!(
        (&data["type"], &data["owner"], &data["conversationDisplayId"]),
        (&json!("control"), &agent(), &json!("42"))
    );
    assert_eq!((&data["coordinate"], &data["author"]["id"]), (&coordinate("whatsapp"), &json!("jo")));
    assert!(data["lastUpdateTS"].is_u64());
    assert_eq!(owner().await, agent());
    let form = action("whatsapp", "secure_form", json!({ "comment": "c", "secureFormId": 1 })).to_string();
    for (path, body) in [("respond", says("two")), ("respond", waits("three")), ("form", form)] {
        let answer = send(&stage, "POST", path, body).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.body["requestId"], answer.header.as_str());
        let told = error(&answer);
        let at: Value =
            serde_json::from_str(told.strip_prefix("This bot doesn't own the conversation ").unwrap()).unwrap();
        assert_eq!(at, coordinate("whatsapp"));
    }
    // Notes are for agents: whoever holds the conversation.
    let note = action("whatsapp", "note", json!({ "note": "n" })).to_string();
    assert_eq!(send(&stage, "PUT", "note", note).await.status, 202);
    assert_eq!(send(&stage, "PUT", "control", control(bot(), json!({}))).await.status, 200);
    assert_eq!(owner().await, bot());
    assert_eq!(send(&stage, "POST", "respond", says("four")).await.status, 202);
    let calls = stage.platform.wait_for(5).await;
    assert_eq!(calls.iter().map(|call| call.text()).collect::<Vec<_>>(), ["one", "", "", "", "four"]);
    assert!(calls.iter().all(|call| call.status.is_success()), "{calls:?}");
    for (path, text) in [
        ("control/network/farcebook/externalId/page/author/jo", "Invalid networkKey farcebook"),
        ("control/network/whatsapp/externalId/elsewhere/author/jo", "Invalid externalId elsewhere"),
    ] {
        let answer = send(&stage, "GET", path, "").await;
        assert_eq!((answer.status, error(&answer).as_str()), (400, text));
    }
}

/// What an event tells of the holder counts, and a call counts for the bot that runs here.
#[tokio::test(flavor = "multi_thread")]
async fn events_and_calls_know_of_one_holder() {
    let stage = Stage::new().await;
    stage.push("echo", &echo()).await;
    let hook = stage.hook("echo").await;
    let mut taken = message("whatsapp", "jo", "m1", "hello?");
    taken["owner"] = agent();
    hook.deliver("d1", taken.to_string()).await;
    stage.settled().await;
    assert_eq!(send(&stage, "POST", "respond", says("mine")).await.status, 403);
    assert_eq!(send(&stage, "PUT", "control", control(bot(), json!({}))).await.status, 200);
    let mut quiet = message("whatsapp", "jo", "m2", "anybody?");
    quiet.as_object_mut().unwrap().remove("owner");
    hook.deliver("d2", quiet.to_string()).await;
    let calls = stage.platform.wait_for(2).await;
    assert_eq!(calls[0].line, "PUT /bots/v3/control");
    assert!(calls[1].text().contains("anybody?"), "{:?}", calls[1].text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_that_comes_too_late_changes_nothing() {
    let stage = stage().await;
    let first = send(&stage, "PUT", "control", control(agent(), json!({ "lastUpdateTS": 5 }))).await;
    assert_eq!(first.status, 200, "nothing was done here before: {first:?}");
    let changed = first.body["data"]["lastUpdateTS"].as_u64().unwrap();
    let late = send(&stage, "PUT", "control", control(bot(), json!({ "lastUpdateTS": changed - 1 }))).await;
    assert_eq!((late.status, error(&late).as_str()), (409, CONFLICT));
    assert_eq!(late.body["requestId"], late.header.as_str());
    assert_eq!(stage.host.count("SELECT count(*) FROM events"), 1);
    assert_eq!(stage.text("SELECT owner FROM conversations"), "agent");
    let next = send(&stage, "PUT", "control", control(bot(), json!({ "lastUpdateTS": changed }))).await;
    assert_eq!(next.status, 200);
    assert!(next.body["data"]["lastUpdateTS"].as_u64().unwrap() > changed);
    let twice = send(&stage, "PUT", "control", control(agent(), json!({ "lastUpdateTS": changed }))).await;
    assert_eq!(twice.status, 409, "two who know the same do not both have their way");
}

/// Conformance 49, 50.
#[tokio::test(flavor = "multi_thread")]
async fn a_mode_blocks_what_it_says() {
    let stage = stage().await;
    set_mode(&stage, "maintenance").await;
    for (method, path, body) in actions() {
        let answer = send(&stage, method, path, body.to_string()).await;
        assert_eq!((answer.status, answer.body["requestId"].as_str()), (403, Some(answer.header.as_str())), "{path}");
        assert!(error(&answer).contains("MAINTENANCE") && error(&answer).contains("conformance 50"), "{answer:?}");
    }
    // What only reads goes on.
    for path in [format!("health/appId/{BOT}"), format!("request/appId/{BOT}"), "registrations".to_owned()] {
        assert_eq!(send(&stage, "GET", &path, "").await.status, 200);
    }
    set_mode(&stage, "monitoring").await;
    let blocked = ["respond", "form", "control", "workqueue", "resolve"];
    let mut taken = 0;
    for (method, path, body) in actions() {
        let answer = send(&stage, method, path, body.to_string()).await;
        assert_eq!(answer.status, if blocked.contains(&path) { 403 } else { 202 }, "{path}: {answer:?}");
        taken += usize::from(answer.status == 202);
    }
    assert_eq!(taken, 6);
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries"), 6);
    stage.platform.wait_for(6).await;
    set_mode(&stage, "live").await;
    assert_eq!(send(&stage, "POST", "respond", says("back")).await.status, 202);
}

/// Conformance 181.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_with_two_names_has_one_holder() {
    let stage = Stage::new().await;
    stage.push("echo", &echo()).await;
    let hook = stage.hook_of(&registration("brandmessenger", "page", BOT, "echo")).await;
    let on = |network: &str, kind: &str, more: Value| action(network, kind, more).to_string();
    let given = on("brandmessenger", "control", json!({ "owner": agent(), "comment": "over to you" }));
    assert_eq!(send(&stage, "PUT", "control", given).await.status, 200);
    for network in ["smooch", "brandmessenger"] {
        let answer = send(&stage, "POST", "respond", on(network, "message", json!({ "text": "still here" }))).await;
        assert_eq!(answer.status, 403, "{network}: {answer:?}");
        let path = format!("control/network/{network}/externalId/page/author/jo");
        let holder = send(&stage, "GET", &path, "").await;
        let data = &holder.body["data"];
        assert_eq!((&data["owner"], &data["coordinate"]["networkKey"]), (&agent(), &json!(network)));
    }
    hook.deliver("d1", message("smooch", "jo", "m1", "hello").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.host.count("SELECT count(*) FROM conversations"), 1);
    // What is sent keeps the name that it came with.
    assert_eq!(send(&stage, "POST", "respond", on("smooch", "message", json!({ "text": "back" }))).await.status, 202);
    stage.settled().await;
    assert_eq!(stage.platform.calls().last().unwrap().json()["coordinate"]["networkKey"], "smooch");
}

/// What the books go by is what the platform goes by.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_names_one_customer() {
    let stage = stage().await;
    assert_eq!(send(&stage, "PUT", "control", control(agent(), json!({}))).await.status, 200);
    let other = action("whatsapp", "message", json!({ "text": "psst", "author": { "id": "not-jo" } }));
    let answer = send(&stage, "POST", "respond", other.to_string()).await;
    let text = "author.id must be the customer of coordinate.normalizedAuthorId";
    assert_eq!((answer.status, error(&answer).as_str()), (400, text));
}

/// A bot that goes between the look and the write: the books have it no more, whoever still sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_goes_meanwhile_is_not_there() {
    let stage = stage().await;
    let gone = "DELETE FROM bots WHERE network = 'whatsapp'";
    rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap().execute_batch(gone).unwrap();
    let told = "No such bot examplebot for company exampleinc network whatsapp external id page";
    for body in [says("hi"), waits("hi")] {
        let answer = send(&stage, "POST", "respond", body).await;
        assert_eq!((answer.status, error(&answer).as_str()), (404, told));
    }
    let path = format!("registrations/network/whatsapp/externalId/page/appId/{BOT}");
    assert_eq!(send(&stage, "DELETE", &path, "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_of_a_bot_that_is_not_there_names_the_company_or_none() {
    let stage = stage().await;
    for (network, channel, text) in [
        ("whatsapp", "page", "No such bot nobody for company exampleinc network whatsapp external id page"),
        ("whatsapp", "elsewhere", "No such bot nobody network whatsapp external id elsewhere"),
    ] {
        let path = format!("registrations/network/{network}/externalId/{channel}/appId/nobody/mode/live");
        let answer = send(&stage, "PUT", &path, "").await;
        assert_eq!((answer.status, error(&answer).as_str()), (404, text));
    }
}

/// A registration that there is no room for now is not wrong, and not lost in the host either.
#[tokio::test(flavor = "multi_thread")]
async fn a_registration_can_be_made_again_when_the_store_is_busy() {
    let stage = stage_with(Host::builder().set("STORE__QUEUE_MAX", 1).set("STORE__GROUP_MAX", 1)).await;
    let database = rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let path = format!("registrations/network/whatsapp/externalId/page/appId/{BOT}/mode/maintenance");
    let mut calls: futures_util::stream::FuturesUnordered<_> =
        (0..8).map(|_| Box::pin(send(&stage, "PUT", &path, ""))).collect();
    // Those who wait are answered once there is room.
    let busy = calls.next().await.unwrap();
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(busy.status, 503, "{busy:?}");
    assert!(busy.body["errors"][0].as_str().unwrap().ends_with("nothing was done, try again"), "{busy:?}");
    let rest: Vec<_> = calls.collect().await;
    assert!(rest.iter().all(|answer| answer.status != 500), "{rest:?}");
    assert!(rest.iter().any(|answer| answer.status == 202), "{rest:?}");
}
