//! The record: what explains an event, lists of bounded work, what is done by hand, and what is forgotten to make room.

use bothost::domain::delivery::{Answered, Delivery, Settlement};
use bothost::domain::event::Owner;
use bothost::domain::names::{BotId, ConversationKey, EventId, TenantName};
use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{
    Accepted, Archive, DeliveriesWanted, DeliveryLease, DeliveryStatus, Ending, Error, EventStatus, EventsWanted, Store,
};

use super::{LEASE, Place, accept, actor, arrival, bot, claim, claim_one, done, failed_turn, fresh, turn};

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn other() -> TenantName {
    TenantName::from("other")
}

/// An event that ended with these requests.
fn ended(store: &Sqlite, conversation: &str, dedupe: &str, bodies: &[&str], now_ms: u64) -> EventId {
    let event = accept(store, conversation, dedupe, now_ms);
    let claim = claim_one(store, now_ms);
    assert!(store.commit(turn(&claim), done(bodies), now_ms, now_ms).wait().unwrap().is_none());
    event
}

fn failed(store: &Sqlite, conversation: &str, dedupe: &str, now_ms: u64) -> EventId {
    let event = accept(store, conversation, dedupe, now_ms);
    let claim = claim_one(store, now_ms);
    store.commit(failed_turn(&claim), done(&[]), now_ms, now_ms).wait().unwrap();
    event
}

fn due_one(store: &Sqlite, now_ms: u64) -> Delivery {
    let mut due = store.due(now_ms, LEASE, 100).wait().unwrap().deliveries;
    assert_eq!(due.len(), 1, "{due:?}");
    due.remove(0)
}

fn settle(store: &Sqlite, delivery: &Delivery, settlement: Settlement, now_ms: u64) -> Option<Delivery> {
    let lease = DeliveryLease { id: delivery.id, fence: delivery.fence };
    let answered = Some(Answered { status: 403, text: "no".to_owned(), reference: None });
    store.settle(lease, settlement, answered, now_ms, now_ms + LEASE).wait().unwrap()
}

fn parked(ambiguous: bool) -> Settlement {
    Settlement::Parked { reason: "403: no".to_owned(), ambiguous }
}

#[test]
fn an_event_is_explained_to_its_tenant_alone() {
    let (_place, store) = fresh();
    let event = ended(&store, "c1", "a", &["hello"], 10);
    for now_ms in [20, 30] {
        let again = store.accept(arrival("c1", "a", now_ms)).wait().unwrap();
        assert_eq!(again, Accepted::Duplicate(event));
    }
    let delivery = due_one(&store, 10);
    settle(&store, &delivery, parked(false), 40);
    let found = store.explain(&acme(), event).unwrap().unwrap();
    assert_eq!((found.head.duplicates, found.head.duplicate_ms), (2, Some(30)));
    assert_eq!((found.head.status, found.head.bot_revision), (EventStatus::Done, 1));
    assert_eq!(found.bot.unwrap().target.module().unwrap().as_str(), "echo");
    let last = &found.deliveries[0].tries[0];
    assert_eq!((last.http_status, last.answer.as_deref(), last.result.as_str()), (Some(403), Some("no"), "parked"));
    assert!(store.explain(&other(), event).unwrap().is_none());
    assert!(store.recording(&other(), event, None).unwrap().is_none());
    assert!(store.delivery(&other(), delivery.id).unwrap().is_none());
    assert!(store.events(&other(), &EventsWanted { limit: 9, ..EventsWanted::default() }).unwrap().items.is_empty());
    let all = DeliveriesWanted { limit: 9, ..DeliveriesWanted::default() };
    assert!(store.deliveries(&other(), &all).unwrap().items.is_empty());
    assert!(matches!(store.retry_delivery(other(), delivery.id, actor(), 50).wait(), Err(Error::Missing(_))));
    assert!(matches!(store.drop_delivery(other(), delivery.id, actor(), 50).wait(), Err(Error::Missing(_))));
    assert!(matches!(store.retry_event(other(), event, actor(), 50).wait(), Err(Error::Missing(_))));
}

#[test]
fn a_recording_holds_what_the_turn_depended_on() {
    let (_place, store) = fresh();
    accept(&store, "c1", "a", 10);
    let first = claim_one(&store, 10);
    let state = bothost::domain::turn::StateChange::Set("one".to_owned());
    let ending = Ending::Done { state, owner: Owner::Bot("app-1".to_owned()), requests: Vec::new() };
    store.commit(turn(&first), ending, 10, 10).wait().unwrap();
    let event = accept(&store, "c1", "b", 20);
    let second = claim_one(&store, 20);
    let retry = Ending::Retry { at_ms: 30 };
    store.commit(failed_turn(&second), retry, 20, 20).wait().unwrap();
    let third = claim_one(&store, 30);
    store.commit(turn(&third), done(&[]), 30, 30).wait().unwrap();
    let last = store.recording(&acme(), event, None).unwrap().unwrap();
    assert_eq!((last.turn.attempt, last.seed, last.now_ms), (2, u64::MAX, 7));
    assert_eq!((last.state_before.as_deref(), &last.body[..]), (Some("one"), &b"b"[..]));
    assert_eq!(last.owner_before, Some(Owner::Bot("app-1".to_owned())));
    let first = store.recording(&acme(), event, Some(1)).unwrap().unwrap();
    assert_eq!(first.turn.cause.unwrap().0, "trap");
    assert!(store.recording(&acme(), event, Some(3)).unwrap().is_none());
}

#[test]
fn lists_are_filtered_and_go_on_where_they_stopped() {
    let (place, store) = fresh();
    for at in 0..6 {
        ended(&store, if at % 2 == 0 { "even" } else { "odd" }, &format!("e{at}"), &["x"], 100 + at);
    }
    failed(&store, "odd", "bad", 200);
    accept(&store, "even", "new", 300);
    let list = |wanted: EventsWanted| {
        let found = store.events(&acme(), &wanted).unwrap();
        (found.items.iter().map(|head| head.event.0).collect::<Vec<_>>(), found.next)
    };
    let page = |before, limit| EventsWanted { before, limit, ..EventsWanted::default() };
    assert_eq!(list(page(None, 5)), (vec![8, 7, 6, 5, 4], Some(4)));
    assert_eq!(list(page(Some(4), 5)), (vec![3, 2, 1], None));
    assert_eq!(list(page(None, 8)), (vec![8, 7, 6, 5, 4, 3, 2, 1], None));
    let of = |key: &str| EventsWanted { conversation: Some(ConversationKey::from(key)), ..page(None, 9) };
    assert_eq!(list(of("odd")).0, [7, 6, 4, 2]);
    let requests = |before, limit, bot: Option<&str>| {
        let conversation = Some(ConversationKey::from("odd"));
        let bot = bot.map(BotId::from);
        let found = store.deliveries(&acme(), &DeliveriesWanted { conversation, bot, status: None, before, limit });
        let found = found.unwrap();
        (found.items.iter().map(|line| line.id).collect::<Vec<_>>(), found.next)
    };
    assert_eq!(requests(None, 2, None), (vec![6, 4], Some(4)));
    assert_eq!(requests(Some(4), 2, None), (vec![2], None));
    assert_eq!(requests(None, 9, Some("b1")).0, [6, 4, 2]);
    assert_eq!(requests(None, 9, Some("b2")).0, [0_i64; 0]);
    assert_eq!(list(EventsWanted { status: Some(EventStatus::Failed), ..page(None, 9) }).0, [7]);
    assert_eq!(list(EventsWanted { status: Some(EventStatus::Waiting), ..page(None, 9) }).0, [8]);
    assert_eq!(list(EventsWanted { since_ms: Some(103), until_ms: Some(201), ..page(None, 9) }).0, [7, 6, 5, 4]);
    claim(&store, 300);
    assert_eq!(list(EventsWanted { status: Some(EventStatus::Waiting), ..page(None, 9) }).0, [0_i64; 0]);
    assert_eq!(list(EventsWanted { status: Some(EventStatus::Running), ..page(None, 9) }).0, [8]);
    // A filter that finds nothing still looks at so many rows only.
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
                INSERT INTO events (conversation, bot, kind, accepted_ms, dedupe_until_ms, body, tenant, status) \
                SELECT 1, 'b1', 'message', 400, 0, x'', 'acme', 1 FROM n";
    place.peek().execute_batch(many).unwrap();
    let failed = |before| EventsWanted { status: Some(EventStatus::Failed), ..page(before, 9) };
    assert_eq!(list(failed(None)), (Vec::new(), Some(1009)));
    assert_eq!(list(failed(Some(1009))), (vec![7], None));
}

#[test]
fn a_failed_event_is_retried_once_and_behind_what_waits() {
    let (place, store) = fresh();
    let event = failed(&store, "c1", "a", 10);
    accept(&store, "c1", "b", 20);
    let retried = store.retry_event(acme(), event, actor(), 30).wait().unwrap();
    let first = claim_one(&store, 40);
    assert_eq!(&first.body[..], b"b");
    let second = store.commit(turn(&first), done(&[]), 40, 99).wait().unwrap().unwrap();
    assert_eq!((second.lease.event, &second.body[..], second.attempt), (retried, &b"a"[..], 1));
    let twice = store.retry_event(acme(), event, actor(), 50).wait().unwrap_err();
    assert!(twice.to_string().contains(&format!("as event {retried}")), "{twice}");
    let waits = store.retry_event(acme(), retried, actor(), 50).wait().unwrap_err();
    assert!(waits.to_string().contains("waits"), "{waits}");
    let handled = store.retry_event(acme(), first.lease.event, actor(), 50).wait().unwrap_err();
    assert!(handled.to_string().contains("replay it instead"), "{handled}");
    assert_eq!(place.text("SELECT details FROM audit WHERE action = 'event.retry'"), r#"{"event":3}"#);
    let found = store.explain(&acme(), event).unwrap().unwrap();
    assert_eq!(found.retried_as, Some(retried));
    // Without a bot there is nobody to try it.
    store.commit(failed_turn(&second), done(&[]), 60, 60).wait().unwrap();
    store.remove_bot(bot("b1").id, actor()).wait().unwrap();
    let gone = store.retry_event(acme(), retried, actor(), 70).wait().unwrap_err();
    assert!(gone.to_string().contains("no longer registered"), "{gone}");
}

#[test]
fn a_parked_request_goes_again_before_later_ones_and_its_tries_count_anew() {
    let (place, store) = fresh();
    ended(&store, "c1", "a", &["one", "two"], 10);
    let one = due_one(&store, 10);
    let two = settle(&store, &one, parked(true), 20).unwrap();
    // While the second is on its way there is no second lease.
    store.retry_delivery(acme(), one.id, actor(), 30).wait().unwrap();
    assert!(store.due(30, LEASE, 9).wait().unwrap().deliveries.is_empty(), "one at a time");
    let again = Settlement::Again { at_ms: 500, reason: "503".to_owned(), ambiguous: false };
    let next = settle(&store, &two, again, 40).unwrap();
    assert_eq!((next.id, next.attempt, next.forgiven, next.maybe_sent), (one.id, 2, 1, false));
    assert!(settle(&store, &next, parked(false), 50).is_none(), "the second waits for its time");
    // Retried while the second waits: it is due at once all the same.
    store.retry_delivery(acme(), one.id, actor(), 60).wait().unwrap();
    let once_more = due_one(&store, 60);
    assert_eq!((once_more.id, once_more.attempt, once_more.forgiven), (one.id, 3, 2));
    settle(&store, &once_more, Settlement::Sent { reference: None }, 70);
    assert_eq!(place.text("SELECT group_concat(attempt) FROM attempts WHERE delivery = 1"), "1,2,3");
    assert_eq!(due_one(&store, 500).id, two.id);
    assert!(matches!(store.retry_delivery(acme(), one.id, actor(), 80).wait(), Err(Error::Conflict(_))));
    assert_eq!(place.number("SELECT count(*) FROM audit WHERE action = 'delivery.retry'"), 2);
}

#[test]
fn a_retried_request_does_not_hurry_an_older_one_that_waits_for_its_time() {
    let (_place, store) = fresh();
    ended(&store, "c1", "a", &["one", "two"], 0);
    let one = due_one(&store, 0);
    let two = settle(&store, &one, parked(false), 0).unwrap();
    assert!(settle(&store, &two, parked(false), 0).is_none());
    store.retry_delivery(acme(), one.id, actor(), 1).wait().unwrap();
    let again = Settlement::Again { at_ms: 500, reason: "503".to_owned(), ambiguous: false };
    assert!(settle(&store, &due_one(&store, 1), again, 2).is_none());
    store.retry_delivery(acme(), two.id, actor(), 3).wait().unwrap();
    assert!(
        store.due(499, LEASE, 9).wait().unwrap().deliveries.is_empty(),
        "the older one waits, and this one behind it"
    );
    let next = due_one(&store, 500);
    assert_eq!(next.id, one.id);
    assert_eq!(settle(&store, &next, Settlement::Sent { reference: None }, 501).unwrap().id, two.id);
}

#[test]
fn a_lease_that_lapsed_beside_a_retried_request_stays_a_single_one() {
    let (_place, store) = fresh();
    ended(&store, "c1", "a", &["one", "two"], 0);
    let one = due_one(&store, 0);
    let two = settle(&store, &one, parked(false), 0).unwrap();
    store.retry_delivery(acme(), one.id, actor(), 1).wait().unwrap();
    // Whoever sent the second is not heard of again.
    let next = due_one(&store, LEASE);
    assert_eq!(next.id, one.id);
    assert!(store.due(LEASE, LEASE, 9).wait().unwrap().deliveries.is_empty());
    let stale = DeliveryLease { id: two.id, fence: two.fence };
    let late = store.settle(stale, Settlement::Sent { reference: None }, None, LEASE, LEASE).wait();
    assert!(matches!(late, Err(Error::Stale(_))), "{late:?}");
    let last = settle(&store, &next, Settlement::Sent { reference: None }, LEASE).unwrap();
    assert_eq!((last.id, last.maybe_sent), (two.id, true));
}

#[test]
fn a_dropped_request_is_no_longer_counted() {
    let (_place, store) = fresh();
    ended(&store, "c1", "a", &["one"], 0);
    let one = due_one(&store, 0);
    let early = store.drop_delivery(acme(), one.id, actor(), 0).wait();
    assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
    settle(&store, &one, parked(false), 5);
    let listed = |status| {
        let wanted = DeliveriesWanted { status: Some(status), limit: 9, ..DeliveriesWanted::default() };
        store.deliveries(&acme(), &wanted).unwrap().items.len()
    };
    assert_eq!((listed(DeliveryStatus::Parked), store.figures().unwrap().parked), (1, 1));
    store.drop_delivery(acme(), one.id, actor(), 6).wait().unwrap();
    assert_eq!((listed(DeliveryStatus::Parked), store.figures().unwrap().parked), (0, 0));
    assert_eq!(listed(DeliveryStatus::Dropped), 1);
    assert!(matches!(store.retry_delivery(acme(), one.id, actor(), 7).wait(), Err(Error::Conflict(_))));
}

/// A store that keeps the details of so much.
fn keeping(keep_events: u64, keep_bytes: u64) -> (Place, Sqlite) {
    let place = Place::new();
    let store = Sqlite::open(Settings { keep_events, keep_bytes, ..place.settings() }, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    (place, store)
}

fn forget(store: &Sqlite, now_ms: u64) {
    while store.forget(now_ms).wait().unwrap() {}
}

#[test]
fn beyond_the_count_the_oldest_that_ended_are_stripped_and_still_known() {
    let (place, store) = keeping(2, u64::MAX);
    let first = failed(&store, "c1", "a", 10);
    let open = ended(&store, "c2", "b", &["unsent"], 10);
    ended(&store, "c3", "c", &[], 10);
    ended(&store, "c3", "d", &[], 10);
    forget(&store, 20);
    assert_eq!(place.text("SELECT group_concat(id) FROM events WHERE stripped = 1"), "1");
    assert_eq!(place.number("SELECT count(*) FROM turns WHERE event = 1"), 0);
    let found = store.explain(&acme(), first).unwrap().unwrap();
    assert!(found.head.stripped && found.body.is_empty());
    assert!(!store.explain(&acme(), open).unwrap().unwrap().head.stripped, "its request is still to be sent");
    assert_eq!(store.accept(arrival("c1", "a", 30)).wait(), Ok(Accepted::Duplicate(first)), "its key still counts");
    let retried = store.retry_event(acme(), first, actor(), 40).wait().unwrap_err();
    assert!(retried.to_string().contains("forgotten"), "{retried}");
    forget(&store, 50);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE stripped = 1"), 1, "nothing more to do");
}

#[test]
fn beyond_the_bytes_as_many_are_stripped_as_it_takes() {
    let (place, store) = keeping(1_000_000, 1 << 20);
    for at in 0..200 {
        let mut big = arrival("c1", &format!("e{at}"), 10);
        big.body = vec![b'x'; 16_000].into();
        store.accept(big).wait().unwrap();
        let claim = claim_one(&store, 10);
        store.commit(turn(&claim), done(&[]), 10, 10).wait().unwrap();
    }
    let bytes = || place.number("SELECT bytes FROM details");
    assert!(bytes() > 3 << 20);
    forget(&store, 20);
    assert!(bytes() <= 1 << 20, "{}", bytes());
    let stripped = place.number("SELECT count(*) FROM events WHERE stripped = 1");
    assert!((100..199).contains(&stripped), "{stripped}");
    assert_eq!(place.number("SELECT max(id) FROM events WHERE stripped = 1"), stripped, "the oldest");
}

#[test]
fn an_event_that_was_retried_can_be_forgotten() {
    let place = Place::new();
    let store = Sqlite::open(Settings { keep_ms: 100, ..place.settings() }, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    let event = failed(&store, "c1", "a", 10);
    let retried = store.retry_event(acme(), event, actor(), 50_000).wait().unwrap();
    forget(&store, 50_000);
    assert!(store.explain(&acme(), event).unwrap().is_none());
    assert_eq!(store.explain(&acme(), retried).unwrap().unwrap().head.retry_of, None);
}

#[test]
fn forgetting_goes_on_until_nothing_is_left_to_forget() {
    let (place, store) = keeping(10, u64::MAX);
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
                INSERT INTO events (conversation, bot, kind, accepted_ms, dedupe_until_ms, body, tenant, status, ended_ms) \
                SELECT 1, 'b1', 'message', 1, 9000000, x'00', 'acme', 1, 1 FROM n";
    ended(&store, "c1", "a", &[], 1);
    place.peek().execute_batch(many).unwrap();
    assert!(store.forget(2).wait().unwrap(), "one call does a bounded part");
    assert_eq!(place.number("SELECT count(*) FROM events WHERE stripped = 1"), 1000);
    forget(&store, 2);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE stripped = 1"), 2491);
}
