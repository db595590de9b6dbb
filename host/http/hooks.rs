//! Webhooks in: `POST /hooks/{platform}/{...}`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::limits;
use super::problem::Problem;
use crate::pipeline::{Pipeline, figures, receive};
use crate::platform::{self, VerifyError, Webhook};
use crate::store::{self, Accepted};

/// The header that tells a webhook's sender which event it became, or was already.
pub const EVENT_HEADER: &str = "bothost-event";

/// Takes a webhook in. The platform's own success code means: on disk, or known already.
pub async fn receive(
    State(pipeline): State<Arc<Pipeline>>,
    Path((platform, path)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(platform) = platform::find(&platform) else { return refuse(&receive::Error::NoBot) };
    let front = &pipeline.settings.front;
    let longest = Duration::from_millis(front.body_timeout_ms);
    let body = match limits::body(&headers, body, front.body_bytes_max, longest).await {
        Ok(body) => body,
        Err(problem) => {
            figures::unread(platform.name());
            return problem.into_response();
        }
    };
    match receive::receive(&pipeline, platform, Webhook { path, headers, body }).await {
        Ok(Accepted::New(event) | Accepted::Duplicate(event)) => {
            (platform.hook_accepted(), [(EVENT_HEADER, event.to_string())]).into_response()
        }
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &receive::Error) -> Response {
    let problem = match error {
        receive::Error::NoBot => Problem::new(StatusCode::NOT_FOUND, "no-bot", error.to_string()),
        receive::Error::Verify(VerifyError::Stale { .. }) => {
            Problem::new(StatusCode::UNAUTHORIZED, "stale-signature", error.to_string())
        }
        receive::Error::Verify(_) => Problem::new(StatusCode::UNAUTHORIZED, "bad-signature", error.to_string()),
        receive::Error::Decode(_) => Problem::new(StatusCode::BAD_REQUEST, "malformed-event", error.to_string()),
        receive::Error::Store(error) => return unavailable(error).into_response(),
    };
    problem.into_response()
}

/// The store cannot take it now: the sender must keep it and come again.
#[must_use]
pub fn unavailable(error: &store::Error) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", error.to_string()).retry_after_s(1)
}
