//! The envelopes of the API's answers (platforms.md A9). Every answer carries a request id, at least in a header.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::platform::ApiAnswer;

/// Where a request's id is (platforms.md A1).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What was not right about a registration.
pub(super) fn errors(status: StatusCode, texts: &[String]) -> ApiAnswer {
    answer(status, &json!({ "errors": texts }))
}

/// Most refusals.
pub(super) fn messages(status: StatusCode, texts: &[String]) -> ApiAnswer {
    answer(status, &json!({"error": {"messages": texts}}))
}

/// The same where the request's id stands beside it, as it does for 403 and 409.
pub(super) fn refused(status: StatusCode, request_id: &str, text: &str) -> ApiAnswer {
    answer(status, &json!({"requestId": request_id, "error": {"messages": [text]}}))
}

/// Who is not let in, and what is not found.
pub(super) fn message(status: StatusCode, text: &str) -> ApiAnswer {
    let id = request_id();
    let mut answer = answer(status, &json!({"error": {"message": text, "requestId": id}}));
    answer.headers = header(&id);
    answer
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> ApiAnswer {
    ApiAnswer { body: None, ..answer(status, &Value::Null) }
}

/// An answer with a body; the id in its `requestId` is the header's as well.
pub(super) fn answer(status: StatusCode, body: &Value) -> ApiAnswer {
    let id = body["requestId"].as_str().map_or_else(request_id, str::to_owned);
    written(status, &id, body.to_string())
}

/// An answer whose body is written already.
pub(super) fn written(status: StatusCode, request_id: &str, body: String) -> ApiAnswer {
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    ApiAnswer { status, body: Some(body), content_type, headers: header(request_id) }
}

fn header(request_id: &str) -> HeaderMap {
    HeaderValue::from_str(request_id).map(|id| HeaderMap::from_iter([(REQUEST_ID, id)])).unwrap_or_default()
}

/// An id to quote to support, of a request that is not recorded. Where the system has no randomness to give it is zeros: an answer is
/// worth more than its id.
pub(super) fn request_id() -> String {
    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness for a request id");
    }
    hex::encode(bytes)
}
