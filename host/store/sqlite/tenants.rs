//! Tenants and what belongs to one of them at a time. A removed one keeps its row: its name is never given again.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::registry::TenancyChange;
use super::writer::Work;
use super::{audit, count, gateway_tokens, gateways, int, keys, ms, tokens};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::store::{Claimed, Error, Tenant};

/// How many tenants there may be, removed ones included: all of them are in memory.
const TENANTS_MAX: i64 = 100_000;

pub(super) fn load(db: &Connection) -> Result<Vec<Tenant>, Error> {
    let mut statement = db.prepare("SELECT seq, name, created_ms, removed_ms FROM tenants")?;
    let tenants = statement.query_map([], read)?;
    Ok(tenants.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    Ok(Tenant {
        seq: row.get(0)?,
        name: TenantName::from(row.get::<_, String>(1)?),
        created_ms: ms(row.get(2)?),
        removed_ms: row.get::<_, Option<i64>>(3)?.map(ms),
    })
}

fn find(db: &Connection, name: &TenantName) -> Result<Option<Tenant>, Error> {
    let mut statement = db.prepare_cached("SELECT seq, name, created_ms, removed_ms FROM tenants WHERE name = ?1")?;
    Ok(statement.query_row([name.as_str()], read).optional()?)
}

/// The tenant, if there is one that was not removed.
pub(super) fn live(db: &Connection, name: &TenantName) -> Result<Tenant, Error> {
    let tenant = find(db, name)?.filter(Tenant::is_live);
    tenant.ok_or_else(|| Error::Missing(format!("there is no tenant {name}")))
}

/// Whoever was let in before the tenant was removed does nothing any more.
pub(super) fn not_removed(db: &Connection, name: &TenantName) -> Result<(), Error> {
    match find(db, name)? {
        Some(tenant) if !tenant.is_live() => Err(Error::Conflict(format!("the tenant {name} was removed"))),
        _ => Ok(()),
    }
}

pub(super) fn add(work: &mut Work, name: &TenantName, actor: &Actor, now_ms: u64) -> Result<Tenant, Error> {
    match find(&work.db, name)? {
        Some(tenant) if tenant.is_live() => return Err(Error::Conflict(format!("there is a tenant {name} already"))),
        Some(_) => {
            let was = format!("there was a tenant {name}, and a name is never given again");
            return Err(Error::Conflict(was));
        }
        None => {}
    }
    let number: i64 = work.db.prepare_cached("SELECT count(*) FROM tenants")?.query_row([], |row| row.get(0))?;
    if number >= TENANTS_MAX {
        return Err(Error::Conflict(format!("this host has had {number} tenants, its limit")));
    }
    work.db
        .prepare_cached("INSERT INTO tenants (name, created_ms) VALUES (?1, ?2)")?
        .execute(params![name.as_str(), int(now_ms)])?;
    let tenant = Tenant { seq: work.db.last_insert_rowid(), name: name.clone(), created_ms: now_ms, removed_ms: None };
    audit::append(&work.db, name, actor, "tenant.create", name.as_str(), &json!({}), now_ms)?;
    work.tenancy.push(TenancyChange::Tenant(tenant.clone()));
    Ok(tenant)
}

/// Removes a tenant that has neither bots nor modules that serve.
pub(super) fn remove(work: &mut Work, name: &TenantName, actor: &Actor, now_ms: u64) -> Result<(), Error> {
    let tenant = live(&work.db, name)?;
    let number = |sql: &str| -> Result<i64, Error> {
        Ok(work.db.prepare_cached(sql)?.query_row([name.as_str()], |row| row.get(0))?)
    };
    let bots = number("SELECT count(*) FROM bots WHERE tenant = ?1")?;
    let modules = number(
        "SELECT count(*) FROM activations a WHERE tenant = ?1 AND version IS NOT NULL AND seq = \
         (SELECT max(seq) FROM activations b WHERE b.tenant = a.tenant AND b.module = a.module)",
    )?;
    if bots + modules > 0 {
        return Err(Error::Conflict(format!(
            "the tenant {name} has {bots} bots and {modules} modules that serve: remove and stop them first"
        )));
    }
    keys::revoke_all(work, name, now_ms)?;
    tokens::remove_all(work, name)?;
    gateways::remove_all(work, name)?;
    gateway_tokens::remove_all(work, name)?;
    work.db.prepare_cached("DELETE FROM claims WHERE tenant = ?1")?.execute([name.as_str()])?;
    work.db
        .prepare_cached("UPDATE tenants SET removed_ms = ?2 WHERE name = ?1")?
        .execute(params![name.as_str(), int(now_ms)])?;
    audit::append(&work.db, name, actor, "tenant.remove", name.as_str(), &json!({}), now_ms)?;
    work.tenancy.push(TenancyChange::Tenant(Tenant { removed_ms: Some(now_ms), ..tenant }));
    Ok(())
}

/// A tenant's claims below `before`, newest first.
pub(super) fn claims(
    db: &Connection,
    tenant: &TenantName,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Claimed>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT seq, kind, value FROM claims WHERE tenant = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    let claims = statement.query_map(params![tenant.as_str(), before.unwrap_or(i64::MAX), count(limit)], |row| {
        Ok(Claimed { seq: row.get(0)?, kind: row.get(1)?, value: row.get(2)? })
    })?;
    Ok(claims.collect::<Result<_, _>>()?)
}

/// Releases a claim that nothing uses.
pub(super) fn release(
    work: &mut Work,
    tenant: &TenantName,
    (kind, value): (&str, &str),
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let asked = [tenant.as_str(), kind, value];
    let has =
        |sql: &str| -> Result<bool, Error> { Ok(work.db.prepare_cached(sql)?.query_row(asked, |row| row.get(0))?) };
    if !has("SELECT EXISTS (SELECT 1 FROM claims WHERE tenant = ?1 AND kind = ?2 AND value = ?3)")? {
        return Err(Error::Missing(format!("the tenant {tenant} has no claim on {kind} {value:?}")));
    }
    if has("SELECT EXISTS (SELECT 1 FROM bots WHERE tenant = ?1 AND platform = ?2 AND account = ?3)")? {
        return Err(Error::Conflict(format!("a bot of {tenant} is registered for {value:?}: remove it first")));
    }
    if kind == keys::CLIENT_ID && keys::has_live(&work.db, tenant, value, now_ms)? {
        return Err(Error::Conflict(format!("a live key of {tenant} has the client_id {value:?}: revoke it first")));
    }
    work.db.prepare_cached("DELETE FROM claims WHERE tenant = ?1 AND kind = ?2 AND value = ?3")?.execute(asked)?;
    let details = json!({ "kind": kind, "value": value });
    audit::append(&work.db, tenant, actor, "claim.release", value, &details, now_ms)
}
