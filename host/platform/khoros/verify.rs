//! Proves that a webhook comes from whoever knows the bot's credentials (conformance 51-57, platforms.md A0).
//!
//! Khoros documents that callbacks can be signed, and not how. `BASIC_AUTH` is therefore the documented way; the two HMAC profiles
//! are open habits that a relay in front of the host can speak, and neither claims to be Khoros' own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::bot::{Bot, Credentials, Encoding, Scheme};
use crate::platform::{Verified, VerifyError, Webhook};

/// How far a signed timestamp may be from the host's clock, either way, in seconds.
pub const WINDOW_S: u64 = 300;

/// How many signatures of one webhook are looked at; a sender that rotates its key sends two.
pub const SIGNATURES_MAX: usize = 8;

/// The longest delivery id, in bytes. A longer one is refused where it is signed and ignored where it is not.
pub const DELIVERY_ID_BYTES_MAX: usize = 256;

/// What a base64 key of Standard Webhooks begins with.
pub(super) const KEY_PREFIX: &str = "whsec_";

/// The header that carries the platform's own id of a request (platforms.md A1).
const REQUEST_ID: &str = "x-amzn-requestid";

/// Verifies a webhook against the bot's credentials.
pub(super) fn verify(bot: &Bot, webhook: Webhook, now_ms: u64) -> Result<Verified, VerifyError> {
    let Webhook { headers, body, .. } = webhook;
    let credentials = &bot.credentials;
    let delivery_id = match &credentials.scheme {
        Scheme::Basic => {
            basic(credentials, &headers)?;
            request_id(&headers)
        }
        Scheme::BodySha256 { header, encoding } => {
            body_sha256(credentials, header, *encoding, &headers, &body)?;
            request_id(&headers)
        }
        Scheme::StandardWebhooks => Some(standard_webhooks(credentials, &headers, &body, now_ms)?),
    };
    Ok(Verified::new(body, delivery_id))
}

/// The key that a secret stands for: the base64 after `whsec_`, or else the secret's own bytes.
pub(super) fn key(secret: &str) -> Option<Vec<u8>> {
    match secret.strip_prefix(KEY_PREFIX) {
        Some(encoded) => BASE64.decode(encoded).ok(),
        None => Some(secret.as_bytes().to_vec()),
    }
}

fn basic(credentials: &Credentials, headers: &HeaderMap) -> Result<(), VerifyError> {
    let name = header::AUTHORIZATION.as_str();
    let (scheme, encoded) = single(headers, name)?.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed(name, "must be Basic"));
    }
    let pair = BASE64.decode(encoded.trim()).map_err(|_| malformed(name, "is not base64"))?;
    // RFC 7617: the name ends at the first colon, the password may hold more of them.
    let colon = pair.iter().position(|byte| *byte == b':').ok_or_else(|| malformed(name, "has no colon"))?;
    let identity = same(&pair[..colon], credentials.identity.as_bytes());
    let secret = same(&pair[colon + 1..], credentials.secret.reveal().as_bytes());
    if bool::from(identity & secret) { Ok(()) } else { Err(VerifyError::Mismatch) }
}

/// Compares digests rather than texts, so that not even a length shows in the time that it takes.
fn same(given: &[u8], expected: &[u8]) -> subtle::Choice {
    Sha256::digest(given).ct_eq(&Sha256::digest(expected))
}

fn body_sha256(
    credentials: &Credentials,
    name: &str,
    encoding: Encoding,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), VerifyError> {
    let value = single(headers, name)?;
    let written = value.strip_prefix("sha256=").unwrap_or(value);
    let given = match encoding {
        Encoding::Hex => hex::decode(written).map_err(|_| malformed(name, "is not hexadecimal"))?,
        Encoding::Base64 => BASE64.decode(written).map_err(|_| malformed(name, "is not base64"))?,
    };
    let mut mac = mac(credentials)?;
    mac.update(body);
    mac.verify_slice(&given).map_err(|_| VerifyError::Mismatch)
}

/// Returns the delivery id, which is signed together with the timestamp and the body.
fn standard_webhooks(
    credentials: &Credentials,
    headers: &HeaderMap,
    body: &[u8],
    now_ms: u64,
) -> Result<String, VerifyError> {
    let id = single(headers, "webhook-id")?;
    // The three signed parts are joined by dots: with a dot inside, one signature would fit two different webhooks.
    if id.is_empty() || id.contains('.') || id.len() > DELIVERY_ID_BYTES_MAX {
        return Err(malformed("webhook-id", "must have 1 to 256 characters and no dot"));
    }
    let timestamp = single(headers, "webhook-timestamp")?;
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("webhook-timestamp", "must be whole seconds since 1970-01-01 UTC"));
    }
    let sent_s: u64 =
        timestamp.parse().map_err(|_| malformed("webhook-timestamp", "must be whole seconds since 1970-01-01 UTC"))?;
    let off_s = sent_s.abs_diff(now_ms / 1000);
    if off_s > WINDOW_S {
        return Err(VerifyError::Stale { off_s, window_s: WINDOW_S });
    }
    let mut mac = mac(credentials)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    let expected = mac.finalize().into_bytes();
    let signatures = single(headers, "webhook-signature")?;
    let mut matched = subtle::Choice::from(0);
    for signature in signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).take(SIGNATURES_MAX) {
        let given = BASE64.decode(signature).unwrap_or_default();
        matched |= given.as_slice().ct_eq(expected.as_slice());
    }
    if bool::from(matched) { Ok(id.to_owned()) } else { Err(VerifyError::Mismatch) }
}

fn mac(credentials: &Credentials) -> Result<Hmac<Sha256>, VerifyError> {
    // Registration refuses a `whsec_` secret that is not base64; were one in the store all the same, nothing matches it.
    let key = key(credentials.secret.reveal()).ok_or(VerifyError::Mismatch)?;
    Hmac::new_from_slice(&key).map_err(|_| VerifyError::Mismatch)
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    (!id.is_empty() && id.len() <= DELIVERY_ID_BYTES_MAX).then(|| id.to_owned())
}

/// A header that must be there once: of two, the sender and a proxy might each mean another.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, VerifyError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| malformed(name, "is missing"))?;
    if values.next().is_some() {
        return Err(malformed(name, "is there more than once"));
    }
    value.to_str().map_err(|_| malformed(name, "is not ASCII text"))
}

fn malformed(header: &str, reason: &str) -> VerifyError {
    VerifyError::Header { header: header.to_owned(), reason: reason.to_owned() }
}
