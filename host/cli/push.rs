//! `bothost push`: upload a module to a running host.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http::{Method, StatusCode};
use serde::Deserialize as _;

use super::remote::Remote;
use super::{Error, build, output};
use crate::guest::{Difference, Report};
use crate::pipeline::report_json::{ChangesJson, ReportJson};

/// Upload a module to a running host.
#[derive(Debug, Args)]
pub struct Push {
    /// The component; or the bot's project or JavaScript file, which is built first.
    #[arg(value_name = "FILE.wasm|DIR|BOT.js")]
    file: PathBuf,
    /// The module's name.
    #[arg(long)]
    name: String,
    /// Make it a version that does not serve yet.
    #[arg(long)]
    no_activate: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command: prints the report, what changed, and which version it is.
///
/// # Errors
/// When the file or the key cannot be read, the host cannot be reached, or it refuses the module.
pub fn run(push: &Push) -> Result<ExitCode, Error> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", push.file.display());
    let wasm = std::fs::read(build::of(&push.file, false)?).map_err(|error| named(&error))?;
    let query = if push.no_activate { "?activate=false" } else { "" };
    let path = format!("/v1/modules/{}{query}", push.name);
    let answer = push.remote.call(Method::PUT, &path, Some(wasm.into()))?;
    // A refusal comes with its report as well.
    if let Ok(report) = ReportJson::deserialize(&answer.body["report"]) {
        output::line(format_args!("{}", Report::from(report)));
    }
    let added = answer.status == StatusCode::CREATED;
    let answer = answer.success().map_err(|error| named(&error))?;
    if let Ok(changes) = ChangesJson::deserialize(&answer["changes"]) {
        output::line(format_args!("since    version {}", changes.since));
        output::line(Difference::lines(&changes.words));
    }
    let version = &answer["version"];
    let (number, digest) = (&version["version"], version["digest"].as_str().unwrap_or_default());
    let now = if added { "now" } else { "already" };
    let serves = if answer["active"] == true { "serves" } else { "does not serve yet" };
    output::line(format_args!("{} is version {number} {now} and {serves} ({digest})", push.name));
    Ok(ExitCode::SUCCESS)
}
