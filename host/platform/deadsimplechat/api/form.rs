//! Reads and checks what a call sets of a bot (conformance 186-201). Every violation is reported at once, each beginning with the
//! field's name. Unknown fields are dropped, so that a bot that was read can be changed and sent back.

use serde_json::{Map, Value};

use crate::domain::bot::Target;
use crate::platform::deadsimplechat::registration::{HISTORY_MAX, Registration, Trigger, Visibility};

/// The longest name, in characters; no document gives a number.
const NAME_CHARACTERS_MAX: usize = 256;

/// The longest description, in characters (conformance 188).
const DESCRIPTION_CHARACTERS_MAX: usize = 1000;

/// The longest metadata, in characters (conformance 200).
const METADATA_CHARACTERS_MAX: usize = 10_000;

/// The longest URL, in bytes; no document gives a number.
const URL_BYTES_MAX: usize = 2048;

/// How long an `_id` is.
pub(super) const ID_DIGITS: usize = 24;

/// How much of a wrong value is shown, in characters.
const SHOWN_MAX: usize = 100;

/// Says whether events may be relayed to a URL, or why not.
pub(super) type MayRelay<'a> = &'a (dyn Fn(&str) -> Result<(), String> + Sync);

/// What a call sets; nothing where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Our own: the id of a bot that the platform knows already.
    pub id: Option<String>,
    pub name: Option<String>,
    pub target: Option<Target>,
    webhook_url: Option<String>,
    description: Option<String>,
    trigger: Option<Trigger>,
    message_visibility: Option<Visibility>,
    is_allowed_in_all_chat_rooms: Option<bool>,
    message_history_limit: Option<usize>,
    metadata: Option<String>,
    enabled: Option<bool>,
}

impl Changes {
    /// Reads a body; `required` must be there. `may_relay` says why a URL is not one to relay events to.
    pub(super) fn read(body: &[u8], required: &[&str], may_relay: MayRelay<'_>) -> Result<Self, Vec<String>> {
        let payload: Value =
            serde_json::from_slice(body).map_err(|error| vec![format!("the body is not JSON: {error}")])?;
        let Value::Object(payload) = payload else { return Err(vec!["the body must be a JSON object".to_owned()]) };
        let missing = required.iter().filter(|name| !payload.contains_key(**name));
        let violations = missing.map(|name| format!("{name} is required")).collect();
        let mut form = Form { payload: &payload, violations };
        let changes = form.changes(may_relay);
        if form.violations.is_empty() { Ok(changes) } else { Err(form.violations) }
    }

    /// The registration with these in it.
    pub(super) fn onto(self, before: Registration) -> Registration {
        Registration {
            name: self.name.unwrap_or(before.name),
            description: self.description.or(before.description),
            trigger: self.trigger.unwrap_or(before.trigger),
            message_visibility: self.message_visibility.unwrap_or(before.message_visibility),
            is_allowed_in_all_chat_rooms: self
                .is_allowed_in_all_chat_rooms
                .unwrap_or(before.is_allowed_in_all_chat_rooms),
            message_history_limit: self.message_history_limit.unwrap_or(before.message_history_limit),
            webhook_url: self.webhook_url.unwrap_or(before.webhook_url),
            metadata: self.metadata.or(before.metadata),
            enabled: self.enabled.unwrap_or(before.enabled),
            chat_rooms: before.chat_rooms,
        }
    }
}

/// A payload under inspection. Every check goes on after a violation, so that all of them are found.
struct Form<'a> {
    payload: &'a Map<String, Value>,
    violations: Vec<String>,
}

impl<'a> Form<'a> {
    fn changes(&mut self, may_relay: MayRelay<'_>) -> Changes {
        let id = self.id();
        let name = self.text("name", NAME_CHARACTERS_MAX);
        if name.is_some_and(|name| name.trim().is_empty()) {
            self.refuse("name may not be empty");
        }
        let description = self.text("description", DESCRIPTION_CHARACTERS_MAX);
        let metadata = self.text("metadata", METADATA_CHARACTERS_MAX);
        if let Some(Err(error)) = metadata.map(serde_json::from_str::<Value>) {
            self.refuse(format!("metadata must be JSON text: {error}"));
        }
        let trigger = self.one_of("trigger", &[("message", Trigger::Message), ("mention", Trigger::Mention)]);
        let visibilities = [("public", Visibility::Public), ("private", Visibility::Private)];
        let message_visibility = self.one_of("messageVisibility", &visibilities);
        let webhook_url = self.string("webhookURL");
        Changes {
            id,
            name: name.map(str::to_owned),
            target: webhook_url.and_then(|url| self.target(url, may_relay)),
            webhook_url: webhook_url.map(str::to_owned),
            description: description.map(str::to_owned),
            trigger,
            message_visibility,
            is_allowed_in_all_chat_rooms: self.flag("isAllowedInAllChatRooms"),
            message_history_limit: self.history_limit(),
            metadata: metadata.map(str::to_owned),
            enabled: self.flag("enabled"),
        }
    }

    fn refuse(&mut self, violation: impl Into<String>) {
        self.violations.push(violation.into());
    }

    /// A value of a wrong type: null is one too, since it says nothing that the field could be set to.
    fn wrong(&mut self, name: &str, wanted: &str, value: &Value) {
        let shown: String = value.to_string().chars().take(SHOWN_MAX).collect();
        self.refuse(format!("{name} must be {wanted}, not {shown}"));
    }

    fn string(&mut self, name: &str) -> Option<&'a str> {
        let value = self.payload.get(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(name, "a string", value);
        }
        text
    }

    fn text(&mut self, name: &str, most: usize) -> Option<&'a str> {
        let text = self.string(name)?;
        let characters = text.chars().count();
        if characters > most {
            self.refuse(format!("{name} may have at most {most} characters, this one has {characters}"));
            return None;
        }
        Some(text)
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.payload.get(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(name, "true or false", value);
        }
        flag
    }

    fn one_of<T: Copy>(&mut self, name: &str, allowed: &[(&str, T)]) -> Option<T> {
        let value = self.payload.get(name)?;
        let found = allowed.iter().find(|(word, _)| value.as_str() == Some(word));
        if found.is_none() {
            let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
            self.wrong(name, &format!("one of {}", words.join(", ")), value);
        }
        found.map(|(_, value)| *value)
    }

    /// Conformance 196.
    fn history_limit(&mut self) -> Option<usize> {
        let value = self.payload.get("messageHistoryLimit")?;
        let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit <= HISTORY_MAX);
        if limit.is_none() {
            self.wrong("messageHistoryLimit", &format!("a whole number from 0 to {HISTORY_MAX}"), value);
        }
        limit
    }

    fn id(&mut self) -> Option<String> {
        let id = self.string("_id")?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if id.len() != ID_DIGITS || !id.bytes().all(is_digit) {
            self.refuse(format!("_id must be {ID_DIGITS} hexadecimal digits in lower case"));
        }
        Some(id.to_owned())
    }

    /// Conformance 198. A module of the tenant's is named by a URI as well.
    fn target(&mut self, url: &str, may_relay: MayRelay<'_>) -> Option<Target> {
        if url.len() > URL_BYTES_MAX {
            self.refuse(format!("webhookURL may have at most {URL_BYTES_MAX} bytes"));
            return None;
        }
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        let target = match Target::parse(url) {
            Some(target) => target,
            None if is_web && !url.contains(|c: char| c.is_whitespace() || c.is_control()) => {
                may_relay(url).map(|()| Target::Relay { url: url.to_owned() })
            }
            None => Err("must be a valid URI: an https URL, module:<name> or module:<name>@<version>".to_owned()),
        };
        target.map_err(|reason| self.refuse(format!("webhookURL {reason}"))).ok()
    }
}
