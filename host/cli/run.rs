//! `bothost run`: one event through one module on this machine, without a host, a store or a platform.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::check::Bench;
use super::{Error, FAILED, output};
use crate::app::SystemClock;
use crate::domain::bot::Bot;
use crate::domain::clock::Clock as _;
use crate::domain::degrade::Degradation;
use crate::domain::names::{ConversationKey, EventId};
use crate::domain::turn::Outcome;
use crate::pipeline::facts::{Facts, Subject};
use crate::pipeline::record;
use crate::platform::{self, Verified};
use crate::settings::Settings;

/// Run a module on one event and print what it answers, as JSON; exit code 1 when it fails.
#[derive(Debug, Args)]
pub struct Run {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The event as the platform would send it.
    #[arg(long, value_name = "FILE.json")]
    event: PathBuf,
    /// The platform that the event is of.
    #[arg(long, default_value = "khoros")]
    platform: String,
    /// The conversation's state before the event.
    #[arg(long, value_name = "TEXT")]
    state: Option<String>,
    /// The bot's configuration, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    bot_config: String,
    /// The turn's clock, in milliseconds since 1970-01-01 UTC; now, unless given.
    #[arg(long, value_name = "MS")]
    now_ms: Option<u64>,
    /// The turn's random number.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, the event is none of the platform's, or the module is refused.
pub fn run(run: &Run) -> Result<ExitCode, Error> {
    let platform = platform::find(&run.platform).ok_or_else(|| format!("there is no platform {:?}", run.platform))?;
    let body = std::fs::read(&run.event).map_err(|error| format!("{}: {error}", run.event.display()))?;
    let verified = Verified::from_inbox(Bytes::from(body));
    let bot = Bot { config: run.bot_config.clone(), ..platform.stand_in(&verified) };
    let decoded = platform.decode(&bot, &verified).map_err(|error| format!("{}: {error}", run.event.display()))?;
    let bench = Bench::set_up(run.config.as_deref())?;
    let prepared = bench.prepare(&run.file)??;
    let subject =
        Subject::of(facts(run, bot, decoded.conversation, verified.body())).map_err(|cause| cause.to_string())?;
    let ran = prepared.module.run(&subject.context, &subject.decoded.event);
    let (result, degraded, failed) = match ran.result {
        Ok(outcome) => judged(&subject, outcome, &bench.settings),
        Err(cause) => (json!({ "cause": record::cause(cause.kind(), &cause.to_string()) }), Vec::new(), true),
    };
    let mut report = json!({
        "event": subject.decoded.event.kind(),
        "may_speak": subject.context.may_speak(),
        "instructions": ran.instructions,
        "elapsed_us": ran.elapsed.as_micros() as u64,
        "memory_bytes": ran.memory_bytes,
        "module": ran.digest.as_str(),
        "log": record::log(&ran.log, ran.log_lines_dropped, &degraded),
    });
    if let (Value::Object(report), Value::Object(result)) = (&mut report, result) {
        report.extend(result);
    }
    output::line(serde_json::to_string_pretty(&report)?);
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// What the bot answered, what would be sent, and what of it in another way; or why nothing.
fn judged(subject: &Subject, outcome: Outcome, settings: &Settings) -> (Value, Vec<Degradation>, bool) {
    let mut result = json!({ "outcome": record::outcome(&outcome) });
    match subject.judge(outcome, &settings.turn.limits()) {
        Ok(judged) => {
            let requests = judged.requests.iter().map(|request| {
                let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
                json!({ "action": request.action, "method": request.method, "path": request.path, "body": body })
            });
            result["requests"] = requests.collect();
            (result, judged.checked.degraded().to_vec(), false)
        }
        Err(cause) => {
            result["cause"] = record::cause(cause.kind(), &cause.to_string());
            (result, Vec::new(), true)
        }
    }
}

fn facts(run: &Run, bot: Bot, conversation: ConversationKey, body: &Bytes) -> Facts {
    Facts {
        event: EventId(1),
        bot: Arc::new(bot),
        conversation,
        body: body.clone(),
        attempt: 1,
        state: run.state.clone(),
        owner: None,
        owner_firm: false,
        now_ms: run.now_ms.unwrap_or_else(|| SystemClock.now_ms()),
        seed: run.seed,
    }
}
