//! Reads Khoros' answer to a call (platforms.md A6, A7, A9).

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::domain::delivery::Receipt;
use crate::platform::answers::{as_it_is, retry_after, shorten};

/// The longest request id kept, in bytes.
const REFERENCE_BYTES_MAX: usize = 256;

/// What an answer means for the delivery.
///
/// The platform documents 409 ("No change was made. This request may be retried") and that a 500 may be retried and a 4xx may not.
/// The rest is HTTP's own meaning: 429 and 503 say that the request was not handled; after any other 5xx, and after 408, it may
/// have been. A 401 is tried again because tokens rotate: the operator's next one may be accepted.
pub(super) fn receipt(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if status.is_success() {
        return Receipt::Sent { reference: reference(&answer, headers) };
    }
    let reason = reason(status, &answer, body);
    let again = |ambiguous| Receipt::Again { reason: reason.clone(), after: retry_after(headers), ambiguous };
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::CONFLICT
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE => again(false),
        StatusCode::REQUEST_TIMEOUT => again(true),
        _ if status.is_server_error() => again(true),
        _ => Receipt::Refused { reason },
    }
}

/// An answer that is no yes, for people: its status and its words.
pub(super) fn reason(status: StatusCode, answer: &Value, body: &[u8]) -> String {
    shorten(format!("{status}: {}", words(answer, body)))
}

/// The platform's id of the request, in an answer as it came.
pub(super) fn reference_in(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    reference(&serde_json::from_slice(body).unwrap_or_default(), headers)
}

/// The platform's id of the request (platforms.md A1).
fn reference(answer: &Value, headers: &HeaderMap) -> Option<String> {
    let in_body = answer.get("requestId").and_then(Value::as_str);
    let in_header = || headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
    let id = in_body.or_else(in_header)?;
    (!id.is_empty() && id.len() <= REFERENCE_BYTES_MAX).then(|| id.to_owned())
}

/// The messages in any of the five envelopes (platforms.md A9), or else the body as it is.
fn words(answer: &Value, body: &[u8]) -> String {
    let error = answer.get("error");
    let lists = [answer.get("errors"), error.and_then(|error| error.get("messages"))];
    let texts = [error.and_then(|error| error.get("message")), error, answer.get("message")];
    if let Some(list) = lists.into_iter().flatten().find_map(Value::as_array) {
        return list
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join("; ");
    }
    if let Some(text) = texts.into_iter().flatten().find_map(Value::as_str) {
        return text.to_owned();
    }
    as_it_is(body)
}
