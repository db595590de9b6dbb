//! Getting tokens from Khoros for a gateway (platforms.md A2), and asking what became of a request (platforms.md A8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::receipt;
use crate::domain::delivery::{Delivery, Doubt, Finding};
use crate::domain::secret::Secret;
use crate::platform::answers::shorten;
use crate::platform::{GatewayCall, TokenAnswer, TokenAsk};

/// What may stand in a part of a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How far back the request records go: 31 days, in milliseconds.
const RECORDS_MS: u64 = 31 * 24 * 60 * 60 * 1000;

const MINUTE_MS: u64 = 60 * 1000;

/// The call that gets an app's first token, or refreshes the one that it has.
pub(super) fn call(ask: &TokenAsk<'_>) -> GatewayCall {
    match ask {
        TokenAsk::First { app, login } => {
            let pair = Secret::new(format!("{}:{}", login.user, login.password.reveal()));
            let path = format!("/api/v2/tokens/khorosapi/ownerId/{}", part(app));
            GatewayCall { method: Method::POST, path, headers: headers("Basic", &BASE64.encode(pair.reveal())) }
        }
        TokenAsk::Refresh { app, token } => GatewayCall {
            method: Method::PUT,
            path: format!("/bots/v3/tokens/appId/{}", part(app)),
            headers: bearer(token),
        },
    }
}

/// Reads the answer to such a call. Khoros documents that a 500 may be tried again and a 4xx may not; 408 and 429 say of
/// themselves that they may. The docs' sample misprints `expiresAtMillis` with a colon and a space behind it.
pub(super) fn read(status: StatusCode, body: &[u8]) -> TokenAnswer {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = || receipt::reason(status, &json, body);
    match status {
        StatusCode::CONFLICT => TokenAnswer::Exists,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => TokenAnswer::Again { reason: reason() },
        _ if status.is_client_error() => TokenAnswer::Refused { reason: reason() },
        _ if status.is_success() => {
            let data = &json["data"];
            let expires_ms = data["expiresAtMillis"].as_u64().or(data["expiresAtMillis: "].as_u64());
            match (data["token"].as_str(), expires_ms) {
                (Some(token), Some(expires_ms)) => TokenAnswer::Token { token: Secret::new(token), expires_ms },
                // Its body may hold a token all the same.
                _ => TokenAnswer::Again { reason: format!("{status} without data.token and data.expiresAtMillis") },
            }
        }
        _ => TokenAnswer::Again { reason: reason() },
    }
}

/// How to ask what became of a try: by its requestId, or else among what the app asked since it began.
pub(super) fn inquiry(delivery: &Delivery, doubt: &Doubt, now_ms: u64) -> Option<String> {
    if let Some(reference) = &doubt.reference {
        return Some(format!("/bots/v3/request/{}", part(reference)));
    }
    let age_ms = now_ms.saturating_sub(doubt.since_ms);
    if delivery.app.is_empty() || age_ms + 2 * MINUTE_MS > RECORDS_MS {
        return None;
    }
    let minutes = age_ms / MINUTE_MS + 2;
    Some(format!("/bots/v3/request/appId/{}?from={minutes}m&origin=BOT", part(&delivery.app)))
}

/// Reads the answer: of one record, or of a list in which ours is the bot's own with the same payload that was made after the
/// try began. Of several, one that was done tells that the customer has it, and one that is under way that it may come.
pub(super) fn finding(delivery: &Delivery, doubt: &Doubt, status: StatusCode, body: &[u8]) -> Finding {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let unknown = |reason: String| Finding::Unknown { reason };
    if !status.is_success() {
        return unknown(receipt::reason(status, &json, body));
    }
    let data = &json["data"];
    let records: Vec<&Value> = match data {
        Value::Array(records) => {
            let ours: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
            records.iter().filter(|record| is_ours(record, &ours, doubt.since_ms)).collect()
        }
        record => vec![record],
    };
    let state = |name: &str| records.iter().find(|record| record["state"].as_str() == Some(name));
    if let Some(done) = state("SUCCESS") {
        let reference = done["id"].as_str().map(str::to_owned).or_else(|| doubt.reference.clone());
        return Finding::Done { reference };
    }
    if state("PENDING").is_some() {
        return Finding::Pending;
    }
    match state("ERROR") {
        Some(failed) => {
            let details = &failed["details"];
            let words = details["message"].as_str().unwrap_or("without a reason");
            Finding::Failed { reason: shorten(format!("its record says ERROR: {words}")) }
        }
        None => unknown("its request records know nothing of it".to_owned()),
    }
}

fn is_ours(record: &Value, ours: &Value, since_ms: u64) -> bool {
    let payload = match &record["payload"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        payload => payload.clone(),
    };
    let created_ms = record["createdEpochMillis"].as_u64();
    record["origin"].as_str() == Some("BOT") && payload == *ours && created_ms.is_some_and(|at_ms| at_ms >= since_ms)
}

/// The headers of a call with a token.
pub(super) fn bearer(token: &Secret) -> HeaderMap {
    headers("Bearer", token.reveal())
}

/// Credentials that cannot stand in a header are left out: the platform then answers 401, and whoever asks waits for better ones.
fn headers(scheme: &str, credentials: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    // The charset is what lets emoji through (conformance 69).
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(mut value) = HeaderValue::from_str(&format!("{scheme} {credentials}")) {
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    headers
}

fn part(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
