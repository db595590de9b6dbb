//! What became of requests, and how bots have done lately (platforms.md A3, A8).
//!
//! Requests are those that the host knows: what it sent in a bot's name (origin BOT) and what the bot was told (origin KHOROS). A list
//! is of the newest 500, and of those whose payloads fit into 4 MiB; `more` beside `data` says that there may be others.

use std::sync::Arc;

use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::envelope::{answer, messages, request_id, written};
use crate::domain::bot::{Bot, Runs};
use crate::domain::call::{RequestId, RequestOrigin, RequestRecord, RequestState, RequestsWanted};
use crate::platform::fields::{self, Fields};
use crate::platform::khoros::NAME;
use crate::platform::{ApiAnswer, ApiCall, Host, HostError};

/// How many requests a list holds.
const LISTED_MAX: usize = 500;

/// How much the payloads of a list may take before it ends, in bytes.
const LISTED_BYTES_MAX: usize = 4 << 20;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How far back a list may look (platforms.md A8).
const FROM_MAX_MS: u64 = 31 * DAY_MS;

/// How many attempts that all failed make a bot DOWN (platforms.md A3).
const DOWN_FAILURES: u64 = 10;

/// One request.
pub(super) async fn one(call: &ApiCall, host: &dyn Host, text: &str) -> Result<ApiAnswer, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    let found = match RequestId::parse(text) {
        Some(id) => host.request(&call.tenant, NAME, id)?,
        None => None,
    };
    // What is another app's is as unknown to the key as what is another tenant's.
    let own = |found: &RequestRecord| call.is_for(&found.platform_id);
    Ok(match found.filter(own) {
        Some(found) => {
            let data = Record::of(&found, &bots);
            told(data, None)
        }
        None => messages(StatusCode::NOT_FOUND, &[format!("{text} not found")]),
    })
}

/// The requests of an app.
pub(super) async fn list(call: &ApiCall, host: &dyn Host, app: &str) -> Result<ApiAnswer, HostError> {
    let asked = match Asked::read(&call.query) {
        Ok(asked) => asked,
        Err(text) => return Ok(messages(StatusCode::BAD_REQUEST, &[text])),
    };
    let bots = of_app(call, host, app).await?;
    let wanted = RequestsWanted {
        bots: bots.iter().map(|bot| bot.id.clone()).collect(),
        from_ms: call.now_ms.saturating_sub(asked.back_ms),
        states: asked.states,
        origin: asked.origin,
        limit: LISTED_MAX,
        bytes_max: LISTED_BYTES_MAX,
    };
    let found = host.requests(&call.tenant, NAME, wanted).await?;
    let data: Vec<Record<'_>> = found.items.iter().map(|found| Record::of(found, &bots)).collect();
    Ok(told(data, found.more.then_some(true)))
}

/// How an app's bots have done.
pub(super) async fn health(call: &ApiCall, host: &dyn Host, app: &str) -> Result<ApiAnswer, HostError> {
    let bots = of_app(call, host, app).await?;
    if bots.is_empty() {
        return Ok(answer(StatusCode::BAD_REQUEST, &json!({})));
    }
    let runs = host.runs(&bots);
    let data = json!([{ "status": status(runs), "failureCount": runs.failed, "successCount": runs.succeeded }]);
    Ok(answer(StatusCode::OK, &json!({ "data": data, "requestId": request_id() })))
}

/// HEALTHY when nothing failed, DOWN when everything did and often enough to tell, DEGRADED between the two (platforms.md A3).
fn status(runs: Runs) -> &'static str {
    match runs {
        Runs { failed: 0, .. } => "HEALTHY",
        Runs { succeeded: 0, failed } if failed >= DOWN_FAILURES => "DOWN",
        _ => "DEGRADED",
    }
}

async fn of_app(call: &ApiCall, host: &dyn Host, app: &str) -> Result<Vec<Arc<Bot>>, HostError> {
    let mut bots = host.bots(&call.tenant, NAME).await?;
    bots.retain(|bot| bot.platform_id == app && call.is_for(app));
    Ok(bots)
}

/// What a list is asked for.
struct Asked {
    back_ms: u64,
    states: Vec<RequestState>,
    origin: Option<RequestOrigin>,
}

impl Asked {
    fn read(query: &str) -> Result<Self, String> {
        let mut asked = Self { back_ms: DAY_MS, states: Vec::new(), origin: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8().unwrap_or_default();
            let invalid = || format!("Invalid {name} {value}");
            match name {
                "from" => asked.back_ms = back(&value).ok_or("Incorrect syntax in \"from\"")?,
                "state" => asked.states.push(state(&value).ok_or_else(invalid)?),
                "origin" => asked.origin = Some(origin(&value).ok_or_else(invalid)?),
                // The platform may add others.
                _ => {}
            }
        }
        if asked.back_ms > FROM_MAX_MS {
            return Err("\"from\" may be at most 31 days".to_owned());
        }
        Ok(asked)
    }
}

/// Reads `<n>m`, `<n>h` or `<n>d`.
fn back(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let unit_ms = match unit {
        'm' => MINUTE_MS,
        'h' => HOUR_MS,
        'd' => DAY_MS,
        _ => return None,
    };
    number.parse::<u64>().ok().map(|number| number.saturating_mul(unit_ms))
}

const STATES: [(&str, RequestState); 3] =
    [("PENDING", RequestState::Pending), ("SUCCESS", RequestState::Success), ("ERROR", RequestState::Error)];

const ORIGINS: [(&str, RequestOrigin); 2] = [("BOT", RequestOrigin::Bot), ("KHOROS", RequestOrigin::Platform)];

fn state(name: &str) -> Option<RequestState> {
    STATES.into_iter().find(|(known, _)| *known == name).map(|(_, state)| state)
}

fn origin(name: &str) -> Option<RequestOrigin> {
    ORIGINS.into_iter().find(|(known, _)| *known == name).map(|(_, origin)| origin)
}

/// The body of an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a, T> {
    data: T,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
}

/// A request as the platform shows it (platforms.md A8).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    id: String,
    company_key: String,
    external_id: &'a str,
    network_key: &'a str,
    app_id: &'a str,
    callback_url: String,
    origin: &'static str,
    details: Details<'a>,
    state: &'static str,
    payload: Option<&'a RawValue>,
    created_epoch_millis: u64,
    completed_epoch_millis: Option<u64>,
    last_updated_epoch_millis: u64,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    code: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// The account and the callback are those of the bot as it is registered now; of one that is gone the payload tells the first.
    fn of(found: &'a RequestRecord, bots: &[Arc<Bot>]) -> Self {
        let bot = bots.iter().find(|bot| bot.id == found.bot);
        let payload: Option<&RawValue> = serde_json::from_slice(&found.payload).ok();
        let coordinate = || {
            let payload = Fields::parse(payload?.get())?;
            Fields::parse(payload.get("coordinate")?.get())?.get("companyKey").and_then(fields::text)
        };
        let callback = |bot: &Arc<Bot>| Fields::parse(&bot.registration)?.get("callbackUrl").and_then(fields::text);
        Self {
            id: found.id.to_string(),
            company_key: bot.map(|bot| bot.account.clone()).or_else(coordinate).unwrap_or_default(),
            external_id: &found.channel,
            network_key: &found.network,
            app_id: &found.platform_id,
            callback_url: bot.and_then(callback).unwrap_or_default(),
            origin: ORIGINS.into_iter().find(|(_, origin)| *origin == found.id.origin()).map_or("", |(name, _)| name),
            details: Details { code: found.code.as_deref(), message: found.message.as_deref() },
            state: STATES.into_iter().find(|(_, state)| *state == found.state).map_or("", |(name, _)| name),
            payload,
            created_epoch_millis: found.created_ms,
            completed_epoch_millis: found.completed_ms,
            last_updated_epoch_millis: found.updated_ms,
        }
    }
}

fn told(data: impl Serialize, more: Option<bool>) -> ApiAnswer {
    let id = request_id();
    // Maps with text keys and JSON that was parsed: there is nothing that cannot be written.
    let text = serde_json::to_string(&Data { data, request_id: &id, more }).unwrap_or_default();
    written(StatusCode::OK, &id, text)
}

#[cfg(test)]
mod tests {
    use super::{Asked, DAY_MS, HOUR_MS, MINUTE_MS, status};
    use crate::domain::bot::Runs;
    use crate::domain::call::{RequestOrigin, RequestState};

    #[test]
    fn health_is_as_documented() {
        let of = |succeeded, failed| status(Runs { succeeded, failed });
        assert_eq!([of(0, 0), of(1, 0), of(500, 0)], ["HEALTHY"; 3]);
        assert_eq!([of(0, 1), of(0, 9), of(1, 9), of(1, 1000), of(1000, 1)], ["DEGRADED"; 5]);
        assert_eq!([of(0, 10), of(0, 1000)], ["DOWN"; 2]);
    }

    #[test]
    fn a_list_is_asked_for_as_documented() {
        let from = |text: &str| Asked::read(&format!("from={text}")).map(|asked| asked.back_ms);
        assert_eq!(Asked::read("").map(|asked| asked.back_ms), Ok(DAY_MS));
        assert_eq!([from("1m"), from("12h"), from("31d")], [Ok(MINUTE_MS), Ok(12 * HOUR_MS), Ok(31 * DAY_MS)]);
        for wrong in ["", "d", "1", "1y", "-1d", "+1d", "1.5h", "1 d", "99999999999999999999d", "1é"] {
            assert_eq!(from(wrong), Err("Incorrect syntax in \"from\"".to_owned()), "{wrong}");
        }
        assert!(from("32d").is_err() && from("1000h").is_err() && from("9999999999999999999d").is_err());
        let asked =
            Asked::read("state=PENDING&state=ERROR&origin=KHOROS&new=1").unwrap_or_else(|text| panic!("{text}"));
        assert_eq!(asked.states, [RequestState::Pending, RequestState::Error]);
        assert_eq!(asked.origin, Some(RequestOrigin::Platform));
        assert!(Asked::read("state=DONE").is_err() && Asked::read("origin=NOBODY").is_err());
    }
}
