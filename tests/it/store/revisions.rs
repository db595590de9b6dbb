//! What turns depend on of a registration: written when it changes, kept as long as something may refer to it.

use bothost::domain::bot::Target;
use bothost::domain::names::{ModuleName, TenantName};
use bothost::domain::secret::Secret;
use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{Archive as _, Error, Store};

use super::seal::of_the_release_before;
use super::{Place, accept, actor, arrival, bot, claim_one, done, fresh, turn};

const HOUR: u64 = 3_600_000;

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn runs(module: &str) -> Target {
    Target::Module { name: ModuleName::from(module), version: None }
}

fn put(store: &Sqlite, module: &str, now_ms: u64) -> u32 {
    let mut bot = bot("b1");
    (bot.target, bot.updated_ms) = (runs(module), now_ms);
    store.put_bot(bot.clone(), actor()).wait().unwrap();
    store.bot(&bot.id).unwrap().unwrap().revision
}

fn revisions(place: &Place) -> String {
    place
        .text("SELECT coalesce(group_concat(revision), '') FROM (SELECT revision FROM bot_revisions ORDER BY revision)")
}

fn forget(store: &Sqlite, now_ms: u64) {
    while store.forget(now_ms).wait().unwrap() {}
}

/// An event that ends in a turn under the revision of that moment.
fn ended(store: &Sqlite, dedupe: &str, revision: u32, now_ms: u64) {
    let arrival = bothost::store::Arrival { bot_revision: revision, ..arrival("c1", dedupe, now_ms) };
    store.accept(arrival).wait().unwrap();
    let claim = claim_one(store, now_ms);
    store.commit(turn(&claim), done(&[]), now_ms, now_ms).wait().unwrap();
}

#[test]
fn what_did_not_change_is_no_new_revision() {
    let (place, store) = fresh();
    assert_eq!((put(&store, "echo", 2), put(&store, "other", 3), put(&store, "other", 4)), (1, 2, 2));
    // Whoever read the bot to change it must see that its secret is another.
    let mut other = bot("b1");
    (other.target, other.credentials.secret) = (runs("other"), Secret::new("another"));
    store.put_bot(other.clone(), actor()).wait().unwrap();
    let found = store.bot(&other.id).unwrap().unwrap();
    assert_eq!((found.revision, found.credentials.secret.reveal()), (3, "another"));
    assert_eq!((put(&store, "echo", 5), revisions(&place).as_str()), (4, "1,2,3,4"));
    assert_eq!(place.number("SELECT count(*) FROM audit WHERE action = 'bot.put'"), 6, "each is in the audit log");
}

#[test]
fn revisions_go_when_nothing_refers_to_them_any_more() {
    let place = Place::new();
    let store = Sqlite::open(Settings { keep_ms: HOUR, ..place.settings() }, 0).unwrap();
    assert_eq!(put(&store, "one", 0), 1);
    ended(&store, "a", 1, 10);
    // Nothing ran under the second and the third.
    assert_eq!((put(&store, "two", 11), put(&store, "three", 12), put(&store, "four", 13)), (2, 3, 4));
    ended(&store, "b", 4, 14);
    assert_eq!(put(&store, "five", 15), 5);
    forget(&store, 600_000);
    assert_eq!(revisions(&place), "1,2,3,4,5", "what was read before may still be referred to");
    forget(&store, 700_000);
    assert_eq!(revisions(&place), "1,4,5");
    assert!(store.recording(&acme(), bothost::domain::names::EventId(1), None).unwrap().is_some());
    // The events are gone, and a younger one is there.
    ended(&store, "c", 5, 3 * HOUR);
    forget(&store, 3 * HOUR);
    assert_eq!(place.number("SELECT count(*) FROM events"), 1);
    assert_eq!(revisions(&place), "5");
    // The bot's last one goes with its last event.
    store.remove_bot(bot("b1").id, actor()).wait().unwrap();
    forget(&store, 3 * HOUR + 700_000);
    assert_eq!(revisions(&place), "5");
    forget(&store, 9 * HOUR);
    assert_eq!(revisions(&place), "");
}

#[test]
fn a_turn_from_before_revisions_is_explained_but_not_replayed() {
    let (place, _) = of_the_release_before();
    place
        .peek()
        .execute_batch(
            "INSERT INTO conversations (id, tenant, bot, key) VALUES (1, 'acme', 'b1', 'c1');
             INSERT INTO events (conversation, bot, kind, status, accepted_ms, ended_ms, dedupe_until_ms, body)
                 VALUES (1, 'b1', 'message', 1, 1, 2, 3, x'00'), (1, 'b1', 'message', 0, 2, NULL, 3, x'01');
             INSERT INTO turns (event, attempt, instructions, elapsed_us, memory_bytes, now_ms, seed, log, version, digest)
                 VALUES (1, 1, 1, 1, 1, 1, 1, '[]', 1, 'aa');
             UPDATE conversations SET ready_at = 2",
        )
        .unwrap();
    let store = place.open(9);
    let (old, waiting) = (bothost::domain::names::EventId(1), bothost::domain::names::EventId(2));
    let refused = store.recording(&acme(), old, None).unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
    assert!(refused.to_string().contains("event 1 was recorded before this version"), "{refused}");
    assert!(store.recording(&TenantName::from("other"), old, None).unwrap().is_none());
    let explained = store.explain(&acme(), old).unwrap().unwrap();
    assert_eq!(explained.turns[0].bot.as_ref().unwrap().target.module().unwrap().as_str(), "echo");
    // What waited has its turn, which can be replayed.
    let claim = claim_one(&store, 10);
    assert_eq!((claim.lease.event, claim.bot_revision), (waiting, 1));
    store.commit(turn(&claim), done(&[]), 10, 10).wait().unwrap();
    assert!(store.recording(&acme(), waiting, None).unwrap().is_some());
    accept(&store, "c1", "b", 20);
}
