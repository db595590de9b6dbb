//! `bothost run`: one event through one module on this machine, without a host, a store or a platform.

use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::check::Bench;
use super::{Error, FAILED, output};
use crate::app::SystemClock;
use crate::domain::bot::Bot;
use crate::domain::clock::Clock as _;
use crate::domain::names::EventId;
use crate::domain::ownership;
use crate::domain::turn::{Cause, Context, Outcome};
use crate::domain::validate;
use crate::pipeline::record;
use crate::platform::{self, Decoded, Platform, Verified};
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
    let context = context(run, &bot, &decoded, &verified);
    let ran = prepared.module.run(&context, &decoded.event);
    let subject = Subject { platform, bot: &bot, decoded: &decoded, verified: &verified };
    let (result, failed) = match ran.result {
        Ok(outcome) => judged(&subject, &context, outcome, &bench.settings),
        Err(cause) => (json!({ "cause": cause_json(&cause) }), true),
    };
    let mut report = json!({
        "event": decoded.event.kind(),
        "may_speak": context.may_speak(),
        "instructions": ran.instructions,
        "elapsed_us": ran.elapsed.as_micros() as u64,
        "memory_bytes": ran.memory_bytes,
        "module": ran.digest.as_str(),
        "log": record::log(&ran.log, ran.log_lines_dropped),
    });
    if let (Value::Object(report), Value::Object(result)) = (&mut report, result) {
        report.extend(result);
    }
    output::line(serde_json::to_string_pretty(&report)?);
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

struct Subject<'a> {
    platform: &'static dyn Platform,
    bot: &'a Bot,
    decoded: &'a Decoded,
    verified: &'a Verified,
}

/// What the bot answered, and what would be sent or why not.
fn judged(subject: &Subject<'_>, context: &Context, outcome: Outcome, settings: &Settings) -> (Value, bool) {
    let mut result = json!({ "outcome": record::outcome(&outcome) });
    let rules = subject.platform.rules(&subject.decoded.origin);
    let requests = validate::check(outcome, context, &rules, &settings.turn.limits())
        .and_then(|checked| subject.platform.encode(subject.bot, subject.verified, &checked));
    match requests {
        Ok(requests) => {
            let requests = requests.iter().map(|request| {
                let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
                json!({ "action": request.action, "method": request.method, "path": request.path, "body": body })
            });
            result["requests"] = requests.collect();
            (result, false)
        }
        Err(refusals) => {
            result["cause"] = cause_json(&Cause::Refused(refusals));
            (result, true)
        }
    }
}

fn cause_json(cause: &Cause) -> Value {
    json!({ "kind": cause.kind(), "reason": cause.to_string() })
}

fn context(run: &Run, bot: &Bot, decoded: &Decoded, verified: &Verified) -> Context {
    Context {
        platform: bot.platform.clone(),
        event: EventId(1),
        bot: bot.platform_id.clone(),
        mode: bot.mode,
        conversation: decoded.conversation.clone(),
        origin: decoded.origin.clone(),
        owner: ownership::after_event(None, &decoded.event, &bot.platform_id),
        attempt: 1,
        state: run.state.clone(),
        config: bot.config.clone(),
        now_ms: run.now_ms.unwrap_or_else(|| SystemClock.now_ms()),
        seed: run.seed,
        history: Vec::new(),
        raw: String::from_utf8_lossy(verified.body()).into_owned(),
        extras: Vec::new(),
    }
}
