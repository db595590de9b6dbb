//! `bothost explain`: why a bot did or did not answer an event.

use std::fmt::Display;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::remote::Remote;
use super::{Error, output};
use crate::domain::clock::utc;

/// Say why a bot did or did not answer an event.
#[derive(Debug, Args)]
pub struct Explain {
    /// The event's number.
    #[arg(value_name = "EVENT")]
    event: i64,
    /// Print the whole record as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command.
///
/// # Errors
/// When the key cannot be read, or there is no such event.
pub fn run(explain: &Explain) -> Result<ExitCode, Error> {
    let event = explain.remote.call(Method::GET, &format!("/v1/events/{}", explain.event), None)?.success()?;
    if explain.json {
        output::line(serde_json::to_string_pretty(&event)?);
    } else {
        show(&event);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(event: &Value) {
    output::line(text(&event["verdict"]));
    output::line("");
    let (kind, status) = (text(&event["kind"]), text(&event["status"]));
    field("event", format!("{} ({kind}), accepted {}, {status}", event["id"], time(&event["accepted_ms"])));
    field("conversation", text(&event["conversation"]));
    let proof = &event["proof"];
    field("proof", format!("{} by {}, {}", text(&proof["result"]), text(&proof["scheme"]), text(&proof["same_when"])));
    if event["duplicates"] != 0 {
        field("duplicates", format!("{}, the last {}", event["duplicates"], time(&event["duplicate_ms"])));
    }
    for (name, value) in [("retry of", &event["retry_of"]), ("retried as", &event["retried_as"])] {
        if !value.is_null() {
            field(name, value.to_string());
        }
    }
    let bot = &event["bot_then"];
    if bot.is_object() {
        let (id, mode) = (text(&event["bot"]), text(&bot["mode"]));
        let target = match &bot["relay"] {
            Value::Null => format!("module {}", text(&bot["module"])),
            relay => format!("at {}", text(relay)),
        };
        field("bot", format!("{id}, revision {}, {mode}, {target}", bot["revision"]));
    }
    let holder = &event["holder"];
    if holder.is_object() {
        let speaks = if holder["may_speak"] == true { "may answer" } else { "may not answer" };
        field(
            "held by",
            format!("{}, so the bot {speaks}; before: {}", text(&holder["after"]), text(&holder["before"])),
        );
    }
    items(&event["turns"]).for_each(turn);
    items(&event["deliveries"]).for_each(delivery);
}

fn turn(turn: &Value) {
    output::line("");
    field("turn", format!("{} at {}", turn["attempt"], time(&turn["at_ms"])));
    if !turn["version"].is_null() {
        field("version", format!("{} of {}: {}", turn["version"], text(&turn["module"]), text(&turn["why"])));
        field("digest", text(&turn["digest"]));
        let (instructions, time, memory) = (&turn["instructions"], &turn["elapsed_us"], &turn["memory_bytes"]);
        field("cost", format!("{instructions} instructions, {time} us, {memory} bytes of memory"));
    }
    for line in items(&turn["log"]) {
        field("log", format!("{}: {}", text(&line["level"]), text(&line["text"])));
    }
    for action in items(&turn["proposed"]["actions"]) {
        field(if turn["checked"] == true { "action" } else { "proposed" }, output::escaped(&action.to_string()));
    }
    for action in items(&turn["withheld"]) {
        field("withheld", output::escaped(&action.to_string()));
    }
    if !turn["relayed"].is_null() {
        field("answered", text(&turn["relayed"]));
    }
    for refused in items(&turn["refused"]) {
        let (path, rule, reason) = (text(&refused["path"]), text(&refused["rule"]), text(&refused["reason"]));
        field("refused", format!("{path}: {reason} (rule {rule}, {})", text(&refused["source"])));
    }
    if !turn["cause"].is_null() {
        field("cause", text(&turn["cause"]["reason"]));
    }
}

fn delivery(delivery: &Value) {
    output::line("");
    let (action, status) = (text(&delivery["action"]), text(&delivery["status"]));
    field("delivery", format!("{} ({action}), {status}", delivery["id"]));
    field("request", format!("{} {}", text(&delivery["method"]), text(&delivery["path"])));
    field("body", output::escaped(&delivery["body"].to_string()));
    for one in items(&delivery["tries"]) {
        let status = if one["http_status"].is_null() { String::new() } else { format!(", {}", one["http_status"]) };
        field("try", format!("{} at {}: {}{status}", one["attempt"], time(&one["at_ms"]), text(&one["result"])));
        for (name, value) in [("reason", &one["reason"]), ("answer", &one["answer"])] {
            if !value.is_null() {
                field(name, text(value));
            }
        }
    }
    if !delivery["next_ms"].is_null() {
        field("next try", time(&delivery["next_ms"]));
    }
}

fn field(name: &str, text: impl Display) {
    output::line(format_args!("{name:<13} {text}"));
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "-".to_owned(), output::escaped)
}

fn time(value: &Value) -> String {
    value.as_u64().map_or_else(|| "-".to_owned(), utc)
}
