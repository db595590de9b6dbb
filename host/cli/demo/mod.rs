//! `bothost demo`: the whole way of an event on this machine. A bot is built, a host and simulated platforms are started, the
//! sample events of Khoros' own documentation are delivered signed, customers write to the same bot on three platforms, and what
//! happened is printed.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Error, FAILED, output, serve};
use crate::app::{App, SystemClock};
use crate::pipeline::Pipeline;
use crate::settings::{DEFAULT_TENANT, LogFormat, Overrides, Settings, Tenant};

mod build;
mod gist;
mod platforms;
mod sender;
mod story;

use platforms::Platforms;

/// Show the whole way of an event on this machine, with simulated platforms.
#[derive(Debug, Args)]
pub struct Demo {
    /// End when the story is told, with exit code 1 if anything was lost, instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Where the host listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: std::net::SocketAddr,
}

/// Runs the command.
///
/// # Errors
/// When the bot cannot be built or the host cannot be started.
pub fn run(demo: &Demo) -> Result<ExitCode, Error> {
    let guests = build::concierges()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let scratch = tempfile::tempdir()?;
        let (stop, stopped) = watch::channel(false);
        let platforms = Platforms::start(&stopped).await?;
        let ended = |mut stopped: watch::Receiver<bool>| async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let settings = settings(demo, scratch.path(), platforms.tenant())?;
        serve::start_log(&settings.log)?;
        let listener = TcpListener::bind(settings.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let key = settings.in_data("admin.key");
        let app = App::start(settings, Arc::new(SystemClock), std::env::current_exe()?).await?;
        let pipeline: Arc<Pipeline> = app.pipeline().clone();
        let host = tokio::spawn(app.serve(listener, ended(stopped)));

        output::line(format_args!("host      {url}   data {}", scratch.path().display()));
        for (name, url) in &platforms.urls {
            output::line(format_args!("platform  {url}   simulated: {name}"));
        }
        let sender = sender::Sender::new(url.clone(), std::fs::read_to_string(&key)?.trim().to_owned())?;
        let lost = story::tell(&pipeline, &sender, &platforms, &guests).await?;
        if !demo.once {
            output::line("");
            output::line(format_args!("listening on {url}"));
            output::line(format_args!("the admin key is in {}; Ctrl-C ends it", key.display()));
            serve::told_to_stop()?.await;
        }
        let _ = stop.send(true);
        let _ = host.await;
        platforms.ended().await;
        Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    })
}

fn settings(demo: &Demo, data: &std::path::Path, tenant: Tenant) -> Result<Settings, Error> {
    let overrides = Overrides { listen: Some(demo.listen), data: Some(data.join("data")), file: None };
    // The demo is the same everywhere: no environment.
    let mut settings = Settings::load(&overrides, [])?;
    settings.log.format = LogFormat::Text;
    settings.log.filter = "bothost=error".to_owned();
    settings.tenants.insert(DEFAULT_TENANT.to_owned(), tenant);
    Ok(settings)
}
