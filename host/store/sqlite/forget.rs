//! Forgetting: what ended long ago goes, and of what there is too much the oldest is stripped of its details; a bounded amount
//! at a time, so that the writer is never held up.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::writer::Work;
use super::{count, int};
use crate::store::Error;

/// How many rows of a table one call deletes before it stops. One event's own rows are never left half deleted, so the
/// last event may add a few.
const ROWS_MAX: usize = 1000;

/// How many revisions of bots one call deletes: each may hold a long configuration.
const REVISIONS_MAX: usize = 100;

/// How long, in milliseconds, whoever read a bot before it was replaced may still write what refers to that revision.
const UNDER_WAY_MS: u64 = 600_000;

/// The oldest event may have been accepted by as much later, in milliseconds, than a younger one: a clock may have been set back.
const CLOCK_STEP_MS: u64 = 3_600_000;

/// How long and how much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// Milliseconds after an event ended.
    pub(super) ms: u64,
    /// Events with their details.
    pub(super) events: u64,
    /// Bytes of details.
    pub(super) bytes: u64,
}

/// Forgets events that ended more than `keep.ms` ago, with their turns and deliveries. An event whose dedupe key still
/// counts, or with a delivery still to be sent, stays. A conversation that is over goes with its last event. Then forgets the revisions of bots that nothing refers to any more, and
/// strips what is beyond the limits of count and size. True when there is more to do.
pub(super) fn forget(work: &mut Work, now_ms: u64, keep: Keep) -> Result<bool, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let mut room = Room::default();
    let ended: Vec<i64> = db
        .prepare_cached(
            "SELECT id FROM events e WHERE ended_ms <= ?1 AND dedupe_until_ms <= ?2 \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = e.id AND status < 2) ORDER BY ended_ms LIMIT ?3",
        )?
        .query_map(params![int(now_ms.saturating_sub(keep.ms)), int(now_ms), count(ROWS_MAX)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for event in ended {
        room.clear(db, event)?;
        db.prepare_cached("UPDATE events SET retry_of = NULL WHERE retry_of = ?1")?.execute([event])?;
        let conversation: i64 = db
            .prepare_cached("DELETE FROM events WHERE id = ?1 RETURNING conversation")?
            .query_row([event], |row| row.get(0))?;
        forget_conversation(db, conversation)?;
        if room.is_used_up() {
            return Ok(true);
        }
    }
    let more = forget_revisions(db, now_ms)?;
    Ok(strip(db, keep, &mut room)? || more)
}

/// Forgets a conversation with its state once nothing is left of it: no event, nothing that waits, and no customer who is in
/// conversation with the bot. Should the customer write again, it begins anew.
fn forget_conversation(db: &Connection, conversation: i64) -> Result<(), Error> {
    let over = db
        .prepare_cached(
            "SELECT 1 FROM conversations c WHERE id = ?1 AND ready_at IS NULL AND send_at IS NULL AND ongoing IS NULL \
             AND NOT EXISTS (SELECT 1 FROM events WHERE conversation = c.id) \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE conversation = c.id)",
        )?
        .exists([conversation])?;
    if over {
        db.prepare_cached("DELETE FROM states WHERE conversation = ?1")?.execute([conversation])?;
        db.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([conversation])?;
    }
    Ok(())
}

/// Forgets revisions that were replaced: those that nothing ever referred to, and those from before the oldest event, since
/// events refer to what was there when they came or later.
fn forget_revisions(db: &Connection, now_ms: u64) -> Result<bool, Error> {
    let oldest: Option<i64> = db
        .prepare_cached("SELECT accepted_ms FROM events ORDER BY id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let unused = now_ms.saturating_sub(UNDER_WAY_MS);
    let used = oldest.map_or(now_ms, super::ms).min(now_ms).saturating_sub(UNDER_WAY_MS + CLOCK_STEP_MS);
    let forgotten = db
        .prepare_cached(
            "DELETE FROM bot_revisions WHERE (bot, revision) IN (SELECT bot, revision FROM bot_revisions \
             WHERE until_ms IS NOT NULL AND until_ms < iif(used, ?2, ?1) AND until_ms < ?1 ORDER BY until_ms LIMIT ?3)",
        )?
        .execute(params![int(unused), int(used), count(REVISIONS_MAX)])?;
    Ok(forgotten == REVISIONS_MAX)
}

/// How many rows were deleted: attempts, deliveries, turns, and events that were touched.
#[derive(Default)]
struct Room([usize; 4]);

impl Room {
    /// Deletes what hangs on an event.
    fn clear(&mut self, db: &Connection, event: i64) -> Result<(), Error> {
        let statements = [
            "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE event = ?1)",
            "DELETE FROM deliveries WHERE event = ?1",
            "DELETE FROM turns WHERE event = ?1",
        ];
        for (rows, statement) in self.0.iter_mut().zip(statements) {
            *rows += db.prepare_cached(statement)?.execute([event])?;
        }
        self.touch();
        Ok(())
    }

    /// Counts an event.
    fn touch(&mut self) {
        self.0[3] += 1;
    }

    fn is_used_up(&self) -> bool {
        self.0.iter().any(|rows| *rows >= ROWS_MAX)
    }
}

/// Strips events that ended while the tenants together keep the details of more than `keep.events` events or more than
/// `keep.bytes` of them: the oldest of the tenant that has most. So one tenant's flood costs another nothing, and what stripping
/// cannot free, such as the audit log, costs nobody anything. An event that is not over when it is passed keeps its details
/// until its time.
fn strip(db: &Connection, keep: Keep, room: &mut Room) -> Result<bool, Error> {
    while let Some(fullest) = fullest(db, keep)? {
        strip_some(db, &fullest, room)?;
        if room.is_used_up() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many events are passed before it is asked again who has most.
const AT_ONCE: i64 = 32;

/// Whose events are to be stripped, and how far.
struct Fullest {
    tenant: String,
    /// Its events up to this number had their turn.
    passed: i64,
    /// How many may be passed.
    events: i64,
    /// The bytes of details that end it; nothing: only the number does.
    down_to: Option<i64>,
}

/// The tenant that has most of what there is too much of. One that has no more bytes than an equal share of what may be kept
/// is left alone: what cannot be stripped of another's, because it still waits, is not taken from it.
fn fullest(db: &Connection, keep: Keep) -> Result<Option<Fullest>, Error> {
    let (events, bytes, tenants): (i64, i64, i64) = db
        .prepare_cached(
            "SELECT coalesce(sum(events), 0), coalesce(sum(bytes), 0), count(*) FILTER (WHERE bytes > 0) FROM details",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (too_many, too_large) = (events.saturating_sub(int(keep.events)), bytes.saturating_sub(int(keep.bytes)));
    if too_many > 0 {
        let most = "SELECT tenant, passed FROM details ORDER BY events DESC, tenant LIMIT 1";
        let read = |row: &Row<'_>| {
            Ok(Fullest { tenant: row.get(0)?, passed: row.get(1)?, events: too_many.min(AT_ONCE), down_to: None })
        };
        return Ok(db.prepare_cached(most)?.query_row([], read).optional()?);
    }
    if too_large <= 0 {
        return Ok(None);
    }
    let share = int(keep.bytes) / tenants.max(1);
    let most =
        "SELECT tenant, passed, bytes FROM details WHERE bytes > ?1 AND events > 0 ORDER BY bytes DESC, tenant LIMIT 1";
    let read = |row: &Row<'_>| {
        let down_to = row.get::<_, i64>(2)?.saturating_sub(too_large).max(share);
        Ok(Fullest { tenant: row.get(0)?, passed: row.get(1)?, events: AT_ONCE, down_to: Some(down_to) })
    };
    Ok(db.prepare_cached(most)?.query_row([share], read).optional()?)
}

/// Gives a tenant's next events their turn.
fn strip_some(db: &Connection, fullest: &Fullest, room: &mut Room) -> Result<(), Error> {
    let Fullest { tenant, passed, events, down_to } = fullest;
    let next: Vec<(i64, bool)> = db
        .prepare_cached(
            "SELECT id, stripped = 0 AND status > 0 \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = e.id AND status < 2) \
             FROM events e WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        )?
        .query_map(params![tenant, passed, events], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if next.is_empty() {
        // The number is off: none is left, and whoever asks on would ask for ever.
        db.prepare_cached("UPDATE details SET events = 0 WHERE tenant = ?1")?.execute([tenant])?;
        room.touch();
        return Ok(());
    }
    let mut pass =
        db.prepare_cached("UPDATE details SET passed = ?2, events = events - 1 WHERE tenant = ?1 RETURNING bytes")?;
    for (event, over) in next {
        if over {
            room.clear(db, event)?;
            db.prepare_cached("UPDATE events SET stripped = 1, body = x'' WHERE id = ?1")?.execute([event])?;
        } else {
            room.touch();
        }
        let bytes: i64 = pass.query_row(params![tenant, event], |row| row.get(0))?;
        if room.is_used_up() || down_to.is_some_and(|down_to| bytes <= down_to) {
            break;
        }
    }
    Ok(())
}
