//! Tenants do not see one another: every route of the router's own tables is tried with one tenant's key and another's ids, in
//! path, query, headers and body. What comes back holds no byte of the other's, and nothing of the other's has changed.

use bothost::http::router::{Route, routes};
use http::Method;
use serde_json::{Value, json};

use crate::support::host::registration;
use crate::support::stage::{BOT, Stage, message};
use crate::support::tenants::{Tenant, get, two_tenants};

/// What is asked in the other's name: nowhere may it matter.
fn attempts(alpha: &Tenant) -> Vec<(&'static str, Value)> {
    let query = "?tenant=alpha&owner=alpha";
    vec![
        ("", json!({})),
        ("", json!({ "tenant": "alpha", "name": "x", "version": 1, "module": alpha.module, "scopes": ["read"] })),
        (query, json!({ "tenant": "alpha" })),
    ]
}

/// What the same request is answered about something that does not exist.
async fn asked(stage: &Stage, tenant: &Tenant, route: &Route, query: &str, body: &Value) -> u16 {
    let path = route.path.split('/').map(|part| if part.starts_with('{') { "999999" } else { part });
    let path = path.collect::<Vec<_>>().join("/") + query;
    let request = stage.host.request_as(&tenant.key, &stage.client, route.method.as_str(), &path).json(body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_shows_or_changes_what_is_another_tenants() {
    let (stage, alpha, beta) = two_tenants().await;
    let before = alpha.view(&stage).await;
    // The view is not empty: the search below would find what it looks for.
    for mark in ["module-of-alpha", "words-of-alpha", "channel-of-alpha", "author-of-alpha"] {
        assert!(before.iter().any(|(_, body)| body.to_string().contains(mark)), "alpha itself does not see {mark}");
    }
    let mut breaches = Vec::new();
    for route in routes().filter(|route| route.path != "/v1/logs") {
        for (query, body) in attempts(&alpha) {
            let path = format!("{}{query}", alpha.path(route));
            let request = stage.host.request_as(&beta.key, &stage.client, route.method.as_str(), &path);
            let request = request.header("x-tenant", "alpha").header("bothost-tenant", "alpha");
            let request = request.header("x-forwarded-host", "alpha").header("x-api-key", "alpha");
            let answer = request.json(&body).send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
            let text = text + &String::from_utf8_lossy(&answer.bytes().await.unwrap());
            let name = format!("{} {path} with {body}: {status}", route.method);
            // A name in the path that is the caller's own to give: what it names then is the caller's.
            let own =
                route.method == Method::PUT && (route.path.ends_with("{name}") || route.path.ends_with("{platform}"));
            let own = own || (route.path.contains("{platform}") && status < 500);
            // Refused before anything was looked up: then what does not exist is refused the same.
            let blind = status == 400 && status == asked(&stage, &beta, route, query, &body).await;
            if route.path.contains('{') && ![403, 404].contains(&status) && !own && !blind {
                breaches.push(format!("{name}: neither 403 nor 404: {text}"));
            }
            let sent = format!("{path} {body}");
            for mark in alpha.marks.iter().filter(|mark| !sent.contains(mark.as_str()) && *mark != "alpha") {
                if text.contains(mark.as_str()) {
                    breaches.push(format!("{name}: shows {mark}: {text}"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    assert_eq!(alpha.view(&stage).await, before, "something of alpha's was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platforms_api_knows_the_tenant_by_the_key() {
    let (stage, alpha, beta) = two_tenants().await;
    let before = get(&stage, &alpha.key, "/bots/v3/registrations").await.1["data"].clone();
    let one = "/bots/v3/registrations/network/whatsapp/externalId/channel-of-alpha";
    for (method, path) in [
        ("GET", one.to_owned()),
        ("GET", format!("{one}/appId/{BOT}")),
        ("DELETE", format!("{one}/appId/{BOT}")),
        ("PUT", format!("{one}/appId/{BOT}/mode/maintenance")),
    ] {
        let answer = stage.host.request_as(&beta.key, &stage.client, method, &path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{method} {path}");
    }
    let all = get(&stage, &beta.key, "/bots/v3/registrations").await.1.to_string();
    assert!(all.contains("channel-of-beta") && !all.contains("alpha"), "{all}");
    // An account is one tenant's.
    let mut wanted = registration("whatsapp", "channel-of-alpha", "another", &beta.module);
    wanted["companyKey"] = json!("company-of-alpha");
    let taken = stage.host.request_as(&beta.key, &stage.client, "POST", "/bots/v3/registrations").json(&wanted);
    let taken = taken.send().await.unwrap();
    assert_eq!(taken.status(), 422);
    assert!(taken.text().await.unwrap().contains("belongs to another tenant"));
    assert_eq!(get(&stage, &alpha.key, "/bots/v3/registrations").await.1["data"], before);
}

/// What a bot elsewhere asks for and is told of, with one tenant's key and the other's ids.
#[tokio::test(flavor = "multi_thread")]
async fn a_platforms_api_acts_for_and_tells_of_the_keys_own_tenant() {
    let (stage, alpha, beta) = two_tenants().await;
    let before = alpha.view(&stage).await;
    let mut breaches = Vec::new();
    let coordinate = |name: &str| {
        json!({
            "companyKey": format!("company-of-{name}"), "networkKey": "whatsapp", "externalId": format!("channel-of-{name}"),
            "botId": BOT, "scope": "PRIVATE",
        })
    };
    for (method, path, more) in [
        ("POST", "respond", json!({ "type": "message", "text": "from beta" })),
        ("POST", "respond", json!({ "type": "message", "text": "from beta", "processSynchronously": true })),
        ("PUT", "note", json!({ "type": "note", "note": "from beta" })),
        ("PUT", "control", json!({ "type": "control", "owner": { "type": "AGENT" } })),
        ("PUT", "resolve", json!({ "type": "resolve" })),
    ] {
        let mut body = more;
        body["author"] = json!({ "id": "author-of-alpha" });
        body["coordinate"] = coordinate("alpha");
        let request = stage.host.request_as(&beta.key, &stage.client, method, &format!("/bots/v3/{path}"));
        let answer = request.json(&body).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        // Beta has no such channel, and learns no more than what it said itself.
        if status != 400 || text != r#"{"error":{"messages":["Invalid externalId channel-of-alpha"]}}"# {
            breaches.push(format!("{path}: {status} {text}"));
        }
        // On beta's own channel an account of alpha's is as wrong as any other.
        body["coordinate"] = coordinate("beta");
        body["coordinate"]["companyKey"] = json!("company-of-alpha");
        let request = stage.host.request_as(&beta.key, &stage.client, method, &format!("/bots/v3/{path}"));
        let status = request.json(&body).send().await.unwrap().status().as_u16();
        if status != 400 {
            breaches.push(format!("{path} with alpha's account: {status}"));
        }
    }
    for (path, status) in [
        (format!("request/d-{}", alpha.delivery), 404),
        (format!("request/e-{}", alpha.event), 404),
        (format!("request/appId/{BOT}?from=31d"), 200),
        (format!("health/appId/{BOT}"), 200),
        ("control/network/whatsapp/externalId/channel-of-alpha/author/author-of-alpha".to_owned(), 400),
    ] {
        let (found, body) = get(&stage, &beta.key, &format!("/bots/v3/{path}")).await;
        let body = body.to_string();
        let shown = alpha.marks.iter().find(|mark| body.contains(mark.as_str()) && !path.contains(mark.as_str()));
        if found != status || shown.is_some() {
            breaches.push(format!("{path}: {found} {body}"));
        }
        // Alpha itself sees it: there is something to hide.
        let own = get(&stage, &alpha.key, &format!("/bots/v3/{path}")).await;
        assert!(own.0 == 200 && (path.starts_with("health") || own.1.to_string().contains("alpha")), "{path}: {own:?}");
    }
    // The bots of both have the same app id; the health of each counts its own one turn.
    let health = get(&stage, &beta.key, &format!("/bots/v3/health/appId/{BOT}")).await.1;
    assert_eq!(health["data"][0]["successCount"], 1, "{health}");
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    assert_eq!(alpha.view(&stage).await, before, "something of alpha's was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_proves_itself_with_its_own_bots_secret_only() {
    let (stage, alpha, _) = two_tenants().await;
    let events = stage.host.count("SELECT count(*) FROM events");
    for secret in ["hook-secret-beta", ""] {
        let request = stage.client.post(&alpha.hook.url).basic_auth("user", Some(secret));
        let answer = request.body(message("whatsapp", "mallory", "m2", "hi").to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{secret}");
    }
    assert_eq!(stage.host.count("SELECT count(*) FROM events"), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_is_the_tenants_own() {
    let (stage, alpha, beta) = two_tenants().await;
    let request = stage.host.request_as(&beta.key, &stage.client, "GET", "/v1/logs?tenant=alpha");
    let mut followed = request.header("x-tenant", "alpha").send().await.unwrap();
    assert_eq!(followed.status(), 200);
    for (tenant, words) in [(&alpha, "later-words-of-alpha"), (&beta, "later-words-of-beta")] {
        let request =
            stage.client.post(&tenant.hook.url).basic_auth("user", Some(format!("hook-secret-{}", tenant.name)));
        let author = format!("author-of-{}", tenant.name);
        let body = message("whatsapp", &author, words, words).to_string();
        assert_eq!(request.body(body).send().await.unwrap().status(), 202);
        stage.settled().await;
    }
    // Beta's turn comes after all of alpha's: once it is there, what was to come has come.
    let mut seen = String::new();
    while !seen.contains("delivery") {
        let chunk = tokio::time::timeout(crate::support::platform::PATIENCE, followed.chunk()).await.unwrap();
        seen.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap()));
    }
    assert!(!seen.contains("alpha"), "{seen}");
}
