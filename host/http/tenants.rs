//! `/v1/tenants`: the operator's own: who is a tenant, a tenant's first key, and what belongs to it alone.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Access;
use super::extract::{JsonBody, Query};
use super::keys::Caller;
use super::keys_api::{CreatedKey, NewKeyJson, make_key};
use super::openapi::{json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::TenantName;
use crate::domain::scope::Scope;
use crate::pipeline::tenants;
use crate::store::{Claimed, Error, Tenant};

const NO_TENANT: (u16, &str) = (404, "There is no such tenant.");

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/tenants",
        access: Access::Scope(Scope::ADMIN),
        summary: "The tenants of this host.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<TenantJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::POST,
        path: "/v1/tenants",
        access: Access::Scope(Scope::ADMIN),
        summary: "Make a tenant. Its first key is made with POST /v1/tenants/{tenant}/keys.",
        query: &[],
        body: Some(json_of::<NewTenantJson>()),
        answer: (201, Some(json_of::<TenantJson>())),
        problems: &[(409, "There is a tenant of that name, or was one."), (422, "That is no name for a tenant.")],
        handler: || post(make),
    },
    Route {
        method: Method::GET,
        path: "/v1/tenants/{tenant}",
        access: Access::Scope(Scope::ADMIN),
        summary: "One tenant.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<TenantJson>())),
        problems: &[NO_TENANT],
        handler: || get(show),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/tenants/{tenant}",
        access: Access::Scope(Scope::ADMIN),
        summary: "Remove a tenant that has no bots and no module that serves: its keys are revoked, its gateways removed, its \
                  claims released. Its audit log stays, and its name is never given again.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[NO_TENANT, (409, "Something is in the way; `detail` says what.")],
        handler: || delete(remove),
    },
    Route {
        method: Method::POST,
        path: "/v1/tenants/{tenant}/keys",
        access: Access::Scope(Scope::ADMIN),
        summary: "Make a key for a tenant: its first one, which makes the others. The answer alone shows it.",
        query: &[],
        body: Some(json_of::<NewKeyJson>()),
        answer: (201, Some(json_of::<CreatedKey>())),
        problems: &[
            NO_TENANT,
            (409, "The client_id is another tenant's."),
            (422, "A member has a value that cannot be."),
        ],
        handler: || post(make_first_key),
    },
    Route {
        method: Method::GET,
        path: "/v1/tenants/{tenant}/claims",
        access: Access::Scope(Scope::ADMIN),
        summary: "What belongs to a tenant alone: accounts on platforms (Khoros: companyKey) and client_ids.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<ClaimJson>())),
        problems: &[NO_TENANT],
        handler: || get(claims),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/tenants/{tenant}/claims/{kind}/{value}",
        access: Access::Scope(Scope::ADMIN),
        summary: "Release what was claimed by mistake, so that another tenant may have it.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[(404, "There is no such claim."), (409, "A bot or a live key of the tenant uses it.")],
        handler: || delete(release),
    },
];

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
struct TenantJson {
    name: String,
    created_ms: u64,
}

impl From<&Tenant> for TenantJson {
    fn from(tenant: &Tenant) -> Self {
        Self { name: tenant.name.as_str().to_owned(), created_ms: tenant.created_ms }
    }
}

/// A tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewTenant)]
#[serde(deny_unknown_fields)]
struct NewTenantJson {
    /// 1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit.
    name: String,
}

/// What belongs to one tenant alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Claim)]
struct ClaimJson {
    /// A platform's name, for an account on it, or `client_id`.
    kind: String,
    /// The account or the client_id.
    value: String,
}

impl From<Claimed> for ClaimJson {
    fn from(Claimed { kind, value, .. }: Claimed) -> Self {
        Self { kind, value }
    }
}

async fn list(
    State(front): State<Arc<Front>>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<TenantJson>>, Problem> {
    let limit = page.limit();
    let tenants = front.pipeline.store.tenants(page.before()?, limit).map_err(|error| Problem::of_store(&error))?;
    let next = (tenants.len() == limit).then(|| tenants.last().map(|tenant| tenant.seq)).flatten();
    Ok(Json(Page::new(tenants.iter().map(|tenant| TenantJson::from(&**tenant)).collect(), next)))
}

async fn make(
    State(front): State<Arc<Front>>,
    caller: Caller,
    JsonBody(new): JsonBody<NewTenantJson>,
) -> Result<(StatusCode, Json<TenantJson>), Problem> {
    let name = TenantName::parse(&new.name)
        .map_err(|reason| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "tenant-name", reason))?;
    let tenant = tenants::make(&front.pipeline, name, caller.actor).await;
    let tenant = tenant.map_err(|error| Problem::of_store(&error))?;
    Ok((StatusCode::CREATED, Json(TenantJson::from(&tenant))))
}

async fn show(State(front): State<Arc<Front>>, Path(name): Path<String>) -> Result<Json<TenantJson>, Problem> {
    Ok(Json(TenantJson::from(&*tenant(&front, &name)?)))
}

async fn remove(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let removed = tenants::remove(&front.pipeline, &TenantName::from(name), caller.actor).await;
    removed.map_err(|error| Problem::of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn make_first_key(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(new): JsonBody<NewKeyJson>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let name = tenant(&front, &name)?.name.clone();
    make_key(&front, &caller, name, new).await
}

async fn claims(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ClaimJson>>, Problem> {
    let (tenant, limit) = (tenant(&front, &name)?, page.limit());
    let claims = front.pipeline.store.claims(&tenant.name, page.before()?, limit);
    let claims = claims.map_err(|error| Problem::of_store(&error))?;
    let next = (claims.len() == limit).then(|| claims.last().map(|claim| claim.seq)).flatten();
    Ok(Json(Page::new(claims.into_iter().map(ClaimJson::from).collect(), next)))
}

async fn release(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((name, kind, value)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (name, now_ms) = (tenant(&front, &name)?.name.clone(), front.pipeline.clock.now_ms());
    let released = front.pipeline.store.release_claim(name, kind, value, caller.actor, now_ms).await;
    released.map_err(|error| Problem::of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant of that name that was not removed.
fn tenant(front: &Front, name: &str) -> Result<Arc<Tenant>, Problem> {
    let tenant = front.pipeline.store.tenant(&TenantName::from(name)).map_err(|error| Problem::of_store(&error))?;
    let tenant = tenant.filter(|tenant| tenant.is_live());
    tenant.ok_or_else(|| Problem::of_store(&Error::Missing(format!("there is no tenant {name:?}"))))
}
