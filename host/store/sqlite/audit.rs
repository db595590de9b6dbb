//! The audit log: written in the transaction of whatever it tells of, and never changed (the schema refuses it).

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{count, int, ms};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::store::{AuditEntry, Error};

/// How many entries a tenant's log may get within a day before its keys change nothing more, and a day in milliseconds.
/// Nothing cuts the log, so this alone bounds what a tenant makes it grow by.
const ENTRIES_PER_DAY: u32 = 10_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Whether a change may be made that adds to a tenant's log; asked before anything is written. What takes something back is
/// never asked: each was made by such a change before, and a leaked key can be revoked whatever it was used for. Nor is the
/// operator, who is there without a key, nor the host when it writes down what it got for a tenant.
///
/// # Errors
/// [`Error::Conflict`] when the tenant had its day's number.
pub(super) fn room(db: &Connection, tenant: &TenantName, actor: &Actor, now_ms: u64) -> Result<(), Error> {
    if actor.is_operator() {
        return Ok(());
    }
    let first: Option<i64> = db
        .prepare_cached("SELECT at_ms FROM audit WHERE tenant = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2")?
        .query_row(params![tenant.as_str(), ENTRIES_PER_DAY - 1], |row| row.get(0))
        .optional()?;
    match first.map(|at_ms| ms(at_ms).saturating_add(DAY_MS)) {
        Some(again_ms) if again_ms > now_ms => Err(Error::Conflict(format!(
            "the tenant {tenant} has made {ENTRIES_PER_DAY} changes within a day, the limit: come again at {again_ms}"
        ))),
        _ => Ok(()),
    }
}

/// Adds an entry. `details` holds no secret.
pub(super) fn append(
    db: &Connection,
    tenant: &TenantName,
    actor: &Actor,
    action: &str,
    subject: &str,
    details: &Value,
    now_ms: u64,
) -> Result<(), Error> {
    db.prepare_cached(
        "INSERT INTO audit (tenant, at_ms, actor, origin, action, subject, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![tenant.as_str(), int(now_ms), actor.name, actor.origin, action, subject, details.to_string()])?;
    Ok(())
}

/// A tenant's entries below `before`, newest first.
pub(super) fn read(
    db: &Connection,
    tenant: &TenantName,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<AuditEntry>, Error> {
    let mut entries = db.prepare_cached(
        "SELECT seq, at_ms, actor, origin, action, subject, details FROM audit WHERE tenant = ?1 AND seq < ?2 \
         ORDER BY seq DESC LIMIT ?3",
    )?;
    let entries = entries.query_map(params![tenant.as_str(), before.unwrap_or(i64::MAX), count(limit)], entry)?;
    Ok(entries.collect::<Result<_, _>>()?)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        seq: row.get(0)?,
        at_ms: ms(row.get(1)?),
        actor: Actor { name: row.get(2)?, origin: row.get(3)? },
        action: row.get(4)?,
        subject: row.get(5)?,
        details: row.get(6)?,
    })
}
