//! `/v1/modules`: upload, roll back, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::hooks::unavailable;
use super::keys::Caller;
use super::limits;
use super::problem::Problem;
use super::router::Front;
use crate::domain::names::ModuleName;
use crate::guest;
use crate::pipeline::modules;
use crate::pipeline::record;
use crate::store::{self, Version};

/// `PUT /v1/modules/{name}`: the body is a component; it becomes a version and serves from the next turn on. 201 with the
/// version and the report; 422 with the report when it is refused.
pub async fn put(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let caller = front.caller(&headers)?;
    let name = module_name(&name)?;
    let settings = &front.pipeline.settings;
    let longest = Duration::from_millis(settings.front.body_timeout_ms);
    let wasm = limits::body(&headers, body, settings.guest.module_bytes_max, longest).await?;
    let installed = modules::install(&front.pipeline, &caller.tenant, &name, wasm.into(), &caller.name).await;
    let installed = installed.map_err(problem)?;
    let answer = json!({ "version": version(&installed.version), "report": record::report(&installed.report) });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// `POST /v1/modules/{name}/rollback`: the version that served before the active one serves again.
pub async fn roll_back(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let Caller { tenant, name: by } = front.caller(&headers)?;
    let active = modules::roll_back(&front.pipeline, &tenant, &module_name(&name)?, &by).await.map_err(problem)?;
    Ok(Json(json!({ "version": version(&active) })))
}

/// `DELETE /v1/modules/{name}`: no version of it serves from now on.
pub async fn delete(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let Caller { tenant, name: by } = front.caller(&headers)?;
    modules::remove(&front.pipeline, &tenant, &module_name(&name)?, &by).await.map_err(problem)?;
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
