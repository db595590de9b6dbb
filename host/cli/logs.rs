//! `bothost logs`: what happens on a running host, line by line.

use std::process::ExitCode;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::remote::Remote;
use super::{Error, output};
use crate::domain::clock::utc;

/// How long a line of the stream may be, in bytes; the host's own are shorter by far.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Follow what happens on a running host, until it stops or Ctrl-C.
#[derive(Debug, Args)]
pub struct Logs {
    /// Follow from now on. The log is a live stream, so it needs this.
    #[arg(long, short)]
    follow: bool,
    /// Only what is about the bot of this id.
    #[arg(long)]
    bot: Option<String>,
    /// Only what is about the event of this number.
    #[arg(long)]
    event: Option<i64>,
    /// Only what matters as much: info, warn or error.
    #[arg(long)]
    level: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command.
///
/// # Errors
/// When the key cannot be read, the host does not answer as it should, or the connection breaks off.
pub fn run(logs: &Logs) -> Result<ExitCode, Error> {
    if !logs.follow {
        return Err("the log is a live stream: use --follow, or `bothost events` for what was".into());
    }
    let event = logs.event.map(|event| event.to_string());
    let mut path = "/v1/logs?".to_owned();
    for (name, value) in [("bot", &logs.bot), ("event", &event), ("level", &logs.level)] {
        if let Some(value) = value {
            path.push_str(&format!("{name}={}&", output::in_query(value)));
        }
    }
    logs.remote.run(async {
        let mut response = logs.remote.request(Method::GET, path.trim_end_matches(['&', '?']))?.send().await?;
        if !response.status().is_success() {
            return Err(format!("the host answered {}: {}", response.status(), response.text().await?).into());
        }
        let mut rest = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            rest.extend_from_slice(&chunk);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                show(&String::from_utf8_lossy(&line));
            }
            if rest.len() > LINE_BYTES_MAX {
                return Err("the host's stream has a line without an end".into());
            }
        }
        output::note("the host ended the stream");
        Ok(ExitCode::SUCCESS)
    })
}

/// A line of the stream; only `data:` is for people.
fn show(line: &str) {
    let Some(data) = line.strip_prefix("data:") else { return };
    let data: Value = serde_json::from_str(data.trim()).unwrap_or_default();
    if let Some(missed) = data["missed"].as_u64() {
        output::note(format_args!("{missed} lines were missed: this reader was too slow"));
        return;
    }
    let text = |name: &str| output::escaped(data[name].as_str().unwrap_or_default());
    let time = utc(data["at_ms"].as_u64().unwrap_or_default());
    output::line(format_args!("{time} {:<5} {:<9} {}", text("level"), text("kind"), text("text")));
    for line in data["log"].as_array().into_iter().flatten() {
        let part = |name: &str| output::escaped(line[name].as_str().unwrap_or_default());
        output::line(format_args!("{:>20} {:<5} bot       {}", "", part("level"), part("text")));
    }
}
