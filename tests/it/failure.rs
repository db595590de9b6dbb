//! Failure ends with a human: whatever goes wrong with a bot's turn or with a request to the platform, nobody is left waiting.

use bothost::simulator::khoros::{Conversation, Owner};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::guests;
use crate::support::host::{Host, HostBuilder};
use crate::support::platform::{Call, eventually};
use crate::support::stage::{BOT, Hook, Stage, message, update};

/// Three tries that follow one another at once, and a deadline that a busy machine does not reach.
fn quick() -> HostBuilder {
    let quick = Host::builder().set("TURN__RETRY_FIRST_MS", "1").set("TURN__TRIES", "3");
    quick.set("DELIVER__RETRY_FIRST_MS", "1").set("GUEST__DEADLINE_MS", "60000").set("GUEST__INSTRUCTIONS", "5000000")
}

async fn wayward(builder: HostBuilder) -> (Stage, Hook) {
    let stage = Stage::with(builder).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    (stage, hook)
}

/// What was recorded of the turns, oldest first: attempt, kind of cause, cause.
fn turns(stage: &Stage) -> Vec<(i64, Option<String>, Option<String>)> {
    let database = stage.host.database();
    let mut rows = database.prepare("SELECT attempt, cause_kind, cause FROM turns ORDER BY id").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The one call that the platform got: the conversation goes to an agent.
fn only_a_hand_off(stage: &Stage, cause: &str) {
    let calls = stage.platform.calls();
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    assert_eq!((call.line.as_str(), call.status), ("PUT /bots/v3/control", StatusCode::OK));
    let control = call.json();
    assert_eq!(control["owner"], json!({"type": "AGENT"}));
    let comment = control["comment"].as_str().unwrap();
    assert!(comment.contains(&format!("({cause})")), "{comment}");
    assert_eq!(control["author"]["id"], "jo");
    assert_eq!(stage.platform.khoros.owner(&jo()), Some(Owner::Agent));
    assert_eq!(stage.text("SELECT owner FROM conversations"), "agent");
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 2"), 1, "it ended as failed");
    assert_eq!(stage.host.count("SELECT count(*) FROM states"), 0, "nothing of its outcome is kept");
}

fn jo() -> Conversation {
    Conversation { network: "whatsapp".to_owned(), external_id: "page".to_owned(), author: "jo".to_owned() }
}

/// A message that fails the same way each time: three turns with this cause, then one hand-off.
async fn fails(builder: HostBuilder, text: &str, kind: &str, words: &str) {
    let (stage, hook) = wayward(builder).await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", text).to_string()).await;
    stage.settled().await;
    let turns = turns(&stage);
    assert_eq!(turns.iter().map(|turn| turn.0).collect::<Vec<_>>(), [1, 2, 3], "{turns:#?}");
    for (_, cause_kind, cause) in &turns {
        assert_eq!(cause_kind.as_deref(), Some(kind), "{cause:?}");
        assert!(cause.as_deref().unwrap().contains(words), "{cause:?}");
    }
    only_a_hand_off(&stage, kind);
    let ran = "SELECT count(*) FROM turns WHERE digest IS NOT NULL AND version = 1 AND instructions > 0";
    assert_eq!(stage.host.count(ran), 3);
}

#[tokio::test]
async fn a_panic_is_tried_again_and_then_handed_off_with_function_names() {
    fails(quick(), "panic", "trap", "wayward::stumble").await;
}

#[tokio::test]
async fn a_loop_ends_at_the_instruction_budget() {
    fails(quick(), "loop", "instructions", "5000000 instructions").await;
}

#[tokio::test]
async fn a_loop_ends_at_the_deadline() {
    let slow = quick().set("GUEST__DEADLINE_MS", "30").set("GUEST__INSTRUCTIONS", "1000000000000000");
    fails(slow, "loop", "deadline", "30 ms").await;
}

#[tokio::test]
async fn a_bot_that_asks_for_another_try_gets_it_until_the_last() {
    fails(quick(), "retry", "failure", "not my day").await;
}

#[tokio::test]
async fn one_refused_action_refuses_all() {
    fails(quick(), "priority 9", "refused", "priority at actions[1].set-priority").await;
}

#[tokio::test]
async fn a_state_beyond_the_limit_is_refused() {
    fails(quick(), "huge state", "refused", "state-too-large").await;
}

#[tokio::test]
async fn a_bot_that_gives_up_is_not_asked_again() {
    let (stage, hook) = wayward(quick()).await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "give up").to_string()).await;
    stage.settled().await;
    let turns = turns(&stage);
    let [(1, Some(kind), Some(cause))] = turns.as_slice() else { panic!("{turns:#?}") };
    assert_eq!((kind.as_str(), cause.as_str()), ("failure", "the bot gave up: it is hopeless"));
    only_a_hand_off(&stage, "failure");
}

#[tokio::test]
async fn a_try_that_works_out_ends_the_trouble() {
    let (stage, hook) = wayward(quick()).await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "recover").to_string()).await;
    // It waits behind the one that is tried again.
    hook.deliver("id-2", message("whatsapp", "jo", "m-2", "and then").to_string()).await;
    stage.settled().await;
    let texts: Vec<String> = stage.platform.calls().iter().map(Call::text).collect();
    assert_eq!(texts, ["recover", "and then"]);
    let kinds: Vec<_> = turns(&stage).into_iter().map(|(attempt, kind, _)| (attempt, kind)).collect();
    let failure = || Some("failure".to_owned());
    assert_eq!(kinds, [(1, failure()), (2, failure()), (3, None), (1, None)]);
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 1"), 2);
}

#[tokio::test]
async fn without_a_module_the_conversation_goes_to_an_agent_until_there_is_one() {
    let stage = Stage::with(quick()).await;
    let hook = stage.hook("bot").await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "anybody?").to_string()).await;
    stage.settled().await;
    let recorded = turns(&stage);
    assert_eq!(recorded.len(), 3);
    assert!(recorded.iter().all(|(_, kind, _)| kind.as_deref() == Some("no-module")), "{recorded:#?}");
    assert!(recorded[0].2.as_deref().unwrap().contains("bothost push"), "{recorded:#?}");
    assert_eq!(stage.host.count("SELECT count(*) FROM turns WHERE digest IS NULL AND version IS NULL"), 3);
    only_a_hand_off(&stage, "no-module");

    stage.push("bot", &guests::echo()).await;
    given_back_and_answered(&stage, &hook).await;
}

#[tokio::test]
async fn a_good_module_takes_the_bad_ones_place() {
    let (stage, hook) = wayward(quick()).await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "panic").to_string()).await;
    stage.settled().await;
    only_a_hand_off(&stage, "trap");

    assert_eq!(stage.push("bot", &guests::echo()).await, 2);
    given_back_and_answered(&stage, &hook).await;
    assert_eq!(stage.host.count("SELECT count(*) FROM turns WHERE version = 2 AND cause IS NULL"), 1);
}

/// The agent gives the conversation back, and the customer asks for what the bad module failed at.
async fn given_back_and_answered(stage: &Stage, hook: &Hook) {
    stage.platform.khoros.set_owner(jo(), Owner::Bot(BOT.to_owned()));
    hook.deliver("id-2", message("whatsapp", "jo", "m-2", "panic").to_string()).await;
    stage.settled().await;
    let calls = stage.platform.calls();
    assert_eq!(calls.len(), 2, "{calls:#?}");
    assert_eq!((calls[1].text().as_str(), calls[1].status), ("panic", StatusCode::ACCEPTED));
}

#[tokio::test]
async fn nobody_is_disturbed_over_a_conversation_that_ended() {
    let (stage, hook) = wayward(quick()).await;
    hook.deliver("id-1", update("whatsapp", "jo", "m-1", "CLOSED").to_string()).await;
    stage.settled().await;
    assert_eq!(turns(&stage).len(), 3);
    assert_eq!(stage.platform.calls().len(), 0, "{:#?}", stage.platform.calls());
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries"), 0);
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 2"), 1);
}

#[tokio::test]
async fn a_conversation_whose_beginning_failed_goes_to_an_agent() {
    let (stage, hook) = wayward(quick()).await;
    hook.deliver("id-1", update("whatsapp", "jo", "m-1", "CREATED").to_string()).await;
    stage.settled().await;
    only_a_hand_off(&stage, "trap");
    let control = stage.platform.calls()[0].json();
    assert_eq!(control["conversationDisplayId"], 123);
}

#[tokio::test]
async fn an_agents_own_conversation_is_left_alone() {
    let (stage, hook) = wayward(quick()).await;
    let mut agents = message("whatsapp", "jo", "m-1", "panic");
    agents["owner"] = json!({"type": "AGENT"});
    hook.deliver("id-1", agents.to_string()).await;
    stage.settled().await;
    assert_eq!(turns(&stage).len(), 3);
    assert_eq!(stage.platform.calls().len(), 0, "{:#?}", stage.platform.calls());
}

/// What was recorded of the tries of deliveries, oldest first: when they ended, and how.
fn attempts(stage: &Stage) -> Vec<(i64, String, Option<String>)> {
    let database = stage.host.database();
    let mut rows = database.prepare("SELECT at_ms, result, reason FROM attempts ORDER BY delivery, attempt").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_busy_platform_says_when_to_come_again() {
    let (stage, hook) = wayward(quick()).await;
    stage.platform.khoros.fail_next_for(1, StatusCode::SERVICE_UNAVAILABLE, 1);
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    hook.deliver("id-2", message("whatsapp", "jo", "m-2", "two").to_string()).await;
    stage.settled().await;
    let said: Vec<_> = stage.platform.calls().iter().map(|call| (call.text(), call.status.as_u16())).collect();
    let said: Vec<_> = said.iter().map(|(text, status)| (text.as_str(), *status)).collect();
    assert_eq!(said, [("one", 503), ("one", 202), ("two", 202)]);
    let attempts = attempts(&stage);
    assert_eq!(attempts[0].1, "again");
    assert!(attempts[1].0 >= attempts[0].0 + 1000, "{attempts:#?}");
    // A longer wait is kept as well, without waiting for it here.
    stage.platform.khoros.fail_next_for(1, StatusCode::SERVICE_UNAVAILABLE, 900);
    hook.deliver("id-3", message("whatsapp", "jo", "m-3", "three").to_string()).await;
    let wait = "SELECT coalesce(max(deliveries.due_ms - attempts.at_ms), 0) FROM deliveries
                JOIN attempts ON delivery = id WHERE status = 0 AND result = 'again'";
    let waits = eventually("the third is put off", || Some(stage.host.count(wait)).filter(|wait| *wait > 0)).await;
    assert_eq!(waits, 900_000);
}

#[tokio::test]
async fn what_the_platform_refuses_is_parked_and_the_next_goes_on() {
    let (stage, hook) = wayward(quick()).await;
    stage.platform.khoros.fail_next(1, StatusCode::BAD_REQUEST);
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    hook.deliver("id-2", message("whatsapp", "jo", "m-2", "two").to_string()).await;
    stage.settled().await;
    let said: Vec<_> = stage.platform.calls().iter().map(|call| (call.text(), call.status.as_u16())).collect();
    assert_eq!(said, [("one".to_owned(), 400), ("two".to_owned(), 202)]);
    let parked = stage.text("SELECT last_error FROM deliveries WHERE status = 3");
    assert_eq!(parked, "400 Bad Request: simulated fault", "the platform's own words");
    assert_eq!(stage.host.figure(&stage.client, "bothost_outbox_parked").await, 1.0);
}

#[tokio::test]
async fn a_refused_token_may_be_accepted_later() {
    let (stage, hook) = wayward(quick()).await;
    stage.platform.khoros.fail_next(2, StatusCode::UNAUTHORIZED);
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    stage.settled().await;
    let said: Vec<_> = stage.platform.calls().iter().map(|call| (call.text(), call.status.as_u16())).collect();
    assert_eq!(said, [401, 401, 202].map(|status| ("one".to_owned(), status)));
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2 AND attempts = 3"), 1);
}

#[tokio::test]
async fn after_the_last_try_a_delivery_is_parked() {
    let (stage, hook) = wayward(quick().set("DELIVER__TRIES", "2")).await;
    stage.platform.fail_every(1);
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.platform.calls().len(), 2);
    let parked = stage.text("SELECT last_error FROM deliveries WHERE status = 3");
    assert!(parked.starts_with("the last try failed: 503 Service Unavailable"), "{parked}");
}
