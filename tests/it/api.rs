//! The host's own API and its description: one table, so they cannot differ; these hold the table to what really answers.

use std::collections::BTreeSet;

use bothost::domain::scope::SCOPES;
use bothost::http::access::Access;
use bothost::http::router::{Route, routes};
use serde_json::Value;

use crate::support::host::Host;
use crate::support::schema;
use crate::support::stage::{Stage, client};
use crate::support::tenants::two_tenants;

/// A path with something in the place of each of its parts that no host has.
fn filled(route: &Route) -> String {
    let part = |part: &'static str| if part.starts_with('{') { "999999" } else { part };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn document(stage: &Stage) -> Value {
    stage.client.get(format!("{}/v1/openapi.json", stage.host.url)).send().await.unwrap().json().await.unwrap()
}

/// Every reference in the document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_whole() {
    let stage = Stage::new().await;
    let document = document(&stage).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = 0;
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            described += 1;
            let known = |route: &&Route| route.path == path && route.method.as_str().eq_ignore_ascii_case(method);
            let route = routes().find(known).unwrap_or_else(|| panic!("{method} {path} is described, and no route"));
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{method} {path}: its id is taken"
            );
            let scope = operation["security"][0]["key"][0].as_str();
            match route.access {
                Access::Scope(wanted) => assert_eq!(scope, Some(wanted.name()), "{method} {path}"),
                _ => assert_eq!(scope, None, "{method} {path}"),
            }
            assert!(
                operation["summary"].as_str().unwrap().ends_with('.'),
                "{method} {path}: its summary is no sentence"
            );
        }
    }
    assert_eq!(described, routes().count());
    let mut wanted = BTreeSet::new();
    references(&document, &mut wanted);
    for reference in wanted {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} refers to nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_what_it_is_described_to_answer() {
    let stage = Stage::new().await;
    let document = document(&stage).await;
    let mut breaches = Vec::new();
    for route in routes().filter(|route| route.path != "/v1/logs") {
        for body in ["", "{}", "[1]"] {
            let request = stage.host.request(&stage.client, route.method.as_str(), &filled(route));
            let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
            let (status, kind) = (answer.status().as_u16(), answer.headers().get("content-type").cloned());
            let text = answer.text().await.unwrap();
            let name = format!("{} {} with {body:?}: {status} {text}", route.method, route.path);
            let operation = &document["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
            if operation["responses"].get(status.to_string()).is_none() {
                breaches.push(format!("{name}: not described"));
            }
            if text.contains("no-route") || text.contains("no-method") {
                breaches.push(format!("{name}: not there"));
            }
            let problem = kind.is_some_and(|kind| kind == "application/problem+json");
            if status >= 400 && !problem {
                breaches.push(format!("{name}: no problem details"));
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_has_the_shape_that_is_described() {
    let (stage, alpha, _) = two_tenants().await;
    let document = document(&stage).await;
    let mut breaches = Vec::new();
    let mut held = 0;
    for (route, (path, body)) in alpha.readable().zip(alpha.view(&stage).await) {
        let (status, _) = route.answer;
        let schema = &document["paths"][route.path]["get"]["responses"][status.to_string()]["content"]["application/json"]
            ["schema"];
        if schema.is_object() {
            held += 1;
            breaches.extend(schema::breaches(&document, schema, &body, &path));
        }
    }
    assert!(held > 10, "only {held} answers have a schema");
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let host = Host::builder().start();
    let client = client();
    host.tenant(&client, "scopes", &["read"]).await;
    let all: Vec<&str> = SCOPES.iter().map(|(scope, _)| scope.name()).collect();
    let mut breaches = Vec::new();
    for route in routes().filter(|route| route.path != "/v1/logs") {
        let Access::Scope(needed) = route.access else { continue };
        let ask = |key: Option<String>| {
            let mut request = client.request(route.method.clone(), format!("{}{}", host.url, filled(route)));
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            async { request.send().await.unwrap().status().as_u16() }
        };
        let name = format!("{} {}", route.method, route.path);
        if ask(None).await != 401 || ask(Some("bh_0123_4567".to_owned())).await != 401 {
            breaches.push(format!("{name}: open without a key"));
        }
        let others: Vec<&str> = all.iter().copied().filter(|name| *name != "admin" && *name != needed.name()).collect();
        if ask(Some(host.tenant_key(&client, "scopes", &others).await)).await != 403 {
            breaches.push(format!("{name}: open without {needed}"));
        }
        let with = ask(Some(host.tenant_key(&client, "scopes", &[needed.name()]).await)).await;
        if [401, 403].contains(&with) {
            breaches.push(format!("{name}: closed to {needed}: {with}"));
        }
    }
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}
