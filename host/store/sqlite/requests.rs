//! Requests as a platform's API tells of them: deliveries and events, read back with a bounded amount of work.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::record::delivery_status;
use super::{count, ms};
use crate::domain::call::{CALL, RequestId, RequestOrigin, RequestRecord, RequestState, Requests, RequestsWanted};
use crate::domain::names::{BotId, EventId, TenantName};
use crate::store::{DeliveryStatus, Error};

/// How many rows of each kind a list looks at. Beyond it the list ends, full or not, and says that there may be more.
const EXAMINED_MAX: usize = 5000;

/// A list ends where its rows are older than asked for by more than this: numbers follow the order of arrival, and a clock may have
/// been set back meanwhile.
const CLOCK_STEP_MS: u64 = 3_600_000;

/// One of a tenant's requests on a platform.
pub(super) fn one(
    db: &Connection,
    tenant: &TenantName,
    platform: &str,
    id: RequestId,
) -> Result<Option<RequestRecord>, Error> {
    match id {
        RequestId::Delivery(id) => delivery(db, tenant, platform, id),
        RequestId::Event(event) => told(db, tenant, platform, event),
    }
}

/// A row as the filter sees it.
struct Candidate {
    id: RequestId,
    bot: String,
    state: RequestState,
    created_ms: u64,
}

/// A tenant's requests on a platform, the newest first.
pub(super) fn list(
    db: &Connection,
    tenant: &TenantName,
    platform: &str,
    wanted: &RequestsWanted,
) -> Result<Requests, Error> {
    // One snapshot, so that nothing moves between the two looks at a row.
    let db = &db.unchecked_transaction()?;
    let (mut candidates, mut more) = (Vec::new(), false);
    for (origin, sql, read) in [
        (RequestOrigin::Bot, SENT, sent_candidate as fn(&Row<'_>) -> rusqlite::Result<Candidate>),
        (RequestOrigin::Platform, TOLD, told_candidate),
    ] {
        if wanted.origin.is_none_or(|only| only == origin) {
            more |= examine(db, tenant, (sql, read), wanted, &mut candidates)?;
        }
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.created_ms));
    let mut found = Requests { items: Vec::new(), more };
    let mut bytes = 0;
    for candidate in candidates {
        if found.items.len() >= wanted.limit || bytes >= wanted.bytes_max {
            found.more = true;
            break;
        }
        let record = one(db, tenant, platform, candidate.id)?;
        bytes += record.as_ref().map_or(0, |record| record.payload.len());
        found.items.extend(record);
    }
    Ok(found)
}

const SENT: &str = "SELECT d.id, c.bot, d.status, d.created_ms FROM deliveries d CROSS JOIN conversations c ON c.id = d.conversation \
                    WHERE d.tenant = ?1 ORDER BY d.id DESC LIMIT ?2";

const TOLD: &str = "SELECT id, bot, status, accepted_ms, kind FROM events WHERE tenant = ?1 ORDER BY id DESC LIMIT ?2";

fn sent_candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    let state = state(delivery_status(row.get(2)?));
    Ok(Candidate { id: RequestId::Delivery(row.get(0)?), bot: row.get(1)?, state, created_ms: ms(row.get(3)?) })
}

/// A call was told nobody: it goes without a bot.
fn told_candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    let (id, state) = (RequestId::Event(EventId(row.get(0)?)), event_state(row.get(2)?));
    let bot = if row.get_ref(4)?.as_str()? == CALL { String::new() } else { row.get(1)? };
    Ok(Candidate { id, bot, state, created_ms: ms(row.get(3)?) })
}

/// Adds the newest rows of a kind that pass, a few more than can be shown at most. True when it stopped before their end.
fn examine(
    db: &Connection,
    tenant: &TenantName,
    (sql, read): (&str, fn(&Row<'_>) -> rusqlite::Result<Candidate>),
    wanted: &RequestsWanted,
    candidates: &mut Vec<Candidate>,
) -> Result<bool, Error> {
    let bots: HashSet<&str> = wanted.bots.iter().map(BotId::as_str).collect();
    let (mut examined, mut taken) = (0, 0);
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant.as_str(), count(EXAMINED_MAX)])?;
    while let Some(row) = rows.next()? {
        examined += 1;
        let candidate = read(row)?;
        if candidate.created_ms.saturating_add(CLOCK_STEP_MS) < wanted.from_ms {
            return Ok(false);
        }
        let passes = bots.contains(candidate.bot.as_str())
            && candidate.created_ms >= wanted.from_ms
            && (wanted.states.is_empty() || wanted.states.contains(&candidate.state));
        if passes {
            if taken == wanted.limit {
                return Ok(true);
            }
            taken += 1;
            candidates.push(candidate);
        }
    }
    Ok(examined == EXAMINED_MAX)
}

/// What was sent in a bot's name.
fn delivery(db: &Connection, tenant: &TenantName, platform: &str, id: i64) -> Result<Option<RequestRecord>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT c.bot, b.platform_id, b.network, b.channel, d.body, d.created_ms, d.status, a.at_ms, a.http_status, a.result, \
             coalesce(a.reason, d.last_error) FROM deliveries d \
             JOIN conversations c ON c.id = d.conversation JOIN events e ON e.id = d.event \
             JOIN bot_revisions b ON b.bot = c.bot AND b.revision = e.bot_revision \
             LEFT JOIN attempts a ON a.delivery = d.id \
                AND a.attempt = (SELECT max(attempt) FROM attempts WHERE delivery = d.id) \
             WHERE d.id = ?1 AND d.tenant = ?2 AND d.platform = ?3",
        )?
        .query_row(params![id, tenant.as_str(), platform], |row| {
            let state = state(delivery_status(row.get(6)?));
            let (created_ms, tried_ms) = (ms(row.get(5)?), row.get::<_, Option<i64>>(7)?.map(ms));
            let updated_ms = tried_ms.unwrap_or(created_ms);
            let http_status: Option<u16> = row.get(8)?;
            let code = http_status.map(|status| status.to_string());
            Ok(RequestRecord {
                id: RequestId::Delivery(id),
                bot: BotId::from(row.get::<_, String>(0)?),
                platform_id: row.get(1)?,
                network: row.get(2)?,
                channel: row.get(3)?,
                state,
                code: code.or(row.get(9)?),
                message: row.get(10)?,
                payload: row.get::<_, String>(4)?.into_bytes(),
                created_ms,
                completed_ms: (state != RequestState::Pending).then_some(updated_ms),
                updated_ms,
            })
        })
        .optional()?)
}

/// What a bot was told.
fn told(db: &Connection, tenant: &TenantName, platform: &str, event: EventId) -> Result<Option<RequestRecord>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT e.bot, b.platform_id, b.network, b.channel, e.body, e.accepted_ms, e.status, e.ended_ms, t.now_ms, t.cause_kind, \
             coalesce(t.cause, e.ending) FROM events e \
             JOIN bot_revisions b ON b.bot = e.bot AND b.revision = e.bot_revision \
             LEFT JOIN turns t ON t.event = e.id AND t.attempt = (SELECT max(attempt) FROM turns WHERE event = e.id) \
             WHERE e.id = ?1 AND e.tenant = ?2 AND b.platform = ?3 AND e.kind <> ?4",
        )?
        .query_row(params![event.0, tenant.as_str(), platform, CALL], |row| {
            let (created_ms, completed_ms) = (ms(row.get(5)?), row.get::<_, Option<i64>>(7)?.map(ms));
            let ran_ms = row.get::<_, Option<i64>>(8)?.map(ms);
            Ok(RequestRecord {
                id: RequestId::Event(event),
                bot: BotId::from(row.get::<_, String>(0)?),
                platform_id: row.get(1)?,
                network: row.get(2)?,
                channel: row.get(3)?,
                state: event_state(row.get(6)?),
                code: row.get(9)?,
                message: row.get(10)?,
                payload: row.get(4)?,
                created_ms,
                completed_ms,
                updated_ms: completed_ms.or(ran_ms).unwrap_or(created_ms),
            })
        })
        .optional()?)
}

fn state(status: DeliveryStatus) -> RequestState {
    match status {
        DeliveryStatus::Planned | DeliveryStatus::Sending => RequestState::Pending,
        DeliveryStatus::Sent => RequestState::Success,
        DeliveryStatus::Parked | DeliveryStatus::Unknown | DeliveryStatus::Dropped => RequestState::Error,
    }
}

/// How the database writes the status of an event.
fn event_state(code: i64) -> RequestState {
    match code {
        0 => RequestState::Pending,
        1 => RequestState::Success,
        _ => RequestState::Error,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::migrate::migrate;
    use super::{SENT, TOLD};

    #[test]
    fn a_list_reads_past_no_body() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for (sql, lookup) in [
            (SENT, "SEARCH d USING COVERING INDEX deliveries_tenant (tenant=?)"),
            // What it wants of an event stands before the body.
            (TOLD, "SEARCH events USING INDEX events_tenant (tenant=?)"),
        ] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = plan.query_map([None::<i64>, None], |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            assert_eq!(steps[0], lookup, "{sql}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
        }
    }
}
