//! The headers that a sender of webhooks proves itself with: what the platform's side of `verify` writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, header};
use sha2::Sha256;

/// `Authorization: Basic` (conformance 55).
#[must_use]
pub fn basic_auth(identity: &str, secret: &str) -> HeaderMap {
    let pair = BASE64.encode(format!("{identity}:{secret}"));
    headers([(header::AUTHORIZATION.as_str(), format!("Basic {pair}"))])
}

/// The three headers of Standard Webhooks (platforms.md A0). `secret` is `whsec_` and base64, or the key itself; `timestamp_s` counts seconds
/// since 1970-01-01 UTC. A header that `id` cannot stand in is left out.
#[must_use]
pub fn sign_standard_webhooks(secret: &str, id: &str, timestamp_s: u64, body: &[u8]) -> HeaderMap {
    let key = secret.strip_prefix("whsec_").and_then(|encoded| BASE64.decode(encoded).ok());
    let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
    let signed = [format!("{id}.{timestamp_s}.").as_bytes(), body].concat();
    headers([
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp_s.to_string()),
        ("webhook-signature", format!("v1,{}", BASE64.encode(digest(&key, &signed)))),
    ])
}

/// One header with the digest of the body in hexadecimal (platforms.md A0).
#[must_use]
pub fn sign_body_sha256(secret: &str, header: &str, body: &[u8]) -> HeaderMap {
    headers([(header, format!("sha256={}", hex::encode(digest(secret.as_bytes(), body))))])
}

fn digest(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length; its constructor returns a Result for the sake of other algorithms.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> HeaderMap {
    let valid = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((http::HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
    valid.collect()
}
