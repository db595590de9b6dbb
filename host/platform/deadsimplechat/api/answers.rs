//! What the API answers: the documented envelopes, and the bot as reads show it (platforms.md B1, B2).

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::domain::bot::Bot;
use crate::platform::deadsimplechat::registration::Registration;
use crate::platform::deadsimplechat::{NAME, wire};
use crate::platform::{ApiAnswer, JSON};

/// An answer.
pub(super) fn answer(status: StatusCode, body: &Value) -> ApiAnswer {
    ApiAnswer { status, body: Some(body.to_string()), content_type: JSON, headers: HeaderMap::new() }
}

/// Most refusals.
pub(super) fn refused(status: StatusCode, text: &str) -> ApiAnswer {
    answer(status, &json!({ "success": false, "message": text }))
}

/// A body that is not as documented (conformance 205, 206).
pub(super) fn invalid(error: &str) -> ApiAnswer {
    answer(StatusCode::BAD_REQUEST, &json!({ "success": false, "message": "invalid request", "error": error }))
}

/// Of a caller without a valid key. The platform's pages disagree on the member that holds the words, so that both do.
pub(in crate::platform::deadsimplechat) fn unauthorized(shown: bool) -> ApiAnswer {
    match shown {
        false => answer(StatusCode::BAD_REQUEST, &json!({ "message": "Please specify API Key" })),
        true => answer(StatusCode::UNAUTHORIZED, &json!({ "message": "Invalid API Key", "error": "Invalid API Key" })),
    }
}

/// Not now.
pub(in crate::platform::deadsimplechat) fn unavailable(text: &str) -> ApiAnswer {
    let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("1"))]);
    ApiAnswer { headers, ..refused(StatusCode::SERVICE_UNAVAILABLE, text) }
}

/// Not with this key.
pub(in crate::platform::deadsimplechat) fn forbidden(text: &str) -> ApiAnswer {
    refused(StatusCode::FORBIDDEN, text)
}

/// A bot: all that the platform documents of one, and `hook`, our own: the path of its webhook, for the one who is to tell the
/// platform.
pub(super) fn bot(bot: &Bot, hook: bool) -> Value {
    let mut shown = Map::new();
    shown.insert("_id".to_owned(), bot.platform_id.as_str().into());
    if let Ok(Value::Object(members)) = serde_json::to_value(Registration::of(bot)) {
        shown.extend(members);
    }
    shown.insert("customer".to_owned(), bot.account.as_str().into());
    shown.insert("created".to_owned(), wire::iso_8601(bot.created_ms).into());
    shown.insert("updated".to_owned(), wire::iso_8601(bot.updated_ms).into());
    if hook {
        let path = format!("/hooks/{NAME}/{}.{}", bot.id, bot.credentials.secret.reveal());
        shown.insert("hook".to_owned(), path.into());
    }
    Value::Object(shown)
}
