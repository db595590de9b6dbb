//! Everything that is known of one event, and what one turn depended on.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::inbox::read_owner;
use super::record::{deliveries_of, event_status, turn};
use super::{count, ms};
use crate::domain::actor::Actor;
use crate::domain::bot::{Mode, Target};
use crate::domain::names::{BotId, ConversationKey, EventId, ModuleName, TenantName};
use crate::store::{Activated, BotRevision, Error, EventHead, Explained, Recording, TurnExplained};

/// How many of a conversation's events are looked at to find out since when an agent holds it.
const HELD_SINCE_MAX: usize = 1000;

/// An event without its body, for [`head`]. It runs when its conversation is leased and no earlier event waits.
macro_rules! heads {
    ($which:literal) => {
        concat!(
            "SELECT e.id, e.kind, e.bot, e.bot_revision, c.key, e.status, e.accepted_ms, e.ended_ms, e.ending, e.dedupe_key, \
             e.duplicates, e.duplicate_ms, e.retry_of, e.stripped, e.status = 0 AND c.leased = 1 AND e.id = \
                (SELECT id FROM events WHERE conversation = c.id AND status = 0 ORDER BY id LIMIT 1), \
             e.conversation, c.owner, e.body FROM events e JOIN conversations c ON c.id = e.conversation ",
            $which
        )
    };
}

/// A tenant's event without its body.
pub(super) fn head_of(db: &Connection, tenant: &TenantName, event: i64) -> Result<Option<EventHead>, Error> {
    let mut found = db.prepare_cached(heads!("WHERE e.id = ?1 AND e.tenant = ?2"))?;
    Ok(found.query_row(params![event, tenant.as_str()], head).optional()?)
}

fn head(row: &Row<'_>) -> rusqlite::Result<EventHead> {
    Ok(EventHead {
        event: EventId(row.get(0)?),
        kind: row.get(1)?,
        bot: BotId::from(row.get::<_, String>(2)?),
        bot_revision: row.get(3)?,
        conversation: ConversationKey::from(row.get::<_, String>(4)?),
        status: event_status(row.get(5)?, row.get(14)?),
        accepted_ms: ms(row.get(6)?),
        ended_ms: row.get::<_, Option<i64>>(7)?.map(ms),
        ending: row.get(8)?,
        dedupe_key: row.get(9)?,
        duplicates: row.get(10)?,
        duplicate_ms: row.get::<_, Option<i64>>(11)?.map(ms),
        retry_of: row.get::<_, Option<i64>>(12)?.map(EventId),
        stripped: row.get(13)?,
    })
}

/// Everything that is known of a tenant's event.
pub(super) fn explain(db: &Connection, tenant: &TenantName, event: EventId) -> Result<Option<Explained>, Error> {
    // One snapshot, so that everything belongs together.
    let db = &db.unchecked_transaction()?;
    let found = db
        .prepare_cached(heads!("WHERE e.id = ?1 AND e.tenant = ?2"))?
        .query_row(params![event.0, tenant.as_str()], |row| {
            Ok((head(row)?, row.get::<_, i64>(15)?, row.get::<_, Option<String>>(16)?, row.get::<_, Vec<u8>>(17)?))
        })
        .optional()?;
    let Some((head, conversation, owner_now, body)) = found else { return Ok(None) };
    let retried_as: Option<i64> =
        db.prepare_cached("SELECT max(id) FROM events WHERE retry_of = ?1")?.query_row([event.0], |row| row.get(0))?;
    let first: Option<(Option<String>, bool)> = db
        .prepare_cached("SELECT owner_before, owner_firm FROM turns WHERE event = ?1 ORDER BY attempt LIMIT 1")?
        .query_row([event.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (owner_before, owner_firm) = first.unwrap_or((owner_now, false));
    let turns = turns(db, tenant, &head)?;
    let accepted_under = revision(db, &head.bot, head.bot_revision)?;
    let bot = turns.last().and_then(|turn| turn.bot.clone()).or(accepted_under);
    let held_since: Option<i64> = db
        .prepare_cached(
            "SELECT e.id FROM (SELECT id FROM events WHERE conversation = ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?3) e \
             WHERE EXISTS (SELECT 1 FROM turns WHERE event = e.id AND owner_before IS NOT 'agent') \
             OR EXISTS (SELECT 1 FROM deliveries WHERE event = e.id AND action = 'hand-off') ORDER BY e.id DESC LIMIT 1",
        )?
        .query_row(params![conversation, event.0, count(HELD_SINCE_MAX)], |row| row.get(0))
        .optional()?;
    Ok(Some(Explained {
        retried_as: retried_as.map(EventId),
        body: body.into(),
        bot,
        owner_before: owner_before.as_deref().and_then(read_owner),
        owner_firm,
        held_since: held_since.map(EventId),
        turns,
        deliveries: deliveries_of(db, event)?,
        head,
    }))
}

fn turns(db: &Connection, tenant: &TenantName, head: &EventHead) -> Result<Vec<TurnExplained>, Error> {
    let mut found = db.prepare_cached(
        "SELECT attempt, digest, version, instructions, elapsed_us, outcome, cause_kind, cause, log, now_ms, memory_bytes, \
         refusals, bot_revision, activation, withheld, relayed FROM turns WHERE event = ?1 ORDER BY attempt",
    )?;
    let mut rows = found.query([head.event.0])?;
    let mut turns = Vec::new();
    while let Some(row) = rows.next()? {
        let (seen, at_ms): (_, i64) = (turn(row)?, row.get(9)?);
        let bot = revision(db, &head.bot, recorded_revision(row.get(12)?).unwrap_or(head.bot_revision))?;
        let activated = match (&bot, seen.version) {
            (Some(bot), Some(version)) => activated(db, tenant, bot, version, row.get(13)?, at_ms)?,
            _ => None,
        };
        turns.push(TurnExplained {
            seen,
            at_ms: ms(at_ms),
            bot,
            activated,
            memory_bytes: ms(row.get(10)?),
            refusals: row.get(11)?,
            withheld: row.get(14)?,
            relayed: row.get(15)?,
        });
    }
    Ok(turns)
}

/// What made a version serve. A turn without the number of it ran what its bot was pinned to, or was recorded when that number
/// was not: then it is the version's last activation before the turn.
fn activated(
    db: &Connection,
    tenant: &TenantName,
    bot: &BotRevision,
    version: u32,
    recorded: Option<i64>,
    turn_ms: i64,
) -> Result<Option<Activated>, Error> {
    if recorded.is_none() && bot.target.version().or(bot.pin).is_some() {
        return Ok(None);
    }
    Ok(db
        .prepare_cached(
            "SELECT seq, at_ms, by, origin FROM activations WHERE tenant = ?1 AND module = ?2 AND version = ?3 \
             AND ((?4 IS NULL AND at_ms <= ?5) OR seq = ?4) ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(
            params![tenant.as_str(), bot.target.module().map(ModuleName::as_str), version, recorded, turn_ms],
            |row| {
                let actor = Actor { name: row.get(2)?, origin: row.get(3)? };
                Ok(Activated { seq: row.get(0)?, at_ms: ms(row.get(1)?), actor })
            },
        )
        .optional()?)
}

/// A column holds what this program never wrote.
fn unknown(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "unknown to this program".into())
}

/// The revision that a turn ran with; none when it was not recorded: before there were any, nor was what else a turn depends on.
fn recorded_revision(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

/// A bot's registration as it was.
pub(super) fn revision(db: &Connection, bot: &BotId, revision: u32) -> Result<Option<BotRevision>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT revision, at_ms, platform, platform_id, network, channel, module, version, pin, scheme, config, mode, relay \
             FROM bot_revisions WHERE bot = ?1 AND revision = ?2",
        )?
        .query_row(params![bot.as_str(), revision], |row| {
            Ok(BotRevision {
                revision: row.get(0)?,
                at_ms: ms(row.get(1)?),
                platform: row.get(2)?,
                platform_id: row.get(3)?,
                network: row.get(4)?,
                channel: row.get(5)?,
                target: Target::of_parts(Some(&row.get::<_, String>(6)?), row.get(7)?, row.get(12)?).ok_or_else(|| unknown(6))?,
                pin: row.get(8)?,
                scheme: row.get(9)?,
                config: row.get(10)?,
                mode: Mode::parse(&row.get::<_, String>(11)?).ok_or_else(|| unknown(11))?,
            })
        })
        .optional()?)
}

/// What a turn depended on, and what came of it.
pub(super) fn recording(
    db: &Connection,
    tenant: &TenantName,
    event: EventId,
    attempt: Option<u32>,
) -> Result<Option<Recording>, Error> {
    let db = &db.unchecked_transaction()?;
    let mut found = db.prepare_cached(
        "SELECT t.attempt, t.digest, t.version, t.instructions, t.elapsed_us, t.outcome, t.cause_kind, t.cause, t.log, \
         t.now_ms, t.seed, t.state_before, t.owner_before, t.bot_revision, e.bot, c.key, e.body, t.owner_firm \
         FROM events e JOIN turns t ON t.event = e.id JOIN conversations c ON c.id = e.conversation \
         WHERE e.id = ?1 AND e.tenant = ?2 AND (?3 IS NULL OR t.attempt = ?3) ORDER BY t.attempt DESC LIMIT 1",
    )?;
    let mut rows = found.query(params![event.0, tenant.as_str(), attempt])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let bot = BotId::from(row.get::<_, String>(14)?);
    let number = recorded_revision(row.get(13)?).ok_or_else(|| {
        Error::Conflict(format!(
            "event {event} was recorded before this version of the host, without all that its turn depended on, so it cannot \
             be replayed; events that came since can"
        ))
    })?;
    let registration = revision(db, &bot, number)?
        .ok_or_else(|| Error::Database(format!("revision {number} of the bot {bot} is not there")))?;
    Ok(Some(Recording {
        event,
        registration,
        conversation: ConversationKey::from(row.get::<_, String>(15)?),
        body: row.get::<_, Vec<u8>>(16)?.into(),
        state_before: row.get(11)?,
        owner_before: row.get::<_, Option<String>>(12)?.as_deref().and_then(read_owner),
        owner_firm: row.get(17)?,
        now_ms: ms(row.get(9)?),
        seed: row.get::<_, i64>(10)?.cast_unsigned(),
        turn: turn(row)?,
        bot,
    }))
}
