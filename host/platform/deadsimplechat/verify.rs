//! Proves that a webhook comes from whoever was told the bot's URL, and cuts off the history that the bot may not see.
//!
//! DeadSimpleChat documents neither a signature nor a header for it (platforms.md B4): the secret is the last part of the path.

use bytes::Bytes;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::registration::Registration;
use crate::domain::bot::Bot;
use crate::platform::fields::Fields;
use crate::platform::{Verified, VerifyError, Webhook};

/// The member whose length the registration's `messageHistoryLimit` bounds (conformance 196).
const HISTORY: &str = "messageHistory";

/// Verifies a webhook against the bot's secret.
pub(super) fn verify(bot: &Bot, webhook: &Webhook) -> Result<Verified, VerifyError> {
    let (_, given) = webhook.path.split_once('.').ok_or_else(|| VerifyError::Unreadable {
        part: "path",
        reason: "must end in <bot>.<secret>, as the bot's hook shows it".to_owned(),
    })?;
    let secret = bot.credentials.secret.reveal();
    // Digests are compared rather than texts, so that not even a length shows in the time that it takes.
    let same = Sha256::digest(given).ct_eq(&Sha256::digest(secret));
    if secret.is_empty() || !bool::from(same) {
        return Err(VerifyError::Mismatch);
    }
    Ok(Verified::new(trim(&webhook.body, Registration::of(bot).message_history_limit), None))
}

/// The body with at most `limit` messages of history, the newest; every other byte stays as it is. What is no event is left to
/// the decoder to refuse.
fn trim(body: &Bytes, limit: usize) -> Bytes {
    let Ok(json) = std::str::from_utf8(body) else { return body.clone() };
    let Some(members) = Fields::parse(json) else { return body.clone() };
    let (mut trimmed, mut done) = (String::new(), 0);
    // A name may stand there twice, and nobody may find in the first what was cut off of the second.
    for (_, value) in members.iter().filter(|(name, _)| *name == HISTORY) {
        let Some(kept) = newest(value.get(), limit) else { continue };
        let start = offset(json, value.get());
        trimmed.push_str(&json[done..start]);
        trimmed.push_str(&kept);
        done = start + value.get().len();
    }
    if done == 0 {
        return body.clone();
    }
    trimmed.push_str(&json[done..]);
    Bytes::from(trimmed)
}

/// A list's last items; nothing where it is short enough. What is no list cannot be counted, so that nothing of it is kept.
fn newest(value: &str, limit: usize) -> Option<String> {
    if value == "null" {
        return None;
    }
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(value) else { return Some("[]".to_owned()) };
    let left_out = items.len().checked_sub(limit).filter(|count| *count > 0)?;
    Some(match items.get(left_out) {
        Some(first) => format!("[{}", &value[offset(value, first.get())..]),
        None => "[]".to_owned(),
    })
}

/// Where a part that was read out of a text begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}
