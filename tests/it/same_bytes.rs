//! Two tenants with the same bytes: neither learns of the other.

use serde_json::{Value, json};

use crate::support::guests::echo;
use crate::support::host::Host;
use crate::support::stage::client;

async fn call(host: &Host, key: &str, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
    let answer = host.request_as(key, &client(), method, path).body(body).send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn an_upload_does_not_tell_that_somebody_else_has_the_same_bytes() {
    let host = Host::builder().start();
    let wasm = std::fs::read(echo()).unwrap();
    let ours = host.tenant(&client(), "acme", &["deploy", "read"]).await;
    let theirs = host.tenant(&client(), "other", &["deploy", "read"]).await;
    let up = async |key: &str, name: &str| {
        let (status, body) = call(&host, key, "PUT", &format!("/v1/modules/{name}"), wasm.clone()).await;
        assert!(status < 300, "{body}");
        body["report"].clone()
    };
    let first = up(&ours, "echo").await;
    let second = up(&theirs, "echo").await;
    assert_eq!((first.get("from_cache"), second.get("from_cache")), (None, None));
    let members = |report: &Value| report.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((members(&first), first["compile_ms"].is_u64()), (members(&second), second["compile_ms"].is_u64()));
    // What the version's record keeps tells no more.
    for key in [&ours, &theirs] {
        let (_, record) = call(&host, key, "GET", "/v1/modules/echo/versions/1", Vec::new()).await;
        assert_eq!(record["report"].get("from_cache"), None, "{record}");
    }
    // Of bytes that the tenant has itself it is told.
    assert_eq!(up(&theirs, "again").await["from_cache"], json!(true));
    // Once they are deleted they are there for somebody else's sake alone.
    for name in ["echo", "again"] {
        assert_eq!(call(&host, &theirs, "DELETE", &format!("/v1/modules/{name}"), Vec::new()).await.0, 204);
    }
    up_other(&host, &theirs).await;
    let report = up(&theirs, "third").await;
    assert_eq!(report.get("from_cache"), None, "{report}");
    assert_eq!(host.figure(&client(), "bothost_modules_compiled_total").await, 4.0, "it was not compiled again");
}

/// Makes another version serve, twice over, so that the first one can be deleted, and deletes it.
async fn up_other(host: &Host, key: &str) {
    let mut wasm = std::fs::read(echo()).unwrap();
    wasm.extend_from_slice(&[0, 3, 1, b'n', b'x']);
    for name in ["echo", "again"] {
        let (module, one) = (format!("/v1/modules/{name}"), format!("/v1/modules/{name}/versions/1"));
        assert_eq!(call(host, key, "PUT", &module, wasm.clone()).await.0, 201);
        // A roll-back would return to the first: a second version between them takes its place.
        wasm.extend_from_slice(&[0, 3, 1, b'n', b'y']);
        assert_eq!(call(host, key, "PUT", &module, wasm.clone()).await.0, 201);
        let (status, refused) = call(host, key, "DELETE", &one, Vec::new()).await;
        assert_eq!(status, 204, "{refused}");
    }
}
