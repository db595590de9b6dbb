//! Reads and checks what is said of a bot agent (conformance 224-238, 251-262). Every violation is reported at once, with its path; unknown
//! fields are dropped.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::answers::Fault;
use super::filters;
use crate::domain::bot::Target;
use crate::domain::secret::Secret;
use crate::platform::Host;
use crate::platform::livechat::registration::{CHATS_DEFAULT, Group, Priority, Registration, Status, Wanted, Webhooks};
use crate::platform::livechat::wire::{ACTIONS, is_bot_id};

/// The longest text of a field, in bytes.
const FIELD_BYTES_MAX: usize = 2048;
/// The most groups of a bot agent.
const GROUPS_MAX: usize = 1000;
/// The most kinds of additional data of an action; three are documented (platforms.md C3).
const ADDITIONAL_MAX: usize = 16;
/// The most conversations at once (platforms.md C2).
const CHATS_MAX: u64 = 500;
/// The largest `metadata`, in bytes of JSON.
const METADATA_BYTES_MAX: usize = 16 * 1024;

/// Where the events go, and the key that they carry.
type Hooks = (Target, Secret);

/// A new bot agent.
pub(super) struct Made {
    /// The id, where it has one already.
    pub id: Option<String>,
    pub registration: Registration,
    pub webhooks: Option<Hooks>,
}

/// A changed bot agent.
pub(super) struct Change {
    pub registration: Registration,
    /// The new webhooks, where they were given.
    pub webhooks: Option<Hooks>,
}

/// Parameters under inspection. Every check goes on after a violation, so that all of them are found.
pub(super) struct Form<'a> {
    params: &'a Map<String, Value>,
    host: &'a dyn Host,
    /// Whether v3.1 is spoken, whose `create_bot_agent` has a `default_group_priority` (platforms.md C2).
    newer: bool,
    violations: Vec<String>,
}

impl<'a> Form<'a> {
    pub(super) fn new(params: &'a Map<String, Value>, host: &'a dyn Host, newer: bool) -> Self {
        Self { params, host, newer, violations: Vec::new() }
    }

    /// The id of a bot agent that there is.
    pub(super) fn id(&mut self, name: &str) -> Result<String, Fault> {
        let id = self.required(self.params, "", name);
        if name == "id" && id.is_none() && self.params.contains_key("bot_agent_id") {
            self.refuse("update_bot_agent names the bot agent by id, not by bot_agent_id");
        }
        let id = id.map(str::to_owned).unwrap_or_default();
        self.end(id)
    }

    /// A flag that is false where it is not given.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Fault> {
        let flag = match given(self.params, name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.refuse(format!("{name} must be true or false"));
                false
            }
        };
        self.end(flag)
    }

    pub(super) fn create(mut self) -> Result<Made, Fault> {
        let blank = Registration { max_chats_count: CHATS_DEFAULT, ..Registration::default() };
        let id = self.optional(self.params, "", "id").map(str::to_owned);
        if id.as_deref().is_some_and(|id| !is_bot_id(id)) {
            self.refuse("id must be 32 hexadecimal digits, small ones: that of a bot agent that LiveChat has already");
        }
        for name in ["name", "status"] {
            self.required(self.params, "", name);
        }
        if !self.newer && given(self.params, "default_group_priority").is_some() {
            self.refuse("default_group_priority is for update_bot_agent, or v3.1");
        }
        let (registration, webhooks) = self.fields(blank);
        self.end(Made { id, registration, webhooks })
    }

    /// What is not given stays.
    pub(super) fn update(mut self, known: Registration) -> Result<Change, Fault> {
        let (registration, webhooks) = self.fields(known);
        self.end(Change { registration, webhooks })
    }

    fn end<T>(&mut self, read: T) -> Result<T, Fault> {
        let violations = std::mem::take(&mut self.violations);
        if violations.is_empty() { Ok(read) } else { Err(Fault::Validation(violations)) }
    }

    fn fields(&mut self, mut registration: Registration) -> (Registration, Option<Hooks>) {
        let params = self.params;
        if let Some(name) = self.optional(params, "", "name") {
            registration.name = name.to_owned();
            if name.is_empty() && !self.violations.iter().any(|known| known.starts_with("name ")) {
                self.refuse("name may not be empty");
            }
        }
        if let Some(avatar) = self.optional(params, "", "avatar") {
            registration.avatar = avatar.to_owned();
            if avatar.contains(char::is_whitespace) {
                self.refuse("avatar must be a URL");
            }
        }
        let status = self.one_of(params, "", "status", &Status::ALL, Status::name);
        registration.status = status.or(registration.status);
        if let Some(count) = given(params, "max_chats_count") {
            match count.as_u64().filter(|count| (1..=CHATS_MAX).contains(count)) {
                Some(count) => registration.max_chats_count = count,
                None => self.refuse(format!(
                    "max_chats_count must be a whole number from 1 to {CHATS_MAX}; a bot agent that is to get no chats has the status \
                     \"{}\"",
                    Status::NotAccepting.name()
                )),
            }
        }
        if let Some(groups) = self.groups() {
            registration.groups = groups;
        }
        let default = self.one_of(params, "", "default_group_priority", &Priority::ALL, Priority::name);
        registration.default_group_priority = default.or(registration.default_group_priority);
        if let Some(metadata) = self.metadata() {
            registration.metadata = Some(metadata);
        }
        let webhooks = self.webhooks();
        let hooks = webhooks.map(|(shown, hooks)| {
            registration.webhooks = Some(shown);
            hooks
        });
        (registration, hooks)
    }

    /// Conformance 229-231, 254, 258, 261.
    fn groups(&mut self) -> Option<Vec<Group>> {
        let groups = self.list(self.params, "", "groups", GROUPS_MAX)?;
        let mut known = HashSet::new();
        let mut read = Vec::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            let path = format!("groups[{at}]");
            let Some(group) = self.object(group, &path) else { continue };
            let id = given(group, "id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
            match id {
                None => self.refuse(format!("{path}.id must be a group's number")),
                Some(id) if !known.insert(id) => self.refuse(format!("{path}.id: the group {id} is there twice")),
                Some(_) => {}
            }
            let within = format!("{path}.");
            if given(group, "priority").and_then(Value::as_str) == Some(Priority::Supervisor.name()) {
                self.refuse(format!("{path}.priority: supervisor is for default_group_priority alone"));
                continue;
            }
            self.required(group, &within, "priority");
            let priority = self.one_of(group, &within, "priority", &Priority::OF_GROUPS, Priority::name);
            read.extend(id.zip(priority).map(|(id, priority)| Group { id, priority }));
        }
        Some(read)
    }

    /// Conformance 232-238, 256.
    fn webhooks(&mut self) -> Option<(Webhooks, Hooks)> {
        let webhooks = self.object(given(self.params, "webhooks")?, "webhooks")?;
        let within = "webhooks.";
        let url = self.required(webhooks, within, "url");
        let target = url.and_then(|url| self.target(url));
        let secret = self.required(webhooks, within, "secret_key");
        if given(webhooks, "actions").is_none() {
            self.refuse("webhooks.actions is required");
        }
        let wanted = self.list(webhooks, within, "actions", ACTIONS.len())?;
        if wanted.is_empty() {
            self.refuse("webhooks.actions may not be empty");
        }
        let mut actions: Vec<Wanted> = Vec::with_capacity(wanted.len());
        for (at, action) in wanted.iter().enumerate() {
            let Some(action) = self.action(action, &format!("webhooks.actions[{at}]")) else { continue };
            if actions.iter().any(|known| known.name == action.name) {
                self.refuse(format!("webhooks.actions[{at}].name: {} is there twice", action.name));
            }
            actions.push(action);
        }
        let shown = Webhooks { url: url?.to_owned(), actions };
        Some((shown, (target?, Secret::new(secret?))))
    }

    fn action(&mut self, action: &Value, path: &str) -> Option<Wanted> {
        let action = self.object(action, path)?;
        let within = format!("{path}.");
        let name = self.required(action, &within, "name")?;
        if !ACTIONS.contains(&name) {
            self.refuse(format!("{path}.name must be one of {}, not {name:?}", ACTIONS.join(", ")));
        }
        let filters = given(action, "filters");
        if let Some(filters) = filters {
            filters::check(filters, name, &format!("{path}.filters"), &mut self.violations);
        }
        let additional = self.list(action, &within, "additional_data", ADDITIONAL_MAX);
        let texts = additional.map(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        let additional_data = match texts {
            None => None,
            Some(Some(texts)) => Some(texts),
            Some(None) => {
                self.refuse(format!("{path}.additional_data must be a list of strings"));
                None
            }
        };
        Some(Wanted { name: name.to_owned(), filters: filters.cloned(), additional_data })
    }

    /// A module that runs here, or where a bot elsewhere listens.
    fn target(&mut self, url: &str) -> Option<Target> {
        let read = Target::parse(url).unwrap_or_else(|| {
            let is_url = url.starts_with("https://") || url.starts_with("http://");
            if !is_url {
                return Err("must be a URL, module:<name> or module:<name>@<version>".to_owned());
            }
            self.host.may_relay(url).map(|()| Target::Relay { url: url.to_owned() })
        });
        read.map_err(|reason| self.refuse(format!("webhooks.url: {reason}"))).ok()
    }

    /// Our extension: the bot's configuration.
    fn metadata(&mut self) -> Option<Map<String, Value>> {
        let value = given(self.params, "metadata")?;
        let metadata = self.object(value, "metadata")?;
        if value.to_string().len() > METADATA_BYTES_MAX {
            self.refuse(format!("metadata may not be larger than {METADATA_BYTES_MAX} bytes"));
        }
        Some(metadata.clone())
    }

    fn refuse(&mut self, violation: impl Into<String>) {
        self.violations.push(violation.into());
    }

    fn object<'v>(&mut self, value: &'v Value, path: &str) -> Option<&'v Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.refuse(format!("{path} must be an object"));
        }
        object
    }

    fn list<'v>(
        &mut self,
        members: &'v Map<String, Value>,
        within: &str,
        name: &str,
        most: usize,
    ) -> Option<&'v Vec<Value>> {
        let list = given(members, name)?.as_array().filter(|list| list.len() <= most);
        if list.is_none() {
            self.refuse(format!("{within}{name} must be a list of at most {most}"));
        }
        list
    }

    fn one_of<T: Copy>(
        &mut self,
        members: &Map<String, Value>,
        within: &str,
        name: &str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        let text = given(members, name)?.as_str().unwrap_or_default();
        let one = all.iter().copied().find(|one| word(*one) == text);
        if one.is_none() && !self.violations.iter().any(|known| known.starts_with(&format!("{within}{name} "))) {
            let words: Vec<_> = all.iter().map(|one| format!("{:?}", word(*one))).collect();
            self.refuse(format!("{within}{name} must be one of {}", words.join(", ")));
        }
        one
    }

    fn required<'v>(&mut self, members: &'v Map<String, Value>, within: &str, name: &str) -> Option<&'v str> {
        match given(members, name) {
            None => self.refuse(format!("{within}{name} is required")),
            Some(Value::String(text)) if text.is_empty() => self.refuse(format!("{within}{name} may not be empty")),
            Some(_) => return self.optional(members, within, name),
        }
        None
    }

    fn optional<'v>(&mut self, members: &'v Map<String, Value>, within: &str, name: &str) -> Option<&'v str> {
        let violation = match given(members, name)? {
            Value::String(text) if text.len() <= FIELD_BYTES_MAX => return Some(text),
            Value::String(_) => format!("{within}{name} may not be longer than {FIELD_BYTES_MAX} bytes"),
            _ => format!("{within}{name} must be a string"),
        };
        if !self.violations.contains(&violation) {
            self.refuse(violation);
        }
        None
    }
}

/// A member's value. A null is as good as a missing one.
fn given<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    members.get(name).filter(|value| !value.is_null())
}
