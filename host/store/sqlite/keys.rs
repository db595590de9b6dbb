//! Keys: hashed on disk, all of them in memory, because every call shows one.

use rusqlite::{Connection, Row, params};
use serde_json::json;

use super::registry::TenancyChange;
use super::writer::Work;
use super::{audit, bots, int, ms, tenants, tokens};
use crate::domain::actor::Actor;
use crate::domain::key::Key;
use crate::domain::names::{KeyId, TenantName};
use crate::domain::scope::Scopes;
use crate::store::{Error, NewKey};

/// The kind of a claim on a client_id.
pub(super) const CLIENT_ID: &str = "client_id";

/// How many keys a tenant may have, revoked and expired ones included: all of them are listed and in memory.
const KEYS_MAX: i64 = 10_000;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, id, tenant, name, client_id, scopes, hash, replaces, created_ms, expires_ms, last_used_ms, ",
            "revoked_ms FROM keys ",
            $rest
        )
    };
}

pub(super) fn load(db: &Connection) -> Result<Vec<(i64, Key)>, Error> {
    let mut statement = db.prepare(select!(""))?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

fn read(row: &Row<'_>) -> Result<(i64, Key), Error> {
    let id: String = row.get(1)?;
    let unreadable = |what: &str| Error::Database(format!("the key {id} has unreadable {what}"));
    let scopes = Scopes::parse(row.get::<_, String>(5)?.split_whitespace()).map_err(|_| unreadable("scopes"))?;
    let time = |at: usize| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(at)?.map(ms)) };
    let key = Key {
        id: KeyId::from(id.as_str()),
        tenant: TenantName::from(row.get::<_, String>(2)?),
        name: row.get(3)?,
        client_id: row.get(4)?,
        scopes,
        hash: row.get::<_, Vec<u8>>(6)?.try_into().map_err(|_| unreadable("hash"))?,
        replaces: row.get::<_, Option<String>>(7)?.map(KeyId::from),
        created_ms: ms(row.get(8)?),
        expires_ms: time(9)?,
        last_used_ms: time(10)?,
        revoked_ms: time(11)?,
    };
    Ok((row.get(0)?, key))
}

/// A tenant's key; another's is as missing as none.
fn find(db: &Connection, tenant: &TenantName, id: &KeyId) -> Result<(i64, Key), Error> {
    let mut statement = db.prepare_cached(select!("WHERE id = ?1 AND tenant = ?2"))?;
    let mut rows = statement.query([id.as_str(), tenant.as_str()])?;
    let row = rows.next()?.ok_or_else(|| Error::Missing(format!("there is no key {id}")))?;
    read(row)
}

/// Whether a live key of the tenant has this client_id.
pub(super) fn has_live(db: &Connection, tenant: &TenantName, client_id: &str, now_ms: u64) -> Result<bool, Error> {
    let live = "SELECT EXISTS (SELECT 1 FROM keys WHERE tenant = ?1 AND client_id = ?2 AND revoked_ms IS NULL \
                AND (expires_ms IS NULL OR expires_ms > ?3))";
    Ok(db.prepare_cached(live)?.query_row(params![tenant.as_str(), client_id, int(now_ms)], |row| row.get(0))?)
}

pub(super) fn add(work: &mut Work, key: &Key, actor: &Actor) -> Result<(), Error> {
    tenants::live(&work.db, &key.tenant)?;
    audit::room(&work.db, &key.tenant, actor, key.created_ms)?;
    let taken = "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ?1)";
    if work.db.prepare_cached(taken)?.query_row([key.id.as_str()], |row| row.get(0))? {
        return Err(Error::Conflict(format!("there is a key {} already", key.id)));
    }
    let number = "SELECT count(*) FROM keys WHERE tenant = ?1";
    let number: i64 = work.db.prepare_cached(number)?.query_row([key.tenant.as_str()], |row| row.get(0))?;
    if number >= KEYS_MAX {
        return Err(Error::Conflict(format!("the tenant {} has had {number} keys, its limit", key.tenant)));
    }
    if let Some(client_id) = &key.client_id {
        bots::claim(&work.db, CLIENT_ID, client_id, &key.tenant)?;
    }
    work.db
        .prepare_cached(
            "INSERT INTO keys (id, tenant, name, client_id, scopes, hash, replaces, created_ms, expires_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            key.id.as_str(),
            key.tenant.as_str(),
            key.name,
            key.client_id,
            names(&key.scopes).join(" "),
            key.hash.as_slice(),
            key.replaces.as_ref().map(KeyId::as_str),
            int(key.created_ms),
            key.expires_ms.map(int),
        ])?;
    let seq = work.db.last_insert_rowid();
    let details = json!({
        "name": key.name, "scopes": names(&key.scopes), "client_id": key.client_id, "expires_ms": key.expires_ms,
        "replaces": key.replaces.as_ref().map(KeyId::as_str),
    });
    audit::append(&work.db, &key.tenant, actor, "key.create", key.id.as_str(), &details, key.created_ms)?;
    work.tenancy.push(TenancyChange::Key(seq, key.clone()));
    Ok(())
}

fn names(scopes: &Scopes) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.name()).collect()
}

/// Makes a successor, and lets the key expire after the grace. Never more than two of a line are live.
pub(super) fn rotate(
    work: &mut Work,
    (tenant, id): (&TenantName, &KeyId),
    new: &NewKey,
    grace_ms: u64,
    actor: &Actor,
) -> Result<Key, Error> {
    let now_ms = new.now_ms;
    let (seq, old) = find(&work.db, tenant, id)?;
    if !old.is_live(now_ms) {
        return Err(Error::Conflict(format!("the key {id} is not live: make a new one")));
    }
    if let Some(before) = &old.replaces
        && find(&work.db, tenant, before)?.1.is_live(now_ms)
    {
        let two = format!("the key {id} took over from {before}, which is still live: revoke that one first, or wait");
        return Err(Error::Conflict(two));
    }
    let successors = successors(&work.db, tenant, id)?;
    if let Some(live) = successors.iter().find(|key| key.is_live(now_ms)) {
        return Err(Error::Conflict(format!("the key {id} has a live successor already, {}", live.id)));
    }
    // The key's own expiry is that of a grace if it was rotated before.
    let like = successors.last().unwrap_or(&old);
    let span_ms = like.expires_ms.map(|expires_ms| expires_ms.saturating_sub(like.created_ms));
    let after_span_ms = span_ms.map(|span_ms| now_ms.saturating_add(span_ms));
    let key = Key {
        id: new.id.clone(),
        hash: new.hash,
        replaces: Some(id.clone()),
        created_ms: now_ms,
        expires_ms: [after_span_ms, new.expires_max_ms].into_iter().flatten().min(),
        last_used_ms: None,
        ..old.clone()
    };
    add(work, &key, actor)?;
    let grace_ends_ms = now_ms.saturating_add(grace_ms);
    let expires_ms = old.expires_ms.map_or(grace_ends_ms, |expires_ms| expires_ms.min(grace_ends_ms));
    work.db.prepare_cached("UPDATE keys SET expires_ms = ?2 WHERE seq = ?1")?.execute(params![seq, int(expires_ms)])?;
    let details = json!({ "successor": key.id.as_str(), "expires_ms": expires_ms });
    audit::append(&work.db, tenant, actor, "key.rotate", id.as_str(), &details, now_ms)?;
    work.tenancy.push(TenancyChange::Key(seq, Key { expires_ms: Some(expires_ms), ..old }));
    Ok(key)
}

/// What was made to take over from a key, oldest first.
fn successors(db: &Connection, tenant: &TenantName, id: &KeyId) -> Result<Vec<Key>, Error> {
    let mut statement = db.prepare_cached(select!("WHERE tenant = ?1 AND replaces = ?2 ORDER BY seq"))?;
    let mut rows = statement.query([tenant.as_str(), id.as_str()])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?.1);
    }
    Ok(keys)
}

pub(super) fn revoke(
    work: &mut Work,
    tenant: &TenantName,
    id: &KeyId,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let (seq, key) = find(&work.db, tenant, id)?;
    if key.revoked_ms.is_some() {
        return Ok(());
    }
    mark_revoked(work, seq, key, now_ms)?;
    let tokens = tokens::end_of(work, id)?;
    audit::append(&work.db, tenant, actor, "key.revoke", id.as_str(), &json!({ "tokens": tokens }), now_ms)
}

/// Revokes whatever a tenant has, for its removal.
pub(super) fn revoke_all(work: &mut Work, tenant: &TenantName, now_ms: u64) -> Result<(), Error> {
    let keys = {
        let mut statement = work.db.prepare_cached(select!("WHERE tenant = ?1 AND revoked_ms IS NULL"))?;
        let mut rows = statement.query([tenant.as_str()])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            keys.push(read(row)?);
        }
        keys
    };
    keys.into_iter().try_for_each(|(seq, key)| mark_revoked(work, seq, key, now_ms))
}

fn mark_revoked(work: &mut Work, seq: i64, key: Key, now_ms: u64) -> Result<(), Error> {
    work.db.prepare_cached("UPDATE keys SET revoked_ms = ?2 WHERE seq = ?1")?.execute(params![seq, int(now_ms)])?;
    work.tenancy.push(TenancyChange::Key(seq, Key { revoked_ms: Some(now_ms), ..key }));
    Ok(())
}

/// Writes down when keys were last taken.
pub(super) fn write_uses(work: &mut Work, uses: &[(KeyId, u64)]) -> Result<(), Error> {
    let mut update = work.db.prepare_cached("UPDATE keys SET last_used_ms = ?2 WHERE id = ?1")?;
    for (id, last_ms) in uses {
        update.execute(params![id.as_str(), int(*last_ms)])?;
        work.tenancy.push(TenancyChange::Used(id.clone(), *last_ms));
    }
    Ok(())
}
