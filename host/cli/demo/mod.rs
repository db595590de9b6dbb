//! `bothost demo`: the whole way of an event on this machine. A bot is built, a host and simulated platforms are started, the
//! sample events of Khoros' own documentation are delivered signed, customers write to the same bot on three platforms, and what
//! happened is printed.

use std::process::ExitCode;

use clap::Args;

use super::local::Local;
use super::{Error, FAILED, output, serve};
use crate::settings::{DEFAULT_TENANT, LogFormat, Overrides, Settings, Tenant};

mod build;
mod gist;
mod story;

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
        let local = Local::start(|data, tenant| {
            let settings = settings(demo, data, tenant)?;
            serve::start_log(&settings.log)?;
            Ok(settings)
        });
        let local = local.await?;
        output::line(format_args!("host      {}   data {}", local.url, local.data().display()));
        for (name, url) in &local.platforms.urls {
            output::line(format_args!("platform  {url}   simulated: {name}"));
        }
        let lost = story::tell(&local, &guests).await?;
        if !demo.once {
            output::line("");
            output::line(format_args!("listening on {}", local.url));
            let key = local.data().join("admin.key");
            output::line(format_args!("the admin key is in {}; Ctrl-C ends it", key.display()));
            serve::told_to_stop()?.await;
        }
        local.end().await;
        Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    })
}

fn settings(demo: &Demo, data: &std::path::Path, tenant: Tenant) -> Result<Settings, Error> {
    let overrides = Overrides { listen: Some(demo.listen), data: Some(data.to_owned()), file: None };
    // The demo is the same everywhere: no environment.
    let mut settings = Settings::load(&overrides, [])?;
    settings.log.format = LogFormat::Text;
    settings.log.filter = "bothost=error".to_owned();
    settings.tenants.insert(DEFAULT_TENANT.to_owned(), tenant);
    Ok(settings)
}
