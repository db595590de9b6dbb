//! `/v1/events`: what became of each event and why, failed ones again, recorded turns again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use self::recording::{AskedReplay, RecordingJson, ReplayedJson};
use self::wire::{EventJson, ExplainedJson, RetriedJson};
use super::access::Access;
use super::download;
use super::extract::{JsonBody, Query};
use super::hooks::unavailable;
use super::keys::Caller;
use super::modules::problem as modules_problem;
use super::openapi::{Content, json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::{BotId, ConversationKey, Digest, EventId, ModuleName};
use crate::domain::scope::Scope;
use crate::pipeline::{explain, modules, replay};
use crate::store::{self, EventStatus, EventsWanted, Recording};

pub mod recording;
pub mod wire;

const MISSING: (u16, &str) = (404, "There is no such event.");
const ATTEMPT: &[(&str, &str)] = &[("attempt", "Which try of the event; the last one unless given.")];
const UNRECORDED: (u16, &str) = (404, "There is no such event, or no such turn of it.");

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/events",
        access: Access::Scope(Scope::READ),
        summary: "Events, the newest first. A filter looks at 5,000 events for each page, so a page that is not full may have a \
                  `next`.",
        query: &[
            ("conversation", "Only those of the conversation with this key."),
            ("bot", "Only those for the bot of this id."),
            ("state", "Only those that are `waiting`, `running`, `done` or `failed`."),
            ("since_ms", "Only those accepted at or after this time."),
            ("until_ms", "Only those accepted before this time."),
        ],
        body: None,
        answer: (200, Some(list_of::<EventJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: "/v1/events/{id}",
        access: Access::Scope(Scope::READ),
        summary: "Why the bot did or did not answer: everything that is known of an event, and a verdict in a sentence.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<ExplainedJson>())),
        problems: &[MISSING],
        handler: || get(one),
    },
    Route {
        method: Method::POST,
        path: "/v1/events/{id}/retry",
        access: Access::Scope(Scope::OPERATE),
        summary: "Put a failed event into the inbox again, as a new event behind everything that its conversation has.",
        query: &[],
        body: None,
        answer: (202, Some(json_of::<RetriedJson>())),
        problems: &[MISSING, (409, "It did not fail, it was retried already, or what it needs is gone.")],
        handler: || post(retry),
    },
    Route {
        method: Method::GET,
        path: "/v1/events/{id}/recording",
        access: Access::Scope(Scope::REPLAY),
        summary: "Everything that a turn depended on, and what came of it.",
        query: ATTEMPT,
        body: None,
        answer: (200, Some(json_of::<RecordingJson>())),
        problems: &[UNRECORDED, (409, "It was recorded before the host kept all that a turn depends on.")],
        handler: || get(recorded),
    },
    Route {
        method: Method::GET,
        path: "/v1/events/{id}/recording/wasm",
        access: Access::Scope(Scope::REPLAY),
        summary: "The component that a turn ran.",
        query: ATTEMPT,
        body: None,
        answer: (200, Some(Content::Other("application/wasm"))),
        problems: &[UNRECORDED, (409, "No module ran in this turn, its bytes are gone, or an older host recorded it.")],
        handler: || get(wasm),
    },
    Route {
        method: Method::POST,
        path: "/v1/events/{id}/replay",
        access: Access::Scope(Scope::REPLAY),
        summary: "Run a recorded turn again, on the same module or another. Nothing is sent and nothing is stored. One at a time \
                  for each tenant: while another is under way it is 503 with Retry-After.",
        query: &[],
        body: Some(json_of::<AskedReplay>()),
        answer: (200, Some(json_of::<ReplayedJson>())),
        problems: &[UNRECORDED, (409, "There is no module to run, or what it takes was not recorded.")],
        handler: || post(replay_turn),
    },
];

#[derive(Debug, Deserialize)]
struct Filter {
    conversation: Option<String>,
    bot: Option<String>,
    state: Option<String>,
    since_ms: Option<u64>,
    until_ms: Option<u64>,
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<EventJson>>, Problem> {
    let status = filter.state.as_deref().map(|name| EventStatus::parse(name).ok_or_else(|| no_state(name, STATES)));
    let wanted = EventsWanted {
        conversation: filter.conversation.map(ConversationKey::from),
        bot: filter.bot.map(BotId::from),
        status: status.transpose()?,
        since_ms: filter.since_ms,
        until_ms: filter.until_ms,
        before: page.before()?,
        limit: page.limit(),
    };
    let found = front.pipeline.store.events(&caller.tenant, &wanted).map_err(|error| unavailable(&error))?;
    Ok(Json(Page::new(found.items.into_iter().map(EventJson::from).collect(), found.next)))
}

const STATES: &str = "waiting, running, done and failed";

pub(super) fn no_state(name: &str, states: &str) -> Problem {
    let detail = format!("there is no state {name:?}; the states are {states}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed-query", detail)
}

async fn one(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ExplainedJson>, Problem> {
    let event = event_id(&id)?;
    let explained = explain::explain(&front.pipeline, &caller.tenant, event).map_err(|error| unavailable(&error))?;
    explained.map(|explained| Json(ExplainedJson::from(explained))).ok_or_else(|| missing(&id))
}

async fn retry(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<RetriedJson>), Problem> {
    let (event, now_ms) = (event_id(&id)?, front.pipeline.clock.now_ms());
    let retried = front.pipeline.store.retry_event(caller.tenant, event, caller.actor, now_ms).await;
    let retried = retried.map_err(by_hand)?;
    Ok((StatusCode::ACCEPTED, Json(RetriedJson { id: retried.0, retry_of: event.0 })))
}

/// What a store's refusal is to whoever did something by hand.
pub(super) fn by_hand(error: store::Error) -> Problem {
    match error {
        store::Error::Missing(what) => Problem::new(StatusCode::NOT_FOUND, "missing", what),
        store::Error::Conflict(why) => Problem::new(StatusCode::CONFLICT, "conflict", why),
        error => unavailable(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Attempt {
    attempt: Option<u32>,
}

async fn recorded(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Attempt { attempt }): Query<Attempt>,
) -> Result<Json<RecordingJson>, Problem> {
    let recording = recording_of(&front, &caller, &id, attempt)?;
    Ok(Json(RecordingJson::new(recording, &front.pipeline.settings)))
}

async fn wasm(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Attempt { attempt }): Query<Attempt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recording = recording_of(&front, &caller, &id, attempt)?;
    let digest = replay::ran(&recording).map_err(no_replay)?;
    download::component(&front.pipeline, digest, &headers).await.map_err(|error| match error {
        modules::Error::Refused(_) => no_bytes(digest),
        error => modules_problem(error),
    })
}

/// What ran once may have been deleted since.
fn no_bytes(digest: &Digest) -> Problem {
    no_replay(replay::Error::NoModule(format!("the bytes of the module {digest} are no longer here")))
}

async fn replay_turn(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(asked): JsonBody<AskedReplay>,
) -> Result<Json<ReplayedJson>, Problem> {
    let recording = recording_of(&front, &caller, &id, asked.attempt)?;
    let module = asked.module.as_deref().map(ModuleName::parse).transpose();
    let module = module.map_err(|reason| Problem::new(StatusCode::BAD_REQUEST, "module-name", reason))?;
    let instead = replay::Instead { module, version: asked.version };
    let replayed = replay::replay(&front.pipeline, &caller.tenant, recording, instead).await.map_err(no_replay)?;
    Ok(Json(ReplayedJson::from(replayed)))
}

fn recording_of(front: &Front, caller: &Caller, id: &str, attempt: Option<u32>) -> Result<Recording, Problem> {
    let found = front.pipeline.store.recording(&caller.tenant, event_id(id)?, attempt);
    let found = found.map_err(|error| match error {
        store::Error::Conflict(why) => Problem::new(StatusCode::CONFLICT, "no-replay", why),
        error => unavailable(&error),
    })?;
    found.ok_or_else(|| match attempt {
        None => Problem::new(StatusCode::NOT_FOUND, "missing", format!("there is no recorded turn of an event {id}")),
        Some(attempt) => {
            let detail = format!("there is no recorded turn {attempt} of an event {id}");
            Problem::new(StatusCode::NOT_FOUND, "missing", detail)
        }
    })
}

fn no_replay(error: replay::Error) -> Problem {
    match error {
        replay::Error::NoModule(_) | replay::Error::Unreadable(_) => {
            Problem::new(StatusCode::CONFLICT, "no-replay", error.to_string())
        }
        replay::Error::OneAtATime | replay::Error::AllPlacesTaken => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "replays", error.to_string()).retry_after_s(1)
        }
        replay::Error::Host(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", why).retry_after_s(1),
        replay::Error::Store(error) => unavailable(&error),
    }
}

/// What is no number is no event's.
fn event_id(id: &str) -> Result<EventId, Problem> {
    id.parse().map(EventId).map_err(|_| missing(id))
}

fn missing(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "missing", format!("there is no event {id}"))
}
