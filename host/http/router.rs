//! Every route of the host, in one place.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::routing::{any, get, post, put};
use http::{HeaderMap, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;

use super::keys::{Caller, Keys};
use super::problem::Problem;
use super::{hooks, modules, platform_api, probes};
use crate::pipeline::Pipeline;
use crate::platform::PLATFORMS;

/// What the routes work with.
#[derive(Debug)]
pub struct Front {
    /// The stages.
    pub pipeline: Arc<Pipeline>,
    /// Who may call.
    pub keys: Keys,
    /// The figures, where they are kept.
    pub metrics: Option<PrometheusHandle>,
}

impl Front {
    /// Whoever shows a valid key.
    ///
    /// # Errors
    /// 401.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.keys.caller(headers).ok_or_else(|| {
            let detail = "this needs `Authorization: Bearer <key>`; the first key is in <data>/admin.key";
            Problem::new(StatusCode::UNAUTHORIZED, "no-key", detail)
        })
    }
}

/// The routes. A platform adds its own by being in `PLATFORMS`.
pub fn router(front: Arc<Front>) -> Router {
    let mut router = Router::new()
        .route("/v1/modules/{name}", put(modules::put).delete(modules::delete))
        .route("/v1/modules/{name}/rollback", post(modules::roll_back))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics));
    for platform in PLATFORMS {
        let call = move |state: State<Arc<Front>>, request: Request| platform_api::call(state, *platform, request);
        router = router.route(&format!("{}/{{*path}}", platform.api_prefix()), any(call));
    }
    let hooks =
        Router::new().route("/hooks/{platform}/{*path}", post(hooks::receive)).with_state(front.pipeline.clone());
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path"))
        .with_state(front)
        .merge(hooks)
        // Each route reads its body through `limits::body`, with a limit of its own.
        .layer(DefaultBodyLimit::disable())
}
