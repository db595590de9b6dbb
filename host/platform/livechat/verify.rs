//! Proves that a webhook comes from whoever knows the bot agent's `secret_key` (conformance 234; platforms.md C3).
//!
//! LiveChat signs nothing: the key is in the body. So the body is read that far before it is believed, and no further: everything
//! but the key is skipped.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::bot::{Bot, Target};
use crate::platform::{Verified, VerifyError, Webhook};

/// What of a webhook is read before it is believed. A key that stands there twice is refused: another reader might see the other one.
#[derive(Deserialize)]
struct Opened<'a> {
    #[serde(borrow)]
    secret_key: Option<&'a RawValue>,
}

/// Verifies a webhook against the bot agent's key.
pub(super) fn verify(bot: &Bot, webhook: Webhook) -> Result<Verified, VerifyError> {
    let Webhook { body, .. } = webhook;
    let expected = bot.credentials.secret.reveal();
    if expected.is_empty() {
        return Err(unreadable("webhooks", "this bot agent has none, so that none can prove itself: set them first"));
    }
    // A list of one would be read as an object of one member.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(unreadable("body", "is no JSON object"));
    }
    let opened: Opened<'_> = serde_json::from_slice(&body)
        .map_err(|error| unreadable("body", &format!("is no JSON object with one secret_key: {error}")))?;
    let raw = opened.secret_key.ok_or_else(|| unreadable("secret_key", "is missing"))?;
    let given: Cow<'_, str> =
        serde_json::from_str(raw.get()).map_err(|_| unreadable("secret_key", "must be a string"))?;
    // Digests are compared rather than texts, so that not even a length shows in the time that it takes.
    let same = Sha256::digest(given.as_bytes()).ct_eq(&Sha256::digest(expected.as_bytes()));
    if !bool::from(same) {
        return Err(VerifyError::Mismatch);
    }
    let kept = match bot.target {
        Target::Module { .. } => without(&body, raw),
        // Whoever gets it has to verify it as well.
        Target::Relay { .. } => body.clone(),
    };
    Ok(Verified::new(kept, None))
}

/// The body with an empty text in the key's place: a bot that runs here has no need of it, and neither has the disk.
fn without(body: &Bytes, secret: &RawValue) -> Bytes {
    let start = secret.get().as_ptr() as usize - body.as_ptr() as usize;
    let end = start + secret.get().len();
    [&body[..start], b"\"\"", &body[end..]].concat().into()
}

fn unreadable(part: &'static str, reason: &str) -> VerifyError {
    VerifyError::Unreadable { part, reason: reason.to_owned() }
}
