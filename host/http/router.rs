//! Every route of the host. Those of its own API are tables, one beside the handlers of each concern: the router, the guard
//! and the OpenAPI document are made of the same entries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};
use http::{Extensions, HeaderMap, Method, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;

use super::access::{Access, Peer, guard};
use super::keys::{self, Caller};
use super::openapi::{self, Content};
use super::problem::Problem;
use super::{
    audit, bots, deliveries, events, gateways, hooks, keys_api, logs, modules, platform_api, probes, tenants, tokens,
    versions,
};
use crate::pipeline::Pipeline;
use crate::platform::{By, PLATFORMS, Platform, Shown};

/// The host's own API, concern by concern.
pub const TABLES: &[&[Route]] = &[
    tenants::ROUTES,
    keys_api::ROUTES,
    gateways::ROUTES,
    modules::ROUTES,
    versions::ROUTES,
    bots::ROUTES,
    events::ROUTES,
    deliveries::ROUTES,
    logs::ROUTES,
    audit::ROUTES,
    openapi::ROUTES,
];

/// A route of the host's own API.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its parts.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What its query may hold besides `limit` and `cursor` of a list, each with an explanation.
    pub query: &'static [(&'static str, &'static str)],
    /// The body that it takes.
    pub body: Option<Content>,
    /// What it answers when it does what it is asked: status and body.
    pub answer: (u16, Option<Content>),
    /// What it may answer otherwise, besides 400, 401, 403 and 503.
    pub problems: &'static [(u16, &'static str)],
    /// Makes the handler, under its method.
    pub handler: fn() -> MethodRouter<Arc<Front>>,
}

/// Every route of the host's own API.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten()
}

/// What the routes work with.
#[derive(Debug)]
pub struct Front {
    /// The stages.
    pub pipeline: Arc<Pipeline>,
    /// The figures, where they are kept.
    pub metrics: Option<PrometheusHandle>,
    /// Identifies this process among those that served before; drawn at the start.
    pub boot: String,
}

impl Front {
    /// Whoever shows a valid key.
    ///
    /// # Errors
    /// 401, and 503 when the store cannot say.
    pub fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Problem> {
        keys::caller(&*self.pipeline.store, headers, peer(extensions), self.pipeline.clock.now_ms())
    }

    /// Whoever shows what a platform's API takes: a key, or a token that the host gave out.
    ///
    /// # Errors
    /// 401, and 503 when the store cannot say.
    pub fn api_caller(
        &self,
        platform: &dyn Platform,
        shown: Shown,
        extensions: &Extensions,
    ) -> Result<(Caller, By), Problem> {
        let (store, peer, now_ms) = (&*self.pipeline.store, peer(extensions), self.pipeline.clock.now_ms());
        match shown {
            Shown::Key { key, user } => {
                keys::of_key(store, key.reveal(), peer, now_ms).map(|caller| (caller, By::Key { user }))
            }
            Shown::Token { id, token } => tokens::caller(store, platform, (&id, &token), peer, now_ms),
        }
    }
}

/// The address that a request comes from.
fn peer(extensions: &Extensions) -> String {
    extensions.get::<Peer>().map_or_else(|| "unknown".to_owned(), |peer| peer.0.ip().to_string())
}

/// The routes. A platform adds its own by being in `PLATFORMS`.
pub fn router(front: Arc<Front>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics));
    for route in routes() {
        let guarded = (route.handler)().layer(from_fn_with_state((front.clone(), route), guard));
        router = router.route(route.path, guarded);
    }
    for platform in PLATFORMS {
        for prefix in platform.api_prefixes() {
            let call =
                move |state: State<Arc<Front>>, request: Request| platform_api::call(state, *platform, prefix, request);
            router = router.route(&format!("{prefix}/{{*path}}"), any(call));
        }
    }
    let hooks =
        Router::new().route("/hooks/{platform}/{*path}", post(hooks::receive)).with_state(front.pipeline.clone());
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not know that method")
        })
        .with_state(front)
        .merge(hooks)
        // Each route reads its body through `limits::body`, with a limit of its own.
        .layer(DefaultBodyLimit::disable())
}
