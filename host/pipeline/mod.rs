//! The way of an event: `receive.rs` puts it into the inbox, `run.rs` runs the bot on it, `deliver.rs` sends what came of it.
//!
//! This is the one room that knows the platforms, the store and the guests. It holds no state of its own: everything that
//! must survive is in the store, and what is in memory can be lost at any moment.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::domain::clock::Clock;
use crate::guest::{Catalog, Runners, Workshop};
use crate::settings::Settings;
use crate::store::Store;

pub(crate) mod lanes;
pub mod facts;
pub mod receive;
pub mod run;
pub mod deliver;
mod doubt;
pub mod modules;
pub mod uploads;
pub mod report_json;
pub mod bots;
pub mod calls;
pub mod outcomes;
pub mod health;
pub mod gateways;
pub mod guard;
pub mod outbound;
pub mod tenants;
pub mod tokens;
pub mod record;
mod away;
pub mod relay;
pub mod explain;
pub mod verdict;
pub mod replay;
pub mod differences;
pub mod log_stream;
pub mod shares;
pub mod figures;

/// What the stages work with.
pub struct Pipeline {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The modules that serve.
    pub catalog: Catalog,
    /// The threads that guests run on.
    pub runners: Runners,
    /// Where modules are checked and compiled.
    pub workshop: Workshop,
    /// How requests leave.
    pub outbound: outbound::Client,
    /// Who is getting tokens for gateways.
    pub asking: tokens::Asking,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What happens, for whoever follows it.
    pub log: log_stream::LogStream,
    /// The settings.
    pub settings: Settings,
    /// What relays share.
    pub relays: Arc<relay::Relays>,
    /// Who waits for what becomes of a request.
    pub outcomes: outcomes::Outcomes,
    /// Room for lists of requests.
    pub listing: shares::Shares,
    /// How bots have done lately.
    pub health: health::Health,
    /// What uploads share.
    pub uploads: uploads::Uploads,
    /// Room for replays.
    pub replays: shares::Shares,
    /// One version is activated at a time, so that the catalog follows the store's order. Nothing slow is done under it.
    pub installing: tokio::sync::Mutex<()>,
}

impl Pipeline {
    /// Starts the stages that work by themselves.
    #[must_use]
    pub fn start(self: &Arc<Self>) -> Stages {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(run::turns(self.clone(), stopped.clone()));
        tasks.spawn(deliver::deliveries(self.clone(), stopped.clone()));
        tasks.spawn(hand_overs(self.clone(), stopped.clone()));
        tasks.spawn(tokens::refreshing(self.clone(), stopped.clone()));
        tasks.spawn(forget(self.clone(), stopped));
        Stages { stop, tasks }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").finish_non_exhaustive()
    }
}

/// The running stages.
#[derive(Debug)]
pub struct Stages {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Stages {
    /// Takes up nothing new, lets what is under way end and gives unfinished leases back.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// How long it is waited at most before it is looked for conversations to hand over: those of an earlier process are found
/// at once, and those of another one then.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Hands over the conversations of bots that left LIVE, step by step.
async fn hand_overs(pipeline: Arc<Pipeline>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match pipeline.store.hand_over(pipeline.clock.now_ms()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "conversations could not be handed over; trying again"),
        }
        tokio::select! {
            () = pipeline.store.hand_overs_ready().notified() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// How often what is past its time is forgotten.
const FORGET_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The pause before the next part when there is more to forget: events go first.
const FORGET_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

async fn forget(pipeline: Arc<Pipeline>, mut stopped: watch::Receiver<bool>) {
    let mut wait = FORGET_EVERY;
    loop {
        let ends = tokio::select! {
            () = tokio::time::sleep(wait) => false,
            _ = stopped.wait_for(|stopped| *stopped) => true,
        };
        write_uses(&pipeline).await;
        pipeline.health.forget(pipeline.clock.now_ms());
        if ends {
            return;
        }
        wait = match pipeline.store.forget(pipeline.clock.now_ms()).await {
            Ok(true) => FORGET_PAUSE,
            Ok(false) => FORGET_EVERY,
            Err(error) => {
                tracing::warn!(%error, "old records could not be forgotten; trying again in a minute");
                FORGET_EVERY
            }
        };
    }
}

/// When keys were last taken is written now and then, so that a request costs no write.
async fn write_uses(pipeline: &Pipeline) {
    if let Err(error) = pipeline.store.write_uses().await {
        tracing::warn!(%error, "when keys were last used could not be written; trying again later");
    }
}
