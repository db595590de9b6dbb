//! `bothost dev`: a bot's sources are watched, built as they change and swapped into a host on this machine, on which its
//! developer talks to it meanwhile. The last event is run again on what came of a change, and the difference is shown.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;
use tokio::task::JoinError;

use super::build::{self, Project, Shop};
use super::check::{compile_at_ease, trust};
use super::local::{Hook, Local, Wanted};
use super::talk::{self, Talk, Typed};
use super::terminal::Terminal;
use super::{Error, output};
use crate::app::SystemClock;
use crate::domain::clock::Clock as _;
use crate::domain::names::{EventId, ModuleName, TenantName};
use crate::pipeline::differences::{Came, differences, incomparable};
use crate::pipeline::replay;
use crate::settings::{DEFAULT_TENANT, Overrides, Settings, Tenant};
use crate::simulator::customer::{Customer, Happening, Place};
use crate::store::{DeliveryStatus, Recording};
use crate::workbench::session::{Scene, Turn};
use crate::workbench::sources::Sources;

/// Work on a bot: rebuild and swap it as its sources change, and talk to it meanwhile.
#[derive(Debug, Args)]
pub struct Dev {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    customer: talk::Customer,
    /// Where the host listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The bot's module.
const MODULE: &str = "bot";
/// The page, account or room.
const CHANNEL: &str = "house";

/// Runs the command.
///
/// # Errors
/// When there is no project or no such platform, or the host cannot be started.
pub fn run(dev: &Dev) -> Result<ExitCode, Error> {
    let project = Project::find(&dev.dir)?;
    let shop = Shop::open(&project, None, true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let local = Local::start(|data, tenant| settings(dev, data, tenant)).await?;
        let worked = work(dev, project, shop, &local).await;
        local.end().await;
        worked
    });
    // Whoever still reads lines or waits for changes need not be waited for.
    runtime.shutdown_background();
    code.map(|()| ExitCode::SUCCESS)
}

fn settings(dev: &Dev, data: &Path, tenant: Tenant) -> Result<Settings, Error> {
    let overrides = Overrides { listen: Some(dev.listen), data: Some(data.to_owned()), file: dev.config.clone() };
    let mut settings = Settings::load(&overrides, std::env::vars())?;
    settings.tenants.insert(DEFAULT_TENANT.to_owned(), tenant);
    trust(&mut settings);
    compile_at_ease(&mut settings);
    // What failed is tried again when it was mended, and not before.
    settings.turn.tries = 1;
    Ok(settings)
}

async fn work(dev: &Dev, project: Project, shop: Shop, local: &Local) -> Result<(), Error> {
    let mut terminal = Terminal::open()?;
    let talk = Talk::new(terminal.printer()).with_log();
    let (news_of, mut news) = mpsc::channel(1);
    let over = Over::default();
    let mut bench = Bench { sources: Sources::of(&project.dir), project, shop, over: over.0.clone() };
    let first = loop {
        let (back, built) = bench.build().await?;
        bench = back;
        match swap(local, built).await {
            Ok(version) => break version,
            Err(why) => output::error(&why),
        }
        output::note("waiting for a change ...");
        bench = bench.changed().await?.0;
    };
    let mut conversation = Conversation::begin(dev, local, talk).await?;
    conversation.talk.note(&format!(
        "{first}; on {} {} at {}; /help says what can be typed",
        dev.customer.platform, conversation.place.network, local.url
    ));
    tokio::spawn(bench.follow(news_of));
    let mut typed = lines(terminal, format!("{}> ", dev.customer.name));
    let mut heard = local.pipeline.log.listen(&DEFAULT_TENANT.into())?;
    loop {
        tokio::select! {
            line = typed.recv() => {
                let Some((line, answered)) = line else { return Ok(()) };
                match conversation.talk.typed(line.trim()) {
                    Typed::Happens(happening) => conversation.happens(&happening).await?,
                    Typed::Nothing => {}
                    Typed::Leave => return Ok(()),
                }
                // Whoever reads lines may be gone.
                let _ = answered.send(());
            }
            Some(news) = news.recv() => match news {
                News::Changed(path) => conversation.talk.note(&format!("{} changed, building ...", path.display())),
                News::Built(built) => match swap(local, built).await {
                    Ok(version) => {
                        conversation.talk.note(&version);
                        conversation.again().await?;
                    }
                    Err(why) => conversation.talk.wrong(&why),
                },
            },
            Ok(line) = heard.lines.recv() => {
                if let Some(event) = line.event.filter(|_| line.kind == "turn") {
                    conversation.came(event).await?;
                }
            }
        }
    }
}

/// Ends the watching when it is dropped.
#[derive(Default)]
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where the project is built as it changes.
struct Bench {
    project: Project,
    shop: Shop,
    sources: Sources,
    over: Arc<AtomicBool>,
}

/// A component that was built and when, or why not.
type Built = Result<(PathBuf, Instant), String>;

enum News {
    /// A file changed, and the project is being built.
    Changed(PathBuf),
    Built(Built),
}

impl Bench {
    async fn build(self) -> Result<(Self, Built), JoinError> {
        let build = move || {
            let built = build::component(&self.project, &self.shop, None);
            let built = built.map(|component| (component, Instant::now())).map_err(|error| error.to_string());
            (self, built)
        };
        tokio::task::spawn_blocking(build).await
    }

    /// Waits for a change; none when all is over.
    async fn changed(mut self) -> Result<(Self, Option<PathBuf>), JoinError> {
        let wait = move || {
            let over = self.over.clone();
            let changed = self.sources.changed(|| over.load(Ordering::Relaxed));
            (self, changed)
        };
        tokio::task::spawn_blocking(wait).await
    }

    /// Builds at each change and tells of it.
    async fn follow(mut self, news: Sender<News>) {
        self.shop.hush();
        while let Ok((bench, Some(path))) = self.changed().await {
            let _ = news.send(News::Changed(path)).await;
            let Ok((bench, built)) = bench.build().await else { return };
            let _ = news.send(News::Built(built)).await;
            self = bench;
        }
    }
}

/// Uploads a component, and says which version serves from now on.
async fn swap(local: &Local, built: Built) -> Result<String, String> {
    let (component, at) = built?;
    let wasm = std::fs::read(&component).map_err(|error| format!("{}: {error}", component.display()))?;
    let pushed = local.sender.push(MODULE, &wasm).await.map_err(|error| error.to_string())?;
    let (version, took) = (&pushed["version"]["version"], at.elapsed().as_secs_f64());
    let compiled = pushed["report"]["compile_ms"].as_f64().unwrap_or_default() / 1000.0;
    // The same bytes again are not compiled again.
    let compiling = if compiled < took { format!(" ({compiled:.2} s of it compiling)") } else { String::new() };
    Ok(format!("version {version} serves, {took:.2} s after it was built{compiling}"))
}

/// Reads lines on a thread of their own, each when the one before was answered.
fn lines(mut terminal: Terminal, prompt: String) -> Receiver<(String, oneshot::Sender<()>)> {
    let (typed, lines) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        // What cannot be read is the end of it.
        while let Ok(Some(line)) = terminal.read(&prompt) {
            let (answered, answer) = oneshot::channel();
            if typed.blocking_send((line, answered)).is_err() || answer.blocking_recv().is_err() {
                break;
            }
        }
    });
    lines
}

/// The developer's conversation with the bot.
struct Conversation<'a> {
    local: &'a Local,
    talk: Talk,
    tenant: TenantName,
    module: ModuleName,
    customer: &'static dyn Customer,
    place: Place,
    hook: Hook,
    happened: u64,
    /// Events whose outcome was shown.
    shown: HashSet<EventId>,
    /// The last turn, and what came of it when it last ran.
    last: Option<(Recording, Came)>,
}

impl<'a> Conversation<'a> {
    async fn begin(dev: &Dev, local: &'a Local, talk: Talk) -> Result<Self, Error> {
        let Scene { platform, customer, network } = Scene::find(&dev.customer.platform, &dev.customer.network)?;
        let (config, module) = (dev.customer.bot_config.as_str(), MODULE);
        let wanted = Wanted { platform: platform.name(), network: &network, channel: CHANNEL, module, config };
        let hook = local.sender.register(wanted).await?;
        let place = Place {
            network,
            channel: CHANNEL.to_owned(),
            bot: hook.bot.clone(),
            secret: hook.secret.clone(),
            customer: "customer-1".to_owned(),
            name: dev.customer.name.clone(),
        };
        let (tenant, module) = (DEFAULT_TENANT.into(), ModuleName::parse(MODULE)?);
        let (happened, shown, last) = (0, HashSet::new(), None);
        Ok(Self { local, talk, tenant, module, customer, place, hook, happened, shown, last })
    }

    /// Lets something happen and shows what came of it.
    async fn happens(&mut self, happening: &Happening) -> Result<(), Error> {
        let Some(event) = self.deliver(happening).await? else {
            self.talk.show(None);
            return Ok(());
        };
        if self.came(event).await? {
            return Ok(());
        }
        // An agent has the conversation now, as on any host; here the developer goes on with it.
        if let Some(event) = self.deliver(&Happening::BotTakes).await? {
            self.shown.insert(event);
            self.local.settled(event).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, happening: &Happening) -> Result<Option<EventId>, Error> {
        self.happened += 1;
        let now_ms = SystemClock.now_ms();
        let Some(webhook) = self.customer.webhook(&self.place, happening, self.happened, now_ms) else {
            return Ok(None);
        };
        self.local.platforms.happened(self.customer.platform(), &self.place, happening);
        let id = format!("typed-{}", self.happened);
        Ok(Some(self.local.sender.deliver(&self.hook, &id, &webhook.to_string()).await?))
    }

    /// Shows what came of an event, once. Says whether its turn went well.
    async fn came(&mut self, event: EventId) -> Result<bool, Error> {
        if !self.shown.insert(event) {
            return Ok(true);
        }
        let record = self.local.settled(event).await?;
        let Some(recording) = self.local.pipeline.store.recording(&self.tenant, event, None)? else {
            self.talk.note(&format!("event {event} ended without a turn"));
            return Ok(true);
        };
        let turn = self.turn(&recording).await?;
        let is_well = turn.judged.is_ok();
        self.talk.show(Some(turn));
        for delivery in record.deliveries.iter().filter(|one| one.status != DeliveryStatus::Sent) {
            self.talk.wrong(&format!("  {} was not sent: `bothost explain {event}` says why", delivery.action));
        }
        let came = replay::recorded(&recording);
        self.last = Some((recording, came));
        Ok(is_well)
    }

    /// Runs the last event again, on what serves now, and shows what differs.
    async fn again(&mut self) -> Result<(), Error> {
        let Some((recording, before)) = self.last.take() else { return Ok(()) };
        let turn = self.turn(&recording).await?;
        let after = replay::came(&turn.run, turn.outcome.as_ref(), turn.judged.as_ref());
        let event = recording.event;
        let lines = incomparable(&before, &after).map_or_else(|| differences(&before, &after), |why| vec![why]);
        match lines.as_slice() {
            [] => self.talk.note(&format!("event {event} again: the same")),
            [cost] if cost.starts_with("instructions: ") => {
                self.talk.note(&format!("event {event} again: the same, {cost}"));
            }
            lines => {
                self.talk.note(&format!("event {event} again:"));
                lines.iter().for_each(|line| self.talk.changed(&output::escaped(line)));
            }
        }
        self.last = Some((recording, after));
        Ok(())
    }

    /// Runs a recorded turn on the version that serves: for one that it ran on, the same to the instruction.
    async fn turn(&self, recording: &Recording) -> Result<Turn, Error> {
        let subject = replay::subject(&self.tenant, recording)?;
        let active = self.local.pipeline.catalog.get(&self.tenant, &self.module).ok_or("no version serves")?;
        let limits = self.local.pipeline.settings.turn.limits();
        Ok(tokio::task::spawn_blocking(move || Turn::run(subject, &active.module, &limits)).await?)
    }
}
