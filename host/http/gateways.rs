//! `/v1/gateways`: where a tenant's answers go, platform by platform. A token goes in and never comes out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Access;
use super::extract::JsonBody;
use super::keys::Caller;
use super::openapi::{json_of, list_of};
use super::page::Page;
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::gateway;
use crate::domain::names::TenantName;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::pipeline::gateways::{Gateway, Source};
use crate::platform::{self, PLATFORMS};

const IN_SETTINGS: (u16, &str) = (409, "The settings set this gateway.");

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/gateways",
        access: Access::Scope(Scope::MANAGE),
        summary: "Where the tenant's answers go, by platform.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<GatewayJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::PUT,
        path: "/v1/gateways/{platform}",
        access: Access::Scope(Scope::MANAGE),
        summary: "Set where the tenant's answers to a platform go. Requests that wait go there from their next try on.",
        query: &[],
        body: Some(json_of::<NewGatewayJson>()),
        answer: (200, Some(json_of::<GatewayJson>())),
        problems: &[
            (404, "There is no such platform; `detail` lists them."),
            IN_SETTINGS,
            (422, "The URL may not be reached on behalf of a tenant, or the token is too short or cannot be sent."),
        ],
        handler: || put(set),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/gateways/{platform}",
        access: Access::Scope(Scope::MANAGE),
        summary: "Remove a gateway: answers wait, and are parked after their last try.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[(404, "There is no such platform, or no gateway to it."), IN_SETTINGS],
        handler: || delete(remove),
    },
];

/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// A gateway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gateway)]
struct GatewayJson {
    platform: &'static str,
    url: String,
    /// The token itself is never shown.
    token_set: bool,
    /// `settings` or `api`: one in the settings goes before one that was set over the API.
    source: &'static str,
    /// When it was set over the API.
    updated_ms: Option<u64>,
}

/// A gateway to be set.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewGateway)]
#[serde(deny_unknown_fields)]
struct NewGatewayJson {
    /// The base URL, https and at a public address; paths of the platform's API are appended.
    url: String,
    /// What the platform knows the tenant by: 8 to 8192 visible ASCII characters.
    token: String,
}

impl From<Gateway> for GatewayJson {
    fn from(gateway: Gateway) -> Self {
        Self {
            platform: gateway.platform,
            url: gateway.url,
            token_set: !gateway.token.reveal().is_empty(),
            source: match gateway.source {
                Source::Settings => "settings",
                Source::Api => "api",
            },
            updated_ms: gateway.updated_ms,
        }
    }
}

async fn list(State(front): State<Arc<Front>>, caller: Caller) -> Result<Json<Page<GatewayJson>>, Problem> {
    let gateways = front.pipeline.gateways(&caller.tenant).map_err(|error| Problem::of_store(&error))?;
    Ok(Json(Page::whole(gateways.into_iter().map(GatewayJson::from).collect())))
}

async fn set(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(platform): Path<String>,
    JsonBody(new): JsonBody<NewGatewayJson>,
) -> Result<Json<GatewayJson>, Problem> {
    let platform = changeable(&front, &caller.tenant, &platform)?;
    let unusable = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "gateway", detail);
    if new.url.len() > URL_BYTES_MAX {
        return Err(unusable(format!("`url` has {} bytes, at most {URL_BYTES_MAX}", new.url.len())));
    }
    front.pipeline.outbound.guard().reach(&new.url).map_err(|reason| unusable(format!("`url`: {reason}")))?;
    if !gateway::is_token(&new.token) {
        return Err(unusable(format!("`token` {}", gateway::TOKEN_RULE)));
    }
    let gateway = gateway::Gateway {
        tenant: caller.tenant.clone(),
        platform: platform.to_owned(),
        url: new.url,
        token: Secret::new(new.token),
        updated_ms: front.pipeline.clock.now_ms(),
    };
    let shown = GatewayJson {
        platform,
        url: gateway.url.clone(),
        token_set: true,
        source: "api",
        updated_ms: Some(gateway.updated_ms),
    };
    let put = front.pipeline.store.put_gateway(gateway, caller.actor).await;
    put.map_err(|error| Problem::of_store(&error))?;
    Ok(Json(shown))
}

async fn remove(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(platform): Path<String>,
) -> Result<StatusCode, Problem> {
    let platform = changeable(&front, &caller.tenant, &platform)?;
    let now_ms = front.pipeline.clock.now_ms();
    let removed = front.pipeline.store.remove_gateway(caller.tenant, platform.to_owned(), caller.actor, now_ms).await;
    removed.map_err(|error| Problem::of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// A platform whose gateway the tenant may change.
fn changeable(front: &Front, tenant: &TenantName, platform: &str) -> Result<&'static str, Problem> {
    let name = platform::find(platform).map(|platform| platform.name()).ok_or_else(|| {
        let known: Vec<_> = PLATFORMS.iter().map(|platform| platform.name()).collect();
        let detail = format!("there is no platform {platform:?}; this host knows {}", known.join(", "));
        Problem::new(StatusCode::NOT_FOUND, "no-platform", detail)
    })?;
    let gateway = front.pipeline.gateway(tenant, name).map_err(|error| Problem::of_store(&error))?;
    if gateway.is_some_and(|gateway| gateway.source == Source::Settings) {
        let detail =
            format!("the settings set this gateway, at [tenants.{tenant}.gateways.{name}]: it is changed there");
        return Err(Problem::new(StatusCode::CONFLICT, "in-settings", detail));
    }
    Ok(name)
}
