//! A simulated LiveChat: takes a bot agent's calls of the Agent Chat API as the documented service would (platforms.md C0, C1, C4, C5).

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Settings;
use super::service::{Answer, Call, Rules, Service};

pub mod check;
pub mod customer;

/// The simulated service.
pub type SimulatedLiveChat = Service<LiveChat>;

/// What LiveChat makes of calls.
#[derive(Debug, Default)]
pub struct LiveChat {
    events: AtomicU64,
}

/// A call that has shown who it is from and what it is.
struct Asked<'a> {
    newer: bool,
    method: check::Method,
    payload: &'a Map<String, Value>,
    author: String,
}

impl Rules for LiveChat {
    fn answer(&self, settings: &Settings, call: &Call) -> Answer {
        let asked = match read(settings, call) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let violations = check::payload(asked.method, asked.newer, asked.payload);
        if !violations.is_empty() {
            return error(StatusCode::BAD_REQUEST, "validation", &violations.join("; "));
        }
        let chat = asked.payload.get("chat_id").and_then(Value::as_str).unwrap_or_default();
        Answer { status: StatusCode::OK, body: self.result(&asked, chat) }
    }

    fn fault(&self, status: StatusCode) -> Answer {
        let kind = match status {
            StatusCode::BAD_REQUEST => "validation",
            StatusCode::UNAUTHORIZED => "authentication",
            StatusCode::FORBIDDEN => "authorization",
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            StatusCode::GATEWAY_TIMEOUT => "request_timeout",
            _ => "internal",
        };
        error(status, kind, "simulated fault")
    }
}

impl LiveChat {
    /// The event as it was made (v3.0), its id (v3.1), or nothing (platforms.md C0).
    fn result(&self, asked: &Asked<'_>, chat: &str) -> Value {
        match (asked.method, asked.newer) {
            (check::Method::SendEvent, newer) => {
                let number = self.events.fetch_add(1, Ordering::Relaxed) + 1;
                let (id, thread) = (format!("{chat}_{number}"), format!("{chat}-thread"));
                if newer {
                    return json!({ "event_id": id });
                }
                let mut event = asked.payload.get("event").cloned().unwrap_or_default();
                event["id"] = json!(id);
                event["author_id"] = json!(asked.author);
                json!({ "thread_id": thread, "event": event })
            }
            (check::Method::UpdateLastSeenTimestamp, _) => {
                json!({ "timestamp": asked.payload.get("timestamp").cloned().unwrap_or_else(|| json!(0)) })
            }
            _ => json!({}),
        }
    }
}

/// Who calls what, or why it is not taken.
fn read<'a>(settings: &Settings, call: &'a Call) -> Result<Asked<'a>, Answer> {
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let token = header(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    if token != Some(settings.token.reveal()) {
        return Err(error(StatusCode::UNAUTHORIZED, "authentication", "Invalid access token"));
    }
    if settings.token.reveal().starts_with("fra-") != (header("x-region") == Some("fra")) {
        return Err(error(StatusCode::MISDIRECTED_REQUEST, "misdirected_request", "Wrong region"));
    }
    let invalid = |reason: &str| error(StatusCode::BAD_REQUEST, "validation", reason);
    if call.method != Method::POST {
        return Err(error(StatusCode::METHOD_NOT_ALLOWED, "validation", "POST only"));
    }
    if !header(header::CONTENT_TYPE.as_str()).unwrap_or_default().starts_with("application/json") {
        return Err(invalid("Content-Type must be application/json"));
    }
    let (newer, method) = match call.path.split('/').collect::<Vec<_>>()[..] {
        ["", "v3.0", "agent", "action", method] => (false, method),
        ["", "v3.1", "agent", "action", method] => (true, method),
        _ => return Err(error(StatusCode::NOT_FOUND, "unsupported_version", "No such version")),
    };
    let method = check::Method::of(method, newer)
        .ok_or_else(|| error(StatusCode::NOT_FOUND, "validation", &format!("No such action: {method}")))?;
    let body = call.body.as_object().ok_or_else(|| invalid("Wrong format of request"))?;
    let (payload, author) = if newer {
        (Some(body), header("x-author-id"))
    } else {
        let known = body.keys().all(|key| ["payload", "author_id"].contains(&key.as_str()));
        (
            body.get("payload").and_then(Value::as_object).filter(|_| known),
            body.get("author_id").and_then(Value::as_str),
        )
    };
    let payload = payload.ok_or_else(|| invalid("Wrong format of request: payload"))?;
    let author = author.filter(|author| is_bot(author)).ok_or_else(|| invalid("The author must be a bot agent"))?;
    Ok(Asked { newer, method, payload, author: author.to_owned() })
}

fn is_bot(id: &str) -> bool {
    id.len() == 32 && id.chars().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase())
}

/// The error body (platforms.md C5).
fn error(status: StatusCode, kind: &str, message: &str) -> Answer {
    Answer { status, body: json!({ "error": { "type": kind, "message": message } }) }
}
