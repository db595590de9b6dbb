//! Replay: a recorded turn is run again from what it depended on. Nothing is sent and nothing stored.

use std::sync::Arc;

use tokio::io::AsyncReadExt as _;

use super::Pipeline;
use super::differences::{Came, differences, incomparable};
use super::facts::{Facts, Subject, recorded_bot};
use super::record;
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::domain::turn::{Cause, Run};
use crate::domain::validate;
use crate::guest::Module;
use crate::store::{self, Recording};

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
    /// The host cannot do it now.
    #[error("{0}")]
    Host(String),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Runs a recorded turn again on this host.
///
/// # Errors
/// Says what is missing.
pub async fn replay(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    recording: &Recording,
    instead: Instead,
) -> Result<Replayed, Error> {
    let digest = digest(pipeline, tenant, recording, instead)?;
    let module = load(pipeline, digest).await?;
    let subject = subject(tenant, recording)?;
    let (context, event) = (subject.context.clone(), subject.decoded.event.clone());
    let run = pipeline.runners.run(module, context, event).await.map_err(|busy| Error::Host(busy.to_string()))?;
    let (digest, replayed) = (run.digest.clone(), came_of(run, &subject, &pipeline.settings.turn.limits()));
    Ok(compare(digest, recorded(recording), replayed))
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
        now_ms: recording.now_ms,
        seed: recording.seed,
    };
    Subject::of(facts).map_err(|cause| Error::Unreadable(cause.to_string()))
}

/// What a run comes to, judged as a turn's is.
#[must_use]
pub fn came_of(run: Run, subject: &Subject, limits: &validate::Limits) -> Came {
    let log = record::log(&run.log, run.log_lines_dropped).to_string();
    let told = |cause: &Cause| (cause.kind().to_owned(), cause.to_string());
    let (outcome, cause) = match run.result {
        Err(cause) => (None, Some(told(&cause))),
        Ok(outcome) => {
            let text = record::outcome(&outcome).to_string();
            (Some(text), subject.judge(outcome, limits).err().as_ref().map(told))
        }
    };
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

/// The bytes of the module that a recorded turn ran.
///
/// # Errors
/// When no module ran, or its bytes are gone.
pub async fn wasm(pipeline: &Arc<Pipeline>, recording: &Recording) -> Result<Vec<u8>, Error> {
    let digest = recording.turn.digest.clone().ok_or_else(no_module)?;
    let gone = || Error::NoModule(format!("the bytes of the module {digest} are no longer here"));
    // They are checked against their digest where they are opened.
    let (file, _) = pipeline.workshop.bytes(&digest).map_err(|_| gone())?;
    let mut wasm = Vec::new();
    tokio::fs::File::from_std(file).read_to_end(&mut wasm).await.map_err(|_| gone())?;
    Ok(wasm)
}

fn no_module() -> Error {
    Error::NoModule("no module ran in this turn: name one to run instead".to_owned())
}

fn digest(pipeline: &Pipeline, tenant: &TenantName, recording: &Recording, instead: Instead) -> Result<Digest, Error> {
    if instead == Instead::default() {
        return recording.turn.digest.clone().ok_or_else(no_module);
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
