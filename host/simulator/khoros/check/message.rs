//! Checks a message of `POST /respond` (seed 001).

use serde_json::Value;

use super::Violations;

/// No two of these in one message (conformance 99-126 and note E).
const EXCLUSIVE: [&str; 4] = ["list", "media", "richContent", "payload"];

pub(super) fn check(found: &mut Violations<'_>) {
    let given: Vec<&str> = EXCLUSIVE.into_iter().filter(|name| !found.body[name].is_null()).collect();
    if let [first, second, ..] = given[..] {
        found.require(false, &format!("{first} cannot be set together with {second}"));
    }
    let says_something = !given.is_empty() || ["text", "actions"].iter().any(|name| !found.body[name].is_null());
    found.require(says_something, "text may not be empty");
    found.optional_text("/text");
    let synchronously = &found.body["processSynchronously"];
    found.require(synchronously.is_null() || synchronously.is_boolean(), "processSynchronously must be a boolean");
    for time in ["publishedTS", "receivedTS"] {
        let value = &found.body[time];
        found.require(value.is_null() || value.is_u64(), &format!("{time} must be epoch milliseconds"));
    }
    actions(found);
    for name in given {
        match name {
            "list" => list(found),
            "media" => media(found),
            "richContent" => rich_content(found),
            _ => payload(found),
        }
    }
}

/// Conformance 90-95.
fn actions(found: &mut Violations<'_>) {
    let Some(actions) = found.at("/actions") else { return };
    let Some(actions) = actions.as_array().filter(|actions| !actions.is_empty()) else {
        return found.require(false, "actions must be a list");
    };
    for at in 0..actions.len() {
        let kind = found.one_of(&format!("/actions/{at}/type"), &["postback", "reply"]);
        found.text(&format!("/actions/{at}/payload"));
        if kind == Some("postback") {
            found.text(&format!("/actions/{at}/text"));
        }
    }
}

/// Conformance 102-108.
fn list(found: &mut Violations<'_>) {
    let network = found.body["coordinate"]["networkKey"].as_str().unwrap_or_default();
    found.require(network == "apple", &format!("list is not supported on network {network}"));
    list_message(found, "/list/requestMessage");
    list_message(found, "/list/responseMessage");
    let Some(sections) = found.at("/list/sections").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return found.require(false, "list.sections may not be empty");
    };
    for (at, section) in sections.iter().enumerate() {
        let path = format!("/list/sections/{at}");
        found.text(&format!("{path}/id"));
        found.text(&format!("{path}/title"));
        found.require(section["multipleSelection"].is_boolean(), "list.sections.multipleSelection may not be null");
        let Some(choices) = section["choices"].as_array().filter(|list| !list.is_empty()) else {
            found.require(false, "list.sections.choices may not be empty");
            continue;
        };
        for at in 0..choices.len() {
            found.text(&format!("{path}/choices/{at}/id"));
            list_message(found, &format!("{path}/choices/{at}/message"));
        }
    }
}

fn list_message(found: &mut Violations<'_>, path: &str) {
    found.text(&format!("{path}/title"));
    found.optional_text(&format!("{path}/subtitle"));
    if found.at(&format!("{path}/style")).is_some() {
        found.one_of(&format!("{path}/style"), &["LARGE", "SMALL", "ICON"]);
    }
    if found.at(&format!("{path}/media")).is_some() {
        found.url(&format!("{path}/media/url"));
        found.one_of(&format!("{path}/media/mediaType"), &["IMAGE"]);
    }
}

/// Conformance 110, 114.
fn media(found: &mut Violations<'_>) {
    let one = found.body["media"].as_array().is_some_and(|media| media.len() == 1);
    if !one {
        return found.require(false, "media must be a list with exactly one element");
    }
    found.url("/media/0/url");
    found.one_of("/media/0/mediaType", &["IMAGE", "VIDEO"]);
    found.optional_text("/media/0/title");
}

/// Conformance 120.
fn rich_content(found: &mut Violations<'_>) {
    for field in ["mediaType", "title", "mimeType"] {
        found.text(&format!("/richContent/{field}"));
    }
    found.url("/richContent/url");
    found.url("/richContent/mediaUrl");
}

/// Conformance 125.
fn payload(found: &mut Violations<'_>) {
    let inner = found.body["payload"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let holds = inner.is_some_and(|inner| inner.is_object() || inner.is_array());
    found.require(holds, "payload must be a string that holds JSON");
}
