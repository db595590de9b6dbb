//! The outbox: the requests of each conversation, sent strictly one after the other.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Work;
use super::{count, int, ms};
use crate::domain::delivery::{Answered, Delivery, Doubt, Request, Settlement};
use crate::domain::names::{BotId, EventId, TenantName};
use crate::store::{Deliveries, DeliveryLease, Error};

/// A conversation's oldest open delivery. The index is named, so that it is never looked for among all that were ever sent.
macro_rules! heads {
    ($which:literal) => {
        concat!(
            "SELECT d.id, c.send_fence, c.tenant, d.platform, c.bot, d.event, d.action, d.method, d.path, d.body, \
             d.repeatable, d.attempts, d.maybe_sent, c.id, d.status, d.due_ms, d.forgiven, \
             coalesce((SELECT platform_id FROM bot_revisions WHERE bot = c.bot ORDER BY revision DESC LIMIT 1), ''), \
             d.leased_ms, d.doubt_ms, d.doubt_reference \
             FROM conversations c \
             JOIN deliveries d ON d.id = \
                (SELECT id FROM deliveries INDEXED BY deliveries_open \
                 WHERE conversation = c.id AND status < 2 ORDER BY id LIMIT 1) ",
            $which
        )
    };
}

/// What changes who holds a conversation.
const CONTROL: [&str; 2] = ["hand-off", "take-over"];

struct Head {
    /// As it would be sent: already with the fence and the attempt that a lease gives it.
    delivery: Delivery,
    conversation: i64,
    /// Whether somebody was sending it when it was last heard of.
    sending: bool,
    due_ms: u64,
    /// When its last try began.
    leased_ms: Option<u64>,
}

/// A turn's requests.
pub(super) struct Plan<'a> {
    pub(super) tenant: &'a str,
    pub(super) conversation: i64,
    pub(super) event: EventId,
    pub(super) platform: &'a str,
    pub(super) requests: &'a [Request],
}

/// Plans a turn's requests, behind those that the conversation has already, and returns the number of the last one.
pub(super) fn plan(work: &mut Work, plan: &Plan<'_>, now_ms: u64) -> Result<Option<i64>, Error> {
    let Plan { tenant, conversation, event, platform, requests } = *plan;
    if requests.is_empty() {
        return Ok(None);
    }
    let mut last = None;
    let mut insert = work.db.prepare_cached(
        "INSERT INTO deliveries (conversation, event, platform, action, method, path, body, repeatable, due_ms, tenant, created_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9)",
    )?;
    for request in requests {
        last = Some(insert.insert(params![
            conversation,
            event.0,
            platform,
            request.action,
            request.method,
            request.path,
            request.body,
            request.repeatable,
            int(now_ms),
            tenant,
        ])?);
    }
    if requests.iter().any(|request| CONTROL.contains(&request.action)) {
        work.db
            .prepare_cached("UPDATE conversations SET own_ms = ?2 WHERE id = ?1")?
            .execute([conversation, i64::MAX])?;
    }
    let idle = work
        .db
        .prepare_cached("UPDATE conversations SET send_at = ?2 WHERE id = ?1 AND send_at IS NULL")?
        .execute([conversation, int(now_ms)])?;
    work.deliveries_ready |= idle > 0;
    Ok(last)
}

/// Leases the next request of each conversation that is due.
pub(super) fn due(work: &mut Work, now_ms: u64, lease_ms: u64, limit: usize) -> Result<Deliveries, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let heads = db
        .prepare_cached(heads!("WHERE c.send_at <= ?1 ORDER BY c.send_at, c.id LIMIT ?2"))?
        .query_map(params![int(now_ms), count(limit)], read_head)?
        .collect::<Result<Vec<_>, _>>()?;
    let deliveries = heads
        .into_iter()
        .map(|head| lease(db, head, now_ms, now_ms.saturating_add(lease_ms)))
        .collect::<Result<Vec<_>, _>>()?;
    let next: Option<i64> = db
        .prepare_cached("SELECT min(send_at) FROM conversations WHERE send_at IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(Deliveries { deliveries, next_ms: next.map(ms) })
}

/// Records what became of a try, and leases the conversation's next request when it is due.
pub(super) fn settle(
    work: &mut Work,
    held: DeliveryLease,
    settlement: &Settlement,
    answered: Option<&Answered>,
    now_ms: u64,
    lease_until_ms: u64,
) -> Result<Option<Delivery>, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let db = &work.db;
    let (conversation, attempt, action) = holding(db, held)?;
    let told = answered.and_then(|answered| answered.reference.as_deref());
    let (status, due_ms, maybe_sent, reference, result, reason) = match settlement {
        Settlement::Sent { reference } => (2, now_ms, false, reference.as_deref(), "sent", None),
        Settlement::Again { at_ms, reason, ambiguous } => (0, *at_ms, *ambiguous, None, "again", Some(reason)),
        Settlement::Parked { reason, ambiguous: false } => (3, now_ms, false, None, "parked", Some(reason)),
        Settlement::Parked { reason, ambiguous: true } => (4, now_ms, true, None, "unknown", Some(reason)),
    };
    db.prepare_cached(
        "UPDATE deliveries SET status = ?2, due_ms = ?3, maybe_sent = max(maybe_sent, ?4), reference = ?5, \
         last_error = coalesce(?6, last_error) WHERE id = ?1",
    )?
    .execute(params![held.id, status, int(due_ms), maybe_sent, reference, reason])?;
    if CONTROL.contains(&action.as_str()) && status >= 2 {
        if status == 3 {
            undo_control(db, held.id, now_ms)?;
        }
        controlled(db, conversation, if status == 2 { now_ms } else { 0 })?;
    }
    // Whatever was in doubt before is settled, or known not to matter.
    if let Settlement::Again { ambiguous: true, .. } = settlement {
        let doubt = "UPDATE deliveries SET doubt_ms = leased_ms, doubt_reference = ?2 WHERE id = ?1";
        db.prepare_cached(doubt)?.execute(params![held.id, told])?;
    }
    record(db, &Ended { delivery: held.id, attempt, result, reason: reason.map(String::as_str), answered }, now_ms)?;
    let next = db.prepare_cached(heads!("WHERE c.id = ?1"))?.query_row([conversation], read_head).optional()?;
    match next {
        Some(head) if head.due_ms <= now_ms => lease(db, head, now_ms, lease_until_ms).map(Some),
        waiting => {
            let send_at = waiting.map(|head| int(head.due_ms));
            db.prepare_cached("UPDATE conversations SET send_leased = 0, send_at = ?2 WHERE id = ?1")?
                .execute(params![conversation, send_at])?;
            work.deliveries_ready |= send_at.is_some();
            Ok(None)
        }
    }
}

/// Makes a leased request due at `due_ms` as if it had not been leased.
pub(super) fn put_back(work: &mut Work, held: DeliveryLease, due_ms: u64, now_ms: u64) -> Result<(), Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let (conversation, _, _) = holding(&work.db, held)?;
    work.db
        .prepare_cached("UPDATE deliveries SET status = 0, attempts = attempts - 1, due_ms = ?2 WHERE id = ?1")?
        .execute([held.id, int(due_ms)])?;
    work.db
        .prepare_cached("UPDATE conversations SET send_leased = 0, send_at = ?2 WHERE id = ?1")?
        .execute([conversation, int(due_ms)])?;
    work.deliveries_ready = true;
    Ok(())
}

/// A hand-off or take-over ended, and no other one is on its way: from now on events know of it, or of none.
fn controlled(db: &Connection, conversation: i64, own_ms: u64) -> Result<(), Error> {
    db.prepare_cached(
        "UPDATE conversations SET own_ms = ?2 WHERE id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM deliveries WHERE conversation = ?1 AND status < 2 AND action IN ('hand-off', 'take-over'))",
    )?
    .execute([conversation, int(own_ms)])?;
    Ok(())
}

/// Notes with the last hand-off or take-over of an event what it changes, before the conversation says so.
pub(super) fn note_control(db: &Connection, event: EventId, owner: &str, now_ms: u64) -> Result<(), Error> {
    db.prepare_cached(
        "UPDATE deliveries SET (owner_before, owner_before_ms, owner_after, owner_after_ms) = \
         (SELECT owner, owner_ms, ?2, max(?3, coalesce(owner_ms + 1, 0)) FROM conversations WHERE id = deliveries.conversation) \
         WHERE id = (SELECT max(id) FROM deliveries WHERE event = ?1 AND action IN ('hand-off', 'take-over'))",
    )?
    .execute(params![event.0, owner, int(now_ms)])?;
    Ok(())
}

/// A hand-off or take-over was refused: whoever held the conversation before does so still, unless it changed hands since. Then
/// that is what was before the next change.
fn undo_control(db: &Connection, delivery: i64, now_ms: u64) -> Result<(), Error> {
    let undone = db
        .prepare_cached(
            "UPDATE conversations SET owner = d.owner_before, owner_ms = max(?2, d.owner_after_ms + 1) FROM deliveries d \
             WHERE d.id = ?1 AND conversations.id = d.conversation AND conversations.owner_ms = d.owner_after_ms",
        )?
        .execute([delivery, int(now_ms)])?;
    if undone == 0 {
        db.prepare_cached(
            "UPDATE deliveries SET owner_before = d.owner_before, owner_before_ms = d.owner_before_ms \
             FROM (SELECT conversation, owner_before, owner_before_ms, owner_after_ms FROM deliveries WHERE id = ?1) AS d \
             WHERE deliveries.conversation = d.conversation AND deliveries.status < 2 \
             AND deliveries.owner_before_ms = d.owner_after_ms",
        )?
        .execute([delivery])?;
    }
    Ok(())
}

/// Makes the change of a hand-off or take-over again that is to be sent again.
pub(super) fn redo_control(db: &Connection, delivery: i64, now_ms: u64) -> Result<(), Error> {
    db.prepare_cached(
        "UPDATE deliveries SET (owner_before, owner_before_ms, owner_after_ms) = \
         (SELECT owner, owner_ms, max(?2, coalesce(owner_ms + 1, 0)) FROM conversations WHERE id = deliveries.conversation) \
         WHERE id = ?1 AND owner_after IS NOT NULL",
    )?
    .execute([delivery, int(now_ms)])?;
    db.prepare_cached(
        "UPDATE conversations SET own_ms = ?2, owner = coalesce(d.owner_after, owner), \
         owner_ms = coalesce(d.owner_after_ms, owner_ms) FROM deliveries d \
         WHERE d.id = ?1 AND conversations.id = d.conversation AND d.action IN ('hand-off', 'take-over')",
    )?
    .execute([delivery, i64::MAX])?;
    Ok(())
}

/// The conversation of a delivery, the number of its try and its action, as long as the lease is held.
fn holding(db: &Connection, held: DeliveryLease) -> Result<(i64, u32, String), Error> {
    db.prepare_cached(
        "SELECT c.id, d.attempts, d.action FROM deliveries d JOIN conversations c ON c.id = d.conversation \
         WHERE d.id = ?1 AND d.status = 1 AND c.send_fence = ?2 AND c.send_leased = 1",
    )?
    .query_row([held.id, held.fence], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    .optional()?
    .ok_or_else(|| Error::Stale(format!("delivery {}", held.id)))
}

/// Hands a delivery out. One that somebody was sending ended unseen: that try is recorded as unknown.
fn lease(db: &Connection, head: Head, now_ms: u64, until_ms: u64) -> Result<Delivery, Error> {
    let Head { mut delivery, conversation, sending, leased_ms, .. } = head;
    if sending {
        delivery.maybe_sent = true;
        // It may have ended while the platform was asked for an earlier one: that one stays in doubt as well.
        let since_ms = delivery.doubt.take().map(|doubt| doubt.since_ms).or(leased_ms);
        delivery.doubt = since_ms.map(|since_ms| Doubt { since_ms, reference: None });
        let doubt =
            "UPDATE deliveries SET doubt_ms = coalesce(doubt_ms, leased_ms), doubt_reference = NULL WHERE id = ?1";
        db.prepare_cached(doubt)?.execute([delivery.id])?;
        let reason = Some("its sender was not heard of again");
        let attempt = delivery.attempt - 1;
        record(db, &Ended { delivery: delivery.id, attempt, result: "unknown", reason, answered: None }, now_ms)?;
    }
    db.prepare_cached(
        "UPDATE deliveries SET status = 1, attempts = ?2, maybe_sent = ?3, leased_ms = ?4 WHERE id = ?1",
    )?
    .execute(params![delivery.id, delivery.attempt, delivery.maybe_sent, int(now_ms)])?;
    db.prepare_cached("UPDATE conversations SET send_leased = 1, send_fence = ?2, send_at = ?3 WHERE id = ?1")?
        .execute([conversation, delivery.fence, int(until_ms)])?;
    Ok(delivery)
}

/// A try that ended.
struct Ended<'a> {
    delivery: i64,
    attempt: u32,
    result: &'a str,
    reason: Option<&'a str>,
    answered: Option<&'a Answered>,
}

fn record(db: &Connection, ended: &Ended<'_>, at_ms: u64) -> Result<(), Error> {
    let Ended { delivery, attempt, result, reason, answered } = *ended;
    let (status, text) = (answered.map(|answered| answered.status), answered.map(|answered| answered.text.as_str()));
    let reference = answered.and_then(|answered| answered.reference.as_deref());
    db.prepare_cached(
        "INSERT INTO attempts (delivery, attempt, at_ms, result, reason, http_status, answer, reference) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![delivery, attempt, int(at_ms), result, reason, status, text, reference])?;
    Ok(())
}

/// Reads a row of [`heads!`].
fn read_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        delivery: Delivery {
            id: row.get(0)?,
            fence: row.get::<_, i64>(1)? + 1,
            tenant: TenantName::from(row.get::<_, String>(2)?),
            platform: row.get(3)?,
            bot: BotId::from(row.get::<_, String>(4)?),
            event: EventId(row.get(5)?),
            action: row.get(6)?,
            method: row.get(7)?,
            path: row.get(8)?,
            body: row.get(9)?,
            repeatable: row.get(10)?,
            attempt: row.get::<_, u32>(11)?.saturating_add(1),
            maybe_sent: row.get(12)?,
            forgiven: row.get(16)?,
            app: row.get(17)?,
            doubt: match row.get::<_, Option<i64>>(19)? {
                Some(since_ms) => Some(Doubt { since_ms: ms(since_ms), reference: row.get(20)? }),
                None => None,
            },
        },
        conversation: row.get(13)?,
        sending: row.get::<_, i64>(14)? == 1,
        due_ms: ms(row.get(15)?),
        leased_ms: row.get::<_, Option<i64>>(18)?.map(ms),
    })
}
