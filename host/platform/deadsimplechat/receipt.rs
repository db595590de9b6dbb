//! Reads DeadSimpleChat's answer to a message (platforms.md B1, B2).

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::domain::delivery::Receipt;
use crate::platform::answers::{as_it_is, retry_after, shorten};

/// What an answer means for the delivery.
///
/// Documented are 200 with `success`, 400 and 401. A success that says `success: false` is none. The rest is HTTP's own meaning:
/// 429 and 503 say that the request was not handled; after any other 5xx, and after 408, it may have been. A 401 is tried again
/// because keys rotate: the operator's next one may be accepted.
pub(super) fn receipt(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if status.is_success() && answer["success"] != false {
        return Receipt::Sent { reference: None };
    }
    let reason = shorten(format!("{status}: {}", words(&answer, body)));
    let again = |ambiguous| Receipt::Again { reason: reason.clone(), after: retry_after(headers), ambiguous };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => again(false),
        StatusCode::REQUEST_TIMEOUT => again(true),
        _ if status.is_server_error() => again(true),
        _ => Receipt::Refused { reason },
    }
}

/// `message`, `error` or both, as the documented errors have them; or else the body as it is.
fn words(answer: &Value, body: &[u8]) -> String {
    match (answer["message"].as_str(), answer["error"].as_str()) {
        (Some(message), Some(error)) if message != error => format!("{message}: {error}"),
        (Some(words), _) | (None, Some(words)) => words.to_owned(),
        (None, None) => as_it_is(body),
    }
}
