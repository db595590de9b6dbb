//! What the simulated service answers, and what it does first (platforms.md A6, A7, A9).

use std::time::Instant;

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Conversation, Owner, Received, SimulatedKhoros, check, records, tokens};

/// A call as it came in.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Call {
    pub(super) fn received(&self, status: Option<StatusCode>, at: Instant) -> Received {
        Received { method: self.method.clone(), path: self.path.clone(), body: self.body.clone(), status, at }
    }

    fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn conversation(&self) -> Conversation {
        Conversation {
            network: self.text("/coordinate/networkKey"),
            external_id: self.text("/coordinate/externalId"),
            author: self.text("/author/id"),
        }
    }
}

/// An answer; the request id is put in when it is sent.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    pub(super) retry_after_s: Option<u64>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after_s: None }
    }

    /// An answer without a request id.
    pub(super) fn untold(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, "application/json")], self.body.to_string()).into_response()
    }

    /// `number` makes the request id, in the body and in the header (platforms.md A1).
    pub(super) fn into_response(mut self, number: u64) -> Response {
        let id = format!("sim-{number}");
        if let Some(members) = self.body.as_object_mut() {
            members.insert("requestId".to_owned(), id.as_str().into());
        }
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-amzn-requestid", id.as_str())],
            self.body.to_string(),
        )
            .into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// An error in the envelope of most calls.
pub(super) fn refusal(status: StatusCode, message: &str) -> Answer {
    Answer::new(status, json!({"error": {"messages": [message]}}))
}

/// Checks a call and does what it asks.
pub(super) fn to(service: &SimulatedKhoros, call: &Call) -> Answer {
    if let Some(answer) = tokens::answer(service, call) {
        return answer;
    }
    let known = tokens::bearer(&call.headers).and_then(|token| service.bearer(token));
    let Some(bearer) = known else {
        return Answer::new(StatusCode::UNAUTHORIZED, json!({"error": {"message": "Unauthorized"}}));
    };
    if let Some(answer) = records::answer(service, call) {
        return answer;
    }
    let content_type = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().replace(' ', "").contains("application/json;charset=utf-8") {
        return refusal(StatusCode::BAD_REQUEST, "Content-Type must be application/json; charset=utf-8");
    }
    let Some(action) = check::Action::of(call.method.as_str(), &call.path) else {
        return refusal(StatusCode::NOT_FOUND, "No such resource");
    };
    let violations = check::body(action, &call.body);
    if !violations.is_empty() {
        return Answer::new(StatusCode::BAD_REQUEST, json!({"error": {"messages": violations}}));
    }
    // A token is for its app alone.
    if bearer.is_some_and(|app| app != call.text("/coordinate/botId")) {
        return refusal(StatusCode::FORBIDDEN, "This token is another app's");
    }
    match action {
        check::Action::Respond | check::Action::Form => said(service, call),
        check::Action::Control => changed_hands(service, call),
        _ => Answer::new(StatusCode::ACCEPTED, json!({})),
    }
}

/// Only the holder speaks (conformance 82).
fn said(service: &SimulatedKhoros, call: &Call) -> Answer {
    let bot = call.text("/coordinate/botId");
    let owner = service.owner(&call.conversation()).unwrap_or_else(|| Owner::Bot(bot.clone()));
    if owner != Owner::Bot(bot) {
        let message = format!("This bot doesn't own the conversation {}", call.body["coordinate"]);
        return refusal(StatusCode::FORBIDDEN, &message);
    }
    // Conformance 129-133.
    if call.body["processSynchronously"] == json!(true) {
        let message_id = format!("sim-message-{}", service.received_total() + 1);
        let state = json!({"messageId": message_id, "payloadType": call.body["type"], "requestState": "SUCCESS"});
        return Answer::new(StatusCode::OK, json!({ "data": state }));
    }
    Answer::new(StatusCode::ACCEPTED, json!({}))
}

fn changed_hands(service: &SimulatedKhoros, call: &Call) -> Answer {
    let owner = match call.text("/owner/type").as_str() {
        "BOT" => Owner::Bot(call.text("/owner/appId")),
        _ => Owner::Agent,
    };
    let conversation = call.conversation();
    let full = {
        let memory = service.memory();
        memory.owners.len() >= service.shared.settings.owners_max && !memory.owners.contains_key(&conversation)
    };
    if full {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "The simulator remembers no more conversations");
    }
    service.set_owner(conversation, owner);
    Answer::new(StatusCode::OK, json!({ "data": call.body }))
}
