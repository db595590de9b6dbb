//! `bothost demo`: the whole way of an event on this machine. A bot is built, a host and a simulated Khoros are started, the
//! sample events of Khoros' own documentation are delivered signed, and what happened is printed.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Error, FAILED, output, serve};
use crate::app::{App, SystemClock};
use crate::domain::secret::Secret;
use crate::pipeline::Pipeline;
use crate::settings::{DEFAULT_TENANT, Gateway, LogFormat, Overrides, Settings, Tenant};
use crate::simulator::{self, khoros::SimulatedKhoros};

mod build;
mod sender;
mod story;

/// Show the whole way of an event on this machine, with a simulated platform.
#[derive(Debug, Args)]
pub struct Demo {
    /// End when the story is told, with exit code 1 if anything was lost, instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Where the host listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: std::net::SocketAddr,
}

/// The gateway token of the demo.
const TOKEN: &str = "demo-gateway-token";

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
        let ended = |mut stopped: watch::Receiver<bool>| async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let khoros_listener = TcpListener::bind("127.0.0.1:0").await?;
        let khoros_url = format!("http://{}", khoros_listener.local_addr()?);
        let khoros = SimulatedKhoros::new(simulator::Settings::new(TOKEN));
        let (served, khoros_stopped) = (khoros.clone(), ended(stopped.clone()));
        let platform = tokio::spawn(async move { served.serve(khoros_listener, khoros_stopped).await });

        let settings = settings(demo, scratch.path(), &khoros_url)?;
        serve::start_log(&settings.log)?;
        let listener = TcpListener::bind(settings.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let key = settings.in_data("admin.key");
        let app = App::start(settings, Arc::new(SystemClock), std::env::current_exe()?).await?;
        let pipeline: Arc<Pipeline> = app.pipeline().clone();
        let host = tokio::spawn(app.serve(listener, ended(stopped)));

        output::line(format_args!("host      {url}   data {}", scratch.path().display()));
        output::line(format_args!("platform  {khoros_url}   a simulated Khoros"));
        let sender = sender::Sender::new(url.clone(), std::fs::read_to_string(&key)?.trim().to_owned())?;
        let lost = story::tell(&pipeline, &sender, &khoros, &guests).await?;
        if !demo.once {
            output::line("");
            output::line(format_args!("listening on {url}"));
            output::line(format_args!("the admin key is in {}; Ctrl-C ends it", key.display()));
            serve::told_to_stop()?.await;
        }
        let _ = stop.send(true);
        let _ = host.await;
        let _ = platform.await;
        Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    })
}

fn settings(demo: &Demo, data: &std::path::Path, khoros_url: &str) -> Result<Settings, Error> {
    let overrides = Overrides { listen: Some(demo.listen), data: Some(data.join("data")), file: None };
    // The demo is the same everywhere: no environment.
    let mut settings = Settings::load(&overrides, [])?;
    settings.log.format = LogFormat::Text;
    settings.log.filter = "bothost=error".to_owned();
    let gateway = Gateway::with_token(khoros_url, Secret::new(TOKEN));
    let tenant = Tenant { gateways: [("khoros".to_owned(), gateway)].into() };
    settings.tenants.insert(DEFAULT_TENANT.to_owned(), tenant);
    Ok(settings)
}
