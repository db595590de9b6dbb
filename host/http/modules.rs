//! `/v1/modules`: upload, look, roll back, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post, put};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Access;
use super::extract::Query;
use super::hooks::unavailable;
use super::keys::Caller;
use super::openapi::{Content, json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use super::{limits, upload};
use crate::domain::actor::Actor;
use crate::domain::names::ModuleName;
use crate::domain::scope::Scope;
use crate::guest;
use crate::pipeline::modules;
use crate::pipeline::report_json::{ChangesJson, ReportJson};
use crate::pipeline::uploads::{self, Refused, Wanted};
use crate::store::{self, ModuleRecord, Version};

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/modules",
        access: Access::Scope(Scope::READ),
        summary: "The tenant's modules and what serves, those that came last first.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<ModuleJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: "/v1/modules/{name}",
        access: Access::Scope(Scope::READ),
        summary: "One module: what serves, and the latest upload that was refused since.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<ModuleJson>())),
        problems: &[(404, "There is no such module.")],
        handler: || get(one),
    },
    Route {
        method: Method::PUT,
        path: "/v1/modules/{name}",
        access: Access::Scope(Scope::DEPLOY),
        summary: "Upload a component: it becomes a version and serves from the next turn on. 200 when it was the newest \
                  version already. A Content-Digest with sha-256 is checked.",
        query: &[("activate", "`false`: it becomes a version and does not serve yet.")],
        body: Some(Content::Other("application/wasm")),
        answer: (201, Some(json_of::<UploadedJson>())),
        problems: &[
            (408, "The module did not come in time."),
            (413, "The module is too large."),
            (422, "The module is refused; `report` says why."),
        ],
        handler: || put(upload),
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
        handler: || delete(stop),
    },
    Route {
        method: Method::POST,
        path: "/v1/modules/{name}/rollback",
        access: Access::Scope(Scope::DEPLOY),
        summary: "The version that served before the active one serves again.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<ServingJson>())),
        problems: &[(404, "No other version served before."), (409, "What serves was changed at the same moment.")],
        handler: || post(roll_back),
    },
];

/// A module.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Module)]
struct ModuleJson {
    name: String,
    /// When its first version came; null when none was taken yet.
    created_ms: Option<u64>,
    /// What serves; null when nothing does.
    active: Option<ServingJson>,
    /// The number of its newest version.
    newest: Option<u32>,
    /// How many versions it has.
    versions: u32,
    /// How many bots are bound to it.
    bots: u32,
    /// The versions that bots are pinned to.
    pinned: Vec<u32>,
    /// The latest upload, when it was refused; forgotten when the host starts again.
    refused: Option<RefusedJson>,
}

/// An upload that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refused)]
struct RefusedJson {
    at_ms: u64,
    /// `key:<public id>`, or `operator` for a file in the watched directory.
    by: String,
    /// An address or a path.
    origin: String,
    problems: Vec<String>,
}

/// What an upload came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uploaded)]
struct UploadedJson {
    version: VersionJson,
    /// Whether it serves now.
    active: bool,
    report: ReportJson,
    /// What changed since the version that served until then, or the newest when none did; null when there was none, or when
    /// the bytes are the same.
    changes: Option<ChangesJson>,
}

/// What serves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Serving)]
pub(super) struct ServingJson {
    version: VersionJson,
    /// The number of the activation that made it serve.
    activation: i64,
}

/// A version of a module.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(super) struct VersionJson {
    module: String,
    /// Counted from 1 within the module, and never used again.
    version: u32,
    /// The SHA-256 of its bytes, in hexadecimal.
    digest: String,
    bytes: u64,
    created_ms: u64,
}

impl From<Version> for VersionJson {
    fn from(version: Version) -> Self {
        Self {
            module: version.module.to_string(),
            version: version.version,
            digest: version.digest.to_string(),
            bytes: version.bytes,
            created_ms: version.created_ms,
        }
    }
}

impl From<store::Serving> for ServingJson {
    fn from(serving: store::Serving) -> Self {
        Self { version: serving.version.into(), activation: serving.activation }
    }
}

impl From<Refused> for RefusedJson {
    fn from(refused: Refused) -> Self {
        let Actor { name, origin } = refused.actor;
        Self { at_ms: refused.at_ms, by: name, origin, problems: refused.problems }
    }
}

impl ModuleJson {
    fn new(known: Option<ModuleRecord>, name: &ModuleName, refused: Option<Refused>) -> Self {
        Self {
            name: name.to_string(),
            created_ms: known.as_ref().map(|known| known.created_ms),
            newest: known.as_ref().map(|known| known.newest),
            versions: known.as_ref().map_or(0, |known| known.versions),
            bots: known.as_ref().map_or(0, |known| known.bots),
            pinned: known.as_ref().map(|known| known.pinned.clone()).unwrap_or_default(),
            active: known.and_then(|known| known.active).map(ServingJson::from),
            refused: refused.map(RefusedJson::from),
        }
    }
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ModuleJson>>, Problem> {
    let (store, limit) = (&front.pipeline.store, page.limit());
    let modules = store.modules(&caller.tenant, page.before()?, limit).map_err(|error| unavailable(&error))?;
    let next = (modules.len() == limit).then(|| modules.last().map(|(place, _)| *place)).flatten();
    let items = modules.into_iter().map(|(_, known)| {
        let (name, tenant) = (known.module.clone(), &caller.tenant);
        let refused = front.pipeline.uploads.refused(tenant, &name);
        ModuleJson::new(Some(known), &name, refused)
    });
    Ok(Json(Page::new(items.collect(), next)))
}

async fn one(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ModuleJson>, Problem> {
    let name = module_name(&name)?;
    let known = front.pipeline.store.module(&caller.tenant, &name).map_err(|error| unavailable(&error))?;
    let refused = front.pipeline.uploads.refused(&caller.tenant, &name);
    if known.is_none() && refused.is_none() {
        return Err(no_module(&name));
    }
    Ok(Json(ModuleJson::new(known, &name, refused)))
}

/// What an upload's query may hold.
#[derive(Debug, Deserialize)]
struct UploadQuery {
    activate: Option<bool>,
}

/// The body is a component. 201 with the new version, 200 with the one that it was already, 422 when it is refused.
async fn upload(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<UploadedJson>), Problem> {
    let module = module_name(&name)?;
    let (pipeline, settings) = (&front.pipeline, &front.pipeline.settings);
    let (longest, most) = (Duration::from_millis(settings.front.body_timeout_ms), settings.guest.module_bytes_max);
    let Ok(place) = pipeline.uploads.place(&caller.tenant) else {
        limits::give_up(&headers, body, most, longest).await;
        let at_once = settings.front.uploads_at_once;
        let detail = format!(
            "as many uploads are under way as may be, {at_once} in all and half of them a tenant's: come again"
        );
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "uploads", detail).retry_after_s(2));
    };
    let file = upload::receive(&headers, body, most, longest, &settings.in_data("uploads")).await?;
    let activate = query.activate.unwrap_or(true);
    let wanted = Wanted { tenant: caller.tenant, module, activate, actor: caller.actor };
    let pipeline = pipeline.clone();
    let installed = to_the_end(async move {
        let installed = uploads::install(&pipeline, &wanted, file).await;
        drop(place);
        installed
    });
    let installed = installed.await?;
    let status = if installed.uploaded.new { StatusCode::CREATED } else { StatusCode::OK };
    let from_cache = installed.uploaded.bytes_known.then_some(installed.report.from_cache);
    let answer = UploadedJson {
        active: installed.uploaded.activation.is_some(),
        version: installed.uploaded.version.into(),
        report: ReportJson { from_cache, ..ReportJson::from(&installed.report) },
        changes: installed.changes,
    };
    Ok((status, Json(answer)))
}

/// The version that served before the active one serves again.
async fn roll_back(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ServingJson>, Problem> {
    let (Caller { tenant, actor, .. }, name) = (caller, module_name(&name)?);
    let work = async move { modules::roll_back(&front.pipeline, &tenant, &name, &actor).await };
    Ok(Json(to_the_end(work).await?.into()))
}

/// No version of it serves from now on.
async fn stop(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (Caller { tenant, actor, .. }, name) = (caller, module_name(&name)?);
    to_the_end(async move { modules::remove(&front.pipeline, &tenant, &name, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs a change to its end even when the caller goes away in the middle: the store and the catalog must not part.
pub(super) async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, modules::Error>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(change).await.unwrap_or(Err(modules::Error::Stopped)).map_err(problem)
}

/// A module's name in a path.
pub(super) fn module_name(name: &str) -> Result<ModuleName, Problem> {
    ModuleName::parse(name).map_err(|reason| Problem::new(StatusCode::BAD_REQUEST, "module-name", reason))
}

pub(super) fn no_module(name: &ModuleName) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-module", format!("there is no module {name}"))
}

/// Why a module was not changed.
pub(super) fn problem(error: modules::Error) -> Problem {
    match error {
        modules::Error::Refused(error) => refusal(&error),
        modules::Error::Store(store::Error::Missing(what)) => Problem::new(StatusCode::NOT_FOUND, "no-version", what),
        modules::Error::Store(store::Error::Conflict(what)) => Problem::new(StatusCode::CONFLICT, "in-use", what),
        modules::Error::Store(error) => unavailable(&error),
        modules::Error::Unreadable(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "host", error.to_string()),
        modules::Error::Stopped => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error.to_string()).retry_after_s(1)
        }
    }
}

fn refusal(refusal: &guest::Refusal) -> Problem {
    match refusal {
        guest::Refusal::Module(report) => {
            let report = serde_json::to_value(ReportJson::from(&**report)).unwrap_or_default();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "module-refused", refusal.to_string()).with("report", report)
        }
        guest::Refusal::Host(error) => {
            tracing::error!(%error, "a module could not be prepared");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "host", error.to_string())
        }
    }
}
