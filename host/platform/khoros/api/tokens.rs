//! Serves the tokens of Khoros' API (platforms.md A2): the first of an app on the Care path with Basic credentials, its
//! refreshment and its end beside the bots' calls.
//!
//! A Care user is whoever has a key of the host: any user name, and a key with the scope `bots` as the password. A token acts
//! for the key's tenant in the name of its appId alone, and ends with the key, as do those that took over from it. An app has one; whoever has lost it invalidates it with a key. What
//! Khoros leaves open: `GET` answers 200 with `expiresAtMillis` where there is a token and 404 where there is none.

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{answer, message, request_id};
use crate::domain::secret::Secret;
use crate::domain::token::Token;
use crate::platform::khoros::{NAME, jwt};
use crate::platform::{ApiAnswer, ApiCall, By, Host, HostError};

/// How long a token is taken: 90 days, as documented.
const LIFE_MS: u64 = 90 * 24 * 60 * 60 * 1000;

/// How much longer one is taken after another took over from it: ten minutes, as documented.
const GRACE_MS: u64 = 10 * 60 * 1000;

/// The longest appId and user name, in bytes.
const NAME_BYTES_MAX: usize = 256;

const EXISTS: &str = "A token at this path already exists.";

/// Answers a call of the Care API: `khorosapi/ownerId/{appId}`.
pub(super) async fn care(call: &ApiCall, host: &dyn Host) -> ApiAnswer {
    let app = call.path.strip_prefix("khorosapi/ownerId/").filter(|app| !app.contains('/'));
    let Some(app) = app.and_then(|app| percent_decode_str(app).decode_utf8().ok()) else {
        return fail(StatusCode::NOT_FOUND, "No such resource");
    };
    if !is_name(&app) {
        return fail(StatusCode::BAD_REQUEST, "Invalid ownerId");
    }
    let By::Key { user } = &call.by else { return unauthorized() };
    if !call.is_for(&app) {
        return fail(StatusCode::FORBIDDEN, "Forbidden: the key acts for another app");
    }
    let answered = match call.method {
        Method::POST => create(call, host, &app, user.as_deref().unwrap_or_default()).await,
        Method::GET => exists(call, host, &app).await,
        _ => return fail(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    };
    answered.unwrap_or_else(|error| match error {
        HostError::Taken(why) => fail(StatusCode::CONFLICT, &why),
        HostError::Busy(why) => fail(StatusCode::SERVICE_UNAVAILABLE, &why),
        HostError::Missing(error) | HostError::Failed(error) => {
            tracing::error!(tenant = %call.tenant, app = %app, %error, "a token could not be made");
            fail(StatusCode::INTERNAL_SERVER_ERROR, "The tokens cannot be read or written now")
        }
    })
}

/// What a caller of the Care API without a valid key gets.
pub(super) fn unauthorized() -> ApiAnswer {
    fail(StatusCode::UNAUTHORIZED, "Unauthorized")
}

/// An answer in the Care API's envelope (platforms.md A9).
pub(super) fn fail(status: StatusCode, text: &str) -> ApiAnswer {
    answer(status, &json!({"status": "fail", "message": text}))
}

async fn create(call: &ApiCall, host: &dyn Host, app: &str, user: &str) -> Result<ApiAnswer, HostError> {
    if host.token_of(&call.tenant, NAME, app, call.now_ms)?.is_some() {
        return Ok(fail(StatusCode::CONFLICT, EXISTS));
    }
    let token = new(call, app, user)?;
    let text = written(call, host, &token).await?;
    let expires_ms = token.expires_ms;
    host.add_token(token, call.actor.clone()).await?;
    let data = json!({"token": text.reveal(), "expiresAtMillis": expires_ms});
    Ok(answer(StatusCode::OK, &json!({"status": "success", "data": data})))
}

async fn exists(call: &ApiCall, host: &dyn Host, app: &str) -> Result<ApiAnswer, HostError> {
    Ok(match host.token_of(&call.tenant, NAME, app, call.now_ms)? {
        Some(expires_ms) => {
            answer(StatusCode::OK, &json!({"status": "success", "data": {"expiresAtMillis": expires_ms}}))
        }
        None => fail(StatusCode::NOT_FOUND, "There is no token at this path."),
    })
}

/// Answers `tokens/appId/{appId}`: `PUT` refreshes the token that is shown, `DELETE` invalidates all of the app.
pub(super) async fn of_app(call: &ApiCall, host: &dyn Host, app: &str) -> ApiAnswer {
    let answered = match (&call.method, &call.by) {
        (&Method::PUT | &Method::DELETE, _) if !call.is_for(app) => Ok(refused()),
        (&Method::PUT, By::Token { id, user }) => refresh(call, host, app, (id, user)).await,
        // A key is no token: there is nothing to refresh.
        (&Method::PUT, By::Key { .. }) => Ok(refused()),
        (&Method::DELETE, _) => invalidate(call, host, app).await,
        _ => return message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    };
    answered.unwrap_or_else(|error| match error {
        // Too many, or too often: later there is one.
        HostError::Taken(why) => message(StatusCode::TOO_MANY_REQUESTS, &why),
        HostError::Busy(why) => message(StatusCode::SERVICE_UNAVAILABLE, &why),
        HostError::Missing(error) | HostError::Failed(error) => {
            tracing::error!(tenant = %call.tenant, app, %error, "a token could not be refreshed or invalidated");
            message(StatusCode::INTERNAL_SERVER_ERROR, "The tokens cannot be written now")
        }
    })
}

async fn refresh(
    call: &ApiCall,
    host: &dyn Host,
    app: &str,
    (old, user): (&str, &str),
) -> Result<ApiAnswer, HostError> {
    let token = new(call, app, user)?;
    let text = written(call, host, &token).await?;
    let expires_ms = token.expires_ms;
    // Nothing was replaced when the one that was shown is over by now.
    if !host.replace_token(old.to_owned(), token, GRACE_MS, call.actor.clone()).await? {
        return Ok(refused());
    }
    let data = json!({"token": text.reveal(), "expiresAtMillis": expires_ms});
    Ok(answer(StatusCode::OK, &json!({"data": data, "requestId": request_id()})))
}

async fn invalidate(call: &ApiCall, host: &dyn Host, app: &str) -> Result<ApiAnswer, HostError> {
    host.drop_tokens(call.tenant.clone(), NAME, app.to_owned(), call.actor.clone(), call.now_ms).await?;
    Ok(answer(StatusCode::OK, &json!({})))
}

/// Khoros documents 400 here, and this text.
fn refused() -> ApiAnswer {
    message(StatusCode::BAD_REQUEST, "Unauthorized")
}

/// A token's record. Its id is drawn like its key, so that no two records meet.
fn new(call: &ApiCall, app: &str, user: &str) -> Result<Token, HostError> {
    let (mut id, mut key) = ([0; 16], [0; 64]);
    for bytes in [&mut id[..], &mut key[..]] {
        getrandom::fill(bytes)
            .map_err(|error| HostError::Failed(format!("this machine has no randomness: {error}")))?;
    }
    Ok(Token {
        id: hex::encode(id),
        tenant: call.tenant.clone(),
        platform: NAME.to_owned(),
        app: app.to_owned(),
        maker: call.key.clone(),
        user: user[..user.floor_char_boundary(NAME_BYTES_MAX)].to_owned(),
        key: Secret::new(hex::encode(key)),
        created_ms: call.now_ms,
        expires_ms: call.now_ms.saturating_add(LIFE_MS),
        replaced: false,
    })
}

/// The token itself. Its companyKey is that of the app's registration, or else of the tenant's first, or else the tenant's name:
/// a token can be had before anything is registered.
async fn written(call: &ApiCall, host: &dyn Host, token: &Token) -> Result<Secret, HostError> {
    let bots = host.bots(&call.tenant, NAME).await?;
    let bot = bots.iter().find(|bot| bot.platform_id == token.app).or(bots.first());
    let company = bot.map_or(call.tenant.as_str(), |bot| bot.account.as_str());
    jwt::write(token, company).ok_or_else(|| HostError::Failed("a token's key is no key".to_owned()))
}

fn is_name(app: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&app.len()) && !app.chars().any(char::is_control)
}
