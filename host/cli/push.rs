//! `bothost push`: upload a module to a running host.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http::Method;

use super::remote::Remote;
use super::{Error, output};

/// Upload a module to a running host.
#[derive(Debug, Args)]
pub struct Push {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The module's name.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the command.
///
/// # Errors
/// When the file or the key cannot be read, the host cannot be reached, or it refuses the module.
pub fn run(push: &Push) -> Result<ExitCode, Error> {
    let wasm = std::fs::read(&push.file).map_err(|error| format!("{}: {error}", push.file.display()))?;
    let answer = push.remote.call(Method::PUT, &format!("/v1/modules/{}", push.name), Some(wasm.into()))?;
    let answer = answer.success().map_err(|error| format!("{}: {error}", push.file.display()))?;
    let version = &answer["version"];
    output::line(format_args!(
        "{} is version {} now and serves ({})",
        push.name,
        version["version"],
        version["digest"].as_str().unwrap_or_default()
    ));
    Ok(ExitCode::SUCCESS)
}
