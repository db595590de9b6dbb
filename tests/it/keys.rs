//! Keys over HTTP: who may do what, what a refusal says, and that a key is nowhere but with whoever made it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::host::Host;
use crate::support::stage::{client, now_s};

/// Status and body of an answer.
async fn ask(host: &Host, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request = host.request_as(key, &client(), method, path);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn get(host: &Host, key: &str, path: &str) -> (u16, Value) {
    ask(host, key, "GET", path, Value::Null).await
}

async fn make(host: &Host, key: &str, scopes: &[&str]) -> (String, String) {
    let (status, made) = ask(host, key, "POST", "/v1/keys", json!({"name": "ci", "scopes": scopes})).await;
    assert_eq!(status, 201, "{made}");
    (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

fn detail(answer: &Value) -> &str {
    answer["detail"].as_str().unwrap()
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_gives_no_more() {
    let host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage", "read"]).await;
    let (reader, id) = make(&host, &manager, &["read"]).await;
    assert_eq!(get(&host, &reader, "/v1/audit").await.0, 200);
    let (status, refused) = get(&host, &reader, "/v1/keys").await;
    assert_eq!(status, 403);
    assert!(detail(&refused).contains("lacks the scope manage"), "{refused}");
    for scopes in [json!(["read", "deploy"]), json!(["admin"]), json!(["agents-bot--my:rw"])] {
        let (status, refused) = ask(&host, &manager, "POST", "/v1/keys", json!({"name": "x", "scopes": scopes})).await;
        let named = scopes.as_array().unwrap().last().unwrap().as_str().unwrap();
        assert_eq!(status, 403, "{refused}");
        assert!(detail(&refused).contains(&format!("lacks the scope {named} itself")), "{refused}");
    }
    for path in ["/v1/tenants", "/v1/tenants/acme", "/v1/tenants/acme/claims"] {
        assert_eq!(get(&host, &manager, path).await.0, 403, "{path}");
    }
    let (status, who) = get(&host, &reader, "/v1/whoami").await;
    let wanted = json!({"tenant": "acme", "key": id, "scopes": ["read"], "client_id": null, "expires_ms": null});
    assert_eq!((status, who), (200, wanted));
    assert_eq!(ask(&host, "", "GET", "/v1/whoami", Value::Null).await.0, 401);
    for (body, words) in [
        (json!({"name": "x", "scopes": []}), "name at least one"),
        (json!({"name": "x", "scopes": ["reed"]}), "there is no scope \"reed\""),
        (json!({"name": "", "scopes": ["read"]}), "1 to 128"),
        (json!({"name": "x", "scopes": ["read"], "client_id": "a b"}), "visible ASCII"),
        (json!({"name": "x", "scopes": ["read"], "expires_ms": (now_s() - 1) * 1000}), "`expires_ms` is past"),
    ] {
        let (status, refused) = ask(&host, &manager, "POST", "/v1/keys", body).await;
        assert_eq!((status, detail(&refused).contains(words)), (422, true), "{refused}");
    }
    assert_eq!(ask(&host, &manager, "POST", "/v1/keys", json!({"nome": "x"})).await.0, 400);
}

#[tokio::test]
async fn a_refusal_says_why_to_whoever_has_the_whole_key() {
    let host = Host::builder().start();
    let refusal = async |key: &str| {
        let (status, refused) = get(&host, key, "/v1/whoami").await;
        assert_eq!(status, 401);
        (refused["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned(), detail(&refused).to_owned())
    };
    let unknown = format!("bh_0011aabb_{}{}", "0".repeat(64), checksum("0011aabb", &"0".repeat(64)));
    let (id, _) = host.key.strip_prefix("bh_").unwrap().split_once('_').unwrap();
    // Well formed and of a known id, with another secret: told exactly as one that is not there.
    let wrong = format!("bh_{id}_{}{}", "1".repeat(64), checksum(id, &"1".repeat(64)));
    let slip = format!("{}x", &host.key[..host.key.len() - 1]);
    assert_eq!(refusal("").await.0, "no-key");
    assert_eq!(refusal(&slip).await.0, "key-mistyped");
    assert_eq!(refusal(&unknown).await, ("key-unknown".to_owned(), "there is no such key".to_owned()));
    assert_eq!(refusal(&wrong).await, refusal(&unknown).await);

    let (key, id) = make(&host, &host.key, &["read"]).await;
    assert_eq!(get(&host, &key, "/v1/whoami").await.0, 200);
    assert_eq!(ask(&host, &host.key, "DELETE", &format!("/v1/keys/{id}"), Value::Null).await.0, 204);
    assert_eq!(refusal(&key).await, ("key-revoked".to_owned(), "the key was revoked".to_owned()), "at once");
    let (key, id) = make(&host, &host.key, &["read"]).await;
    let rotate = format!("/v1/keys/{id}/rotate");
    assert_eq!(ask(&host, &host.key, "POST", &rotate, json!({"grace_s": 0})).await.0, 201);
    assert_eq!(refusal(&key).await.0, "key-expired");

    let key = host.tenant(&client(), "acme", &["read"]).await;
    assert_eq!(ask(&host, &host.key, "DELETE", "/v1/tenants/acme", Value::Null).await.0, 204);
    assert_eq!(refusal(&key).await.0, "tenant-removed");
}

fn checksum(id: &str, secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{id}_{secret}")))[..8].to_owned()
}

#[tokio::test]
async fn keys_are_listed_without_the_key_and_survive_a_restart() {
    let host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage"]).await;
    let (second, id) = make(&host, &manager, &["manage"]).await;
    assert_eq!(get(&host, &second, "/v1/whoami").await.0, 200);
    let (third, gone) = make(&host, &manager, &["manage"]).await;
    assert_eq!(ask(&host, &manager, "DELETE", &format!("/v1/keys/{gone}"), Value::Null).await.0, 204);
    assert_eq!(get(&host, &third, "/v1/whoami").await.0, 401);

    let host = host.restart();
    assert_eq!(get(&host, &second, "/v1/whoami").await.0, 200);
    assert_eq!(get(&host, &third, "/v1/whoami").await.0, 401);
    let (_, page) = get(&host, &manager, "/v1/keys?limit=2").await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|key| key["id"].as_str().unwrap()).collect::<Vec<_>>(), [gone.as_str(), &id]);
    assert_eq!((&items[0]["status"], &items[1]["status"]), (&json!("revoked"), &json!("live")));
    assert!(items[1]["last_used_ms"].as_u64().unwrap() > 0, "written down at the shutdown");
    let (_, rest) = get(&host, &manager, &format!("/v1/keys?limit=2&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let (_, one) = get(&host, &manager, &format!("/v1/keys/{id}")).await;
    for shown in [&page, &rest, &one] {
        for key in [&manager, &second, &third] {
            assert!(!shown.to_string().contains(key.rsplit('_').next().unwrap()));
        }
        assert!(!shown.to_string().contains("hash"));
    }
    // Another tenant's key is missing, as one that never was.
    let stranger = host.tenant(&client(), "other", &["manage"]).await;
    for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")] {
        let of = async |id: &str| ask(&host, &stranger, method, &format!("/v1/keys/{id}{path}"), json!({})).await;
        assert_eq!(of(&id).await.0, 404, "{method}");
        assert_eq!(of(&id).await, of("000000000000").await);
    }
    assert_eq!(get(&host, &second, "/v1/whoami").await.0, 200);
}

#[tokio::test]
async fn a_rotated_key_and_its_successor_are_both_taken_and_no_third() {
    let host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage", "read", "agents-bot--my:rw"]).await;
    let new = json!({"name": "bot", "scopes": ["agents-bot--my:rw"], "client_id": "app-1"});
    let (_, first) = ask(&host, &manager, "POST", "/v1/keys", new).await;
    let path = |key: &Value| format!("/v1/keys/{}/rotate", key["id"].as_str().unwrap());
    let (status, second) = ask(&host, &manager, "POST", &path(&first), json!({"grace_s": 60})).await;
    assert_eq!(status, 201);
    assert_eq!(second["replaces"], first["id"]);
    for name in ["name", "scopes", "client_id"] {
        assert_eq!(second[name], first[name]);
    }
    for key in [&first, &second] {
        assert_eq!(get(&host, key["key"].as_str().unwrap(), "/v1/whoami").await.0, 200);
        assert_eq!(ask(&host, &manager, "POST", &path(key), json!({})).await.0, 409);
    }
    let (_, who) = get(&host, first["key"].as_str().unwrap(), "/v1/whoami").await;
    assert!(who["expires_ms"].as_u64().unwrap() <= (now_s() + 61) * 1000, "{who}");
    assert_eq!(ask(&host, &manager, "POST", &path(&second), json!({"grace_s": 2_592_001})).await.0, 422);
    // A successor shows a key: nobody gets one that may do more than his own.
    let (weak, _) = make(&host, &manager, &["manage"]).await;
    let (_, strong) = make(&host, &manager, &["read"]).await;
    let refused = ask(&host, &weak, "POST", &format!("/v1/keys/{strong}/rotate"), json!({})).await;
    assert_eq!((refused.0, detail(&refused.1).contains("lacks the scope read itself")), (403, true));
    // And a tenant's manager cannot lock the operator out, of whom he has no key to show.
    let (manager, _) = make(&host, &host.key, &["manage"]).await;
    let admin = get(&host, &host.key, "/v1/whoami").await.1["key"].as_str().unwrap().to_owned();
    assert_eq!(ask(&host, &manager, "DELETE", &format!("/v1/keys/{admin}"), Value::Null).await.0, 403);
    assert_eq!(ask(&host, &manager, "POST", &format!("/v1/keys/{admin}/rotate"), json!({})).await.0, 403);
}

#[tokio::test]
async fn a_client_id_belongs_to_one_tenant() {
    let host = Host::builder().start();
    let (ours, theirs) =
        (host.tenant(&client(), "acme", &["manage"]).await, host.tenant(&client(), "other", &["manage"]).await);
    let new = json!({"name": "bot", "scopes": ["manage"], "client_id": "app-1"});
    assert_eq!(ask(&host, &ours, "POST", "/v1/keys", new.clone()).await.0, 201);
    let (status, refused) = ask(&host, &theirs, "POST", "/v1/keys", new.clone()).await;
    assert_eq!(status, 409);
    assert!(!refused.to_string().contains("acme"), "whose it is is not told: {refused}");
    assert_eq!(ask(&host, &ours, "POST", "/v1/keys", new).await.0, 201);
}

#[tokio::test]
async fn no_part_of_a_key_is_on_disk() {
    let mut host = Host::builder().start();
    let manager = host.tenant(&client(), "acme", &["manage"]).await;
    let new = json!({"name": "kept with its answer", "scopes": ["manage"]});
    let request = host.request_as(&manager, &client(), "POST", "/v1/keys").header("idempotency-key", "once").json(&new);
    let made: Value = request.send().await.unwrap().json().await.unwrap();
    let keys = [host.key.clone(), manager, made["key"].as_str().unwrap().to_owned()];
    let secrets: Vec<&str> = keys.iter().map(|key| key.rsplit('_').next().unwrap()).collect();
    let log = host.data.join("bothost.db-wal");
    assert!(holds(&log, b"kept with its answer"), "what is in clear is found");
    let clear = |file: &Path| secrets.iter().any(|secret| parts(secret).iter().any(|part| holds(file, part)));
    assert!(!clear(&log));
    assert!(host.terminate().success());
    assert!(holds(&host.data.join("bothost.db"), b"kept with its answer"));
    assert!(!clear(&host.data.join("bothost.db")));
    assert!(!secrets.iter().any(|secret| host.log().contains(&secret[..16])));
}

/// Pieces of a secret, as it is written and as the bytes that it stands for.
fn parts(secret: &str) -> Vec<Vec<u8>> {
    let written = secret.as_bytes().chunks_exact(16).map(<[u8]>::to_vec);
    written.chain(hex::decode(secret).unwrap().chunks_exact(8).map(<[u8]>::to_vec)).collect()
}

fn holds(file: &Path, needle: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn a_revoked_admin_key_stays_revoked_until_its_file_is_deleted() {
    let host = Host::builder().start();
    let first = host.key.clone();
    let id = get(&host, &first, "/v1/whoami").await.1["key"].as_str().unwrap().to_owned();
    assert_eq!(ask(&host, &first, "DELETE", &format!("/v1/keys/{id}"), Value::Null).await.0, 204);
    let mut host = host.restart();
    assert_eq!(get(&host, &first, "/v1/whoami").await.0, 401);
    let log = host.log();
    assert!(log.contains("was revoked and opens nothing: delete the file to get a new one at the next start"), "{log}");

    // A file of a known id with another secret is somebody's mistake, or worse.
    assert!(host.terminate().success());
    let file = host.data.join("admin.key");
    let forged = format!("bh_{id}_{}{}\n", "1".repeat(64), checksum(&id, &"1".repeat(64)));
    std::fs::write(&file, forged).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&host.data).stdin(Stdio::null());
    let refused = command.output().unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains(&format!("holds another key {id} than this host knows")), "{words}");

    std::fs::remove_file(&file).unwrap();
    let host = host.restarted();
    assert_ne!(host.key, first);
    assert_eq!(get(&host, &host.key, "/v1/whoami").await.1["scopes"], json!(["admin"]));
    assert_eq!(get(&host, &first, "/v1/whoami").await.0, 401);
}

#[test]
fn the_master_key_is_changed_while_no_host_runs() {
    let mut host = Host::builder().start();
    let rotate = |data: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
        let output = command.args(["rotate-master-key", "--data"]).arg(data).output().unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(words).unwrap())
    };
    let (code, words) = rotate(&host.data);
    assert_eq!((code, words.contains("another process already serves")), (Some(1), true), "{words}");
    assert!(host.terminate().success());
    let before = std::fs::read(host.data.join("master.key")).unwrap();
    let (code, words) = rotate(&host.data);
    assert_eq!((code, words.contains("1 data key is sealed with it")), (Some(0), true), "{words}");
    assert_ne!(std::fs::read(host.data.join("master.key")).unwrap(), before);
    let key = host.key.clone();
    assert_eq!(host.restarted().key, key);
    let nowhere = tempfile::tempdir().unwrap();
    let (code, words) = rotate(nowhere.path());
    assert_eq!((code, words.contains("there is no store at")), (Some(1), true), "{words}");
    assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
}
