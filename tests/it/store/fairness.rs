//! What is forgotten to make room: the details of whoever has most, and never for what forgetting cannot free. And whose
//! tokens are refreshed first.

use bothost::domain::delivery::{Answered, Settlement};
use bothost::domain::names::TenantName;
use bothost::domain::secret::Secret;
use bothost::domain::token::{GatewayToken, TokenState};
use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{Archive as _, Arrival, DeliveryLease, Store as _, Tenancy as _, Tokens as _};

use super::{LEASE, Place, actor, arrival, bot, claim_one, done, turn};

/// What the details of one event take in these tests, at the least.
const BODY: usize = 8000;

fn keeping(keep_events: u64, keep_bytes: u64) -> (Place, Sqlite) {
    let place = Place::new();
    let settings = Settings { keep_events, keep_bytes, keep_ms: 1_000_000, ..place.settings() };
    let store = Sqlite::open(settings, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    (place, store)
}

fn big(tenant: &str, number: usize) -> Arrival {
    let name = format!("{tenant}-{number}");
    let tenant = TenantName::from(tenant);
    Arrival { tenant, body: vec![b'x'; BODY].into(), ..arrival(&name, &name, 10) }
}

/// So many events of a tenant that ended.
fn ended(store: &Sqlite, tenant: &str, events: usize) {
    for number in 0..events {
        store.accept(big(tenant, number)).wait().unwrap();
        let claim = claim_one(store, 10);
        store.commit(turn(&claim), done(&[]), 10, 10).wait().unwrap();
    }
}

fn forget(store: &Sqlite, now_ms: u64) {
    while store.forget(now_ms).wait().unwrap() {}
}

fn stripped(place: &Place, tenant: &str) -> i64 {
    place.number(&format!("SELECT count(*) FROM events WHERE tenant = '{tenant}' AND stripped = 1"))
}

/// What stripping could free, as it lies in the tables.
fn details(place: &Place) -> i64 {
    let text = |columns: &[&str]| {
        columns.iter().map(|column| format!("octet_length(coalesce({column}, ''))")).collect::<Vec<_>>().join(" + ")
    };
    let of = |table: &str, columns: &[&str]| {
        place.number(&format!("SELECT coalesce(sum({}), 0) FROM {table}", text(columns)))
    };
    of("events", &["body"])
        + of("turns", &["outcome", "cause", "log", "state_before", "refusals"])
        + of("deliveries", &["path", "body"])
        + of("attempts", &["reason", "answer"])
}

#[test]
fn room_is_made_by_whoever_has_most() {
    let (place, store) = keeping(u64::MAX, 100 * BODY as u64);
    ended(&store, "acme", 20);
    ended(&store, "other", 200);
    forget(&store, 20);
    assert_eq!(stripped(&place, "acme"), 0, "acme's are older, and few");
    assert!((120..130).contains(&stripped(&place, "other")), "{}", stripped(&place, "other"));
    assert!(details(&place) <= 100 * BODY as i64, "{}", details(&place));
    let newest = "SELECT min(stripped = 0) FROM events WHERE id > (SELECT max(id) FROM events WHERE stripped = 1)";
    assert_eq!(place.number(newest), 1, "the oldest went");
    // Of three that have as much as each other, each keeps about as much.
    ended(&store, "third", 200);
    ended(&store, "acme-2", 200);
    forget(&store, 20);
    let kept = |tenant: &str, all: i64| all - stripped(&place, tenant);
    assert_eq!(kept("acme", 20), 20);
    for tenant in ["other", "third", "acme-2"] {
        let kept = kept(tenant, 200);
        assert!((15..40).contains(&kept), "{tenant} keeps {kept}");
    }
}

#[test]
fn what_nothing_strips_costs_nobody_a_detail() {
    let (place, store) = keeping(u64::MAX, 100 * BODY as u64);
    ended(&store, "acme", 20);
    let flood = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
                 INSERT INTO audit (tenant, at_ms, actor, origin, action, subject, details) \
                 SELECT 'other', 1, 'key:1', 'here', 'key.create', 'k', hex(zeroblob(1000)) FROM n";
    place.peek().execute_batch(flood).unwrap();
    let pages = place.number("PRAGMA page_count") * place.number("PRAGMA page_size");
    assert!(pages > 4 * 100 * BODY as i64, "the database is far larger: {pages}");
    forget(&store, 20);
    assert_eq!(stripped(&place, "acme"), 0);
}

#[test]
fn what_waits_for_one_takes_no_more_than_the_others_shares() {
    let (place, store) = keeping(u64::MAX, 100 * BODY as u64);
    ended(&store, "acme", 40);
    ended(&store, "third", 90);
    // None of these can be stripped: nobody has run them.
    for number in 0..200 {
        store.accept(big("other", number)).wait().unwrap();
    }
    forget(&store, 20);
    assert_eq!((stripped(&place, "acme"), stripped(&place, "other")), (7, 0), "a third of 100 is left");
    assert_eq!(stripped(&place, "third"), 57);
    assert!(!store.forget(20).wait().unwrap(), "nothing more to do");
}

#[test]
fn beyond_the_count_whoever_has_most_is_stripped() {
    let (place, store) = keeping(30, u64::MAX);
    ended(&store, "acme", 10);
    ended(&store, "other", 50);
    forget(&store, 20);
    assert_eq!((stripped(&place, "acme"), stripped(&place, "other")), (0, 30));
}

#[test]
fn what_is_counted_is_what_is_there() {
    let (place, store) = keeping(u64::MAX, u64::MAX);
    let counted = || place.number("SELECT sum(bytes) FROM details");
    for (number, requests) in [(0, &["one", "two"][..]), (1, &[]), (2, &["three"])] {
        store.accept(big("acme", number)).wait().unwrap();
        let claim = claim_one(&store, 10);
        store.commit(turn(&claim), done(requests), 10, 10).wait().unwrap();
    }
    store.accept(big("acme", 0)).wait().unwrap();
    assert_eq!(counted(), details(&place));
    let answered = Some(Answered { status: 403, text: "no, and a few more words".to_owned(), reference: None });
    let parked = Settlement::Parked { reason: "403: no".to_owned(), ambiguous: false };
    loop {
        let due = store.due(10, LEASE, 1).wait().unwrap().deliveries;
        let Some(mut next) = due.into_iter().next() else { break };
        loop {
            let lease = DeliveryLease { id: next.id, fence: next.fence };
            match store.settle(lease, parked.clone(), answered.clone(), 10, 99).wait().unwrap() {
                Some(delivery) => next = delivery,
                None => break,
            }
        }
    }
    assert_eq!(place.number("SELECT count(*) FROM attempts"), 3);
    assert_eq!(counted(), details(&place));
    store.close();
    // A store that keeps two events' details, then none at all.
    let store = Sqlite::open(Settings { keep_events: 2, ..place.settings() }, 0).unwrap();
    forget(&store, 20);
    assert_eq!((stripped(&place, "acme"), counted()), (1, details(&place)));
    store.close();
    let store = Sqlite::open(Settings { keep_ms: 1, ..place.settings() }, 0).unwrap();
    forget(&store, 1_000_000);
    assert_eq!(place.number("SELECT count(*) FROM events"), 0);
    assert_eq!(place.number("SELECT sum(bytes) + sum(events) FROM details"), 0);
}

#[test]
fn every_tenants_longest_due_token_comes_before_anybodys_second() {
    let place = Place::new();
    let store = place.open(0);
    for (tenant, apps, refresh_ms) in [("big", 20, 100), ("small", 1, 500)] {
        let tenant = TenantName::from(tenant);
        store.add_tenant(tenant.clone(), actor(), 1).wait().unwrap();
        for app in 0..apps {
            let token = GatewayToken {
                tenant: tenant.clone(),
                platform: "khoros".to_owned(),
                app: app.to_string(),
                gateway: "gateway".to_owned(),
                state: TokenState::Held,
                detail: None,
                token: Some(Secret::new("a-token-of-the-tests")),
                expires_ms: 10_000,
                refresh_ms: refresh_ms - app,
                failures: 0,
            };
            store.put_gateway_token(token, 2).wait().unwrap();
        }
    }
    let due = |now_ms, each, limit| {
        let due = store.refreshable(now_ms, each, limit).unwrap();
        due.iter().map(|token| format!("{}-{}", token.tenant, token.app)).collect::<Vec<_>>()
    };
    assert_eq!(due(600, 3, 100), ["big-19", "small-0", "big-18", "big-17"]);
    assert_eq!(due(600, 3, 2), ["big-19", "small-0"]);
    assert_eq!(due(82, 3, 100), ["big-19", "big-18"], "no others are due");
}
