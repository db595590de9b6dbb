//! Calls of Khoros' API that wait for what becomes of them, and those that outlive the process.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::calls::{action, error, says, send, stage, stage_with, waits};
use crate::support::guests::echo;
use crate::support::host::{Host, HostBuilder, registration};
use crate::support::platform::{PATIENCE, Platform, eventually};
use crate::support::stage::{BOT, Stage, client};

/// Where nobody is answered because time is up: only an outcome ends the wait.
fn patient() -> HostBuilder {
    Host::builder().set("DELIVER__SYNCHRONOUS_MS", 3_600_000)
}

/// Conformance 128, 129, 131, 134.
#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_respond_tells_what_became_of_it() {
    let stage = stage_with(patient().set("DELIVER__RETRY_FIRST_MS", 1).set("DELIVER__TRIES", 3)).await;
    let answer = send(&stage, "POST", "respond", waits("now")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let data = &answer.body["data"];
    assert_eq!((&data["payloadType"], &data["requestState"]), (&json!("message"), &json!("SUCCESS")));
    assert_eq!(data["messageId"], "sim-message-1");
    assert_eq!(answer.body["requestId"], answer.header.as_str());
    // A failure on the way that passes is no failure.
    stage.platform.khoros.fail_next(2, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(send(&stage, "POST", "respond", waits("after all")).await.status, 200);
    // Each that waits hears of its own.
    let all = (0..12).map(|number| {
        let (client, host) = (stage.client.clone(), &stage.host);
        let mut body: Value = serde_json::from_str(&waits("many")).unwrap();
        let author = json!(format!("author-{}", number % 4));
        body["coordinate"]["normalizedAuthorId"] = author.clone();
        body["author"]["id"] = author;
        let request = host.request(&client, "POST", "/bots/v3/respond").json(&body);
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    });
    let answers = futures_util::future::join_all(all).await;
    let ids: std::collections::HashSet<_> = answers.iter().map(|answer| answer["requestId"].to_string()).collect();
    assert_eq!(ids.len(), 12);
    assert!(answers.iter().all(|answer| answer["data"]["requestState"] == "SUCCESS"), "{answers:?}");
}

/// Conformance 130.
#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_respond_that_fails_says_why() {
    let stage = stage_with(patient().set("DELIVER__RETRY_FIRST_MS", 1).set("DELIVER__TRIES", 2)).await;
    let khoros = &stage.platform.khoros;
    for (status, told) in [(400, 400), (403, 403), (422, 422), (405, 502), (503, 502), (401, 502)] {
        khoros.fail_next(2, StatusCode::from_u16(status).unwrap());
        let answer = send(&stage, "POST", "respond", waits("no")).await;
        assert_eq!(answer.status, told, "{status}: {answer:?}");
        assert_eq!(answer.body["requestId"], answer.header.as_str());
        assert!(error(&answer).contains("simulated fault"), "{answer:?}");
        let record = send(&stage, "GET", &format!("request/{}", answer.header), "").await;
        assert_eq!(record.body["data"]["state"], "ERROR", "{record:?}");
        assert_eq!(record.body["data"]["details"]["code"], status.to_string());
        khoros.fail_next(0, StatusCode::OK);
    }
}

/// Conformance 130.
#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_respond_does_not_wait_for_ever() {
    let stage =
        stage_with(Host::builder().set("DELIVER__SYNCHRONOUS_MS", 50).set("DELIVER__SYNCHRONOUS_AT_ONCE", 1)).await;
    stage.platform.khoros.hang();
    let answer = send(&stage, "POST", "respond", waits("slow")).await;
    assert_eq!(answer.status, 504, "{answer:?}");
    assert!(error(&answer).contains(&format!("GET /request/{}", answer.header)), "{answer:?}");
    let path = format!("request/{}", answer.header);
    assert_eq!(send(&stage, "GET", &path, "").await.body["data"]["state"], "PENDING");
    stage.platform.khoros.resume();
    eventually("the message is sent all the same", || {
        (stage.host.count("SELECT count(*) FROM deliveries WHERE status = 2") == 1).then_some(())
    })
    .await;
    assert_eq!(send(&stage, "GET", &path, "").await.body["data"]["state"], "SUCCESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_places_to_wait_in() {
    let stage = stage_with(Host::builder().set("DELIVER__SYNCHRONOUS_AT_ONCE", 2)).await;
    stage.platform.khoros.hang();
    let first = tokio::spawn(stage.host.request(&stage.client, "POST", "/bots/v3/respond").body(waits("one")).send());
    stage.platform.khoros.wait_for(1).await;
    let events = || stage.host.count("SELECT count(*) FROM events");
    assert_eq!(events(), 1);
    // Half of the places are one tenant's at most.
    let second = send(&stage, "POST", "respond", waits("two")).await;
    assert_eq!((second.status, events()), (503, 1), "{second:?}");
    // Whoever does not wait needs no place.
    assert_eq!(send(&stage, "POST", "respond", says("three")).await.status, 202);
    stage.platform.khoros.resume();
    let first = tokio::time::timeout(PATIENCE, first).await.unwrap().unwrap().unwrap();
    assert_eq!(first.status(), 200);
    assert_eq!(send(&stage, "POST", "respond", waits("four")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_those_who_wait() {
    let mut stage = stage().await;
    stage.platform.khoros.hang();
    let waiting =
        tokio::spawn(stage.host.request(&stage.client, "POST", "/bots/v3/respond").body(waits("slow")).send());
    stage.platform.khoros.wait_for(1).await;
    let platform = stage.platform.khoros.clone();
    let stopped = tokio::task::spawn_blocking(move || (stage.host.terminate(), stage));
    let answer = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), 504);
    platform.resume();
    let (status, stage) = stopped.await.unwrap();
    assert!(status.success());
    drop(stage);
}

/// What was accepted is sent, whatever becomes of the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_taking_and_sending_loses_nothing() {
    let stage = Stage::with(Host::builder()).await;
    stage.push("echo", &echo()).await;
    stage.hook_of(&registration("whatsapp", "page", BOT, "echo")).await;
    stage.platform.khoros.hang();
    let note = |text: &str| action("whatsapp", "note", json!({ "note": text })).to_string();
    let mut ids = Vec::new();
    for number in 0..5 {
        let answer = send(&stage, "PUT", "note", note(&format!("note {number}"))).await;
        assert_eq!(answer.status, 202);
        ids.push(answer.header);
    }
    stage.platform.khoros.wait_for(1).await;
    let Stage { host, platform, client } = stage;
    let stage = Stage { host: host.kill_and_restart(), platform, client };
    stage.platform.khoros.resume();
    stage.settled().await;
    let notes: Vec<_> = stage.platform.calls().iter().map(|call| call.json()["note"].clone()).collect();
    // The first was on its way at the crash: it may have come twice, and comes at least once.
    assert!((0..5).all(|number| notes.contains(&json!(format!("note {number}")))), "{notes:?}");
    for id in ids {
        let record = send(&stage, "GET", &format!("request/{id}"), "").await;
        assert_eq!(record.body["data"]["state"], "SUCCESS", "{record:?}");
    }
}

/// Without a gateway a call is kept like everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_waits_for_a_gateway() {
    let platform = Platform::start().await;
    let host = Host::builder().set("DELIVER__SYNCHRONOUS_MS", 50).set("DELIVER__TRIES", 1).start();
    let stage = Stage { host, platform, client: client() };
    stage.push("echo", &echo()).await;
    stage.hook_of(&registration("whatsapp", "page", BOT, "echo")).await;
    let answer = send(&stage, "POST", "respond", waits("where to?")).await;
    assert!([502, 504].contains(&answer.status), "{answer:?}");
    stage.settled().await;
    let record = send(&stage, "GET", &format!("request/{}", answer.header), "").await;
    assert_eq!(record.body["data"]["state"], "ERROR");
    assert!(record.body["data"]["details"]["message"].as_str().unwrap().contains("no khoros gateway"), "{record:?}");
}

/// Conformance 130.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_is_not_called_undone() {
    let stage = stage_with(Host::builder().set("DELIVER__SYNCHRONOUS_MS", 300)).await;
    let database = rusqlite::Connection::open(stage.host.data.join("bothost.db")).unwrap();
    stage.platform.khoros.hang();
    let waiting = async { send(&stage, "POST", "respond", waits("is it?")).await };
    let planting = async {
        stage.platform.khoros.wait_for(1).await;
        database.execute_batch("ALTER TABLE attempts RENAME TO gone").unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, planting);
    database.execute_batch("ALTER TABLE gone RENAME TO attempts").unwrap();
    assert_eq!((answer.status, answer.body["requestId"].as_str()), (504, Some(answer.header.as_str())), "{answer:?}");
    assert!(error(&answer).contains("not to be repeated"), "{answer:?}");
    stage.platform.khoros.resume();
    stage.settled().await;
    let record = send(&stage, "GET", &format!("request/{}", answer.header), "").await;
    assert_eq!(record.body["data"]["state"], "SUCCESS", "{record:?}");
}
