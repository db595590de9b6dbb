//! What a handler reads of a request, with refusals that say where and what.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::limits;
use super::problem::Problem;
use super::router::Front;

/// A JSON body. An empty one is an empty object, so that a call whose members are all optional needs none.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

/// The query, read into a type; members that the type does not have are somebody else's.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Front>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, front: &Arc<Front>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let settings = &front.pipeline.settings.front;
        let longest = Duration::from_millis(settings.body_timeout_ms);
        let body = limits::body(&parts.headers, body, settings.body_bytes_max, longest).await?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed-body",
                format!("the body is not what is taken here: {error}"),
            )
        })
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|axum::extract::Query(query)| Self(query)).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "malformed-query", format!("the query: {}", error.body_text()))
        })
    }
}
