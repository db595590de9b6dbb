//! `bothost push`: upload a module to a running host.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{Error, output};
use crate::pipeline::outbound::use_ring;

/// Upload a module to a running host.
#[derive(Debug, Args)]
pub struct Push {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The module's name.
    #[arg(long)]
    name: String,
    /// The host.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    host: String,
    /// The file with a key of the host.
    #[arg(long, value_name = "FILE", default_value = "bothost-data/admin.key")]
    key_file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the file or the key cannot be read, the host cannot be reached, or it refuses the module.
pub fn run(push: &Push) -> Result<ExitCode, Error> {
    let wasm = std::fs::read(&push.file).map_err(|error| format!("{}: {error}", push.file.display()))?;
    let key = std::fs::read_to_string(&push.key_file)
        .map_err(|error| format!("the key file {}: {error} (use --key-file)", push.key_file.display()))?;
    use_ring();
    let url = format!("{}/v1/modules/{}", push.host.trim_end_matches('/'), push.name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (status, body) = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let response = client.put(&url).bearer_auth(key.trim()).body(wasm).send().await?;
        let status = response.status();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    })?;
    let answer: Value = serde_json::from_str(&body).unwrap_or(Value::String(body));
    if status.is_success() {
        let version = &answer["version"];
        output::line(format_args!(
            "{} is version {} now and serves ({})",
            push.name,
            version["version"],
            version["digest"].as_str().unwrap_or_default()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let detail = answer["detail"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
    Err(format!("the host refused {}: {status}: {detail}", push.file.display()).into())
}
