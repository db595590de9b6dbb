//! Calls: what a bot elsewhere asked for becomes an event that is done, with its request behind it, in one transaction.

use rusqlite::{Connection, OptionalExtension, params};

use super::bots;
use super::inbox::{owner_text, read_owner};
use super::outbox::{self, Plan};
use super::requests;
use super::writer::Work;
use super::{Sqlite, int, ms};
use crate::domain::call::{CALL, Call, Called, Held, RequestId, RequestRecord, Requests, RequestsWanted};
use crate::domain::names::{BotId, ConversationKey, EventId, TenantName};
use crate::store::{Calls, Error, Reply};

impl Calls for Sqlite {
    fn call(&self, call: Call) -> Reply<Called> {
        self.writer.submit(move |work| record(work, &call))
    }

    fn held(&self, tenant: &TenantName, bot: &BotId, conversation: &ConversationKey) -> Result<Held, Error> {
        self.readers
            .read(|db| Ok(conversation_of(db, tenant, bot, conversation)?.map(|(_, held)| held).unwrap_or_default()))
    }

    fn request(&self, tenant: &TenantName, platform: &str, id: RequestId) -> Result<Option<RequestRecord>, Error> {
        self.readers.read(|db| requests::one(db, tenant, platform, id))
    }

    fn requests(&self, tenant: &TenantName, platform: &str, wanted: &RequestsWanted) -> Result<Requests, Error> {
        self.readers.read(|db| requests::list(db, tenant, platform, wanted))
    }
}

/// Decides on the call as things are now, and records it.
fn record(work: &mut Work, call: &Call) -> Result<Called, Error> {
    work.latest_ms = work.latest_ms.max(call.now_ms);
    let (tenant, now) = (call.tenant.as_str(), int(call.now_ms));
    let (platform, revision) = work
        .db
        .prepare_cached("SELECT platform, revision FROM bots WHERE id = ?1 AND tenant = ?2")?
        .query_row([call.bot.as_str(), tenant], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)))
        .optional()?
        .ok_or_else(|| Error::Missing(format!("there is no bot {}", call.bot)))?;
    let known = conversation_of(&work.db, &call.tenant, &call.bot, &call.conversation)?;
    let held = known.as_ref().map(|(_, held)| held.clone()).unwrap_or_default();
    if let (Some(only_for), Some(owner)) = (&call.only_for, &held.owner)
        && owner != only_for
    {
        return Ok(Called::NotHeld(owner.clone()));
    }
    // Without a time of its own a change of hands is one that the caller cannot know of.
    if revision != call.bot_revision
        || call.known_ms.is_some_and(|known| held.since_ms.is_some_and(|since| since > known))
    {
        return Ok(Called::Changed);
    }
    let conversation = match known {
        Some((id, _)) => id,
        None => work
            .db
            .prepare_cached("INSERT INTO conversations (tenant, bot, key) VALUES (?1, ?2, ?3)")?
            .insert([tenant, call.bot.as_str(), call.conversation.as_str()])?,
    };
    let event = work
        .db
        .prepare_cached(
            "INSERT INTO events (conversation, bot, kind, status, accepted_ms, ended_ms, dedupe_until_ms, body, tenant, \
             bot_revision) VALUES (?1, ?2, ?3, 1, ?4, ?4, 0, ?5, ?6, ?7)",
        )?
        .insert(params![
            conversation,
            call.bot.as_str(),
            CALL,
            now,
            call.request.body.as_bytes(),
            tenant,
            call.bot_revision,
        ])?;
    let event = EventId(event);
    bots::use_revision(&work.db, call.bot.as_str(), call.bot_revision)?;
    let requests = std::slice::from_ref(&call.request);
    let plan = Plan { tenant, conversation, event, platform: &platform, requests };
    let delivery = outbox::plan(work, &plan, call.now_ms)?
        .ok_or_else(|| Error::Database(format!("event {event} was recorded without its request")))?;
    let since_ms = match &call.owner {
        None => held.since_ms,
        // No two changes have the same time, so that whoever knows of the first does not pass for knowing of the second.
        Some(owner) => {
            let since_ms = held.since_ms.map_or(call.now_ms, |since| call.now_ms.max(since.saturating_add(1)));
            outbox::note_control(&work.db, event, &owner_text(owner), call.now_ms)?;
            work.db
                .prepare_cached("UPDATE conversations SET owner = ?2, owner_ms = ?3 WHERE id = ?1")?
                .execute(params![conversation, owner_text(owner), int(since_ms)])?;
            Some(since_ms)
        }
    };
    Ok(Called::Recorded { event, delivery, since_ms })
}

/// The number of a conversation, and who holds it.
fn conversation_of(
    db: &Connection,
    tenant: &TenantName,
    bot: &BotId,
    key: &ConversationKey,
) -> Result<Option<(i64, Held)>, Error> {
    Ok(db
        .prepare_cached("SELECT id, owner, owner_ms FROM conversations WHERE bot = ?1 AND key = ?2 AND tenant = ?3")?
        .query_row([bot.as_str(), key.as_str(), tenant.as_str()], |row| {
            let owner = row.get::<_, Option<String>>(1)?.as_deref().and_then(read_owner);
            Ok((row.get(0)?, Held { owner, since_ms: row.get::<_, Option<i64>>(2)?.map(ms) }))
        })
        .optional()?)
}
