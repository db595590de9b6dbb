//! Forgetting: what ended long ago goes, a bounded amount at a time, so that the writer is never held up.

use rusqlite::params;

use super::writer::Work;
use super::{count, int};
use crate::store::Error;

/// How many rows of a table one call deletes before it stops. One event's own rows are never left half deleted, so the
/// last event may add a few.
const ROWS_MAX: usize = 1000;

/// Forgets events that ended more than `keep_ms` ago, with their turns and deliveries. An event whose dedupe key still
/// counts, or with a delivery still to be sent, stays.
pub(super) fn forget(work: &mut Work, now_ms: u64, keep_ms: u64) -> Result<(), Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let ended: Vec<i64> = db
        .prepare_cached(
            "SELECT id FROM events e WHERE ended_ms <= ?1 AND dedupe_until_ms <= ?2 \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = e.id AND status < 2) ORDER BY ended_ms LIMIT ?3",
        )?
        .query_map(params![int(now_ms.saturating_sub(keep_ms)), int(now_ms), count(ROWS_MAX)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut deleted = [0; 3];
    for event in ended {
        let statements = [
            "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE event = ?1)",
            "DELETE FROM deliveries WHERE event = ?1",
            "DELETE FROM turns WHERE event = ?1",
        ];
        for (rows, statement) in deleted.iter_mut().zip(statements) {
            *rows += db.prepare_cached(statement)?.execute([event])?;
        }
        db.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([event])?;
        if deleted.iter().any(|rows| *rows >= ROWS_MAX) {
            break;
        }
    }
    Ok(())
}
