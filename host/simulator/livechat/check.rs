//! Checks what a call of the Agent Chat API asks (platforms.md C4). A member that the method does not have is a violation.

use serde_json::{Map, Value};

/// A method that bot agents use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `send_event`
    SendEvent,
    /// `send_typing_indicator`
    SendTypingIndicator,
    /// `transfer_chat`
    TransferChat,
    /// `close_thread`
    CloseThread,
    /// `tag_chat_thread`, `untag_chat_thread`
    TagChatThread,
    /// `update_chat_properties`
    UpdateChatProperties,
    /// `update_last_seen_timestamp`, of v3.0
    UpdateLastSeenTimestamp,
    /// `mark_events_as_seen`, of v3.1
    MarkEventsAsSeen,
}

impl Method {
    /// The method of that name in a version.
    #[must_use]
    pub fn of(name: &str, newer: bool) -> Option<Self> {
        Some(match (name, newer) {
            ("send_event", _) => Self::SendEvent,
            ("send_typing_indicator", _) => Self::SendTypingIndicator,
            ("transfer_chat", _) => Self::TransferChat,
            ("close_thread", _) => Self::CloseThread,
            ("tag_chat_thread" | "untag_chat_thread", _) => Self::TagChatThread,
            ("update_chat_properties", _) => Self::UpdateChatProperties,
            ("update_last_seen_timestamp", false) => Self::UpdateLastSeenTimestamp,
            ("mark_events_as_seen", true) => Self::MarkEventsAsSeen,
            _ => return None,
        })
    }
}

/// Every violation in a call's payload.
#[must_use]
pub fn payload(method: Method, newer: bool, payload: &Map<String, Value>) -> Vec<String> {
    let mut found = Found(Vec::new());
    found.text(payload, "chat_id");
    match method {
        Method::SendEvent => {
            found.members(payload, &["chat_id", "event", "attach_to_last_thread", "require_active_thread"]);
            match payload.get("event") {
                Some(Value::Object(event)) => found.event(event),
                _ => found.add("event must be an object"),
            }
        }
        Method::SendTypingIndicator => {
            found.members(payload, &["chat_id", "is_typing", "recipients"]);
            found.require(payload.get("is_typing").is_some_and(Value::is_boolean), "is_typing must be a bool");
            found.recipients(payload);
        }
        Method::TransferChat => {
            found.members(payload, &["chat_id", "target", "force"]);
            found.require(payload.get("force").is_none_or(Value::is_boolean), "force must be a bool");
            if let Some(target) = payload.get("target") {
                found.target(target);
            }
        }
        Method::CloseThread => found.members(payload, &["chat_id"]),
        Method::TagChatThread => {
            found.members(payload, &["chat_id", "thread_id", "tag"]);
            found.text(payload, "thread_id");
            found.text(payload, "tag");
        }
        Method::UpdateChatProperties => {
            found.members(payload, &["chat_id", "properties"]);
            found.properties(payload.get("properties"), newer);
        }
        Method::UpdateLastSeenTimestamp => {
            found.members(payload, &["chat_id", "timestamp"]);
            found.require(payload.get("timestamp").is_none_or(Value::is_u64), "timestamp must be an int");
        }
        Method::MarkEventsAsSeen => {
            found.members(payload, &["chat_id", "seen_up_to"]);
            found.text(payload, "seen_up_to");
        }
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn add(&mut self, violation: &str) {
        self.0.push(violation.to_owned());
    }

    fn require(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.add(otherwise);
        }
    }

    fn members(&mut self, object: &Map<String, Value>, known: &[&str]) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            self.add(&format!("{name} is not known here"));
        }
    }

    fn text(&mut self, object: &Map<String, Value>, name: &str) {
        let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
        self.require(!text.is_empty(), &format!("{name} must be a text"));
    }

    fn one_of(&mut self, object: &Map<String, Value>, name: &str, allowed: &[&str]) {
        let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
        self.require(allowed.contains(&text), &format!("{name} must be one of {allowed:?}"));
    }

    fn recipients(&mut self, object: &Map<String, Value>) {
        if object.contains_key("recipients") {
            self.one_of(object, "recipients", &["all", "agents"]);
        }
    }

    fn event(&mut self, event: &Map<String, Value>) {
        self.recipients(event);
        match event.get("type").and_then(Value::as_str) {
            Some("message") => {
                self.text(event, "text");
                let size = event.get("text").and_then(Value::as_str).map_or(0, str::len);
                self.require(size <= 16_384, "text is larger than 16 KB");
            }
            Some("rich_message") => self.rich_message(event),
            Some("file") => {
                let url = event.get("url").and_then(Value::as_str).unwrap_or_default();
                self.require(url.starts_with("https://cdn.livechat-"), "url must point to the LiveChat CDN");
            }
            Some("system_message") => self.text(event, "system_message_type"),
            Some("custom") => {}
            other => self.add(&format!("no event of type {other:?}")),
        }
    }

    fn rich_message(&mut self, event: &Map<String, Value>) {
        self.one_of(event, "template_id", &["cards", "quick_replies", "sticker"]);
        let Some(elements) = event.get("elements") else { return };
        let elements = elements.as_array().map(Vec::as_slice).unwrap_or_default();
        self.require((1..=10).contains(&elements.len()), "elements may contain 1 - 10");
        for element in elements {
            for name in ["title", "subtitle"] {
                self.require(element[name].is_null() || element[name].is_string(), &format!("{name} must be a text"));
            }
            let Some(buttons) = element.get("buttons") else { continue };
            let buttons = buttons.as_array().map(Vec::as_slice).unwrap_or_default();
            self.require((1..=11).contains(&buttons.len()), "buttons may contain 1 - 11");
            for button in buttons {
                match button {
                    Value::Object(button) => self.button(button),
                    _ => self.add("a button must be an object"),
                }
            }
        }
    }

    fn button(&mut self, button: &Map<String, Value>) {
        self.text(button, "text");
        self.text(button, "postback_id");
        self.require(button.get("user_ids").is_some_and(Value::is_array), "user_ids must be a list");
        if button.contains_key("type") || button.contains_key("value") {
            self.one_of(button, "type", &["webview", "message", "url", "phone"]);
            self.text(button, "value");
        }
    }

    fn target(&mut self, target: &Value) {
        let ids = target["ids"].as_array().map(Vec::as_slice).unwrap_or_default();
        let right = match target["type"].as_str() {
            Some("group") => ids.iter().all(Value::is_u64),
            Some("agent") => ids.iter().all(Value::is_string),
            _ => false,
        };
        self.require(right && !ids.is_empty(), "target must be a group or an agent with their ids");
    }

    /// Namespace, name and value; the value in an object of its own in v3.0 (platforms.md C3).
    fn properties(&mut self, properties: Option<&Value>, newer: bool) {
        let Some(Value::Object(namespaces)) = properties else { return self.add("properties must be an object") };
        for (namespace, names) in namespaces {
            let Value::Object(names) = names else {
                self.add(&format!("{namespace} must be an object"));
                continue;
            };
            for (name, value) in names {
                let value = if newer { Some(value) } else { value.get("value") };
                let plain = value.is_some_and(|value| !value.is_object() && !value.is_array() && !value.is_null());
                self.require(plain, &format!("{namespace}.{name} must be a value"));
            }
        }
    }
}
