//! The program put together: settings become a running host.

use std::future::Future;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::domain::clock::Clock;
use crate::guest::{self, Catalog, Limits, Runners, Sandbox, Watch, WatchTimes, Workshop};
use crate::http::admin_key::{self, AdminKey};
use crate::http::router::{Front, router};
use crate::pipeline::health::Health;
use crate::pipeline::log_stream::LogStream;
use crate::pipeline::outcomes::Outcomes;
use crate::pipeline::relay::Relays;
use crate::pipeline::uploads::Uploads;
use crate::pipeline::{Pipeline, Stages, calls, figures, modules, outbound, replay, tenants, tokens};
use crate::settings::Settings;
use crate::store::{self, sqlite};

/// A host that is ready to serve.
#[derive(Debug)]
pub struct App {
    front: Arc<Front>,
    stages: Stages,
    files: Watch,
}

/// Why the host cannot start. Nothing was bound.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory cannot be made.
    #[error("the data directory {path}: {source}")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The admin key cannot be used.
    #[error(transparent)]
    Keys(#[from] admin_key::Error),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Guest(#[from] guest::Error),
    /// The modules cannot be loaded.
    #[error(transparent)]
    Modules(#[from] modules::Error),
    /// The outbound client cannot be set up.
    #[error("the outbound HTTP client: {0}")]
    Outbound(#[from] reqwest::Error),
}

impl App {
    /// Opens the data directory, loads the modules and starts the stages. `program` is the bothost binary, which is its own
    /// compile child.
    ///
    /// # Errors
    /// Says what cannot be opened and why.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>, program: PathBuf) -> Result<Self, Error> {
        make_private_dir(&settings.data)?;
        make_private_dir(&settings.in_data("modules"))?;
        empty_private_dir(&settings.in_data("uploads"))?;
        let admin_key = AdminKey::open(&settings.in_data("admin.key"))?;
        let store = Arc::new(sqlite::Sqlite::open(store_settings(&settings), clock.now_ms())?);
        let limits = guest_limits(&settings);
        let sandbox = Sandbox::new(limits)?;
        let pipeline = Arc::new(Pipeline {
            store,
            catalog: Catalog::default(),
            runners: Runners::start(sandbox.limits())?,
            workshop: Workshop::open(sandbox, &settings.data, program)?,
            outbound: outbound::Client::new(&settings.deliver)?,
            asking: tokens::Asking::default(),
            clock,
            relays: Relays::new(&settings.turn),
            uploads: Uploads::new(settings.front.uploads_at_once),
            replays: replay::places(),
            log: LogStream::default(),
            outcomes: Outcomes::new(settings.deliver.synchronous_at_once),
            listing: calls::places(),
            health: Health::default(),
            settings,
            installing: tokio::sync::Mutex::new(()),
        });
        tenants::make_missing(&pipeline).await?;
        admin_key.register(&*pipeline.store, pipeline.clock.now_ms()).await?;
        let front = Arc::new(Front { pipeline: pipeline.clone(), metrics: Some(metrics().clone()), boot: boot()? });
        modules::load_active(&pipeline).await?;
        let files = follow_files(&pipeline)?;
        Ok(Self { front, stages: pipeline.start(), files })
    }

    /// Serves until `shutdown` ends, then stops in order: no new requests, turns and deliveries end, leases go back.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let settings = &self.front.pipeline.settings.front;
        let pipeline = self.front.pipeline.clone();
        let shutdown = async move {
            shutdown.await;
            // Whoever follows the log, or waits for what becomes of a request, would hold its connection open.
            pipeline.log.end();
            pipeline.outcomes.end();
        };
        crate::http::serve(listener, router(self.front.clone()), settings, shutdown).await;
        // A compilation under way is given up; its file is found again at the next start.
        self.front.pipeline.workshop.stop();
        let files = self.files;
        let _ = tokio::task::spawn_blocking(move || drop(files)).await;
        let longest = Duration::from_millis(settings.shutdown_ms);
        if tokio::time::timeout(longest, self.stages.stop()).await.is_err() {
            tracing::warn!("some turns or deliveries were still under way; they are taken up again at the next start");
        }
        tracing::info!("stopped");
    }

    /// The stages and what they work with, for programs that drive them directly.
    #[must_use]
    pub fn pipeline(&self) -> &Arc<Pipeline> {
        &self.front.pipeline
    }
}

/// Watches the modules directory. What changes there is installed on the watch's own thread, one file after the other.
fn follow_files(pipeline: &Arc<Pipeline>) -> Result<Watch, guest::Error> {
    let quiet = Duration::from_millis(pipeline.settings.guest.watch_quiet_ms);
    let times = WatchTimes { quiet, ..WatchTimes::default() };
    let (runtime, followed) = (tokio::runtime::Handle::current(), pipeline.clone());
    let install = move |change| runtime.block_on(modules::file_changed(&followed, change));
    Watch::start(&pipeline.settings.in_data("modules"), times, install)
}

/// The store's settings as the settings have them.
#[must_use]
pub fn store_settings(settings: &Settings) -> sqlite::Settings {
    sqlite::Settings {
        queue_max: settings.store.queue_max,
        group_max: settings.store.group_max,
        keep_ms: settings.store.keep_days * 86_400_000,
        keep_events: settings.store.keep_events,
        keep_bytes: settings.store.keep_bytes,
        ..sqlite::Settings::new(settings.in_data("bothost.db"), settings.in_data("master.key"))
    }
}

/// The guests' limits as the settings have them.
#[must_use]
pub fn guest_limits(settings: &Settings) -> Limits {
    let guest = &settings.guest;
    let defaults = Limits::default();
    Limits {
        threads: if guest.threads == 0 { defaults.threads } else { guest.threads },
        // A turn that has begun always finds a place in the queue.
        queue_max: defaults.queue_max.max(settings.turn.at_once),
        deadline_ms: guest.deadline_ms,
        instructions: guest.instructions,
        memory_bytes_max: guest.memory_bytes_max,
        hostcall_bytes_max: guest.output_bytes_max,
        log_bytes_max: guest.log_bytes_max,
        log_lines_max: guest.log_lines_max,
        module_bytes_max: guest.module_bytes_max,
        compile_cpu_s: guest.compile_cpu_s,
        compile_memory_bytes: guest.compile_memory_bytes,
        compile_wall_ms: guest.compile_wall_ms,
        compile_niceness: guest.compile_niceness,
        compile_threads: if guest.compile_threads == 0 { defaults.threads } else { guest.compile_threads },
        functions: guest.functions.clone(),
        source_lines: guest.source_lines,
        ..defaults
    }
}

fn make_private_dir(path: &Path) -> Result<(), Error> {
    let error = |source| Error::Data { path: path.to_owned(), source };
    if !path.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(error)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(error)?;
    }
    Ok(())
}

/// A directory for what is only there while this process is: what an earlier one left in it is removed.
fn empty_private_dir(path: &Path) -> Result<(), Error> {
    let error = |source| Error::Data { path: path.to_owned(), source };
    make_private_dir(path)?;
    for entry in std::fs::read_dir(path).map_err(error)? {
        std::fs::remove_file(entry.map_err(error)?.path()).map_err(error)?;
    }
    Ok(())
}

/// A name for this process that no other had.
fn boot() -> Result<String, admin_key::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// The recorder of figures: one for the process.
fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets(figures::SECONDS)
            .and_then(|builder| {
                let counts = Matcher::Full(figures::INSTRUCTIONS_NAME.to_owned());
                builder.set_buckets_for_metric(counts, figures::INSTRUCTION_COUNTS)
            })
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // A program that has a recorder of its own keeps it; the handle then shows nothing.
        let _ = ::metrics::set_global_recorder(recorder);
        figures::describe();
        handle
    })
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
