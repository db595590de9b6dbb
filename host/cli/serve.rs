//! `bothost serve`: settings, build, run, drain.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, output};
use crate::app::{App, SystemClock};
use crate::settings::{self, Log, LogFormat, Overrides, Settings};

/// Serve: take webhooks in, run bots, send their answers.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen, e.g. 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The directory for everything that the host keeps.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the settings cannot be used, the address is taken or the data directory cannot be opened.
pub fn run(serve: &Serve) -> Result<ExitCode, Error> {
    let overrides = Overrides { file: serve.config.clone(), listen: serve.listen, data: serve.data.clone() };
    let settings = Settings::load(&overrides, std::env::vars())?;
    start_log(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(settings.listen)
            .await
            .map_err(|error| format!("{} cannot be listened on: {error}", settings.listen))?;
        let address = listener.local_addr()?;
        let app = App::start(settings, Arc::new(SystemClock), std::env::current_exe()?).await?;
        let shutdown = told_to_stop()?;
        // Scripts wait for this line: it comes when the host answers, and its form is stable.
        output::line(format_args!("listening on http://{address}"));
        app.serve(listener, shutdown).await;
        Ok(ExitCode::SUCCESS)
    })
}

/// SIGTERM or Ctrl-C.
///
/// # Errors
/// When the signal cannot be listened to.
pub(super) fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Logs go to standard error from now on.
pub(super) fn start_log(log: &Log) -> Result<(), Error> {
    let filter = tracing_subscriber::EnvFilter::try_new(&log.filter).map_err(|_| settings::Error::Value {
        name: "log.filter",
        value: format!("{:?}", log.filter),
        reason: "it must be error, warn, info, debug or trace, or a filter such as \"bothost=debug,info\"",
    })?;
    // Colours are for people: in a file or a journal they would be noise in every line.
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| format!("the log cannot be started: {error}").into())
}
