//! `/v1/logs`: what happens to the tenant's bots, as it happens, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{Stream, stream};
use http::{Extensions, HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, interval_at};

use super::access::Access;
use super::extract::Query;
use super::keys::Caller;
use super::openapi::Content;
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::scope::Scope;
use crate::pipeline::log_stream::{Heard, Level, Line};

/// How often a comment keeps the connection open, and the key is looked at again where nothing is told.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// This concern's routes.
pub const ROUTES: &[Route] = &[Route {
    method: Method::GET,
    path: "/v1/logs",
    access: Access::Scope(Scope::READ),
    summary: "What happens from now on, as server-sent events: `event` is its kind (refused, accepted, duplicate, called, turn, \
              delivery, module, missed), `data` a JSON object. `missed` says how many of the tenant's lines, filtered or not, a slow reader was not told.",
    query: &[
        ("bot", "Only what is about the bot of this id."),
        ("event", "Only what is about the event of this number."),
        ("level", "Only what matters as much: `info`, `warn` or `error`."),
    ],
    body: None,
    answer: (200, Some(Content::Other("text/event-stream"))),
    problems: &[],
    handler: || get(follow),
}];

#[derive(Debug, Deserialize)]
struct Filter {
    bot: Option<String>,
    event: Option<i64>,
    level: Option<String>,
}

/// Somebody who follows the log.
struct Listener {
    front: Arc<Front>,
    filter: Filter,
    level: Level,
    /// The request's, to look at its key again.
    headers: HeaderMap,
    extensions: Extensions,
    heard: Heard,
    tick: Interval,
}

async fn follow(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(filter): Query<Filter>,
    request: Request,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let level = match filter.level.as_deref() {
        None => Level::Info,
        Some(name) => Level::parse(name).ok_or_else(|| {
            let detail = format!("there is no level {name:?}; the levels are info, warn and error");
            Problem::new(StatusCode::BAD_REQUEST, "malformed-query", detail)
        })?,
    };
    let heard = front.pipeline.log.listen(&caller.tenant).map_err(|full| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "listeners", full.to_string()).retry_after_s(10)
    })?;
    let (parts, _) = request.into_parts();
    let listener = Listener {
        front,
        filter,
        level,
        headers: parts.headers,
        extensions: parts.extensions,
        heard,
        tick: interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE),
    };
    // The first bytes go out at once, so that a client knows that it listens.
    let begun = stream::once(async { Ok(Event::default().comment("listening")) });
    let told = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(stream::StreamExt::chain(begun, told)))
}

impl Listener {
    /// What to tell next; none when the host stops or the key is no longer good, which is looked at before anything is told.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let heard = tokio::select! {
                // A sender that is gone is a host that stops, too.
                _ = self.heard.ended.wait_for(|ended| *ended) => return None,
                _ = self.tick.tick() => None,
                heard = self.heard.lines.recv() => Some(heard),
            };
            match heard {
                Some(Ok(line)) if !self.wants(&line) => continue,
                Some(Err(RecvError::Closed)) => return None,
                heard => {
                    self.front.caller(&self.headers, &self.extensions).ok()?;
                    return Some(match heard {
                        Some(Ok(line)) => told(&line),
                        Some(Err(RecvError::Lagged(missed))) => {
                            Event::default().event("missed").data(json!({ "missed": missed }).to_string())
                        }
                        _ => Event::default().comment("still here"),
                    });
                }
            }
        }
    }

    fn wants(&self, line: &Line) -> bool {
        line.level >= self.level
            && self.filter.bot.as_deref().is_none_or(|bot| line.bot.as_ref().is_some_and(|ours| ours.as_str() == bot))
            && self.filter.event.is_none_or(|event| line.event.is_some_and(|ours| ours.0 == event))
    }
}

fn told(line: &Line) -> Event {
    let mut data = json!({
        "at_ms": line.at_ms,
        "kind": line.kind,
        "level": line.level.name(),
        "bot": line.bot.as_ref().map(|bot| bot.as_str()),
        "event": line.event.map(|event| event.0),
        "text": line.text,
    });
    if let Value::Object(members) = &mut data {
        members.extend(line.more.clone());
    }
    Event::default().event(line.kind).data(data.to_string())
}
