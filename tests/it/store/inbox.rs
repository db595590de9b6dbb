//! The inbox: once each, in order, one at a time.

use bothost::domain::event::Owner;
use bothost::domain::turn::StateChange;
use bothost::store::{Accepted, Ending, Error, Store};

use super::{LEASE, accept, arrival, body, claim, claim_one, done, failed_turn, fresh, turn};

#[test]
fn a_duplicate_gives_the_first_number_and_is_not_stored() {
    let (place, store) = fresh();
    let first = accept(&store, "c1", "e1", 10);
    assert_eq!(store.accept(arrival("c1", "e1", 20)).wait(), Ok(Accepted::Duplicate(first)));
    // Also when it names another conversation, and also once the first is done.
    assert_eq!(store.accept(arrival("c2", "e1", 20)).wait(), Ok(Accepted::Duplicate(first)));
    let claimed = claim_one(&store, 30);
    assert!(store.commit(turn(&claimed), done(&[]), 40, 99).wait().unwrap().is_none());
    assert_eq!(store.accept(arrival("c1", "e1", 50)).wait(), Ok(Accepted::Duplicate(first)));
    assert_eq!(place.number("SELECT count(*) FROM events"), 1);
    assert_eq!(place.number("SELECT count(*) FROM conversations"), 1);
}

#[test]
fn duplicates_of_one_group_are_told_apart_too() {
    let (place, store) = fresh();
    // Held up by a lock, all wait for the same transaction.
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let replies: Vec<_> = (0..8).map(|_| store.accept(arrival("c1", "same", 10))).collect();
    blocker.execute_batch("ROLLBACK").unwrap();
    let answers: Vec<_> = replies.into_iter().map(|reply| reply.wait().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Accepted::New(_))).count(), 1, "{answers:?}");
    assert_eq!(place.number("SELECT count(*) FROM events"), 1);
}

#[test]
fn the_same_key_at_another_bot_is_another_event() {
    let (_place, store) = fresh();
    accept(&store, "c1", "e1", 10);
    let mut other = arrival("c1", "e1", 10);
    other.bot = "b2".into();
    assert!(matches!(store.accept(other).wait(), Ok(Accepted::New(_))));
}

#[test]
fn an_expired_key_may_come_again() {
    let (_place, store) = fresh();
    let first = accept(&store, "c1", "e1", 0);
    assert_eq!(store.accept(arrival("c1", "e1", 9_999)).wait(), Ok(Accepted::Duplicate(first)));
    let second = accept(&store, "c1", "e1", 10_000);
    assert!(second > first);
    assert_eq!(store.accept(arrival("c1", "e1", 10_001)).wait(), Ok(Accepted::Duplicate(second)));
}

#[test]
fn events_of_a_conversation_are_claimed_in_order_one_at_a_time() {
    let (_place, store) = fresh();
    for key in ["a", "b", "c"] {
        accept(&store, "c1", key, 10);
    }
    accept(&store, "c2", "other", 11);
    let claims = claim(&store, 20);
    assert_eq!(claims.iter().map(body).collect::<Vec<_>>(), ["a", "other"]);
    assert_eq!(claims[0].attempt, 1);
    assert_eq!(claims[0].crashes, 0);
    assert_eq!(claims[0].accepted_ms, 10);
    assert_eq!(claims[0].conversation.as_str(), "c1");
    assert_eq!(claims[0].tenant.as_str(), "acme");
    // While the lease lasts nothing of the conversation can be claimed, not even a new event.
    accept(&store, "c1", "d", 30);
    assert!(claim(&store, 20 + LEASE - 1).is_empty());
    // A commit hands over the next.
    let mut next = store.commit(turn(&claims[0]), done(&[]), 40, 5000).wait().unwrap().unwrap();
    for key in ["b", "c"] {
        assert_eq!(body(&next), key);
        next = store.commit(turn(&next), done(&[]), 40, 5000).wait().unwrap().unwrap();
    }
    assert_eq!(body(&next), "d");
    assert!(store.commit(turn(&next), done(&[]), 40, 5000).wait().unwrap().is_none());
    assert_eq!(store.figures().unwrap().inbox, 1);
}

#[test]
fn claims_are_bounded_and_the_longest_waiting_comes_first() {
    let (_place, store) = fresh();
    for (conversation, at) in [("late", 30), ("early", 10), ("middle", 20)] {
        accept(&store, conversation, conversation, at);
    }
    let claims = store.claim(50, LEASE, 2).wait().unwrap();
    assert_eq!(claims.claims.iter().map(body).collect::<Vec<_>>(), ["early", "middle"]);
    assert_eq!(claims.next_ms, Some(30));
    let claims = store.claim(50, LEASE, 2).wait().unwrap();
    assert_eq!(claims.claims.iter().map(body).collect::<Vec<_>>(), ["late"]);
    assert_eq!(claims.next_ms, Some(50 + LEASE));
    assert!(store.claim(0, LEASE, 0).wait().unwrap().claims.is_empty());
}

#[test]
fn a_stale_lease_commits_nothing() {
    let (place, store) = fresh();
    accept(&store, "c1", "a", 0);
    let old = claim_one(&store, 0);
    let new = claim_one(&store, LEASE);
    assert_eq!((old.lease.event, new.crashes), (new.lease.event, 1));
    let ending = Ending::Done {
        state: StateChange::Set("from the dead".to_owned()),
        owner: Owner::Agent,
        requests: vec![super::request("x")],
    };
    let refused = store.commit(turn(&old), ending, LEASE, 9999).wait().unwrap_err();
    assert!(matches!(refused, Error::Stale(_)), "{refused:?}");
    let refused = store.commit(turn(&old), Ending::Retry { at_ms: 1 }, LEASE, 9999).wait().unwrap_err();
    assert!(matches!(refused, Error::Stale(_)), "{refused:?}");
    let refused = store.release(vec![old.lease.clone()], LEASE).wait().unwrap_err();
    assert!(matches!(refused, Error::Stale(_)), "{refused:?}");
    for table in ["turns", "states", "deliveries"] {
        assert_eq!(place.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    // The holder is not disturbed.
    assert!(store.commit(turn(&new), done(&[]), LEASE, 9999).wait().unwrap().is_none());
    // And what was committed cannot be committed again.
    assert!(matches!(store.commit(turn(&new), done(&[]), LEASE, 9999).wait(), Err(Error::Stale(_))));
}

#[test]
fn a_stale_verb_does_not_hurt_the_others_of_its_group() {
    let (place, store) = fresh();
    accept(&store, "c1", "a", 0);
    let old = claim_one(&store, 0);
    let new = claim_one(&store, LEASE);
    let blocker = place.peek();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = store.accept(arrival("c2", "b", LEASE));
    let stale = store.commit(turn(&old), done(&[]), LEASE, 9999);
    let held = store.commit(turn(&new), done(&[]), LEASE, 9999);
    blocker.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(before.wait(), Ok(Accepted::New(_))));
    assert!(matches!(stale.wait(), Err(Error::Stale(_))));
    assert!(matches!(held.wait(), Ok(None)));
}

#[test]
fn a_turn_leaves_its_record_its_state_and_its_owner() {
    let (place, store) = fresh();
    accept(&store, "c1", "a", 0);
    accept(&store, "c1", "b", 0);
    let first = claim_one(&store, 0);
    assert_eq!((&first.state, &first.owner), (&None, &None));
    let owner = Owner::Bot("agent".to_owned());
    let set = |text: &str| Ending::Done {
        state: StateChange::Set(text.to_owned()),
        owner: owner.clone(),
        requests: Vec::new(),
    };
    let second = store.commit(turn(&first), set("s1"), 5, 50).wait().unwrap().unwrap();
    assert_eq!((second.state.as_deref(), second.owner.as_ref()), (Some("s1"), Some(&owner)));
    assert_eq!(place.number("SELECT seed FROM turns"), -1);
    // Keep keeps, clear forgets.
    accept(&store, "c1", "c", 0);
    let third = store.commit(turn(&second), done(&[]), 5, 50).wait().unwrap().unwrap();
    assert_eq!((third.state.as_deref(), third.owner.as_ref()), (Some("s1"), Some(&Owner::Agent)));
    let clear = Ending::Done { state: StateChange::Clear, owner, requests: Vec::new() };
    store.commit(failed_turn(&third), clear, 5, 50).wait().unwrap();
    assert_eq!(place.number("SELECT count(*) FROM states"), 0);
    assert_eq!(place.text("SELECT group_concat(status) FROM events"), "1,1,2");
    assert_eq!(place.text("SELECT group_concat(coalesce(cause_kind, '-')) FROM turns"), "-,-,trap");
}

#[test]
fn a_retry_comes_at_its_time_and_nothing_overtakes_it() {
    let (_place, store) = fresh();
    accept(&store, "c1", "a", 0);
    let first = claim_one(&store, 0);
    assert!(store.commit(failed_turn(&first), Ending::Retry { at_ms: 500 }, 10, 99).wait().unwrap().is_none());
    accept(&store, "c1", "b", 20);
    let claims = store.claim(499, LEASE, 9).wait().unwrap();
    assert!(claims.claims.is_empty());
    assert_eq!(claims.next_ms, Some(500));
    let again = claim_one(&store, 500);
    assert_eq!((body(&again), again.attempt, again.crashes), ("a", 2, 0));
    // The count starts again with the next event.
    let next = store.commit(turn(&again), done(&[]), 510, 9999).wait().unwrap().unwrap();
    assert_eq!((body(&next), next.attempt, next.crashes), ("b", 1, 0));
}

#[test]
fn crashes_are_claims_without_a_turn_and_without_a_release() {
    let (place, store) = fresh();
    accept(&store, "c1", "a", 0);
    claim_one(&store, 0);
    let second = claim_one(&store, LEASE);
    assert_eq!((second.attempt, second.crashes), (1, 1));
    store.release(vec![second.lease.clone()], LEASE).wait().unwrap();
    // Given back: at once claimable, not counted, and the lease is gone.
    assert!(matches!(store.commit(turn(&second), done(&[]), LEASE, 9999).wait(), Err(Error::Stale(_))));
    let third = claim_one(&store, LEASE);
    assert_eq!(third.crashes, 1);
    store.commit(failed_turn(&third), Ending::Retry { at_ms: LEASE }, LEASE, 9999).wait().unwrap();
    let fourth = claim_one(&store, LEASE);
    assert_eq!((fourth.attempt, fourth.crashes), (2, 1));
    store.close();
    let fifth = claim_one(&place.open(LEASE), LEASE);
    assert_eq!((fifth.attempt, fifth.crashes), (2, 2));
}

#[test]
fn releasing_several_leaves_alone_what_others_hold() {
    let (_place, store) = fresh();
    accept(&store, "c1", "a", 0);
    let stale = claim_one(&store, 0);
    let held = claim_one(&store, LEASE);
    accept(&store, "c2", "b", LEASE);
    let other = claim_one(&store, LEASE);
    store.release(vec![stale.lease, other.lease], LEASE).wait().unwrap();
    assert_eq!(body(&claim_one(&store, LEASE)), "b");
    store.commit(turn(&held), done(&[]), LEASE, 9999).wait().unwrap();
    store.release(Vec::new(), LEASE).wait().unwrap();
}

#[test]
fn what_becomes_claimable_or_due_rings() {
    let (_place, store) = fresh();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        store.accept(arrival("c1", "a", 0)).await.unwrap();
        store.turns_ready().notified().await;
        let claim = store.claim(0, LEASE, 1).await.unwrap().claims.remove(0);
        store.commit(turn(&claim), done(&["x"]), 0, 1).await.unwrap();
        store.deliveries_ready().notified().await;
    });
}
