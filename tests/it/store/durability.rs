//! What is acknowledged is on disk, and what is not had no effect.

use std::fs;
use std::time::Duration;

use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{Accepted, Archive as _, Error, Store};

use super::{LEASE, Place, accept, actor, arrival, body, bot, claim, claim_one, done, fresh, turn};

#[test]
fn reopening_keeps_everything() {
    let (place, store) = fresh();
    let first = accept(&store, "c1", "a", 0);
    let second = accept(&store, "c1", "b", 0);
    claim_one(&store, 0);
    store.close();
    let store = place.open(1);
    assert_eq!(store.accept(arrival("c1", "b", 1)).wait(), Ok(Accepted::Duplicate(second)));
    // The lease of the process before is void at once.
    let again = claim_one(&store, 1);
    assert_eq!((again.lease.event, body(&again)), (first, "a"));
    let next = store.commit(turn(&again), done(&["x"]), 1, 99).wait().unwrap().unwrap();
    assert_eq!(next.lease.event, second);
}

#[test]
fn what_is_acknowledged_is_in_the_files() {
    let (place, store) = fresh();
    for at in 0..20 {
        accept(&store, &format!("c{at}"), &format!("e{at}"), at);
    }
    // A copy of the files while the store runs is what a crash would leave.
    let copy = Place::new();
    for name in ["bothost.db", "bothost.db-wal", "master.key"] {
        fs::copy(place.directory.path().join(name), copy.directory.path().join(name)).unwrap();
    }
    assert_eq!(claim(&copy.open(100), 100).len(), 20);
}

#[test]
fn a_failed_commit_acknowledges_nothing_and_the_next_one_succeeds() {
    let (place, store) = fresh();
    // An event with this body breaks a rule that SQLite checks when it commits: every statement succeeds, the commit fails.
    place
        .peek()
        .execute_batch(
            "CREATE TABLE trouble (event INTEGER REFERENCES events (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER trouble AFTER INSERT ON events WHEN new.body = CAST('trouble' AS BLOB)
             BEGIN INSERT INTO trouble VALUES (-1); END;",
        )
        .unwrap();
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The writer may take the first alone; the others share a transaction.
    let _first = store.accept(arrival("c0", "first", 0));
    let replies = ["good", "trouble", "fine"].map(|key| (key, store.accept(arrival(key, key, 0))));
    blocker.execute_batch("ROLLBACK").unwrap();
    let answers = replies.map(|(key, reply)| (key, reply.wait()));
    for (key, answer) in &answers {
        let stored = place.number(&format!("SELECT count(*) FROM events WHERE dedupe_key = '{key}'")) == 1;
        assert_eq!(answer.is_ok(), stored, "{key}: {answer:?}");
    }
    assert!(matches!(answers[1].1, Err(Error::Database(_))), "{answers:?}");
    assert!(matches!(store.accept(arrival("c1", "trouble", 0)).wait(), Err(Error::Database(_))));
    assert!(matches!(store.ready(), Err(Error::Database(_))));
    // What failed was not remembered as seen: it is accepted once the trouble is over.
    place.peek().execute_batch("DROP TRIGGER trouble").unwrap();
    accept(&store, "c1", "trouble", 0);
    assert_eq!(store.ready(), Ok(()));
}

#[test]
fn a_verb_that_fails_half_way_leaves_nothing_and_hurts_no_other() {
    let (place, store) = fresh();
    place
        .peek()
        .execute_batch(
            "CREATE TRIGGER trouble BEFORE INSERT ON events WHEN new.body = CAST('trouble' AS BLOB)
             BEGIN SELECT raise(ABORT, 'planted'); END;",
        )
        .unwrap();
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let good: Vec<_> = (0..5).map(|at| store.accept(arrival("good", &format!("g{at}"), 0))).collect();
    let bad = store.accept(arrival("bad", "trouble", 0));
    let more: Vec<_> = (5..9).map(|at| store.accept(arrival("good", &format!("g{at}"), 0))).collect();
    blocker.execute_batch("ROLLBACK").unwrap();
    for reply in good.into_iter().chain(more) {
        assert!(matches!(reply.wait(), Ok(Accepted::New(_))));
    }
    assert_eq!(bad.wait(), Err(Error::Database("planted".to_owned())));
    // Its conversation, which it had written first, is not there.
    assert_eq!(place.text("SELECT group_concat(key) FROM conversations"), "good");
    assert_eq!(claim(&store, 0).len(), 1);
}

#[test]
fn a_full_database_refuses_and_recovers_without_a_restart() {
    let place = Place::new();
    place.open(0).close();
    let pages = u32::try_from(place.number("PRAGMA page_count")).unwrap();
    let settings = Settings { pages_max: Some(pages + 40), keep_ms: 0, ..place.settings() };
    let store = Sqlite::open(settings, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    let big = |at: usize| {
        let mut arrival = arrival("c1", &format!("e{at}"), 0);
        arrival.body = vec![b'x'; 8000].into();
        arrival
    };
    let stored = (0..1000).take_while(|at| store.accept(big(*at)).wait().is_ok()).count();
    assert!((5..40).contains(&stored), "{stored}");
    let refused = store.accept(big(stored)).wait();
    assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
    assert_eq!(place.number("SELECT count(*) FROM events"), i64::try_from(stored).unwrap());
    assert!(store.ready().is_err());
    // The probe finds it still full: it is queued before this verb, which writes nothing.
    store.due(0, LEASE, 1).wait().unwrap();
    // Turns end and are forgotten: there is room again.
    let mut next = Some(claim_one(&store, 0));
    while let Some(claim) = next {
        next = store.commit(turn(&claim), done(&[]), 1, 99).wait().unwrap();
    }
    store.forget(20_000).wait().unwrap();
    assert_eq!(place.number("SELECT count(*) FROM events"), 0);
    store.accept(big(stored)).wait().unwrap();
    assert_eq!(store.ready(), Ok(()));
}

#[test]
fn a_lock_that_stays_is_an_error_and_no_end() {
    let (place, store) = fresh();
    store.close();
    let store = Sqlite::open(Settings { busy_timeout: Duration::ZERO, ..place.settings() }, 0).unwrap();
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.accept(arrival("c1", "a", 0)).wait(), Err(Error::Database(_))));
    blocker.execute_batch("ROLLBACK").unwrap();
    // With no traffic it is `ready` itself that finds out: its probe is queued before this verb.
    assert!(store.ready().is_err());
    store.claim(0, LEASE, 1).wait().unwrap();
    assert_eq!(store.ready(), Ok(()));
}

#[test]
fn a_full_queue_refuses() {
    let (place, store) = fresh();
    store.close();
    let store = Sqlite::open(Settings { queue_max: 4, group_max: 2, ..place.settings() }, 0).unwrap();
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The writer holds a group of at most 2 and 4 wait: of 7 one is refused, whatever the timing.
    let replies: Vec<_> = (0..7).map(|at| store.accept(arrival("c1", &format!("e{at}"), 0))).collect();
    let full = store.ready();
    blocker.execute_batch("ROLLBACK").unwrap();
    let answers: Vec<_> = replies.into_iter().map(|reply| reply.wait()).collect();
    let refused = answers.iter().filter(|answer| **answer == Err(Error::Busy { waiting: 4 })).count();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(refused >= 1 && refused + taken == 7, "{answers:?}");
    assert_eq!(place.number("SELECT count(*) FROM events"), i64::try_from(taken).unwrap());
    assert!(matches!(full, Ok(()) | Err(Error::Busy { .. })));
    assert_eq!(store.ready(), Ok(()));
    accept(&store, "c1", "after", 0);
}

#[test]
fn what_waits_is_done_before_the_store_ends() {
    let (place, store) = fresh();
    let replies: Vec<_> = (0..50).map(|at| store.accept(arrival("c1", &format!("e{at}"), 0))).collect();
    store.close();
    // Nothing is left in the log.
    assert!(!place.directory.path().join("bothost.db-wal").exists());
    assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    assert_eq!(place.open(0).figures().unwrap().inbox, 50);
}

#[test]
fn verbs_that_wait_share_a_transaction() {
    let (place, store) = fresh();
    let before = store.figures().unwrap();
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let replies: Vec<_> = (0..64).map(|at| store.accept(arrival("c1", &format!("e{at}"), 0))).collect();
    blocker.execute_batch("ROLLBACK").unwrap();
    replies.into_iter().for_each(|reply| assert!(reply.wait().is_ok()));
    let after = store.figures().unwrap();
    assert_eq!(after.writes - before.writes, 64);
    // The group that found the lock, and the one that gathered behind it.
    assert!(after.commits - before.commits <= 2, "{after:?}");
}

#[test]
fn a_second_open_is_refused_until_the_first_ends() {
    let (place, store) = fresh();
    let refused = Sqlite::open(place.settings(), 0).unwrap_err();
    assert!(refused.to_string().contains("another process already serves"), "{refused}");
    store.close();
    place.open(0);
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let (place, store) = fresh();
    store.close();
    place.peek().execute_batch("PRAGMA user_version = 9000").unwrap();
    let refused = Sqlite::open(place.settings(), 0).unwrap_err();
    assert!(refused.to_string().contains("has schema version 9000"), "{refused}");
    assert_eq!(place.number("PRAGMA user_version"), 9000);
}

#[test]
fn ended_events_are_forgotten_a_bounded_number_at_a_time() {
    let place = Place::new();
    let store = Sqlite::open(Settings { keep_ms: 50_000, ..place.settings() }, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    let replies: Vec<_> = (0..1100).map(|at| store.accept(arrival("c1", &format!("e{at}"), 0))).collect();
    replies.into_iter().for_each(|reply| assert!(reply.wait().is_ok()));
    accept(&store, "c2", "unsent", 0);
    accept(&store, "c3", "pending", 0);
    for claimed in claim(&store, 0) {
        let mut next = (body(&claimed) != "pending").then_some(claimed);
        while let Some(claim) = next {
            let requests: &[&str] = if body(&claim) == "unsent" { &["x"] } else { &[] };
            next = store.commit(turn(&claim), done(requests), 100, 99_999).wait().unwrap();
        }
    }
    store.forget(50_099).wait().unwrap();
    assert_eq!(place.number("SELECT count(*) FROM events"), 1102);
    store.forget(50_100).wait().unwrap();
    assert_eq!(place.number("SELECT count(*) FROM events"), 102);
    store.forget(50_100).wait().unwrap();
    assert_eq!(place.text("SELECT group_concat(dedupe_key) FROM events"), "unsent,pending");
    assert_eq!(place.number("SELECT count(*) FROM turns"), 1);
}
