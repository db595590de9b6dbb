//! Reading a request's body within its limits of size and time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;

use super::problem::Problem;

/// Reads a body of at most `bytes_max` bytes that comes within `longest`. Nothing is decompressed: what is counted is what
/// is read.
///
/// # Errors
/// 413 when it is larger, 408 when it is slower, 400 when it breaks off.
pub async fn body(headers: &HeaderMap, body: Body, bytes_max: usize, longest: Duration) -> Result<Bytes, Problem> {
    let body = announced(headers, body, bytes_max, longest).await?;
    match tokio::time::timeout(longest, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large(bytes_max)),
        Ok(Err(error)) => Err(Problem::new(StatusCode::BAD_REQUEST, "body", format!("the body broke off: {error}"))),
        Err(_) => Err(too_slow(longest)),
    }
}

/// Lets a body pass unless it announces more than `bytes_max` bytes.
///
/// # Errors
/// 413.
pub(super) async fn announced(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    longest: Duration,
) -> Result<Body, Problem> {
    if length(headers).is_some_and(|length| length > bytes_max as u64) {
        give_up(headers, body, bytes_max, longest).await;
        return Err(too_large(bytes_max));
    }
    Ok(body)
}

/// Throws a body away, as far as it is worth it. Closing on somebody who still sends resets the connection, and the answer is
/// lost with it.
pub(super) async fn give_up(headers: &HeaderMap, body: Body, bytes_max: usize, longest: Duration) {
    if length(headers).is_some_and(|length| length <= DISCARDED_MAX * bytes_max as u64) {
        let _ = tokio::time::timeout(longest, discard(body)).await;
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How many times the limit a body may announce and still be read to its end, to be thrown away.
const DISCARDED_MAX: u64 = 4;

async fn discard(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

pub(super) fn too_slow(longest: Duration) -> Problem {
    let detail = format!("the body did not come within {} ms", longest.as_millis());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", detail)
}

pub(super) fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("the body has more than the {bytes_max} bytes that are taken here");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = cause.source();
    }
    false
}
