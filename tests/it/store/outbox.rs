//! The outbox: a conversation's requests one after the other, and nothing hidden of one whose end was not seen.

use bothost::domain::delivery::{Delivery, Settlement};
use bothost::store::sqlite::Sqlite;
use bothost::store::{DeliveryLease, Error, Store};

use super::{LEASE, accept, claim_one, done, fresh, turn};

fn plan(store: &Sqlite, conversation: &str, bodies: &[&str], now_ms: u64) {
    accept(store, conversation, &format!("{conversation}-{}", bodies.join("-")), now_ms);
    let claim = claim_one(store, now_ms);
    store.commit(turn(&claim), done(bodies), now_ms, now_ms).wait().unwrap();
}

fn due(store: &Sqlite, now_ms: u64) -> Vec<Delivery> {
    store.due(now_ms, LEASE, 100).wait().unwrap().deliveries
}

fn due_one(store: &Sqlite, now_ms: u64) -> Delivery {
    let mut deliveries = due(store, now_ms);
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

fn lease(delivery: &Delivery) -> DeliveryLease {
    DeliveryLease { id: delivery.id, fence: delivery.fence }
}

fn settle(store: &Sqlite, delivery: &Delivery, settlement: Settlement, now_ms: u64) -> Result<Option<Delivery>, Error> {
    store.settle(lease(delivery), settlement, None, now_ms, now_ms + LEASE).wait()
}

fn sent() -> Settlement {
    Settlement::Sent { reference: Some("ref-1".to_owned()) }
}

fn again(at_ms: u64, ambiguous: bool) -> Settlement {
    Settlement::Again { at_ms, reason: "429".to_owned(), ambiguous }
}

fn parked(ambiguous: bool) -> Settlement {
    Settlement::Parked { reason: "400".to_owned(), ambiguous }
}

#[test]
fn requests_of_a_conversation_go_out_in_order_one_at_a_time() {
    let (place, store) = fresh();
    plan(&store, "c1", &["typing", "hello"], 10);
    plan(&store, "c2", &["other"], 11);
    plan(&store, "c1", &["later"], 12);
    let first = due(&store, 20);
    assert_eq!(first.iter().map(|delivery| delivery.body.as_str()).collect::<Vec<_>>(), ["typing", "other"]);
    assert_eq!((first[0].attempt, first[0].maybe_sent, first[0].platform.as_str()), (1, false, "khoros"));
    assert_eq!((first[0].tenant.as_str(), first[0].bot.as_str()), ("acme", "b1"));
    assert!(due(&store, 20).is_empty());
    let second = settle(&store, &first[0], sent(), 30).unwrap().unwrap();
    assert_eq!(second.body, "hello");
    let third = settle(&store, &second, sent(), 30).unwrap().unwrap();
    assert_eq!(third.body, "later");
    assert!(settle(&store, &third, sent(), 30).unwrap().is_none());
    assert_eq!(store.figures().unwrap().outbox, 1);
    assert_eq!(place.text("SELECT reference FROM deliveries WHERE body = 'later'"), "ref-1");
    assert_eq!(place.number("SELECT count(*) FROM attempts WHERE result = 'sent'"), 3);
    assert_eq!(store.due(30, LEASE, 9).wait().unwrap().next_ms, Some(20 + LEASE));
}

#[test]
fn a_retried_request_holds_back_the_next_until_its_time() {
    let (place, store) = fresh();
    plan(&store, "c1", &["one", "two"], 0);
    let first = due_one(&store, 0);
    assert!(settle(&store, &first, again(500, false), 10).unwrap().is_none());
    let waiting = store.due(499, LEASE, 9).wait().unwrap();
    assert!(waiting.deliveries.is_empty());
    assert_eq!(waiting.next_ms, Some(500));
    let second = due_one(&store, 500);
    assert_eq!((second.body.as_str(), second.attempt, second.maybe_sent), ("one", 2, false));
    assert!(settle(&store, &second, again(600, true), 510).unwrap().is_none());
    let third = due_one(&store, 600);
    assert_eq!((third.attempt, third.maybe_sent), (3, true));
    // Once it may have been sent, it stays so.
    settle(&store, &third, again(700, false), 610).unwrap();
    assert!(due_one(&store, 700).maybe_sent);
    assert_eq!(place.text("SELECT group_concat(result) FROM attempts"), "again,again,again");
}

#[test]
fn a_parked_request_lets_the_next_go() {
    let (place, store) = fresh();
    plan(&store, "c1", &["one", "two", "three"], 0);
    let first = due_one(&store, 0);
    let second = settle(&store, &first, parked(false), 10).unwrap().unwrap();
    let third = settle(&store, &second, parked(true), 20).unwrap().unwrap();
    assert_eq!(third.body, "three");
    assert_eq!(place.text("SELECT group_concat(status) FROM (SELECT status FROM deliveries ORDER BY id)"), "3,4,1");
    assert_eq!(place.text("SELECT group_concat(result) FROM attempts"), "parked,unknown");
    assert_eq!(place.text("SELECT last_error FROM deliveries LIMIT 1"), "400");
    let figures = store.figures().unwrap();
    assert_eq!((figures.outbox, figures.parked), (1, 2));
}

#[test]
fn a_request_that_is_put_back_is_due_at_once_and_was_no_try() {
    let (_place, store) = fresh();
    plan(&store, "a", &["first", "second"], 0);
    let first = due_one(&store, 10);
    store.put_back(lease(&first), 20, 20).wait().unwrap();
    assert!(matches!(store.put_back(lease(&first), 20, 20).wait(), Err(Error::Stale(_))), "the lease is gone");
    let again = due_one(&store, 20);
    assert_eq!((again.id, again.attempt, again.maybe_sent), (first.id, 1, false));
}

#[test]
fn a_stale_delivery_lease_settles_nothing() {
    let (place, store) = fresh();
    plan(&store, "c1", &["one"], 0);
    let old = due_one(&store, 0);
    let new = due_one(&store, LEASE);
    assert_eq!((new.id, new.attempt, new.maybe_sent), (old.id, 2, true));
    assert!(matches!(settle(&store, &old, sent(), LEASE), Err(Error::Stale(_))));
    assert_eq!(place.number("SELECT status FROM deliveries"), 1);
    // The first try's end was not seen, and the record says so.
    assert_eq!(place.text("SELECT group_concat(attempt || result) FROM attempts"), "1unknown");
    settle(&store, &new, sent(), LEASE).unwrap();
    assert!(matches!(settle(&store, &new, sent(), LEASE), Err(Error::Stale(_))));
}

#[test]
fn a_request_that_was_being_sent_when_the_process_ended_may_have_been_sent() {
    let (place, store) = fresh();
    plan(&store, "c1", &["one"], 0);
    plan(&store, "c2", &["untouched"], 0);
    assert_eq!(store.due(0, LEASE, 1).wait().unwrap().deliveries[0].body, "one");
    store.close();
    let store = place.open(5);
    let mut after = due(&store, 5);
    after.sort_by_key(|delivery| delivery.id);
    let seen: Vec<_> = after.iter().map(|d| (d.body.as_str(), d.attempt, d.maybe_sent)).collect();
    assert_eq!(seen, [("one", 2, true), ("untouched", 1, false)]);
}
