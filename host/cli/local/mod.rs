//! A host on this machine with simulated platforms around it: what the demo tells its story on, and what `bothost dev` runs a bot
//! in. Everything is the real thing but the platforms; nothing is left of it afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Error;
use crate::app::{App, SystemClock};
use crate::domain::names::EventId;
use crate::pipeline::Pipeline;
use crate::settings::{Settings, Tenant};
use crate::store::EventRecord;

mod platforms;
mod sender;

pub(super) use platforms::Platforms;
pub(super) use sender::{APP_ID, COMPANY, Hook, Sender, Wanted};

/// How long an event may take to be settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// The host and its platforms.
pub(super) struct Local {
    /// Where the host is.
    pub(super) url: String,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) sender: Sender,
    pub(super) platforms: Platforms,
    stop: watch::Sender<bool>,
    host: JoinHandle<()>,
    scratch: tempfile::TempDir,
}

impl Local {
    /// Starts them. The settings are made for a data directory and a tenant whose answers go to the platforms.
    ///
    /// # Errors
    /// When the settings cannot be used, or an address is taken.
    pub(super) async fn start(settings: impl FnOnce(&Path, Tenant) -> Result<Settings, Error>) -> Result<Self, Error> {
        let scratch = tempfile::tempdir()?;
        let (stop, mut stopped) = watch::channel(false);
        let platforms = Platforms::start(&stopped).await?;
        let settings = settings(&scratch.path().join("data"), platforms.tenant())?;
        let taken = |error| format!("{} cannot be listened on: {error}", settings.listen);
        let listener = TcpListener::bind(settings.listen).await.map_err(taken)?;
        let url = format!("http://{}", listener.local_addr()?);
        let key_file = settings.in_data("admin.key");
        let app = App::start(settings, Arc::new(SystemClock), std::env::current_exe()?).await?;
        let pipeline = app.pipeline().clone();
        let ended = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let host = tokio::spawn(app.serve(listener, ended));
        let sender = Sender::new(url.clone(), std::fs::read_to_string(key_file)?.trim().to_owned())?;
        Ok(Self { url, pipeline, sender, platforms, stop, host, scratch })
    }

    /// Where the host keeps its data.
    pub(super) fn data(&self) -> std::path::PathBuf {
        self.scratch.path().join("data")
    }

    /// Waits until nothing more happens to an event by itself, and returns its record.
    pub(super) async fn settled(&self, event: EventId) -> Result<EventRecord, Error> {
        let look = async {
            loop {
                let record =
                    self.pipeline.store.record(event)?.ok_or_else(|| format!("event {event} has no record"))?;
                if record.is_settled() {
                    return Ok::<_, Error>(record);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        match tokio::time::timeout(SETTLED_WITHIN, look).await {
            Ok(record) => record,
            Err(_) => Err(format!("event {event} was not settled within {} s", SETTLED_WITHIN.as_secs()).into()),
        }
    }

    /// Stops all of it, in order.
    pub(super) async fn end(self) {
        let _ = self.stop.send(true);
        let _ = self.host.await;
        self.platforms.ended().await;
    }
}
