//! Handing over: when a bot leaves LIVE, each conversation that it is in gets an event that gives it to an agent. That there
//! is something to hand over is written with the change itself; the events follow in steps of bounded size.

use rusqlite::{OptionalExtension as _, params};

use super::bots::use_revision;
use super::writer::Work;
use super::{count, int};
use crate::store::{Error, HAND_OVER};

/// How many conversations one step looks at.
const STEP: usize = 100;

/// A bot that leaves.
pub(super) struct Leaving<'a> {
    pub(super) bot: &'a str,
    /// Its registration as it is recorded.
    pub(super) revision: u32,
    /// Its id on the platform.
    pub(super) platform_id: &'a str,
}

/// Notes that the conversations that a bot holds now are to be handed over.
pub(super) fn note(work: &mut Work, leaving: &Leaving<'_>, reason: &str) -> Result<(), Error> {
    let Leaving { bot, revision, platform_id } = *leaving;
    let any = "SELECT EXISTS (SELECT 1 FROM conversations WHERE bot = ?1 AND ongoing IS NOT NULL)";
    if !work.db.prepare_cached(any)?.query_row([bot], |row| row.get(0))? {
        return Ok(());
    }
    work.db
        .prepare_cached(
            "INSERT INTO hand_overs (bot, revision, holder, reason, last_conversation, last_event) \
             SELECT ?1, ?2, ?3, ?4, coalesce((SELECT max(id) FROM conversations), 0), coalesce((SELECT max(id) FROM events), 0)",
        )?
        .execute(params![bot, revision, format!("bot:{platform_id}"), reason])?;
    use_revision(&work.db, bot, revision)?;
    work.hand_overs_ready = true;
    Ok(())
}

/// A bot that left LIVE.
struct Noted {
    id: i64,
    bot: String,
    revision: u32,
    holder: String,
    reason: String,
    passed: i64,
    last_conversation: i64,
    last_event: i64,
}

/// Gives the next conversations their event; true when there is more to do. An event waits behind those that its conversation
/// has already, so that it follows whatever the bot is doing there.
pub(super) fn step(work: &mut Work, now_ms: u64) -> Result<bool, Error> {
    work.latest_ms = work.latest_ms.max(now_ms);
    let noted = work
        .db
        .prepare_cached(
            "SELECT id, bot, revision, holder, reason, passed, last_conversation, last_event FROM hand_overs ORDER BY id LIMIT 1",
        )?
        .query_row([], |row| {
            Ok(Noted {
                id: row.get(0)?,
                bot: row.get(1)?,
                revision: row.get(2)?,
                holder: row.get(3)?,
                reason: row.get(4)?,
                passed: row.get(5)?,
                last_conversation: row.get(6)?,
                last_event: row.get(7)?,
            })
        })
        .optional()?;
    let Some(noted) = noted else { return Ok(false) };
    let found: Vec<(i64, bool)> = work
        .db
        .prepare_cached(
            "SELECT id, ongoing <= ?4 AND leaving = 0 AND coalesce(owner, ?5) = ?5 FROM conversations \
             WHERE bot = ?1 AND ongoing IS NOT NULL AND id > ?2 AND id <= ?3 ORDER BY id LIMIT ?6",
        )?
        .query_map(
            params![noted.bot, noted.passed, noted.last_conversation, noted.last_event, noted.holder, count(STEP)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<Result<_, _>>()?;
    for (conversation, theirs) in &found {
        if *theirs {
            insert(work, &noted, *conversation, now_ms)?;
        }
    }
    match found.last() {
        Some((passed, _)) if found.len() == STEP => {
            work.db.prepare_cached("UPDATE hand_overs SET passed = ?2 WHERE id = ?1")?.execute([noted.id, *passed])?;
        }
        _ => {
            work.db.prepare_cached("DELETE FROM hand_overs WHERE id = ?1")?.execute([noted.id])?;
        }
    }
    Ok(true)
}

/// A conversation's last message that is still there becomes its hand-over: of those that reached the bot, if any did. Without
/// one nothing could be said about it.
fn insert(work: &mut Work, noted: &Noted, conversation: i64, now_ms: u64) -> Result<(), Error> {
    let added = work
        .db
        .prepare_cached(
            "INSERT INTO events (conversation, bot, kind, accepted_ms, dedupe_until_ms, body, tenant, bot_revision, hand_over) \
             SELECT conversation, bot, ?5, ?2, 0, body, tenant, ?3, ?4 FROM events WHERE id = \
                (SELECT id FROM events WHERE conversation = ?1 AND kind = 'message' AND stripped = 0 \
                 ORDER BY ending IS NOT NULL, id DESC LIMIT 1)",
        )?
        .execute(params![conversation, int(now_ms), noted.revision, noted.reason, HAND_OVER])?;
    if added == 0 {
        tracing::warn!(conversation, "a conversation cannot be handed over: its last message was forgotten");
        return Ok(());
    }
    work.db
        .prepare_cached("UPDATE conversations SET leaving = 1, ready_at = coalesce(ready_at, ?2) WHERE id = ?1")?
        .execute([conversation, int(now_ms)])?;
    work.turns_ready = true;
    Ok(())
}
