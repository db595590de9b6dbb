//! `/v1/deliveries`: the requests to platforms; those that were given up again, or not at all.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use http::{Method, StatusCode};
use serde::Deserialize;

use super::access::Access;
use super::events::wire::{DeliveryJson, DeliveryRecordJson};
use super::events::{by_hand, no_state};
use super::extract::Query;
use super::hooks::unavailable;
use super::keys::Caller;
use super::openapi::{json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::{BotId, ConversationKey};
use crate::domain::scope::Scope;
use crate::store::{DeliveriesWanted, DeliveryStatus};

const MISSING: (u16, &str) = (404, "There is no such delivery.");
const NOT_GIVEN_UP: (u16, &str) = (409, "It is neither parked nor unknown, or its bot is gone.");

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/deliveries",
        access: Access::Scope(Scope::READ),
        summary: "Requests to platforms, the newest first. A filter looks at 5,000 of them for each page, so a page that is not \
                  full may have a `next`.",
        query: &[
            ("state", "Only those that are `planned`, `sending`, `sent`, `parked`, `unknown` or `dropped`."),
            ("conversation", "Only those of the conversation with this key."),
            ("bot", "Only those in the name of the bot of this id."),
        ],
        body: None,
        answer: (200, Some(list_of::<DeliveryJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: "/v1/deliveries/{id}",
        access: Access::Scope(Scope::READ),
        summary: "A request to a platform, with every try and what the platform answered.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<DeliveryRecordJson>())),
        problems: &[MISSING],
        handler: || get(one),
    },
    Route {
        method: Method::POST,
        path: "/v1/deliveries/{id}/retry",
        access: Access::Scope(Scope::OPERATE),
        summary: "Send a request again that was given up: now, before later ones of its conversation, its tries counted anew.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[MISSING, NOT_GIVEN_UP],
        handler: || post(retry),
    },
    Route {
        method: Method::POST,
        path: "/v1/deliveries/{id}/drop",
        access: Access::Scope(Scope::OPERATE),
        summary: "Drop a request that was given up: it is no longer counted as parked.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[MISSING, NOT_GIVEN_UP],
        handler: || post(discard),
    },
];

#[derive(Debug, Deserialize)]
struct Filter {
    state: Option<String>,
    conversation: Option<String>,
    bot: Option<String>,
}

const STATES: &str = "planned, sending, sent, parked, unknown and dropped";

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<DeliveryJson>>, Problem> {
    let status = filter.state.as_deref().map(|name| DeliveryStatus::parse(name).ok_or_else(|| no_state(name, STATES)));
    let wanted = DeliveriesWanted {
        conversation: filter.conversation.map(ConversationKey::from),
        bot: filter.bot.map(BotId::from),
        status: status.transpose()?,
        before: page.before()?,
        limit: page.limit(),
    };
    let found = front.pipeline.store.deliveries(&caller.tenant, &wanted).map_err(|error| unavailable(&error))?;
    Ok(Json(Page::new(found.items.into_iter().map(DeliveryJson::from).collect(), found.next)))
}

async fn one(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryRecordJson>, Problem> {
    let found = front.pipeline.store.delivery(&caller.tenant, number(&id)?).map_err(|error| unavailable(&error))?;
    found.map(|found| Json(DeliveryRecordJson::from(found))).ok_or_else(|| missing(&id))
}

async fn retry(State(front): State<Arc<Front>>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let (id, now_ms) = (number(&id)?, front.pipeline.clock.now_ms());
    front.pipeline.store.retry_delivery(caller.tenant, id, caller.actor, now_ms).await.map_err(by_hand)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn discard(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (id, now_ms) = (number(&id)?, front.pipeline.clock.now_ms());
    front.pipeline.store.drop_delivery(caller.tenant, id, caller.actor, now_ms).await.map_err(by_hand)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no number is no delivery's.
fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| missing(id))
}

fn missing(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "missing", format!("there is no delivery {id}"))
}
