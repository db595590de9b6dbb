//! The platforms' own APIs, as they document them: a valid key or token makes an `ApiCall`, and the platform answers it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use super::limits;
use super::router::Front;
use crate::platform::{ApiAnswer, ApiCall, Platform};

/// Answers a call below one of a platform's prefixes.
pub async fn call(
    State(front): State<Arc<Front>>,
    platform: &'static dyn Platform,
    prefix: &'static str,
    request: Request,
) -> Response {
    let shown = platform.api_shown(prefix, request.headers());
    let caller = shown.map(|shown| front.api_caller(platform, shown, request.extensions()));
    let Some(Ok((caller, by))) = caller else {
        return answer(platform.api_unauthorized(prefix));
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(prefix).unwrap_or_default().trim_start_matches('/');
    let scope = platform.api_scope(&parts.method, path);
    if !caller.scopes.allow(scope) {
        return answer(platform.api_forbidden(prefix, scope));
    }
    let settings = &front.pipeline.settings.front;
    let longest = Duration::from_millis(settings.body_timeout_ms);
    let body = match limits::body(&parts.headers, body, settings.body_bytes_max, longest).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let call = ApiCall {
        tenant: caller.tenant,
        actor: caller.actor,
        client_id: caller.client_id,
        by,
        key: caller.key,
        scopes: caller.scopes,
        method: parts.method,
        prefix,
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body,
        now_ms: front.pipeline.clock.now_ms(),
    };
    answer(platform.api(call, &*front.pipeline).await)
}

fn answer(answer: ApiAnswer) -> Response {
    let ApiAnswer { status, body, content_type, headers } = answer;
    let Some(body) = body else { return (status, headers).into_response() };
    (status, headers, [(CONTENT_TYPE, content_type)], Body::from(body)).into_response()
}
