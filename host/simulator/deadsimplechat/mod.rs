//! A simulated DeadSimpleChat: takes bots' messages as the documented service would, and remembers them.
//!
//! It is written from the documents (platforms.md B1-B3) and shares no code with the encoder, so that a mistake in one of them
//! shows. It is stricter than a service that has to live with its callers: what no document knows is refused.

use std::collections::HashSet;

use axum::http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Settings;
use super::service::{Answer, Call, Rules, Service};

pub mod customer;

/// The simulated service.
pub type SimulatedDeadSimpleChat = Service<DeadSimpleChat>;

/// Its rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeadSimpleChat;

impl Rules for DeadSimpleChat {
    fn answer(&self, settings: &Settings, call: &Call) -> Answer {
        if let Some(answer) = turned_away(settings, call) {
            return answer;
        }
        if !is_message(call) {
            return refusal(StatusCode::NOT_FOUND, "Not found");
        }
        let json = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !json.starts_with("application/json") {
            return invalid("Content-Type must be application/json");
        }
        let violations = message(&call.body);
        match violations.as_slice() {
            [] => Answer { status: StatusCode::OK, body: json!({ "success": true, "message": "message sent" }) },
            violations => invalid(&violations.join("; ")),
        }
    }

    fn fault(&self, status: StatusCode) -> Answer {
        refusal(status, "simulated fault")
    }
}

fn refusal(status: StatusCode, message: &str) -> Answer {
    Answer { status, body: json!({ "success": false, "message": message }) }
}

fn invalid(error: &str) -> Answer {
    let body = json!({ "success": false, "message": "invalid request", "error": error });
    Answer { status: StatusCode::BAD_REQUEST, body }
}

/// The key is in the query (platforms.md B1), or in the header of the same name (conformance 185); where it is in both, both must
/// be right.
fn turned_away(settings: &Settings, call: &Call) -> Option<Answer> {
    let in_query = call.query.split('&').find_map(|pair| pair.strip_prefix("auth=")).map(decoded);
    let in_header = call.headers.get("auth").map(|value| value.to_str().unwrap_or_default().to_owned());
    let mut shown = [in_query, in_header].into_iter().flatten().peekable();
    if shown.peek().is_none() {
        let body = json!({ "message": "Please specify API Key" });
        return Some(Answer { status: StatusCode::BAD_REQUEST, body });
    }
    let wrong = shown.any(|key| key != settings.token.reveal());
    wrong.then(|| Answer { status: StatusCode::UNAUTHORIZED, body: json!({ "message": "Invalid API Key" }) })
}

/// Whether a bot says something in a room.
fn is_message(call: &Call) -> bool {
    let parts: Vec<&str> = call.path.split('/').collect();
    match parts.as_slice() {
        ["", "consumer", "api", "v2", "bot", bot, "chatroom", room, "message"] => {
            call.method == Method::POST && !bot.is_empty() && !room.is_empty()
        }
        _ => false,
    }
}

/// Without its percent-escapes.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Everything that is wrong with a message's body; nothing when it is right.
#[must_use]
pub fn message(body: &Value) -> Vec<String> {
    let Value::Object(members) = body else { return vec!["the body is not a JSON object".to_owned()] };
    let mut found = Violations(Vec::new());
    found.known(members, &["message", "messageId", "userId", "uniqueUserIdentifier", "actionButtons"]);
    found.text(members, "message", true, 1000);
    for name in ["messageId", "userId", "uniqueUserIdentifier"] {
        found.text(members, name, false, usize::MAX);
    }
    let both = members.contains_key("userId") && members.contains_key("uniqueUserIdentifier");
    found.require(!both, "userId or uniqueUserIdentifier, not both");
    match members.get("actionButtons") {
        None => {}
        Some(Value::Array(buttons)) if !buttons.is_empty() => {
            let ids: HashSet<_> = buttons.iter().filter_map(|button| button["id"].as_str()).collect();
            found.require(ids.len() == buttons.len(), "actionButtons must have ids of their own");
            buttons.iter().for_each(|button| found.button(button));
        }
        Some(_) => found.require(false, "actionButtons must be a list that is not empty"),
    }
    found.0
}

/// What was found wrong.
struct Violations(Vec<String>);

impl Violations {
    fn require(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.0.push(otherwise.to_owned());
        }
    }

    fn known(&mut self, members: &Map<String, Value>, names: &[&str]) {
        for name in members.keys().filter(|name| !names.contains(&name.as_str())) {
            self.0.push(format!("{name} is not allowed"));
        }
    }

    fn text(&mut self, members: &Map<String, Value>, name: &str, required: bool, most: usize) {
        match members.get(name) {
            None => self.require(!required, &format!("{name} is required")),
            Some(value) => {
                let holds = value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= most);
                self.require(holds, &format!("{name} must be a string of 1 to {most} characters"));
            }
        }
    }

    fn button(&mut self, button: &Value) {
        let Value::Object(members) = button else { return self.require(false, "a button must be an object") };
        self.known(members, &["displayText", "id", "type", "url", "imageURL", "iconURL", "payload"]);
        self.text(members, "displayText", true, 100);
        self.text(members, "id", true, 100);
        self.text(members, "payload", false, 1000);
        let is_link = match members.get("type").and_then(Value::as_str) {
            Some("link") => true,
            Some("action") => false,
            _ => return self.require(false, "type must be link or action"),
        };
        self.require(is_link == members.contains_key("url"), "url is required if and only if type is link");
        let begins = |name: &str, schemes: &[&str]| match members.get(name) {
            None => true,
            Some(url) => url.as_str().is_some_and(|url| schemes.iter().any(|scheme| url.starts_with(scheme))),
        };
        self.require(begins("url", &["https://", "http://"]), "url must be a complete URL");
        let pictures = begins("imageURL", &["https://"]) && begins("iconURL", &["https://"]);
        self.require(pictures, "imageURL and iconURL must begin with https://");
    }
}
