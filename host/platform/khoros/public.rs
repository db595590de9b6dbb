//! Which public content a registration gets (conformance 59-64; decided in this platform's `README.md` where the documents are
//! silent).

use serde_json::Value;

use crate::domain::bot::Bot;
use crate::domain::event::Visibility;
use crate::platform::Decoded;

/// Where an event may carry the tags of its source: no document says, so each place that other parts of the event suggest is
/// looked at.
const TAGS: [&str; 5] =
    ["/sourceTagIds", "/coordinate/sourceTagIds", "/properties/sourceTagIds", "/sourceTags", "/properties/sourceTags"];

/// Whether the registration lets the event in.
pub(super) fn admit(bot: &Bot, body: &[u8], decoded: &Decoded) -> Result<(), String> {
    if decoded.origin.visibility == Visibility::Private {
        return Ok(());
    }
    let registration: Value = serde_json::from_str(&bot.registration).unwrap_or_default();
    let filter = &registration["publicFilter"];
    let wanted: Vec<u64> =
        filter["includeSourceTagIds"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    if !filter.is_object() {
        return Err("the event is public and the registration has no publicFilter".to_owned());
    }
    let targeted = decoded.origin.channel == bot.channel;
    if filter["includeTargeted"] == true && targeted {
        return Ok(());
    }
    if wanted.is_empty() {
        return Err("the event is public and the registration's publicFilter does not include it".to_owned());
    }
    match tags(body) {
        Some(tags) if !tags.iter().any(|tag| wanted.contains(tag)) => Err(
            "the event is public and none of its source tags is in the registration's publicFilter.includeSourceTagIds"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// The tags that the event carries: numbers, numbers as texts, or objects with an `id`. Nothing where it carries none.
fn tags(body: &[u8]) -> Option<Vec<u64>> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let lists = TAGS.iter().filter_map(|place| event.pointer(place)?.as_array());
    let number = |tag: &Value| tag.as_u64().or_else(|| tag.as_str()?.trim().parse().ok());
    let mut found = None;
    for list in lists {
        let tags: &mut Vec<u64> = found.get_or_insert_default();
        tags.extend(list.iter().filter_map(|tag| number(tag.get("id").unwrap_or(tag))));
    }
    found
}
