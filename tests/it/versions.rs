//! Versions over HTTP: upload, list, download, activate, pin, delete, and a restart with many of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bothost::guest::digest;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::support::component::{ECHO, bot, component};
use crate::support::guests::signer;
use crate::support::host::{Host, registration};
use crate::support::platform::eventually;
use crate::support::stage::{BOT, Hook, Stage, client, message};

/// Bytes that are refused: a component without anything in it.
const REFUSED: &[u8] = b"\0asm\x0d\0\x01\0";

/// A small bot that differs from the others in a number.
fn numbered(number: usize) -> Vec<u8> {
    component(&bot(&format!("(global $number (export \"number\") i32 (i32.const {number}))"), ECHO))
}

/// Asks the host: status and JSON.
async fn ask(host: &Host, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let answer = host.request(&client(), method, path).body(body).send().await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// Files in a directory of the data directory.
fn files(host: &Host, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(host.data.join(directory)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_version_is_uploaded_looked_at_activated_and_deleted() {
    let host = Host::builder().start();
    let path = "/v1/modules/echo";
    let (status, first) = ask(&host, "PUT", path, numbered(1)).await;
    assert_eq!((status, &first["active"], &first["changes"]), (StatusCode::CREATED, &json!(true), &Value::Null));
    let (status, again) = ask(&host, "PUT", path, numbered(1)).await;
    assert_eq!((status, &again["version"]), (StatusCode::OK, &first["version"]), "{again}");
    let (status, second) = ask(&host, "PUT", &format!("{path}?activate=false"), numbered(2)).await;
    assert_eq!((status, &second["active"]), (StatusCode::CREATED, &json!(false)), "{second}");
    assert_eq!(second["changes"]["since"], 1);

    let (_, module) = ask(&host, "GET", path, Vec::new()).await;
    assert_eq!((&module["active"]["version"]["version"], &module["newest"]), (&json!(1), &json!(2)), "{module}");
    let (status, serving) = ask(&host, "POST", &format!("{path}/versions/2/activate"), Vec::new()).await;
    assert_eq!((status, &serving["version"]["version"]), (StatusCode::OK, &json!(2)), "{serving}");
    let (status, _) = ask(&host, "POST", &format!("{path}/versions/3/activate"), Vec::new()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = ask(&host, "GET", &format!("{path}/versions"), Vec::new()).await;
    let seen: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| (&it["version"], &it["active"])).collect();
    assert_eq!(seen, [(&json!(2), &json!(true)), (&json!(1), &json!(false))]);
    let (_, one) = ask(&host, "GET", &format!("{path}/versions/1"), Vec::new()).await;
    assert_eq!((&one["report"]["digest"], &one["origin"]), (&one["digest"], &json!("127.0.0.1")), "{one}");

    let refused = ask(&host, "DELETE", &format!("{path}/versions/1"), Vec::new()).await;
    assert_eq!((refused.0, &refused.1["type"]), (StatusCode::CONFLICT, &json!("urn:bothost:problem:in-use")));
    ask(&host, "PUT", path, numbered(3)).await;
    assert_eq!(ask(&host, "DELETE", &format!("{path}/versions/1"), Vec::new()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ask(&host, "GET", &format!("{path}/versions/1"), Vec::new()).await.0, StatusCode::NOT_FOUND);
    let gone = digest(&numbered(1)).to_string();
    assert_eq!(files(&host, "modules-by-digest").len(), 2);
    let artefacts = files(&host, "artefacts");
    assert!(artefacts.len() == 3 && artefacts.iter().all(|name| !name.starts_with(&gone)), "{artefacts:?}");

    let (_, log) = ask(&host, "GET", &format!("{path}/activations?limit=2"), Vec::new()).await;
    let served: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| &it["version"]).collect();
    assert_eq!((served, log["next"].is_string()), (vec![&json!(3), &json!(2)], true), "{log}");
    let (_, audit) = ask(&host, "GET", "/v1/audit", Vec::new()).await;
    let last = &audit["items"][0];
    assert_eq!((&last["action"], &last["details"]["version"]), (&json!("version.delete"), &json!(1)), "{last}");
    assert!(last["actor"].as_str().unwrap().starts_with("key:") && last["origin"] == "127.0.0.1", "{last}");
}

#[tokio::test]
async fn a_download_is_what_was_uploaded() {
    let host = Host::builder().start();
    let (client, wasm) = (client(), numbered(1));
    let sha = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(&wasm)));
    let put = |digest: String| {
        let request = host.request(&client, "PUT", "/v1/modules/echo").header("content-digest", digest);
        request.body(wasm.clone()).send()
    };
    let wrong = put(format!("sha-256=:{}:", STANDARD.encode([7; 32]))).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let words = wrong.text().await.unwrap();
    assert!(words.contains(&sha) && words.contains(&STANDARD.encode([7; 32])), "{words}");
    assert_eq!(put("sha-256=rubbish".to_owned()).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(host.count("SELECT count(*) FROM versions"), 0);
    assert_eq!(put(format!("md5=:AAAA:, {sha}")).await.unwrap().status(), StatusCode::CREATED);

    let path = "/v1/modules/echo/versions/1/wasm";
    let answer = host.request(&client, "GET", path).send().await.unwrap();
    let head = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((head("content-type"), head("content-digest")), ("application/wasm".to_owned(), sha));
    let tag = head("etag");
    assert_eq!(answer.bytes().await.unwrap(), wasm);
    let known = host.request(&client, "GET", path).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing_behind_but_a_note() {
    let host = Host::builder().set("GUEST__MODULE_BYTES_MAX", 100_000).start();
    ask(&host, "PUT", "/v1/modules/echo", numbered(1)).await;
    let kept = (files(&host, "modules-by-digest"), files(&host, "artefacts"));
    for (body, status) in
        [(REFUSED.to_vec(), StatusCode::UNPROCESSABLE_ENTITY), (vec![0; 100_001], StatusCode::PAYLOAD_TOO_LARGE)]
    {
        assert_eq!(ask(&host, "PUT", "/v1/modules/echo", body).await.0, status);
        assert_eq!((files(&host, "modules-by-digest"), files(&host, "artefacts")), kept);
        assert_eq!(files(&host, "uploads"), [""; 0]);
        assert_eq!(host.count("SELECT (SELECT count(*) FROM versions) + (SELECT count(*) FROM activations)"), 2);
    }
    let (_, module) = ask(&host, "GET", "/v1/modules/echo", Vec::new()).await;
    let refused = &module["refused"];
    assert_eq!((&module["active"]["version"]["version"], &refused["origin"]), (&json!(1), &json!("127.0.0.1")));
    assert!(refused["problems"][0].as_str().unwrap().contains("does not export"), "{refused}");
    ask(&host, "PUT", "/v1/modules/echo", numbered(2)).await;
    let (_, module) = ask(&host, "GET", "/v1/modules/echo", Vec::new()).await;
    assert_eq!(module["refused"], Value::Null);
}

#[tokio::test]
async fn the_number_of_uploads_at_once_is_bounded_and_a_half_one_leaves_nothing() {
    let host = Host::builder().set("FRONT__UPLOADS_AT_ONCE", 2).start();
    let address = host.url.strip_prefix("http://").unwrap();
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT /v1/modules/slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 5000\r\n\r\nhalf",
        host.key
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    eventually("the upload has begun", || (!files(&host, "uploads").is_empty()).then_some(())).await;
    let answer = host.request(&client(), "PUT", "/v1/modules/echo").body(numbered(1)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "2");
    // One tenant never has all places.
    let other = host.tenant(&client(), "other", &["deploy"]).await;
    let answer = host.request_as(&other, &client(), "PUT", "/v1/modules/echo").body(numbered(1)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    drop(slow);
    eventually("the half upload is gone", || files(&host, "uploads").is_empty().then_some(())).await;
    assert_eq!(ask(&host, "PUT", "/v1/modules/echo", numbered(1)).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn the_same_bytes_are_compiled_once_whoever_uploads_them() {
    let host = Host::builder().start();
    let (_, first) = ask(&host, "PUT", "/v1/modules/one", numbered(1)).await;
    let (_, second) = ask(&host, "PUT", "/v1/modules/two", numbered(1)).await;
    assert_eq!((&first["report"]["from_cache"], &second["report"]["from_cache"]), (&Value::Null, &json!(true)));
    assert_eq!(host.figure(&client(), "bothost_modules_compiled_total").await, 1.0);
    // Deleted in one place, the bytes stay for the other.
    for number in [2, 3] {
        ask(&host, "PUT", "/v1/modules/one", numbered(number)).await;
    }
    assert_eq!(ask(&host, "DELETE", "/v1/modules/one/versions/1", Vec::new()).await.0, StatusCode::NO_CONTENT);
    let wasm = ask(&host, "GET", "/v1/modules/two/versions/1/wasm", Vec::new()).await;
    assert_eq!(wasm.0, StatusCode::OK);
}

#[tokio::test]
async fn only_the_newest_versions_are_kept() {
    let host = Host::builder().set("GUEST__VERSIONS_KEPT", 2).start();
    for number in 1..=4 {
        ask(&host, "PUT", "/v1/modules/echo", numbered(number)).await;
    }
    let (_, list) = ask(&host, "GET", "/v1/modules/echo/versions", Vec::new()).await;
    let numbers: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| it["version"].as_u64().unwrap()).collect();
    assert_eq!((numbers, files(&host, "modules-by-digest").len()), (vec![4, 3], 2));
}

/// Delivers a message of a customer who is new, and returns what was said.
async fn hears(stage: &Stage, hook: &Hook, customer: &str) -> String {
    let before = stage.platform.calls().len();
    hook.deliver(customer, message("whatsapp", customer, customer, "hi").to_string()).await;
    stage.platform.wait_for(before + 1).await[before].text()
}

#[tokio::test]
async fn a_pin_is_served_by_the_next_event_and_so_is_its_end() {
    let stage = Stage::new().await;
    for version in ["1", "2"] {
        stage.push("signer", &signer(version)).await;
    }
    let hook = stage.hook("signer").await;
    let (_, bots) = ask(&stage.host, "GET", "/v1/bots?module=signer", Vec::new()).await;
    let id = bots["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(!bots.to_string().contains("secret"), "{bots}");
    assert_eq!(hears(&stage, &hook, "a").await, "v2: hi");
    let path = format!("/v1/bots/{id}/pin");
    let (status, pinned) = ask(&stage.host, "PUT", &path, br#"{"version": 1}"#.to_vec()).await;
    assert_eq!((status, &pinned["pinned"], &pinned["revision"]), (StatusCode::OK, &json!(1), &json!(2)), "{pinned}");
    assert_eq!(hears(&stage, &hook, "b").await, "v1: hi");
    // Held: the bytes may even be damaged on the disk.
    let bytes = stage.host.data.join("modules-by-digest");
    let wasm = std::fs::read(signer("1")).unwrap();
    std::fs::write(bytes.join(format!("{}.wasm", digest(&wasm))), "damaged").unwrap();
    assert_eq!(hears(&stage, &hook, "c").await, "v1: hi");
    // One that cannot be loaded does not become active.
    ask(&stage.host, "DELETE", &path, Vec::new()).await;
    assert_eq!(hears(&stage, &hook, "d").await, "v2: hi");
    let (status, _) = ask(&stage.host, "POST", "/v1/modules/signer/rollback", Vec::new()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(stage.host.count("SELECT version FROM activations ORDER BY seq DESC LIMIT 1"), 2);
    assert_eq!(hears(&stage, &hook, "e").await, "v2: hi");

    let (status, _) = ask(&stage.host, "PUT", &path, br#"{"version": 9}"#.to_vec()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    stage.hook_of(&registration("whatsapp", "named", BOT, "signer@2")).await;
    let (_, bots) = ask(&stage.host, "GET", "/v1/bots?limit=1", Vec::new()).await;
    let named = &bots["items"][0];
    assert_eq!((&named["pinned"], &named["pinned_by_registration"]), (&json!(2), &json!(true)), "{named}");
    assert!(bots["next"].is_string());
    let path = format!("/v1/bots/{}/pin", named["id"].as_str().unwrap());
    let (status, _) = ask(&stage.host, "PUT", &path, br#"{"version": 2}"#.to_vec()).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_restart_with_two_hundred_modules_compiles_nothing() {
    let host = Host::builder().start();
    for number in 0..200 {
        host.push(&client(), &format!("m{number}"), numbered(number)).await;
    }
    assert_eq!(host.figure(&client(), "bothost_modules_compiled_total").await, 200.0);
    let host = host.restart();
    assert_eq!(host.figure(&client(), "bothost_modules_compiled_total").await, 0.0);
    let log = host.log();
    let line = log.lines().rfind(|line| line.contains("modules loaded")).unwrap();
    assert!(line.contains("modules=200 compiled=0"), "{line}");
    println!("{line}");
    let (_, page) = ask(&host, "GET", "/v1/modules?limit=500", Vec::new()).await;
    let modules = page["items"].as_array().unwrap();
    assert!(modules.len() == 200 && modules.iter().all(|module| module["active"].is_object()));
}
