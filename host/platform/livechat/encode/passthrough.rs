//! What a passthrough may hold: one event of LiveChat's, such as `send_event` takes (platforms.md C4, "Event types for send_event").

use serde_json::Value;

use super::{fits, refusal};
use crate::domain::validate::Refusal;
use crate::platform::livechat::wire::{BUTTONS_MAX, ELEMENTS_MAX, FILE_BYTES_MAX, is_own_file};

/// Reads and checks an event. What is sent is what was read, so that nothing stands in it that was not seen; a null is sent as one, and
/// is no missing member.
pub(super) fn read(path: &str, json: &str) -> Result<Value, Refusal> {
    let event = serde_json::from_str::<Value>(json)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| wrong(path, "must be a JSON object, an event of LiveChat's"))?;
    one_of(path, &event, "recipients", &["all", "agents"], false)?;
    let kind = one_of(path, &event, "type", &["message", "rich_message", "file", "system_message", "custom"], true)?;
    match kind.as_deref() {
        Some("message") => fits(&format!("{path}.text"), text(path, &event, "text")?)?,
        Some("rich_message") => rich_message(path, &event)?,
        Some("file") => file(path, &event)?,
        Some("system_message") => {
            text(path, &event, "system_message_type")?;
        }
        _ => {}
    }
    Ok(event)
}

fn rich_message(path: &str, event: &Value) -> Result<(), Refusal> {
    one_of(path, event, "template_id", &["cards", "quick_replies", "sticker"], true)?;
    for (at, element) in list(path, event, "elements", ELEMENTS_MAX)?.iter().enumerate() {
        let path = format!("{path}.elements[{at}]");
        if !element.is_object() {
            return Err(wrong(&path, "must be an object"));
        }
        for name in ["title", "subtitle"] {
            if element.get(name).is_some_and(|text| !text.is_string()) {
                return Err(wrong(&path, &format!("{name} must be a text")));
            }
        }
        if element.get("image").is_some_and(|image| !image.is_object()) {
            return Err(wrong(&path, "image must be an object"));
        }
        for (at, button) in list(&path, element, "buttons", BUTTONS_MAX)?.iter().enumerate() {
            self::button(&format!("{path}.buttons[{at}]"), button)?;
        }
    }
    Ok(())
}

fn button(path: &str, button: &Value) -> Result<(), Refusal> {
    text(path, button, "text")?;
    text(path, button, "postback_id")?;
    if !button["user_ids"].is_array() {
        return Err(wrong(path, "user_ids must be a list: it may be empty"));
    }
    one_of(path, button, "webview_height", &["compact", "tall", "full"], false)?;
    match one_of(path, button, "type", &["webview", "message", "url", "phone"], false)? {
        Some(_) => text(path, button, "value").map(drop),
        None if button.get("value").is_none() => Ok(()),
        None => Err(wrong(path, "value goes with type")),
    }
}

fn file(path: &str, event: &Value) -> Result<(), Refusal> {
    if !is_own_file(text(path, event, "url")?) {
        return Err(wrong(path, "url must be one that upload_file returned, on LiveChat's CDN"));
    }
    if event["size"].as_u64().is_some_and(|size| size > FILE_BYTES_MAX) {
        return Err(wrong(path, &format!("a file has at most {FILE_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// A text that must be there.
fn text<'v>(path: &str, value: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    let text = value[name].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(path, &format!("{name} must be a text")))
}

fn one_of(path: &str, value: &Value, name: &str, allowed: &[&str], required: bool) -> Result<Option<String>, Refusal> {
    match value.get(name) {
        None if !required => Ok(None),
        Some(Value::String(text)) if allowed.contains(&text.as_str()) => Ok(Some(text.clone())),
        _ => Err(wrong(path, &format!("{name} must be one of {}", allowed.join(", ")))),
    }
}

/// A list of 1 to `most`, or nothing.
fn list<'v>(path: &str, value: &'v Value, name: &str, most: usize) -> Result<&'v [Value], Refusal> {
    match value.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) if (1..=most).contains(&items.len()) => Ok(items),
        _ => Err(wrong(path, &format!("{name} must be a list of 1 to {most}"))),
    }
}

fn wrong(path: &str, reason: &str) -> Refusal {
    refusal(path, "passthrough", reason.to_owned())
}
