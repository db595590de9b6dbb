//! Which public content a registration wants (conformance 59-64): none without a `publicFilter`.
//!
//! The documents do not say how an event shows that it targets the bot's page or which source tags it has, since Khoros itself
//! chooses by the filter before it delivers. So the filter is applied to what can be seen: the page is the coordinate's
//! `externalId`, the tags are `sourceTagIds` where the event has them, and an event without tags was chosen by whoever sent it.

use serde_json::Value;

use super::fields::{self, Fields};
use crate::domain::bot::Bot;

/// Whether the bot gets this event: everything private, and of what is public what its registration's filter names. Updates of a public
/// conversation come wherever its messages may.
#[must_use]
pub fn wanted(bot: &Bot, event: &[u8]) -> bool {
    let members = std::str::from_utf8(event).ok().and_then(Fields::parse).unwrap_or_default();
    let at = members.get("coordinate").and_then(|value| Fields::parse(value.get())).unwrap_or_default();
    if at.get("scope").and_then(fields::text).as_deref() != Some("PUBLIC") {
        return true;
    }
    let registration: Value = serde_json::from_str(&bot.registration).unwrap_or_default();
    let filter = &registration["publicFilter"];
    let targeted = filter["includeTargeted"] == true;
    let tags = filter["includeSourceTagIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if members.get("type").and_then(fields::text).as_deref() != Some("message") {
        return targeted || !tags.is_empty();
    }
    let page = at.get("externalId").and_then(fields::id);
    if targeted && page.is_none_or(|page| page == bot.channel) {
        return true;
    }
    match members.get("sourceTagIds").and_then(fields::list) {
        None => !tags.is_empty(),
        Some(ids) => ids.iter().filter_map(|id| fields::whole(id)).any(|id| tags.contains(&id.into())),
    }
}
