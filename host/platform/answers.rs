//! What the platforms' answers to requests have in common: how long they ask to be left alone, and words of a bounded length.

use std::time::Duration;

use http::{HeaderMap, header};

/// The longest text kept of an answer, in bytes.
pub const REASON_BYTES_MAX: usize = 1024;

/// The longest wait that a platform can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Seconds; the other form, a date, would need a clock that this room does not have, and no platform documents either.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// A body as it is, as far as it is worth showing.
pub(super) fn as_it_is(body: &[u8]) -> String {
    let start = &body[..body.len().min(REASON_BYTES_MAX)];
    if start.is_empty() { "no body".to_owned() } else { String::from_utf8_lossy(start).into_owned() }
}

/// Cuts a text off where it gets too long.
pub(super) fn shorten(mut text: String) -> String {
    if text.len() > REASON_BYTES_MAX {
        let cut = "…";
        text.truncate(text.floor_char_boundary(REASON_BYTES_MAX - cut.len()));
        text.push_str(cut);
    }
    text
}
