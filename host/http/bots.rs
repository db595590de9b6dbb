//! `/v1/bots`: the tenant's bots on all platforms, and the versions that they are pinned to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Access;
use super::extract::{JsonBody, Query};
use super::hooks::unavailable;
use super::keys::Caller;
use super::modules::to_the_end;
use super::openapi::{json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::bot::Bot;
use crate::domain::names::BotId;
use crate::domain::scope::Scope;
use crate::pipeline::modules;

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/bots",
        access: Access::Scope(Scope::READ),
        summary: "The tenant's bots on all platforms, those that were registered last first.",
        query: &[("module", "Only the bots of this module.")],
        body: None,
        answer: (200, Some(list_of::<BotJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: "/v1/bots/{id}",
        access: Access::Scope(Scope::READ),
        summary: "One bot.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<BotJson>())),
        problems: &[(404, "There is no such bot.")],
        handler: || get(one),
    },
    Route {
        method: Method::PUT,
        path: "/v1/bots/{id}/pin",
        access: Access::Scope(Scope::DEPLOY),
        summary: "Pin a bot to a version of its module: it runs that one from the next event on, whatever else is active.",
        query: &[],
        body: Some(json_of::<PinJson>()),
        answer: (200, Some(json_of::<BotJson>())),
        problems: &[(404, "There is no such bot or version."), (409, "The bot's registration names a version itself.")],
        handler: || put(pin),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/bots/{id}/pin",
        access: Access::Scope(Scope::DEPLOY),
        summary: "A bot follows its module's active version again.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[(404, "There is no such bot.")],
        handler: || delete(unpin),
    },
];

/// A bot. Its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bot)]
struct BotJson {
    /// The host's own id of it.
    id: String,
    platform: String,
    /// The bot's own id on the platform (Khoros: `appId`).
    platform_id: String,
    network: String,
    channel: String,
    /// The customer's account on the platform (Khoros: `companyKey`).
    account: String,
    /// The module that runs; null for a bot elsewhere.
    module: Option<String>,
    /// Where a bot elsewhere listens; null when a module runs.
    relay: Option<String>,
    /// The version that it runs whatever else is active; null when it follows the active one.
    pinned: Option<u32>,
    /// Whether that version is named in the registration itself, where it can only be changed on the platform.
    pinned_by_registration: bool,
    /// `LIVE`, `MAINTENANCE` or `MONITORING`.
    mode: &'static str,
    created_ms: u64,
    updated_ms: u64,
    /// Counts the changes of the registration and of the pin.
    revision: u32,
}

/// The version that a bot is to be pinned to.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Pin)]
struct PinJson {
    version: u32,
}

/// What the list's query may hold.
#[derive(Debug, Deserialize)]
struct BotsQuery {
    module: Option<String>,
}

impl From<&Bot> for BotJson {
    fn from(bot: &Bot) -> Self {
        Self {
            id: bot.id.to_string(),
            platform: bot.platform.clone(),
            platform_id: bot.platform_id.clone(),
            network: bot.network.clone(),
            channel: bot.channel.clone(),
            account: bot.account.clone(),
            module: bot.target.module().map(ToString::to_string),
            relay: bot.target.relay_shown().map(str::to_owned),
            pinned: bot.pinned(),
            pinned_by_registration: bot.target.version().is_some(),
            mode: bot.mode.name(),
            created_ms: bot.created_ms,
            updated_ms: bot.updated_ms,
            revision: bot.revision,
        }
    }
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(query): Query<BotsQuery>,
) -> Result<Json<Page<BotJson>>, Problem> {
    let mut bots = front.pipeline.store.all_bots(&caller.tenant);
    if let Some(module) = &query.module {
        bots.retain(|bot| bot.target.module().is_some_and(|name| name.as_str() == module));
    }
    // A bot's place among the older ones is what a cursor counts by: it only changes when an older one is removed.
    let below = page.before()?.map_or(bots.len(), |place| usize::try_from(place).unwrap_or(0).min(bots.len()));
    let first = below.saturating_sub(page.limit());
    let items = bots[first..below].iter().rev().map(|bot| BotJson::from(&**bot)).collect();
    Ok(Json(Page::new(items, (first > 0).then(|| i64::try_from(first).unwrap_or(i64::MAX)))))
}

async fn one(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<BotJson>, Problem> {
    let bot = front.pipeline.store.bot(&BotId::from(id.as_str())).map_err(|error| unavailable(&error))?;
    let bot = bot.filter(|bot| bot.tenant == caller.tenant).ok_or_else(|| no_bot(&id))?;
    Ok(Json(BotJson::from(&*bot)))
}

async fn pin(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(wanted): JsonBody<PinJson>,
) -> Result<Json<BotJson>, Problem> {
    let (Caller { tenant, actor, .. }, bot) = (caller, BotId::from(id));
    let work = async move { modules::pin(&front.pipeline, &tenant, &bot, Some(wanted.version), &actor).await };
    Ok(Json(BotJson::from(&*to_the_end(work).await?)))
}

async fn unpin(State(front): State<Arc<Front>>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let (Caller { tenant, actor, .. }, bot) = (caller, BotId::from(id));
    to_the_end(async move { modules::pin(&front.pipeline, &tenant, &bot, None, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_bot(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-bot", format!("there is no bot {id}"))
}
