//! Where an event happened and whom it concerns: what decoder, admission and encoder each need of it (platforms.md B4).

use super::wire::ID_BYTES_MAX;
use crate::platform::fields::{self, Fields};

/// The ids in an event, as far as it has them.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The bot's id at the platform, which the host need not know.
    pub bot: Option<String>,
    /// What users call the bot.
    pub bot_name: Option<String>,
    /// The room's id in URLs.
    pub room_id: Option<String>,
    /// The room's other id.
    pub room_key: Option<String>,
    /// The user's id at the platform.
    pub user: Option<String>,
    /// The customer's own id of the user.
    pub unique_user: Option<String>,
    /// Whether the event says that the user is a bot.
    pub by_a_bot: bool,
    /// The message's id.
    pub message: Option<String>,
    /// What the message says, a mention of the bot included.
    pub text: Option<String>,
    /// `message`, `mention` or `action`, in lower case.
    pub triggered_by: Option<String>,
}

impl Place {
    /// Reads it out of a body; all is missing in one that is no event.
    pub(super) fn read(body: &[u8]) -> Self {
        let event = std::str::from_utf8(body).ok().and_then(Fields::parse).unwrap_or_default();
        Self::of(&event)
    }

    /// The same out of an event's members.
    pub(super) fn of(event: &Fields<'_>) -> Self {
        let object = |name| event.get(name).and_then(|value| Fields::parse(value.get())).unwrap_or_default();
        let (bot, room, user, message) = (object("bot"), object("chatRoom"), object("user"), object("message"));
        let is_true = |members: &Fields<'_>, name| members.get(name).is_some_and(|value| value.get() == "true");
        Self {
            bot: id_of(&bot, "_id"),
            bot_name: bot.get("name").and_then(fields::text),
            room_id: id_of(&room, "roomId"),
            room_key: id_of(&room, "_id"),
            user: id_of(&user, "_id"),
            unique_user: id_of(&user, "uniqueUserIdentifier"),
            by_a_bot: is_true(&user, "isBot") || is_true(&message, "isBot"),
            message: id_of(&message, "_id"),
            text: message.get("message").or_else(|| event.get("message")).and_then(fields::text),
            triggered_by: event.get("triggeredBy").and_then(fields::text).map(|word| word.to_ascii_lowercase()),
        }
    }

    /// The room's ids, the one that URLs have first.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &str> {
        [&self.room_id, &self.room_key].into_iter().filter_map(Option::as_deref)
    }

    /// The room as its URLs name it.
    pub(super) fn room(&self) -> Option<&str> {
        self.rooms().next()
    }

    /// The user, by the platform's id or else by the customer's own.
    pub(super) fn author(&self) -> Option<&str> {
        self.user.as_deref().or(self.unique_user.as_deref())
    }
}

/// An id of a bounded length.
pub(super) fn id_of(members: &Fields<'_>, name: &str) -> Option<String> {
    members.get(name).and_then(fields::id).filter(|id| id.len() <= ID_BYTES_MAX)
}

/// What stands behind a mention at the start of a text, which begins after its `@`; nothing where it is another's. Names are
/// compared without regard to case.
pub(super) fn after_mention<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    let same = |one: char, other: char| one.to_lowercase().eq(other.to_lowercase());
    let is_named = name.chars().all(|wanted| rest.next().is_some_and(|given| same(given, wanted)));
    let rest = rest.as_str();
    let ends = |c: char| c.is_whitespace() || ",:;.!?".contains(c);
    (!name.is_empty() && is_named && (rest.is_empty() || rest.starts_with(ends))).then_some(rest)
}

/// Whether a text mentions a bot anywhere.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    text.match_indices('@').any(|(at, _)| after_mention(&text[at + 1..], name).is_some())
}

/// A text without the mention of the bot that it begins with: what is asked of it. The rest of the text is as it was.
pub(super) fn without_mention<'t>(text: &'t str, name: &str) -> &'t str {
    let rest = text.trim_start().strip_prefix('@').and_then(|text| after_mention(text, name));
    rest.map_or(text, |rest| rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ':'))
}
