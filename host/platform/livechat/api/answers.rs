//! What the API answers: `{"error": {"type", "message"}}` where it does not do what was asked (platforms.md C5). The documents tell of no
//! statuses; each type has one here.

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::domain::scope::Scope;
use crate::platform::{ApiAnswer, HostError, JSON};

/// Why a call was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// Something is wrong with the request: every violation, each with its path.
    Validation(Vec<String>),
    /// The caller may not.
    Authorization(String),
    /// There is no such method.
    Unknown(String),
    /// Only POST is taken.
    Method(String),
    /// The host could not.
    Host(HostError),
}

impl From<HostError> for Fault {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl Fault {
    /// No bot agent of the tenant has this id.
    pub(super) fn no_bot(id: &str) -> Self {
        Self::Validation(vec![format!("there is no bot agent {id}")])
    }

    /// No method has this path.
    pub(super) fn unknown(path: &str) -> Self {
        Self::Unknown(format!("there is no method {path}; the methods are action/<name> and agents/<name>"))
    }

    /// Conformance 217.
    pub(super) fn method(method: &Method) -> Self {
        Self::Method(format!("{method} is not taken: every method is called with POST"))
    }

    /// The answer. What went wrong in the host is for its operator's log, not for a tenant's API client.
    pub(super) fn answer(self) -> ApiAnswer {
        match self {
            Self::Validation(violations) => error(
                StatusCode::BAD_REQUEST,
                "validation",
                &format!("Wrong format of request: {}", violations.join("; ")),
            ),
            Self::Authorization(reason) => error(StatusCode::FORBIDDEN, "authorization", &reason),
            Self::Unknown(reason) => error(StatusCode::NOT_FOUND, "validation", &reason),
            Self::Method(reason) => {
                let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "validation", &reason);
                answer.headers.insert(ALLOW, HeaderValue::from_static("POST"));
                answer
            }
            Self::Host(HostError::Taken(reason)) => Self::Validation(vec![reason]).answer(),
            Self::Host(HostError::Missing(reason)) => Self::Validation(vec![reason]).answer(),
            Self::Host(HostError::Busy(what)) => later(&format!("{what}; nothing was done, try again")),
            Self::Host(HostError::Failed(_)) => {
                error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "This cannot be done now")
            }
        }
    }
}

/// The answer to what was done.
pub(super) fn done(body: &Value) -> ApiAnswer {
    written(StatusCode::OK, body)
}

/// What a caller without a valid key gets.
pub(in crate::platform::livechat) fn unauthorized(shown: bool) -> ApiAnswer {
    let reason = if shown {
        "the access token is not valid"
    } else {
        "an access token is needed: Authorization: Bearer <your_access_token>"
    };
    error(StatusCode::UNAUTHORIZED, "authentication", reason)
}

/// What a caller gets of whom it cannot be told now who it is.
pub(in crate::platform::livechat) fn unavailable() -> ApiAnswer {
    later("The caller cannot be checked now; nothing was done, try again")
}

/// What a caller gets whose key may not do this.
pub(in crate::platform::livechat) fn forbidden(scope: Scope) -> ApiAnswer {
    error(StatusCode::FORBIDDEN, "authorization", &format!("the access token lacks the scope {scope}"))
}

fn later(reason: &str) -> ApiAnswer {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", reason);
    answer.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn error(status: StatusCode, kind: &str, message: &str) -> ApiAnswer {
    written(status, &json!({ "error": { "type": kind, "message": message } }))
}

fn written(status: StatusCode, body: &Value) -> ApiAnswer {
    ApiAnswer { status, body: Some(body.to_string()), content_type: JSON, headers: HeaderMap::new() }
}
