//! `POST bot/:botId/chatroom/:roomId/message`: what a bot elsewhere says is held to the sizes that guests' messages are held to,
//! recorded, and sent on through the tenant's gateway (platforms.md B3).

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answers::{answer, invalid, refused, unavailable};
use super::find;
use crate::domain::call::{Call, Called};
use crate::domain::validate::Limits;
use crate::platform::deadsimplechat::decode::conversation_key;
use crate::platform::deadsimplechat::registration::{Registration, Visibility};
use crate::platform::deadsimplechat::wire::{
    self, BUTTON_CHARACTERS_MAX, MESSAGE_CHARACTERS_MAX, Message, PAYLOAD_CHARACTERS_MAX,
};
use crate::platform::{ApiAnswer, ApiCall, Host, HostError};

/// The platform's words, of which the documents show the beginning, for a bot that is not there or not the caller's.
const NO_BOT: &str = "Bot not found or the user does not have permission to send messages as the bot";

/// The most violations that are told of.
const VIOLATIONS_MAX: usize = 100;

/// Sends a message in a bot's name.
pub(super) async fn send(call: &ApiCall, host: &dyn Host, id: &str, room: &str) -> Result<ApiAnswer, HostError> {
    let Some(bot) = find(call, host, id).await? else { return Ok(refused(StatusCode::BAD_REQUEST, NO_BOT)) };
    if !wire::is_id(room) {
        return Ok(refused(StatusCode::BAD_REQUEST, "chatRoom not found"));
    }
    let message = match read(&call.body, &host.limits()) {
        Ok(message) => message,
        Err(violations) => return Ok(invalid(&violations.join("; "))),
    };
    let registration = Registration::of(&bot);
    if let Err(reason) = registration.admits([room]) {
        return Ok(refused(StatusCode::BAD_REQUEST, reason));
    }
    let user = message.user_id.as_deref().or(message.unique_user_identifier.as_deref());
    if registration.message_visibility == Visibility::Private && user.is_none() {
        let reason = "userId or uniqueUserIdentifier is required: the bot's messageVisibility is private";
        return Ok(invalid(reason));
    }
    let request = message
        .request(&bot.platform_id, room)
        .map_err(|error| HostError::Failed(format!("a message cannot be written as JSON: {error}")))?;
    let wanted = Call {
        tenant: call.tenant.clone(),
        bot: bot.id.clone(),
        bot_revision: bot.revision,
        conversation: conversation_key(room, user.unwrap_or_default()),
        // There is nobody else who could hold a conversation.
        only_for: None,
        owner: None,
        known_ms: None,
        request,
        now_ms: call.now_ms,
    };
    Ok(match host.call(wanted).await? {
        Called::Recorded { .. } => answer(StatusCode::OK, &json!({ "success": true, "message": "message sent" })),
        Called::NotHeld(_) | Called::Changed => {
            unavailable("the bot was changed meanwhile; nothing was done, try again")
        }
    })
}

/// Reads a message; every violation is told at once, with its place.
fn read(body: &[u8], limits: &Limits) -> Result<Message, Vec<String>> {
    let payload: Value =
        serde_json::from_slice(body).map_err(|error| vec![format!("the body is not JSON: {error}")])?;
    let Value::Object(members) = &payload else { return Err(vec!["the body must be a JSON object".to_owned()]) };
    let mut check = Check { violations: Vec::new(), text_bytes_max: limits.text_bytes_max };
    check.text(members, "", "message", Some(MESSAGE_CHARACTERS_MAX));
    for name in ["messageId", "userId", "uniqueUserIdentifier"] {
        check.optional_id(members, name);
    }
    if members.contains_key("userId") && members.contains_key("uniqueUserIdentifier") {
        check.refuse("userId and uniqueUserIdentifier both say whom the message is for; give one of them".to_owned());
    }
    match members.get("actionButtons") {
        None => {}
        Some(Value::Array(buttons)) if buttons.len() <= limits.items_max => {
            for (at, button) in buttons.iter().enumerate() {
                check.button(&format!("actionButtons[{at}]"), button);
            }
        }
        Some(Value::Array(buttons)) => {
            check.refuse(format!("actionButtons may be at most {}, these are {}", limits.items_max, buttons.len()));
        }
        Some(_) => check.refuse("actionButtons must be a list".to_owned()),
    }
    if !check.violations.is_empty() {
        return Err(check.violations);
    }
    serde_json::from_value(payload).map_err(|error| vec![format!("the body is not as documented: {error}")])
}

/// What is wrong so far.
struct Check {
    violations: Vec<String>,
    text_bytes_max: usize,
}

impl Check {
    fn refuse(&mut self, violation: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(violation);
        }
    }

    /// A text that must be there and not be empty.
    fn text<'a>(
        &mut self,
        members: &'a Map<String, Value>,
        path: &str,
        name: &str,
        most: Option<usize>,
    ) -> Option<&'a str> {
        let Some(text) = members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
            self.refuse(format!("{path}{name} must be a string that is not empty"));
            return None;
        };
        let characters = text.chars().count();
        if let Some(most) = most.filter(|most| characters > *most) {
            self.refuse(format!("{path}{name} may have at most {most} characters, this one has {characters}"));
        }
        if text.len() > self.text_bytes_max {
            self.refuse(format!("{path}{name} may have at most {} bytes", self.text_bytes_max));
        }
        Some(text)
    }

    fn optional_id(&mut self, members: &Map<String, Value>, name: &str) {
        let Some(value) = members.get(name) else { return };
        let is_id = |id: &str| !id.is_empty() && id.len() <= wire::ID_BYTES_MAX;
        if !value.as_str().is_some_and(is_id) {
            self.refuse(format!("{name} must be a string of 1 to {} bytes", wire::ID_BYTES_MAX));
        }
    }

    fn button(&mut self, path: &str, button: &Value) {
        let Value::Object(members) = button else {
            return self.refuse(format!("{path} must be an object"));
        };
        let path = format!("{path}.");
        self.text(members, &path, "displayText", Some(BUTTON_CHARACTERS_MAX));
        self.text(members, &path, "id", Some(BUTTON_CHARACTERS_MAX));
        match members.get("type").and_then(Value::as_str) {
            Some("link") => self.url(members, &path, "url", &["https://", "http://"]),
            Some("action") if members.contains_key("url") => {
                self.refuse(format!("{path}url goes with type link only"));
            }
            Some("action") => {}
            _ => self.refuse(format!("{path}type must be one of link, action")),
        }
        for name in ["imageURL", "iconURL"] {
            if members.contains_key(name) {
                self.url(members, &path, name, &["https://"]);
            }
        }
        if members.contains_key("payload") {
            self.text(members, &path, "payload", Some(PAYLOAD_CHARACTERS_MAX));
        }
    }

    fn url(&mut self, members: &Map<String, Value>, path: &str, name: &str, schemes: &[&str]) {
        let Some(url) = self.text(members, path, name, None) else { return };
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
            self.refuse(format!("{path}{name} must be a complete URL that begins with {}", schemes.join(" or ")));
        }
    }
}
