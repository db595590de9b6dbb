//! What a request says to a platform, in one line.

use serde_json::Value;

use crate::cli::output::escaped;

/// The line for a request's body.
pub(super) fn gist(platform: &str, body: &Value) -> String {
    let said = match platform {
        "livechat" => livechat(body),
        "deadsimplechat" => deadsimplechat(body),
        _ => khoros(body),
    };
    said.into_iter().map(|part| escaped(&part)).collect::<Vec<_>>().join(" ")
}

fn khoros(body: &Value) -> Vec<String> {
    let mut said = texts(body, &["text", "note", "comment"]);
    said.extend(list(&body["actions"]).flat_map(|button| texts(button, &["text"])).map(|text| button(&text)));
    if let Some(owner) = body["owner"]["type"].as_str().filter(|_| body["type"] == "control") {
        said.push(format!("to {owner}"));
    }
    let choices = list(&body["list"]["sections"]).flat_map(|section| list(&section["choices"]));
    said.extend(choices.flat_map(|choice| texts(&choice["message"], &["title"])).map(|title| format!("({title})")));
    if said.is_empty() { texts(body, &["type"]) } else { said }
}

fn livechat(body: &Value) -> Vec<String> {
    let call = if body["payload"].is_object() { &body["payload"] } else { body };
    let mut said = texts(&call["event"], &["text"]);
    for element in list(&call["event"]["elements"]) {
        said.extend(texts(element, &["title", "subtitle"]));
        said.extend(list(&element["buttons"]).flat_map(|button| texts(button, &["text"])).map(|text| button(&text)));
    }
    if call["event"]["recipients"] == "agents" {
        said.push("(to agents)".to_owned());
    }
    said.extend(texts(call, &["tag"]));
    if let Some(typing) = call["is_typing"].as_bool() {
        said.push(if typing { "starts".to_owned() } else { "stops".to_owned() });
    }
    if said.is_empty() { texts(call, &["chat_id"]) } else { said }
}

fn deadsimplechat(body: &Value) -> Vec<String> {
    let mut said = texts(body, &["message"]);
    said.extend(
        list(&body["actionButtons"]).flat_map(|button| texts(button, &["displayText"])).map(|text| button(&text)),
    );
    said
}

fn button(text: &str) -> String {
    format!("[{text}]")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(body: &Value, names: &[&str]) -> Vec<String> {
    names.iter().filter_map(|name| body[*name].as_str()).map(str::to_owned).collect()
}
