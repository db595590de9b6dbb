//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::hooks::unavailable;
use super::router::Front;
use crate::pipeline::figures;

/// The process runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The host takes events: its store can write.
pub async fn readyz(State(front): State<Arc<Front>>) -> Response {
    match front.pipeline.store.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(error) => unavailable(&error).into_response(),
    }
}

/// The figures, in the Prometheus text format.
pub async fn metrics(State(front): State<Arc<Front>>) -> Response {
    match front.pipeline.store.figures() {
        Ok(figures) => figures::refresh(&figures, front.pipeline.runners.waiting()),
        Err(error) => tracing::warn!(%error, "the store's figures could not be read"),
    }
    figures::compiled(front.pipeline.workshop.compilations());
    let Some(metrics) = &front.metrics else { return StatusCode::NOT_FOUND.into_response() };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
}
