//! What the host is held against: a native handler in axum that verifies the signature and sends the same answer to the
//! platform, without a store, a sandbox or a second try.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::host::{SECRET, TOKEN};

struct Native {
    key: Vec<u8>,
    platform: String,
    client: reqwest::Client,
}

/// Serves until killed; prints its address first.
pub fn serve(platform: &str) {
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    bothost::pipeline::outbound::use_ring();
    let native = Arc::new(Native { key, platform: platform.to_owned(), client: reqwest::Client::new() });
    let router = Router::new().route("/hook", post(hook)).with_state(native);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

async fn hook(State(native): State<Arc<Native>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(&native.key).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&body);
    let signature = STANDARD.decode(header("webhook-signature").trim_start_matches("v1,")).unwrap_or_default();
    if mac.verify_slice(&signature).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let author = json!({ "id": event["author"]["id"], "fullName": event["author"]["fullName"] });
    let answer = json!({
        "coordinate": event["coordinate"], "author": author, "type": "message", "text": event["text"],
    });
    let sent = native
        .client
        .post(format!("{}/bots/v3/respond", native.platform))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json; charset=utf-8")
        .body(answer.to_string())
        .send()
        .await;
    sent.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
}
