//! Tokens that the host gives out as Khoros' API: one for each appId, in the name of that app alone, for ninety days.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use bothost::http::router::routes;
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{Host, registration};
use crate::support::stage::client;

const REGISTRATIONS: &str = "/bots/v3/registrations";

fn care(app: &str) -> String {
    format!("/api/v2/tokens/khorosapi/ownerId/{app}")
}

fn own(app: &str) -> String {
    format!("/bots/v3/tokens/appId/{app}")
}

/// A call with Basic credentials.
async fn basic(host: &Host, method: &str, path: &str, password: &str) -> (u16, Value) {
    let call = client().request(method.parse().unwrap(), format!("{}{path}", host.url));
    read(call.basic_auth("kim", Some(password)).send().await.unwrap()).await
}

async fn bearer(host: &Host, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let call = host.request_as(token, &client(), method, path);
    let call = if body.is_null() { call } else { call.json(body) };
    read(call.send().await.unwrap()).await
}

async fn read(answer: reqwest::Response) -> (u16, Value) {
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The first token of an app.
async fn first(host: &Host, key: &str, app: &str) -> String {
    let (status, made) = basic(host, "POST", &care(app), key).await;
    assert_eq!((status, &made["status"]), (200, &json!("success")), "{made}");
    made["data"]["token"].as_str().unwrap().to_owned()
}

async fn refreshed(host: &Host, token: &str, app: &str) -> (u16, Value) {
    bearer(host, token, "PUT", &own(app), &Value::Null).await
}

/// Whether a token is taken.
async fn is_taken(host: &Host, token: &str) -> bool {
    let (status, answer) = bearer(host, token, "GET", REGISTRATIONS, &Value::Null).await;
    if status == 401 {
        assert_eq!(answer["error"]["message"], "Unauthorized", "{answer}");
        assert!(answer["error"]["requestId"].is_string(), "{answer}");
    }
    status == 200
}

async fn started() -> (Host, String) {
    guests::prepare();
    let host = Host::builder().start();
    let key = host.tenant(&client(), "acme", &["bots", "read"]).await;
    (host, key)
}

#[tokio::test]
async fn an_app_gets_one_token_for_a_key_with_the_scope() {
    let (host, key) = started().await;
    let (status, none) = basic(&host, "GET", &care("bot-a"), &key).await;
    assert_eq!((status, &none["status"]), (404, &json!("fail")), "{none}");
    let (status, made) = basic(&host, "POST", &care("bot-a"), &key).await;
    assert_eq!((status, &made["status"]), (200, &json!("success")), "{made}");
    let expires_ms = made["data"]["expiresAtMillis"].as_u64().unwrap();
    let text = made["data"]["token"].as_str().unwrap();
    let parts: Vec<Value> = text
        .split('.')
        .take(2)
        .map(|part| BASE64URL.decode(part).unwrap())
        .map(|json| serde_json::from_slice(&json).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"alg": "HS512", "typ": "JWT"}));
    for claim in ["companyKey", "userName", "awsRegion"] {
        assert!(parts[1][claim].is_string(), "{claim}: {}", parts[1]);
    }
    assert_eq!((&parts[1]["userName"], parts[1]["exp"].as_u64()), (&json!("kim"), Some(expires_ms / 1000)));
    assert_eq!(parts[1]["exp"].as_u64().unwrap() - parts[1]["iat"].as_u64().unwrap(), 90 * 24 * 60 * 60);
    assert!(is_taken(&host, text).await);

    let (status, there) = basic(&host, "GET", &care("bot-a"), &key).await;
    assert_eq!((status, &there["data"]["expiresAtMillis"]), (200, &json!(expires_ms)), "{there}");
    let again = basic(&host, "POST", &care("bot-a"), &key).await;
    assert_eq!(again, (409, json!({"status": "fail", "message": "A token at this path already exists."})));
    // Another app and another tenant are another path.
    first(&host, &key, "bot-b").await;
    let other = host.tenant(&client(), "other", &["bots", "read"]).await;
    first(&host, &other, "bot-a").await;

    let unauthorized = (401, json!({"status": "fail", "message": "Unauthorized"}));
    for wrong in ["", "hunter2", text, &format!("{key}0")] {
        assert_eq!(basic(&host, "POST", &care("bot-c"), wrong).await, unauthorized, "{wrong}");
    }
    assert_eq!(bearer(&host, &key, "POST", &care("bot-c"), &Value::Null).await, unauthorized, "no Basic");
    let reads = host.tenant_key(&client(), "acme", &["read"]).await;
    let (status, refused) = basic(&host, "POST", &care("bot-c"), &reads).await;
    assert_eq!((status, &refused["status"]), (403, &json!("fail")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("the scope bots"), "{refused}");
}

#[tokio::test]
async fn a_token_acts_for_its_app_and_opens_nothing_else() {
    let (host, key) = started().await;
    for (app, channel) in [("bot-a", "page-a"), ("bot-b", "page-b")] {
        let body = registration("whatsapp", channel, app, "echo");
        assert_eq!(bearer(&host, &key, "POST", REGISTRATIONS, &body).await.0, 202);
    }
    let token = first(&host, &key, "bot-a").await;
    let claims = BASE64URL.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["companyKey"], "exampleinc");
    let (_, seen) = bearer(&host, &token, "GET", REGISTRATIONS, &Value::Null).await;
    let apps: Vec<_> = seen["data"].as_array().unwrap().iter().map(|bot| bot["appId"].clone()).collect();
    assert_eq!(apps, [json!("bot-a")], "{seen}");
    let path = |app: &str, channel: &str| format!("{REGISTRATIONS}/network/whatsapp/externalId/{channel}/appId/{app}");
    let (own_bot, other) = (path("bot-a", "page-a"), path("bot-b", "page-b"));
    assert_eq!(bearer(&host, &token, "GET", &own_bot, &Value::Null).await.0, 200);
    for (method, path) in
        [("GET", other.clone()), ("DELETE", other.clone()), ("PUT", format!("{other}/mode/MAINTENANCE"))]
    {
        assert_eq!(bearer(&host, &token, method, &path, &Value::Null).await.0, 404, "{method} {path}");
    }
    let channel = format!("{REGISTRATIONS}/network/whatsapp/externalId/page-b");
    assert_eq!(bearer(&host, &token, "GET", &channel, &Value::Null).await.0, 404);
    let taken = registration("whatsapp", "page-c", "bot-b", "echo");
    assert_eq!(bearer(&host, &token, "POST", REGISTRATIONS, &taken).await.0, 403);
    let own_one = registration("whatsapp", "page-c", "bot-a", "echo");
    assert_eq!(bearer(&host, &token, "POST", REGISTRATIONS, &own_one).await.0, 202, "it may register its own");
    assert_eq!(bearer(&host, &key, "GET", &other, &Value::Null).await.0, 200, "nothing happened to the other");
    let unauthorized = |answer: &Value| answer["error"]["message"] == "Unauthorized";
    for method in ["PUT", "DELETE"] {
        let (status, refused) = bearer(&host, &token, method, &own("bot-b"), &Value::Null).await;
        assert!(status == 400 && unauthorized(&refused), "{refused}");
    }
    // Of the host's own API it opens nothing.
    for route in routes().filter(|route| route.access != bothost::http::access::Access::Open) {
        let path = route.path.replace(['{', '}'], "");
        let (status, _) = bearer(&host, &token, route.method.as_str(), &path, &Value::Null).await;
        assert_eq!(status, 401, "{} {path}", route.method);
    }
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_none() {
    let (host, key) = started().await;
    let (token, other) = (first(&host, &key, "bot-a").await, first(&host, &key, "bot-b").await);
    let parts: Vec<&str> = token.split('.').collect();
    let none = BASE64URL.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hs256 = BASE64URL.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims: Value = serde_json::from_slice(&BASE64URL.decode(parts[1]).unwrap()).unwrap();
    let mut changed = claims.clone();
    changed["sub"] = json!("bot-b");
    let mut unknown = claims;
    unknown["jti"] = json!("00");
    let (changed, unknown) = (BASE64URL.encode(changed.to_string()), BASE64URL.encode(unknown.to_string()));
    let others = other.rsplit('.').next().unwrap();
    for forged in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs256}.{}.{}", parts[1], parts[2]),
        format!("{}.{changed}.{}", parts[0], parts[2]),
        format!("{}.{unknown}.{}", parts[0], parts[2]),
        format!("{}.{}.{others}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
    ] {
        assert!(!is_taken(&host, &forged).await, "{forged}");
    }
    assert!(is_taken(&host, &token).await);
}

#[tokio::test]
async fn a_refreshed_token_goes_on_for_ten_minutes() {
    let (mut host, key) = started().await;
    let old = first(&host, &key, "bot-a").await;
    let (status, refused) = bearer(&host, &key, "PUT", &own("bot-a"), &Value::Null).await;
    assert_eq!((status, &refused["error"]["message"]), (400, &json!("Unauthorized")), "a key is no token: {refused}");
    let (status, answer) = refreshed(&host, &old, "bot-a").await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["requestId"].is_string() && answer["data"]["expiresAtMillis"].is_u64(), "{answer}");
    let new = answer["data"]["token"].as_str().unwrap().to_owned();
    assert!(new != old && is_taken(&host, &old).await && is_taken(&host, &new).await);
    let grace = "SELECT expires_ms - (SELECT created_ms FROM tokens WHERE replaced = 0) FROM tokens WHERE replaced = 1";
    assert_eq!(host.count(grace), 10 * 60 * 1000);
    // Ten minutes later, and a start of the host later.
    assert!(host.terminate().success());
    change(&host, "UPDATE tokens SET expires_ms = expires_ms - 600000 WHERE replaced = 1");
    let mut host = host.restarted();
    assert!(!is_taken(&host, &old).await && is_taken(&host, &new).await);
    assert_eq!(refreshed(&host, &old, "bot-a").await.0, 401);
    change(&host, MINUTE_LATER);
    // Whoever lost the answer asks again with the old one.
    let lost = refreshed(&host, &new, "bot-a").await.1;
    change(&host, MINUTE_LATER);
    let third = refreshed(&host, &new, "bot-a").await.1["data"]["token"].as_str().unwrap().to_owned();
    assert!(is_taken(&host, &third).await && is_taken(&host, lost["data"]["token"].as_str().unwrap()).await);
    assert_eq!(host.count("SELECT count(*) FROM tokens WHERE replaced = 0"), 1);
    // Ninety days later.
    assert!(host.terminate().success());
    change(&host, "UPDATE tokens SET created_ms = 1, expires_ms = 7776000001");
    let host = host.restarted();
    assert!(!is_taken(&host, &third).await);
    first(&host, &key, "bot-a").await;
}

const MINUTE_LATER: &str = "UPDATE tokens SET created_ms = created_ms - 60000";

#[tokio::test]
async fn an_app_is_not_refreshed_without_end() {
    let (host, key) = started().await;
    let token = first(&host, &key, "bot-a").await;
    assert_eq!(refreshed(&host, &token, "bot-a").await.0, 200);
    let told = |answer: &Value| answer["error"]["message"].as_str().unwrap_or_default().to_owned();
    let (status, soon) = refreshed(&host, &token, "bot-a").await;
    assert!(status == 429 && told(&soon).contains("within a minute"), "{status} {soon}");
    change(&host, MINUTE_LATER);
    assert_eq!(refreshed(&host, &token, "bot-a").await.0, 200);
    change(&host, MINUTE_LATER);
    // Two of them are in their grace.
    let (status, many) = refreshed(&host, &token, "bot-a").await;
    assert!(status == 429 && told(&many).contains("3 tokens"), "{status} {many}");
    assert_eq!(host.count("SELECT count(*) FROM tokens"), 3);
    assert_eq!(host.count("SELECT count(*) FROM audit WHERE action = 'token.refresh'"), 2);
    assert!(is_taken(&host, &token).await);
}

#[tokio::test]
async fn a_token_may_do_no_more_than_its_key() {
    let (host, _) = started().await;
    let blind = host.tenant_key(&client(), "acme", &["bots"]).await;
    let token = first(&host, &blind, "bot-a").await;
    for shown in [&blind, &token] {
        assert_eq!(bearer(&host, shown, "GET", REGISTRATIONS, &Value::Null).await.0, 403);
    }
    assert_eq!(refreshed(&host, &token, "bot-a").await.0, 200);
}

#[tokio::test]
async fn a_token_ends_with_the_key_that_it_was_made_with() {
    let (mut host, key) = started().await;
    let leaked = host.tenant_key(&client(), "acme", &["bots", "read"]).await;
    let id = leaked.split('_').nth(1).unwrap().to_owned();
    let old = first(&host, &leaked, "bot-a").await;
    let new = refreshed(&host, &old, "bot-a").await.1["data"]["token"].as_str().unwrap().to_owned();
    let others = first(&host, &key, "bot-b").await;
    assert!(is_taken(&host, &old).await && is_taken(&host, &new).await);
    let seen = format!("SELECT count(*) FROM audit WHERE action LIKE 'token.%' AND details LIKE '%{id}%'");
    assert_eq!(host.count(&seen), 2, "the audit log says whose they are");
    let manager = host.tenant_key(&client(), "acme", &["manage"]).await;
    let revoked = host.request_as(&manager, &client(), "DELETE", &format!("/v1/keys/{id}")).send().await.unwrap();
    assert_eq!(revoked.status(), 204);
    assert!(!is_taken(&host, &old).await && !is_taken(&host, &new).await && is_taken(&host, &others).await);
    // Nothing of it stands in the way of another's.
    assert_eq!(basic(&host, "GET", &care("bot-a"), &key).await.0, 404);
    let next = first(&host, &key, "bot-a").await;
    assert!(is_taken(&host, &next).await);
    // And a key that is over is like one that was revoked.
    assert!(host.terminate().success());
    change(&host, &format!("UPDATE keys SET expires_ms = 1 WHERE id = '{}'", key.split('_').nth(1).unwrap()));
    let host = host.restarted();
    assert!(!is_taken(&host, &next).await && !is_taken(&host, &others).await);
    let other = host.tenant_key(&client(), "acme", &["bots", "read"]).await;
    first(&host, &other, "bot-a").await;
}

fn change(host: &Host, sql: &str) {
    let changed = rusqlite::Connection::open(host.data.join("bothost.db")).unwrap().execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

#[tokio::test]
async fn an_invalidated_token_is_over_at_once() {
    let (host, key) = started().await;
    let old = first(&host, &key, "bot-a").await;
    let new = refreshed(&host, &old, "bot-a").await.1["data"]["token"].as_str().unwrap().to_owned();
    assert_eq!(bearer(&host, &new, "DELETE", &own("bot-a"), &Value::Null).await, (200, json!({})));
    assert!(!is_taken(&host, &new).await && !is_taken(&host, &old).await, "the one in its grace as well");
    // Whoever has lost the token invalidates it with a key.
    let next = first(&host, &key, "bot-a").await;
    assert_eq!(bearer(&host, &key, "DELETE", &own("bot-a"), &Value::Null).await, (200, json!({})));
    assert!(!is_taken(&host, &next).await);
    let did = "SELECT group_concat(action || ' ' || subject, ', ') FROM audit WHERE action LIKE 'token.%' ORDER BY seq";
    let did: String = host.database().query_row(did, [], |row| row.get(0)).unwrap();
    let all = ["create", "refresh", "invalidate", "create", "invalidate"].map(|what| format!("token.{what} bot-a"));
    assert_eq!(did, all.join(", "));
}

#[tokio::test]
async fn a_token_goes_with_its_tenant() {
    let (host, key) = started().await;
    let token = first(&host, &key, "bot-a").await;
    assert!(is_taken(&host, &token).await);
    let removed = host.request(&client(), "DELETE", "/v1/tenants/acme").send().await.unwrap();
    assert_eq!(removed.status(), 204);
    assert!(!is_taken(&host, &token).await);
    assert_eq!(host.count("SELECT count(*) FROM tokens"), 0);
}
