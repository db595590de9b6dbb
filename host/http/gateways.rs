//! `/v1/gateways`: where a tenant's answers go, platform by platform. Tokens and passwords go in and never come out.

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
use crate::domain::gateway::{self, Login, Proof};
use crate::domain::names::TenantName;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::token::{GatewayToken, TokenState};
use crate::pipeline::gateways::{Gateway, Source};
use crate::pipeline::tokens::no_logins;
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
            (
                422,
                "A URL may not be reached on behalf of a tenant, or the token or login is missing, too short or cannot be sent.",
            ),
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

/// How many of a gateway's tokens are listed.
const TOKENS_SHOWN: usize = 100;

/// A gateway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gateway)]
struct GatewayJson {
    platform: &'static str,
    url: String,
    /// Whether a fixed token is set; it is never shown.
    token_set: bool,
    /// Where the host gets tokens, when none is fixed.
    care_url: Option<String>,
    /// With which user.
    user: Option<String>,
    /// Whether the user's password is set; it is never shown.
    password_set: bool,
    /// How things are with the tokens that the host gets, the worst of them: `held`; `wanted` (the next request gets one);
    /// `unrefreshed` (used until it is over); `doubted` (the platform answered 401 to it: the next request has it refreshed or
    /// gets a new one); `exists` (somebody else has it: `tokens` says what to do); `refused` (the user
    /// gets none). Null with a fixed token, and before the first request.
    token_state: Option<&'static str>,
    /// These tokens, app by app, at most 100.
    tokens: Vec<GatewayTokenJson>,
    /// `settings` or `api`: one in the settings goes before one that was set over the API.
    source: &'static str,
    /// When it was set over the API.
    updated_ms: Option<u64>,
}

/// What is known of the token for an app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayToken)]
struct GatewayTokenJson {
    app_id: String,
    /// As in the gateway's `token_state`.
    token_state: &'static str,
    /// Why, and what to do about it.
    detail: Option<String>,
    /// When the token is over.
    expires_ms: Option<u64>,
    /// When it is refreshed.
    refresh_ms: Option<u64>,
}

/// A gateway to be set: with a token, or with what the host gets tokens with.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewGateway)]
#[serde(deny_unknown_fields)]
struct NewGatewayJson {
    /// The base URL, https and at a public address; paths of the platform's API are appended.
    url: String,
    /// What the platform knows the tenant by: 8 to 8192 visible ASCII characters.
    token: Option<String>,
    /// Instead of a token, the base URL of the Care API, https and at a public address.
    care_url: Option<String>,
    /// A Care user who may have tokens: 1 to 256 bytes without a colon.
    user: Option<String>,
    /// The user's password: 8 to 1024 bytes.
    password: Option<String>,
}

impl NewGatewayJson {
    /// What the platform knows the tenant by.
    fn proof(&self) -> Option<Proof> {
        match (&self.token, &self.care_url, &self.user, &self.password) {
            (Some(token), None, None, None) => Some(Proof::Token(Secret::new(token))),
            (None, Some(url), Some(user), Some(password)) => {
                let (url, user, password) = (url.clone(), user.clone(), Secret::new(password));
                Some(Proof::Login(Login { url, user, password }))
            }
            _ => None,
        }
    }
}

impl From<&GatewayToken> for GatewayTokenJson {
    fn from(token: &GatewayToken) -> Self {
        let held = token.token.is_some();
        Self {
            app_id: token.app.clone(),
            token_state: token.state.name(),
            detail: token.detail.clone(),
            expires_ms: held.then_some(token.expires_ms),
            refresh_ms: (token.state == TokenState::Held).then_some(token.refresh_ms),
        }
    }
}

impl GatewayJson {
    fn new(gateway: Gateway, known: &[Arc<GatewayToken>]) -> Self {
        let login = match gateway.proof {
            Proof::Token(_) => None,
            Proof::Login(login) => Some(login),
        };
        let fingerprint = login.as_ref().map(|login| login.fingerprint(&gateway.url));
        let known: Vec<_> = known.iter().filter(|token| Some(&token.gateway) == fingerprint.as_ref()).collect();
        Self {
            platform: gateway.platform,
            url: gateway.url,
            token_set: login.is_none(),
            password_set: login.is_some(),
            token_state: known.iter().map(|token| token.state).max().map(TokenState::name),
            tokens: known.into_iter().map(|token| GatewayTokenJson::from(&**token)).collect(),
            care_url: login.as_ref().map(|login| login.url.clone()),
            user: login.map(|login| login.user),
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
    let shown: Result<_, _> = gateways.into_iter().map(|gateway| shown(&front, &caller.tenant, gateway)).collect();
    Ok(Json(Page::whole(shown?)))
}

/// A gateway with what is known of its tokens.
fn shown(front: &Front, tenant: &TenantName, gateway: Gateway) -> Result<GatewayJson, Problem> {
    let known = front.pipeline.store.gateway_tokens(tenant, gateway.platform, TOKENS_SHOWN);
    Ok(GatewayJson::new(gateway, &known.map_err(|error| Problem::of_store(&error))?))
}

async fn set(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(platform): Path<String>,
    JsonBody(new): JsonBody<NewGatewayJson>,
) -> Result<Json<GatewayJson>, Problem> {
    let platform = changeable(&front, &caller.tenant, &platform)?;
    let unusable = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "gateway", detail);
    for (member, url) in [("url", Some(&new.url)), ("care_url", new.care_url.as_ref())] {
        let Some(url) = url else { continue };
        if url.len() > gateway::URL_BYTES_MAX {
            return Err(unusable(format!("`{member}` has {} bytes, at most {}", url.len(), gateway::URL_BYTES_MAX)));
        }
        front.pipeline.outbound.guard().reach(url).map_err(|reason| unusable(format!("`{member}`: {reason}")))?;
    }
    let neither = || unusable("a gateway needs either `token`, or `care_url`, `user` and `password`".to_owned());
    let proof = new.proof().ok_or_else(neither)?;
    match &proof {
        Proof::Token(token) if !gateway::is_token(token.reveal()) => {
            return Err(unusable(format!("`token` {}", gateway::TOKEN_RULE)));
        }
        Proof::Login(_) if platform::find(platform).is_none_or(|known| known.tokens().is_none()) => {
            return Err(unusable(no_logins(platform)));
        }
        Proof::Login(login) if !login.is_usable() => {
            return Err(unusable(format!("the login {}", gateway::LOGIN_RULE)));
        }
        _ => {}
    }
    let tenant = caller.tenant.clone();
    let gateway = gateway::Gateway {
        tenant: tenant.clone(),
        platform: platform.to_owned(),
        url: new.url,
        proof,
        updated_ms: front.pipeline.clock.now_ms(),
    };
    let set = Gateway {
        platform,
        url: gateway.url.clone(),
        proof: gateway.proof.clone(),
        source: Source::Api,
        updated_ms: Some(gateway.updated_ms),
    };
    let put = front.pipeline.store.put_gateway(gateway, caller.actor).await;
    put.map_err(|error| Problem::of_store(&error))?;
    Ok(Json(shown(&front, &tenant, set)?))
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
