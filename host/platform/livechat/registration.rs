//! A bot agent as it is kept: what `create_bot_agent` and `update_bot_agent` said of it, without the secret (conformance 224-238,
//! 252-256), and what follows from that for its events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::bot::{Bot, Mode};

/// How many conversations a bot agent may be in where nothing is said (conformance 228).
pub(super) const CHATS_DEFAULT: u64 = 6;

/// What the platform documents of a bot agent. Of a bot whose registration is not at hand nothing is known, not even the status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Registration {
    pub name: String,
    pub avatar: String,
    pub status: Option<Status>,
    pub max_chats_count: u64,
    pub groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_group_priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<Webhooks>,
    /// The bot's configuration: our extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// Whether a bot agent is there (conformance 240-242).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    #[serde(rename = "accepting chats")]
    Accepting,
    #[serde(rename = "not accepting chats")]
    NotAccepting,
    #[serde(rename = "offline")]
    Offline,
}

impl Status {
    pub(super) const ALL: [Self; 3] = [Self::Accepting, Self::NotAccepting, Self::Offline];

    /// The platform's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepting => "accepting chats",
            Self::NotAccepting => "not accepting chats",
            Self::Offline => "offline",
        }
    }
}

/// When a bot agent gets chats of a group (conformance 243-246, 260). The platform routes; the host only remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Priority {
    First,
    Normal,
    Last,
    /// Never: only as a default (conformance 261).
    Supervisor,
}

impl Priority {
    pub(super) const OF_GROUPS: [Self; 3] = [Self::First, Self::Normal, Self::Last];
    pub(super) const ALL: [Self; 4] = [Self::First, Self::Normal, Self::Last, Self::Supervisor];

    /// The platform's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Normal => "normal",
            Self::Last => "last",
            Self::Supervisor => "supervisor",
        }
    }
}

/// A group that a bot agent belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    pub id: u32,
    pub priority: Priority,
}

/// The webhooks of a bot agent, without the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Webhooks {
    pub url: String,
    pub actions: Vec<Wanted>,
}

/// An action that a bot agent wants to hear of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_data: Option<Vec<String>>,
}

impl Registration {
    /// What is kept of a bot.
    pub(super) fn of(bot: &Bot) -> Self {
        serde_json::from_str(&bot.registration).unwrap_or_default()
    }

    /// A supervisor is not assigned to any chats (conformance 260), so it does not speak in them. A priority in a group counts more than
    /// the default "for a group without defined priority" (conformance 255).
    pub(super) fn mode(&self) -> Mode {
        match self.default_group_priority {
            Some(Priority::Supervisor) if self.groups.is_empty() => Mode::Monitoring,
            _ => Mode::Live,
        }
    }

    /// How many conversations the bot agent may be in at once. Where it is not told that they end they are not counted: it would go
    /// deaf after the first few.
    pub(super) fn room(&self) -> Option<usize> {
        match self.status? {
            Status::Accepting if self.hears_of_ends() => usize::try_from(self.max_chats_count).ok(),
            Status::Accepting => None,
            Status::NotAccepting | Status::Offline => Some(0),
        }
    }

    /// Whether the end of every chat that it hears of is told: with the same filters, or none.
    fn hears_of_ends(&self) -> bool {
        let actions = self.webhooks.as_ref().map(|webhooks| webhooks.actions.as_slice()).unwrap_or_default();
        let mut begins = actions.iter().filter(|action| action.name.starts_with("incoming_"));
        let ends = actions.iter().find(|action| action.name == "thread_closed");
        ends.is_some_and(|ends| ends.filters.is_none() || begins.all(|begins| begins.filters == ends.filters))
    }

    /// The first wanted action of that name.
    pub(super) fn wanted(&self, action: &str) -> Option<&Wanted> {
        self.webhooks.as_ref()?.actions.iter().find(|wanted| wanted.name == action)
    }
}
