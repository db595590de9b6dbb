//! What became of an event, read back.

use rusqlite::{Connection, OptionalExtension, Row};

use super::ms;
use crate::domain::names::{Digest, EventId};
use crate::store::{DeliverySeen, DeliveryStatus, Error, EventRecord, EventStatus, TurnSeen};

/// Reads an event's record.
pub(super) fn read(db: &Connection, event: EventId) -> Result<Option<EventRecord>, Error> {
    // One snapshot, so that the turns and the deliveries belong to the status.
    let snapshot = db.unchecked_transaction()?;
    let mut status = snapshot.prepare_cached("SELECT status FROM events WHERE id = ?1")?;
    let status = status.query_row([event.0], |row| row.get(0)).optional()?;
    let Some(status) = status.map(event_status) else { return Ok(None) };
    let turns = "SELECT attempt, digest, version, instructions, elapsed_us, outcome, cause_kind, cause, log FROM turns \
                 WHERE event = ?1 ORDER BY attempt";
    let turns = snapshot.prepare_cached(turns)?.query_map([event.0], turn)?.collect::<Result<_, _>>()?;
    let deliveries = "SELECT action, body, status, attempts, last_error FROM deliveries WHERE event = ?1 ORDER BY id";
    let deliveries = snapshot.prepare_cached(deliveries)?.query_map([event.0], delivery)?.collect::<Result<_, _>>()?;
    Ok(Some(EventRecord { event, status, turns, deliveries }))
}

fn turn(row: &Row<'_>) -> rusqlite::Result<TurnSeen> {
    let (kind, story): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(TurnSeen {
        attempt: row.get(0)?,
        digest: row.get::<_, Option<String>>(1)?.map(Digest::from),
        version: row.get(2)?,
        instructions: ms(row.get(3)?),
        elapsed_us: ms(row.get(4)?),
        outcome: row.get(5)?,
        cause: kind.zip(story),
        log: row.get(8)?,
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliverySeen> {
    Ok(DeliverySeen {
        action: row.get(0)?,
        body: row.get(1)?,
        status: delivery_status(row.get(2)?),
        attempts: row.get(3)?,
        last_error: row.get(4)?,
    })
}

fn event_status(code: i64) -> EventStatus {
    match code {
        0 => EventStatus::Pending,
        1 => EventStatus::Done,
        _ => EventStatus::Failed,
    }
}

fn delivery_status(code: i64) -> DeliveryStatus {
    match code {
        0 => DeliveryStatus::Planned,
        1 => DeliveryStatus::Sending,
        2 => DeliveryStatus::Sent,
        3 => DeliveryStatus::Parked,
        _ => DeliveryStatus::Unknown,
    }
}
