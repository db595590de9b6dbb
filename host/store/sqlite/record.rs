//! What became of an event, read back row by row.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ms;
use crate::domain::names::{BotId, ConversationKey, Digest, EventId, TenantName};
use crate::store::{
    DeliveryLine, DeliveryRecord, DeliverySeen, DeliveryStatus, Error, EventRecord, EventStatus, Try, TurnSeen,
};

/// Reads an event's record.
pub(super) fn read(db: &Connection, event: EventId) -> Result<Option<EventRecord>, Error> {
    // One snapshot, so that the turns and the deliveries belong to the status.
    let snapshot = db.unchecked_transaction()?;
    let mut status = snapshot.prepare_cached("SELECT status FROM events WHERE id = ?1")?;
    let status = status.query_row([event.0], |row| row.get(0)).optional()?;
    let Some(status) = status.map(|code| event_status(code, false)) else { return Ok(None) };
    let turns = "SELECT attempt, digest, version, instructions, elapsed_us, outcome, cause_kind, cause, log FROM turns \
                 WHERE event = ?1 ORDER BY attempt";
    let turns = snapshot.prepare_cached(turns)?.query_map([event.0], turn)?.collect::<Result<_, _>>()?;
    let deliveries = "SELECT action, body, status, attempts, last_error FROM deliveries WHERE event = ?1 ORDER BY id";
    let deliveries = snapshot.prepare_cached(deliveries)?.query_map([event.0], seen)?.collect::<Result<_, _>>()?;
    Ok(Some(EventRecord { event, status, turns, deliveries }))
}

/// Reads the first nine columns of a turn.
pub(super) fn turn(row: &Row<'_>) -> rusqlite::Result<TurnSeen> {
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

fn seen(row: &Row<'_>) -> rusqlite::Result<DeliverySeen> {
    Ok(DeliverySeen {
        action: row.get(0)?,
        body: row.get(1)?,
        status: delivery_status(row.get(2)?),
        attempts: row.get(3)?,
        last_error: row.get(4)?,
    })
}

/// What a [`DeliveryLine`] is made of; the body comes last.
macro_rules! deliveries {
    ($which:literal) => {
        concat!(
            "SELECT d.id, d.event, c.bot, c.key, d.platform, d.action, d.method, d.path, d.status, d.attempts, d.due_ms, \
             d.reference, d.last_error, d.body FROM deliveries d JOIN conversations c ON c.id = d.conversation ",
            $which
        )
    };
}

/// One of a tenant's deliveries.
pub(super) fn delivery(db: &Connection, tenant: &TenantName, id: i64) -> Result<Option<DeliveryRecord>, Error> {
    let db = &db.unchecked_transaction()?;
    delivery_line(db, tenant, id)?.map(|found| with_tries(db, found)).transpose()
}

/// One of a tenant's deliveries, without its tries.
pub(super) fn delivery_line(db: &Connection, tenant: &TenantName, id: i64) -> Result<Option<DeliveryRecord>, Error> {
    Ok(db
        .prepare_cached(deliveries!("WHERE d.id = ?1 AND d.tenant = ?2"))?
        .query_row(params![id, tenant.as_str()], delivery_record)
        .optional()?)
}

/// The deliveries of an event, in their order.
pub(super) fn deliveries_of(db: &Connection, event: EventId) -> Result<Vec<DeliveryRecord>, Error> {
    let mut found = db.prepare_cached(deliveries!("WHERE d.event = ?1 ORDER BY d.id"))?;
    let found: Vec<_> = found.query_map([event.0], delivery_record)?.collect::<Result<_, _>>()?;
    found.into_iter().map(|found| with_tries(db, found)).collect()
}

fn delivery_record(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let status = delivery_status(row.get(8)?);
    let waits = matches!(status, DeliveryStatus::Planned);
    let line = DeliveryLine {
        id: row.get(0)?,
        event: EventId(row.get(1)?),
        bot: BotId::from(row.get::<_, String>(2)?),
        conversation: ConversationKey::from(row.get::<_, String>(3)?),
        platform: row.get(4)?,
        action: row.get(5)?,
        method: row.get(6)?,
        path: row.get(7)?,
        status,
        attempts: row.get(9)?,
        next_ms: waits.then_some(ms(row.get(10)?)),
        reference: row.get(11)?,
        last_error: row.get(12)?,
    };
    Ok(DeliveryRecord { line, body: row.get(13)?, tries: Vec::new() })
}

fn with_tries(db: &Connection, mut delivery: DeliveryRecord) -> Result<DeliveryRecord, Error> {
    let mut tries = db.prepare_cached(
        "SELECT attempt, at_ms, result, reason, http_status, answer FROM attempts WHERE delivery = ?1 ORDER BY attempt",
    )?;
    let tries = tries.query_map([delivery.line.id], |row| {
        Ok(Try {
            attempt: row.get(0)?,
            at_ms: ms(row.get(1)?),
            result: row.get(2)?,
            reason: row.get(3)?,
            http_status: row.get(4)?,
            answer: row.get(5)?,
        })
    })?;
    delivery.tries = tries.collect::<Result<_, _>>()?;
    Ok(delivery)
}

/// `running`: whether the conversation's lease is on this event.
pub(super) fn event_status(code: i64, running: bool) -> EventStatus {
    match code {
        0 if running => EventStatus::Running,
        0 => EventStatus::Waiting,
        1 => EventStatus::Done,
        _ => EventStatus::Failed,
    }
}

pub(super) fn delivery_status(code: i64) -> DeliveryStatus {
    match code {
        0 => DeliveryStatus::Planned,
        1 => DeliveryStatus::Sending,
        2 => DeliveryStatus::Sent,
        3 => DeliveryStatus::Parked,
        4 => DeliveryStatus::Unknown,
        _ => DeliveryStatus::Dropped,
    }
}
