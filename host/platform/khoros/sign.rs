//! Signs an event for a bot elsewhere as the platform would: what `verify.rs` checks, from the other side (conformance 52-57;
//! platforms.md A0, A1, A3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::Sha256;

use super::verify;
use crate::domain::bot::{Bot, Credentials, Encoding, Scheme};

/// The header that carries the platform's own id of a request (platforms.md A1).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Headers that say how a request is carried. A registration may name its signature's header, but none of these.
const CARRYING: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::EXPECT,
];

/// The headers of an event that goes to a bot elsewhere.
pub(super) fn headers(bot: &Bot, id: &str, body: &[u8], now_ms: u64) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(REQUEST_ID, value(id)?);
    let credentials = &bot.credentials;
    match &credentials.scheme {
        Scheme::Basic => {
            let pair = BASE64.encode(format!("{}:{}", credentials.identity, credentials.secret.reveal()));
            let mut basic = value(&format!("Basic {pair}"))?;
            basic.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, basic);
        }
        Scheme::StandardWebhooks => {
            let timestamp = (now_ms / 1000).to_string();
            let digest = digest(credentials, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])?;
            headers.insert("webhook-id", value(id)?);
            headers.insert("webhook-timestamp", value(&timestamp)?);
            headers.insert("webhook-signature", value(&format!("v1,{}", BASE64.encode(digest)))?);
        }
        Scheme::BodySha256 { header, encoding } => {
            let name = HeaderName::try_from(header).map_err(|_| format!("{header:?} is no name of a header"))?;
            if CARRYING.contains(&name) || name == REQUEST_ID {
                return Err(format!("the registration names {header} for its signature, which has another meaning"));
            }
            let digest = digest(credentials, &[body])?;
            let written = match encoding {
                Encoding::Hex => hex::encode(digest),
                Encoding::Base64 => BASE64.encode(digest),
            };
            headers.insert(name, value(&format!("sha256={written}"))?);
        }
    }
    Ok(headers)
}

fn digest(credentials: &Credentials, parts: &[&[u8]]) -> Result<Vec<u8>, String> {
    let unusable = || "the registration's secret is no key".to_owned();
    let key = verify::key(credentials.secret.reveal()).ok_or_else(unusable)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unusable())?;
    parts.iter().for_each(|part| mac.update(part));
    Ok(mac.finalize().into_bytes().to_vec())
}

fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "the registration's credentials cannot stand in a header".to_owned())
}
