//! Reads LiveChat's answer to a call (platforms.md C5).

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::domain::delivery::Receipt;
use crate::platform::answers::{as_it_is, retry_after, shorten};

/// The longest id of an event kept, in bytes.
const REFERENCE_BYTES_MAX: usize = 256;

/// What an answer means for the delivery.
///
/// The error's type says more than the status, of which the documents say nothing. What was not handled is tried again; after a failure
/// within, or when time ran out, it may have been done. An authentication is tried again because tokens rotate.
pub(super) fn receipt(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
    if status.is_success() {
        return Receipt::Sent { reference: reference(body) };
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = answer.pointer("/error/type").and_then(Value::as_str);
    let message = answer.pointer("/error/message").and_then(Value::as_str);
    let words = match (kind, message) {
        (Some(kind), Some(message)) => format!("{status}: {kind}: {message}"),
        (Some(kind), None) => format!("{status}: {kind}"),
        _ => format!("{status}: {}", as_it_is(body)),
    };
    let reason = shorten(words);
    let again = |ambiguous| Receipt::Again { reason: reason.clone(), after: retry_after(headers), ambiguous };
    match kind {
        Some("authentication" | "too_many_requests" | "service_unavailable") => return again(false),
        Some("internal" | "request_timeout") => return again(true),
        _ => {}
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => again(false),
        StatusCode::REQUEST_TIMEOUT => again(true),
        _ if status.is_server_error() => again(true),
        _ => Receipt::Refused { reason },
    }
}

/// The id of the event that was made: `event_id` (v3.1), or that of the event shown (v3.0).
pub(super) fn reference(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let id = answer.get("event_id").or_else(|| answer.pointer("/event/id"))?.as_str()?;
    (!id.is_empty() && id.len() <= REFERENCE_BYTES_MAX).then(|| id.to_owned())
}
