//! Bots: all of them in memory, because each webhook asks for one; their secrets sealed on disk.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::hand_overs::Leaving;
use super::seal::{Place, Seal};
use super::writer::Work;
use super::{audit, hand_overs, int, ms, tenants, versions};
use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Credentials, Encoding, Mode, Places, Scheme, Target};
use crate::domain::names::{BotId, ModuleName, TenantName};
use crate::domain::secret::Secret;
use crate::store::Error;

/// How many bots a tenant may have: all of them are in memory.
const BOTS_MAX: i64 = 10_000;

/// How many accounts and client_ids may be a tenant's. They stay its own when the bot or the key goes.
const CLAIMS_MAX: i64 = 10_000;

/// Every registered bot. A call of a platform's API asks for its tenant's bots, whose number is limited; what other tenants have
/// registered costs it nothing.
#[derive(Clone, Default)]
pub(super) struct Bots {
    by_id: HashMap<BotId, Arc<Bot>>,
    /// Each tenant's, those that were registered first at the front.
    by_tenant: HashMap<TenantName, Arc<Vec<Arc<Bot>>>>,
}

impl Bots {
    /// The bot with this id.
    pub(super) fn get(&self, id: &BotId) -> Option<&Arc<Bot>> {
        self.by_id.get(id)
    }

    /// A tenant's bots, those that were registered first at the front.
    pub(super) fn of(&self, tenant: &TenantName) -> &[Arc<Bot>] {
        self.by_tenant.get(tenant).map_or(&[], |bots| bots.as_slice())
    }

    fn put(&mut self, bot: Arc<Bot>) {
        // The tenant's place for it is another one when its time of registration is.
        self.remove(&bot.id);
        let bots = Arc::make_mut(self.by_tenant.entry(bot.tenant.clone()).or_default());
        let at = bots.partition_point(|known| order(known) < order(&bot));
        bots.insert(at, Arc::clone(&bot));
        self.by_id.insert(bot.id.clone(), bot);
    }

    fn remove(&mut self, id: &BotId) {
        let Some(bot) = self.by_id.remove(id) else { return };
        let Some(bots) = self.by_tenant.get_mut(&bot.tenant) else { return };
        Arc::make_mut(bots).retain(|known| known.id != *id);
        if bots.is_empty() {
            self.by_tenant.remove(&bot.tenant);
        }
    }
}

fn order(bot: &Bot) -> (u64, &BotId) {
    (bot.created_ms, &bot.id)
}

/// What a transaction changed among them.
pub(super) enum BotChange {
    Put(Arc<Bot>),
    Remove(BotId),
}

impl BotChange {
    pub(super) fn apply(self, bots: &mut Bots) {
        match self {
            Self::Put(bot) => bots.put(bot),
            Self::Remove(id) => bots.remove(&id),
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
    // In their order, so that each is put at the end.
    let mut statement = db.prepare(columns!("ORDER BY created_ms, id"))?;
    let mut rows = statement.query([])?;
    let mut bots = Bots::default();
    while let Some(row) = rows.next()? {
        bots.put(Arc::new(read(row, seal)?));
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

/// Registers a bot or replaces the one of that id, as its next revision if anything changed. With `places` it has to fit beside
/// the others of its channel. Leaving LIVE hands its conversations over.
pub(super) fn put(work: &mut Work, bot: &Bot, places: Option<Places>, seal: &Seal, actor: &Actor) -> Result<(), Error> {
    tenants::not_removed(&work.db, &bot.tenant)?;
    audit::room(&work.db, &bot.tenant, actor, bot.updated_ms)?;
    let known = find(&work.db, &bot.tenant, &bot.id, seal)?;
    if let Some(places) = places {
        unchanged(bot, known.as_ref().map_or(0, |known| known.revision))?;
        fits(&work.db, bot, places)?;
    }
    if known.is_none() {
        room(&work.db, &bot.tenant)?;
    }
    claim(&work.db, &bot.platform, &bot.account, &bot.tenant)?;
    let bot = following(known.as_ref(), bot);
    write(work, &bot, seal)?;
    if known.is_some_and(|known| known.mode == Mode::Live) && bot.mode != Mode::Live {
        let leaving = Leaving { bot: bot.id.as_str(), revision: bot.revision, platform_id: &bot.platform_id };
        hand_overs::note(work, &leaving, &format!("the registration went from LIVE to {}", bot.mode.name()))?;
    }
    let details = json!({
        "platform": bot.platform, "network": bot.network, "channel": bot.channel, "platform_id": bot.platform_id,
        "module": bot.target.module().map(ModuleName::as_str), "relay": bot.target.relay_shown(), "mode": bot.mode.name(),
        "revision": bot.revision,
    });
    audit::append(&work.db, &bot.tenant, actor, "bot.put", bot.id.as_str(), &details, bot.updated_ms)?;
    work.bots.push(BotChange::Put(Arc::new(bot)));
    Ok(())
}

/// Whether a bot that was read to be changed is still as it was read; 0 replaces whatever is there.
fn unchanged(bot: &Bot, revision: u32) -> Result<(), Error> {
    if bot.revision == 0 || bot.revision == revision {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{} was changed or removed for network {} external id {} by another call at this moment: send it again",
        bot.platform_id, bot.network, bot.channel
    )))
}

/// A bot as it follows what is known of it: with its pin and the next revision, or the same one when nothing changed.
fn following(known: Option<&Bot>, bot: &Bot) -> Bot {
    let Some(known) = known else { return Bot { revision: 1, pin: None, ..bot.clone() } };
    // A pin is a version of a module: with another module it means nothing.
    let pin = known.pin.filter(|_| known.target.module() == bot.target.module());
    let same = Bot { pin, revision: known.revision, ..bot.clone() };
    if (Bot { created_ms: known.created_ms, updated_ms: known.updated_ms, ..same.clone() }) == *known {
        return same;
    }
    Bot { revision: known.revision.saturating_add(1), ..same }
}

/// A tenant's bot.
fn find(db: &Connection, tenant: &TenantName, id: &BotId, seal: &Seal) -> Result<Option<Bot>, Error> {
    let mut statement = db.prepare_cached(columns!("WHERE id = ?1 AND tenant = ?2"))?;
    let mut rows = statement.query([id.as_str(), tenant.as_str()])?;
    rows.next()?.map(|row| read(row, seal)).transpose()
}

/// Whether a bot may be what it is beside the others of its channel. Two calls at the same moment are told apart here.
fn fits(db: &Connection, bot: &Bot, places: Places) -> Result<(), Error> {
    let channel = params![bot.tenant.as_str(), bot.platform, bot.network, bot.channel, bot.id.as_str()];
    let mut others = db.prepare_cached(
        "SELECT mode, platform_id FROM bots WHERE tenant = ?1 AND platform = ?2 AND network = ?3 AND channel = ?4 AND id <> ?5",
    )?;
    let others: Vec<(String, String)> =
        others.query_map(channel, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if others.iter().any(|(_, platform_id)| *platform_id == bot.platform_id) {
        return Err(Error::Conflict(format!(
            "{} was registered for network {} external id {} by another call at this moment: send it again",
            bot.platform_id, bot.network, bot.channel
        )));
    }
    let others = others.iter().filter_map(|(mode, id)| Some((Mode::parse(mode)?, id.as_str())));
    places.admit(bot.mode, (&bot.network, &bot.channel), others).map_err(Error::Conflict)
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
    let bot = find(&work.db, tenant, id, seal)?.ok_or_else(|| Error::Missing(format!("there is no bot {id}")))?;
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

/// Removes a bot, closes its pending events and gives up its open deliveries. Leases on them are void. What hands a
/// conversation to an agent is still done, and what it is in the middle of is handed over.
pub(super) fn remove(work: &mut Work, bot: &BotId, actor: &Actor) -> Result<(), Error> {
    let id = bot.as_str();
    let removed: Option<(String, u32, String, bool)> = work
        .db
        .prepare_cached("DELETE FROM bots WHERE id = ?1 RETURNING tenant, revision, platform_id, mode <> 'MONITORING'")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let (tenant, revision, platform_id, answers) =
        removed.ok_or_else(|| Error::Missing(format!("there is no bot {id}")))?;
    audit::append(&work.db, &TenantName::from(tenant), actor, "bot.remove", id, &json!({}), work.latest_ms)?;
    end_revision(&work.db, id, work.latest_ms, None)?;
    work.db
        .prepare_cached(
            "UPDATE events SET status = 2, ended_ms = max(accepted_ms, ?2), ending = 'the bot was removed' \
             WHERE status = 0 AND hand_over IS NULL \
             AND conversation IN (SELECT id FROM conversations WHERE bot = ?1 AND ready_at IS NOT NULL)",
        )?
        .execute(params![id, int(work.latest_ms)])?;
    // One that is being sent at this moment has an unknown end.
    work.db
        .prepare_cached(
            "UPDATE deliveries INDEXED BY deliveries_open SET status = CASE WHEN status = 1 THEN 4 ELSE 3 END, \
             maybe_sent = max(maybe_sent, status = 1), last_error = 'the bot was removed' \
             WHERE status < 2 AND action <> 'hand-off' \
             AND conversation IN (SELECT id FROM conversations WHERE bot = ?1 AND send_at IS NOT NULL)",
        )?
        .execute([id])?;
    // A take-over among them is the host's word no longer.
    work.db
        .prepare_cached(
            "UPDATE conversations SET own_ms = 0 WHERE bot = ?1 AND send_at IS NOT NULL AND own_ms = ?2 AND NOT EXISTS \
             (SELECT 1 FROM deliveries d WHERE d.conversation = conversations.id AND d.status < 2 AND d.action = 'hand-off')",
        )?
        .execute(params![id, i64::MAX])?;
    work.db
        .prepare_cached(
            "UPDATE conversations SET leased = 0, claims = 0, tries = 0, \
             ready_at = iif(EXISTS (SELECT 1 FROM events e WHERE e.conversation = conversations.id AND e.status = 0), ?2, NULL) \
             WHERE bot = ?1 AND ready_at IS NOT NULL",
        )?
        .execute(params![id, int(work.latest_ms)])?;
    // A hand-off that is being sent stays leased; another one is next now, or there is none.
    work.db
        .prepare_cached(
            "UPDATE conversations SET send_leased = 0, send_at = \
             (SELECT d.due_ms FROM deliveries d WHERE d.conversation = conversations.id AND d.status < 2 ORDER BY d.id LIMIT 1) \
             WHERE bot = ?1 AND send_at IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation = conversations.id AND d.status = 1)",
        )?
        .execute([id])?;
    if answers {
        let leaving = Leaving { bot: id, revision, platform_id: &platform_id };
        hand_overs::note(work, &leaving, "the registration was deleted")?;
    }
    (work.turns_ready, work.deliveries_ready) = (true, true);
    work.bots.push(BotChange::Remove(bot.clone()));
    Ok(())
}

/// Where a bot's secret is kept.
pub(super) fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "bots", row: id }
}
