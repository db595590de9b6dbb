//! Versions of modules: numbered, never changed, deleted only when nothing uses them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::modules::{activate, before, current, read_activation, serving};
use super::writer::Work;
use super::{audit, count, int, ms, tenants};
use crate::domain::actor::Actor;
use crate::domain::names::{Digest, ModuleName, TenantName};
use crate::store::{Activation, Error, ModuleRecord, Upload, Uploaded, Version, VersionRecord};

/// What a version is made of.
macro_rules! versions {
    ($which:literal) => {
        concat!("SELECT v.tenant, v.module, v.version, v.digest, v.bytes, v.created_ms FROM versions v ", $which)
    };
}

/// Records an upload, activates it when it is told to, and deletes what is beyond the number of versions to keep.
pub(super) fn upload(work: &mut Work, upload: &Upload) -> Result<Uploaded, Error> {
    let Upload { tenant, module, actor, now_ms, .. } = upload;
    let db = &work.db;
    tenants::not_removed(db, tenant)?;
    audit::room(db, tenant, actor, *now_ms)?;
    let newest = db
        .prepare_cached(versions!(
            "WHERE v.tenant = ?1 AND v.module = ?2 AND v.deleted_ms IS NULL ORDER BY v.version DESC LIMIT 1"
        ))?
        .query_row([tenant.as_str(), module.as_str()], read)
        .optional()?;
    let again = newest.filter(|newest| newest.digest == upload.digest);
    let new = again.is_none();
    let bytes_known = tenant_has(db, tenant, &upload.digest)?;
    let version = match again {
        Some(version) => {
            db.prepare_cached("UPDATE versions SET report = ?4 WHERE tenant = ?1 AND module = ?2 AND version = ?3")?
                .execute(params![tenant.as_str(), module.as_str(), version.version, upload.report])?;
            version
        }
        None => insert(db, upload)?,
    };
    let details = json!({
        "version": version.version, "digest": version.digest.as_str(), "bytes": version.bytes, "new": new,
        "activate": upload.activate,
    });
    audit::append(db, tenant, actor, "module.upload", module.as_str(), &details, *now_ms)?;
    let activation = if upload.activate {
        Some(activate(db, &version, actor, *now_ms)?)
    } else {
        current(db, tenant, module)?.filter(|current| current.version == Some(version.version)).map(|now| now.seq)
    };
    let deleted = if new { delete_beyond(db, upload)? } else { Vec::new() };
    Ok(Uploaded { version, new, bytes_known, activation, deleted })
}

fn insert(db: &Connection, upload: &Upload) -> Result<Version, Error> {
    let Upload { tenant, module, digest, bytes, report, actor, now_ms, .. } = upload;
    // Deleted versions count: a number never means other bytes.
    let number: u32 = db
        .prepare_cached("SELECT coalesce(max(version), 0) + 1 FROM versions WHERE tenant = ?1 AND module = ?2")?
        .query_row([tenant.as_str(), module.as_str()], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO versions (tenant, module, version, digest, bytes, created_ms, report, by, origin) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        tenant.as_str(),
        module.as_str(),
        number,
        digest.as_str(),
        int(*bytes),
        int(*now_ms),
        report,
        actor.name,
        actor.origin,
    ])?;
    Ok(Version {
        tenant: tenant.clone(),
        module: module.clone(),
        version: number,
        digest: digest.clone(),
        bytes: *bytes,
        created_ms: *now_ms,
    })
}

/// Deletes the versions beyond the newest few that nothing uses.
fn delete_beyond(db: &Connection, upload: &Upload) -> Result<Vec<Version>, Error> {
    let Upload { tenant, module, keep, actor, now_ms, .. } = upload;
    let older: Vec<Version> = db
        .prepare_cached(versions!(
            "WHERE v.tenant = ?1 AND v.module = ?2 AND v.deleted_ms IS NULL ORDER BY v.version DESC LIMIT -1 OFFSET ?3"
        ))?
        .query_map(params![tenant.as_str(), module.as_str(), keep], read)?
        .collect::<Result<_, _>>()?;
    let mut deleted = Vec::new();
    for version in older {
        if in_use(db, &version)?.is_none() {
            mark_deleted(db, &version, actor, *now_ms, Some(*keep))?;
            deleted.push(version);
        }
    }
    Ok(deleted)
}

/// Deletes a version that nothing uses.
pub(super) fn delete(
    work: &mut Work,
    tenant: &TenantName,
    module: &ModuleName,
    number: u32,
    actor: &Actor,
    now_ms: u64,
) -> Result<Version, Error> {
    let db = &work.db;
    tenants::not_removed(db, tenant)?;
    let version = find(db, tenant, module, number)?.ok_or_else(|| no_version(module, number))?;
    if let Some(use_of_it) = in_use(db, &version)? {
        return Err(Error::Conflict(format!("version {number} of the module {module} is in use: {use_of_it}")));
    }
    mark_deleted(db, &version, actor, now_ms, None)?;
    Ok(version)
}

fn mark_deleted(
    db: &Connection,
    version: &Version,
    actor: &Actor,
    now_ms: u64,
    beyond: Option<u32>,
) -> Result<(), Error> {
    let Version { tenant, module, version, digest, .. } = version;
    db.prepare_cached(
        "UPDATE versions SET deleted_ms = ?4, report = NULL WHERE tenant = ?1 AND module = ?2 AND version = ?3",
    )?
    .execute(params![tenant.as_str(), module.as_str(), version, int(now_ms)])?;
    let details = json!({ "version": version, "digest": digest.as_str(), "beyond_the_newest": beyond });
    audit::append(db, tenant, actor, "version.delete", module.as_str(), &details, now_ms)
}

/// What uses a version, in words.
fn in_use(db: &Connection, version: &Version) -> Result<Option<String>, Error> {
    let Version { tenant, module, version: number, .. } = version;
    if current(db, tenant, module)?.is_some_and(|current| current.version == Some(*number)) {
        return Ok(Some("it serves; activate another version first, or stop the module".to_owned()));
    }
    match before(db, tenant, module) {
        Ok((target, _)) if target.version == *number => {
            return Ok(Some("a roll-back would return to it; activate another version first".to_owned()));
        }
        Ok(_) | Err(Error::Missing(_)) => {}
        Err(error) => return Err(error),
    }
    let bot: Option<String> = db
        .prepare_cached("SELECT id FROM bots WHERE tenant = ?1 AND module = ?2 AND (version = ?3 OR pin = ?3) LIMIT 1")?
        .query_row(params![tenant.as_str(), module.as_str(), number], |row| row.get(0))
        .optional()?;
    Ok(bot.map(|bot| format!("the bot {bot} is pinned to it")))
}

/// One version of a module, unless it was deleted.
pub(super) fn find(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    version: u32,
) -> Result<Option<Version>, Error> {
    Ok(db
        .prepare_cached(versions!("WHERE v.tenant = ?1 AND v.module = ?2 AND v.version = ?3 AND v.deleted_ms IS NULL"))?
        .query_row(params![tenant.as_str(), module.as_str(), version], read)
        .optional()?)
}

/// The newest version of a module with these bytes, deleted or not.
pub(super) fn find_digest(
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

/// A version of that number is not there.
pub(super) fn no_version(module: &ModuleName, version: u32) -> Error {
    Error::Missing(format!("the module {module} has no version {version}"))
}

/// A tenant's modules: the oldest has place 0, so that a place never changes while modules are added.
pub(super) fn modules(
    db: &Connection,
    tenant: &TenantName,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, ModuleRecord)>, Error> {
    let names: Vec<(i64, String)> = db
        .prepare_cached(
            "SELECT place, module FROM ( \
             SELECT module, row_number() OVER (ORDER BY created_ms, module) - 1 AS place, \
             EXISTS (SELECT 1 FROM versions l WHERE l.tenant = v.tenant AND l.module = v.module AND l.deleted_ms IS NULL) \
             AS alive FROM versions v WHERE v.tenant = ?1 AND v.version = 1) \
             WHERE alive AND place < ?2 ORDER BY place DESC LIMIT ?3",
        )?
        .query_map(params![tenant.as_str(), before.unwrap_or(i64::MAX), count(limit)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut modules = Vec::new();
    for (place, name) in names {
        if let Some(found) = module(db, tenant, &ModuleName::from(name))? {
            modules.push((place, found));
        }
    }
    Ok(modules)
}

/// One module, if it has a version.
pub(super) fn module(db: &Connection, tenant: &TenantName, module: &ModuleName) -> Result<Option<ModuleRecord>, Error> {
    let of = [tenant.as_str(), module.as_str()];
    let (newest, versions, created_ms): (Option<u32>, u32, Option<i64>) = db
        .prepare_cached(
            "SELECT max(version) FILTER (WHERE deleted_ms IS NULL), count(*) FILTER (WHERE deleted_ms IS NULL), \
             min(created_ms) FROM versions WHERE tenant = ?1 AND module = ?2",
        )?
        .query_row(of, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (Some(newest), Some(created_ms)) = (newest, created_ms) else { return Ok(None) };
    let bots = db
        .prepare_cached("SELECT count(*) FROM bots WHERE tenant = ?1 AND module = ?2")?
        .query_row(of, |row| row.get(0))?;
    let pinned = db
        .prepare_cached(
            "SELECT DISTINCT coalesce(version, pin) AS pinned FROM bots \
             WHERE tenant = ?1 AND module = ?2 AND pinned IS NOT NULL ORDER BY pinned",
        )?
        .query_map(of, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let active = serving(db, tenant, module)?;
    Ok(Some(ModuleRecord {
        module: module.clone(),
        created_ms: ms(created_ms),
        active,
        newest,
        versions,
        bots,
        pinned,
    }))
}

/// What a version's record is made of; the report comes last.
macro_rules! records {
    ($report:literal, $which:literal) => {
        concat!(
            "SELECT v.tenant, v.module, v.version, v.digest, v.bytes, v.created_ms, v.by, v.origin, \
             v.version IS (SELECT a.version FROM activations a WHERE a.tenant = v.tenant AND a.module = v.module \
             ORDER BY a.seq DESC LIMIT 1), \
             (SELECT count(*) FROM bots b WHERE b.tenant = v.tenant AND b.module = v.module \
             AND coalesce(b.version, b.pin) = v.version), ",
            $report,
            " FROM versions v WHERE v.tenant = ?1 AND v.module = ?2 AND v.deleted_ms IS NULL ",
            $which
        )
    };
}

/// A module's versions below `before`, newest first.
pub(super) fn list(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<VersionRecord>, Error> {
    let mut statement = db.prepare_cached(records!("NULL", "AND v.version < ?3 ORDER BY v.version DESC LIMIT ?4"))?;
    let below = params![tenant.as_str(), module.as_str(), before.unwrap_or(i64::MAX), count(limit)];
    Ok(statement.query_map(below, read_record)?.collect::<Result<_, _>>()?)
}

/// One version with its report.
pub(super) fn record(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    version: u32,
) -> Result<Option<VersionRecord>, Error> {
    Ok(db
        .prepare_cached(records!("v.report", "AND v.version = ?3"))?
        .query_row(params![tenant.as_str(), module.as_str(), version], read_record)
        .optional()?)
}

/// What served when, newest first.
pub(super) fn activations(
    db: &Connection,
    tenant: &TenantName,
    module: &ModuleName,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Activation>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT seq, version, at_ms, by, origin FROM activations WHERE tenant = ?1 AND module = ?2 AND seq < ?3 \
         ORDER BY seq DESC LIMIT ?4",
    )?;
    let below = params![tenant.as_str(), module.as_str(), before.unwrap_or(i64::MAX), count(limit)];
    Ok(statement.query_map(below, read_activation)?.collect::<Result<_, _>>()?)
}

/// The digests of all versions that were not deleted.
pub(super) fn digests(db: &Connection) -> Result<Vec<Digest>, Error> {
    let mut statement = db.prepare_cached("SELECT DISTINCT digest FROM versions WHERE deleted_ms IS NULL")?;
    let digest = |row: &Row<'_>| Ok(Digest::from(row.get::<_, String>(0)?));
    Ok(statement.query_map([], digest)?.collect::<Result<_, _>>()?)
}

/// Whether a version that was not deleted has these bytes.
pub(super) fn has_digest(db: &Connection, digest: &Digest) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM versions WHERE digest = ?1 AND deleted_ms IS NULL)";
    Ok(db.prepare_cached(sql)?.query_row([digest.as_str()], |row| row.get(0))?)
}

/// Whether a tenant has a version with these bytes that was not deleted.
fn tenant_has(db: &Connection, tenant: &TenantName, digest: &Digest) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM versions WHERE digest = ?1 AND tenant = ?2 AND deleted_ms IS NULL)";
    Ok(db.prepare_cached(sql)?.query_row([digest.as_str(), tenant.as_str()], |row| row.get(0))?)
}

/// Reads a version from the first six columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        tenant: TenantName::from(row.get::<_, String>(0)?),
        module: ModuleName::from(row.get::<_, String>(1)?),
        version: row.get(2)?,
        digest: Digest::from(row.get::<_, String>(3)?),
        bytes: ms(row.get(4)?),
        created_ms: ms(row.get(5)?),
    })
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<VersionRecord> {
    Ok(VersionRecord {
        version: read(row)?,
        actor: Actor { name: row.get(6)?, origin: row.get(7)? },
        active: row.get(8)?,
        pinned_bots: row.get(9)?,
        report: row.get(10)?,
    })
}
