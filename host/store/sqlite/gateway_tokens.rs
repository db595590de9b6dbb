//! Tokens that the host got for tenants' gateways: all of them in memory, sealed on disk.

use rusqlite::{Connection, Row, params};
use serde_json::json;

use super::registry::TenancyChange;
use super::seal::{Place, Seal};
use super::writer::Work;
use super::{audit, int, ms, tenants};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::domain::secret::Secret;
use crate::domain::token::{GatewayToken, TokenState};
use crate::store::Error;

/// For how many apps a tenant may have tokens: all of them are in memory.
const TOKENS_MAX: i64 = 10_000;

/// What only somebody's doing can change; a new process, and a gateway that is set again, ask once more.
const FINAL: &str = "state IN ('exists', 'refused')";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT tenant, platform, app, gateway, state, detail, token, expires_ms, refresh_ms, failures ",
            "FROM gateway_tokens ",
            $rest
        )
    };
}

/// Reads all of them. What an earlier process was refused is asked for anew.
pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Vec<GatewayToken>, Error> {
    db.execute(&format!("DELETE FROM gateway_tokens WHERE {FINAL}"), [])?;
    let mut statement = db.prepare(select!(""))?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(read(row, seal)?);
    }
    Ok(tokens)
}

fn read(row: &Row<'_>, seal: &Seal) -> Result<GatewayToken, Error> {
    let (tenant, platform, app): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let damaged = |what: &str| {
        Error::Database(format!(
            "the {what} of the token of {tenant}'s app {app} for the {platform} gateway cannot be read: its row is damaged or \
             was changed by hand; restore a backup"
        ))
    };
    let open = |sealed: Vec<u8>| {
        seal.open_secret(&sealed, place(&tenant, &row_name(&platform, &app))).ok_or_else(|| damaged("secret"))
    };
    let token = row.get::<_, Option<Vec<u8>>>(6)?.map(open).transpose()?.map(Secret::new);
    let state = TokenState::parse(&row.get::<_, String>(4)?).ok_or_else(|| damaged("state"))?;
    Ok(GatewayToken {
        gateway: row.get(3)?,
        state,
        detail: row.get(5)?,
        token,
        expires_ms: ms(row.get(7)?),
        refresh_ms: ms(row.get(8)?),
        failures: row.get(9)?,
        tenant: TenantName::from(tenant),
        platform,
        app,
    })
}

/// Writes down what is known of a token. What changes of it is in the audit log; a refresh that failed once more is not.
pub(super) fn put(work: &mut Work, seal: &Seal, token: &GatewayToken, now_ms: u64) -> Result<(), Error> {
    let (tenant, platform, app) = (token.tenant.as_str(), token.platform.as_str(), token.app.as_str());
    tenants::live(&work.db, &token.tenant)?;
    let before = {
        let mut statement = work.db.prepare_cached(select!("WHERE tenant = ?1 AND platform = ?2 AND app = ?3"))?;
        let mut rows = statement.query([tenant, platform, app])?;
        rows.next()?.map(|row| read(row, seal)).transpose()?
    };
    let changed = before.as_ref().is_none_or(|before| before.state != token.state || before.token != token.token);
    let actor = Actor::host();
    // There is always room for it in the log: what the host got is got, and there is no other copy.
    if before.is_none() {
        let number = "SELECT count(*) FROM gateway_tokens WHERE tenant = ?1";
        let number: i64 = work.db.prepare_cached(number)?.query_row([tenant], |row| row.get(0))?;
        if number >= TOKENS_MAX {
            return Err(Error::Conflict(format!("the tenant {tenant} has tokens for {number} apps, its limit")));
        }
    }
    let place = row_name(platform, app);
    let seal_one = |secret: &Secret| seal.seal(secret.reveal(), self::place(tenant, &place));
    let sealed = token.token.as_ref().map(seal_one).transpose()?;
    work.db
        .prepare_cached(
            "INSERT OR REPLACE INTO gateway_tokens \
             (tenant, platform, app, gateway, state, detail, token, expires_ms, refresh_ms, failures) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            tenant,
            platform,
            app,
            token.gateway,
            token.state.name(),
            token.detail,
            sealed,
            int(token.expires_ms),
            int(token.refresh_ms),
            token.failures,
        ])?;
    if changed {
        let details = json!({
            "app": app, "state": token.state.name(), "detail": token.detail, "expires_ms": token.expires_ms,
        });
        audit::append(&work.db, &token.tenant, &actor, "gateway.token", platform, &details, now_ms)?;
    }
    work.tenancy.push(TenancyChange::GatewayToken(token.clone()));
    Ok(())
}

/// What a gateway that is set again means for its tokens: those of another gateway go, and what was refused is asked for anew.
/// `fingerprint` is nothing where the gateway gets none.
pub(super) fn gateway_set(
    work: &mut Work,
    tenant: &TenantName,
    platform: &str,
    fingerprint: Option<&str>,
) -> Result<(), Error> {
    let gone = format!(
        "DELETE FROM gateway_tokens WHERE tenant = ?1 AND platform = ?2 AND (gateway IS NOT ?3 OR {FINAL}) \
         RETURNING platform, app"
    );
    deleted(work, tenant, &gone, params![tenant.as_str(), platform, fingerprint])
}

/// Removes whatever a tenant has, for its removal.
pub(super) fn remove_all(work: &mut Work, tenant: &TenantName) -> Result<(), Error> {
    let all = "DELETE FROM gateway_tokens WHERE tenant = ?1 RETURNING platform, app";
    deleted(work, tenant, all, [tenant.as_str()])
}

fn deleted(work: &mut Work, tenant: &TenantName, sql: &str, params: impl rusqlite::Params) -> Result<(), Error> {
    let gone: Vec<(String, String)> = {
        let mut delete = work.db.prepare_cached(sql)?;
        delete.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
    };
    let change = |(platform, app)| TenancyChange::NoGatewayToken(tenant.clone(), platform, app);
    work.tenancy.extend(gone.into_iter().map(change));
    Ok(())
}

/// Lengths before the parts, so that no two rows have one name.
fn row_name(platform: &str, app: &str) -> String {
    format!("{}:{platform}:{app}", platform.len())
}

fn place<'a>(tenant: &'a str, row: &'a str) -> Place<'a> {
    Place { tenant, table: "gateway_tokens", row }
}
