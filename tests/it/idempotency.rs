//! `Idempotency-Key`: the same request under the same key is done once.

use std::io::Write as _;
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::component::{ECHO, bot, component};
use crate::support::platform::eventually;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_leaves_its_key_free() {
    let stage = Stage::new().await;
    let refused = stage.host.request(&stage.client, "POST", "/v1/keys").header("Idempotency-Key", "mended");
    let refused = refused.json(&json!({ "name": "once", "scopes": ["no-such"] })).send().await.unwrap();
    assert!(refused.status().is_client_error(), "{}", refused.status());
    assert_eq!(make_key(&stage, "mended", "once").await.status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_its_callers_own() {
    let stage = Stage::new().await;
    let first: Value = make_key(&stage, "shared", "once").await.json().await.unwrap();
    let other = json!({ "name": "other", "scopes": ["read", "manage"] });
    let other = stage.host.request(&stage.client, "POST", "/v1/keys").json(&other).send().await.unwrap();
    let other = other.json::<Value>().await.unwrap()["key"].as_str().unwrap().to_owned();
    let request = stage.host.request_as(&other, &stage.client, "POST", "/v1/keys").header("Idempotency-Key", "shared");
    let answer = request.json(&json!({ "name": "once", "scopes": ["read"] })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_ne!(answer.json::<Value>().await.unwrap()["key"], first["key"], "the answer to another caller");
    assert_eq!(keys(&stage), 2);
}

/// An upload under the key `module`, announced with this digest.
fn upload(stage: &Stage, digest: Option<&[u8]>) -> RequestBuilder {
    let request = stage.host.request(&stage.client, "PUT", "/v1/modules/echo").header("Idempotency-Key", "module");
    match digest {
        Some(of) => request.header("Content-Digest", announced(of)),
        None => request,
    }
}

fn announced(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_is_known_again_by_its_digest() {
    let stage = Stage::new().await;
    let numbered =
        |number: u32| component(&bot(&format!("(global $number (export \"number\") i32 (i32.const {number}))"), ECHO));
    let (one, two) = (numbered(1), numbered(2));
    let answer = upload(&stage, None).body(one.clone()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("needs a content-digest"));
    let first = upload(&stage, Some(&one)).body(one.clone()).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let first: Value = first.json().await.unwrap();
    let again = upload(&stage, Some(&one)).body(one).send().await.unwrap();
    assert_eq!(
        (again.status(), again.headers()["idempotency-replayed"].as_bytes()),
        (StatusCode::CREATED, &b"true"[..])
    );
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    let other = upload(&stage, Some(&two)).body(two).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stage.host.count("SELECT count(*) FROM versions"), 1);
}

/// Begins an upload, sends so many bytes of it and hangs up once the host is at it.
async fn hang_up(stage: &Stage, wasm: &[u8], sent: usize) {
    let address = stage.host.url.strip_prefix("http://").unwrap();
    let mut caller = TcpStream::connect(address).unwrap();
    let (key, digest, length) = (&stage.host.key, announced(wasm), wasm.len());
    write!(
        caller,
        "PUT /v1/modules/echo HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nidempotency-key: module\r\n\
         content-digest: {digest}\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    caller.write_all(&wasm[..sent]).unwrap();
    eventually("the upload has begun", || (stage.host.count(KNOWN) == 1).then_some(())).await;
}

const KNOWN: &str = "SELECT count(*) FROM idempotency";
const UNDER_WAY: &str = "SELECT count(*) FROM idempotency WHERE status IS NULL";

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_leaves_its_key_free_or_settled() {
    let stage = Stage::new().await;
    let wasm = component(&bot("", ECHO));
    hang_up(&stage, &wasm, wasm.len() / 2).await;
    eventually("the key is free", || (stage.host.count(UNDER_WAY) == 0).then_some(())).await;
    assert_eq!(stage.host.count(KNOWN), 0);
    hang_up(&stage, &wasm, wasm.len()).await;
    eventually("the key is settled", || (stage.host.count(UNDER_WAY) == 0).then_some(())).await;
    let again = upload(&stage, Some(&wasm)).body(wasm).send().await.unwrap();
    assert_eq!(
        (again.status(), again.headers()["idempotency-replayed"].as_bytes()),
        (StatusCode::CREATED, &b"true"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_not_kept_is_not_made_up() {
    let stage = Stage::new().await;
    assert_eq!(make_key(&stage, "large", "once").await.status(), 201);
    // As a write leaves it whose answer was too large to be kept.
    let mut host = stage.host;
    host.terminate();
    let database = rusqlite::Connection::open(host.data.join("bothost.db")).unwrap();
    assert_eq!(database.execute("UPDATE idempotency SET body = NULL", []).unwrap(), 1);
    drop(database);
    let stage = Stage { host: host.restarted(), platform: stage.platform, client: stage.client };
    let answer = make_key(&stage, "large", "once").await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("was done, with status 201"));
    assert_eq!(keys(&stage), 1);
}
