//! By hand: failed events again, parked requests again or not at all; each of it in the audit log.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{Host, HostBuilder};
use crate::support::stage::{Stage, message};

fn quick() -> HostBuilder {
    let quick = Host::builder().set("TURN__RETRY_FIRST_MS", "1").set("TURN__TRIES", "1").set("DELIVER__TRIES", "2");
    quick
        .set("DELIVER__RETRY_FIRST_MS", "1")
        .set("GUEST__DEADLINE_MS", "60000")
        .set("DELIVER__RESEND_AMBIGUOUS", "false")
}

async fn post(stage: &Stage, path: &str) -> (StatusCode, Value) {
    let response = stage.host.request(&stage.client, "POST", path).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn get(stage: &Stage, path: &str) -> Value {
    stage.host.request(&stage.client, "GET", path).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_failed_event_is_tried_again_once_its_module_is_there() {
    let stage = Stage::with(quick()).await;
    let hook = stage.hook("bot").await;
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    stage.settled().await;
    stage.push("bot", &guests::wayward()).await;
    let (status, retried) = post(&stage, &format!("/v1/events/{event}/retry")).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{retried}");
    stage.settled().await;
    let new = get(&stage, &format!("/v1/events/{}", retried["id"])).await;
    assert_eq!((&new["status"], &new["proof"]["result"]), (&json!("done"), &json!("by hand")), "{new:#}");
    assert_eq!(new["turns"][0]["proposed"]["actions"], json!([{ "respond": { "text": "hello" } }]));
    // The failure gave the conversation to an agent, and it still is one's: the platform does not take the answer.
    assert_eq!(new["deliveries"][0]["tries"][0]["http_status"], 403, "{new:#}");
    let old = get(&stage, &format!("/v1/events/{event}")).await;
    assert_eq!((&old["retried_as"], &new["retry_of"]), (&retried["id"], &old["id"]));
    let (status, problem) = post(&stage, &format!("/v1/events/{event}/retry")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains(&format!("as event {}", retried["id"])), "{problem}");
    let (status, problem) = post(&stage, &format!("/v1/events/{}/retry", retried["id"])).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("replay it instead"), "{problem}");
    assert_eq!(post(&stage, "/v1/events/999/retry").await.0, StatusCode::NOT_FOUND);
    let audit = get(&stage, "/v1/audit").await;
    let entry = audit["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "event.retry").unwrap();
    assert_eq!((&entry["subject"], &entry["details"]["event"]), (&json!(event), &retried["id"]));
}

#[tokio::test]
async fn a_parked_request_is_sent_again_or_dropped() {
    let stage = Stage::with(quick()).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    stage.platform.khoros.fail_next(2, StatusCode::BAD_REQUEST);
    for at in 1..3 {
        hook.deliver(&format!("id-{at}"), message("whatsapp", "jo", &format!("m-{at}"), "hello").to_string()).await;
        stage.settled().await;
    }
    let parked = get(&stage, "/v1/deliveries?state=parked").await;
    let ids: Vec<i64> = parked["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [2, 1], "{parked:#}");
    // Its tries count anew: one that fails again for now is tried again by itself.
    stage.platform.khoros.fail_next(1, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(post(&stage, "/v1/deliveries/1/retry").await.0, StatusCode::NO_CONTENT);
    stage.settled().await;
    let sent = get(&stage, "/v1/deliveries/1").await;
    let results: Vec<_> = sent["tries"].as_array().unwrap().iter().map(|one| one["result"].clone()).collect();
    assert_eq!((&sent["status"], results), (&json!("sent"), vec![json!("parked"), json!("again"), json!("sent")]));
    assert_eq!(post(&stage, "/v1/deliveries/2/drop").await.0, StatusCode::NO_CONTENT);
    assert_eq!(get(&stage, "/v1/deliveries/2").await["status"], "dropped");
    assert_eq!(stage.host.figure(&stage.client, "bothost_outbox_parked").await, 0.0);
    for path in ["/v1/deliveries/1/retry", "/v1/deliveries/2/retry", "/v1/deliveries/2/drop"] {
        assert_eq!(post(&stage, path).await.0, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(post(&stage, "/v1/deliveries/99/drop").await.0, StatusCode::NOT_FOUND);
    let audited = "SELECT count(*) FROM audit WHERE action IN ('delivery.retry', 'delivery.drop')";
    assert_eq!(stage.host.count(audited), 2);
}

#[tokio::test]
async fn a_request_whose_end_is_unknown_is_sent_again_when_a_person_says_so() {
    let stage = Stage::with(quick()).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    stage.platform.khoros.fail_next(1, StatusCode::INTERNAL_SERVER_ERROR);
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    stage.settled().await;
    let told = get(&stage, &format!("/v1/events/{event}")).await;
    assert_eq!(told["deliveries"][0]["status"], "unknown");
    assert!(told["verdict"].as_str().unwrap().contains("may or may not have reached the platform"), "{told:#}");
    assert_eq!(post(&stage, "/v1/deliveries/1/retry").await.0, StatusCode::NO_CONTENT);
    stage.settled().await;
    assert_eq!(get(&stage, "/v1/deliveries/1").await["status"], "sent");
}
