//! Replay: a recorded turn is run again from what it depended on. Nothing is sent and nothing stored.
//!
//! Replays have a bound and a thread of their own: turns neither wait for them nor are counted with them.

use std::sync::Arc;

use super::Pipeline;
use super::differences::{Came, differences, incomparable};
use super::facts::{Facts, Judged, Subject, recorded_bot};
use super::record;
use super::shares::{Shares, Taken};
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::domain::turn::{Cause, Outcome, Run};
use crate::domain::validate;
use crate::guest::Module;
use crate::store::{self, Recording};

/// How many replays are under way at the same time, over all tenants: one runs, and that of another tenant may wait for it.
pub const AT_ONCE: usize = 2;

/// Room for replays: one for each tenant.
#[must_use]
pub fn places() -> Shares {
    Shares::new(AT_ONCE, 1)
}

/// What a replay is to run instead of the recorded module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instead {
    /// Another module; the bot's own unless given.
    pub module: Option<ModuleName>,
    /// A version of it; the active one unless given.
    pub version: Option<u32>,
}

/// A recorded turn and its replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Whether outcome, cause, log and instruction count are the same to the letter.
    pub same: bool,
    /// Which module ran this time.
    pub digest: Digest,
    /// What came of it then.
    pub recorded: Came,
    /// What came of it now.
    pub replayed: Came,
    /// What differs, or why it cannot be compared.
    pub differences: Vec<String>,
}

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to run.
    #[error("{0}")]
    NoModule(String),
    /// The recorded event cannot be given to a bot any more.
    #[error("{0}")]
    Unreadable(String),
    /// The tenant has a replay under way.
    #[error("another replay of this tenant is under way: wait for its answer, then ask again; one runs at a time")]
    OneAtATime,
    /// Other tenants have as many under way as there may be.
    #[error(
        "{AT_ONCE} replays of other tenants are under way, the limit: ask again shortly, or use `bothost replay`, which runs \
         the turn on your own machine"
    )]
    AllPlacesTaken,
    /// The host cannot do it now.
    #[error("{0}")]
    Host(String),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Taken> for Error {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Own => Self::OneAtATime,
            Taken::All => Self::AllPlacesTaken,
        }
    }
}

/// Runs a recorded turn again on this host. It goes to its end, and keeps its place until then, also when the caller goes away.
///
/// # Errors
/// Says what is missing, or whose replays are under way.
pub async fn replay(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    recording: Recording,
    instead: Instead,
) -> Result<Replayed, Error> {
    let digest = digest(pipeline, tenant, &recording, instead)?;
    let subject = subject(tenant, &recording)?;
    let place = pipeline.replays.take(tenant)?;
    let pipeline = pipeline.clone();
    let work = tokio::spawn(async move {
        let _place = place;
        let module = load(&pipeline, digest).await?;
        let (context, event) = (subject.context.clone(), subject.decoded.event.clone());
        let run = pipeline.runners.replay(module, context, event).await;
        let run = run.map_err(|busy| Error::Host(busy.to_string()))?;
        let (digest, replayed) = (run.digest.clone(), came_of(&run, &subject, &pipeline.settings.turn.limits()));
        Ok(compare(digest, recorded(&recording), replayed))
    });
    work.await.unwrap_or_else(|_| Err(Error::Host("the host is stopping".to_owned())))
}

/// A recorded turn's subject, ready to be run.
///
/// # Errors
/// [`Error::Unreadable`].
pub fn subject(tenant: &TenantName, recording: &Recording) -> Result<Subject, Error> {
    let facts = Facts {
        event: recording.event,
        bot: Arc::new(recorded_bot(tenant, &recording.bot, &recording.registration)),
        conversation: recording.conversation.clone(),
        body: recording.body.clone(),
        attempt: recording.turn.attempt,
        state: recording.state_before.clone(),
        owner: recording.owner_before.clone(),
        owner_firm: recording.owner_firm,
        now_ms: recording.now_ms,
        seed: recording.seed,
    };
    Subject::of(facts).map_err(|cause| Error::Unreadable(cause.to_string()))
}

/// What a run comes to, judged as a turn's is.
#[must_use]
pub fn came_of(run: &Run, subject: &Subject, limits: &validate::Limits) -> Came {
    let outcome = run.result.as_ref().ok().cloned();
    let judged = run.result.clone().and_then(|outcome| subject.judge(outcome, limits));
    came(run, outcome.as_ref(), judged.as_ref())
}

/// What came of a run that was judged.
#[must_use]
pub fn came(run: &Run, outcome: Option<&Outcome>, judged: Result<&Judged, &Cause>) -> Came {
    let log = |degraded: &[_]| record::log(&run.log, run.log_lines_dropped, degraded).to_string();
    let (cause, log) = match judged {
        Ok(judged) => (None, log(judged.checked.degraded())),
        Err(cause) => (Some((cause.kind().to_owned(), cause.to_string())), log(&[])),
    };
    let outcome = outcome.map(|outcome| record::outcome(outcome).to_string());
    Came { outcome, cause, instructions: run.instructions, log }
}

/// What came of the recorded turn.
#[must_use]
pub fn recorded(recording: &Recording) -> Came {
    let turn = &recording.turn;
    Came {
        outcome: turn.outcome.clone(),
        cause: turn.cause.clone(),
        instructions: turn.instructions,
        log: turn.log.clone(),
    }
}

/// Puts a recorded turn and its replay side by side.
#[must_use]
pub fn compare(digest: Digest, recorded: Came, replayed: Came) -> Replayed {
    let (same, differences) = match incomparable(&recorded, &replayed) {
        Some(why) => (false, vec![why]),
        None => (recorded == replayed, differences(&recorded, &replayed)),
    };
    Replayed { same, digest, recorded, replayed, differences }
}

/// The digest of the module that a recorded turn ran.
///
/// # Errors
/// When no module ran here.
pub fn ran(recording: &Recording) -> Result<&Digest, Error> {
    recording.turn.digest.as_ref().ok_or_else(|| not_here(recording))
}

fn not_here(recording: &Recording) -> Error {
    if recording.registration.target.relay().is_some() {
        let why = "the event went to an external bot, which cannot be run again here: name a module to run instead";
        return Error::NoModule(why.to_owned());
    }
    no_module()
}

fn no_module() -> Error {
    Error::NoModule("no module ran in this turn: name one to run instead".to_owned())
}

fn digest(pipeline: &Pipeline, tenant: &TenantName, recording: &Recording, instead: Instead) -> Result<Digest, Error> {
    if instead == Instead::default() {
        return ran(recording).cloned();
    }
    let own = || recording.registration.target.module().cloned();
    let module = instead.module.or_else(own).ok_or_else(no_module)?;
    match instead.version {
        Some(number) => {
            let version = pipeline.store.version(tenant, &module, number)?;
            let missing = || Error::NoModule(format!("the module {module} has no version {number}"));
            version.map(|version| version.digest).ok_or_else(missing)
        }
        None => {
            let missing = || Error::NoModule(format!("the module {module} has no active version"));
            let active = pipeline.catalog.get(tenant, &module).ok_or_else(missing)?;
            Ok(active.module.digest().clone())
        }
    }
}

async fn load(pipeline: &Arc<Pipeline>, digest: Digest) -> Result<Arc<Module>, Error> {
    let pipeline = pipeline.clone();
    let loaded = tokio::task::spawn_blocking(move || pipeline.workshop.load(&digest)).await;
    let prepared = loaded.map_err(|_| Error::Host("the host is stopping".to_owned()))?;
    Ok(prepared.map_err(|refusal| Error::NoModule(format!("the module cannot be loaded: {refusal}")))?.module)
}
