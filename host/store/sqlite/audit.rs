//! The audit log: written in the transaction of whatever it tells of, and never changed (the schema refuses it).

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::{count, int, ms};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::store::{AuditEntry, Error};

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
