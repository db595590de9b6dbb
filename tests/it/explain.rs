//! Why did the bot (not) answer: one record for each way that an event can go, over the API and on the command line.

use bothost::simulator::khoros::{Conversation, Owner, sign};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::cli::bothost;
use crate::support::guests;
use crate::support::host::{Host, HostBuilder, SECRET, TOKEN, registration};
use crate::support::platform::eventually;
use crate::support::stage::{BOT, Hook, Stage, message, now_s};

fn quick() -> HostBuilder {
    let quick = Host::builder().set("TURN__RETRY_FIRST_MS", "1").set("TURN__TRIES", "2").set("DELIVER__TRIES", "1");
    quick.set("DELIVER__RETRY_FIRST_MS", "1").set("GUEST__DEADLINE_MS", "60000").set("GUEST__INSTRUCTIONS", "5000000")
}

async fn wayward() -> (Stage, Hook) {
    let stage = Stage::with(quick()).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    (stage, hook)
}

async fn get(stage: &Stage, path: &str) -> (StatusCode, Value) {
    let response = stage.host.request(&stage.client, "GET", path).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

/// Delivers a message, waits until all is over, and explains it.
async fn explained(stage: &Stage, hook: &Hook, id: &str, text: &str) -> Value {
    let event = hook.deliver(id, message("whatsapp", "jo", id, text).to_string()).await;
    stage.settled().await;
    explain(stage, &event).await
}

async fn explain(stage: &Stage, event: &str) -> Value {
    let (status, event) = get(stage, &format!("/v1/events/{event}")).await;
    assert_eq!(status, 200, "{event}");
    // Whatever is asked, the gateway's token and the bot's secret are in no answer.
    let text = event.to_string();
    assert!(!text.contains(TOKEN) && !text.contains(SECRET), "{text}");
    event
}

#[tokio::test]
async fn an_answer_is_explained_with_everything_that_led_to_it() {
    let (stage, hook) = wayward().await;
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    assert_eq!(hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await, event);
    stage.settled().await;
    let told = explain(&stage, &event).await;
    assert_eq!(told["verdict"], "The bot answered with 1 request; it was sent.");
    assert_eq!((&told["kind"], &told["status"], &told["duplicates"]), (&json!("message"), &json!("done"), &json!(1)));
    assert_eq!(told["proof"]["result"], "verified");
    assert_eq!(told["proof"]["scheme"], "standard-webhooks");
    assert_eq!(told["proof"]["delivery_id"], "id-1");
    let bot = &told["bot_then"];
    assert_eq!((&bot["module"], &bot["mode"], &bot["revision"]), (&json!("bot"), &json!("LIVE"), &json!(1)));
    assert!(bot["route"].as_str().unwrap().starts_with("POST /hooks/khoros/"), "{bot}");
    assert_eq!(told["holder"], json!({ "before": null, "after": format!("bot:{BOT}"), "may_speak": true }));
    let turn = &told["turns"][0];
    let why = turn["why"].as_str().unwrap();
    assert!(why.starts_with("version 1 was active since 20") && why.contains("activated by key:"), "{why}");
    assert!(why.contains(" from 127.0.0.1 (activation 1)"), "{why}");
    assert!(turn["instructions"].as_u64().unwrap() > 0 && turn["memory_bytes"].as_u64().unwrap() > 0);
    assert_eq!(turn["proposed"]["actions"], json!([{ "respond": { "text": "hello" } }]));
    assert_eq!((&turn["checked"], &turn["refused"]), (&json!(true), &json!([])));
    let delivery = &told["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["action"]), (&json!("sent"), &json!("respond")));
    assert_eq!(delivery["body"]["text"], "hello");
    let one = &delivery["tries"][0];
    assert_eq!((&one["result"], &one["http_status"]), (&json!("sent"), &json!(202)));
    assert!(one["answer"].as_str().unwrap().contains("requestId"), "{one}");
    // The command line tells the same, the verdict first.
    let said = bothost(&stage.host, &["explain", &event]);
    assert!(said.out.starts_with("The bot answered with 1 request; it was sent.\n"), "{said:?}");
    assert!(said.out.contains("standard-webhooks") && said.out.contains("activation 1"), "{said:?}");
    let said = bothost(&stage.host, &["explain", &event, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["verdict"], told["verdict"]);
}

#[tokio::test]
async fn silence_is_explained_by_who_holds_the_conversation() {
    let (stage, hook) = wayward().await;
    let first = explained(&stage, &hook, "id-1", "hello").await;
    let mut taken = message("whatsapp", "jo", "m-2", "a person answers me");
    taken["owner"] = json!({ "type": "AGENT" });
    let event = hook.deliver("id-2", taken.to_string()).await;
    stage.settled().await;
    let told = explain(&stage, &event).await;
    let silence = "The bot was not asked to answer: a human agent holds the conversation since this event.";
    assert_eq!(told["verdict"], silence);
    let mut later = message("whatsapp", "jo", "m-3", "thanks");
    later["owner"] = json!({ "type": "AGENT" });
    let third = hook.deliver("id-3", later.to_string()).await;
    stage.settled().await;
    let told = explain(&stage, &third).await;
    assert_eq!(told["verdict"], silence.replace("this event", &format!("event {event}")));
    assert_eq!(told["holder"], json!({ "before": "agent", "after": "agent", "may_speak": false }));
    assert_eq!(first["holder"]["may_speak"], true);
}

#[tokio::test]
async fn refused_actions_are_explained_with_their_rule() {
    let (stage, hook) = wayward().await;
    let told = explained(&stage, &hook, "id-1", "priority 9").await;
    let verdict = told["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("The actions were refused: actions[1].set-priority: 9 is not within 0"), "{verdict}");
    assert!(verdict.ends_with("after 2 tries the conversation was handed to an agent."), "{verdict}");
    let turn = &told["turns"][1];
    let refused = &turn["refused"][0];
    assert_eq!((&refused["path"], &refused["rule"]), (&json!("actions[1].set-priority"), &json!("priority")));
    assert_eq!(refused["source"], "platforms.md A7");
    assert_eq!(turn["proposed"]["actions"][1], json!({ "set-priority": 9 }));
    assert_eq!((&turn["checked"], &turn["cause"]["kind"]), (&json!(false), &json!("refused")));
}

#[tokio::test]
async fn a_trap_is_explained_with_the_guests_function_names() {
    let (stage, hook) = wayward().await;
    let told = explained(&stage, &hook, "id-1", "panic").await;
    assert!(told["verdict"].as_str().unwrap().contains("wayward::stumble"), "{}", told["verdict"]);
    assert_eq!(told["turns"][0]["cause"]["kind"], "trap");
}

#[tokio::test]
async fn a_missing_module_and_a_lost_hand_off_are_explained() {
    let stage = Stage::with(quick()).await;
    let hook = stage.hook("echo").await;
    let told = explained(&stage, &hook, "id-1", "hello").await;
    let verdict = told["verdict"].as_str().unwrap();
    assert!(verdict.contains("module echo has no active version"), "{verdict}");
    assert!(verdict.ends_with("handed to an agent."), "{verdict}");
    assert_eq!((&told["turns"][0]["version"], &told["turns"][0]["why"]), (&Value::Null, &Value::Null));
    stage.platform.khoros.fail_next(1, StatusCode::FORBIDDEN);
    let event = hook.deliver("id-2", message("whatsapp", "al", "m-2", "hello").to_string()).await;
    stage.settled().await;
    let told = explain(&stage, &event).await;
    assert!(told["verdict"].as_str().unwrap().contains("but that request was refused by the platform"), "{told}");
}

#[tokio::test]
async fn what_the_platform_answers_is_explained_without_the_token() {
    let (stage, hook) = wayward().await;
    let jo = Conversation { network: "whatsapp".to_owned(), external_id: "page".to_owned(), author: "jo".to_owned() };
    stage.platform.khoros.set_owner(jo, Owner::Agent);
    let told = explained(&stage, &hook, "id-1", "hello").await;
    let verdict = told["verdict"].as_str().unwrap();
    assert!(verdict.contains("it was refused by the platform (403 Forbidden: This bot doesn't own"), "{verdict}");
    let one = &told["deliveries"][0]["tries"][0];
    assert_eq!((&one["http_status"], &one["result"]), (&json!(403), &json!("parked")));
    assert!(one["answer"].as_str().unwrap().contains("doesn't own the conversation"), "{one}");
    // A platform that says back what it was sent: the coordinate holds whatever the sender wrote.
    let mut echo = message("whatsapp", "jo", "m-2", "hello");
    echo["coordinate"]["echo"] = json!(TOKEN);
    let event = hook.deliver("id-2", echo.to_string()).await;
    stage.settled().await;
    let (_, told) = get(&stage, &format!("/v1/events/{event}")).await;
    let one = &told["deliveries"][0]["tries"][0];
    assert!(!one.to_string().contains(TOKEN), "{one}");
    assert!(one["answer"].as_str().unwrap().contains("[token]"), "{one}");
    assert!(!told["verdict"].to_string().contains(TOKEN), "{}", told["verdict"]);
}

#[tokio::test]
async fn lists_are_filtered_paged_and_checked() {
    let (stage, hook) = wayward().await;
    let other = stage.hook_of(&registration("whatsapp", "page-2", BOT, "bot")).await;
    for at in 0..3 {
        hook.deliver(&format!("id-{at}"), message("whatsapp", "jo", &format!("m-{at}"), "hello").to_string()).await;
    }
    other.deliver("id-9", message("whatsapp", "al", "m-9", "give up").to_string()).await;
    stage.settled().await;
    let ids = |list: &Value| -> Vec<i64> {
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
    };
    let (_, page) = get(&stage, "/v1/events?limit=3").await;
    assert_eq!(ids(&page), [4, 3, 2]);
    let (_, rest) = get(&stage, &format!("/v1/events?limit=3&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![1], &Value::Null));
    let (_, failed) = get(&stage, "/v1/events?state=failed").await;
    assert_eq!(ids(&failed), [4]);
    let bot = failed["items"][0]["bot"].as_str().unwrap();
    assert_eq!(ids(&get(&stage, &format!("/v1/events?bot={bot}")).await.1), [4]);
    let key = page["items"][1]["conversation"].as_str().unwrap();
    let said = bothost(&stage.host, &["events", "--conversation", key]);
    assert_eq!(said.out.lines().count(), 4, "{said:?}");
    assert!(said.out.lines().nth(1).unwrap().starts_with("3 "), "{said:?}");
    let (status, problem) = get(&stage, "/v1/events?state=odd").await;
    assert_eq!((status, &problem["type"]), (StatusCode::BAD_REQUEST, &json!("urn:bothost:problem:malformed-query")));
    for path in ["/v1/events/999", "/v1/events/x", "/v1/deliveries/999", "/v1/events/1/recording?attempt=9"] {
        assert_eq!(get(&stage, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (_, sent) = get(&stage, "/v1/deliveries?state=sent&limit=2").await;
    assert_eq!((ids(&sent).len(), sent["items"][0]["status"].as_str()), (2, Some("sent")));
    let (_, one) = get(&stage, &format!("/v1/deliveries/{}", ids(&sent)[0])).await;
    assert_eq!(one["tries"].as_array().unwrap().len(), 1);
    // A refused webhook is in no list.
    let body = message("whatsapp", "jo", "m-10", "hello").to_string();
    let headers = sign::sign_standard_webhooks("whsec_d3Jvbmc=", "id-10", now_s(), body.as_bytes());
    assert_eq!(hook.send(headers, body).await.status(), 401);
    eventually("the list is as before", || (stage.host.count("SELECT count(*) FROM events") == 4).then_some(())).await;
}

#[tokio::test]
async fn an_event_that_waits_and_one_whose_bot_was_removed_are_explained() {
    let stage = Stage::with(quick().set("TURN__RETRY_FIRST_MS", "30000")).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "retry").to_string()).await;
    eventually("a turn", || (stage.host.count("SELECT count(*) FROM turns") == 1).then_some(())).await;
    let told = explain(&stage, &event).await;
    assert_eq!((&told["status"], &told["holder"]["before"]), (&json!("waiting"), &Value::Null));
    let verdict = "Try 1 failed: the bot asked for another try: not my day; it is tried again.";
    assert_eq!(told["verdict"], verdict);
    let path = format!("/bots/v3/registrations/network/whatsapp/externalId/page/appId/{BOT}");
    let removed = stage.host.request(&stage.client, "DELETE", &path).send().await.unwrap();
    assert!(removed.status().is_success(), "{removed:?}");
    let told = explain(&stage, &event).await;
    assert_eq!(told["verdict"], "It was closed unanswered: the bot was removed.");
    assert_eq!((&told["ending"], &told["bot_then"]["module"]), (&json!("the bot was removed"), &json!("bot")));
    let path = format!("/v1/events/{event}/retry");
    let retried = stage.host.request(&stage.client, "POST", &path).send().await.unwrap();
    assert_eq!(retried.status(), StatusCode::CONFLICT);
}
