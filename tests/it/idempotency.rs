//! `Idempotency-Key`: the same request under the same key is done once.

use serde_json::{Value, json};

use crate::support::stage::Stage;

async fn make_key(stage: &Stage, idempotency: &str, name: &str) -> reqwest::Response {
    let body = json!({ "name": name, "scopes": ["read"] });
    let request = stage.host.request(&stage.client, "POST", "/v1/keys").header("Idempotency-Key", idempotency);
    request.json(&body).send().await.unwrap()
}

fn keys(stage: &Stage) -> i64 {
    stage.host.count("SELECT count(*) FROM keys WHERE name LIKE 'once%'")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_under_a_key_is_done_once_also_after_a_restart() {
    let stage = Stage::new().await;
    let first = make_key(&stage, "a", "once").await;
    assert_eq!(first.status(), 201);
    assert!(first.headers().get("idempotency-replayed").is_none());
    let first: Value = first.json().await.unwrap();
    let again = make_key(&stage, "a", "once").await;
    assert_eq!(again.status(), 201);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    assert_eq!(keys(&stage), 1);
    // The answer holds the key itself, and is not in the database in clear.
    let secret = first["key"].as_str().unwrap();
    assert!(secret.starts_with("bh_"));
    let stage = stage.restarted();
    assert_eq!(make_key(&stage, "a", "once").await.json::<Value>().await.unwrap(), first);
    // Another key is another write; the same key with another request is a mistake.
    assert_eq!(make_key(&stage, "b", "once more").await.status(), 201);
    let mistaken = make_key(&stage, "a", "once, but otherwise").await;
    assert_eq!(mistaken.status(), 422);
    assert!(mistaken.text().await.unwrap().contains("was used with another request"));
    assert_eq!(keys(&stage), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_done() {
    let stage = Stage::new().await;
    let all = (0..16).map(|_| make_key(&stage, "crowd", "once in a crowd"));
    let answers = futures_util::future::join_all(all).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&201));
    assert_eq!(keys(&stage), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_a_crash_cut_off_is_not_done_again_in_silence() {
    let stage = Stage::new().await;
    // As a process leaves it that ended between the beginning and the end.
    assert_eq!(make_key(&stage, "cut", "once").await.status(), 201);
    let mut host = stage.host;
    host.terminate();
    let database = rusqlite::Connection::open(host.data.join("bothost.db")).unwrap();
    let changed = database.execute("UPDATE idempotency SET status = NULL, body = NULL", []).unwrap();
    assert_eq!(changed, 1);
    drop(database);
    let stage = Stage { host: host.restarted(), platform: stage.platform, client: stage.client };
    let answer = make_key(&stage, "cut", "once").await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("may or may not have been done"));
    assert_eq!(keys(&stage), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused() {
    let stage = Stage::new().await;
    for bad in ["", &"x".repeat(129)] {
        assert_eq!(make_key(&stage, bad, "once").await.status(), 400);
    }
    assert_eq!(keys(&stage), 0);
}
