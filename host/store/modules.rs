//! What the store keeps of modules: numbered versions that never change, and which of them serves.

use std::sync::Arc;

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::bot::Bot;
use crate::domain::names::{BotId, Digest, ModuleName, TenantName};

/// Modules and their versions. A number is never used again: a version that is deleted keeps its row. To
/// upload, activate, roll back or delete for a tenant that was removed meanwhile is an [`Error::Conflict`].
pub trait Modules {
    /// Records an upload as a version and, when it is told to, makes that the active one. The same digest as the module's
    /// newest version is that version again, with the new report. What is beyond the newest [`Upload::keep`] and not in use
    /// is deleted.
    fn upload(&self, upload: Upload) -> Reply<Uploaded>;

    /// Makes a version the active one. [`Error::Missing`] when there is no such version.
    fn activate(
        &self,
        tenant: TenantName,
        module: ModuleName,
        version: u32,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Serving>;

    /// The version that a roll-back makes active: the one that served before the active one. Versions that were deleted since
    /// are passed over. [`Error::Missing`] when there is none.
    fn before(&self, tenant: &TenantName, module: &ModuleName) -> Result<Version, Error>;

    /// Makes `to` active, which [`Self::before`] told: [`Error::Conflict`] when it no longer is what served before.
    fn roll_back(&self, tenant: TenantName, module: ModuleName, to: u32, actor: Actor, now_ms: u64) -> Reply<Serving>;

    /// Stops a module: no version of it is active from now on.
    fn deactivate(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<()>;

    /// Deletes a version. [`Error::Conflict`] says what uses it: it is active, a roll-back would return to it, or a bot is
    /// pinned to it.
    fn delete_version(
        &self,
        tenant: TenantName,
        module: ModuleName,
        version: u32,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Version>;

    /// Pins a bot to a version of its module, or lets it follow the active one again. [`Error::Missing`] when there is no such
    /// bot or version, [`Error::Conflict`] when the registration names a version itself.
    fn pin_bot(
        &self,
        tenant: TenantName,
        bot: BotId,
        version: Option<u32>,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Arc<Bot>>;

    /// What serves, of every module of every tenant.
    fn active_versions(&self) -> Result<Vec<Serving>, Error>;

    /// What serves of one module; nothing when it was stopped or never activated.
    fn active_version(&self, tenant: &TenantName, module: &ModuleName) -> Result<Option<Serving>, Error>;

    /// One version of a module, unless it was deleted.
    fn version(&self, tenant: &TenantName, module: &ModuleName, version: u32) -> Result<Option<Version>, Error>;

    /// The newest version of a module that has these bytes, if it ever had them: also one that was deleted.
    fn version_of(&self, tenant: &TenantName, module: &ModuleName, digest: &Digest) -> Result<Option<Version>, Error>;

    /// A tenant's modules after the first `before` of them or all, the newest first, at most `limit`; each with its place.
    fn modules(
        &self,
        tenant: &TenantName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(i64, ModuleRecord)>, Error>;

    /// One module, if it has a version.
    fn module(&self, tenant: &TenantName, module: &ModuleName) -> Result<Option<ModuleRecord>, Error>;

    /// A module's versions below `before`, the newest first and without their reports, at most `limit`.
    fn versions(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<VersionRecord>, Error>;

    /// One version with its report.
    fn version_record(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        version: u32,
    ) -> Result<Option<VersionRecord>, Error>;

    /// What served when, from the newest activation below `before` on, at most `limit`.
    fn activations(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Activation>, Error>;

    /// The digests of all versions of all tenants that were not deleted: their bytes are needed.
    fn digests(&self) -> Result<Vec<Digest>, Error>;

    /// Whether any tenant has a version with these bytes that was not deleted.
    fn has_digest(&self, digest: &Digest) -> Result<bool, Error>;

    /// A tenant's bots on all platforms, the oldest first.
    fn all_bots(&self, tenant: &TenantName) -> Vec<Arc<Bot>>;
}

/// A module that was checked and is to become a version.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Whose.
    pub tenant: TenantName,
    /// Which module.
    pub module: ModuleName,
    /// Its bytes' digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// What was found out about it, as JSON.
    pub report: String,
    /// Whether it becomes the active one.
    pub activate: bool,
    /// How many versions of the module are kept that nothing uses.
    pub keep: u32,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub now_ms: u64,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The version that it is.
    pub version: Version,
    /// Whether it is a new one.
    pub new: bool,
    /// Whether the tenant had a version with the same bytes before, in whichever module, that was not deleted.
    pub bytes_known: bool,
    /// The activation that made it serve; nothing when it does not serve.
    pub activation: Option<i64>,
    /// The versions that were deleted to make room.
    pub deleted: Vec<Version>,
}

/// A version of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Whose.
    pub tenant: TenantName,
    /// Which module.
    pub module: ModuleName,
    /// Counted from 1 within the module.
    pub version: u32,
    /// Its bytes' digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was first seen.
    pub created_ms: u64,
}

/// A version that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Which.
    pub version: Version,
    /// The number of the activation that made it serve.
    pub activation: i64,
}

/// A version, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Which.
    pub version: Version,
    /// Who uploaded it.
    pub actor: Actor,
    /// Whether it serves.
    pub active: bool,
    /// How many bots are pinned to it, by their registration or over the API.
    pub pinned_bots: u32,
    /// What was found out about it, as JSON; nothing in lists, and of versions from before there were reports.
    pub report: Option<String>,
}

/// A module, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRecord {
    /// Its name.
    pub module: ModuleName,
    /// When its first version came.
    pub created_ms: u64,
    /// What serves.
    pub active: Option<Serving>,
    /// Its newest version.
    pub newest: u32,
    /// How many versions it has.
    pub versions: u32,
    /// How many bots are bound to it.
    pub bots: u32,
    /// The versions that bots are pinned to.
    pub pinned: Vec<u32>,
}

/// One entry of the log of what served when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its number; later ones have greater numbers.
    pub seq: i64,
    /// What served from then on; nothing after a stop.
    pub version: Option<u32>,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at_ms: u64,
}
