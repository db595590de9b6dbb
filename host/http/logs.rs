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
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at};

use super::access::Access;
use super::extract::Query;
use super::keys::Caller;
use super::openapi::Content;
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::names::TenantName;
use crate::domain::scope::Scope;
use crate::pipeline::log_stream::{LISTENERS_MAX, Level, Line};

/// How often a comment keeps the connection open, and the key is looked at again.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// This concern's routes.
pub const ROUTES: &[Route] = &[Route {
    method: Method::GET,
    path: "/v1/logs",
    access: Access::Scope(Scope::READ),
    summary: "What happens from now on, as server-sent events: `event` is its kind (refused, accepted, duplicate, turn, delivery, \
              module, missed), `data` a JSON object. `missed` says how many lines a slow reader was not told.",
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
    tenant: TenantName,
    filter: Filter,
    level: Level,
    /// The request's, to look at its key again.
    headers: HeaderMap,
    extensions: Extensions,
    lines: Receiver<Arc<Line>>,
    ended: watch::Receiver<bool>,
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
    let (lines, ended) = front.pipeline.log.listen().ok_or_else(|| {
        let detail = format!("{LISTENERS_MAX} follow the log already");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "listeners", detail).retry_after_s(10)
    })?;
    let (parts, _) = request.into_parts();
    let listener = Listener {
        front,
        tenant: caller.tenant,
        filter,
        level,
        headers: parts.headers,
        extensions: parts.extensions,
        lines,
        ended,
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
    /// What to tell next; none when the host stops or the key is no longer good.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let heard = tokio::select! {
                // A sender that is gone is a host that stops, too.
                _ = self.ended.wait_for(|ended| *ended) => return None,
                _ = self.tick.tick() => None,
                heard = self.lines.recv() => Some(heard),
            };
            match heard {
                None => {
                    self.front.caller(&self.headers, &self.extensions).ok()?;
                    return Some(Event::default().comment("still here"));
                }
                Some(Ok(line)) if self.wants(&line) => return Some(told(&line)),
                Some(Ok(_)) => {}
                Some(Err(RecvError::Lagged(missed))) => {
                    return Some(Event::default().event("missed").data(json!({ "missed": missed }).to_string()));
                }
                Some(Err(RecvError::Closed)) => return None,
            }
        }
    }

    fn wants(&self, line: &Line) -> bool {
        line.tenant == self.tenant
            && line.level >= self.level
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
