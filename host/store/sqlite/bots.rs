//! Bots: all of them in memory, because each webhook asks for one; their secrets sealed on disk.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::seal::{Place, Seal};
use super::writer::Work;
use super::{int, ms};
use crate::domain::bot::{Bot, Credentials, Encoding, Scheme, Target};
use crate::domain::names::{BotId, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::store::Error;

/// Every registered bot.
pub(super) type Bots = HashMap<BotId, Arc<Bot>>;

/// What a transaction changed among them.
pub(super) enum BotChange {
    Put(Arc<Bot>),
    Remove(BotId),
}

impl BotChange {
    pub(super) fn apply(self, bots: &mut Bots) {
        match self {
            Self::Put(bot) => drop(bots.insert(bot.id.clone(), bot)),
            Self::Remove(id) => drop(bots.remove(&id)),
        }
    }
}

/// Whether the database holds anything that the master key sealed.
pub(super) fn any(db: &Connection) -> Result<bool, Error> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM bots)", [], |row| row.get(0))?)
}

/// Reads all bots and opens their secrets.
///
/// # Errors
/// When a secret does not open: the master key is not the one that it was sealed with.
pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Bots, Error> {
    let mut statement = db.prepare(
        "SELECT id, tenant, platform, platform_id, network, channel, module, version, scheme, scheme_header, \
         scheme_encoding, identity, secret, config, registration, created_ms, updated_ms, live FROM bots",
    )?;
    let mut rows = statement.query([])?;
    let mut bots = Bots::new();
    while let Some(row) = rows.next()? {
        let bot = read(row, seal)?;
        bots.insert(bot.id.clone(), Arc::new(bot));
    }
    Ok(bots)
}

fn read(row: &Row<'_>, seal: &Seal) -> Result<Bot, Error> {
    let id: String = row.get(0)?;
    let tenant: String = row.get(1)?;
    let sealed: Vec<u8> = row.get(12)?;
    let secret = seal.open(&sealed, place(&tenant, &id)).ok_or_else(|| {
        Error::Database(format!(
            "the secret of the bot {id} does not open: the master key file is not the one that this database was written \
             with"
        ))
    })?;
    let unreadable = |what: &str| Error::Database(format!("the bot {id} has an unreadable {what}"));
    let scheme = match (row.get::<_, String>(8)?.as_str(), row.get(9)?, row.get::<_, Option<String>>(10)?.as_deref()) {
        ("basic", _, _) => Scheme::Basic,
        ("standard-webhooks", _, _) => Scheme::StandardWebhooks,
        ("body-sha256", Some(header), Some("hex")) => Scheme::BodySha256 { header, encoding: Encoding::Hex },
        ("body-sha256", Some(header), Some("base64")) => Scheme::BodySha256 { header, encoding: Encoding::Base64 },
        _ => return Err(unreadable("scheme")),
    };
    let module = ModuleName::parse(&row.get::<_, String>(6)?).map_err(|_| unreadable("module's name"))?;
    Ok(Bot {
        id: BotId::from(id),
        tenant: TenantName::from(tenant),
        platform: row.get(2)?,
        platform_id: row.get(3)?,
        network: row.get(4)?,
        channel: row.get(5)?,
        target: Target { module, version: row.get(7)? },
        credentials: Credentials { scheme, identity: row.get(11)?, secret: Secret::new(secret) },
        config: row.get(13)?,
        registration: row.get(14)?,
        created_ms: ms(row.get(15)?),
        updated_ms: ms(row.get(16)?),
        live: row.get(17)?,
    })
}

/// Registers a bot or replaces the one of that id.
pub(super) fn put(work: &mut Work, bot: &Arc<Bot>, seal: &Seal) -> Result<(), Error> {
    let (scheme, header, encoding) = match &bot.credentials.scheme {
        Scheme::Basic => ("basic", None, None),
        Scheme::StandardWebhooks => ("standard-webhooks", None, None),
        Scheme::BodySha256 { header, encoding: Encoding::Hex } => ("body-sha256", Some(header), Some("hex")),
        Scheme::BodySha256 { header, encoding: Encoding::Base64 } => ("body-sha256", Some(header), Some("base64")),
    };
    let place = place(bot.tenant.as_str(), bot.id.as_str());
    work.db
        .prepare_cached(
            "INSERT OR REPLACE INTO bots (id, tenant, platform, platform_id, network, channel, module, version, scheme, \
             scheme_header, scheme_encoding, identity, secret, config, registration, created_ms, updated_ms, live) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            bot.id.as_str(),
            bot.tenant.as_str(),
            bot.platform,
            bot.platform_id,
            bot.network,
            bot.channel,
            bot.target.module.as_str(),
            bot.target.version,
            scheme,
            header,
            encoding,
            bot.credentials.identity,
            seal.seal(bot.credentials.secret.reveal(), place)?,
            bot.config,
            bot.registration,
            int(bot.created_ms),
            int(bot.updated_ms),
            bot.live,
        ])?;
    work.bots.push(BotChange::Put(Arc::clone(bot)));
    Ok(())
}

/// Removes a bot, closes its pending events and gives up its open deliveries. Leases on them are void.
pub(super) fn remove(work: &mut Work, id: &BotId) -> Result<(), Error> {
    let bot = id.as_str();
    if work.db.prepare_cached("DELETE FROM bots WHERE id = ?1")?.execute([bot])? == 0 {
        return Err(Error::Missing(format!("there is no bot {id}")));
    }
    work.db
        .prepare_cached(
            "UPDATE events SET status = 2, ended_ms = max(accepted_ms, ?2), ending = 'the bot was removed' \
             WHERE status = 0 AND conversation IN (SELECT id FROM conversations WHERE bot = ?1 AND ready_at IS NOT NULL)",
        )?
        .execute(params![bot, int(work.latest_ms)])?;
    // One that is being sent at this moment has an unknown end.
    work.db
        .prepare_cached(
            "UPDATE deliveries SET status = CASE WHEN status = 1 THEN 4 ELSE 3 END, \
             maybe_sent = max(maybe_sent, status = 1), last_error = 'the bot was removed' \
             WHERE status < 2 AND conversation IN (SELECT id FROM conversations WHERE bot = ?1 AND send_at IS NOT NULL)",
        )?
        .execute([bot])?;
    work.db
        .prepare_cached(
            "UPDATE conversations SET leased = 0, claims = 0, tries = 0, ready_at = NULL, send_leased = 0, send_at = NULL \
             WHERE bot = ?1",
        )?
        .execute([bot])?;
    work.bots.push(BotChange::Remove(id.clone()));
    Ok(())
}

fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "bots", row: id }
}
