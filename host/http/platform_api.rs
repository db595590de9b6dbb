//! The platforms' own APIs, as they document them: a valid key or token makes an `ApiCall`, and the platform answers it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
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
    let shown = platform.api_shown(prefix, request.headers(), request.uri().query().unwrap_or_default());
    let caller = shown.map(|shown| front.api_caller(platform, shown, request.extensions()));
    let (caller, by) = match caller {
        Some(Ok(caller)) => caller,
        Some(Err(problem)) => return answer(turned_away(platform, prefix, problem.status())),
        None => return answer(platform.api_unauthorized(prefix, false)),
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

/// In the platform's words why a caller is not let in. When the store cannot say who it is the key may well be right: whoever is
/// told 401 throws it away.
fn turned_away(platform: &dyn Platform, prefix: &str, status: StatusCode) -> ApiAnswer {
    match status.is_server_error() {
        true => platform.api_unavailable(prefix),
        false => platform.api_unauthorized(prefix, true),
    }
}

fn answer(answer: ApiAnswer) -> Response {
    let ApiAnswer { status, body, content_type, headers } = answer;
    let Some(body) = body else { return (status, headers).into_response() };
    (status, headers, [(CONTENT_TYPE, content_type)], Body::from(body)).into_response()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::RETRY_AFTER;

    use super::turned_away;
    use crate::http::problem::Problem;
    use crate::platform::PLATFORMS;
    use crate::store::Error;

    #[test]
    fn a_store_that_cannot_say_is_no_wrong_key() {
        let busy = Problem::of_store(&Error::Busy { waiting: 1 }).status();
        for platform in PLATFORMS {
            for prefix in platform.api_prefixes() {
                let answer = turned_away(*platform, prefix, busy);
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{prefix}");
                assert!(answer.headers.contains_key(RETRY_AFTER), "{prefix}");
                let refused = platform.api_unauthorized(prefix, true);
                assert_eq!(answer.content_type, refused.content_type, "{prefix}: the platform's envelope");
                let answer = turned_away(*platform, prefix, StatusCode::UNAUTHORIZED);
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{prefix}");
            }
        }
    }
}
