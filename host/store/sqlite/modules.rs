//! Modules: numbered versions that never change, and a log of which one served when.

use rusqlite::{Connection, OptionalExtension, Row, params};

use serde_json::json;

use super::writer::Work;
use super::{Sqlite, audit, int, ms};
use crate::domain::actor::Actor;
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::store::{Activation, Error, Modules, Reply, Version};

impl Modules for Sqlite {
    fn activate(&self, activation: Activation) -> Reply<Version> {
        self.writer.submit(move |work| activate(work, &activation))
    }

    fn roll_back(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<Version> {
        self.writer.submit(move |work| roll_back(work, &tenant, &module, &actor, now_ms))
    }

    fn deactivate(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| deactivate(work, &tenant, &module, &actor, now_ms))
    }

    fn active_versions(&self) -> Result<Vec<Version>, Error> {
        self.readers.read(active)
    }

    fn version(&self, tenant: &TenantName, module: &ModuleName, version: u32) -> Result<Option<Version>, Error> {
        self.readers.read(|db| find(db, tenant, module, version))
    }

    fn version_of(&self, tenant: &TenantName, module: &ModuleName, digest: &Digest) -> Result<Option<Version>, Error> {
        self.readers.read(|db| find_digest(db, tenant, module, digest))
    }
}

/// What a version is made of.
macro_rules! versions {
    ($which:literal) => {
        concat!("SELECT v.tenant, v.module, v.version, v.digest, v.bytes, v.created_ms FROM versions v ", $which)
    };
}

/// A module's last activation.
struct Current {
    seq: i64,
    /// What serves; nothing after a deactivation.
    version: Option<u32>,
    /// The activation that a roll-back returns to: one of another version.
    previous: Option<i64>,
}

/// Records a version, unless it is the newest one already, and makes it the active one.
fn activate(work: &mut Work, activation: &Activation) -> Result<Version, Error> {
    let Activation { tenant, module, digest, bytes, actor, now_ms } = activation;
    let db = &work.db;
    let newest = db
        .prepare_cached(versions!("WHERE v.tenant = ?1 AND v.module = ?2 ORDER BY v.version DESC LIMIT 1"))?
        .query_row([tenant.as_str(), module.as_str()], read)
        .optional()?;
    let number = newest.as_ref().map_or(1, |newest| newest.version.saturating_add(1));
    let version = match newest {
        Some(newest) if newest.digest == *digest => newest,
        _ => {
            db.prepare_cached(
                "INSERT INTO versions (tenant, module, version, digest, bytes, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                tenant.as_str(),
                module.as_str(),
                number,
                digest.as_str(),
                int(*bytes),
                int(*now_ms),
            ])?;
            Version {
                tenant: tenant.clone(),
                module: module.clone(),
                version: number,
                digest: digest.clone(),
                bytes: *bytes,
                created_ms: *now_ms,
            }
        }
    };
    let current = current(db, tenant, module)?;
    if current.as_ref().is_some_and(|current| current.version == Some(version.version)) {
        return Ok(version);
    }
    let previous = match current {
        None => None,
        Some(Current { seq, version: Some(_), .. }) => Some(seq),
        // Nothing serves: what served last is what to return to, unless it is what now serves again.
        Some(Current { previous, .. }) => {
            let last = previous.map(|seq| entry(db, seq)).transpose()?;
            last.and_then(|last| if last.version == Some(version.version) { last.previous } else { Some(last.seq) })
        }
    };
    append(db, tenant, module, Some(version.version), previous, actor, *now_ms)?;
    Ok(version)
}

/// Makes the version active that served before the active one.
fn roll_back(
    work: &mut Work,
    tenant: &TenantName,
    module: &ModuleName,
    actor: &Actor,
    now_ms: u64,
) -> Result<Version, Error> {
    let db = &work.db;
    let current = current(db, tenant, module)?.ok_or_else(|| unknown(tenant, module))?;
    let nothing =
        || Error::Missing(format!("no other version of the module {module} served before: activate one instead"));
    let target = entry(db, current.previous.ok_or_else(nothing)?)?;
    let number = target.version.ok_or_else(nothing)?;
    let version = find(db, tenant, module, number)?.ok_or_else(nothing)?;
    append(db, tenant, module, Some(number), target.previous, actor, now_ms)?;
    Ok(version)
}

/// Makes no version active.
fn deactivate(
    work: &mut Work,
    tenant: &TenantName,
    module: &ModuleName,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let current = current(&work.db, tenant, module)?.ok_or_else(|| unknown(tenant, module))?;
    if current.version.is_none() {
        return Ok(());
    }
    append(&work.db, tenant, module, None, Some(current.seq), actor, now_ms)
}

/// The newest version of a module with these bytes.
fn find_digest(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    digest: &Digest,
) -> Result<Option<Version>, Error> {
    Ok(db
        .prepare_cached(versions!(
            "WHERE v.tenant = ?1 AND v.module = ?2 AND v.digest = ?3 ORDER BY v.version DESC LIMIT 1"
        ))?
        .query_row([tenant.as_str(), module.as_str(), digest.as_str()], read)
        .optional()?)
}

/// The active version of every module.
fn active(db: &Connection) -> Result<Vec<Version>, Error> {
    let versions = db
        .prepare_cached(versions!(
            "JOIN activations a ON a.tenant = v.tenant AND a.module = v.module AND a.version = v.version \
             WHERE a.seq IN (SELECT max(seq) FROM activations GROUP BY tenant, module) ORDER BY v.tenant, v.module"
        ))?
        .query_map([], read)?
        .collect::<Result<_, _>>()?;
    Ok(versions)
}

/// One version of a module.
fn find(db: &Connection, tenant: &TenantName, module: &ModuleName, version: u32) -> Result<Option<Version>, Error> {
    Ok(db
        .prepare_cached(versions!("WHERE v.tenant = ?1 AND v.module = ?2 AND v.version = ?3"))?
        .query_row(params![tenant.as_str(), module.as_str(), version], read)
        .optional()?)
}

fn unknown(tenant: &TenantName, module: &ModuleName) -> Error {
    Error::Missing(format!("the tenant {tenant} has no module {module}"))
}

fn current(db: &Connection, tenant: &TenantName, module: &ModuleName) -> Result<Option<Current>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT seq, version, previous FROM activations WHERE tenant = ?1 AND module = ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([tenant.as_str(), module.as_str()], read_current)
        .optional()?)
}

fn entry(db: &Connection, seq: i64) -> Result<Current, Error> {
    Ok(db
        .prepare_cached("SELECT seq, version, previous FROM activations WHERE seq = ?1")?
        .query_row([seq], read_current)?)
}

fn append(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    version: Option<u32>,
    previous: Option<i64>,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    db.prepare_cached(
        "INSERT INTO activations (tenant, module, version, previous, by, origin, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![tenant.as_str(), module.as_str(), version, previous, actor.name, actor.origin, int(now_ms)])?;
    let action = if version.is_some() { "module.activate" } else { "module.stop" };
    audit::append(db, tenant, actor, action, module.as_str(), &json!({ "version": version }), now_ms)
}

fn read_current(row: &Row<'_>) -> rusqlite::Result<Current> {
    Ok(Current { seq: row.get(0)?, version: row.get(1)?, previous: row.get(2)? })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        tenant: TenantName::from(row.get::<_, String>(0)?),
        module: ModuleName::from(row.get::<_, String>(1)?),
        version: row.get(2)?,
        digest: Digest::from(row.get::<_, String>(3)?),
        bytes: ms(row.get(4)?),
        created_ms: ms(row.get(5)?),
    })
}
