//! `Idempotency-Key`: a write that carries one is done once, however often it is sent; every further time gets the answer of
//! the first. Answers are kept for 24 hours, sealed.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest as _, Sha256};

use super::hooks::unavailable;
use super::keys::Caller;
use super::problem::Problem;
use super::router::Front;
use crate::store::{Begun, Finished, Intent};

/// The request's header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The answer's header: `true` when it is that of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 128;
/// The largest answer that is kept, in bytes; none of this API's is larger.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Runs a request; one that was answered before under its key is answered the same and not run.
pub(super) async fn once(front: &Front, caller: &Caller, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get(HEADER).cloned() else { return next.run(request).await };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match under_key(front, caller, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn under_key(
    front: &Front,
    caller: &Caller,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let key = key.ok_or_else(|| {
        let detail = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} visible ASCII characters");
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key", detail)
    })?;
    // What a caller takes for a key may be a secret of its own; what tells two of them apart is enough here.
    let key = hex::encode(Sha256::digest(key));
    let (fingerprint, request) = fingerprint(front, request).await?;
    let intent = Intent {
        tenant: caller.tenant.clone(),
        key: key.clone(),
        fingerprint,
        boot: front.boot.clone(),
        now_ms: front.pipeline.clock.now_ms(),
    };
    match front.pipeline.store.begin(intent).await.map_err(|error| unavailable(&error))? {
        Begun::First => Ok(keep(front, caller, &key, next.run(request).await).await),
        Begun::Done(finished) => Ok(again(finished)),
        Begun::UnderWay => {
            Err(conflict("a request with this Idempotency-Key is under way: ask again shortly").retry_after_s(1))
        }
        Begun::Unknown => Err(conflict(
            "the host ended during the request with this Idempotency-Key, so it may or may not have been done: look, and use \
             a new key if it was not",
        )),
        Begun::Other => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key",
            "this Idempotency-Key was used with another request",
        )),
    }
}

fn conflict(detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotency-key", detail)
}

/// What makes it the same request. A module is not read for it: there its length and its digest header stand for the body.
async fn fingerprint(front: &Front, request: Request) -> Result<([u8; 32], Request), Problem> {
    let (parts, body) = request.into_parts();
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    part(parts.method.as_str().as_bytes());
    part(parts.uri.to_string().as_bytes());
    for name in [CONTENT_TYPE, CONTENT_LENGTH, HeaderName::from_static("content-digest")] {
        part(parts.headers.get(name).map_or(&[], HeaderValue::as_bytes));
    }
    let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body = if is_json {
        let bytes_max = front.pipeline.settings.front.body_bytes_max;
        let bytes = to_bytes(body, bytes_max).await.map_err(|error| {
            let detail = format!("the body cannot be read within {bytes_max} bytes: {error}");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
        })?;
        part(&bytes);
        Body::from(bytes)
    } else {
        body
    };
    Ok((digest.finalize().into(), Request::from_parts(parts, body)))
}

/// Keeps an answer. One that says that the host failed frees the key: the same request may be sent again.
async fn keep(front: &Front, caller: &Caller, key: &str, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let finished = (!parts.status.is_server_error()).then(|| Finished {
        status: parts.status.as_u16(),
        media_type: media_type.to_owned(),
        body: body.to_vec(),
    });
    if let Err(error) = front.pipeline.store.finish(caller.tenant.clone(), key.to_owned(), finished).await {
        tracing::warn!(%error, tenant = %caller.tenant, "an answer could not be kept for its Idempotency-Key");
    }
    Response::from_parts(parts, Body::from(body))
}

fn again(finished: Finished) -> Response {
    let status = StatusCode::from_u16(finished.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(finished.body)).into_response();
    if let Ok(kind) = HeaderValue::from_str(&finished.media_type)
        && !finished.media_type.is_empty()
    {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
