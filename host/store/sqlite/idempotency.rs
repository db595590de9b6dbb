//! Writes that carry an `Idempotency-Key`: begun before they are done, and kept with their answer afterwards.

use rusqlite::{OptionalExtension, params};

use super::int;
use super::seal::{Place, Seal};
use super::writer::Work;
use crate::domain::names::TenantName;
use crate::store::{Begun, Error, Finished, Intent};

/// How long an answer is kept, in milliseconds.
const KEPT_MS: u64 = 24 * 60 * 60 * 1000;
/// How many answers of a tenant are kept at most; beyond it the oldest go before their time.
const TENANT_MAX: u32 = 4000;
/// How many rows one call forgets.
const FORGOTTEN_MAX: u32 = 1000;

/// Takes the key for this request, or says what became of the one that took it before.
pub(super) fn begin(work: &mut Work, seal: &Seal, intent: &Intent) -> Result<Begun, Error> {
    let Intent { tenant, key, fingerprint, boot, now_ms } = intent;
    type Kept = (Vec<u8>, String, Option<u16>, Option<String>, Option<Vec<u8>>);
    let kept: Option<Kept> = work
        .db
        .prepare_cached(
            "SELECT fingerprint, boot, status, media_type, body FROM idempotency \
             WHERE tenant = ?1 AND key = ?2 AND at_ms > ?3",
        )?
        .query_row(params![tenant.as_str(), key, int(now_ms.saturating_sub(KEPT_MS))], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((before, owner, status, media_type, body)) = kept else {
        work.db
            .prepare_cached(
                "INSERT OR REPLACE INTO idempotency (tenant, key, fingerprint, boot, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![tenant.as_str(), key, fingerprint.as_slice(), boot, int(*now_ms)])?;
        return Ok(Begun::First);
    };
    if before != fingerprint {
        return Ok(Begun::Other);
    }
    let Some(status) = status else {
        return Ok(if owner == *boot { Begun::UnderWay } else { Begun::Unknown });
    };
    let damaged = || Error::Database("a kept answer does not open: its row is damaged".to_owned());
    let open = |sealed: Vec<u8>| seal.open_secret(&sealed, place(tenant, key)).ok_or_else(damaged);
    let body = body.map(open).transpose()?.map(String::into_bytes);
    Ok(Begun::Done(Finished { status, media_type: media_type.unwrap_or_default(), body }))
}

/// Keeps the answer, or frees the key when nothing was done.
pub(super) fn finish(
    work: &mut Work,
    seal: &Seal,
    tenant: &TenantName,
    key: &str,
    finished: Option<&Finished>,
) -> Result<(), Error> {
    let Some(Finished { status, media_type, body }) = finished else {
        work.db
            .prepare_cached("DELETE FROM idempotency WHERE tenant = ?1 AND key = ?2 AND status IS NULL")?
            .execute([tenant.as_str(), key])?;
        return Ok(());
    };
    let sealed = |body: &Vec<u8>| seal.seal(&String::from_utf8_lossy(body), place(tenant, key));
    let body = body.as_ref().map(sealed).transpose()?;
    work.db
        .prepare_cached(
            "UPDATE idempotency SET status = ?3, media_type = ?4, body = ?5 WHERE tenant = ?1 AND key = ?2",
        )?
        .execute(params![tenant.as_str(), key, status, media_type, body])?;
    Ok(())
}

/// Forgets answers that are old, and those of a tenant that has too many. True when there is more to do.
pub(super) fn forget(work: &mut Work, now_ms: u64) -> Result<bool, Error> {
    let old = "DELETE FROM idempotency WHERE (tenant, key) IN \
               (SELECT tenant, key FROM idempotency WHERE at_ms <= ?1 LIMIT ?2)";
    let old = work.db.prepare_cached(old)?.execute(params![int(now_ms.saturating_sub(KEPT_MS)), FORGOTTEN_MAX])?;
    // What is under way stays: only its end settles it.
    let excess = "DELETE FROM idempotency WHERE (tenant, key) IN (SELECT tenant, key FROM \
                  (SELECT tenant, key, status, row_number() OVER (PARTITION BY tenant ORDER BY at_ms DESC) AS place \
                   FROM idempotency WHERE tenant IN \
                   (SELECT tenant FROM idempotency GROUP BY tenant HAVING count(*) > ?1)) \
                  WHERE place > ?1 AND status IS NOT NULL LIMIT ?2)";
    let excess = work.db.prepare_cached(excess)?.execute(params![TENANT_MAX, FORGOTTEN_MAX])?;
    Ok(old.max(excess) >= FORGOTTEN_MAX as usize)
}

fn place<'a>(tenant: &'a TenantName, key: &'a str) -> Place<'a> {
    Place { tenant: tenant.as_str(), table: "idempotency", row: key }
}
