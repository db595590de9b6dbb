//! The whole way of an event: a bot is made, a webhook comes in, the bot's turn, a message at the platform.

use serde_json::{Value, json};

use super::stage::{Stage, event};
use super::support::fixture;
use crate::support::external::External;
use crate::support::guests;
use crate::support::host::Host;

/// Conformance 184, 203, 210, 212.
#[tokio::test(flavor = "multi_thread")]
async fn a_mention_is_answered_in_its_room_once() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::echo(), &json!({"trigger": "mention"})).await;
    let number = stage.deliver(&bot, fixture("mention")).await;
    assert_eq!(stage.deliver(&bot, fixture("mention")).await, number, "one message is one event");
    let calls = stage.settled().await;
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    // The event names the bot as the platform knows it.
    assert_eq!(call.path, "/consumer/api/v2/bot/65aa01/chatroom/Qx1aB2cD3/message");
    assert_eq!(call.status.unwrap(), 200);
    assert_eq!(call.body, json!({"message": "what are the opening hours?", "messageId": "65dd04"}));
    let told = stage.explained(&number).await;
    assert_eq!(told["status"], "done", "{told}");
}

/// Conformance 190, 191, 193, 194.
#[tokio::test(flavor = "multi_thread")]
async fn trigger_and_visibility_decide_who_is_heard_and_who_hears() {
    let stage = Stage::new().await;
    let private = json!({"trigger": "mention", "messageVisibility": "private"});
    let quiet = stage.bot(&guests::echo(), &private).await;
    let open = stage.bot(&guests::echo(), &json!({"name": "other"})).await;
    let unheard = stage.deliver(&quiet, event("message", "m1", "hello everybody")).await;
    stage.deliver(&quiet, event("mention", "m2", "@helper psst")).await;
    stage.deliver(&open, event("message", "m1", "hello everybody")).await;
    let mut said: Vec<Value> = stage.settled().await.into_iter().map(|call| call.body).collect();
    said.sort_by_key(ToString::to_string);
    assert_eq!(
        said,
        [
            json!({"message": "hello everybody", "messageId": "m1"}),
            json!({"message": "psst", "messageId": "m2", "userId": "65cc03"}),
        ]
    );
    let told = stage.explained(&unheard).await;
    assert!(told["verdict"].as_str().unwrap().contains("does not mention the bot"), "{told}");
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), 2);
}

/// Conformance 195, 201.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_runs_only_where_it_is_switched_on() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::echo(), &json!({})).await;
    let path = |rest: &str| format!("bot/{}/{rest}", bot["_id"].as_str().unwrap());
    let room = |rest: &str| path(&format!("chatroom/Qx1aB2cD3/{rest}"));
    for (at, (switch, heard)) in
        [(path("disable"), false), (path("enable"), true), (room("disable"), false), (room("enable"), true)]
            .into_iter()
            .enumerate()
    {
        assert_eq!(stage.call("POST", &switch, &Value::Null).await.0, 200, "{switch}");
        let before = stage.chat.received().len();
        stage.deliver(&bot, event("message", &format!("m{at}"), "hello")).await;
        assert_eq!(stage.settled().await.len() - before, usize::from(heard), "{switch}");
    }
    let (status, answer) = stage
        .call(
            "PUT",
            &format!("bot/{}", bot["_id"].as_str().unwrap()),
            &json!({
                "isAllowedInAllChatRooms": false,
            }),
        )
        .await;
    assert_eq!((status, &answer["bot"]["chatRooms"]), (200, &json!({"Qx1aB2cD3": "ENABLED"})));
    let elsewhere = event("message", "m9", "hello").replace("Qx1aB2cD3", "other").replace("65bb02", "other");
    let before = stage.chat.received().len();
    stage.deliver(&bot, elsewhere).await;
    stage.deliver(&bot, event("message", "m8", "hello")).await;
    assert_eq!(stage.settled().await.len() - before, 1);
}

/// Conformance 196: what the bot may not see is not even kept.
#[tokio::test(flavor = "multi_thread")]
async fn history_beyond_the_limit_goes_nowhere() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::echo(), &json!({"messageHistoryLimit": 2})).await;
    stage.deliver(&bot, fixture("mention")).await;
    stage.settled().await;
    let kept: Vec<u8> = stage.host.database().query_row("SELECT body FROM events", [], |row| row.get(0)).unwrap();
    let kept = String::from_utf8(kept).unwrap();
    assert!(kept.contains("hi all") && !kept.contains("good morning"), "{kept}");
}

/// Conformance 185.
#[tokio::test(flavor = "multi_thread")]
async fn the_hook_and_the_api_are_for_those_who_know_the_secret() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::echo(), &json!({})).await;
    let hook = bot["hook"].as_str().unwrap();
    let (id, secret) = hook.rsplit_once('.').unwrap();
    let mut wrong = secret.to_owned();
    wrong.replace_range(..1, if secret.starts_with('0') { "1" } else { "0" });
    let deliver = async |path: String| {
        let url = format!("{}{path}", stage.host.url);
        stage.client.post(url).body(fixture("message")).send().await.unwrap().status().as_u16()
    };
    assert_eq!(deliver(format!("{id}.{wrong}")).await, 401);
    assert_eq!(deliver(id.to_owned()).await, 404);
    assert_eq!(deliver(format!("/hooks/deadsimplechat/nobody.{secret}")).await, 404);
    assert_eq!(stage.host.count("SELECT count(*) FROM events"), 0);
    assert!(!stage.host.log().contains(secret), "the log says nothing of it");

    let url = format!("{}/consumer/api/v2/bots", stage.host.url);
    let ask = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let key = &stage.host.key;
    for request in [
        stage.client.get(&url).header("auth", key),
        stage.client.get(format!("{url}?auth={key}")).header("auth", "bh_wrong"),
        stage.client.get(&url).bearer_auth(key),
    ] {
        let (status, answer) = ask(request).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    }
    assert_eq!(ask(stage.client.get(&url)).await, (400, json!({"message": "Please specify API Key"})));
    let invalid = (401, json!({"message": "Invalid API Key", "error": "Invalid API Key"}));
    assert_eq!(ask(stage.client.get(&url).header("auth", "bh_wrong")).await, invalid);
    let reader = stage.host.tenant_key(&stage.client, "default", &["read"]).await;
    let (_, seen) = ask(stage.client.get(&url).header("auth", &reader)).await;
    assert!(!seen.to_string().contains(secret), "{seen}");
    let (status, answer) = ask(stage.client.post(&url).header("auth", &reader)).await;
    assert_eq!((status, &answer["success"]), (403, &json!(false)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_elsewhere_gets_its_events_and_answers_over_the_api() {
    let external = External::start().await;
    let stage =
        Stage::with(Host::builder().set("DELIVER__PRIVATE_HOSTS", &external.host).set("TURN__RETRY_FIRST_MS", 1)).await;
    let made = json!({
        "_id": "65f0a1b2c3d4e5f601234567", "name": "helper", "webhookURL": external.url("/hook"), "messageHistoryLimit": 1,
    });
    let (status, answer) = stage.call("POST", "bot", &made).await;
    assert_eq!(status, 200, "{answer}");
    external.answer(&[503, 200]);
    stage.deliver(&answer["bot"], fixture("mention")).await;
    let got = external.wait_for(2).await;
    let seen: Value = serde_json::from_slice(&got[1].body).unwrap();
    assert_eq!((seen["messageHistory"].as_array().unwrap().len(), got[1].line.as_str()), (1, "POST /hook"));
    let message = json!({"message": "hello kim", "userId": "65cc03", "actionButtons": [
        {"displayText": "Hours", "id": "hours", "type": "action", "payload": "HOURS"},
    ]});
    let path = "bot/65f0a1b2c3d4e5f601234567/chatroom/Qx1aB2cD3/message";
    assert_eq!(stage.call("POST", path, &message).await, (200, json!({"success": true, "message": "message sent"})));
    let calls = stage.settled().await;
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    assert_eq!((call.path.as_str(), &call.body), (format!("/consumer/api/v2/{path}").as_str(), &message));
    let (status, answer) = stage.call("POST", path, &json!({"message": "x".repeat(1001)})).await;
    assert_eq!((status, &answer["message"]), (400, &json!("invalid request")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_concierge_shows_its_list_as_text_and_buttons() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::concierge(), &json!({"metadata": "{\"house\": \"Villa 🌸\"}"})).await;
    stage.deliver(&bot, event("message", "m1", "hello")).await;
    let greeted = stage.settled().await;
    assert!(greeted[0].body["message"].as_str().unwrap().contains("Villa 🌸"), "{:?}", greeted[0].body);
    assert_eq!(greeted[0].body["actionButtons"].as_array().unwrap().len(), 3);
    stage.deliver(&bot, event("message", "m2", "a massage please")).await;
    let shown = stage.settled().await;
    let [_, list] = shown.as_slice() else { panic!("{shown:#?}") };
    assert!(list.body["message"].as_str().unwrap().contains("\n1. "), "{:?}", list.body);
    let buttons = list.body["actionButtons"].as_array().unwrap();
    // A press of one of them is answered as a choice.
    let mut press: Value = serde_json::from_str(&fixture("press")).unwrap();
    press["action"] = buttons[1].clone();
    stage.deliver(&bot, press.to_string()).await;
    let answered = stage.settled().await;
    assert!(answered.len() > 2, "{answered:#?}");
    assert!(answered.iter().all(|call| call.status.unwrap() == 200), "{answered:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_fails_ends_without_anybody_to_hand_over_to() {
    let stage = Stage::with(Host::builder().set("TURN__RETRY_FIRST_MS", 1)).await;
    let bot = stage.bot(&guests::wayward(), &json!({})).await;
    let failed = stage.deliver(&bot, event("message", "m1", "give up")).await;
    let textless = stage.deliver(&bot, event("message", "m2", "link")).await;
    stage.deliver(&bot, event("message", "m3", "still here")).await;
    let calls = stage.settled().await;
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    assert_eq!(call.body["message"], "still here");
    assert_eq!(stage.explained(&failed).await["status"], "failed");
    let told = stage.explained(&textless).await;
    assert!(told.to_string().contains("text-required"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_does_not_take_now_it_gets_later() {
    let stage = Stage::new().await;
    let bot = stage.bot(&guests::echo(), &json!({})).await;
    for (at, status) in [503, 429, 401].into_iter().enumerate() {
        stage.chat.fail_next(2, http::StatusCode::from_u16(status).unwrap());
        let before = stage.chat.received().len();
        stage.deliver(&bot, event("message", &format!("m{at}"), "hello")).await;
        let calls = stage.settled().await;
        let statuses: Vec<u16> = calls[before..].iter().map(|call| call.status.unwrap().as_u16()).collect();
        assert_eq!(statuses, [status, status, 200]);
    }
}
