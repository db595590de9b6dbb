//! Lists of events and deliveries, from the newest to the oldest, each page with a bounded amount of work.

use rusqlite::{Connection, Row, params};

use super::explain::head_of;
use super::record::{delivery_line, delivery_status};
use super::{count, ms};
use crate::domain::names::{BotId, ConversationKey, TenantName};
use crate::store::{
    DeliveriesWanted, DeliveryLine, DeliveryStatus, Error, EventHead, EventStatus, EventsWanted, Found,
};

/// How many rows a page looks at. Beyond it the page ends, full or not, and says where the next one begins.
const EXAMINED_MAX: usize = 5000;

/// How many conversations may have the same key: one for each of the tenant's bots.
const CONVERSATIONS_MAX: usize = 100;

/// A list ends where its events are older than `since_ms` by more than this: numbers follow the order of arrival, and a clock
/// may have been set back meanwhile.
const CLOCK_STEP_MS: u64 = 3_600_000;

const CONVERSATIONS: &str =
    "SELECT id FROM conversations WHERE tenant = ?1 AND key = ?2 AND (?3 IS NULL OR bot = ?3) LIMIT ?4";
const EVENTS: &str =
    "SELECT id, bot, status, accepted_ms FROM events WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
const EVENTS_OF: &str =
    "SELECT id, bot, status, accepted_ms FROM events WHERE conversation = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
const DELIVERIES: &str = "SELECT d.id, d.status, c.bot FROM deliveries d CROSS JOIN conversations c ON c.id = d.conversation \
     WHERE d.tenant = ?1 AND d.id < ?2 ORDER BY d.id DESC LIMIT ?3";
// Those that were given up are few among many, and have an index of their own; it is named, since the other one covers all of this.
const DELIVERIES_GIVEN_UP: &str = "SELECT d.id, d.status, c.bot FROM deliveries d INDEXED BY deliveries_given_up \
     CROSS JOIN conversations c ON c.id = d.conversation \
     WHERE d.tenant = ?1 AND d.id < ?2 AND d.status = ?4 AND d.status > 2 ORDER BY d.id DESC LIMIT ?3";
const DELIVERIES_OF: &str = "SELECT d.id, d.status, c.bot FROM deliveries d CROSS JOIN conversations c ON c.id = d.conversation \
     WHERE d.conversation = ?1 AND d.id < ?2 ORDER BY d.id DESC LIMIT ?3";

/// An event as the filter sees it.
struct Candidate {
    id: i64,
    bot: String,
    status: i64,
    accepted_ms: u64,
}

/// A tenant's events.
pub(super) fn events(db: &Connection, tenant: &TenantName, wanted: &EventsWanted) -> Result<Found<EventHead>, Error> {
    // One snapshot, so that nothing moves between the two looks at a row.
    let db = &db.unchecked_transaction()?;
    let filtered =
        wanted.bot.is_some() || wanted.status.is_some() || wanted.since_ms.is_some() || wanted.until_ms.is_some();
    let most = if filtered { EXAMINED_MAX } else { wanted.limit.saturating_add(1) };
    let candidates = candidates(db, tenant, wanted, most)?;
    let more = candidates.len() == most;
    let last = candidates.last().map(|candidate| candidate.id);
    let mut items = Vec::new();
    for candidate in candidates {
        if wanted.since_ms.is_some_and(|since| candidate.accepted_ms.saturating_add(CLOCK_STEP_MS) < since) {
            return Ok(Found { items, next: None });
        }
        if !passes(&candidate, wanted) {
            continue;
        }
        let head = head_of(db, tenant, candidate.id)?;
        items.extend(head.filter(|head| wanted.status.is_none_or(|status| head.status == status)));
        if items.len() >= wanted.limit {
            let next = (more || last != Some(candidate.id)).then_some(candidate.id);
            return Ok(Found { items, next });
        }
    }
    Ok(Found { items, next: last.filter(|_| more) })
}

fn passes(candidate: &Candidate, wanted: &EventsWanted) -> bool {
    let code = wanted.status.map(|status| match status {
        EventStatus::Waiting | EventStatus::Running => 0,
        EventStatus::Done => 1,
        EventStatus::Failed => 2,
    });
    wanted.bot.as_ref().is_none_or(|bot| bot.as_str() == candidate.bot)
        && code.is_none_or(|code| code == candidate.status)
        && wanted.since_ms.is_none_or(|since| candidate.accepted_ms >= since)
        && wanted.until_ms.is_none_or(|until| candidate.accepted_ms < until)
}

/// The newest events below the cursor: of the tenant, or of its conversations with the wanted key.
fn candidates(
    db: &Connection,
    tenant: &TenantName,
    wanted: &EventsWanted,
    most: usize,
) -> Result<Vec<Candidate>, Error> {
    let before = wanted.before.unwrap_or(i64::MAX);
    let Some(key) = &wanted.conversation else {
        let mut rows = db.prepare_cached(EVENTS)?;
        let rows = rows.query_map(params![tenant.as_str(), before, count(most)], candidate)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    };
    let mut all = Vec::new();
    for conversation in conversations(db, tenant, key, wanted.bot.as_ref())? {
        let mut rows = db.prepare_cached(EVENTS_OF)?;
        let rows = rows.query_map(params![conversation, before, count(most)], candidate)?;
        all.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    all.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.id));
    all.truncate(most);
    Ok(all)
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate { id: row.get(0)?, bot: row.get(1)?, status: row.get(2)?, accepted_ms: ms(row.get(3)?) })
}

/// The tenant's conversations with this key.
fn conversations(
    db: &Connection,
    tenant: &TenantName,
    key: &ConversationKey,
    bot: Option<&BotId>,
) -> Result<Vec<i64>, Error> {
    let mut rows = db.prepare_cached(CONVERSATIONS)?;
    let parameters = params![tenant.as_str(), key.as_str(), bot.map(BotId::as_str), count(CONVERSATIONS_MAX)];
    let rows = rows.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A tenant's deliveries.
pub(super) fn deliveries(
    db: &Connection,
    tenant: &TenantName,
    wanted: &DeliveriesWanted,
) -> Result<Found<DeliveryLine>, Error> {
    let db = &db.unchecked_transaction()?;
    let filtered = wanted.bot.is_some() || wanted.status.is_some();
    let most = if filtered { EXAMINED_MAX } else { wanted.limit.saturating_add(1) };
    let rows = requests(db, tenant, wanted, most)?;
    let (more, last) = (rows.len() == most, rows.last().map(|row| row.0));
    let mut items = Vec::new();
    for (id, status, bot) in rows {
        let passes = wanted.status.is_none_or(|wanted| wanted == delivery_status(status))
            && wanted.bot.as_ref().is_none_or(|wanted| wanted.as_str() == bot);
        if !passes {
            continue;
        }
        items.extend(delivery_line(db, tenant, id)?.map(|delivery| delivery.line));
        if items.len() >= wanted.limit {
            return Ok(Found { items, next: (more || last != Some(id)).then_some(id) });
        }
    }
    Ok(Found { items, next: last.filter(|_| more) })
}

/// The newest deliveries below the cursor, with status and bot: of the tenant, or of its conversations with the wanted key.
fn requests(
    db: &Connection,
    tenant: &TenantName,
    wanted: &DeliveriesWanted,
    most: usize,
) -> Result<Vec<(i64, i64, String)>, Error> {
    let before = wanted.before.unwrap_or(i64::MAX);
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let Some(key) = &wanted.conversation else {
        let rows = match wanted.status.and_then(given_up) {
            Some(status) => db
                .prepare_cached(DELIVERIES_GIVEN_UP)?
                .query_map(params![tenant.as_str(), before, count(most), status], row)?
                .collect::<Result<_, _>>(),
            None => db
                .prepare_cached(DELIVERIES)?
                .query_map(params![tenant.as_str(), before, count(most)], row)?
                .collect::<Result<_, _>>(),
        };
        return Ok(rows?);
    };
    let mut all = Vec::new();
    for conversation in conversations(db, tenant, key, wanted.bot.as_ref())? {
        let mut rows = db.prepare_cached(DELIVERIES_OF)?;
        let rows = rows.query_map(params![conversation, before, count(most)], row)?;
        all.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    all.sort_unstable_by_key(|(id, ..)| std::cmp::Reverse(*id));
    all.truncate(most);
    Ok(all)
}

/// How the database writes a status of those that were given up.
fn given_up(status: DeliveryStatus) -> Option<i64> {
    match status {
        DeliveryStatus::Parked => Some(3),
        DeliveryStatus::Unknown => Some(4),
        DeliveryStatus::Dropped => Some(5),
        DeliveryStatus::Planned | DeliveryStatus::Sending | DeliveryStatus::Sent => None,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::migrate::migrate;
    use super::{CONVERSATIONS, DELIVERIES, DELIVERIES_GIVEN_UP, DELIVERIES_OF, EVENTS, EVENTS_OF};

    /// How a statement finds its first rows.
    fn plan(db: &Connection, sql: &str) -> String {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let parameters = vec![rusqlite::types::Value::Null; plan.parameter_count()];
        plan.query_row(rusqlite::params_from_iter(parameters), |row| row.get(3)).unwrap()
    }

    #[test]
    fn no_list_looks_at_what_is_another_tenants() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for (sql, lookup) in [
            (CONVERSATIONS, "SEARCH conversations USING INDEX conversations_key (tenant=? AND key=?)"),
            (EVENTS, "SEARCH events USING INDEX events_tenant (tenant=? AND rowid<?)"),
            (EVENTS_OF, "SEARCH events USING INDEX events_conversation (conversation=? AND rowid<?)"),
            (DELIVERIES, "SEARCH d USING COVERING INDEX deliveries_tenant (tenant=? AND id<?)"),
            (DELIVERIES_GIVEN_UP, "SEARCH d USING INDEX deliveries_given_up (tenant=? AND status=? AND rowid<?)"),
            (DELIVERIES_OF, "SEARCH d USING INDEX deliveries_conversation (conversation=? AND rowid<?)"),
        ] {
            assert_eq!(plan(&db, sql), lookup, "{sql}");
        }
    }
}
