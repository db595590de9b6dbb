//! Request records and health, as Khoros' API documents them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::guests::echo;
use crate::support::host::Host;
use crate::support::stage::{BOT, Hook, Stage, message};
use crate::support::tenants::get;

async fn read(stage: &Stage, path: &str) -> (u16, Value) {
    get(stage, &stage.host.key, &format!("/bots/v3/{path}")).await
}

async fn list(stage: &Stage, query: &str) -> Vec<Value> {
    let (status, body) = read(stage, &format!("request/appId/{BOT}{query}")).await;
    assert_eq!(status, 200, "{body}");
    body["data"].as_array().unwrap().clone()
}

async fn stage() -> (Stage, Hook) {
    let stage = Stage::with(Host::builder().set("DELIVER__RETRY_FIRST_MS", 1).set("TURN__TRIES", 1)).await;
    stage.push("echo", &echo()).await;
    let hook = stage.hook("echo").await;
    (stage, hook)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_both_directions_are_on_record() {
    let (stage, hook) = stage().await;
    let event = hook.deliver("d1", message("whatsapp", "jo", "m1", "hello").to_string()).await;
    stage.settled().await;
    let all = list(&stage, "").await;
    assert_eq!(all.len(), 2, "{all:?}");
    let told = all.iter().find(|record| record["origin"] == "KHOROS").unwrap();
    assert_eq!((&told["state"], &told["payload"]["text"]), (&json!("SUCCESS"), &json!("hello")));
    assert_eq!(told["id"], format!("e-{event}"));
    let said = all.iter().find(|record| record["origin"] == "BOT").unwrap();
    assert_eq!((&said["state"], &said["details"]["code"]), (&json!("SUCCESS"), &json!("202")));
    assert_eq!(said["payload"]["coordinate"]["normalizedAuthorId"], "jo");
    for record in &all {
        for (name, value) in [
            ("companyKey", "exampleinc"),
            ("externalId", "page"),
            ("networkKey", "whatsapp"),
            ("appId", BOT),
            ("callbackUrl", "module:echo"),
        ] {
            assert_eq!(record[name], value, "{record}");
        }
        let times = ["createdEpochMillis", "completedEpochMillis", "lastUpdatedEpochMillis"];
        let [created, completed, updated] = times.map(|name| record[name].as_u64().unwrap());
        assert!(created <= completed && completed <= updated, "{record}");
        let (status, one) = read(&stage, &format!("request/{}", record["id"].as_str().unwrap())).await;
        assert_eq!((status, &one["data"]), (200, record));
        assert!(one["requestId"].is_string());
    }
    for id in ["e-999999", "d-999999", "d-01", "nonsense", "d-", "e--1", "0123456789abcdef"] {
        let (status, body) = read(&stage, &format!("request/{id}")).await;
        assert_eq!((status, body), (404, json!({ "error": { "messages": [format!("{id} not found")] } })));
    }
    // What was asked for over the API is the bot's request; that it was recorded is no request of the platform's.
    let call = json!({
        "coordinate": { "companyKey": "exampleinc", "networkKey": "whatsapp", "externalId": "page", "botId": BOT, "scope": "PRIVATE" },
        "author": { "id": "jo" }, "type": "note", "note": "n",
    });
    let answer = stage.host.request(&stage.client, "PUT", "/bots/v3/note").json(&call).send().await.unwrap();
    let id = answer.json::<Value>().await.unwrap()["requestId"].as_str().unwrap().to_owned();
    stage.settled().await;
    let all = list(&stage, "").await;
    assert_eq!((all.len(), &all[0]["id"]), (3, &json!(id)), "the newest is first");
    let event = stage.text("SELECT CAST(max(id) AS TEXT) FROM events WHERE kind = 'call'");
    assert_eq!(read(&stage, &format!("request/e-{event}")).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_cut_by_state_origin_and_time() {
    let (stage, hook) = stage().await;
    hook.deliver("d1", message("whatsapp", "jo", "m1", "one").to_string()).await;
    stage.settled().await;
    stage.platform.khoros.fail_next(1, StatusCode::BAD_REQUEST);
    hook.deliver("d2", message("whatsapp", "jo", "m2", "two").to_string()).await;
    stage.settled().await;
    stage.platform.khoros.hang();
    hook.deliver("d3", message("whatsapp", "jo", "m3", "three").to_string()).await;
    stage.platform.khoros.wait_for(3).await;
    let count = async |query: &str| list(&stage, query).await.len();
    for (query, wanted) in [
        ("", 6),
        ("?from=1m", 6),
        ("?from=31d", 6),
        ("?from=0m", 0),
        ("?origin=BOT", 3),
        ("?origin=KHOROS", 3),
        ("?state=SUCCESS", 4),
        ("?state=ERROR", 1),
        ("?state=PENDING", 1),
        ("?state=PENDING&state=ERROR", 2),
        ("?state=ERROR&origin=KHOROS", 0),
    ] {
        assert_eq!(count(query).await, wanted, "{query}");
    }
    let failed = list(&stage, "?state=ERROR").await;
    assert_eq!(failed[0]["details"]["code"], "400");
    assert!(failed[0]["details"]["message"].as_str().unwrap().contains("simulated fault"));
    let waiting = list(&stage, "?state=PENDING").await;
    assert_eq!(waiting[0]["completedEpochMillis"], Value::Null);
    for from in ["yesterday", "1", "-1d", "1w"] {
        let (status, body) = read(&stage, &format!("request/appId/{BOT}?from={from}")).await;
        assert_eq!(
            (status, body),
            (400, json!({ "error": { "messages": ["Incorrect syntax in \"from\""] } })),
            "{from}"
        );
    }
    for query in ["from=32d", "state=DONE", "origin=MARS"] {
        assert_eq!(read(&stage, &format!("request/appId/{BOT}?{query}")).await.0, 400, "{query}");
    }
    assert_eq!(read(&stage, "request/appId/nobody").await.1["data"], json!([]));
    stage.platform.khoros.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_of_what_really_ran() {
    let (stage, hook) = stage().await;
    let health = async || read(&stage, &format!("health/appId/{BOT}")).await.1["data"].clone();
    let told = |status: &str, failed: u32, succeeded: u32| json!([{ "status": status, "failureCount": failed, "successCount": succeeded }]);
    assert_eq!(health().await, told("HEALTHY", 0, 0));
    assert_eq!(read(&stage, "health/appId/nobody").await, (400, json!({})));
    for number in 0..3 {
        hook.deliver(&format!("d{number}"), message("whatsapp", "jo", &format!("m{number}"), "hi").to_string()).await;
    }
    stage.settled().await;
    assert_eq!(health().await, told("HEALTHY", 0, 3));
    // A bot of the same app on another channel counts with it; this one has nothing to run.
    let broken = stage.hook_of(&crate::support::host::registration("whatsapp", "other", BOT, "missing")).await;
    let send = async |number: u32| {
        let mut event = message("whatsapp", "jo", &format!("m{number}"), "hi");
        event["coordinate"]["externalId"] = json!("other");
        broken.deliver(&format!("b{number}"), event.to_string()).await;
        stage.settled().await;
    };
    send(0).await;
    assert_eq!(health().await, told("DEGRADED", 1, 3));
    let other = crate::support::host::registration("whatsapp", "third", "failing", "missing");
    let failing = stage.hook_of(&other).await;
    for number in 0..10 {
        let mut event = message("whatsapp", "jo", &format!("f{number}"), "hi");
        event["coordinate"]["externalId"] = json!("third");
        failing.deliver(&format!("f{number}"), event.to_string()).await;
        stage.settled().await;
        let (_, body) = read(&stage, "health/appId/failing").await;
        let status = if number < 9 { "DEGRADED" } else { "DOWN" };
        assert_eq!(body["data"], told(status, number + 1, 0));
    }
}

/// A list that takes long keeps nobody else waiting, and a tenant's next one is told to come again.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_holds_nobody_up() {
    let (stage, _hook) = stage().await;
    let database = rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap();
    // A table that takes seconds to read.
    let slow = "ALTER TABLE deliveries RENAME TO gone; CREATE VIEW deliveries AS SELECT *, (WITH RECURSIVE slow (n) AS \
                (SELECT 1 UNION ALL SELECT n + 1 FROM slow WHERE n < 10000000) SELECT 'default' FROM slow WHERE n = 10000000) \
                AS tenant FROM (SELECT 1 AS id, 1 AS conversation, 0 AS status, 0 AS created_ms)";
    database.execute_batch(slow).unwrap();
    database.execute_batch("INSERT INTO conversations (id, tenant, bot, key) VALUES (1, 'default', 'b', 'c')").unwrap();
    let lists = [0, 1].map(|_| {
        let (client, url) =
            (stage.client.clone(), format!("{}/bots/v3/request/appId/{BOT}?origin=BOT", stage.host.url));
        let key = stage.host.key.clone();
        tokio::spawn(async move { client.get(url).bearer_auth(key).send().await.unwrap() })
    });
    let [one, two] = lists;
    let (first, other) = match futures_util::future::select(one, two).await {
        futures_util::future::Either::Left((first, other)) | futures_util::future::Either::Right((first, other)) => {
            (first.unwrap(), other)
        }
    };
    assert_eq!(first.status(), 503);
    let told: Value = first.json().await.unwrap();
    let text = told["error"]["message"].as_str().unwrap();
    assert_eq!(text, "too many lists of this tenant are being looked for; nothing was done, try again");
    for path in ["healthz", "bots/v3/registrations"] {
        let url = format!("{}/{path}", stage.host.url);
        let answer = stage.client.get(url).bearer_auth(&stage.host.key).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert!(!other.is_finished(), "all this went on beside the list");
    assert_eq!(other.await.unwrap().status(), 200);
}
