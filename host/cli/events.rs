//! `bothost events`: what came in lately, and what became of it.

use std::process::ExitCode;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::remote::Remote;
use super::{Error, output};
use crate::domain::clock::utc;

/// List a running host's events, the newest first.
#[derive(Debug, Args)]
pub struct Events {
    /// Only those of the conversation with this key.
    #[arg(long)]
    conversation: Option<String>,
    /// Only those for the bot of this id.
    #[arg(long)]
    bot: Option<String>,
    /// Only those that are waiting, running, done or failed.
    #[arg(long)]
    state: Option<String>,
    /// How many at most, up to 500.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command.
///
/// # Errors
/// When the key cannot be read or the host does not answer as it should.
pub fn run(events: &Events) -> Result<ExitCode, Error> {
    let mut path = format!("/v1/events?limit={}", events.limit);
    let filters = [("conversation", &events.conversation), ("bot", &events.bot), ("state", &events.state)];
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", output::in_query(value)));
        }
    }
    let list = events.remote.call(Method::GET, &path, None)?.success()?;
    let empty = Vec::new();
    let items = list["items"].as_array().unwrap_or(&empty);
    output::line(row(["ID", "TIME", "KIND", "STATUS", "BOT", "CONVERSATION"]));
    for item in items {
        let text = |name: &str| output::escaped(item[name].as_str().unwrap_or_default());
        let (id, time) = (item["id"].to_string(), utc(item["accepted_ms"].as_u64().unwrap_or_default()));
        let (kind, status, bot, conversation) = (text("kind"), text("status"), text("bot"), text("conversation"));
        output::line(row([&id, &time, &kind, &status, &bot, &conversation]));
    }
    if list["next"] != Value::Null {
        output::note("there are more: use --limit, or a narrower filter");
    }
    Ok(ExitCode::SUCCESS)
}

fn row(cells: [&str; 6]) -> String {
    let [id, time, kind, status, bot, conversation] = cells;
    format!("{id:<8} {time:<20} {kind:<8} {status:<8} {bot:<32} {conversation}")
}
