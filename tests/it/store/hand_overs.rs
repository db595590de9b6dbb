//! What a bot that leaves is in the middle of: every conversation gets its event, in steps, whatever happens between them.

use bothost::domain::bot::{Bot, Mode, Places};
use bothost::domain::event::Owner;
use bothost::domain::names::BotId;
use bothost::domain::turn::StateChange;
use bothost::store::sqlite::Sqlite;
use bothost::store::{Archive as _, Claim, Ending, Error, Store as _, TurnRecord};

use super::{Place, accept, actor, bot, claim, claim_one, fresh, request, turn};

const PENDING: &str = "SELECT count(*) FROM events WHERE kind = 'hand-over' AND status = 0";

fn ours() -> Owner {
    Owner::Bot("app-1".to_owned())
}

/// The customer's message was answered, or the conversation closed with it.
fn end(store: &Sqlite, claim: &Claim, owner: Owner, ongoing: Option<bool>) {
    let ending = Ending::Done { state: StateChange::Keep, owner, requests: Vec::new() };
    let mut ended = Some(claim.clone());
    while let Some(claim) = ended.take() {
        let turn = TurnRecord { ongoing, ..turn(&claim) };
        ended = store.commit(turn, ending.clone(), 5, 2000).wait().unwrap();
    }
}

fn answered(store: &Sqlite, conversations: usize) {
    for at in 0..conversations {
        accept(store, &format!("c{at}"), &format!("m{at}"), 1);
    }
    loop {
        let claims = claim(store, 2);
        if claims.is_empty() {
            return;
        }
        claims.iter().for_each(|claim| end(store, claim, ours(), Some(true)));
    }
}

fn set(store: &Sqlite, mode: Mode) {
    store.put_bot(Bot { mode, ..bot("b1") }, actor()).wait().unwrap();
}

fn passed(owner: Option<Owner>, body: &str) -> Ending {
    Ending::Passed { reason: "it left".to_owned(), owner, requests: vec![request(body)] }
}

#[test]
fn each_ongoing_conversation_gets_one_event_in_steps_that_survive_the_process() {
    let (place, store) = fresh();
    answered(&store, 250);
    // One is closed, one is an agent's, and one is another bot's affair.
    let others = [("c3", ours(), Some(false)), ("c4", Owner::Agent, None), ("c5", Owner::Bot("x".to_owned()), None)];
    for (conversation, owner, ongoing) in others {
        accept(&store, conversation, &format!("{conversation}-2"), 3);
        end(&store, &claim_one(&store, 3), owner, ongoing);
    }
    assert_eq!(store.hand_over(6).wait(), Ok(false), "nothing is to be handed over");
    set(&store, Mode::Monitoring);
    store.close();
    let store = place.open(10);
    assert_eq!(store.hand_over(11).wait(), Ok(true));
    assert_eq!(place.number(PENDING), 98, "of the first hundred that are ongoing");
    store.close();
    let store = place.open(12);
    while store.hand_over(13).wait().unwrap() {}
    assert_eq!(place.number(PENDING), 247);
    assert_eq!(place.number("SELECT count(*) FROM hand_overs"), 0);
    let claims = claim(&store, 20);
    let first = &claims[0];
    assert_eq!(first.hand_over.as_deref(), Some("the registration went from LIVE to MONITORING"));
    assert_eq!(
        (&first.body[..], first.owner.clone(), first.ongoing, first.leaving),
        (&b"m0"[..], Some(ours()), true, true)
    );
    store.commit(turn(first), passed(Some(Owner::Agent), "bye"), 21, 2000).wait().unwrap();
    assert_eq!(place.number("SELECT leaving FROM conversations WHERE key = 'c0'"), 0);
    assert_eq!(place.text("SELECT ending FROM events WHERE kind = 'hand-over' AND status = 1"), "it left");
    // To and fro: nobody gets a second one.
    set(&store, Mode::Live);
    set(&store, Mode::Maintenance);
    while store.hand_over(22).wait().unwrap() {}
    assert_eq!(place.number(PENDING), 246);
}

/// Conformance 48.
#[test]
fn a_conversation_in_progress_is_known_as_such_after_the_return() {
    let (_place, store) = fresh();
    answered(&store, 1);
    accept(&store, "closed", "m-1", 3);
    end(&store, &claim_one(&store, 3), ours(), Some(false));
    set(&store, Mode::Maintenance);
    set(&store, Mode::Live);
    // Before its event is there, and behind which it is then.
    accept(&store, "c0", "m-2", 7);
    let known = claim_one(&store, 8);
    assert!(known.leaving && known.hand_over.is_none());
    store.release(vec![known.lease], 9).wait().unwrap();
    // A conversation that begins after the return is a new one.
    accept(&store, "closed", "m-3", 9);
    while store.hand_over(10).wait().unwrap() {}
    let claims = claim(&store, 11);
    let seen: Vec<_> = claims.iter().map(|claim| (claim.conversation.as_str(), claim.leaving)).collect();
    assert_eq!(seen, [("c0", true), ("closed", false)]);
    let next = store.commit(turn(&claims[0]), passed(Some(Owner::Agent), "bye"), 12, 2000).wait().unwrap().unwrap();
    assert!(next.hand_over.is_some() && next.owner == Some(Owner::Agent));
}

#[test]
fn who_writes_again_before_a_closing_is_read_is_in_conversation() {
    let (place, store) = fresh();
    answered(&store, 1);
    accept(&store, "c0", "closed", 3);
    let closed = claim_one(&store, 3);
    accept(&store, "c0", "again", 4);
    let ending = Ending::Done { state: StateChange::Keep, owner: ours(), requests: Vec::new() };
    let turn = TurnRecord { ongoing: Some(false), ..turn(&closed) };
    let again = store.commit(turn, ending, 5, 2000).wait().unwrap().unwrap();
    assert!(again.ongoing && !again.leaving);
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    while store.hand_over(6).wait().unwrap() {}
    assert_eq!(place.number(PENDING), 1);
}

/// Events from before go when their time is over; conversations stay.
#[test]
fn a_bot_can_leave_when_nothing_is_left_to_say() {
    let (place, store) = fresh();
    answered(&store, 1);
    place.peek().execute_batch("DELETE FROM turns; DELETE FROM events;").unwrap();
    set(&store, Mode::Maintenance);
    while store.hand_over(6).wait().unwrap() {}
    assert_eq!(place.number(PENDING) + place.number("SELECT count(*) FROM hand_overs"), 0);
}

#[test]
fn a_bot_that_is_removed_leaves_its_hand_offs_and_nothing_else() {
    let (place, store) = fresh();
    answered(&store, 2);
    // One customer waits, one is on the way to an agent.
    accept(&store, "waits", "m-1", 3);
    accept(&store, "c1", "m-2", 3);
    let claims = claim(&store, 3);
    let of = |key: &str| claims.iter().find(|claim| claim.conversation.as_str() == key).unwrap();
    let mut hand_off = request("to an agent");
    hand_off.action = "hand-off";
    let ending = Ending::Done {
        state: StateChange::Keep,
        owner: Owner::Agent,
        requests: vec![request("an answer"), hand_off, request("another")],
    };
    store.commit(turn(of("c1")), ending, 4, 2000).wait().unwrap();
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    let late = store.commit(turn(of("waits")), passed(None, "late"), 5, 2000).wait();
    assert!(matches!(late, Err(Error::Stale(_))), "{late:?}");
    let due = store.due(10, 1000, 10).wait().unwrap().deliveries;
    let due: Vec<_> = due.iter().map(|delivery| (delivery.action.as_str(), delivery.body.as_str())).collect();
    assert_eq!(due, [("hand-off", "to an agent")]);
    while store.hand_over(11).wait().unwrap() {}
    let claims = claim(&store, 12);
    let keys: Vec<_> = claims.iter().map(|claim| claim.conversation.as_str()).collect();
    assert_eq!(keys, ["c0", "waits"]);
    assert_eq!(store.bot_revision(&claims[0].bot, claims[0].bot_revision).unwrap().unwrap().platform, "khoros");
    for claim in &claims {
        store.commit(turn(claim), passed(Some(Owner::Agent), "bye"), 13, 2000).wait().unwrap();
    }
    assert_eq!(store.due(14, 1000, 10).wait().unwrap().deliveries.len(), 2);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE status = 2 AND ending = 'the bot was removed'"), 1);
}

/// Conformance 34, 45.
#[test]
fn places_are_counted_where_they_are_taken() {
    let place = Place::new();
    let store = place.open(0);
    let places = Places { live: 1, listening: 3 };
    let put = |id: &str, mode: Mode, network: &str| {
        let bot = Bot { mode, network: network.to_owned(), platform_id: format!("app-{id}"), revision: 0, ..bot(id) };
        store.put_bot_beside(bot, places, actor()).wait()
    };
    assert_eq!(put("b1", Mode::Live, "net"), Ok(()));
    let Err(Error::Conflict(taken)) = put("b2", Mode::Live, "net") else { panic!("two are LIVE") };
    assert!(taken.starts_with("mode LIVE is taken by app-b1"), "{taken}");
    assert_eq!(put("b1", Mode::Live, "net"), Ok(()), "its own place");
    assert_eq!(put("b2", Mode::Monitoring, "net"), Ok(()));
    assert_eq!(put("b3", Mode::Monitoring, "net"), Ok(()));
    assert!(matches!(put("b4", Mode::Monitoring, "net"), Err(Error::Conflict(_))));
    assert_eq!(put("b4", Mode::Maintenance, "net"), Ok(()));
    assert_eq!(put("b5", Mode::Live, "another"), Ok(()));
    let twice = Bot { platform_id: "app-b1".to_owned(), mode: Mode::Maintenance, revision: 0, ..bot("b9") };
    let twice = store.put_bot_beside(twice, places, actor()).wait();
    assert!(matches!(twice, Err(Error::Conflict(_))), "one registration under two ids: {twice:?}");
    let elsewhere = Bot { platform_id: "app-b1".to_owned(), network: "third".to_owned(), revision: 0, ..bot("b9") };
    assert_eq!(store.put_bot_beside(elsewhere, places, actor()).wait(), Ok(()), "one app on several networks");
}

#[test]
fn what_was_changed_or_removed_meanwhile_is_not_written_over() {
    let (_place, store) = fresh();
    let places = Places { live: 1, listening: 3 };
    let read = || store.bot(&BotId::from("b1")).unwrap().unwrap();
    let with_mode = |bot: &Bot, mode: Mode| store.put_bot_beside(Bot { mode, ..bot.clone() }, places, actor()).wait();
    let before = read();
    assert_eq!(with_mode(&before, Mode::Monitoring), Ok(()));
    let late = with_mode(&before, Mode::Maintenance);
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    let before = read();
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    let back = with_mode(&before, Mode::Live);
    assert!(matches!(back, Err(Error::Conflict(_))), "a removed bot came back: {back:?}");
    assert_eq!(store.bot(&BotId::from("b1")), Ok(None));
}
