//! A key with an expiry leaves nothing behind that opens anything after it, unless it is the admin's.

use serde_json::{Value, json};

use crate::support::host::Host;
use crate::support::stage::{client, now_s};

async fn post(host: &Host, key: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = host.request_as(key, &client(), "POST", path).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

fn new(expires_ms: Option<u64>) -> Value {
    json!({"name": "ci", "scopes": ["manage"], "expires_ms": expires_ms})
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[tokio::test]
async fn a_key_outlives_its_maker_only_if_that_is_the_admins() {
    let host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage"]).await;
    let soon = (now_s() + 3600) * 1000;
    let (status, made) = post(&host, &manager, "/v1/keys", new(Some(soon))).await;
    assert_eq!((status, &made["expires_ms"]), (201, &json!(soon)));
    let guest = text(&made, "key");

    let (status, refused) = post(&host, guest, "/v1/keys", new(Some(soon + 1))).await;
    assert_eq!((status, text(&refused, "type")), (422, "urn:bothost:problem:key"), "{refused}");
    let words = text(&refused, "detail");
    assert!(words.contains(&format!("expires at {soon}")), "{refused}");
    assert!(words.contains("a key lives no longer than the one that makes it"), "{refused}");
    let (status, same) = post(&host, guest, "/v1/keys", new(Some(soon))).await;
    assert_eq!((status, &same["expires_ms"]), (201, &json!(soon)));
    let (status, left_out) = post(&host, guest, "/v1/keys", new(None)).await;
    assert_eq!((status, &left_out["expires_ms"]), (201, &json!(soon)), "the maker's own: {left_out}");

    // Whoever does not expire makes what does not, and so does an admin whose own key does.
    assert_eq!(post(&host, &manager, "/v1/keys", new(None)).await.1["expires_ms"], Value::Null);
    let admin = json!({"name": "admin", "scopes": ["admin"], "expires_ms": soon});
    let (_, admin) = post(&host, &host.key, "/v1/keys", admin).await;
    let (status, made) = post(&host, text(&admin, "key"), "/v1/tenants/acme/keys", new(Some(soon + 1))).await;
    assert_eq!((status, &made["expires_ms"]), (201, &json!(soon + 1)));
    assert_eq!(post(&host, text(&admin, "key"), "/v1/keys", new(None)).await.1["expires_ms"], Value::Null);
}

#[tokio::test]
async fn a_rotation_does_not_outlive_who_asks_for_it() {
    let host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage"]).await;
    let soon = (now_s() + 3600) * 1000;
    let rotate = async |key: &str, id: &str| post(&host, key, &format!("/v1/keys/{id}/rotate"), json!({})).await;
    let (_, guest) = post(&host, &manager, "/v1/keys", new(Some(soon))).await;
    // Its own life cannot be prolonged, nor is one without an end to be had of another key.
    let (_, endless) = post(&host, &manager, "/v1/keys", new(None)).await;
    let (status, successor) = rotate(text(&guest, "key"), text(&endless, "id")).await;
    assert_eq!((status, &successor["expires_ms"]), (201, &json!(soon)), "{successor}");
    let (status, successor) = rotate(text(&guest, "key"), text(&guest, "id")).await;
    assert_eq!((status, &successor["expires_ms"]), (201, &json!(soon)), "{successor}");
    // Somebody who does not expire gives the successor the span of the key before.
    let (_, other) = post(&host, &manager, "/v1/keys", new(Some(soon))).await;
    let (status, successor) = rotate(&manager, text(&other, "id")).await;
    let span = |key: &Value| key["expires_ms"].as_u64().unwrap() - key["created_ms"].as_u64().unwrap();
    assert_eq!((status, span(&successor)), (201, span(&other)), "{successor}");
}
