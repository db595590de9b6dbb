//! Gateways that tenants set over the API: all of them in memory, their tokens and passwords sealed on disk.

use rusqlite::{Connection, params};
use serde_json::json;

use super::registry::TenancyChange;
use super::seal::{Place, Seal};
use super::writer::Work;
use super::{audit, gateway_tokens, int, ms, tenants};
use crate::domain::actor::Actor;
use crate::domain::gateway::{Gateway, Login, Proof};
use crate::domain::names::TenantName;
use crate::domain::secret::Secret;
use crate::store::Error;

pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Vec<Gateway>, Error> {
    let mut statement =
        db.prepare("SELECT tenant, platform, url, token, updated_ms, login_url, login_user FROM gateways")?;
    let mut rows = statement.query([])?;
    let mut gateways = Vec::new();
    while let Some(row) = rows.next()? {
        let (tenant, platform): (String, String) = (row.get(0)?, row.get(1)?);
        let secret = seal.open_secret(&row.get::<_, Vec<u8>>(3)?, place(&tenant, &platform)).ok_or_else(|| {
            Error::Database(format!(
                "the secret of {tenant}'s {platform} gateway does not open: its row is damaged or was changed by hand; restore \
                 a backup"
            ))
        })?;
        let secret = Secret::new(secret);
        let proof = match row.get::<_, Option<String>>(5)? {
            None => Proof::Token(secret),
            Some(url) => Proof::Login(Login { url, user: row.get(6)?, password: secret }),
        };
        gateways.push(Gateway {
            tenant: TenantName::from(tenant),
            platform,
            url: row.get(2)?,
            proof,
            updated_ms: ms(row.get(4)?),
        });
    }
    Ok(gateways)
}

pub(super) fn put(work: &mut Work, seal: &Seal, gateway: &Gateway, actor: &Actor) -> Result<(), Error> {
    tenants::live(&work.db, &gateway.tenant)?;
    audit::room(&work.db, &gateway.tenant, actor, gateway.updated_ms)?;
    let (tenant, platform) = (gateway.tenant.as_str(), gateway.platform.as_str());
    let (secret, login) = match &gateway.proof {
        Proof::Token(token) => (token, None),
        Proof::Login(login) => (&login.password, Some(login)),
    };
    let secret = seal.seal(secret.reveal(), place(tenant, platform))?;
    let (login_url, login_user) = (login.map(|login| &login.url), login.map(|login| &login.user));
    work.db
        .prepare_cached(
            "INSERT OR REPLACE INTO gateways (tenant, platform, url, token, updated_ms, login_url, login_user) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![tenant, platform, gateway.url, secret, int(gateway.updated_ms), login_url, login_user])?;
    let fingerprint = login.map(|login| login.fingerprint(&gateway.url));
    gateway_tokens::gateway_set(work, &gateway.tenant, platform, fingerprint.as_deref())?;
    let details = json!({ "url": gateway.url, "login_url": login_url, "user": login_user });
    audit::append(&work.db, &gateway.tenant, actor, "gateway.put", platform, &details, gateway.updated_ms)?;
    work.tenancy.push(TenancyChange::Gateway(gateway.clone()));
    Ok(())
}

pub(super) fn remove(
    work: &mut Work,
    tenant: &TenantName,
    platform: &str,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    let removed = work
        .db
        .prepare_cached("DELETE FROM gateways WHERE tenant = ?1 AND platform = ?2")?
        .execute([tenant.as_str(), platform])?;
    if removed == 0 {
        return Err(Error::Missing(format!("the tenant {tenant} has set no {platform} gateway")));
    }
    gateway_tokens::gateway_set(work, tenant, platform, None)?;
    audit::append(&work.db, tenant, actor, "gateway.remove", platform, &json!({}), now_ms)?;
    work.tenancy.push(TenancyChange::NoGateway(tenant.clone(), platform.to_owned()));
    Ok(())
}

/// Removes whatever a tenant has, for its removal.
pub(super) fn remove_all(work: &mut Work, tenant: &TenantName) -> Result<(), Error> {
    let mut delete = work.db.prepare_cached("DELETE FROM gateways WHERE tenant = ?1 RETURNING platform")?;
    let platforms = delete.query_map([tenant.as_str()], |row| row.get::<_, String>(0))?;
    for platform in platforms {
        work.tenancy.push(TenancyChange::NoGateway(tenant.clone(), platform?));
    }
    Ok(())
}

fn place<'a>(tenant: &'a str, platform: &'a str) -> Place<'a> {
    Place { tenant, table: "gateways", row: platform }
}
