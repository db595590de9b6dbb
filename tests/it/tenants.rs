//! Tenants over HTTP: how they come and go, and what is theirs alone.

use bothost::domain::scope::SCOPES;
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{Host, registration};
use crate::support::platform::eventually;
use crate::support::stage::{BOT, client};

async fn ask(host: &Host, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request = host.request_as(key, &client(), method, path);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn admin(host: &Host, method: &str, path: &str, body: Value) -> (u16, Value) {
    ask(host, &host.key, method, path, body).await
}

async fn names(host: &Host) -> Vec<String> {
    let (status, page) = admin(host, "GET", "/v1/tenants", Value::Null).await;
    assert_eq!(status, 200);
    page["items"].as_array().unwrap().iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_tenant_is_made_and_removed_when_nothing_is_in_the_way() {
    let host = Host::builder().start();
    assert_eq!(names(&host).await, ["default"]);
    let key = host.tenant(&client(), "acme", &["bots", "deploy"]).await;
    assert_eq!(names(&host).await, ["acme", "default"], "the newest first");
    assert!(host.data.join("modules/acme").is_dir());
    assert_eq!(admin(&host, "GET", "/v1/tenants/acme", Value::Null).await.1["name"], "acme");
    assert_eq!(admin(&host, "GET", "/v1/tenants/nobody", Value::Null).await.0, 404);
    assert_eq!(admin(&host, "POST", "/v1/tenants/nobody/keys", json!({"name": "x", "scopes": ["read"]})).await.0, 404);
    assert_eq!(admin(&host, "POST", "/v1/tenants", json!({"name": "acme"})).await.0, 409);
    for name in ["../acme", "", "Acme", "a/b", &"a".repeat(64)] {
        assert_eq!(admin(&host, "POST", "/v1/tenants", json!({"name": name})).await.0, 422, "{name}");
    }

    let wasm = std::fs::read(guests::echo()).unwrap();
    let put = host.request_as(&key, &client(), "PUT", "/v1/modules/echo").body(wasm).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let path = "/bots/v3/registrations";
    let ours = registration("whatsapp", "page", BOT, "echo");
    assert_eq!(ask(&host, &key, "POST", path, ours).await.0, 202);
    let (status, refused) = admin(&host, "DELETE", "/v1/tenants/acme", Value::Null).await;
    assert_eq!(status, 409);
    assert!(refused["detail"].as_str().unwrap().contains("1 bots and 1 modules"), "{refused}");
    let claims = admin(&host, "GET", "/v1/tenants/acme/claims", Value::Null).await.1;
    assert_eq!(claims["items"], json!([{"kind": "khoros", "value": "exampleinc"}]));
    let claim = "/v1/tenants/acme/claims/khoros/exampleinc";
    assert_eq!(admin(&host, "DELETE", claim, Value::Null).await.0, 409, "a bot uses it");

    let gone = format!("{path}/network/whatsapp/externalId/page/appId/{BOT}");
    let removed = ask(&host, &key, "DELETE", &gone, Value::Null).await;
    assert!((200..300).contains(&removed.0), "{removed:?}");
    assert_eq!(ask(&host, &key, "DELETE", "/v1/modules/echo", Value::Null).await.0, 204);
    assert_eq!(admin(&host, "DELETE", "/v1/tenants/acme", Value::Null).await.0, 204);
    assert_eq!(names(&host).await, ["default"]);
    assert_eq!(ask(&host, &key, "GET", path, Value::Null).await.0, 401);
    let (status, refused) = admin(&host, "POST", "/v1/tenants", json!({"name": "acme"})).await;
    assert_eq!((status, refused["detail"].as_str().unwrap().contains("never given again")), (409, true));
    let (status, refused) = admin(&host, "DELETE", "/v1/tenants/default", Value::Null).await;
    assert_eq!((status, refused["detail"].as_str().unwrap().contains("cannot be removed")), (409, true));
}

#[tokio::test]
async fn an_account_belongs_to_one_tenant_until_it_is_released() {
    let host = Host::builder().start();
    let (ours, theirs) = (
        host.tenant(&client(), "acme", &["bots", "read"]).await,
        host.tenant(&client(), "other", &["bots", "read"]).await,
    );
    let path = "/bots/v3/registrations";
    assert_eq!(ask(&host, &ours, "POST", path, registration("whatsapp", "page", BOT, "echo")).await.0, 202);
    // The same account, with whatever else another: refused in the platform's own words.
    let (status, refused) = ask(&host, &theirs, "POST", path, registration("sms", "number", "app-2", "echo")).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused, json!({"errors": ["\"exampleinc\" belongs to another tenant of this host"]}));
    assert_eq!(ask(&host, &theirs, "GET", path, Value::Null).await.1["data"], json!([]));

    let removed =
        ask(&host, &ours, "DELETE", &format!("{path}/network/whatsapp/externalId/page/appId/{BOT}"), Value::Null).await;
    assert!((200..300).contains(&removed.0), "{removed:?}");
    let claim = "/v1/tenants/acme/claims/khoros/exampleinc";
    assert_eq!(ask(&host, &ours, "DELETE", claim, Value::Null).await.0, 403);
    assert_eq!(admin(&host, "DELETE", claim, Value::Null).await.0, 204);
    assert_eq!(admin(&host, "DELETE", claim, Value::Null).await.0, 404);
    assert_eq!(ask(&host, &theirs, "POST", path, registration("sms", "number", "app-2", "echo")).await.0, 202);
}

#[tokio::test]
async fn tenants_of_the_settings_are_made_at_the_start() {
    let url = ("TENANTS__ACME__GATEWAYS__KHOROS__URL", "http://127.0.0.1:9");
    let host = Host::builder().set(url.0, url.1).set("TENANTS__ACME__GATEWAYS__KHOROS__TOKEN", "hush-hush").start();
    assert_eq!(names(&host).await, ["acme", "default"]);
    assert!(host.data.join("modules/acme").is_dir());
    let maker = "SELECT count(*) FROM audit WHERE tenant = 'acme' AND action = 'tenant.create' AND actor = 'operator' \
                 AND origin = 'the settings'";
    assert_eq!(host.count(maker), 1);
    let (status, refused) = admin(&host, "DELETE", "/v1/tenants/acme", Value::Null).await;
    assert_eq!((status, refused["detail"].as_str().unwrap().contains("the settings name")), (409, true), "{refused}");
    let host = host.restart();
    assert_eq!(host.count(maker), 1, "made once");
}

#[tokio::test]
async fn a_file_in_a_directory_of_no_tenant_is_ignored() {
    let host = Host::builder().set("GUEST__WATCH_QUIET_MS", 20).start();
    let key = host.tenant(&client(), "acme", &["admin"]).await;
    let wasm = guests::echo();
    for tenant in ["nobody", "acme"] {
        let directory = host.data.join("modules").join(tenant);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::copy(&wasm, directory.join("part")).unwrap();
        std::fs::rename(directory.join("part"), directory.join("echo.wasm")).unwrap();
    }
    let served = "SELECT count(*) FROM activations WHERE tenant = 'acme'";
    eventually("acme's module serves", || (host.count(served) == 1).then_some(())).await;
    eventually("a warning", || host.log().contains("there is no such tenant").then_some(())).await;
    assert_eq!(host.count("SELECT count(*) FROM activations WHERE tenant = 'nobody'"), 0);
    assert_eq!(ask(&host, &key, "GET", "/v1/whoami", Value::Null).await.1["tenant"], "acme");
}

#[tokio::test]
async fn the_description_names_every_scope() {
    let host = Host::builder().start();
    let document = client().get(format!("{}/v1/openapi.json", host.url)).send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    let key = document["components"]["securitySchemes"]["key"]["description"].as_str().unwrap();
    assert!(SCOPES.iter().all(|(scope, _)| key.contains(&format!("`{scope}`"))));
    assert_eq!(document["paths"]["/v1/whoami"]["get"]["security"], json!([{"key": []}]));
    assert_eq!(document["paths"]["/v1/tenants"]["post"]["security"], json!([{"key": ["admin"]}]));
}
