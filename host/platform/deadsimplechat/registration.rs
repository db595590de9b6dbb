//! A bot's registration as it is kept: what decides on which events it gets, how much it sees of them, and who sees its answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::domain::bot::Bot;

/// The most messages of a room's past that a bot may ask for; no document gives a number.
pub const HISTORY_MAX: usize = 100;

/// For how many rooms a bot may have a switch of its own.
pub const ROOMS_MAX: usize = 1000;

/// What lets a bot have a message (conformance 189-191).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Trigger {
    /// Every message of the room.
    #[default]
    Message,
    /// Those that mention it.
    Mention,
}

/// Who sees what a bot says (conformance 192-194).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Visibility {
    /// Everybody in the room.
    #[default]
    Public,
    /// Whoever it answers.
    Private,
}

/// A room's own switch (platforms.md B2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

/// A registration, by the names that the platform gives its fields. One that is missing has the default that stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Registration {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub trigger: Trigger,
    pub message_visibility: Visibility,
    pub is_allowed_in_all_chat_rooms: bool,
    pub message_history_limit: usize,
    #[serde(rename = "webhookURL")]
    pub webhook_url: String,
    /// JSON within a string (conformance 199).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    pub enabled: bool,
    /// The rooms with a switch of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub chat_rooms: BTreeMap<String, Switch>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: None,
            trigger: Trigger::default(),
            message_visibility: Visibility::default(),
            is_allowed_in_all_chat_rooms: true,
            message_history_limit: 0,
            webhook_url: String::new(),
            metadata: None,
            enabled: true,
            chat_rooms: BTreeMap::new(),
        }
    }
}

impl Registration {
    /// A bot's. What was never written, as in a recording, has the defaults.
    pub(super) fn of(bot: &Bot) -> Self {
        serde_json::from_str(&bot.registration).unwrap_or_default()
    }

    /// The same as it is kept.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What a bot is configured with: the metadata where it is an object.
    pub(super) fn config(&self) -> String {
        let is_object = |text: &&String| text.trim_start().starts_with('{');
        self.metadata.as_ref().filter(is_object).map_or_else(|| "{}".to_owned(), |text| text.trim().to_owned())
    }

    /// Whether the bot may be in a room, which may go by two ids. Its own switch counts more than the one for all rooms.
    ///
    /// # Errors
    /// Says what keeps it out.
    pub(super) fn admits<'r>(&self, rooms: impl IntoIterator<Item = &'r str>) -> Result<(), &'static str> {
        if !self.enabled {
            return Err("the bot is disabled");
        }
        match rooms.into_iter().find_map(|room| self.chat_rooms.get(room)) {
            Some(Switch::Enabled) => Ok(()),
            Some(Switch::Disabled) => Err("the bot is disabled in this chat room"),
            None if self.is_allowed_in_all_chat_rooms => Ok(()),
            None => Err("the bot is not enabled in this chat room, and isAllowedInAllChatRooms is false"),
        }
    }
}

/// Whether the bot itself wrote what an event is about.
pub(super) fn is_own(bot: &Bot, place: &Place) -> bool {
    let user = place.user.as_deref();
    place.by_a_bot || user.is_some_and(|user| user == bot.platform_id || place.bot.as_deref() == Some(user))
}
