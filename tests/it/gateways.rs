//! Gateways over HTTP, and what a tenant's gateway may reach.

use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{Host, HostBuilder, TOKEN, registration};
use crate::support::platform::{Platform, eventually};
use crate::support::stage::{BOT, Hook, client, message};

const PATH: &str = "/v1/gateways/khoros";

async fn ask(host: &Host, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request = host.request_as(key, &client(), method, path);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn gateway(url: &str) -> Value {
    json!({"url": url, "token": TOKEN})
}

/// A tenant with an echo bot.
async fn tenant(host: &Host) -> (String, Hook) {
    let key = host.tenant(&client(), "acme", &["bots", "read", "deploy", "manage"]).await;
    let wasm = std::fs::read(guests::echo()).unwrap();
    let put = host.request_as(&key, &client(), "PUT", "/v1/modules/echo").body(wasm).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let path = "/bots/v3/registrations";
    assert_eq!(ask(host, &key, "POST", path, registration("whatsapp", "page", BOT, "echo")).await.0, 202);
    let bots = ask(host, &key, "GET", path, Value::Null).await.1;
    let url = format!(
        "{}/hooks/khoros/{}",
        host.url,
        bots["data"][0]["hashKey"].as_str().unwrap_or_else(|| panic!("{bots}"))
    );
    (key, Hook { url, client: client() })
}

/// One try without a wait.
fn once() -> HostBuilder {
    Host::builder().set("DELIVER__TRIES", 1).set("DELIVER__RETRY_FIRST_MS", 0)
}

async fn said(hook: &Hook, number: u32) {
    let event = message("whatsapp", &format!("jo-{number}"), &format!("m-{number}"), "hello");
    hook.deliver(&format!("id-{number}"), event.to_string()).await;
}

/// Why the only delivery was parked.
async fn parked(host: &Host) -> String {
    let query = "SELECT last_error FROM deliveries WHERE status > 2";
    eventually("a parked delivery", || host.database().query_row(query, [], |row| row.get(0)).ok()).await
}

#[tokio::test]
async fn a_gateway_is_set_shown_without_its_token_and_removed() {
    let mut host = Host::builder().start();
    let key = host.tenant(&client(), "acme", &["manage"]).await;
    let (status, set) = ask(&host, &key, "PUT", PATH, gateway("https://api.example.com")).await;
    assert_eq!(status, 200, "{set}");
    let (_, page) = ask(&host, &key, "GET", "/v1/gateways", Value::Null).await;
    assert_eq!(page["items"], json!([set]));
    let shown = (&set["url"], &set["token_set"], &set["source"]);
    assert_eq!(shown, (&json!("https://api.example.com"), &json!(true), &json!("api")));
    assert!(!page.to_string().contains(TOKEN));
    let other = host.tenant(&client(), "other", &["manage"]).await;
    assert_eq!(ask(&host, &other, "GET", "/v1/gateways", Value::Null).await.1["items"], json!([]));
    assert_eq!(ask(&host, &other, "DELETE", PATH, Value::Null).await.0, 404);
    let (status, refused) = ask(&host, &key, "PUT", "/v1/gateways/icq", gateway("https://api.example.com")).await;
    assert_eq!((status, refused["detail"].as_str().unwrap().contains("khoros")), (404, true), "{refused}");
    let broken = json!({"url": "https://api.example.com", "token": "two words"});
    assert_eq!(ask(&host, &key, "PUT", PATH, broken).await.0, 422);
    assert_eq!(ask(&host, &key, "DELETE", PATH, Value::Null).await.0, 204);
    assert_eq!(ask(&host, &key, "DELETE", PATH, Value::Null).await.0, 404);
    assert_eq!(ask(&host, &key, "PUT", PATH, gateway("https://api.example.com")).await.0, 200);
    assert!(host.terminate().success());
    for file in ["bothost.db", "bothost.db-wal"] {
        let bytes = std::fs::read(host.data.join(file)).unwrap_or_default();
        assert!(!bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "{file}");
    }
}

#[tokio::test]
async fn a_gateway_of_the_settings_is_changed_there() {
    let host = Host::builder().gateway("http://127.0.0.1:9").start();
    let (_, page) = ask(&host, &host.key, "GET", "/v1/gateways", Value::Null).await;
    assert_eq!(page["items"][0]["source"], "settings");
    assert!(!page.to_string().contains(TOKEN));
    for (method, body) in [("PUT", gateway("https://api.example.com")), ("DELETE", Value::Null)] {
        let (status, refused) = ask(&host, &host.key, method, PATH, body).await;
        let words = refused["detail"].as_str().unwrap();
        assert_eq!((status, words.contains("[tenants.default.gateways.khoros]")), (409, true), "{refused}");
    }
}

#[tokio::test]
async fn without_a_gateway_both_ways_to_one_are_named() {
    let host = once().start();
    let (_, hook) = tenant(&host).await;
    said(&hook, 1).await;
    let reason = parked(&host).await;
    assert!(reason.contains("PUT /v1/gateways/khoros"), "{reason}");
    assert!(reason.contains("[tenants.acme.gateways.khoros]"), "{reason}");
}

#[tokio::test]
async fn a_tenants_gateway_is_not_on_this_machine() {
    let platform = Platform::start().await;
    let host = once().start();
    let (key, hook) = tenant(&host).await;
    let port = platform.url.rsplit(':').next().unwrap();
    for (url, words) in [
        (platform.url.clone(), "over https, not http"),
        (format!("https://127.0.0.1:{port}"), "a loopback address"),
        ("https://[::ffff:127.0.0.1]".to_owned(), "an IPv4 address in an IPv6 one"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "a link-local address"),
        ("https://me:secret@api.example.com".to_owned(), "no user"),
        ("https://api.example.com/?to=me".to_owned(), "query"),
    ] {
        let (status, refused) = ask(&host, &key, "PUT", PATH, gateway(&url)).await;
        assert_eq!((status, refused["detail"].as_str().unwrap().contains(words)), (422, true), "{url}: {refused}");
    }
    // What a name leads to is seen when it is used.
    let (status, _) = ask(&host, &key, "PUT", PATH, gateway(&format!("https://localhost:{port}"))).await;
    assert_eq!(status, 200);
    said(&hook, 1).await;
    let reason = parked(&host).await;
    assert!(reason.contains("localhost") && reason.contains("is a loopback address"), "{reason}");
    assert!(reason.contains("deliver.private_hosts"), "{reason}");
    assert!(platform.calls().is_empty());
}

// While the process is waited for, the platform goes on: it needs a thread of its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_names_is_reached_and_only_as_long() {
    let platform = Platform::start().await;
    let named = platform.url.strip_prefix("http://").unwrap().to_owned();
    let mut host = once().set("DELIVER__PRIVATE_HOSTS", format!("gateway.internal, {named}")).start();
    let (key, hook) = tenant(&host).await;
    assert_eq!(ask(&host, &key, "PUT", PATH, gateway("http://127.0.0.1:9")).await.0, 422, "another port");
    let (status, set) = ask(&host, &key, "PUT", PATH, gateway(&platform.url)).await;
    assert_eq!(status, 200, "{set}");
    said(&hook, 1).await;
    let calls = platform.wait_for(1).await;
    assert_eq!((calls[0].text().as_str(), calls[0].status.as_u16()), ("hello", 202));
    // The gateway that was set stays; without the setting it is not used.
    assert!(host.terminate().success());
    let host = host.restarted_with(once());
    let hook = Hook { url: format!("{}{}", host.url, &hook.url[hook.url.find("/hooks").unwrap()..]), client: client() };
    said(&hook, 2).await;
    let reason = parked(&host).await;
    assert!(reason.contains("over https, not http"), "{reason}");
    assert_eq!(platform.calls().len(), 1);
}
