//! What a bot elsewhere, or a tool, has done in a bot's name (platforms.md A6, A7), and who holds a conversation.
//!
//! What the documents leave open is decided here:
//!
//! - An action that the bot's mode, the key or the holder of the conversation forbids is answered 403, and not recorded.
//! - In MONITORING a bot may not do what the customer sees (respond, form) nor what decides on the conversation (control, workqueue,
//!   resolve).
//! - A control whose `lastUpdateTS` is older than the last change of hands that was asked for here is answered 409.
//! - A control that the platform refuses for good is taken back in the books: whoever held the conversation before holds it again.
//! - A synchronous respond that the platform refuses for good is answered with the platform's own status where that is the caller's
//!   fault, and else 502; one that is still under way when time is up is answered 504, and sent all the same: `GET /request/{id}` tells.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::envelope::{answer, message, messages, refused, request_id, written};
use crate::domain::action::Action;
use crate::domain::bot::{Bot, Mode};
use crate::domain::call::{Call, Called, Outcome, RequestId};
use crate::domain::event::Owner;
use crate::domain::validate::Refusal;
use crate::platform::fields::{self, Fields};
use crate::platform::khoros::actions::{self, Asked, Coordinate};
use crate::platform::khoros::decode::{conversation_key, is_network};
use crate::platform::khoros::{NAME, encode};
use crate::platform::{ApiAnswer, ApiCall, Host, HostError};

/// The platform's words for a conflict (platforms.md A7).
const CONFLICT: &str = "A (possibly transient) conflict occurred. No change was made. This request may be retried.";

/// Why a call is not done: the answer to it.
type Refused = Box<ApiAnswer>;

/// Does an action, or says why not.
pub(super) async fn act(call: &ApiCall, host: &dyn Host, asked: Result<Asked, Vec<Refusal>>) -> ApiAnswer {
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusals) => {
            let texts: Vec<String> = refusals.iter().map(actions::message).collect();
            return messages(StatusCode::BAD_REQUEST, &texts);
        }
    };
    let done = match host.bots(&call.tenant, NAME).await {
        Ok(bots) => match permitted(call, &bots, &asked) {
            Ok(bot) => do_it(call, host, &asked, bot).await,
            Err(refused) => return *refused,
        },
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| match error {
        // It was removed meanwhile.
        HostError::Missing(_) => *no_such_bot(&asked.coordinate),
        HostError::Busy(what) => {
            message(StatusCode::SERVICE_UNAVAILABLE, &format!("{what}; nothing was done, try again"))
        }
        error => {
            // What went wrong in the host is for its operator's log, not for a tenant's API client.
            tracing::error!(tenant = %call.tenant, path = call.path, %error, "an action could not be recorded");
            message(StatusCode::INTERNAL_SERVER_ERROR, "The request cannot be taken now; nothing was done")
        }
    })
}

/// The bot of a call, if it may do this now.
fn permitted<'a>(call: &ApiCall, bots: &'a [Arc<Bot>], asked: &Asked) -> Result<&'a Bot, Refused> {
    let at = &asked.coordinate;
    if !call.is_for(&at.bot_id) {
        let own = call.client_id.as_deref().unwrap_or_default();
        return Err(forbidden(&format!("This key acts for {own}, not for {}", at.bot_id)));
    }
    let bot = find(bots, at)?;
    let may = match bot.mode {
        Mode::Live => Ok(()),
        Mode::Maintenance => Err("every action is blocked (conformance 50)"),
        Mode::Monitoring if speaks(&asked.action) => {
            Err("nothing that it says is sent to the customer (conformance 49)")
        }
        Mode::Monitoring if decides(&asked.action) => {
            Err("it may not decide who holds the conversation or what becomes of it (platforms.md A4)")
        }
        Mode::Monitoring => Ok(()),
    };
    let mode = bot.mode.name();
    may.map_err(|rule| forbidden(&format!("The bot {} is in mode {mode}: {rule}", bot.platform_id))).map(|()| bot)
}

fn forbidden(text: &str) -> Refused {
    Box::new(refused(StatusCode::FORBIDDEN, &request_id(), text))
}

/// The bot that a coordinate names. What is wrong first is told, as the platform does (platforms.md A6).
fn find<'a>(bots: &'a [Arc<Bot>], at: &Coordinate) -> Result<&'a Bot, Refused> {
    let Coordinate { company_key, network_key, external_id, bot_id, .. } = at;
    let there = channel(bots, network_key, external_id)?;
    let Some(bot) = there.into_iter().find(|bot| bot.platform_id == *bot_id) else {
        return Err(no_such_bot(at));
    };
    if bot.account != *company_key {
        return Err(Box::new(invalid("companyKey", company_key)));
    }
    Ok(bot)
}

fn no_such_bot(at: &Coordinate) -> Refused {
    let Coordinate { company_key, network_key, external_id, bot_id, .. } = at;
    let text =
        format!("No such bot {bot_id} for company {company_key} network {network_key} external id {external_id}");
    Box::new(messages(StatusCode::NOT_FOUND, &[text]))
}

/// The bots of a channel, of which there is at least one.
fn channel<'a>(bots: &'a [Arc<Bot>], network: &str, channel: &str) -> Result<Vec<&'a Arc<Bot>>, Refused> {
    let mut there: Vec<_> = bots.iter().filter(|bot| is_network(bot, network)).collect();
    if there.is_empty() {
        return Err(Box::new(invalid("networkKey", network)));
    }
    there.retain(|bot| bot.channel == channel);
    if there.is_empty() { Err(Box::new(invalid("externalId", channel))) } else { Ok(there) }
}

fn invalid(name: &str, value: &str) -> ApiAnswer {
    messages(StatusCode::BAD_REQUEST, &[format!("Invalid {name} {value}")])
}

/// Whether the customer sees it.
fn speaks(action: &Action) -> bool {
    match action {
        Action::Respond(_) | Action::TypingStart | Action::TypingStop => true,
        Action::Other { kind, .. } => kind == encode::SECURE_FORM,
        _ => false,
    }
}

/// Whether it decides on who handles the conversation, or ends it.
fn decides(action: &Action) -> bool {
    matches!(action, Action::HandOff(_) | Action::TakeOver | Action::MoveTo { .. } | Action::Resolve(_))
}

async fn do_it(call: &ApiCall, host: &dyn Host, asked: &Asked, bot: &Bot) -> Result<ApiAnswer, HostError> {
    let payload = Fields::parse(&asked.request.body).unwrap_or_default();
    let at = &asked.coordinate;
    let wanted = Call {
        tenant: call.tenant.clone(),
        bot: bot.id.clone(),
        bot_revision: bot.revision,
        conversation: conversation_key(bot, [&at.network_key, &at.external_id, &asked.author.id]),
        only_for: speaks(&asked.action).then(|| Owner::Bot(bot.platform_id.clone())),
        owner: asked.owner.clone(),
        known_ms: asked.owner.as_ref().and(payload.get("lastUpdateTS")).and_then(fields::whole),
        request: asked.request.clone(),
        now_ms: call.now_ms,
    };
    let waits = asked.process_synchronously && asked.request.path.ends_with("/respond");
    let (called, outcome) = if waits { host.call_and_wait(wanted).await? } else { (host.call(wanted).await?, None) };
    Ok(match called {
        Called::NotHeld(_) => {
            let coordinate = payload.get("coordinate").map_or("", RawValue::get);
            *forbidden(&format!("This bot doesn't own the conversation {coordinate}"))
        }
        Called::Changed => refused(StatusCode::CONFLICT, &request_id(), CONFLICT),
        Called::Recorded { delivery, since_ms, .. } => {
            let id = RequestId::Delivery(delivery).to_string();
            match outcome {
                Some(outcome) => published(&id, &payload, outcome),
                None if asked.owner.is_some() => changed_hands(&id, &payload, since_ms),
                None => answer(StatusCode::ACCEPTED, &json!({ "requestId": id })),
            }
        }
    })
}

/// What became of a synchronous respond (conformance 129-131).
fn published(id: &str, payload: &Fields<'_>, outcome: Outcome) -> ApiAnswer {
    match outcome {
        Outcome::Sent { reference, answer: words } => {
            let words: Value = words.and_then(|words| serde_json::from_str(&words).ok()).unwrap_or_default();
            let own = words["data"]["messageId"].as_str().map(str::to_owned);
            // The platform may have taken it without telling its number of the message.
            let message_id = own.or(reference).unwrap_or_else(|| id.to_owned());
            let kind = payload.get("type").and_then(fields::text);
            let data = json!({ "messageId": message_id, "payloadType": kind, "requestState": "SUCCESS" });
            answer(StatusCode::OK, &json!({ "data": data, "requestId": id }))
        }
        Outcome::Failed { status, reason, ambiguous } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok()).filter(callers_fault);
            let unsure = if ambiguous { "; the platform may have sent it all the same" } else { "" };
            refused(status.unwrap_or(StatusCode::BAD_GATEWAY), id, &format!("{reason}{unsure}"))
        }
        Outcome::Pending { reason } => {
            let so_far = reason.map_or_else(String::new, |reason| format!(" So far: {reason}"));
            let text = format!(
                "What becomes of the request is not known yet, and it is not to be repeated: ask for it with GET \
                 /request/{id}.{so_far}"
            );
            refused(StatusCode::GATEWAY_TIMEOUT, id, &text)
        }
    }
}

/// Whether a platform's status is about what the caller sent. A 401, for one, is about the host's own token.
fn callers_fault(status: &StatusCode) -> bool {
    matches!(
        *status,
        StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// What a control is answered: the conversation as it is now, in the caller's own words where they are unchanged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Control<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    owner: Option<&'a RawValue>,
    author: Option<&'a RawValue>,
    coordinate: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_display_id: Option<&'a RawValue>,
    #[serde(rename = "lastUpdateTS")]
    last_update_ts: Option<u64>,
}

fn changed_hands(id: &str, payload: &Fields<'_>, since_ms: Option<u64>) -> ApiAnswer {
    #[derive(Debug, Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        data: Control<'a>,
        request_id: &'a str,
    }
    let data = Control {
        kind: "control",
        owner: payload.get("owner"),
        author: payload.get("author"),
        coordinate: payload.get("coordinate"),
        conversation_display_id: payload.get("conversationDisplayId"),
        last_update_ts: since_ms,
    };
    match serde_json::to_string(&Body { data, request_id: id }) {
        Ok(body) => written(StatusCode::OK, id, body),
        Err(_) => answer(StatusCode::OK, &json!({ "requestId": id })),
    }
}

/// Tells who holds a conversation. Of several bots on the channel it is the one that the key acts for, or else the LIVE one.
pub(super) async fn holder(
    call: &ApiCall,
    host: &dyn Host,
    (network, external_id, author): (&str, &str, &str),
) -> Result<ApiAnswer, HostError> {
    let mut bots = host.bots(&call.tenant, NAME).await?;
    bots.retain(|bot| call.is_for(&bot.platform_id));
    let there = match channel(&bots, network, external_id) {
        Ok(there) => there,
        Err(refused) => return Ok(*refused),
    };
    let live = there.iter().find(|bot| bot.mode == Mode::Live);
    let Some(bot) = live.or(there.first()) else { return Ok(invalid("externalId", external_id)) };
    let held = host.held(bot, &conversation_key(bot, [network, external_id, author]))?;
    // A conversation that the host has not seen is the bot's (conformance 122), since there is the bot.
    let owner = match held.owner.unwrap_or_else(|| Owner::Bot(bot.platform_id.clone())) {
        Owner::Agent => json!({ "type": "AGENT" }),
        Owner::Bot(app) => json!({ "type": "BOT", "appId": app }),
    };
    let coordinate = json!({
        "companyKey": bot.account, "networkKey": network, "externalId": external_id, "botId": bot.platform_id,
        "normalizedAuthorId": author, "scope": "PRIVATE",
    });
    let data = json!({
        "type": "control", "owner": owner, "author": { "id": author }, "coordinate": coordinate,
        "lastUpdatedTS": held.since_ms.unwrap_or(bot.created_ms),
    });
    Ok(answer(StatusCode::OK, &json!({ "data": data, "requestId": request_id() })))
}
