//! Serves `/consumer/api/v2` as DeadSimpleChat documents it (seed 003; platforms.md B1-B3). Bots are here, the rest is below.
//!
//! What is not found, or not the caller's, is told as 401 where that is documented: the platform does not tell the two apart.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::json;

use self::answers::{answer, invalid, refused};
use self::form::Changes;
use super::registration::{ROOMS_MAX, Registration, Switch, Trigger, Visibility};
use super::{NAME, wire};
use crate::domain::bot::{Bot, Credentials, Mode, Scheme};
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::platform::{ApiAnswer, ApiCall, Host, HostError, Shown};

mod answers;
mod form;
mod message;

pub(super) use self::answers::{forbidden, unauthorized, unavailable};

/// What a new bot needs (conformance 186, 197).
const REQUIRED: [&str; 2] = ["name", "webhookURL"];

/// Why a bot cannot answer one user alone and listen to all (conformance 208, 209).
const CONFLICT: &str = "Error: Bots cannot be configured to trigger on every message when message visibility is set to \
                                   private. Either change the bot trigger to \"mention\" or set the message visibility to \
                                   \"public\".";

/// The platform's words for a bot that is not there, or not the caller's.
const NO_BOT: &str = "bot not found, or customer does not have permission to modify the bot";

/// What a call shows of who makes it. Of several keys the one in the query counts, as the platform's present pages have it, then
/// the one in the header that the seed has (conformance 185 and note G).
pub(super) fn shown(headers: &HeaderMap, query: &str) -> Option<Shown> {
    let in_query = query.split('&').find_map(|pair| pair.strip_prefix(wire::KEY)?.strip_prefix('='));
    let in_query = in_query.and_then(|key| percent_decode_str(key).decode_utf8().ok()).map(|key| key.into_owned());
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || {
        let (scheme, key) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
    };
    let given = |key: &String| !key.is_empty();
    let key = in_query.filter(given).or_else(|| text(wire::KEY).map(|key| key.trim().to_owned()).filter(given));
    let key = key.or_else(bearer).filter(given)?;
    Some(Shown::Key { key: Secret::new(key), user: None })
}

/// Answers one call.
pub(super) async fn serve(call: ApiCall, host: &dyn Host) -> ApiAnswer {
    let decode = |part| percent_decode_str(part).decode_utf8().ok().map(|part| part.into_owned());
    let Some(decoded) = call.path.split('/').map(decode).collect::<Option<Vec<String>>>() else {
        return refused(StatusCode::BAD_REQUEST, "a part of the path is not UTF-8");
    };
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    let done = match (method, segments.as_slice()) {
        ("POST", ["bot"]) => create(&call, host).await,
        ("GET", ["bots"]) => list(&call, host).await,
        ("GET", ["bot", bot]) => one(&call, host, bot).await,
        ("PUT", ["bot", bot]) => update(&call, host, bot).await,
        ("DELETE", ["bot", bot]) => remove(&call, host, bot).await,
        ("POST", ["bot", bot, "enable"]) => set_enabled(&call, host, bot, true).await,
        ("POST", ["bot", bot, "disable"]) => set_enabled(&call, host, bot, false).await,
        ("POST", ["bot", bot, "chatroom", room, "enable"]) => switch(&call, host, (bot, room), Switch::Enabled).await,
        ("POST", ["bot", bot, "chatroom", room, "disable"]) => switch(&call, host, (bot, room), Switch::Disabled).await,
        ("POST", ["bot", bot, "chatroom", room, "message"]) => message::send(&call, host, bot, room).await,
        (_, ["bot" | "bots"] | ["bot", _] | ["bot", _, "enable" | "disable"])
        | (_, ["bot", _, "chatroom", _, "enable" | "disable" | "message"]) => {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
        }
        _ => return refused(StatusCode::NOT_FOUND, "No such resource"),
    };
    // What went wrong in the host is for its operator's log, not for a tenant's API client.
    done.unwrap_or_else(|error| match error {
        HostError::Taken(reason) => invalid(&reason),
        HostError::Missing(_) => no_bot(),
        HostError::Busy(what) => unavailable(&format!("{what}; nothing was done, try again")),
        HostError::Failed(_) => {
            tracing::error!(tenant = %call.tenant, method, path = call.path, %error, "a call of the API failed");
            let text = if call.method == Method::GET { "this cannot be read now" } else { "this cannot be done now" };
            refused(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    })
}

fn no_bot() -> ApiAnswer {
    refused(StatusCode::UNAUTHORIZED, NO_BOT)
}

/// The bot of that id, where the caller acts for it: a key with a `client_id` acts for the bot of that id alone.
async fn find(call: &ApiCall, host: &dyn Host, id: &str) -> Result<Option<Arc<Bot>>, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    Ok(bots.into_iter().find(|bot| bot.platform_id == id && call.is_for(id)))
}

/// Conformance 184-212.
async fn create(call: &ApiCall, host: &dyn Host) -> Result<ApiAnswer, HostError> {
    let mut changes = match Changes::read(&call.body, &REQUIRED, &|url| host.may_relay(url)) {
        Ok(changes) => changes,
        Err(violations) => return Ok(invalid(&violations.join("; "))),
    };
    let Some(target) = changes.target.clone() else { return Ok(invalid("webhookURL is required")) };
    let platform_id = match changes.id.take() {
        Some(id) if host.bots(&call.tenant, NAME).await?.iter().any(|bot| bot.platform_id == id) => {
            return Ok(invalid(&format!("_id: there is a bot {id} already; change it with PUT bot/{id}")));
        }
        Some(id) => id,
        None => new_id(host)?,
    };
    if !call.is_for(&platform_id) {
        return Ok(forbidden("Forbidden: the key acts for one bot alone, which its client_id names"));
    }
    let registration = changes.onto(Registration::default());
    if conflicts(&registration) {
        return Ok(refused(StatusCode::BAD_REQUEST, CONFLICT));
    }
    let secret = Secret::new(host.new_bot_id()?.as_str());
    let bot = Bot {
        id: host.new_bot_id()?,
        tenant: call.tenant.clone(),
        platform: NAME.to_owned(),
        platform_id,
        network: NAME.to_owned(),
        channel: NAME.to_owned(),
        account: call.tenant.as_str().to_owned(),
        target,
        pin: None,
        mode: Mode::Live,
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret },
        config: registration.config(),
        registration: registration.to_text(),
        created_ms: call.now_ms,
        updated_ms: call.now_ms,
        revision: 0,
    };
    put(call, host, bot).await
}

/// 24 hexadecimal digits, as the platform's ids are; not a part of the one that the hook begins with.
fn new_id(host: &dyn Host) -> Result<String, HostError> {
    let drawn = host.new_bot_id()?;
    Ok(drawn.as_str().get(..form::ID_DIGITS).unwrap_or(drawn.as_str()).to_owned())
}

/// Judged on what a change results in, whatever part of it the change names.
fn conflicts(registration: &Registration) -> bool {
    registration.trigger == Trigger::Message && registration.message_visibility == Visibility::Private
}

async fn list(call: &ApiCall, host: &dyn Host) -> Result<ApiAnswer, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    let ours = bots.iter().filter(|bot| call.is_for(&bot.platform_id));
    let shown: Vec<_> = ours.map(|bot| answers::bot(bot, shows_hook(call))).collect();
    Ok(answer(StatusCode::OK, &json!({ "success": true, "bots": shown })))
}

async fn one(call: &ApiCall, host: &dyn Host, id: &str) -> Result<ApiAnswer, HostError> {
    Ok(find(call, host, id).await?.map_or_else(no_bot, |bot| answered(call, &bot)))
}

async fn update(call: &ApiCall, host: &dyn Host, id: &str) -> Result<ApiAnswer, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    let Some(bot) = bots.iter().find(|bot| bot.platform_id == id && call.is_for(id)) else { return Ok(no_bot()) };
    let invalid = |violations: &[String]| {
        let body = json!({ "success": false, "message": "Validation error", "details": violations });
        answer(StatusCode::BAD_REQUEST, &body)
    };
    let changes = match Changes::read(&call.body, &[], &|url| host.may_relay(url)) {
        Ok(changes) => changes,
        Err(violations) => return Ok(invalid(&violations)),
    };
    if changes.id.as_ref().is_some_and(|other| other != id) {
        return Ok(invalid(&["_id cannot be changed".to_owned()]));
    }
    let before = Registration::of(bot);
    let others = || bots.iter().filter(|other| other.id != bot.id);
    if let Some(name) = changes.name.as_ref().filter(|name| **name != before.name)
        && others().any(|other| Registration::of(other).name == *name)
    {
        return Ok(refused(StatusCode::BAD_REQUEST, &format!("there is a bot with the name {name:?} already")));
    }
    let target = changes.target.clone().unwrap_or_else(|| bot.target.clone());
    let registration = changes.onto(before);
    if conflicts(&registration) {
        return Ok(refused(StatusCode::BAD_REQUEST, CONFLICT));
    }
    put(call, host, Bot { target, ..changed(call, bot, &registration) }).await
}

async fn remove(call: &ApiCall, host: &dyn Host, id: &str) -> Result<ApiAnswer, HostError> {
    let Some(bot) = find(call, host, id).await? else { return Ok(no_bot()) };
    host.remove_bot(&bot.id, call.actor.clone()).await?;
    Ok(answered(call, &bot))
}

async fn set_enabled(call: &ApiCall, host: &dyn Host, id: &str, enabled: bool) -> Result<ApiAnswer, HostError> {
    let Some(bot) = find(call, host, id).await? else { return Ok(no_bot()) };
    let registration = Registration { enabled, ..Registration::of(&bot) };
    put(call, host, changed(call, &bot, &registration)).await
}

/// A room is known by its id alone: which rooms there are only the platform knows.
async fn switch(
    call: &ApiCall,
    host: &dyn Host,
    (id, room): (&str, &str),
    switch: Switch,
) -> Result<ApiAnswer, HostError> {
    let Some(bot) = find(call, host, id).await? else { return Ok(no_bot()) };
    if !wire::is_id(room) {
        return Ok(refused(StatusCode::UNAUTHORIZED, "chatRoom not found"));
    }
    let mut registration = Registration::of(&bot);
    if registration.chat_rooms.len() >= ROOMS_MAX && !registration.chat_rooms.contains_key(room) {
        let text = format!("the bot has switches for {ROOMS_MAX} chat rooms, no more are allowed");
        return Ok(refused(StatusCode::BAD_REQUEST, &text));
    }
    registration.chat_rooms.insert(room.to_owned(), switch);
    host.put_bot(changed(call, &bot, &registration), call.actor.clone()).await?;
    Ok(answer(
        StatusCode::OK,
        &match switch {
            Switch::Enabled => json!({ "success": true, "botStatus": { "status": "ENABLED" } }),
            Switch::Disabled => json!({ "success": true, "message": "Bot successfully disabled in the chat room" }),
        },
    ))
}

/// The bot with another registration; its ids and its hook stay.
fn changed(call: &ApiCall, bot: &Bot, registration: &Registration) -> Bot {
    let (config, registration) = (registration.config(), registration.to_text());
    Bot { config, registration, updated_ms: call.now_ms, ..bot.clone() }
}

async fn put(call: &ApiCall, host: &dyn Host, bot: Bot) -> Result<ApiAnswer, HostError> {
    let shown = answered(call, &bot);
    host.put_bot(bot, call.actor.clone()).await?;
    Ok(shown)
}

fn answered(call: &ApiCall, bot: &Bot) -> ApiAnswer {
    let bot = answers::bot(bot, shows_hook(call));
    answer(StatusCode::OK, &json!({ "success": true, "bot": bot }))
}

/// The hook holds a secret, which a key that may only read is not shown.
fn shows_hook(call: &ApiCall) -> bool {
    call.scopes.allow(Scope::BOTS)
}
