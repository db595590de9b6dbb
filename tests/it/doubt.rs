//! A request whose end is not known: the platform is asked what became of it before there is another try.

use bothost::simulator::khoros::RequestState;
use reqwest::StatusCode;

use crate::support::guests;
use crate::support::host::{Host, HostBuilder};
use crate::support::platform::{Call, eventually};
use crate::support::stage::{Hook, Stage, message};

const BROKEN: StatusCode = StatusCode::BAD_GATEWAY;

fn quick() -> HostBuilder {
    Host::builder().set("DELIVER__RETRY_FIRST_MS", "1").set("DELIVER__RETRY_LONGEST_MS", "5")
}

async fn echo(builder: HostBuilder) -> (Stage, Hook) {
    let stage = Stage::with(builder).await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook("echo").await;
    (stage, hook)
}

async fn say(hook: &Hook, number: u32) {
    hook.deliver(&format!("id-{number}"), message("whatsapp", "jo", &format!("m-{number}"), "hello").to_string()).await;
}

/// What the platform was asked.
fn questions(stage: &Stage) -> Vec<String> {
    stage.platform.asked().into_iter().map(|call| call.line).collect()
}

fn texts(stage: &Stage) -> Vec<String> {
    stage.platform.calls().iter().map(Call::text).collect()
}

#[tokio::test]
async fn what_was_done_is_not_done_again() {
    let (stage, hook) = echo(quick()).await;
    stage.platform.khoros.muddle_next(1, BROKEN, Some(RequestState::Success), true);
    say(&hook, 1).await;
    stage.settled().await;
    assert_eq!(texts(&stage), ["hello"], "the customer reads it once");
    let [asked] = questions(&stage).try_into().unwrap();
    assert!(asked.starts_with("GET /bots/v3/request/sim-"), "{asked}");
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2"), 1);
    assert_eq!(asked, stage.text("SELECT 'GET /bots/v3/request/' || reference FROM deliveries"));
    assert_eq!(asked, stage.text("SELECT 'GET /bots/v3/request/' || reference FROM attempts WHERE attempt = 1"));
}

#[tokio::test]
async fn what_was_not_done_is_done_again_whatever_the_setting() {
    let (stage, hook) = echo(quick().set("DELIVER__RESEND_AMBIGUOUS", "false")).await;
    stage.platform.khoros.muddle_next(2, BROKEN, Some(RequestState::Error), true);
    say(&hook, 1).await;
    stage.settled().await;
    assert_eq!(texts(&stage), ["hello"; 3]);
    assert_eq!(questions(&stage).len(), 2, "asked before each retry");
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2"), 1);
}

#[tokio::test]
async fn without_an_id_the_request_is_found_by_what_it_said() {
    for (state, times) in [(RequestState::Success, 1), (RequestState::Error, 2)] {
        let (stage, hook) = echo(quick().set("DELIVER__RESEND_AMBIGUOUS", "false")).await;
        // The same words of an earlier request are another payload: it answered another message.
        say(&hook, 1).await;
        stage.settled().await;
        stage.platform.khoros.muddle_next(1, BROKEN, Some(state), false);
        say(&hook, 2).await;
        stage.settled().await;
        assert_eq!(texts(&stage).len(), 1 + times, "{state:?}");
        let [asked] = questions(&stage).try_into().unwrap();
        assert_eq!(asked, "GET /bots/v3/request/appId/examplebot");
        assert_eq!(stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2"), 2);
    }
}

#[tokio::test]
async fn an_earlier_record_of_the_same_payload_is_not_taken_for_this_one() {
    let (stage, hook) = echo(quick().set("DELIVER__RESEND_AMBIGUOUS", "false")).await;
    say(&hook, 1).await;
    stage.settled().await;
    // The same message once more, under another delivery id: the answer is the same to the byte.
    stage.platform.khoros.muddle_next(1, BROKEN, None, false);
    let body = message("whatsapp", "jo", "m-1", "hello").to_string();
    hook.deliver("id-again", body).await;
    stage.settled().await;
    let state = "SELECT group_concat(status) FROM deliveries";
    let bodies = "SELECT count(DISTINCT body) FROM deliveries";
    assert_eq!((stage.text(state).as_str(), stage.host.count(bodies)), ("2,4", 1), "the second one is not known");
    assert_eq!(questions(&stage), ["GET /bots/v3/request/appId/examplebot"]);
}

#[tokio::test]
async fn while_the_platform_is_at_it_nothing_is_sent() {
    let (stage, hook) = echo(quick().set("DELIVER__TRIES", "2")).await;
    stage.platform.khoros.muddle_next(1, BROKEN, Some(RequestState::Pending), true);
    say(&hook, 1).await;
    // More questions than there are tries: waiting is none.
    eventually("ten questions", || (questions(&stage).len() >= 10).then_some(())).await;
    assert_eq!(texts(&stage), ["hello"]);
    assert_eq!(stage.host.count("SELECT count(*) FROM attempts"), 1);
    stage.platform.khoros.set_records(RequestState::Success);
    stage.settled().await;
    assert_eq!(texts(&stage), ["hello"]);
    assert_eq!(stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2"), 1);
}

#[tokio::test]
async fn where_the_records_do_not_say_the_setting_decides() {
    // Nothing is recorded of what is refused at the door.
    for (resend, calls, status) in [("true", 2, 2), ("false", 1, 4)] {
        let (stage, hook) = echo(quick().set("DELIVER__RESEND_AMBIGUOUS", resend)).await;
        stage.platform.khoros.fail_next(1, BROKEN);
        say(&hook, 1).await;
        stage.settled().await;
        assert_eq!((texts(&stage).len(), questions(&stage).len()), (calls, 1), "{resend}");
        assert_eq!(stage.host.count("SELECT status FROM deliveries"), status, "{resend}");
        if status == 4 {
            let reason = stage.text("SELECT last_error FROM deliveries");
            assert!(reason.contains("no idempotency key") && reason.contains("not found"), "{reason}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_under_way_at_a_power_cut_is_asked_for() {
    let (mut stage, hook) = echo(quick()).await;
    stage.platform.khoros.hang();
    say(&hook, 1).await;
    eventually("a request is under way", || (stage.platform.khoros.received_total() > 0).then_some(())).await;
    // It is done after all, and nobody is there to hear it.
    let since_ms = stage.host.count("SELECT leased_ms FROM deliveries");
    stage.host = stage.host.kill_and_restart();
    eventually("the doubt is noted", || {
        (stage.host.count("SELECT coalesce(doubt_ms, 0) FROM deliveries") == since_ms).then_some(())
    })
    .await;
    stage.platform.khoros.resume();
    stage.settled().await;
    let asked = questions(&stage);
    assert!(asked.contains(&"GET /bots/v3/request/appId/examplebot".to_owned()), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_while_the_platform_is_asked_hides_no_earlier_try() {
    let (mut stage, hook) = echo(quick()).await;
    stage.platform.khoros.muddle_next(1, BROKEN, Some(RequestState::Pending), false);
    say(&hook, 1).await;
    eventually("a question", || (!questions(&stage).is_empty()).then_some(())).await;
    assert!(stage.host.terminate().success());
    // As a power cut in the middle of a later question leaves it.
    let database = rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap();
    let cut = "UPDATE deliveries SET status = 1, attempts = attempts + 1, leased_ms = leased_ms + 1000; \
               UPDATE conversations SET send_leased = 1";
    database.execute_batch(cut).unwrap();
    let since_ms: i64 = database.query_row("SELECT doubt_ms FROM deliveries", [], |row| row.get(0)).unwrap();
    drop(database);
    stage.platform.khoros.set_records(RequestState::Success);
    stage.host = stage.host.restarted();
    stage.settled().await;
    assert_eq!(texts(&stage), ["hello"], "the customer reads it once");
    assert_eq!(stage.host.count("SELECT doubt_ms FROM deliveries"), since_ms);
}
