//! Tokens that the host gave out: all of them in memory, because every call of a platform's API may show one. What signs them is
//! sealed on disk.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::registry::TenancyChange;
use super::seal::{Place, Seal};
use super::writer::Work;
use super::{audit, int, ms, tenants};
use crate::domain::actor::Actor;
use crate::domain::names::{KeyId, TenantName};
use crate::domain::secret::Secret;
use crate::domain::token::Token;
use crate::store::Error;

/// How many tokens a tenant may have, those in their grace included: all of them are in memory.
const TOKENS_MAX: i64 = 10_000;

/// How many tokens of one app are taken at a time: the present one, and two that it or its answer may have been lost over. And
/// how long after a refresh there is no other: each is a write and an entry in the tenant's audit log.
const LIVE_MAX: u32 = 3;
const REFRESH_EVERY_MS: u64 = 60 * 1000;

/// How many expired tokens one call forgets.
const FORGOTTEN_MAX: u32 = 1000;

pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Vec<Token>, Error> {
    let mut statement =
        db.prepare("SELECT id, tenant, platform, app, user, key, created_ms, expires_ms, replaced, maker FROM tokens")?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(read(row, seal)?);
    }
    Ok(tokens)
}

fn read(row: &Row<'_>, seal: &Seal) -> Result<Token, Error> {
    let (id, tenant): (String, String) = (row.get(0)?, row.get(1)?);
    let key = seal.open_secret(&row.get::<_, Vec<u8>>(5)?, place(&tenant, &id)).ok_or_else(|| {
        Error::Database(format!(
            "what the token {id} is signed with does not open: its row is damaged or was changed by hand; restore a backup"
        ))
    })?;
    Ok(Token {
        id,
        tenant: TenantName::from(tenant),
        platform: row.get(2)?,
        app: row.get(3)?,
        user: row.get(4)?,
        key: Secret::new(key),
        created_ms: ms(row.get(6)?),
        expires_ms: ms(row.get(7)?),
        replaced: row.get(8)?,
        maker: KeyId::from(row.get::<_, String>(9)?),
    })
}

/// Whether the key that a token was made with is live.
macro_rules! made_by_live {
    ($now:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM keys k WHERE k.id = tokens.maker AND k.revoked_ms IS NULL \
             AND (k.expires_ms IS NULL OR k.expires_ms > ",
            $now,
            "))"
        )
    };
}

/// When the one token of an app expires.
pub(super) fn current(
    db: &Connection,
    tenant: &TenantName,
    platform: &str,
    app: &str,
    now_ms: u64,
) -> Result<Option<u64>, Error> {
    let mut current = db.prepare_cached(concat!(
        "SELECT expires_ms FROM tokens \
         WHERE tenant = ?1 AND platform = ?2 AND app = ?3 AND replaced = 0 AND expires_ms > ?4 AND ",
        made_by_live!("?4")
    ))?;
    let expires_ms: Option<i64> =
        current.query_row(params![tenant.as_str(), platform, app, int(now_ms)], |row| row.get(0)).optional()?;
    Ok(expires_ms.map(ms))
}

pub(super) fn add(work: &mut Work, seal: &Seal, token: &Token, actor: &Actor) -> Result<(), Error> {
    let now_ms = token.created_ms;
    has_room(work, token, actor)?;
    if current(&work.db, &token.tenant, &token.platform, &token.app, now_ms)?.is_some() {
        return Err(Error::Conflict(format!("there is a token for the app {} already", token.app)));
    }
    forget_dead(work, token)?;
    insert(work, seal, token)?;
    audit::append(&work.db, &token.tenant, actor, "token.create", &token.app, &details(token), now_ms)
}

/// Lets a token take over from an app's present one.
pub(super) fn replace(
    work: &mut Work,
    seal: &Seal,
    old: &str,
    new: &Token,
    grace_ms: u64,
    actor: &Actor,
) -> Result<(), Error> {
    let now_ms = new.created_ms;
    has_room(work, new, actor)?;
    let shown = concat!(
        "SELECT EXISTS (SELECT 1 FROM tokens \
         WHERE id = ?1 AND tenant = ?2 AND platform = ?3 AND app = ?4 AND expires_ms > ?5 AND ",
        made_by_live!("?5"),
        ")"
    );
    let shown: bool = work
        .db
        .prepare_cached(shown)?
        .query_row(params![old, new.tenant.as_str(), new.platform, new.app, int(now_ms)], |row| row.get(0))?;
    if !shown {
        return Err(Error::Missing(format!("there is no token {old} for the app {}", new.app)));
    }
    forget_dead(work, new)?;
    may_refresh(work, new)?;
    let present = "UPDATE tokens SET replaced = 1, expires_ms = min(expires_ms, ?4) \
                   WHERE tenant = ?1 AND platform = ?2 AND app = ?3 AND replaced = 0 \
                   RETURNING id, tenant, platform, app, user, key, created_ms, expires_ms, replaced, maker";
    let grace_ends_ms = int(now_ms.saturating_add(grace_ms));
    let replaced = {
        let mut present = work.db.prepare_cached(present)?;
        let mut rows = present.query(params![new.tenant.as_str(), new.platform, new.app, grace_ends_ms])?;
        let mut replaced = Vec::new();
        while let Some(row) = rows.next()? {
            replaced.push(read(row, seal)?);
        }
        replaced
    };
    work.tenancy.extend(replaced.into_iter().map(TenancyChange::Token));
    insert(work, seal, new)?;
    let mut details = details(new);
    details["replaces"] = old.into();
    audit::append(&work.db, &new.tenant, actor, "token.refresh", &new.app, &details, now_ms)
}

/// Invalidates all tokens of an app.
pub(super) fn drop_all(
    work: &mut Work,
    (tenant, platform, app): (&TenantName, &str, &str),
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let delete = "DELETE FROM tokens WHERE tenant = ?1 AND platform = ?2 AND app = ?3 RETURNING id";
    let dropped = deleted(work, delete, params![tenant.as_str(), platform, app])?;
    if dropped == 0 {
        return Ok(());
    }
    let details = json!({ "platform": platform, "tokens": dropped });
    audit::append(&work.db, tenant, actor, "token.invalidate", app, &details, now_ms)
}

/// Removes those that were made with a key, for its end, and says how many those were.
pub(super) fn end_of(work: &mut Work, maker: &KeyId) -> Result<usize, Error> {
    deleted(work, "DELETE FROM tokens WHERE maker = ?1 RETURNING id", [maker.as_str()])
}

/// Removes whatever a tenant has, for its removal.
pub(super) fn remove_all(work: &mut Work, tenant: &TenantName) -> Result<(), Error> {
    deleted(work, "DELETE FROM tokens WHERE tenant = ?1 RETURNING id", [tenant.as_str()]).map(drop)
}

/// Forgets tokens that are over. True when there is more to do.
pub(super) fn forget(work: &mut Work, now_ms: u64) -> Result<bool, Error> {
    let over = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE expires_ms <= ?1 LIMIT ?2) RETURNING id";
    Ok(deleted(work, over, params![int(now_ms), FORGOTTEN_MAX])? >= FORGOTTEN_MAX as usize)
}

fn may_refresh(work: &Work, new: &Token) -> Result<(), Error> {
    let live = "SELECT count(*), coalesce(max(created_ms), 0) FROM tokens \
                WHERE tenant = ?1 AND platform = ?2 AND app = ?3 AND expires_ms > ?4";
    let (live, last_ms): (u32, i64) = work
        .db
        .prepare_cached(live)?
        .query_row(params![new.tenant.as_str(), new.platform, new.app, int(new.created_ms)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let app = &new.app;
    if live >= LIVE_MAX {
        return Err(Error::Conflict(format!("the app {app} has {live} tokens, its limit, until one's grace is over")));
    }
    // One alone was never refreshed, or so long ago that its predecessor's grace is over.
    if live > 1 && ms(last_ms).saturating_add(REFRESH_EVERY_MS) > new.created_ms {
        return Err(Error::Conflict(format!(
            "the token of the app {app} was refreshed within a minute: come again later"
        )));
    }
    Ok(())
}

fn has_room(work: &Work, token: &Token, actor: &Actor) -> Result<(), Error> {
    let Token { tenant, created_ms, .. } = token;
    tenants::live(&work.db, tenant)?;
    audit::room(&work.db, tenant, actor, *created_ms)?;
    let number = "SELECT count(*) FROM tokens WHERE tenant = ?1";
    let number: i64 = work.db.prepare_cached(number)?.query_row([tenant.as_str()], |row| row.get(0))?;
    if number >= TOKENS_MAX {
        return Err(Error::Conflict(format!("the tenant {tenant} has {number} tokens, its limit: invalidate some")));
    }
    Ok(())
}

/// An app's tokens that are over make room for the next.
fn forget_dead(work: &mut Work, token: &Token) -> Result<(), Error> {
    let over = concat!(
        "DELETE FROM tokens WHERE tenant = ?1 AND platform = ?2 AND app = ?3 AND (expires_ms <= ?4 OR NOT ",
        made_by_live!("?4"),
        ") RETURNING id"
    );
    deleted(work, over, params![token.tenant.as_str(), token.platform, token.app, int(token.created_ms)]).map(drop)
}

/// Runs a statement that returns the ids of the tokens that it deletes, and says how many those were.
fn deleted(work: &mut Work, statement: &str, params: impl rusqlite::Params) -> Result<usize, Error> {
    let ids: Vec<String> = {
        let mut delete = work.db.prepare_cached(statement)?;
        delete.query_map(params, |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    let number = ids.len();
    work.tenancy.extend(ids.into_iter().map(TenancyChange::NoToken));
    Ok(number)
}

fn insert(work: &mut Work, seal: &Seal, token: &Token) -> Result<(), Error> {
    let tenant = token.tenant.as_str();
    let key = seal.seal(token.key.reveal(), place(tenant, &token.id))?;
    work.db
        .prepare_cached(
            "INSERT INTO tokens (id, tenant, platform, app, user, key, created_ms, expires_ms, replaced, maker) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            token.id,
            tenant,
            token.platform,
            token.app,
            token.user,
            key,
            int(token.created_ms),
            int(token.expires_ms),
            token.replaced,
            token.maker.as_str(),
        ])?;
    work.tenancy.push(TenancyChange::Token(token.clone()));
    Ok(())
}

fn details(token: &Token) -> serde_json::Value {
    json!({
        "platform": token.platform, "token": token.id, "user": token.user, "key": token.maker.as_str(),
        "expires_ms": token.expires_ms,
    })
}

fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "tokens", row: id }
}
