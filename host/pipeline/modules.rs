//! The life of a module: bytes come in (over HTTP or as a file), are checked and compiled away from the host, become a
//! version and serve from the next turn on. A refused module changes nothing.

use std::path::Path;
use std::sync::Arc;

use super::{Pipeline, figures};
use crate::domain::actor::Actor;
use crate::domain::bot::Bot;
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::guest::{self, Active, Change, Module, Report};
use crate::store::{self, Activation, Version};

/// What came of an upload.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The version that serves now.
    pub version: Version,
    /// What the module is.
    pub report: Report,
}

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module is not one that this host runs.
    #[error(transparent)]
    Refused(#[from] guest::Refusal),
    /// The store could not record it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The work ended early: the host is stopping.
    #[error("the host is stopping")]
    Stopped,
}

/// Checks, compiles, records and activates a module.
///
/// # Errors
/// When it is refused or cannot be recorded; what served before serves on.
pub async fn install(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    module: &ModuleName,
    wasm: Vec<u8>,
    actor: &Actor,
) -> Result<Installed, Error> {
    let _one_at_a_time = pipeline.installing.lock().await;
    let bytes = wasm.len() as u64;
    let prepared = blocking(pipeline, move |pipeline| pipeline.workshop.prepare(&wasm)).await?;
    let prepared = prepared.inspect_err(|error| {
        figures::module_refused();
        tracing::warn!(%tenant, %module, by = actor.name, %error, "module refused; what served before serves on");
    })?;
    let activation = Activation {
        tenant: tenant.clone(),
        module: module.clone(),
        digest: prepared.module.digest().clone(),
        bytes,
        actor: actor.clone(),
        now_ms: pipeline.clock.now_ms(),
    };
    let version = pipeline.store.activate(activation).await?;
    swap(pipeline, &version, prepared.module, actor);
    Ok(Installed { version, report: prepared.report })
}

/// Goes back to the version that served before the active one.
///
/// # Errors
/// When there is none, or it can no longer be loaded; what serves serves on.
pub async fn roll_back(
    pipeline: &Arc<Pipeline>,
    tenant: &TenantName,
    module: &ModuleName,
    actor: &Actor,
) -> Result<Version, Error> {
    let _one_at_a_time = pipeline.installing.lock().await;
    let now_ms = pipeline.clock.now_ms();
    let version = pipeline.store.roll_back(tenant.clone(), module.clone(), actor.clone(), now_ms).await?;
    let loaded = load(pipeline, version.digest.clone()).await?;
    swap(pipeline, &version, loaded, actor);
    Ok(version)
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

/// Loads every active version, so that the first turn finds it ready.
///
/// # Errors
/// When the store cannot be read. A module that cannot be loaded is reported, and the others serve.
pub async fn load_active(pipeline: &Arc<Pipeline>) -> Result<(), Error> {
    for version in pipeline.store.active_versions()? {
        match load(pipeline, version.digest.clone()).await {
            Ok(module) => {
                let active = Active { version: version.version, module };
                pipeline.catalog.swap(&version.tenant, &version.module, active);
            }
            Err(error) => {
                tracing::error!(tenant = %version.tenant, module = %version.module, version = version.version,
                %error, "an active module could not be loaded; its bots' events go to human agents")
            }
        }
    }
    Ok(())
}

/// What a bot's next turn runs.
///
/// # Errors
/// Says what is missing and how to supply it.
pub(super) async fn resolve(pipeline: &Arc<Pipeline>, bot: &Bot) -> Result<Arc<Active>, String> {
    let (tenant, name) = (&bot.tenant, &bot.target.module);
    let active = pipeline.catalog.get(tenant, name);
    let Some(pinned) = bot.target.version else {
        return active.ok_or_else(|| format!("module {name} has no active version: upload one with `bothost push`"));
    };
    if let Some(active) = active.filter(|active| active.version == pinned) {
        return Ok(active);
    }
    let version = pipeline.store.version(tenant, name, pinned).map_err(|error| error.to_string())?;
    let version = version.ok_or_else(|| format!("module {name} has no version {pinned}"))?;
    let module = load(pipeline, version.digest).await.map_err(|error| error.to_string())?;
    Ok(Arc::new(Active { version: pinned, module }))
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
    let wasm = match read_capped(path, pipeline.settings.guest.module_bytes_max as u64).await {
        Ok(wasm) => wasm,
        Err(error) => {
            figures::module_refused();
            tracing::warn!(path = %path.display(), %error, "a module's file cannot be read; what served before serves on");
            return;
        }
    };
    // A file that lay there before the start and was installed before is no new upload: the version that was activated
    // since, over HTTP or by a rollback, stays.
    let known = || pipeline.store.version_of(tenant, name, &guest::digest(&wasm));
    if at_start && matches!(known(), Ok(Some(_))) {
        return;
    }
    // How it ends is logged there. A refused file waits for its next change.
    let actor = Actor::operator(path.display().to_string());
    let _ = install(pipeline, tenant, name, wasm, &actor).await;
}

async fn read_capped(path: &Path, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt as _;

    let file = tokio::fs::File::open(path).await?;
    let mut wasm = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut wasm).await?;
    if wasm.len() as u64 > bytes_max {
        return Err(std::io::Error::other(format!("it has more than guest.module_bytes_max = {bytes_max} bytes")));
    }
    Ok(wasm)
}

fn swap(pipeline: &Pipeline, version: &Version, module: Arc<Module>, actor: &Actor) {
    let active = Active { version: version.version, module };
    pipeline.catalog.swap(&version.tenant, &version.module, active);
    figures::swapped();
    tracing::info!(tenant = %version.tenant, module = %version.module, version = version.version,
        digest = %version.digest, by = actor.name, "module active");
}

async fn load(pipeline: &Arc<Pipeline>, digest: Digest) -> Result<Arc<Module>, Error> {
    Ok(blocking(pipeline, move |pipeline| pipeline.workshop.load(&digest)).await??.module)
}

/// Runs slow work away from the runtime's own threads.
async fn blocking<T: Send + 'static>(
    pipeline: &Arc<Pipeline>,
    work: impl FnOnce(&Pipeline) -> T + Send + 'static,
) -> Result<T, Error> {
    let pipeline = pipeline.clone();
    tokio::task::spawn_blocking(move || work(&pipeline)).await.map_err(|_| Error::Stopped)
}
