//! Uploads: a file with a component, from the API or from the watched directory, becomes a version of a module. A refused one
//! changes nothing and is remembered as the module's latest refusal.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::modules::{Error, forget_bytes, in_background, swap};
use super::report_json::{self, ChangesJson};
use super::shares::{Share, Shares, Taken};
use super::{Pipeline, figures};
use crate::domain::actor::Actor;
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::guest::{self, Difference, Prepared, Report};
use crate::store::{self, Serving, VersionRecord};

/// How many modules' latest refusals are remembered; of more, the oldest is forgotten.
const REFUSALS_MAX: usize = 1000;

/// What uploads share.
#[derive(Debug)]
pub struct Uploads {
    places: Shares,
    /// Held while a module's bytes are in memory.
    preparing: tokio::sync::Mutex<()>,
    refusals: Mutex<BTreeMap<(TenantName, ModuleName), Refused>>,
}

/// The latest upload of a module that was refused, unless a later one was taken. Forgotten at a restart.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When.
    pub at_ms: u64,
    /// Who uploaded it, and from where.
    pub actor: Actor,
    /// Why it was refused.
    pub problems: Vec<String>,
}

/// An upload as it is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose.
    pub tenant: TenantName,
    /// Which module.
    pub module: ModuleName,
    /// Whether it is to serve.
    pub activate: bool,
    /// Who asks.
    pub actor: Actor,
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub struct Installed {
    /// What the store has of it.
    pub uploaded: store::Uploaded,
    /// What the module is.
    pub report: Report,
    /// What changed since the version that served until then, or the newest when none did. Nothing when there was none, or
    /// when it is the same.
    pub changes: Option<ChangesJson>,
}

impl Uploads {
    /// Room for that many uploads at once; for those of one tenant, half of it.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            places: Shares::new(at_once, at_once.div_ceil(2)),
            preparing: tokio::sync::Mutex::default(),
            refusals: Mutex::default(),
        }
    }

    /// A place for an upload that is coming in.
    ///
    /// # Errors
    /// When all are taken, or as many as one tenant may have.
    pub fn place(&self, tenant: &TenantName) -> Result<Share, Taken> {
        self.places.take(tenant)
    }

    /// The latest refusal of a module.
    pub fn refused(&self, tenant: &TenantName, module: &ModuleName) -> Option<Refused> {
        self.lock().get(&(tenant.clone(), module.clone())).cloned()
    }

    fn note(&self, wanted: &Wanted, at_ms: u64, problems: Vec<String>) {
        let mut refusals = self.lock();
        let refused = Refused { at_ms, actor: wanted.actor.clone(), problems };
        refusals.insert((wanted.tenant.clone(), wanted.module.clone()), refused);
        while refusals.len() > REFUSALS_MAX {
            let oldest = refusals.iter().min_by_key(|(_, refused)| refused.at_ms).map(|(key, _)| key.clone());
            oldest.map(|key| refusals.remove(&key));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(TenantName, ModuleName), Refused>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks, compiles, measures and records the module in a file, and activates it when that is wanted.
///
/// # Errors
/// When it cannot be read, is refused or cannot be recorded; what served before serves on.
pub async fn install(
    pipeline: &Arc<Pipeline>,
    wanted: &Wanted,
    file: impl AsRef<Path> + Send + 'static,
) -> Result<Installed, Error> {
    let one_in_memory = pipeline.uploads.preparing.lock().await;
    // A file that goes when it is dropped goes in the background, too.
    let read = in_background(pipeline, move |pipeline| read(pipeline, file.as_ref())).await?;
    let (wasm, digest) = read.map_err(|error| refuse(pipeline, wanted, Error::Unreadable(error.to_string())))?;
    // From here on a deletion of the same bytes leaves them where they are.
    let _hold = pipeline.workshop.hold(&digest);
    let prepared = in_background(pipeline, move |pipeline| pipeline.workshop.examine(&wasm)).await?;
    drop(one_in_memory);
    let prepared = prepared.map_err(|error| refuse(pipeline, wanted, error.into()))?;

    let _one_at_a_time = pipeline.installing.lock().await;
    let installed = record(pipeline, wanted, &prepared).await?;
    let version = &installed.uploaded.version;
    pipeline.uploads.lock().remove(&(wanted.tenant.clone(), wanted.module.clone()));
    match installed.uploaded.activation.filter(|_| wanted.activate) {
        Some(activation) => {
            let serving = Serving { version: version.clone(), activation };
            swap(pipeline, &serving, prepared.module, &wanted.actor);
        }
        None => tracing::info!(tenant = %wanted.tenant, module = %wanted.module, version = version.version,
            digest = %version.digest, by = wanted.actor.name, "module uploaded, not activated"),
    }
    for deleted in &installed.uploaded.deleted {
        forget_bytes(pipeline, deleted).await;
    }
    Ok(installed)
}

/// Makes a version of a module that was examined.
async fn record(pipeline: &Arc<Pipeline>, wanted: &Wanted, prepared: &Prepared) -> Result<Installed, Error> {
    let Wanted { tenant, module, activate, actor } = wanted;
    let report = &prepared.report;
    let changes = earlier(pipeline, tenant, module)?
        .filter(|earlier| earlier.version.digest != report.digest)
        .and_then(|earlier| {
            let before = Report::from(report_json::read(earlier.report.as_deref()?)?);
            Some(ChangesJson::new(earlier.version.version, &Difference::between(&before, report)))
        });
    let upload = store::Upload {
        tenant: tenant.clone(),
        module: module.clone(),
        digest: report.digest.clone(),
        bytes: report.bytes,
        report: report_json::kept(report),
        activate: *activate,
        keep: pipeline.settings.guest.versions_kept,
        actor: actor.clone(),
        now_ms: pipeline.clock.now_ms(),
    };
    let uploaded = pipeline.store.upload(upload).await?;
    Ok(Installed { uploaded, report: report.clone(), changes })
}

/// What an upload is compared with: the version that serves, or the newest.
fn earlier(
    pipeline: &Pipeline,
    tenant: &TenantName,
    module: &ModuleName,
) -> Result<Option<VersionRecord>, store::Error> {
    let Some(known) = pipeline.store.module(tenant, module)? else { return Ok(None) };
    let number = known.active.map_or(known.newest, |active| active.version.version);
    pipeline.store.version_record(tenant, module, number)
}

/// Tells of a refusal, and remembers it.
fn refuse(pipeline: &Pipeline, wanted: &Wanted, error: Error) -> Error {
    let problems = match &error {
        Error::Refused(guest::Refusal::Module(report)) => report.problems.clone(),
        error => vec![error.to_string()],
    };
    let (tenant, module, by) = (&wanted.tenant, &wanted.module, &wanted.actor.name);
    figures::module_refused();
    tracing::warn!(%tenant, %module, by, origin = wanted.actor.origin, %error,
        "module refused; what served before serves on");
    let now_ms = pipeline.clock.now_ms();
    pipeline.log.module(tenant, module, Err(&error.to_string()), &wanted.actor, now_ms);
    pipeline.uploads.note(wanted, now_ms, problems);
    error
}

/// Reads a module's file, if it is not too large.
pub(super) fn read(pipeline: &Pipeline, file: &Path) -> std::io::Result<(Vec<u8>, Digest)> {
    let bytes_max = pipeline.settings.guest.module_bytes_max as u64;
    let mut wasm = Vec::new();
    File::open(file)?.take(bytes_max + 1).read_to_end(&mut wasm)?;
    if wasm.len() as u64 > bytes_max {
        return Err(std::io::Error::other(format!("it has more than guest.module_bytes_max = {bytes_max} bytes")));
    }
    let digest = guest::digest(&wasm);
    Ok((wasm, digest))
}
