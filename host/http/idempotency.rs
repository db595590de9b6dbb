//! `Idempotency-Key`: a write that carries one is done once, however often it is sent; every further time gets the answer of
//! the first. What was refused or failed did nothing, so its key is free again. Answers are kept for 24 hours, sealed, and
//! the key is its caller's own: another caller's same key is another key.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest as _, Sha256};

use super::hooks::unavailable;
use super::keys::Caller;
use super::openapi::Content;
use super::problem::Problem;
use super::router::{Front, Route};
use super::upload::CONTENT_DIGEST;
use super::{limits, upload};
use crate::domain::names::TenantName;
use crate::pipeline::lanes::insist;
use crate::store::{Begun, Finished, Intent};

/// The request's header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The answer's header: `true` when it is that of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 128;
/// The largest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 32 << 10;
/// How long the end of a request is tried to be written, in milliseconds.
const INSIST_MS: u64 = 60 * 60 * 1000;

/// Runs a request; one that was done before under its key is answered the same and not run.
pub(super) async fn once(
    front: Arc<Front>,
    route: &'static Route,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = request.headers().get(HEADER).cloned() else { return next.run(request).await };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    // It goes on to its end when the caller hangs up: only so is the key either settled or free.
    let work = tokio::spawn(async move { under_key(&front, route, &caller, &key, request, next).await });
    match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => failed(&error).into_response(),
    }
}

async fn under_key(
    front: &Front,
    route: &Route,
    caller: &Caller,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = stored(caller, key)?;
    let (parts, body) = request.into_parts();
    let (fingerprint, body) = fingerprint(front, route, &parts, body).await?;
    let intent = Intent {
        tenant: caller.tenant.clone(),
        key: key.clone(),
        fingerprint,
        boot: front.boot.clone(),
        now_ms: front.pipeline.clock.now_ms(),
    };
    let begun = front.pipeline.store.begin(intent).await.map_err(|error| unavailable(&error))?;
    if begun != Begun::First {
        let (bytes_max, longest) = bounds(front, route);
        limits::give_up(&parts.headers, body, bytes_max, longest).await;
        return not_again(begun);
    }
    let ran = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind().await;
    let (response, finished) = match ran {
        Ok(response) if response.status().is_success() => taken_down(response).await,
        Ok(response) => (response, None),
        Err(_) => (failed(&"it panicked").into_response(), None),
    };
    finish(front, &caller.tenant, &key, finished).await;
    Ok(response)
}

/// The name under which a caller's key is kept. What a caller takes for a key may be a secret of its own: a digest tells two
/// of them apart just as well.
fn stored(caller: &Caller, key: &HeaderValue) -> Result<String, Problem> {
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let key = key.ok_or_else(|| {
        let detail = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} visible ASCII characters");
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key", detail)
    })?;
    Ok(hex::encode(Sha256::new().chain_update(caller.key.as_str()).chain_update([0]).chain_update(key).finalize()))
}

/// The answer to a request whose key was taken before.
fn not_again(begun: Begun) -> Result<Response, Problem> {
    match begun {
        Begun::First => Err(failed(&"it was taken for an earlier one")),
        Begun::Done(finished) => again(finished),
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

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a request with an Idempotency-Key failed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "host", "the request failed on the host; its log says why")
}

fn conflict(detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotency-key", detail)
}

/// How large the route's body may be, in bytes, and how long it may take.
fn bounds(front: &Front, route: &Route) -> (usize, Duration) {
    let settings = &front.pipeline.settings;
    let bytes_max = if is_module(route) { settings.guest.module_bytes_max } else { settings.front.body_bytes_max };
    (bytes_max, Duration::from_millis(settings.front.body_timeout_ms))
}

fn is_module(route: &Route) -> bool {
    matches!(route.body, Some(Content::Other(_)))
}

/// What makes it the same request, and its body. A module is not read for it: there its digest, which is checked later,
/// stands for it.
async fn fingerprint(front: &Front, route: &Route, parts: &Parts, body: Body) -> Result<([u8; 32], Body), Problem> {
    let (bytes_max, longest) = bounds(front, route);
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    part(parts.method.as_str().as_bytes());
    part(parts.uri.to_string().as_bytes());
    part(parts.headers.get(CONTENT_TYPE).map_or(&[], HeaderValue::as_bytes));
    let body = if is_module(route) {
        match upload::announced_digest(&parts.headers) {
            Ok(Some(announced)) => part(&announced),
            wrong => {
                limits::give_up(&parts.headers, body, bytes_max, longest).await;
                return Err(wrong.err().unwrap_or_else(no_digest));
            }
        }
        body
    } else {
        let bytes = limits::body(&parts.headers, body, bytes_max, longest).await?;
        part(&bytes);
        Body::from(bytes)
    };
    Ok((digest.finalize().into(), body))
}

fn no_digest() -> Problem {
    let detail =
        format!("a module that comes with an Idempotency-Key needs a {CONTENT_DIGEST}: sha-256=:<base64>: beside it");
    Problem::new(StatusCode::BAD_REQUEST, "content-digest", detail)
}

/// An answer, and what is kept of it.
async fn taken_down(response: Response) -> (Response, Option<Finished>) {
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return (failed(&error).into_response(), None),
    };
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let finished = Finished {
        status: parts.status.as_u16(),
        media_type: media_type.to_owned(),
        body: (body.len() <= ANSWER_BYTES_MAX).then(|| body.to_vec()),
    };
    (Response::from_parts(parts, Body::from(body)), Some(finished))
}

/// Keeps an answer; without one, frees the key.
async fn finish(front: &Front, tenant: &TenantName, key: &str, finished: Option<Finished>) {
    let until_ms = front.pipeline.clock.now_ms() + INSIST_MS;
    let write = || front.pipeline.store.finish(tenant.clone(), key.to_owned(), finished.clone());
    if let Err(error) = insist(&*front.pipeline.clock, until_ms, write).await {
        tracing::error!(%error, %tenant, "an answer could not be kept for its Idempotency-Key");
    }
}

fn again(finished: Finished) -> Result<Response, Problem> {
    let Finished { status, media_type, body } = finished;
    let body = body.ok_or_else(|| {
        let detail = format!(
            "the request with this Idempotency-Key was done, with status {status}; its answer was larger than the \
             {ANSWER_BYTES_MAX} bytes that are kept, so look at what it made"
        );
        conflict(&detail)
    })?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(body)).into_response();
    if let Ok(kind) = HeaderValue::from_str(&media_type)
        && !media_type.is_empty()
    {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
