//! `/v1/modules/{name}/versions` and `/activations`: every version with its report, and which one served when.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{delete, get, post};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Access;
use super::download;
use super::extract::Query;
use super::hooks::unavailable;
use super::keys::Caller;
use super::modules::{ServingJson, module_name, no_module, problem, to_the_end};
use super::openapi::{Content, json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::{ModuleName, TenantName};
use crate::domain::scope::Scope;
use crate::pipeline::modules;
use crate::pipeline::report_json::{self, ReportJson};
use crate::store::{Activation, VersionRecord};

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/modules/{name}/versions",
        access: Access::Scope(Scope::READ),
        summary: "A module's versions, without their reports. Deleted ones are not among them.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<VersionRecordJson>())),
        problems: &[(404, "There is no such module.")],
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: "/v1/modules/{name}/versions/{version}",
        access: Access::Scope(Scope::READ),
        summary: "One version with its report.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<VersionRecordJson>())),
        problems: &[(404, "There is no such version.")],
        handler: || get(one),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/modules/{name}/versions/{version}",
        access: Access::Scope(Scope::DEPLOY),
        summary: "Delete a version. Its number is not used again.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[(404, "There is no such version."), (409, "Something uses it; `detail` says what.")],
        handler: || delete(remove),
    },
    Route {
        method: Method::GET,
        path: "/v1/modules/{name}/versions/{version}/wasm",
        access: Access::Scope(Scope::DEPLOY),
        summary: "A version's bytes as they were uploaded.",
        query: &[],
        body: None,
        answer: (200, Some(Content::Other("application/wasm"))),
        problems: &[(404, "There is no such version.")],
        handler: || get(wasm),
    },
    Route {
        method: Method::POST,
        path: "/v1/modules/{name}/versions/{version}/activate",
        access: Access::Scope(Scope::DEPLOY),
        summary: "A version serves from the next turn on.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<ServingJson>())),
        problems: &[(404, "There is no such version.")],
        handler: || post(activate),
    },
    Route {
        method: Method::GET,
        path: "/v1/modules/{name}/activations",
        access: Access::Scope(Scope::READ),
        summary: "What served when, and who made it serve. Entries are never changed or removed.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<ActivationJson>())),
        problems: &[(404, "There is no such module.")],
        handler: || get(activations),
    },
];

/// A version, and what is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionRecord)]
struct VersionRecordJson {
    module: String,
    /// Counted from 1 within the module, and never used again.
    version: u32,
    /// The SHA-256 of its bytes, in hexadecimal.
    digest: String,
    bytes: u64,
    created_ms: u64,
    /// `key:<public id>`, or `operator` for a file in the watched directory.
    by: String,
    /// An address or a path.
    origin: String,
    /// Whether it serves.
    active: bool,
    /// How many bots are pinned to it.
    pinned_bots: u32,
    /// What was found out about it; null in lists.
    report: Option<ReportJson>,
}

/// One entry of the log of what served when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activation)]
struct ActivationJson {
    activation: i64,
    at_ms: u64,
    /// What served from then on; null after a stop.
    version: Option<u32>,
    /// `key:<public id>`, or `operator`.
    by: String,
    /// An address or a path.
    origin: String,
}

impl From<VersionRecord> for VersionRecordJson {
    fn from(record: VersionRecord) -> Self {
        let version = record.version;
        Self {
            module: version.module.to_string(),
            version: version.version,
            digest: version.digest.to_string(),
            bytes: version.bytes,
            created_ms: version.created_ms,
            by: record.actor.name,
            origin: record.actor.origin,
            active: record.active,
            pinned_bots: record.pinned_bots,
            report: record.report.as_deref().and_then(report_json::read),
        }
    }
}

impl From<Activation> for ActivationJson {
    fn from(entry: Activation) -> Self {
        let Activation { seq, version, actor, at_ms } = entry;
        Self { activation: seq, at_ms, version, by: actor.name, origin: actor.origin }
    }
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<VersionRecordJson>>, Problem> {
    let (store, limit, name) = (&front.pipeline.store, page.limit(), module_name(&name)?);
    known(&front, &caller.tenant, &name)?;
    let versions = store.versions(&caller.tenant, &name, page.before()?, limit).map_err(|error| unavailable(&error))?;
    let next = (versions.len() == limit).then(|| versions.last().map(|last| i64::from(last.version.version))).flatten();
    Ok(Json(Page::new(versions.into_iter().map(VersionRecordJson::from).collect(), next)))
}

async fn one(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<VersionRecordJson>, Problem> {
    let record = record(&front, &caller.tenant, &module_name(&name)?, number(&version)?)?;
    Ok(Json(record.into()))
}

async fn remove(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let Caller { tenant, actor, .. } = caller;
    let (name, number) = (module_name(&name)?, number(&version)?);
    to_the_end(async move { modules::delete_version(&front.pipeline, &tenant, &name, number, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<ServingJson>, Problem> {
    let Caller { tenant, actor, .. } = caller;
    let (name, number) = (module_name(&name)?, number(&version)?);
    let work = async move { modules::activate(&front.pipeline, &tenant, &name, number, &actor).await };
    Ok(Json(to_the_end(work).await?.into()))
}

async fn wasm(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = record(&front, &caller.tenant, &module_name(&name)?, number(&version)?)?.version;
    download::component(&front.pipeline, &version.digest, &headers).await.map_err(problem)
}

async fn activations(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ActivationJson>>, Problem> {
    let (store, limit, name) = (&front.pipeline.store, page.limit(), module_name(&name)?);
    known(&front, &caller.tenant, &name)?;
    let entries = store.activations(&caller.tenant, &name, page.before()?, limit);
    let entries = entries.map_err(|error| unavailable(&error))?;
    let next = (entries.len() == limit).then(|| entries.last().map(|last| last.seq)).flatten();
    Ok(Json(Page::new(entries.into_iter().map(ActivationJson::from).collect(), next)))
}

/// Refuses what is no module of the tenant.
fn known(front: &Front, tenant: &TenantName, name: &ModuleName) -> Result<(), Problem> {
    let module = front.pipeline.store.module(tenant, name).map_err(|error| unavailable(&error))?;
    module.map(drop).ok_or_else(|| no_module(name))
}

fn record(front: &Front, tenant: &TenantName, name: &ModuleName, number: u32) -> Result<VersionRecord, Problem> {
    let record = front.pipeline.store.version_record(tenant, name, number).map_err(|error| unavailable(&error))?;
    record.ok_or_else(|| {
        let detail = format!("the module {name} has no version {number}");
        Problem::new(StatusCode::NOT_FOUND, "no-version", detail)
    })
}

/// A version's number in a path.
fn number(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| {
        let detail = format!("a version is a whole number, not {text:?}");
        Problem::new(StatusCode::BAD_REQUEST, "version", detail)
    })
}
