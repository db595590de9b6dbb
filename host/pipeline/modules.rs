//! The life of a module: which version serves, from the next turn on. Uploads are in `uploads.rs`.
//!
//! A version is loaded before the store is told that it serves: one that can no longer be loaded never becomes active.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::uploads::{self, Wanted};
use super::{Pipeline, figures};
use crate::domain::actor::Actor;
use crate::domain::bot::Bot;
use crate::domain::names::{BotId, Digest, ModuleName, TenantName};
use crate::guest::{self, Active, Change, Module};
use crate::store::{self, Serving, Version};

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module is not one that this host runs.
    #[error(transparent)]
    Refused(#[from] guest::Refusal),
    /// The file that it came in cannot be read.
    #[error("the module's file cannot be read: {0}")]
    Unreadable(String),
    /// The store could not record it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The work ended early: the host is stopping.
    #[error("the host is stopping")]
    Stopped,
}

/// Makes a version the one that serves.
///
/// # Errors
/// When there is no such version, or it can no longer be loaded; what serves serves on.
pub async fn activate(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    name: &ModuleName,
    number: u32,
    actor: &Actor,
) -> Result<Serving, Error> {
    let module = load(pipeline, found(pipeline, tenant, name, number)?.digest).await?;
    let _one_at_a_time = pipeline.installing.lock().await;
    let now_ms = pipeline.clock.now_ms();
    let serving = pipeline.store.activate(tenant.clone(), name.clone(), number, actor.clone(), now_ms).await?;
    swap(pipeline, &serving, module, actor);
    Ok(serving)
}

/// Goes back to the version that served before the active one.
///
/// # Errors
/// When there is none, or it can no longer be loaded; what serves serves on.
pub async fn roll_back(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    name: &ModuleName,
    actor: &Actor,
) -> Result<Serving, Error> {
    let target = pipeline.store.before(tenant, name)?;
    let module = load(pipeline, target.digest).await?;
    let _one_at_a_time = pipeline.installing.lock().await;
    let (now_ms, to) = (pipeline.clock.now_ms(), target.version);
    let serving = pipeline.store.roll_back(tenant.clone(), name.clone(), to, actor.clone(), now_ms).await?;
    swap(pipeline, &serving, module, actor);
    Ok(serving)
}

/// Stops a module: its bots' events go to human agents until another version is activated.
///
/// # Errors
/// When there is no such module.
pub async fn remove(pipeline: &Pipeline, tenant: &TenantName, module: &ModuleName, actor: &Actor) -> Result<(), Error> {
    let _one_at_a_time = pipeline.installing.lock().await;
    pipeline.store.deactivate(tenant.clone(), module.clone(), actor.clone(), pipeline.clock.now_ms()).await?;
    pipeline.catalog.remove(tenant, module);
    figures::swapped();
    tracing::info!(%tenant, %module, by = actor.name, "module stopped");
    Ok(())
}

/// Deletes a version, and its bytes and machine code when no other version has the same.
///
/// # Errors
/// When there is no such version or something uses it.
pub async fn delete_version(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    name: &ModuleName,
    number: u32,
    actor: &Actor,
) -> Result<(), Error> {
    let now_ms = pipeline.clock.now_ms();
    let deleted = pipeline.store.delete_version(tenant.clone(), name.clone(), number, actor.clone(), now_ms).await?;
    tracing::info!(%tenant, module = %name, version = number, by = actor.name, "version deleted");
    forget_bytes(pipeline, &deleted).await;
    Ok(())
}

/// Pins a bot to a version of its module, from the next event on; none lets it follow the active version again.
///
/// # Errors
/// When there is no such bot or version, the registration names a version itself, or the version can no longer be loaded.
pub async fn pin(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    bot: &BotId,
    number: Option<u32>,
    actor: &Actor,
) -> Result<Arc<Bot>, Error> {
    let no_bot = || store::Error::Missing(format!("there is no bot {bot}"));
    let before = pipeline.store.bot(bot)?.filter(|bot| bot.tenant == *tenant).ok_or_else(no_bot)?;
    let Some(name) = before.target.module() else {
        return Err(
            store::Error::Conflict(format!("the bot {bot} does not run here: there is nothing to pin it to")).into()
        );
    };
    let module = match number {
        Some(number) => Some(load(pipeline, found(pipeline, tenant, name, number)?.digest).await?),
        None => None,
    };
    let now_ms = pipeline.clock.now_ms();
    let pinned = pipeline.store.pin_bot(tenant.clone(), bot.clone(), number, actor.clone(), now_ms).await?;
    if let (Some(number), Some(module)) = (number, module) {
        pipeline.catalog.hold(tenant, name, number, module);
    }
    // Bots that share the version before load it again.
    if let Some(earlier) = before.pin.filter(|earlier| number != Some(*earlier)) {
        pipeline.catalog.let_go(tenant, name, earlier);
    }
    tracing::info!(%tenant, %bot, module = %name, version = number, by = actor.name, "bot pinned");
    Ok(pinned)
}

/// A version's bytes for whoever wants them back, checked against the digest: an open file and its length.
///
/// # Errors
/// When they are gone or damaged.
pub async fn bytes(pipeline: &Arc<Pipeline>, digest: &Digest) -> Result<(std::fs::File, u64), Error> {
    let digest = digest.clone();
    let opened = blocking(pipeline, move |pipeline| pipeline.workshop.bytes(&digest)).await?;
    opened.map_err(|error| Error::Refused(guest::Refusal::Host(error)))
}

/// Loads every active version, so that the first turn finds it ready, and removes what no version has any more.
///
/// # Errors
/// When the store cannot be read. A module that cannot be loaded is reported, and the others serve.
pub async fn load_active(pipeline: &Arc<Pipeline>) -> Result<(), Error> {
    let began = Instant::now();
    let digests: HashSet<Digest> = pipeline.store.digests()?.into_iter().collect();
    let swept = blocking(pipeline, move |pipeline| pipeline.workshop.keep_only(&|digest| digests.contains(digest)));
    if let Err(error) = swept.await? {
        tracing::warn!(%error, "bytes of deleted modules could not be removed");
    }
    let places = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
    let mut loading = JoinSet::new();
    for serving in pipeline.store.active_versions()? {
        let (pipeline, places) = (pipeline.clone(), places.clone());
        loading.spawn(async move {
            let _place = places.acquire().await;
            let loaded = load(&pipeline, serving.version.digest.clone()).await;
            (serving, loaded)
        });
    }
    let modules = loading.len();
    while let Some(Ok((Serving { version, activation }, loaded))) = loading.join_next().await {
        match loaded {
            Ok(module) => {
                let active = Active { version: version.version, activation: Some(activation), module };
                pipeline.catalog.swap(&version.tenant, &version.module, active);
            }
            Err(error) => {
                tracing::error!(tenant = %version.tenant, module = %version.module, version = version.version,
                %error, "an active module could not be loaded; its bots' events go to human agents")
            }
        }
    }
    let (compiled, elapsed_ms) = (pipeline.workshop.compilations(), began.elapsed().as_millis() as u64);
    tracing::info!(modules, compiled, elapsed_ms, "modules loaded");
    Ok(())
}

/// What a bot's next turn runs.
///
/// # Errors
/// Says what is missing and how to supply it.
pub(super) async fn resolve(pipeline: &Arc<Pipeline>, bot: &Bot) -> Result<Arc<Active>, String> {
    let tenant = &bot.tenant;
    let name = bot.target.module().ok_or_else(|| "the bot does not run here".to_owned())?;
    let active = pipeline.catalog.get(tenant, name);
    let Some(pinned) = bot.pinned() else {
        return active.ok_or_else(|| format!("module {name} has no active version: upload one with `bothost push`"));
    };
    if let Some(held) = pipeline.catalog.pinned(tenant, name, pinned) {
        return Ok(held);
    }
    let module = match active.filter(|active| active.version == pinned) {
        Some(active) => active.module.clone(),
        None => {
            let version = pipeline.store.version(tenant, name, pinned).map_err(|error| error.to_string())?;
            let version = version.ok_or_else(|| format!("module {name} has no version {pinned}"))?;
            load(pipeline, version.digest).await.map_err(|error| error.to_string())?
        }
    };
    Ok(pipeline.catalog.hold(tenant, name, pinned, module))
}

/// Does what a change in the watched directory asks for. A file is an upload by whoever may write there.
pub async fn file_changed(pipeline: &Arc<Pipeline>, change: Change) {
    match change {
        Change::Written { tenant, name, path, at_start } => {
            file_written(pipeline, &tenant, &name, &path, at_start).await;
        }
        Change::Removed { tenant, name } => tracing::info!(%tenant, module = %name,
            "a module's file was removed; its version serves on until DELETE /v1/modules/{name}"),
        Change::Ignored { path, reason } => {
            tracing::warn!(path = %path.display(), reason, "a file in the modules directory is ignored");
        }
    }
}

async fn file_written(pipeline: &Arc<Pipeline>, tenant: &TenantName, name: &ModuleName, path: &Path, at_start: bool) {
    if !super::tenants::is_live(pipeline, tenant) {
        tracing::warn!(%tenant, path = %path.display(),
            "a module's file is ignored: there is no such tenant; make it with POST /v1/tenants, then write the file again");
        return;
    }
    // A file that lay there before the start and was installed before is no new upload: the version that was activated
    // since, over HTTP or by a rollback, stays.
    if at_start && installed_before(pipeline, tenant, name, path).await {
        return;
    }
    let actor = Actor::operator(path.display().to_string());
    let wanted = Wanted { tenant: tenant.clone(), module: name.clone(), activate: true, actor };
    // How it ends is logged there. A refused file waits for its next change.
    let _ = uploads::install(pipeline, &wanted, path.to_owned()).await;
}

/// Whether a module ever had a version with a file's bytes.
async fn installed_before(pipeline: &Arc<Pipeline>, tenant: &TenantName, name: &ModuleName, path: &Path) -> bool {
    let path = path.to_owned();
    let read = blocking(pipeline, move |pipeline| uploads::read(pipeline, &path)).await;
    matches!(read, Ok(Ok((_, digest))) if matches!(pipeline.store.version_of(tenant, name, &digest), Ok(Some(_))))
}

/// Makes a loaded version the one that the next turn finds. Called in the order in which the store was told.
pub(super) fn swap(pipeline: &Pipeline, serving: &Serving, module: Arc<Module>, actor: &Actor) {
    let Serving { version, activation } = serving;
    let active = Active { version: version.version, activation: Some(*activation), module };
    pipeline.catalog.swap(&version.tenant, &version.module, active);
    figures::swapped();
    pipeline.log.module(&version.tenant, &version.module, Ok(version.version), actor, pipeline.clock.now_ms());
    tracing::info!(tenant = %version.tenant, module = %version.module, version = version.version,
        digest = %version.digest, by = actor.name, "module active");
}

/// Removes what is kept of a version that was deleted, unless another one has the same bytes.
pub(super) async fn forget_bytes(pipeline: &Arc<Pipeline>, deleted: &Version) {
    let Version { tenant, module, version, digest, .. } = deleted;
    pipeline.catalog.let_go(tenant, module, *version);
    let digest = digest.clone();
    let removed = blocking(pipeline, move |pipeline| {
        // What cannot be asked is taken for in use.
        pipeline.workshop.remove(&digest, || pipeline.store.has_digest(&digest).unwrap_or(true))
    });
    match removed.await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "the bytes of a deleted version could not be removed; the next start does it")
        }
        Err(_) => tracing::warn!(digest = %deleted.digest, "the host is stopping; the next start removes these bytes"),
    }
}

fn found(pipeline: &Pipeline, tenant: &TenantName, name: &ModuleName, number: u32) -> Result<Version, store::Error> {
    let missing = || store::Error::Missing(format!("the module {name} has no version {number}"));
    pipeline.store.version(tenant, name, number)?.ok_or_else(missing)
}

async fn load(pipeline: &Arc<Pipeline>, digest: Digest) -> Result<Arc<Module>, Error> {
    Ok(blocking(pipeline, move |pipeline| pipeline.workshop.load(&digest)).await??.module)
}

/// Runs slow work away from the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    pipeline: &Arc<Pipeline>,
    work: impl FnOnce(&Pipeline) -> T + Send + 'static,
) -> Result<T, Error> {
    let pipeline = pipeline.clone();
    tokio::task::spawn_blocking(move || work(&pipeline)).await.map_err(|_| Error::Stopped)
}

/// Does what an upload takes when nobody else wants a processor: whoever uploads can wait.
pub(super) async fn in_background<T: Send + 'static>(
    pipeline: &Arc<Pipeline>,
    work: impl FnOnce(&Pipeline) -> T + Send + 'static,
) -> Result<T, Error> {
    blocking(pipeline, |pipeline| guest::in_background(pipeline.settings.guest.compile_niceness, || work(pipeline)))
        .await?
        .map_err(|_| Error::Stopped)
}
