//! Errors as RFC 9457 problem details.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::hooks::unavailable;
use crate::store;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    more: Option<Box<(&'static str, Value)>>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem; `kind` is its stable name, `detail` tells a person what happened and what to do.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), more: None, retry_after_s: None }
    }

    /// What the store refused: 404 for what is missing, 409 for what stands against it, 503 for what it cannot do now.
    #[must_use]
    pub fn of_store(error: &store::Error) -> Self {
        match error {
            store::Error::Missing(what) => Self::new(StatusCode::NOT_FOUND, "missing", what.as_str()),
            store::Error::Conflict(what) => Self::new(StatusCode::CONFLICT, "conflict", what.as_str()),
            error => unavailable(error),
        }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Adds a member with the particulars.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more = Some(Box::new((name, value)));
        self
    }

    /// Says when another try may succeed.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:bothost:problem:{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(more) = self.more {
            let (name, value) = *more;
            body[name] = value;
        }
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(CONTENT_TYPE, json)], body.to_string()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
