//! The inbox: events in, one leased turn at a time in each conversation, and what a turn leaves behind.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::bots::use_revision;
use super::outbox::{self, Plan};
use super::writer::Work;
use super::{count, int, ms};
use crate::domain::delivery::Request;
use crate::domain::event::Owner;
use crate::domain::names::{BotId, ConversationKey, EventId, TenantName};
use crate::domain::turn::StateChange;
use crate::store::{Accepted, Arrival, Beginning, Claim, Claims, Ending, Error, Lease, TurnRecord};

/// What a claim is made of: the conversation, its oldest pending event, its state.
macro_rules! heads {
    ($which:literal) => {
        concat!(
            "SELECT c.id, c.fence, c.claims, c.tries, c.tenant, c.bot, c.key, c.owner, e.id, e.body, e.accepted_ms, s.state, \
             e.bot_revision, e.hand_over, c.ongoing IS NOT NULL, e.dedupe_key, e.accepted_ms <= c.own_ms, c.owner_ms, c.leaving = 1 OR (c.ongoing IS NOT NULL AND EXISTS \
                (SELECT 1 FROM hand_overs h WHERE h.bot = c.bot AND c.id > h.passed AND c.id <= h.last_conversation \
                 AND c.ongoing <= h.last_event)) \
             FROM conversations c \
             JOIN events e ON e.id = \
                (SELECT id FROM events WHERE conversation = c.id AND status = 0 ORDER BY id LIMIT 1) \
             LEFT JOIN states s ON s.conversation = c.id ",
            $which
        )
    };
}

/// Puts an event into the inbox. Duplicates are told by the first statement and only counted.
pub(super) fn accept(work: &mut Work, arrival: &Arrival) -> Result<Accepted, Error> {
    let db = &work.db;
    let (bot, now) = (arrival.bot.as_str(), int(arrival.now_ms));
    work.latest_ms = work.latest_ms.max(arrival.now_ms);
    let earlier: Option<(i64, i64)> = db
        .prepare_cached("SELECT id, dedupe_until_ms FROM events WHERE bot = ?1 AND dedupe_key = ?2")?
        .query_row(params![bot, arrival.dedupe_key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match earlier {
        Some((id, until_ms)) if until_ms > now => {
            db.prepare_cached("UPDATE events SET duplicates = duplicates + 1, duplicate_ms = ?2 WHERE id = ?1")?
                .execute([id, now])?;
            return Ok(Accepted::Duplicate(EventId(id)));
        }
        Some((id, _)) => {
            db.prepare_cached("UPDATE events SET dedupe_key = NULL WHERE id = ?1")?.execute([id])?;
        }
        None => {}
    }
    let known: Option<(i64, bool, bool)> = db
        .prepare_cached("SELECT id, ready_at IS NULL, ongoing IS NULL FROM conversations WHERE bot = ?1 AND key = ?2")?
        .query_row(params![bot, arrival.conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let begins = match arrival.beginning {
        Some(beginning) if known.is_none_or(|(_, _, closed)| closed) => has_room(db, bot, beginning)?,
        _ => false,
    };
    let conversation = match known {
        Some((id, idle, _)) => {
            if idle {
                db.prepare_cached("UPDATE conversations SET ready_at = ?2 WHERE id = ?1")?.execute([id, now])?;
                work.turns_ready = true;
            }
            id
        }
        None => {
            work.turns_ready = true;
            db.prepare_cached("INSERT INTO conversations (tenant, bot, key, ready_at) VALUES (?1, ?2, ?3, ?4)")?
                .insert(params![arrival.tenant.as_str(), bot, arrival.conversation.as_str(), now])?
        }
    };
    let id = db
        .prepare_cached(
            "INSERT INTO events (conversation, bot, kind, accepted_ms, dedupe_key, dedupe_until_ms, body, tenant, bot_revision) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .insert(params![
            conversation,
            bot,
            arrival.kind,
            now,
            arrival.dedupe_key,
            int(arrival.dedupe_until_ms),
            &arrival.body[..],
            arrival.tenant.as_str(),
            arrival.bot_revision,
        ])?;
    use_revision(db, bot, arrival.bot_revision)?;
    if begins {
        db.prepare_cached("UPDATE conversations SET ongoing = ?2 WHERE id = ?1")?.execute([conversation, id])?;
    }
    Ok(Accepted::New(EventId(id)))
}

/// Whether a bot may be in one conversation more. One that an agent holds is not counted.
fn has_room(db: &Connection, bot: &str, beginning: Beginning) -> Result<bool, Error> {
    let Some(room) = beginning.room else { return Ok(true) };
    let held: i64 = db
        .prepare_cached(
            "SELECT count(*) FROM conversations WHERE bot = ?1 AND ongoing IS NOT NULL AND (owner IS NULL OR owner <> 'agent')",
        )?
        .query_row([bot], |row| row.get(0))?;
    Ok(held < count(room))
}

/// Leases the oldest pending event of each conversation that is ready.
pub(super) fn claim(work: &mut Work, now_ms: u64, lease_ms: u64, limit: usize) -> Result<Claims, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let mut claims = db
        .prepare_cached(heads!("WHERE c.ready_at <= ?1 ORDER BY c.ready_at, c.id LIMIT ?2"))?
        .query_map(params![int(now_ms), count(limit)], read_claim)?
        .collect::<Result<Vec<_>, _>>()?;
    for claim in &mut claims {
        lease(db, claim, now_ms.saturating_add(lease_ms))?;
    }
    let next: Option<i64> = db
        .prepare_cached("SELECT min(ready_at) FROM conversations WHERE ready_at IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(Claims { claims, next_ms: next.map(ms) })
}

/// Ends a turn, and claims the conversation's next event.
pub(super) fn commit(
    work: &mut Work,
    turn: &TurnRecord,
    ending: &Ending,
    now_ms: u64,
    lease_until_ms: u64,
) -> Result<Option<Claim>, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let Lease { event, conversation, .. } = turn.lease;
    let (tenant, bot) = holder(&work.db, &turn.lease)?.ok_or_else(|| Error::Stale(format!("event {event}")))?;
    match ending {
        Ending::Retry { at_ms } => {
            record(&work.db, &bot, turn)?;
            work.db
                .prepare_cached("UPDATE conversations SET leased = 0, tries = tries + 1, ready_at = ?2 WHERE id = ?1")?
                .execute([conversation, int(*at_ms)])?;
            work.turns_ready = true;
            Ok(None)
        }
        Ending::Done { state, owner, requests } => {
            let platform = if requests.is_empty() { String::new() } else { platform(&work.db, &bot)? };
            record(&work.db, &bot, turn)?;
            let status = if turn.cause.is_some() { 2 } else { 1 };
            end(&work.db, event, status, None, now_ms)?;
            remember(&work.db, conversation, state)?;
            let plan = Plan { tenant: &tenant, conversation, event, platform: &platform, requests };
            outbox::plan(work, &plan, now_ms)?;
            free(&work.db, turn, Some(owner), requests, now_ms)?;
            next(&work.db, conversation, lease_until_ms)
        }
        Ending::Passed { reason, owner, requests } => {
            // Its bot may be gone: what hands a conversation over is done all the same.
            let platform = if requests.is_empty() { String::new() } else { platform_once(&work.db, &bot)? };
            end(&work.db, event, 1, Some(reason), now_ms)?;
            let plan = Plan { tenant: &tenant, conversation, event, platform: &platform, requests };
            outbox::plan(work, &plan, now_ms)?;
            free(&work.db, turn, owner.as_ref(), requests, now_ms)?;
            next(&work.db, conversation, lease_until_ms)
        }
        Ending::Relayed => {
            record(&work.db, &bot, turn)?;
            end(&work.db, event, if turn.cause.is_some() { 2 } else { 1 }, None, now_ms)?;
            free(&work.db, turn, None, &[], now_ms)?;
            next(&work.db, conversation, lease_until_ms)
        }
    }
}

/// Ends an event.
fn end(db: &Connection, event: EventId, status: i64, ending: Option<&str>, now_ms: u64) -> Result<(), Error> {
    db.prepare_cached("UPDATE events SET status = ?2, ended_ms = ?3, ending = ?4 WHERE id = ?1")?.execute(params![
        event.0,
        status,
        int(now_ms),
        ending
    ])?;
    Ok(())
}

/// Gives the conversation's lease back and says who holds it after the turn; no owner: whoever the store says. A call that came
/// during the turn knows better than the turn does, unless what the turn sends changes it once more.
fn free(
    db: &Connection,
    turn: &TurnRecord,
    owner: Option<&Owner>,
    requests: &[Request],
    now_ms: u64,
) -> Result<(), Error> {
    let (conversation, event) = (turn.lease.conversation, turn.lease.event.0);
    let changes_hands = requests.iter().any(|request| ["hand-off", "take-over"].contains(&request.action));
    if let (true, Some(owner)) = (changes_hands, owner) {
        outbox::note_control(db, turn.lease.event, &owner_text(owner), now_ms)?;
    }
    db.prepare_cached(
        "UPDATE conversations SET owner = iif(?2 IS NOT NULL AND (?4 OR (owner IS ?3 AND owner_ms IS ?6)), ?2, owner), \
         owner_ms = iif(?4 AND ?2 IS NOT NULL AND owner IS NOT ?2, max(?5, coalesce(owner_ms + 1, 0)), owner_ms), \
         leased = 0, claims = 0, tries = 0 WHERE id = ?1",
    )?
    .execute(params![
        conversation,
        owner.map(owner_text),
        turn.owner_before.as_ref().map(owner_text),
        changes_hands,
        int(now_ms),
        turn.lease.owner_ms.map(int),
    ])?;
    // What follows seldom changes anything, and then writes nothing.
    let ongoing = match turn.ongoing {
        None => None,
        Some(true) => Some("UPDATE conversations SET ongoing = ?2 WHERE id = ?1 AND ongoing IS NULL"),
        // A customer may have written again meanwhile.
        Some(false) => Some(
            "UPDATE conversations SET ongoing = (SELECT min(id) FROM events e WHERE e.conversation = ?1 AND e.status = 0 \
             AND e.kind = 'message' AND e.id > ?2) WHERE id = ?1 AND ongoing <= ?2",
        ),
    };
    let handed_over = "UPDATE conversations SET leaving = 0 WHERE id = ?1 AND leaving = 1 \
                       AND (SELECT hand_over IS NOT NULL FROM events WHERE id = ?2)";
    for change in ongoing.into_iter().chain([handed_over]) {
        db.prepare_cached(change)?.execute([conversation, event])?;
    }
    Ok(())
}

/// Writes who holds a conversation while its turn is under way, unless a call has said so since the claim.
pub(super) fn hold(work: &mut Work, lease: &Lease, owner: &Owner) -> Result<(), Error> {
    holder(&work.db, lease)?.ok_or_else(|| Error::Stale(format!("event {}", lease.event)))?;
    work.db
        .prepare_cached("UPDATE conversations SET owner = ?2 WHERE id = ?1 AND owner_ms IS ?3")?
        .execute(params![lease.conversation, owner_text(owner), lease.owner_ms.map(int)])?;
    Ok(())
}

/// Gives claims back as if they had never been made. Those that are no longer held are somebody else's and are left alone;
/// the answer is an error only when none was held.
pub(super) fn release(work: &mut Work, leases: &[Lease], ready_ms: u64) -> Result<(), Error> {
    let mut released = 0;
    for lease in leases {
        released += work
            .db
            .prepare_cached(
                "UPDATE conversations SET leased = 0, claims = claims - 1, ready_at = ?3 \
                 WHERE id = ?1 AND fence = ?2 AND leased = 1",
            )?
            .execute([lease.conversation, lease.fence, int(ready_ms)])?;
    }
    match leases.first() {
        Some(lease) if released == 0 => Err(Error::Stale(format!("event {}", lease.event))),
        _ => {
            work.turns_ready |= released > 0;
            Ok(())
        }
    }
}

/// The tenant and the bot of a lease that is held.
fn holder(db: &Connection, lease: &Lease) -> Result<Option<(String, String)>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT c.tenant, c.bot FROM conversations c JOIN events e ON e.id = ?2 AND e.conversation = c.id AND e.status = 0 \
             WHERE c.id = ?1 AND c.fence = ?3 AND c.leased = 1",
        )?
        .query_row([lease.conversation, lease.event.0, lease.fence], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn platform(db: &Connection, bot: &str) -> Result<String, Error> {
    db.prepare_cached("SELECT platform FROM bots WHERE id = ?1")?
        .query_row([bot], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::Missing(format!("there is no bot {bot} in whose name to send")))
}

/// The platform of a bot that may have been removed since.
fn platform_once(db: &Connection, bot: &str) -> Result<String, Error> {
    db.prepare_cached("SELECT platform FROM bot_revisions WHERE bot = ?1 ORDER BY revision DESC LIMIT 1")?
        .query_row([bot], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::Missing(format!("there never was a bot {bot} in whose name to send")))
}

fn record(db: &Connection, bot: &str, turn: &TurnRecord) -> Result<(), Error> {
    db.prepare_cached(
        "INSERT INTO turns (event, attempt, digest, version, instructions, elapsed_us, memory_bytes, now_ms, seed, outcome, \
         cause_kind, cause, log, bot_revision, state_before, owner_before, activation, refusals, withheld, relayed, \
         owner_firm) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )?
    .execute(params![
        turn.lease.event.0,
        turn.attempt,
        turn.digest.as_ref().map(|digest| digest.as_str()),
        turn.version,
        int(turn.instructions),
        int(turn.elapsed_us),
        int(turn.memory_bytes),
        int(turn.now_ms),
        turn.seed.cast_signed(),
        turn.outcome,
        turn.cause.as_ref().map(|(kind, _)| *kind),
        turn.cause.as_ref().map(|(_, story)| story),
        turn.log,
        turn.bot_revision,
        turn.state_before,
        turn.owner_before.as_ref().map(owner_text),
        turn.activation,
        turn.refusals,
        turn.withheld,
        turn.relayed,
        turn.owner_firm,
    ])?;
    use_revision(db, bot, turn.bot_revision)
}

fn remember(db: &Connection, conversation: i64, state: &StateChange) -> Result<(), Error> {
    match state {
        StateChange::Keep => {}
        StateChange::Set(state) => {
            db.prepare_cached("INSERT OR REPLACE INTO states (conversation, state) VALUES (?1, ?2)")?
                .execute(params![conversation, state])?;
        }
        StateChange::Clear => {
            db.prepare_cached("DELETE FROM states WHERE conversation = ?1")?.execute([conversation])?;
        }
    }
    Ok(())
}

/// Claims the conversation's oldest pending event, or leaves the conversation idle.
fn next(db: &Connection, conversation: i64, lease_until_ms: u64) -> Result<Option<Claim>, Error> {
    let mut next = db.prepare_cached(heads!("WHERE c.id = ?1"))?.query_row([conversation], read_claim).optional()?;
    match &mut next {
        Some(claim) => lease(db, claim, lease_until_ms)?,
        None => {
            db.prepare_cached("UPDATE conversations SET ready_at = NULL WHERE id = ?1")?.execute([conversation])?;
        }
    }
    Ok(next)
}

/// Takes the lease that a claim needs: from now on every older fence is stale.
fn lease(db: &Connection, claim: &mut Claim, until_ms: u64) -> Result<(), Error> {
    claim.lease.fence += 1;
    db.prepare_cached(
        "UPDATE conversations SET leased = 1, fence = ?2, claims = claims + 1, ready_at = ?3 WHERE id = ?1",
    )?
    .execute([claim.lease.conversation, claim.lease.fence, int(until_ms)])?;
    Ok(())
}

/// Reads a row of [`heads!`]; its fence is the one before the lease is taken.
fn read_claim(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let (claims, tries): (u32, u32) = (row.get(2)?, row.get(3)?);
    Ok(Claim {
        lease: Lease {
            conversation: row.get(0)?,
            fence: row.get(1)?,
            event: EventId(row.get(8)?),
            owner_ms: row.get::<_, Option<i64>>(17)?.map(ms),
        },
        attempt: tries.saturating_add(1),
        crashes: claims.saturating_sub(tries),
        tenant: TenantName::from(row.get::<_, String>(4)?),
        bot: BotId::from(row.get::<_, String>(5)?),
        conversation: ConversationKey::from(row.get::<_, String>(6)?),
        owner: row.get::<_, Option<String>>(7)?.as_deref().and_then(read_owner),
        body: row.get::<_, Vec<u8>>(9)?.into(),
        accepted_ms: ms(row.get(10)?),
        state: row.get(11)?,
        bot_revision: row.get(12)?,
        hand_over: row.get(13)?,
        ongoing: row.get(14)?,
        delivery_id: row.get::<_, Option<String>>(15)?.and_then(|key| key.strip_prefix("delivery:").map(str::to_owned)),
        owner_firm: row.get(16)?,
        leaving: row.get(18)?,
    })
}

pub(super) fn owner_text(owner: &Owner) -> String {
    match owner {
        Owner::Agent => "agent".to_owned(),
        Owner::Bot(id) => format!("bot:{id}"),
    }
}

/// The way back of [`owner_text`].
pub(super) fn read_owner(text: &str) -> Option<Owner> {
    match text {
        "agent" => Some(Owner::Agent),
        _ => text.strip_prefix("bot:").map(|id| Owner::Bot(id.to_owned())),
    }
}
