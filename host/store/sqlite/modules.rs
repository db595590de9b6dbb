//! Modules: which version serves, and the log of which one served when.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::writer::Work;
use super::{Sqlite, audit, bots, int, ms, tenants, versions};
use crate::domain::actor::Actor;
use crate::domain::bot::Bot;
use crate::domain::names::{BotId, Digest, ModuleName, TenantName};
use crate::store::{
    Activation, Error, ModuleRecord, Modules, Reply, Serving, Upload, Uploaded, Version, VersionRecord,
};

impl Modules for Sqlite {
    fn upload(&self, upload: Upload) -> Reply<Uploaded> {
        self.writer.submit(move |work| versions::upload(work, &upload))
    }

    fn activate(
        &self,
        tenant: TenantName,
        module: ModuleName,
        version: u32,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Serving> {
        self.writer.submit(move |work| {
            tenants::not_removed(&work.db, &tenant)?;
            audit::room(&work.db, &tenant, &actor, now_ms)?;
            let version = versions::find(&work.db, &tenant, &module, version)?
                .ok_or_else(|| versions::no_version(&module, version))?;
            let activation = activate(&work.db, &version, &actor, now_ms)?;
            Ok(Serving { version, activation })
        })
    }

    fn before(&self, tenant: &TenantName, module: &ModuleName) -> Result<Version, Error> {
        self.readers.read(|db| Ok(before(db, tenant, module)?.0))
    }

    fn roll_back(&self, tenant: TenantName, module: ModuleName, to: u32, actor: Actor, now_ms: u64) -> Reply<Serving> {
        self.writer.submit(move |work| roll_back(work, &tenant, &module, to, &actor, now_ms))
    }

    fn deactivate(&self, tenant: TenantName, module: ModuleName, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| deactivate(work, &tenant, &module, &actor, now_ms))
    }

    fn delete_version(
        &self,
        tenant: TenantName,
        module: ModuleName,
        version: u32,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Version> {
        self.writer.submit(move |work| versions::delete(work, &tenant, &module, version, &actor, now_ms))
    }

    fn pin_bot(
        &self,
        tenant: TenantName,
        bot: BotId,
        version: Option<u32>,
        actor: Actor,
        now_ms: u64,
    ) -> Reply<Arc<Bot>> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| bots::pin(work, &tenant, &bot, version, &seal, &actor, now_ms))
    }

    fn active_versions(&self) -> Result<Vec<Serving>, Error> {
        self.readers.read(active)
    }

    fn active_version(&self, tenant: &TenantName, module: &ModuleName) -> Result<Option<Serving>, Error> {
        self.readers.read(|db| serving(db, tenant, module))
    }

    fn version(&self, tenant: &TenantName, module: &ModuleName, version: u32) -> Result<Option<Version>, Error> {
        self.readers.read(|db| versions::find(db, tenant, module, version))
    }

    fn version_of(&self, tenant: &TenantName, module: &ModuleName, digest: &Digest) -> Result<Option<Version>, Error> {
        self.readers.read(|db| versions::find_digest(db, tenant, module, digest))
    }

    fn modules(
        &self,
        tenant: &TenantName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(i64, ModuleRecord)>, Error> {
        self.readers.read(|db| versions::modules(db, tenant, before, limit))
    }

    fn module(&self, tenant: &TenantName, module: &ModuleName) -> Result<Option<ModuleRecord>, Error> {
        self.readers.read(|db| versions::module(db, tenant, module))
    }

    fn versions(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<VersionRecord>, Error> {
        self.readers.read(|db| versions::list(db, tenant, module, before, limit))
    }

    fn version_record(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        version: u32,
    ) -> Result<Option<VersionRecord>, Error> {
        self.readers.read(|db| versions::record(db, tenant, module, version))
    }

    fn activations(
        &self,
        tenant: &TenantName,
        module: &ModuleName,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Activation>, Error> {
        self.readers.read(|db| versions::activations(db, tenant, module, before, limit))
    }

    fn digests(&self) -> Result<Vec<Digest>, Error> {
        self.readers.read(versions::digests)
    }

    fn has_digest(&self, digest: &Digest) -> Result<bool, Error> {
        self.readers.read(|db| versions::has_digest(db, digest))
    }

    fn all_bots(&self, tenant: &TenantName) -> Vec<Arc<Bot>> {
        self.shared.bots.load().of(tenant).to_vec()
    }
}

/// A module's last activation.
pub(super) struct Current {
    /// Its number.
    pub(super) seq: i64,
    /// What serves; nothing after a deactivation.
    pub(super) version: Option<u32>,
    /// The activation that a roll-back returns to: one of another version.
    previous: Option<i64>,
}

/// Makes a version active and returns the activation's number; the last one's when it is active already.
pub(super) fn activate(db: &Connection, version: &Version, actor: &Actor, now_ms: u64) -> Result<i64, Error> {
    let Version { tenant, module, version, .. } = version;
    let current = current(db, tenant, module)?;
    if let Some(current) = current.as_ref().filter(|current| current.version == Some(*version)) {
        return Ok(current.seq);
    }
    let previous = match current {
        None => None,
        Some(Current { seq, version: Some(_), .. }) => Some(seq),
        // Nothing serves: what served last is what to return to, unless it is what now serves again.
        Some(Current { previous, .. }) => {
            let last = previous.map(|seq| entry(db, seq)).transpose()?;
            last.and_then(|last| if last.version == Some(*version) { last.previous } else { Some(last.seq) })
        }
    };
    let seq = append(db, tenant, module, Some(*version), previous, actor, now_ms)?;
    let details = json!({ "version": version, "activation": seq });
    audit::append(db, tenant, actor, "module.activate", module.as_str(), &details, now_ms)?;
    Ok(seq)
}

/// What a roll-back returns to, and the activation in which it served.
pub(super) fn before(db: &Connection, tenant: &TenantName, module: &ModuleName) -> Result<(Version, Current), Error> {
    let current = current(db, tenant, module)?
        .ok_or_else(|| Error::Missing(format!("the tenant {tenant} has no module {module} that ever served")))?;
    let mut next = current.previous;
    while let Some(seq) = next {
        let earlier = entry(db, seq)?;
        // A version that was deleted cannot serve again: the one before it does.
        if let Some(number) = earlier.version.filter(|number| current.version != Some(*number))
            && let Some(version) = versions::find(db, tenant, module, number)?
        {
            return Ok((version, earlier));
        }
        next = earlier.previous;
    }
    Err(Error::Missing(format!("no other version of the module {module} served before: activate one instead")))
}

/// Makes the version active that served before the active one.
fn roll_back(
    work: &mut Work,
    tenant: &TenantName,
    module: &ModuleName,
    to: u32,
    actor: &Actor,
    now_ms: u64,
) -> Result<Serving, Error> {
    let db = &work.db;
    tenants::not_removed(db, tenant)?;
    audit::room(db, tenant, actor, now_ms)?;
    let (version, earlier) = before(db, tenant, module)?;
    if version.version != to {
        return Err(Error::Conflict(format!(
            "version {to} of the module {module} is no longer what served before: version {} is, so look again",
            version.version
        )));
    }
    let activation = append(db, tenant, module, Some(to), earlier.previous, actor, now_ms)?;
    let details = json!({ "version": to, "activation": activation, "as_in": earlier.seq });
    audit::append(db, tenant, actor, "module.rollback", module.as_str(), &details, now_ms)?;
    Ok(Serving { version, activation })
}

/// Makes no version active.
fn deactivate(
    work: &mut Work,
    tenant: &TenantName,
    module: &ModuleName,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let db = &work.db;
    let Some(current) = current(db, tenant, module)? else {
        // A module that was uploaded and never activated is stopped already.
        let known = versions::module(db, tenant, module)?.is_some();
        let unknown = || Error::Missing(format!("the tenant {tenant} has no module {module}"));
        return known.then_some(()).ok_or_else(unknown);
    };
    if current.version.is_none() {
        return Ok(());
    }
    append(db, tenant, module, None, Some(current.seq), actor, now_ms)?;
    let details = json!({ "version": current.version });
    audit::append(db, tenant, actor, "module.stop", module.as_str(), &details, now_ms)
}

/// What serves of every module.
fn active(db: &Connection) -> Result<Vec<Serving>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT v.tenant, v.module, v.version, v.digest, v.bytes, v.created_ms, a.seq FROM versions v \
         JOIN activations a ON a.tenant = v.tenant AND a.module = v.module AND a.version = v.version \
         WHERE a.seq IN (SELECT max(seq) FROM activations GROUP BY tenant, module) ORDER BY v.tenant, v.module",
    )?;
    let read = |row: &Row<'_>| Ok(Serving { version: versions::read(row)?, activation: row.get(6)? });
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// What serves of one module.
pub(super) fn serving(db: &Connection, tenant: &TenantName, module: &ModuleName) -> Result<Option<Serving>, Error> {
    let Some(Current { seq, version: Some(number), .. }) = current(db, tenant, module)? else { return Ok(None) };
    Ok(versions::find(db, tenant, module, number)?.map(|version| Serving { version, activation: seq }))
}

/// A module's last activation.
pub(super) fn current(db: &Connection, tenant: &TenantName, module: &ModuleName) -> Result<Option<Current>, Error> {
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
) -> Result<i64, Error> {
    db.prepare_cached(
        "INSERT INTO activations (tenant, module, version, previous, by, origin, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![tenant.as_str(), module.as_str(), version, previous, actor.name, actor.origin, int(now_ms)])?;
    Ok(db.last_insert_rowid())
}

fn read_current(row: &Row<'_>) -> rusqlite::Result<Current> {
    Ok(Current { seq: row.get(0)?, version: row.get(1)?, previous: row.get(2)? })
}

/// Reads an entry of the log: number, version, time, who, from where.
pub(super) fn read_activation(row: &Row<'_>) -> rusqlite::Result<Activation> {
    Ok(Activation {
        seq: row.get(0)?,
        version: row.get(1)?,
        at_ms: ms(row.get(2)?),
        actor: Actor { name: row.get(3)?, origin: row.get(4)? },
    })
}
