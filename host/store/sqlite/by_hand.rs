//! What an operator does by hand: failed events again, given-up requests again or not at all.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::bots::use_revision;
use super::outbox;
use super::record::delivery_status;
use super::writer::Work;
use super::{audit, int};
use crate::domain::actor::Actor;
use crate::domain::names::{EventId, TenantName};
use crate::store::{DeliveryStatus, Error};

/// Puts a failed event into the inbox again, as a new one behind everything that its conversation has.
pub(super) fn retry_event(
    work: &mut Work,
    tenant: &TenantName,
    event: EventId,
    actor: &Actor,
    now_ms: u64,
) -> Result<EventId, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let (bot, revision) = retriable(db, tenant, event)?;
    audit::room(db, tenant, actor, now_ms)?;
    let new = db
        .prepare_cached(
            "INSERT INTO events (conversation, bot, kind, accepted_ms, dedupe_until_ms, body, tenant, bot_revision, retry_of, \
             hand_over) \
             SELECT conversation, bot, kind, ?2, 0, body, tenant, ?3, id, hand_over FROM events WHERE id = ?1",
        )?
        .insert(params![event.0, int(now_ms), revision])?;
    use_revision(db, &bot, revision)?;
    let idle = db
        .prepare_cached(
            "UPDATE conversations SET ready_at = ?2 WHERE id = (SELECT conversation FROM events WHERE id = ?1) \
             AND ready_at IS NULL",
        )?
        .execute([event.0, int(now_ms)])?;
    audit::append(db, tenant, actor, "event.retry", &event.to_string(), &json!({ "event": new }), now_ms)?;
    work.turns_ready |= idle > 0;
    Ok(EventId(new))
}

/// The bot and the revision of it under which an event may be tried again.
fn retriable(db: &Connection, tenant: &TenantName, event: EventId) -> Result<(String, u32), Error> {
    let found: Option<(i64, bool, String, Option<u32>)> = db
        .prepare_cached(
            "SELECT e.status, e.stripped, e.bot, b.revision FROM events e LEFT JOIN bots b ON b.id = e.bot \
             WHERE e.id = ?1 AND e.tenant = ?2",
        )?
        .query_row(params![event.0, tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let (status, stripped, bot, revision) =
        found.ok_or_else(|| Error::Missing(format!("there is no event {event}")))?;
    let retried: Option<i64> =
        db.prepare_cached("SELECT max(id) FROM events WHERE retry_of = ?1")?.query_row([event.0], |row| row.get(0))?;
    let conflict = |why: String| Err(Error::Conflict(format!("event {event}: {why}")));
    match (status, retried, revision) {
        (0, _, _) => conflict("it waits for a turn; it is tried again by itself".to_owned()),
        (1, _, _) => conflict("the bot handled it; replay it instead".to_owned()),
        (_, Some(new), _) => conflict(format!("it was retried already, as event {new}")),
        _ if stripped => conflict("its body was forgotten to make room, so there is nothing to retry".to_owned()),
        (_, _, None) => conflict("its bot is no longer registered".to_owned()),
        (_, _, Some(revision)) => Ok((bot, revision)),
    }
}

/// Plans a request again that was given up. A person has decided that it may be sent, so what an earlier try may have done no
/// longer stands against it. One that changes who holds the conversation does so from now on.
pub(super) fn retry_delivery(
    work: &mut Work,
    tenant: &TenantName,
    id: i64,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let given_up = given_up(db, tenant, id)?;
    if !given_up.registered {
        return Err(Error::Conflict(format!("delivery {id}: its bot is no longer registered")));
    }
    audit::room(db, tenant, actor, now_ms)?;
    db.prepare_cached(
        "UPDATE deliveries SET status = 0, due_ms = ?2, forgiven = attempts, maybe_sent = 0, doubt_ms = NULL, \
         doubt_reference = NULL WHERE id = ?1",
    )?
    .execute([id, int(now_ms)])?;
    outbox::redo_control(db, id, now_ms)?;
    // While another request of the conversation is on its way, `send_at` is the end of that lease: it stays, and whoever
    // settles that request finds this one first. Otherwise the oldest open one is next, which may have to wait.
    let free = db
        .prepare_cached(
            "UPDATE conversations SET send_at = (SELECT due_ms FROM deliveries INDEXED BY deliveries_open \
             WHERE conversation = ?1 AND status < 2 ORDER BY id LIMIT 1) WHERE id = ?1 AND send_leased = 0",
        )?
        .execute([given_up.conversation])?;
    let details = json!({ "was": given_up.status.name() });
    audit::append(db, tenant, actor, "delivery.retry", &id.to_string(), &details, now_ms)?;
    work.deliveries_ready |= free > 0;
    Ok(())
}

/// Drops a request that was given up.
pub(super) fn drop_delivery(
    work: &mut Work,
    tenant: &TenantName,
    id: i64,
    actor: &Actor,
    now_ms: u64,
) -> Result<(), Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let given_up = given_up(&work.db, tenant, id)?;
    work.db.prepare_cached("UPDATE deliveries SET status = 5 WHERE id = ?1")?.execute([id])?;
    let details = json!({ "was": given_up.status.name() });
    audit::append(&work.db, tenant, actor, "delivery.drop", &id.to_string(), &details, now_ms)
}

/// A delivery that was given up.
struct GivenUp {
    conversation: i64,
    status: DeliveryStatus,
    /// Whether its bot is still there.
    registered: bool,
}

fn given_up(db: &Connection, tenant: &TenantName, id: i64) -> Result<GivenUp, Error> {
    let found = db
        .prepare_cached(
            "SELECT d.conversation, d.status, EXISTS (SELECT 1 FROM bots WHERE id = c.bot) \
             FROM deliveries d JOIN conversations c ON c.id = d.conversation WHERE d.id = ?1 AND d.tenant = ?2",
        )?
        .query_row(params![id, tenant.as_str()], |row| {
            Ok(GivenUp { conversation: row.get(0)?, status: delivery_status(row.get(1)?), registered: row.get(2)? })
        })
        .optional()?
        .ok_or_else(|| Error::Missing(format!("there is no delivery {id}")))?;
    match found.status {
        DeliveryStatus::Parked | DeliveryStatus::Unknown => Ok(found),
        other => Err(Error::Conflict(format!(
            "delivery {id} is {}; only one that is parked or unknown can be retried or dropped",
            other.name()
        ))),
    }
}
