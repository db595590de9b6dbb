//! `bothost replay`: a running host's recorded turn run again in this process, with a sandbox of its own. Nothing is sent.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http::Method;

use super::check::Bench;
use super::remote::{Answer, Remote};
use super::{Error, FAILED, output};
use crate::http::events::recording::RecordingJson;
use crate::pipeline::replay::{came_of, compare, recorded, subject};
use crate::settings::{DEFAULT_TENANT, Overrides, Settings};

/// A busy machine must not stop what ended in time when it was recorded; the instruction budget still does, at the same
/// instruction.
const DEADLINE_MS: u64 = 60_000;

/// Run a recorded turn again on this machine; exit code 0 when the same comes of it, 1 when not.
#[derive(Debug, Args)]
pub struct Replay {
    /// The event's number.
    #[arg(value_name = "EVENT")]
    event: i64,
    /// Which try of the event; the last one unless given.
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    /// Another component to run; the recorded one unless given.
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// Give the conversation this state instead of the recorded one.
    #[arg(long, value_name = "TEXT")]
    state: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command.
///
/// # Errors
/// When the host cannot be asked, there is no such recording, or the module is refused.
pub fn run(replay: &Replay) -> Result<ExitCode, Error> {
    let attempt = replay.attempt.map_or_else(String::new, |attempt| format!("?attempt={attempt}"));
    let path = format!("/v1/events/{}/recording", replay.event);
    let recording = replay.remote.call(Method::GET, &format!("{path}{attempt}"), None)?.success()?;
    let recording: RecordingJson = serde_json::from_value(recording)?;
    let mut settings = Settings::load(&Overrides::default(), [])?;
    recording.limits.apply(&mut settings);
    settings.guest.deadline_ms = settings.guest.deadline_ms.max(DEADLINE_MS);
    let mut recording = recording.read()?;
    if let Some(state) = &replay.state {
        recording.state_before = Some(state.clone());
    }
    let wasm = match &replay.module {
        Some(file) => std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?,
        None => fetch(replay, &format!("{path}/wasm{attempt}"))?,
    };
    let bench = Bench::with(settings)?;
    let prepared = bench.prepare_bytes(&wasm)?;
    let subject = subject(&DEFAULT_TENANT.into(), &recording)?;
    let ran = prepared.module.run(&subject.context, &subject.decoded.event);
    let (digest, replayed) = (ran.digest.clone(), came_of(&ran, &subject, &bench.settings.turn.limits()));
    let replayed = compare(digest, recorded(&recording), replayed);
    let turn = format!("event {}, try {}", replay.event, recording.turn.attempt);
    if replayed.same {
        let instructions = replayed.replayed.instructions;
        output::line(format_args!("same: {turn} on {} ({instructions} instructions)", replayed.digest));
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format_args!("different: {turn} on {}", replayed.digest));
    for line in &replayed.differences {
        output::line(format_args!("  {}", output::escaped(line)));
    }
    Ok(ExitCode::from(FAILED))
}

/// The component that the recorded turn ran.
fn fetch(replay: &Replay, path: &str) -> Result<Vec<u8>, Error> {
    replay.remote.run(async {
        let response = replay.remote.request(Method::GET, path)?.send().await?;
        if !response.status().is_success() {
            return Answer::read(response).await?.success().map(|_| Vec::new());
        }
        Ok(response.bytes().await?.into())
    })
}
