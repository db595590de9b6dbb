//! `/v1/modules`: upload, roll back, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::access::Access;
use super::hooks::unavailable;
use super::keys::Caller;
use super::limits;
use super::openapi::Content;
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::ModuleName;
use crate::domain::scope::Scope;
use crate::guest;
use crate::pipeline::modules;
use crate::pipeline::record;
use crate::store::{self, Version};

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::PUT,
        path: "/v1/modules/{name}",
        access: Access::Scope(Scope::DEPLOY),
        summary: "Upload a component: it becomes a version and serves from the next turn on.",
        query: &[],
        body: Some(Content::Other("application/wasm")),
        answer: (201, Some(Content::Other("application/json"))),
        problems: &[(413, "The module is too large."), (422, "The module is refused; `report` says why.")],
        handler: || axum::routing::put(put),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/modules/{name}",
        access: Access::Scope(Scope::DEPLOY),
        summary: "Stop a module: no version of it serves from now on.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[(404, "There is no such module.")],
        handler: || axum::routing::delete(delete),
    },
    Route {
        method: Method::POST,
        path: "/v1/modules/{name}/rollback",
        access: Access::Scope(Scope::DEPLOY),
        summary: "The version that served before the active one serves again.",
        query: &[],
        body: None,
        answer: (200, Some(Content::Other("application/json"))),
        problems: &[(404, "No other version served before.")],
        handler: || axum::routing::post(roll_back),
    },
];

/// The body is a component; it becomes a version and serves from the next turn on. 201 with the
/// version and the report; 422 with the report when it is refused.
async fn put(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let name = module_name(&name)?;
    let settings = &front.pipeline.settings;
    let longest = Duration::from_millis(settings.front.body_timeout_ms);
    let wasm = limits::body(&headers, body, settings.guest.module_bytes_max, longest).await?;
    let installed = modules::install(&front.pipeline, &caller.tenant, &name, wasm.into(), &caller.actor).await;
    let installed = installed.map_err(problem)?;
    let answer = json!({ "version": version(&installed.version), "report": record::report(&installed.report) });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The version that served before the active one serves again.
async fn roll_back(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let Caller { tenant, actor, .. } = caller;
    let active = modules::roll_back(&front.pipeline, &tenant, &module_name(&name)?, &actor).await.map_err(problem)?;
    Ok(Json(json!({ "version": version(&active) })))
}

/// No version of it serves from now on.
async fn delete(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let Caller { tenant, actor, .. } = caller;
    modules::remove(&front.pipeline, &tenant, &module_name(&name)?, &actor).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

fn module_name(name: &str) -> Result<ModuleName, Problem> {
    ModuleName::parse(name).map_err(|reason| Problem::new(StatusCode::BAD_REQUEST, "module-name", reason))
}

fn version(version: &Version) -> Value {
    json!({
        "module": version.module.as_str(),
        "version": version.version,
        "digest": version.digest.as_str(),
        "bytes": version.bytes,
        "created_ms": version.created_ms,
    })
}

fn problem(error: modules::Error) -> Problem {
    match error {
        modules::Error::Refused(error) => refusal(&error),
        modules::Error::Store(store::Error::Missing(what)) => Problem::new(StatusCode::NOT_FOUND, "no-version", what),
        modules::Error::Store(error) => unavailable(&error),
        modules::Error::Stopped => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error.to_string()).retry_after_s(1)
        }
    }
}

fn refusal(refusal: &guest::Refusal) -> Problem {
    match refusal {
        guest::Refusal::Module(report) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "module-refused", refusal.to_string())
                .with("report", record::report(report))
        }
        guest::Refusal::Host(error) => {
            tracing::error!(%error, "a module could not be prepared");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "host", error.to_string())
        }
    }
}
