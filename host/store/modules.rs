//! What the store keeps of modules: numbered versions that never change, and which of them serves.

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::names::{Digest, ModuleName, TenantName};

/// Modules and their versions.
pub trait Modules {
    /// Records a version of a module, makes it the active one and returns its number. The same digest as the module's newest
    /// version is that version again.
    fn activate(&self, activation: Activation) -> Reply<Version>;

    /// Makes the version active that served before the active one.
    fn roll_back(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<Version>;

    /// Stops a module: no version of it is active from now on.
    fn deactivate(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<()>;

    /// The active version of every module of every tenant.
    fn active_versions(&self) -> Result<Vec<Version>, Error>;

    /// One version of a module.
    fn version(&self, tenant: &TenantName, module: &ModuleName, version: u32) -> Result<Option<Version>, Error>;

    /// The version of a module that has these bytes, if it ever had them.
    fn version_of(&self, tenant: &TenantName, module: &ModuleName, digest: &Digest) -> Result<Option<Version>, Error>;
}

/// A module about to become active.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Whose.
    pub tenant: TenantName,
    /// Which module.
    pub module: ModuleName,
    /// Its bytes' digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub now_ms: u64,
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
