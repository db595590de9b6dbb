//! Forgetting: what ended long ago goes, and of what there is too much the oldest is stripped of its details; a bounded amount
//! at a time, so that the writer is never held up.

use rusqlite::{Connection, params};

use super::writer::Work;
use super::{count, int};
use crate::store::Error;

/// How many rows of a table one call deletes before it stops. One event's own rows are never left half deleted, so the
/// last event may add a few.
const ROWS_MAX: usize = 1000;

/// How long and how much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// Milliseconds after an event ended.
    pub(super) ms: u64,
    /// Events with their details.
    pub(super) events: u64,
    /// Bytes of the database without its free pages.
    pub(super) bytes: u64,
}

/// Forgets events that ended more than `keep.ms` ago, with their turns and deliveries. An event whose dedupe key still
/// counts, or with a delivery still to be sent, stays. Then strips what is beyond the limits of count and size. True when
/// there is more to do.
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
        db.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([event])?;
        if room.is_used_up() {
            return Ok(true);
        }
    }
    strip(db, keep, &mut room)
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
        self.0[3] += 1;
        Ok(())
    }

    fn is_used_up(&self) -> bool {
        self.0.iter().any(|rows| *rows >= ROWS_MAX)
    }
}

/// Strips the oldest events that ended: those that are not among the newest `keep.events`, and as many more as it takes to come
/// below `keep.bytes`. Numbers are given in order, so that nothing has to be counted. An event that is not over when it
/// is passed keeps its details until its time.
fn strip(db: &Connection, keep: Keep, room: &mut Room) -> Result<bool, Error> {
    let at: i64 = db.prepare_cached("SELECT event FROM stripping")?.query_row([], |row| row.get(0))?;
    let newest: i64 = db.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))?;
    let too_many = newest.saturating_sub(int(keep.events));
    let last = if bytes(db)? > keep.bytes { newest } else { too_many };
    if last <= at {
        return Ok(false);
    }
    let passed: Vec<(i64, bool)> = db
        .prepare_cached(
            "SELECT id, stripped = 0 AND status > 0 \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = e.id AND status < 2) \
             FROM events e WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
        )?
        .query_map(params![at, last, count(ROWS_MAX)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let whole = passed.len() < ROWS_MAX;
    let mut reached = at;
    for (event, over) in passed {
        if over {
            room.clear(db, event)?;
            db.prepare_cached("UPDATE events SET stripped = 1, body = x'' WHERE id = ?1")?.execute([event])?;
        }
        reached = event;
        let enough = event >= too_many && bytes(db)? <= keep.bytes;
        if enough || room.is_used_up() {
            db.prepare_cached("UPDATE stripping SET event = ?1")?.execute([reached])?;
            return Ok(!enough);
        }
    }
    let reached = if whole { last } else { reached };
    db.prepare_cached("UPDATE stripping SET event = ?1")?.execute([reached])?;
    Ok(!whole)
}

/// What the database takes, without its free pages.
fn bytes(db: &Connection) -> Result<u64, Error> {
    let number = |pragma: &str| -> Result<u64, Error> {
        let number: i64 = db.prepare_cached(pragma)?.query_row([], |row| row.get(0))?;
        Ok(super::ms(number))
    };
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(pages.saturating_mul(number("PRAGMA page_size")?))
}
