//! Bots: all of them in memory, because each webhook asks for one; their secrets sealed on disk.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::seal::{Place, Seal};
use super::writer::Work;
use super::{audit, int, ms, tenants, versions};
use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Credentials, Encoding, Mode, Scheme, Target};
use crate::domain::names::{BotId, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::store::Error;

/// How many bots a tenant may have: all of them are in memory.
const BOTS_MAX: i64 = 10_000;

/// How many accounts and client_ids may be a tenant's. They stay its own when the bot or the key goes.
const CLAIMS_MAX: i64 = 10_000;

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

/// What a bot is made of.
macro_rules! columns {
    ($which:literal) => {
        concat!(
            "SELECT id, tenant, platform, platform_id, network, channel, module, version, scheme, scheme_header, \
             scheme_encoding, identity, secret, config, registration, created_ms, updated_ms, mode, account, pin, revision, relay \
             FROM bots ",
            $which
        )
    };
}

/// Reads all bots and opens their secrets.
///
/// # Errors
/// When a secret does not open: its row is not as it was written.
pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Bots, Error> {
    let mut statement = db.prepare(columns!(""))?;
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
    let secret = seal.open_secret(&sealed, place(&tenant, &id)).ok_or_else(|| {
        Error::Database(format!(
            "the secret of the bot {id} does not open: its row is damaged or was changed by hand; restore a backup"
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
    let target = Target::of_parts(Some(&row.get::<_, String>(6)?), row.get(7)?, row.get(21)?);
    let target = target.ok_or_else(|| unreadable("target"))?;
    let mode = Mode::parse(&row.get::<_, String>(17)?).ok_or_else(|| unreadable("mode"))?;
    Ok(Bot {
        id: BotId::from(id),
        tenant: TenantName::from(tenant),
        platform: row.get(2)?,
        platform_id: row.get(3)?,
        network: row.get(4)?,
        channel: row.get(5)?,
        target,
        credentials: Credentials { scheme, identity: row.get(11)?, secret: Secret::new(secret) },
        config: row.get(13)?,
        registration: row.get(14)?,
        created_ms: ms(row.get(15)?),
        updated_ms: ms(row.get(16)?),
        mode,
        account: row.get(18)?,
        pin: row.get(19)?,
        revision: row.get(20)?,
    })
}

/// What the column `module` holds; empty for a bot elsewhere.
fn module(target: &Target) -> &str {
    target.module().map_or("", ModuleName::as_str)
}

/// Registers a bot or replaces the one of that id: as its next revision, unless nothing changed that turns depend on.
pub(super) fn put(work: &mut Work, bot: &Bot, seal: &Seal, actor: &Actor) -> Result<(), Error> {
    tenants::not_removed(&work.db, &bot.tenant)?;
    audit::room(&work.db, &bot.tenant, actor, bot.updated_ms)?;
    // A pin is a version of a module: with another module it means nothing.
    let known: Option<(u32, Option<u32>)> = work
        .db
        .prepare_cached("SELECT revision, iif(module = ?2, pin, NULL) FROM bots WHERE id = ?1")?
        .query_row([bot.id.as_str(), module(&bot.target)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if known.is_none() {
        room(&work.db, &bot.tenant)?;
    }
    claim(&work.db, &bot.platform, &bot.account, &bot.tenant)?;
    let mut bot = bot.clone();
    (bot.revision, bot.pin) = known.unwrap_or((1, None));
    if known.is_some() && !is_as_before(&work.db, &bot)? {
        bot.revision = bot.revision.saturating_add(1);
    }
    write(work, &bot, seal)?;
    let details = json!({
        "platform": bot.platform, "network": bot.network, "channel": bot.channel, "platform_id": bot.platform_id,
        "module": bot.target.module().map(ModuleName::as_str), "relay": bot.target.relay(), "mode": bot.mode.name(),
        "revision": bot.revision,
    });
    audit::append(&work.db, &bot.tenant, actor, "bot.put", bot.id.as_str(), &details, bot.updated_ms)?;
    work.bots.push(BotChange::Put(Arc::new(bot)));
    Ok(())
}

/// Whether a tenant may have one more bot.
fn room(db: &Connection, tenant: &TenantName) -> Result<(), Error> {
    let number = "SELECT count(*) FROM bots WHERE tenant = ?1";
    let number: i64 = db.prepare_cached(number)?.query_row([tenant.as_str()], |row| row.get(0))?;
    if number >= BOTS_MAX {
        return Err(Error::Conflict(format!("the tenant {tenant} has {number} bots, the limit: remove one first")));
    }
    Ok(())
}

/// Pins a bot to a version, or lets it follow the active one again: its next revision.
pub(super) fn pin(
    work: &mut Work,
    tenant: &TenantName,
    id: &BotId,
    version: Option<u32>,
    seal: &Seal,
    actor: &Actor,
    now_ms: u64,
) -> Result<Arc<Bot>, Error> {
    let bot = {
        let mut statement = work.db.prepare_cached(columns!("WHERE id = ?1 AND tenant = ?2"))?;
        let mut rows = statement.query([id.as_str(), tenant.as_str()])?;
        let row = rows.next()?.ok_or_else(|| Error::Missing(format!("there is no bot {id}")))?;
        read(row, seal)?
    };
    let module = bot
        .target
        .module()
        .ok_or_else(|| Error::Conflict(format!("the bot {id} does not run here: there is nothing to pin it to")))?;
    if let (Some(named), Some(_)) = (bot.target.version(), version) {
        return Err(Error::Conflict(format!(
            "the registration of the bot {id} names its version itself (module:{module}@{named}): change it there"
        )));
    }
    if let Some(number) = version {
        versions::find(&work.db, tenant, module, number)?.ok_or_else(|| versions::no_version(module, number))?;
    }
    if bot.pin == version {
        return Ok(Arc::new(bot));
    }
    audit::room(&work.db, tenant, actor, now_ms)?;
    let action = if version.is_some() { "bot.pin" } else { "bot.unpin" };
    let details = json!({ "module": module.as_str(), "version": version, "before": bot.pin });
    let bot = Bot { pin: version, revision: bot.revision.saturating_add(1), updated_ms: now_ms, ..bot };
    write(work, &bot, seal)?;
    audit::append(&work.db, tenant, actor, action, id.as_str(), &details, now_ms)?;
    let bot = Arc::new(bot);
    work.bots.push(BotChange::Put(Arc::clone(&bot)));
    Ok(bot)
}

/// Makes an account on a platform, or a client_id, a tenant's own, unless it is another's or empty.
pub(super) fn claim(db: &Connection, kind: &str, value: &str, tenant: &TenantName) -> Result<(), Error> {
    if value.is_empty() {
        let nameless =
            format!("what is to be one tenant's alone on {kind} is empty, and an empty name can be nobody's: give one");
        return Err(Error::Conflict(nameless));
    }
    let owner: Option<String> = db
        .prepare_cached("SELECT tenant FROM claims WHERE kind = ?1 AND value = ?2")?
        .query_row([kind, value], |row| row.get(0))
        .optional()?;
    match owner {
        Some(owner) if owner == tenant.as_str() => Ok(()),
        Some(_) => Err(Error::Conflict(format!("{value:?} belongs to another tenant of this host"))),
        None => {
            let number = "SELECT count(*) FROM claims WHERE tenant = ?1";
            let number: i64 = db.prepare_cached(number)?.query_row([tenant.as_str()], |row| row.get(0))?;
            if number >= CLAIMS_MAX {
                return Err(Error::Conflict(format!(
                    "the tenant {tenant} has {number} accounts and client_ids, the limit: the operator releases what it no \
                     longer uses with DELETE /v1/tenants/{tenant}/claims/{{kind}}/{{value}}"
                )));
            }
            db.prepare_cached("INSERT INTO claims (kind, value, tenant) VALUES (?1, ?2, ?3)")?.execute([
                kind,
                value,
                tenant.as_str(),
            ])?;
            Ok(())
        }
    }
}

/// How a scheme is written: its name, its header and its encoding.
fn scheme(scheme: &Scheme) -> (&'static str, Option<&str>, Option<&'static str>) {
    match scheme {
        Scheme::Basic => ("basic", None, None),
        Scheme::StandardWebhooks => ("standard-webhooks", None, None),
        Scheme::BodySha256 { header, encoding: Encoding::Hex } => ("body-sha256", Some(header), Some("hex")),
        Scheme::BodySha256 { header, encoding: Encoding::Base64 } => ("body-sha256", Some(header), Some("base64")),
    }
}

/// Writes a bot's row and, where it is a new one, the revision that turns refer to.
fn write(work: &mut Work, bot: &Bot, seal: &Seal) -> Result<(), Error> {
    let (scheme, header, encoding) = scheme(&bot.credentials.scheme);
    let place = place(bot.tenant.as_str(), bot.id.as_str());
    work.db
        .prepare_cached(
            "INSERT OR REPLACE INTO bots (id, tenant, platform, platform_id, network, channel, module, version, scheme, \
             scheme_header, scheme_encoding, identity, secret, config, registration, created_ms, updated_ms, mode, account, pin, \
             revision, relay) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        )?
        .execute(params![
            bot.id.as_str(),
            bot.tenant.as_str(),
            bot.platform,
            bot.platform_id,
            bot.network,
            bot.channel,
            module(&bot.target),
            bot.target.version(),
            scheme,
            header,
            encoding,
            bot.credentials.identity,
            seal.seal(bot.credentials.secret.reveal(), place)?,
            bot.config,
            bot.registration,
            int(bot.created_ms),
            int(bot.updated_ms),
            bot.mode.name(),
            bot.account,
            bot.pin,
            bot.revision,
            bot.target.relay(),
        ])?;
    revise(work, bot)
}

/// Whether a bot is as its revision has it.
fn is_as_before(db: &Connection, bot: &Bot) -> Result<bool, Error> {
    let same = "SELECT EXISTS (SELECT 1 FROM bot_revisions WHERE bot = ?1 AND revision = ?2 AND platform = ?3 \
                AND platform_id = ?4 AND network = ?5 AND channel = ?6 AND module = ?7 AND version IS ?8 AND pin IS ?9 \
                AND scheme = ?10 AND config = ?11 AND mode = ?12 AND relay IS ?13)";
    let parameters = params![
        bot.id.as_str(),
        bot.revision,
        bot.platform,
        bot.platform_id,
        bot.network,
        bot.channel,
        module(&bot.target),
        bot.target.version(),
        bot.pin,
        scheme(&bot.credentials.scheme).0,
        bot.config,
        bot.mode.name(),
        bot.target.relay(),
    ];
    Ok(db.prepare_cached(same)?.query_row(parameters, |row| row.get(0))?)
}

/// Writes a bot's revision, if it is a new one, and ends the one before.
fn revise(work: &mut Work, bot: &Bot) -> Result<(), Error> {
    let written = work
        .db
        .prepare_cached(
            "INSERT INTO bot_revisions (bot, revision, at_ms, platform, platform_id, network, channel, module, version, pin, \
             scheme, config, mode, relay) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
             ON CONFLICT (bot, revision) DO NOTHING",
        )?
        .execute(params![
            bot.id.as_str(),
            bot.revision,
            int(bot.updated_ms),
            bot.platform,
            bot.platform_id,
            bot.network,
            bot.channel,
            module(&bot.target),
            bot.target.version(),
            bot.pin,
            scheme(&bot.credentials.scheme).0,
            bot.config,
            bot.mode.name(),
            bot.target.relay(),
        ])?;
    if written > 0 {
        let until_ms = work.latest_ms.max(bot.updated_ms);
        end_revision(&work.db, bot.id.as_str(), until_ms, Some(bot.revision))?;
    }
    Ok(())
}

/// Ends a bot's revision: another one, if any, takes its place.
fn end_revision(db: &Connection, bot: &str, until_ms: u64, next: Option<u32>) -> Result<(), Error> {
    db.prepare_cached(
        "UPDATE bot_revisions SET until_ms = ?2 WHERE bot = ?1 AND until_ms IS NULL AND revision IS NOT ?3",
    )?
    .execute(params![bot, int(until_ms), next])?;
    Ok(())
}

/// Notes that an event or a turn refers to a bot's revision: it is kept as long as there may be one.
pub(super) fn use_revision(db: &Connection, bot: &str, revision: u32) -> Result<(), Error> {
    db.prepare_cached("UPDATE bot_revisions SET used = 1 WHERE bot = ?1 AND revision = ?2 AND used = 0")?
        .execute(params![bot, revision])?;
    Ok(())
}

/// Removes a bot, closes its pending events and gives up its open deliveries. Leases on them are void.
pub(super) fn remove(work: &mut Work, id: &BotId, actor: &Actor) -> Result<(), Error> {
    let bot = id.as_str();
    let tenant: Option<String> = work
        .db
        .prepare_cached("DELETE FROM bots WHERE id = ?1 RETURNING tenant")?
        .query_row([bot], |row| row.get(0))
        .optional()?;
    let tenant = tenant.map(TenantName::from).ok_or_else(|| Error::Missing(format!("there is no bot {id}")))?;
    audit::append(&work.db, &tenant, actor, "bot.remove", bot, &json!({}), work.latest_ms)?;
    end_revision(&work.db, bot, work.latest_ms, None)?;
    work.db
        .prepare_cached(
            "UPDATE events SET status = 2, ended_ms = max(accepted_ms, ?2), ending = 'the bot was removed' \
             WHERE status = 0 AND conversation IN (SELECT id FROM conversations WHERE bot = ?1 AND ready_at IS NOT NULL)",
        )?
        .execute(params![bot, int(work.latest_ms)])?;
    // One that is being sent at this moment has an unknown end.
    work.db
        .prepare_cached(
            "UPDATE deliveries INDEXED BY deliveries_open SET status = CASE WHEN status = 1 THEN 4 ELSE 3 END, \
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

/// Where a bot's secret is kept.
pub(super) fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "bots", row: id }
}
