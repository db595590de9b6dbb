//! Calls: decided and recorded in one transaction, beside turns that are under way; and requests read back.

use bothost::domain::call::{Call, Called, RequestId, RequestOrigin, RequestState, RequestsWanted};
use bothost::domain::delivery::{Request, Settlement};
use bothost::domain::event::Owner;
use bothost::domain::names::{BotId, ConversationKey, EventId, TenantName};
use bothost::domain::turn::StateChange;
use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{Archive, Calls, DeliveryLease, Ending, Error, Store, TurnRecord};

use super::{LEASE, Place, accept, actor, bot, claim_one, done, failed_turn, fresh, request, turn};

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn ours() -> Owner {
    Owner::Bot("app-1".to_owned())
}

fn asked(conversation: &str, body: &str, now_ms: u64) -> Call {
    Call {
        tenant: acme(),
        bot: BotId::from("b1"),
        bot_revision: 1,
        conversation: ConversationKey::from(conversation),
        only_for: Some(ours()),
        owner: None,
        known_ms: None,
        request: request(body),
        now_ms,
    }
}

fn control(conversation: &str, owner: Owner, now_ms: u64) -> Call {
    let request = Request { action: "hand-off", ..request("control") };
    Call { only_for: None, owner: Some(owner), request, ..asked(conversation, "", now_ms) }
}

fn recorded(store: &Sqlite, call: Call) -> (EventId, i64) {
    match store.call(call).wait().unwrap() {
        Called::Recorded { event, delivery, .. } => (event, delivery),
        other => panic!("{other:?}"),
    }
}

fn owner(store: &Sqlite, conversation: &str) -> Option<Owner> {
    store.held(&acme(), &BotId::from("b1"), &ConversationKey::from(conversation)).unwrap().owner
}

#[test]
fn a_call_is_done_at_once_and_its_request_keeps_its_place() {
    let (_place, store) = fresh();
    accept(&store, "c", "m1", 10);
    store.commit(turn(&claim_one(&store, 10)), done(&["first"]), 10, 10).wait().unwrap();
    let head = store.due(10, LEASE, 9).wait().unwrap().deliveries.remove(0);
    let answering = Call { only_for: None, ..asked("c", "second", 11) };
    let (event, delivery) = recorded(&store, answering);
    let (_, elsewhere) = recorded(&store, asked("d", "third", 12));
    // No turn is run on it, and its conversation sends one after the other.
    assert!(store.claim(13, LEASE, 9).wait().unwrap().claims.is_empty());
    let due = store.due(13, LEASE, 9).wait().unwrap().deliveries;
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [elsewhere]);
    let lease = DeliveryLease { id: head.id, fence: head.fence };
    let sent = Settlement::Sent { reference: None };
    let next = store.settle(lease, sent, None, 14, 99).wait().unwrap().unwrap();
    assert_eq!((next.id, next.body.as_str(), next.event), (delivery, "second", event));
    let found = store.explain(&acme(), event).unwrap().unwrap();
    assert_eq!((found.head.kind.as_str(), &found.body[..], found.deliveries.len()), ("call", &b"second"[..], 1));
    assert_eq!(store.recording(&acme(), event, None).unwrap(), None);
    assert!(matches!(store.retry_event(acme(), event, actor(), 15).wait(), Err(Error::Conflict(_))));
}

#[test]
fn nothing_is_written_unless_it_is_recorded() {
    let (place, store) = fresh();
    recorded(&store, control("c", Owner::Agent, 100));
    let before = || place.number("SELECT (SELECT count(*) FROM events) * 100 + (SELECT count(*) FROM deliveries)");
    let (rows, conversations) = (before(), place.number("SELECT count(*) FROM conversations"));
    assert_eq!(store.call(asked("c", "x", 101)).wait(), Ok(Called::NotHeld(Owner::Agent)));
    let late = Call { known_ms: Some(99), ..control("c", ours(), 102) };
    assert_eq!(store.call(late).wait(), Ok(Called::Changed));
    let outdated = Call { bot_revision: 2, ..asked("new", "x", 103) };
    assert_eq!(store.call(outdated).wait(), Ok(Called::Changed));
    let foreign = Call { tenant: TenantName::from("other"), ..asked("new", "x", 104) };
    assert!(matches!(store.call(foreign).wait(), Err(Error::Missing(_))));
    let gone = Call { bot: BotId::from("b2"), ..asked("new", "x", 105) };
    assert!(matches!(store.call(gone).wait(), Err(Error::Missing(_))));
    assert_eq!((before(), place.number("SELECT count(*) FROM conversations")), (rows, conversations));
    assert_eq!(owner(&store, "c"), Some(Owner::Agent));
    let other = store.held(&TenantName::from("other"), &BotId::from("b1"), &ConversationKey::from("c")).unwrap();
    assert_eq!(other.owner, None);
}

#[test]
fn a_turn_under_way_does_not_take_back_what_a_call_gave_away() {
    let (_place, store) = fresh();
    let silent = |owner: Owner| Ending::Done { state: StateChange::Keep, owner, requests: Vec::new() };
    accept(&store, "c", "m1", 10);
    let running = claim_one(&store, 10);
    recorded(&store, control("c", Owner::Agent, 11));
    store.commit(turn(&running), silent(ours()), 12, 12).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(Owner::Agent), "the turn knew nothing of the call");
    // What the next turn is told of the holder counts again.
    accept(&store, "c", "m2", 20);
    let next = claim_one(&store, 20);
    assert_eq!(next.owner, Some(Owner::Agent));
    store.commit(turn(&next), silent(ours()), 21, 21).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(ours()));
    // A turn that gives the conversation away itself does so after the call: its request is sent after the call's.
    accept(&store, "c", "m3", 30);
    let running = claim_one(&store, 30);
    recorded(&store, control("c", Owner::Bot("app-2".to_owned()), 31));
    let requests = vec![Request { action: "hand-off", ..request("to the agents") }];
    let ending = Ending::Done { state: StateChange::Keep, owner: Owner::Agent, requests };
    store.commit(turn(&running), ending, 32, 32).wait().unwrap();
    let held = store.held(&acme(), &BotId::from("b1"), &ConversationKey::from("c")).unwrap();
    assert_eq!((held.owner, held.since_ms), (Some(Owner::Agent), Some(32)));
}

#[test]
fn what_a_call_says_of_the_holder_outlives_a_turn_that_was_claimed_before_it() {
    let (_place, store) = fresh();
    let silent = |owner: Owner| Ending::Done { state: StateChange::Keep, owner, requests: Vec::new() };
    // A bot elsewhere is about to get the event when the call comes.
    accept(&store, "c", "m1", 10);
    let relayed = claim_one(&store, 10);
    store.hold(relayed.lease.clone(), ours()).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(ours()));
    recorded(&store, control("c", Owner::Agent, 11));
    store.hold(relayed.lease.clone(), ours()).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(Owner::Agent), "the call was answered, and stands");
    store.commit(turn(&relayed), Ending::Relayed, 12, 12).wait().unwrap();
    // To and fro: the holder is called as at the claim, and still it is the call's word.
    accept(&store, "c", "m2", 20);
    let running = claim_one(&store, 20);
    recorded(&store, control("c", ours(), 21));
    recorded(&store, control("c", Owner::Agent, 22));
    store.commit(turn(&running), silent(ours()), 23, 23).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(Owner::Agent));
    // What a later claim is told counts again.
    accept(&store, "c", "m3", 30);
    store.hold(claim_one(&store, 30).lease, ours()).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(ours()));
}

fn due(store: &Sqlite, now_ms: u64) -> DeliveryLease {
    let due = store.due(now_ms, LEASE, 9).wait().unwrap().deliveries.remove(0);
    DeliveryLease { id: due.id, fence: due.fence }
}

fn refused(ambiguous: bool) -> Settlement {
    Settlement::Parked { reason: "403".to_owned(), ambiguous }
}

#[test]
fn a_refused_change_of_hands_is_taken_back() {
    let (place, store) = fresh();
    recorded(&store, control("c", ours(), 10));
    store.settle(due(&store, 10), Settlement::Sent { reference: None }, None, 11, 99).wait().unwrap();
    let (_, given) = recorded(&store, control("c", Owner::Agent, 20));
    store.settle(due(&store, 20), refused(false), None, 21, 99).wait().unwrap();
    let held = store.held(&acme(), &BotId::from("b1"), &ConversationKey::from("c")).unwrap();
    assert_eq!((held.owner, held.since_ms), (Some(ours()), Some(21)));
    // Tried again by hand it is the host's word again, until it is refused again or sent.
    let firm = || place.number("SELECT own_ms FROM conversations");
    assert_eq!(firm(), 0);
    store.retry_delivery(acme(), given, actor(), 30).wait().unwrap();
    assert_eq!((owner(&store, "c"), firm()), (Some(Owner::Agent), i64::MAX));
    store.settle(due(&store, 30), refused(false), None, 31, 99).wait().unwrap();
    assert_eq!((owner(&store, "c"), firm()), (Some(ours()), 0));
    store.retry_delivery(acme(), given, actor(), 40).wait().unwrap();
    store.settle(due(&store, 40), Settlement::Sent { reference: None }, None, 41, 99).wait().unwrap();
    assert_eq!((owner(&store, "c"), firm()), (Some(Owner::Agent), 41));
    // What the platform may have done stays done, as far as is known.
    recorded(&store, control("c", ours(), 50));
    store.settle(due(&store, 50), refused(true), None, 51, 99).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(ours()));
}

#[test]
fn a_refused_change_of_hands_takes_back_nothing_that_came_after_it() {
    let (_place, store) = fresh();
    accept(&store, "c", "m1", 10);
    let requests = vec![Request { action: "hand-off", ..request("to the agents") }];
    let ending = Ending::Done { state: StateChange::Keep, owner: Owner::Agent, requests };
    let claim = claim_one(&store, 10);
    store.hold(claim.lease.clone(), ours()).wait().unwrap();
    store.commit(turn(&claim), ending, 11, 11).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(Owner::Agent));
    recorded(&store, control("c", Owner::Bot("app-2".to_owned()), 12));
    let next = store.settle(due(&store, 12), refused(false), None, 13, 99).wait().unwrap().unwrap();
    assert_eq!(owner(&store, "c"), Some(Owner::Bot("app-2".to_owned())));
    // Once that is refused as well, it is as it was before both.
    let lease = DeliveryLease { id: next.id, fence: next.fence };
    store.settle(lease, refused(false), None, 14, 99).wait().unwrap();
    assert_eq!(owner(&store, "c"), Some(ours()));
}

#[test]
fn a_removed_bots_take_over_is_nobodys_word() {
    let (place, store) = fresh();
    let taking = |conversation: &str| {
        let request = Request { action: "take-over", ..request("control") };
        Call { request, ..control(conversation, ours(), 10) }
    };
    recorded(&store, taking("c"));
    recorded(&store, taking("given"));
    recorded(&store, control("given", Owner::Agent, 11));
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    let firm = |key: &str| place.number(&format!("SELECT own_ms FROM conversations WHERE key = '{key}'"));
    assert_eq!((firm("c"), firm("given")), (0, i64::MAX), "the hand-off is still to be sent");
    store.settle(due(&store, 12), Settlement::Sent { reference: None }, None, 13, 99).wait().unwrap();
    assert_eq!(firm("given"), 13);
}

#[test]
fn a_conversation_that_is_over_goes_with_its_last_event() {
    let place = Place::new();
    let store = Sqlite::open(Settings { keep_ms: 1000, ..place.settings() }, 0).unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    let forget = |now_ms: u64| while store.forget(now_ms).wait().unwrap() {};
    let left =
        || place.text("SELECT coalesce(group_concat(key, ' '), '') FROM (SELECT key FROM conversations ORDER BY id)");
    let sent = || Settlement::Sent { reference: None };
    recorded(&store, asked("called", "x", 10));
    store.settle(due(&store, 10), sent(), None, 11, 99).wait().unwrap();
    recorded(&store, asked("twice", "x", 10));
    store.settle(due(&store, 10), sent(), None, 11, 99).wait().unwrap();
    recorded(&store, asked("unsent", "x", 10));
    for (conversation, ongoing) in [("closed", Some(false)), ("open", Some(true))] {
        accept(&store, conversation, conversation, 10);
        let claim = claim_one(&store, 10);
        let state = StateChange::Set("{}".to_owned());
        let ending = Ending::Done { state, owner: ours(), requests: Vec::new() };
        store.commit(TurnRecord { ongoing, ..turn(&claim) }, ending, 10, 10).wait().unwrap();
    }
    recorded(&store, Call { request: request("y"), ..asked("twice", "y", 20_000) });
    forget(20_500);
    assert_eq!(left(), "twice unsent open");
    assert_eq!(place.number("SELECT count(*) FROM states"), 1);
    // What comes again begins anew.
    accept(&store, "closed", "closed", 20_600);
    assert_eq!(claim_one(&store, 20_600).state, None);
}

fn wanted() -> RequestsWanted {
    RequestsWanted {
        bots: vec![BotId::from("b1")],
        from_ms: 0,
        states: Vec::new(),
        origin: None,
        limit: 100,
        bytes_max: 1 << 20,
    }
}

#[test]
fn requests_are_read_back_within_bounds() {
    let (_place, store) = fresh();
    for number in 0..4 {
        accept(&store, "c", &format!("m{number}"), 10 * number);
        let claim = claim_one(&store, 10 * number);
        let turn = if number == 3 { failed_turn(&claim) } else { turn(&claim) };
        store.commit(turn, done(&["four"]), 10 * number, 10 * number).wait().unwrap();
    }
    let find = |wanted: &RequestsWanted| store.requests(&acme(), "khoros", wanted).unwrap();
    let all = find(&wanted());
    assert_eq!((all.items.len(), all.more), (8, false));
    assert!(all.items.windows(2).all(|pair| pair[0].created_ms >= pair[1].created_ms));
    let failed = find(&RequestsWanted { states: vec![RequestState::Error], ..wanted() });
    assert_eq!(failed.items.len(), 1);
    assert_eq!((failed.items[0].id.origin(), failed.items[0].code.as_deref()), (RequestOrigin::Platform, Some("trap")));
    let few = find(&RequestsWanted { limit: 3, ..wanted() });
    assert_eq!((few.items.len(), few.more), (3, true));
    assert_eq!(few.items, all.items[..3]);
    let small = find(&RequestsWanted { bytes_max: 5, ..wanted() });
    assert!(small.items.len() == 2 && small.more, "{small:?}");
    let late = find(&RequestsWanted { from_ms: 20, ..wanted() });
    assert_eq!((late.items.len(), late.more), (4, false));
    assert!(find(&RequestsWanted { bots: vec![BotId::from("b2")], ..wanted() }).items.is_empty());
    assert!(store.requests(&TenantName::from("other"), "khoros", &wanted()).unwrap().items.is_empty());
    for id in all.items.iter().map(|found| found.id) {
        assert!(store.request(&acme(), "khoros", id).unwrap().is_some());
        assert_eq!(store.request(&TenantName::from("other"), "khoros", id).unwrap(), None);
        assert_eq!(store.request(&acme(), "livechat", id).unwrap(), None);
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
    }
}

#[test]
fn a_removed_bots_call_is_refused() {
    let (_place, store) = fresh();
    store.put_bot(bot("b9"), actor()).wait().unwrap();
    store.remove_bot(BotId::from("b9"), actor()).wait().unwrap();
    let call = Call { bot: BotId::from("b9"), ..asked("c", "x", 5) };
    assert!(matches!(store.call(call).wait(), Err(Error::Missing(_))));
}
