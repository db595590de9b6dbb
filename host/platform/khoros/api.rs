//! Serves `/bots/v3` as Khoros documents it (seeds 000, 001; platforms.md A3-A9). Registrations are here, the rest is below.
//!
//! "One LIVE bot per network and external id" is checked against what the host holds when the call comes, and once more where it
//! is written, so that of two calls at the same moment one is refused.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use self::envelope::{answer, empty, errors, message, messages, request_id};
use self::record::record;
use self::registration::Registration;
use super::{CARE, NAME, PLACES, actions, jwt};
use crate::domain::bot::{Bot, Mode};
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::platform::{ApiAnswer, ApiCall, Host, HostError, Shown};

mod calls;
mod envelope;
mod record;
mod registration;
mod requests;
mod tokens;

/// Answers one call.
pub(super) async fn serve(call: ApiCall, host: &dyn Host) -> ApiAnswer {
    if call.prefix == CARE {
        return tokens::care(&call, host).await;
    }
    let decoded: Option<Vec<String>> = call.path.split('/').map(segment).collect();
    let Some(decoded) = decoded else {
        return messages(StatusCode::BAD_REQUEST, &["a part of the path is not UTF-8".to_owned()]);
    };
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    if let Some(asked) = actions::read(&segments, &call.method, &call.body, &host.limits()) {
        return calls::act(&call, host, asked).await;
    }
    let Some(route) = Route::of(&segments) else {
        return message(StatusCode::NOT_FOUND, "No such resource");
    };
    let answer = match (route, &call.method) {
        (Route::All, &Method::GET) => list(&call, host).await,
        (Route::All, &Method::POST | &Method::PUT) => put(&call, host).await,
        (Route::Channel(network, channel), &Method::GET) => of_channel(&call, host, network, channel).await,
        (Route::One(key), &Method::GET) => one(&call, host, key).await,
        (Route::One(key), &Method::DELETE) => remove(&call, host, key).await,
        (Route::Mode(key, mode), &Method::PUT) => set_mode(&call, host, key, mode).await,
        (Route::Control(network, channel, author), &Method::GET) => {
            calls::holder(&call, host, (network, channel, author)).await
        }
        (Route::Request(id), &Method::GET) => requests::one(&call, host, id).await,
        (Route::Requests(app), &Method::GET) => requests::list(&call, host, app).await,
        (Route::Health(app), &Method::GET) => requests::health(&call, host, app).await,
        (Route::Token(app), _) => return tokens::of_app(&call, host, app).await,
        _ => return message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    };
    // What went wrong in the host is for its operator's log, not for a tenant's API client.
    answer.unwrap_or_else(|error| {
        match error {
            HostError::Taken(violation) => return errors(StatusCode::UNPROCESSABLE_ENTITY, &[violation]),
            HostError::Missing(_) => return message(StatusCode::NOT_FOUND, "No bot registration found"),
            HostError::Busy(what) => {
                let text = format!("{what}; nothing was done, try again");
                return match call.method {
                    Method::GET => message(StatusCode::SERVICE_UNAVAILABLE, &text),
                    _ => errors(StatusCode::SERVICE_UNAVAILABLE, &[text]),
                };
            }
            HostError::Failed(_) => {}
        }
        tracing::error!(tenant = %call.tenant, method = %call.method, path = call.path, %error, "a call of the API failed");
        match call.method {
            Method::GET => message(StatusCode::INTERNAL_SERVER_ERROR, "This cannot be read now"),
            Method::DELETE => errors(StatusCode::INTERNAL_SERVER_ERROR, &["Unable to delete registration".to_owned()]),
            _ => errors(StatusCode::INTERNAL_SERVER_ERROR, &["Unable to save registration".to_owned()]),
        }
    })
}

/// What a caller without a valid key or token gets.
pub(super) fn unauthorized(prefix: &str) -> ApiAnswer {
    if prefix == CARE { tokens::unauthorized() } else { message(StatusCode::UNAUTHORIZED, "Unauthorized") }
}

/// What a caller gets of whom it cannot be told now who it is.
pub(super) fn unavailable(prefix: &str) -> ApiAnswer {
    let (status, text) =
        (StatusCode::SERVICE_UNAVAILABLE, "The caller cannot be checked now; nothing was done, try again");
    let mut answer = if prefix == CARE { tokens::fail(status, text) } else { message(status, text) };
    answer.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

/// What a caller gets whose key may not do this.
pub(super) fn forbidden(prefix: &str, scope: Scope) -> ApiAnswer {
    let text = format!("Forbidden: the key lacks the scope {scope}");
    if prefix == CARE { tokens::fail(StatusCode::FORBIDDEN, &text) } else { message(StatusCode::FORBIDDEN, &text) }
}

/// What a call shows of who makes it.
pub(super) fn shown(prefix: &str, headers: &HeaderMap) -> Option<Shown> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let shown = shown.trim();
    if prefix == CARE {
        let pair = BASE64.decode(shown).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (user, key) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
        return Some(Shown::Key { key: Secret::new(key), user: Some(user.to_owned()) });
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let shown = Secret::new(shown);
    Some(match jwt::id(shown.reveal()) {
        Some(id) => Shown::Token { id, token: shown },
        None => Shown::Key { key: shown, user: None },
    })
}

/// What identifies a registration: `appId` alone may be registered on several channels (conformance 34).
#[derive(Debug, Clone, Copy)]
struct Key<'a> {
    network: &'a str,
    channel: &'a str,
    app: &'a str,
}

impl Key<'_> {
    fn is(self, bot: &Bot) -> bool {
        bot.network == self.network && bot.channel == self.channel && bot.platform_id == self.app
    }
}

#[derive(Debug, Clone, Copy)]
enum Route<'a> {
    All,
    Channel(&'a str, &'a str),
    One(Key<'a>),
    Mode(Key<'a>, &'a str),
    /// An action: what has the right method was read before.
    Action,
    Control(&'a str, &'a str, &'a str),
    Request(&'a str),
    Requests(&'a str),
    Health(&'a str),
    Token(&'a str),
}

impl<'a> Route<'a> {
    fn of(segments: &[&'a str]) -> Option<Self> {
        match *segments {
            ["registrations"] => Some(Self::All),
            ["registrations", "network", network, "externalId", channel] => Some(Self::Channel(network, channel)),
            ["registrations", "network", network, "externalId", channel, "appId", app] => {
                Some(Self::One(Key { network, channel, app }))
            }
            ["registrations", "network", network, "externalId", channel, "appId", app, "mode", mode] => {
                Some(Self::Mode(Key { network, channel, app }, mode))
            }
            ["control", "network", network, "externalId", channel, "author", author] => {
                Some(Self::Control(network, channel, author))
            }
            ["request", "appId", app] => Some(Self::Requests(app)),
            ["request", id] => Some(Self::Request(id)),
            ["health", "appId", app] => Some(Self::Health(app)),
            ["respond" | "control" | "priority" | "note" | "tag" | "workqueue" | "resolve" | "authors" | "form"]
            | ["tag", "remove"]
            | ["authors", "attributes"] => Some(Self::Action),
            ["tokens", "appId", app] => Some(Self::Token(app)),
            _ => None,
        }
    }
}

fn segment(encoded: &str) -> Option<String> {
    percent_decode_str(encoded).decode_utf8().ok().map(|text| text.into_owned())
}

/// The bots that the caller may see: all of its tenant, or those of the app in whose name it acts.
async fn visible(call: &ApiCall, host: &dyn Host) -> Result<Vec<Arc<Bot>>, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    Ok(bots.into_iter().filter(|bot| call.is_for(&bot.platform_id)).collect())
}

async fn list(call: &ApiCall, host: &dyn Host) -> Result<ApiAnswer, HostError> {
    let bots = visible(call, host).await?;
    let records: Vec<Value> = bots.iter().map(|bot| record(bot)).collect();
    Ok(answer(StatusCode::OK, &json!({"data": records, "requestId": request_id()})))
}

async fn of_channel(call: &ApiCall, host: &dyn Host, network: &str, channel: &str) -> Result<ApiAnswer, HostError> {
    let bots = visible(call, host).await?;
    let there = bots.iter().filter(|bot| bot.network == network && bot.channel == channel);
    let records: Vec<Value> = there.map(|bot| record(bot)).collect();
    if records.is_empty() {
        return Ok(message(StatusCode::NOT_FOUND, "No bot registration found"));
    }
    Ok(answer(StatusCode::OK, &json!({"data": records})))
}

async fn one(call: &ApiCall, host: &dyn Host, key: Key<'_>) -> Result<ApiAnswer, HostError> {
    Ok(match find(call, host, key).await? {
        Some(bot) => answer(StatusCode::OK, &json!({"data": record(&bot)})),
        None => message(StatusCode::NOT_FOUND, "No bot registration found"),
    })
}

async fn remove(call: &ApiCall, host: &dyn Host, key: Key<'_>) -> Result<ApiAnswer, HostError> {
    let Some(bot) = find(call, host, key).await? else {
        return Ok(message(StatusCode::NOT_FOUND, "No bot registration found"));
    };
    host.remove_bot(&bot.id, call.actor.clone()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Registers, or replaces the registration of the same key and keeps its hashKey, so that the webhook's URL stays.
async fn put(call: &ApiCall, host: &dyn Host) -> Result<ApiAnswer, HostError> {
    let registration = match Registration::read(&call.body, &|url| host.may_relay(url)) {
        Ok(registration) => registration,
        Err(violations) => return Ok(errors(StatusCode::UNPROCESSABLE_ENTITY, &violations)),
    };
    if !call.is_for(&registration.app_id) {
        let reason = format!("Forbidden: the caller does not act for {}", registration.app_id);
        return Ok(errors(StatusCode::FORBIDDEN, &[reason]));
    }
    let bots = host.bots(&call.tenant, NAME).await?;
    let key = Key { network: &registration.network_key, channel: &registration.external_id, app: &registration.app_id };
    if let Err(violation) = fits(&bots, key, registration.mode) {
        return Ok(errors(StatusCode::UNPROCESSABLE_ENTITY, &[violation]));
    }
    let known = bots.iter().find(|bot| key.is(bot));
    let id = known.map_or_else(|| host.new_bot_id(), |bot| Ok(bot.id.clone()))?;
    let created_ms = known.map_or(call.now_ms, |bot| bot.created_ms);
    let bot = registration.into_bot(id, call.tenant.clone(), created_ms, call.now_ms);
    host.put_bot(bot, call.actor.clone()).await?;
    Ok(empty(StatusCode::ACCEPTED))
}

async fn set_mode(call: &ApiCall, host: &dyn Host, key: Key<'_>, mode: &str) -> Result<ApiAnswer, HostError> {
    let Some(wanted) = Mode::parse(&mode.to_ascii_uppercase()) else {
        return Ok(messages(StatusCode::BAD_REQUEST, &[format!("Invalid mode: {mode}")]));
    };
    let bots = host.bots(&call.tenant, NAME).await?;
    let Some(bot) = bots.iter().find(|bot| key.is(bot) && call.is_for(&bot.platform_id)) else {
        let Key { network, channel, app } = key;
        let there = bots.iter().find(|bot| bot.network == network && bot.channel == channel);
        let company =
            there.filter(|bot| call.is_for(&bot.platform_id)).map(|bot| format!(" for company {}", bot.account));
        let company = company.unwrap_or_default();
        let reason = format!("No such bot {app}{company} network {network} external id {channel}");
        return Ok(messages(StatusCode::NOT_FOUND, &[reason]));
    };
    if let Err(violation) = fits(&bots, key, wanted) {
        return Ok(messages(StatusCode::BAD_REQUEST, &[violation]));
    }
    match host.put_bot(record::with_mode(bot, wanted, call.now_ms), call.actor.clone()).await {
        Err(HostError::Taken(violation)) => Ok(messages(StatusCode::BAD_REQUEST, &[violation])),
        done => done.map(|()| empty(StatusCode::ACCEPTED)),
    }
}

/// Whether a bot may have this mode beside the others of its channel.
fn fits(bots: &[Arc<Bot>], key: Key<'_>, mode: Mode) -> Result<(), String> {
    let others = bots.iter().filter(|bot| bot.network == key.network && bot.channel == key.channel && !key.is(bot));
    PLACES.admit(mode, (key.network, key.channel), others.map(|bot| (bot.mode, bot.platform_id.as_str())))
}

async fn find(call: &ApiCall, host: &dyn Host, key: Key<'_>) -> Result<Option<Arc<Bot>>, HostError> {
    Ok(visible(call, host).await?.into_iter().find(|bot| key.is(bot)))
}
