//! Modes, what a bot that leaves hands over, and which public content reaches it: tried from outside.

use bothost::simulator::khoros::{Conversation, Owner};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{Host, HostBuilder, registration};
use crate::support::platform::{Call, eventually};
use crate::support::stage::{BOT, Hook, Stage, message, update};

const ONE: &str = "/bots/v3/registrations/network/whatsapp/externalId/page/appId/examplebot";

/// Failures that follow one another at once, and a deadline that a busy machine does not reach.
fn quick() -> HostBuilder {
    let quick = Host::builder().set("TURN__RETRY_FIRST_MS", "1").set("TURN__TRIES", "2");
    quick.set("DELIVER__RETRY_FIRST_MS", "1").set("GUEST__DEADLINE_MS", "60000")
}

async fn wayward() -> (Stage, Hook) {
    let stage = Stage::with(quick()).await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    (stage, hook)
}

async fn mode(stage: &Stage, mode: &str) {
    let put = stage.host.request(&stage.client, "PUT", &format!("{ONE}/mode/{mode}")).send().await.unwrap();
    assert_eq!(put.status(), 202, "{}", put.text().await.unwrap());
}

/// A message that does not say who holds the conversation.
fn unowned(author: &str, id: &str, text: &str) -> Value {
    let mut message = message("whatsapp", author, id, text);
    message.as_object_mut().unwrap().remove("owner");
    message
}

fn owned_by(owner: Value, author: &str, id: &str, text: &str) -> Value {
    let mut message = message("whatsapp", author, id, text);
    message["owner"] = owner;
    message
}

/// Delivers an event, waits until all is over, and explains it.
async fn told(stage: &Stage, hook: &Hook, id: &str, body: Value) -> Value {
    let event = hook.deliver(id, body.to_string()).await;
    stage.settled().await;
    explain(stage, &event).await
}

async fn explain(stage: &Stage, event: &str) -> Value {
    let path = format!("/v1/events/{event}");
    stage.host.request(&stage.client, "GET", &path).send().await.unwrap().json().await.unwrap()
}

fn lines(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}", call.line, call.json()["author"]["id"].as_str().unwrap())).collect()
}

fn customer(author: &str) -> Conversation {
    Conversation { network: "whatsapp".to_owned(), external_id: "page".to_owned(), author: author.to_owned() }
}

/// Waits until nothing is left to hand over, and all that came of it is over.
async fn handed_over(stage: &Stage) {
    let noted = "SELECT count(*) FROM hand_overs";
    eventually("nothing left to hand over", || (stage.host.count(noted) == 0).then_some(())).await;
    stage.settled().await;
}

/// Conformance 44, 46, 47, 48, 122.
#[tokio::test]
async fn in_maintenance_customers_go_to_agents_and_stay_there_until_the_conversation_is_closed() {
    let (stage, hook) = wayward().await;
    mode(&stage, "maintenance").await;
    let first = told(&stage, &hook, "id-1", message("whatsapp", "jo", "m-1", "hello")).await;
    let calls = stage.platform.calls();
    assert_eq!(lines(&calls), ["PUT /bots/v3/control jo"]);
    assert_eq!(calls[0].json()["owner"], json!({ "type": "AGENT" }));
    assert_eq!(calls[0].json()["comment"], "Maintenance Bot Handoff: the bot is in MAINTENANCE; event 1.");
    assert_eq!(stage.platform.khoros.owner(&customer("jo")), Some(Owner::Agent));
    let sentence = "The bot was not asked: the registration is in MAINTENANCE; the request that hands the conversation to an \
                    agent was sent.";
    assert_eq!((&first["verdict"], &first["status"], &first["turns"]), (&json!(sentence), &json!("done"), &json!([])));
    assert_eq!(first["holder"]["may_speak"], false);
    // What nobody waits for, and what an agent or another bot answers, only ends.
    let quiet = [
        update("whatsapp", "al", "m-2", "CREATED"),
        owned_by(json!({ "type": "AGENT" }), "bo", "m-3", "hello"),
        owned_by(json!({ "type": "BOT", "appId": "another" }), "cy", "m-4", "hello"),
    ];
    for (at, body) in quiet.into_iter().enumerate() {
        let event = told(&stage, &hook, &format!("quiet-{at}"), body).await;
        assert_eq!(event["verdict"], "The bot was not asked: the registration is in MAINTENANCE.");
    }
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), 0, "no event reaches the bot");
    mode(&stage, "Live").await;
    // In progress, so the agent's.
    let silent = told(&stage, &hook, "id-5", unowned("jo", "m-5", "are you there?")).await;
    let held = "The bot was not asked to answer: a human agent holds the conversation since event 1.";
    assert_eq!(silent["verdict"], held);
    assert_eq!(stage.platform.calls().len(), 1);
    // A new one is the bot's, and so is this one once it was closed.
    told(&stage, &hook, "id-6", unowned("di", "m-6", "hello")).await;
    mode(&stage, "MAINTENANCE").await;
    handed_over(&stage).await;
    told(&stage, &hook, "id-7", update("whatsapp", "jo", "m-7", "CLOSED")).await;
    mode(&stage, "LIVE").await;
    told(&stage, &hook, "id-8", unowned("jo", "m-8", "again")).await;
    let calls = lines(&stage.platform.calls());
    assert_eq!(calls[1..], ["POST /bots/v3/respond di", "PUT /bots/v3/control di", "POST /bots/v3/respond jo"]);
}

/// Where nobody says who holds a conversation it is that of the channel's LIVE bot, and not another one's to give away.
#[tokio::test]
async fn a_bot_in_maintenance_beside_a_live_one_gives_nothing_of_its_away() {
    let (stage, live) = wayward().await;
    let mut away = registration("whatsapp", "page", "away", "bot");
    away["mode"] = json!("MAINTENANCE");
    let away = stage.hook_of(&away).await;
    for hook in [&live, &away] {
        hook.deliver("id-1", unowned("jo", "m-1", "hello").to_string()).await;
    }
    stage.settled().await;
    assert_eq!(lines(&stage.platform.calls()), ["POST /bots/v3/respond jo"]);
    mode(&stage, "monitoring").await;
    handed_over(&stage).await;
    away.deliver("id-2", unowned("al", "m-2", "hello").to_string()).await;
    stage.settled().await;
    assert_eq!(lines(&stage.platform.calls())[1..], ["PUT /bots/v3/control jo", "PUT /bots/v3/control al"]);
}

/// Conformance 49.
#[tokio::test]
async fn a_monitoring_bot_takes_notes_and_nothing_that_it_says_reaches_anybody() {
    let (stage, hook) = wayward().await;
    mode(&stage, "monitoring").await;
    let all = told(&stage, &hook, "id-1", message("whatsapp", "jo", "m-1", "hello")).await;
    assert_eq!(all["verdict"], "The bot is MONITORING, so its respond was withheld; nothing was sent.");
    assert_eq!(all["turns"][0]["withheld"], json!([{ "respond": { "text": "hello" } }]));
    assert_eq!((&all["turns"][0]["checked"], &all["turns"][0]["cause"]), (&json!(true), &Value::Null));
    assert_eq!(all["turns"][0]["proposed"]["actions"], all["turns"][0]["withheld"]);
    assert_eq!(all["holder"]["may_speak"], false);
    assert_eq!(stage.platform.calls().len(), 0);
    // On a network that has everything, in a conversation that an agent holds.
    let mut apple = registration("apple", "page", "listener", "bot");
    apple["mode"] = json!("MONITORING");
    let listener = stage.hook_of(&apple).await;
    let mut everything = owned_by(json!({ "type": "AGENT" }), "jo", "m-2", "everything");
    everything["coordinate"]["networkKey"] = json!("apple");
    let all = told(&stage, &listener, "id-2", everything).await;
    let withheld: Vec<&str> = all["turns"][0]["withheld"].as_array().unwrap().iter().map(name).collect();
    let speaking = ["respond", "typing-start", "typing-stop", "hand-off", "take-over", "move-to", "resolve", "other"];
    assert_eq!(withheld, speaking, "{all}");
    let sent: Vec<String> = stage.platform.calls().iter().map(|call| call.line.clone()).collect();
    let paperwork =
        ["note", "tag", "tag/remove", "priority", "authors/attributes"].map(|it| format!("PUT /bots/v3/{it}"));
    assert_eq!(sent, paperwork);
    let verdict = all["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("The bot is MONITORING, so 8 of its actions were withheld (respond, "), "{verdict}");
    assert!(verdict.ends_with("of 5 requests all were sent."), "{verdict}");
    assert_eq!(
        stage.text("SELECT owner FROM conversations WHERE id = 2"),
        "agent",
        "nothing it says moves a conversation"
    );
    // Updates reach it too, and its failures hand nothing over.
    let failed = told(&stage, &hook, "id-3", update("whatsapp", "jo", "m-3", "CREATED")).await;
    assert_eq!((&failed["status"], &failed["turns"][1]["cause"]["kind"]), (&json!("failed"), &json!("trap")));
    assert_eq!(told(&stage, &hook, "id-4", message("whatsapp", "jo", "m-4", "panic")).await["status"], "failed");
    assert_eq!(stage.platform.calls().len(), 5);
    // A replay withholds the same.
    let replay =
        stage.host.request(&stage.client, "POST", "/v1/events/2/replay").json(&json!({})).send().await.unwrap();
    let replayed: Value = replay.json().await.unwrap();
    assert_eq!(replayed["same"], true, "{replayed}");
}

fn name(action: &Value) -> &str {
    action.as_str().unwrap_or_else(|| action.as_object().unwrap().keys().next().unwrap())
}

/// Five conversations: two that the bot is in, one closed, one an agent's, one that it only took notice of.
async fn conversations(stage: &Stage, hook: &Hook) {
    for author in ["jo", "al", "bo"] {
        told(stage, hook, &format!("{author}-1"), unowned(author, &format!("{author}-1"), "hello")).await;
    }
    hook.deliver("bo-2", update("whatsapp", "bo", "bo-2", "CLOSED").to_string()).await;
    hook.deliver("cy-1", owned_by(json!({ "type": "AGENT" }), "cy", "cy-1", "hello").to_string()).await;
    hook.deliver("di-1", update("whatsapp", "di", "di-1", "AGENT_RESPONSE").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.platform.calls().len(), 3);
}

fn only_the_two(stage: &Stage, reason: &str) {
    let calls = stage.platform.calls();
    let mut handed: Vec<_> = calls[3..].to_vec();
    handed.sort_by_key(|call| call.json()["author"]["id"].as_str().unwrap().to_owned());
    assert_eq!(lines(&handed), ["PUT /bots/v3/control al", "PUT /bots/v3/control jo"]);
    for call in &handed {
        assert_eq!(call.json()["comment"], format!("Automatic Bot Handoff: {reason}."));
        assert_eq!(call.json()["owner"], json!({ "type": "AGENT" }));
        assert_eq!(call.status, StatusCode::OK);
    }
    let kinds = "SELECT count(*) FROM events WHERE kind = 'hand-over' AND status = 1";
    assert_eq!(stage.host.count(kinds), 2);
}

#[tokio::test]
async fn leaving_live_hands_over_the_ongoing_conversations_and_no_others() {
    let (stage, hook) = wayward().await;
    conversations(&stage, &hook).await;
    mode(&stage, "monitoring").await;
    handed_over(&stage).await;
    only_the_two(&stage, "the registration went from LIVE to MONITORING");
    let list = stage.host.request(&stage.client, "GET", "/v1/events?limit=1").send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["items"][0]["kind"], "hand-over");
    let told = explain(&stage, &list["items"][0]["id"].to_string()).await;
    let verdict = "The host's own hand-over: the registration went from LIVE to MONITORING; the request that hands the \
                   conversation to an agent was sent.";
    assert_eq!(told["verdict"], verdict);
    // Back again, and away again: what is an agent's already is not handed over twice.
    mode(&stage, "live").await;
    mode(&stage, "maintenance").await;
    handed_over(&stage).await;
    assert_eq!(stage.platform.calls().len(), 5);
}

/// A public post that the filter kept from the bot is no place to hand its conversation over at.
#[tokio::test]
async fn what_never_reached_the_bot_is_not_what_is_handed_over() {
    let (stage, hook) = wayward().await;
    hook.deliver("jo-1", message("whatsapp", "jo", "jo-1", "hello").to_string()).await;
    let mut public = message("whatsapp", "jo", "jo-2", "hello, everybody");
    public["coordinate"]["scope"] = json!("PUBLIC");
    hook.deliver("jo-2", public.to_string()).await;
    stage.settled().await;
    mode(&stage, "maintenance").await;
    handed_over(&stage).await;
    let calls = stage.platform.calls();
    let coordinate = &calls.last().unwrap().json()["coordinate"];
    assert_eq!((calls.len(), &coordinate["messageId"], &coordinate["scope"]), (2, &json!("jo-1"), &json!("PRIVATE")));
}

#[tokio::test]
async fn registering_with_another_mode_hands_over_as_well() {
    let (stage, hook) = wayward().await;
    conversations(&stage, &hook).await;
    let mut changed = registration("whatsapp", "page", BOT, "bot");
    changed["mode"] = json!("MAINTENANCE");
    stage.hook_of(&changed).await;
    handed_over(&stage).await;
    only_the_two(&stage, "the registration went from LIVE to MAINTENANCE");
}

/// The platform is out of reach and the process dies between the call and the hand-offs.
#[tokio::test]
async fn a_deleted_bots_conversations_are_handed_over_whatever_happens() {
    let (stage, hook) = wayward().await;
    conversations(&stage, &hook).await;
    stage.platform.khoros.hang();
    // This answer is under way and given up with the bot.
    hook.deliver("ed-1", message("whatsapp", "ed", "ed-1", "hello").to_string()).await;
    stage.platform.khoros.wait_for(4).await;
    // This customer is being handed to an agent: that goes on.
    hook.deliver("fy-1", message("whatsapp", "fy", "fy-1", "give up").to_string()).await;
    stage.platform.khoros.wait_for(5).await;
    let removed = stage.host.request(&stage.client, "DELETE", ONE).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    let Stage { host, platform, client } = stage;
    let stage = Stage { host: host.kill_and_restart(), platform, client };
    stage.platform.khoros.resume();
    handed_over(&stage).await;
    let unsent = "SELECT count(*) FROM deliveries WHERE action = 'hand-off' AND status <> 2";
    assert_eq!(stage.host.count(unsent), 0);
    for author in ["jo", "al", "ed", "fy"] {
        assert_eq!(stage.platform.khoros.owner(&customer(author)), Some(Owner::Agent), "{author}");
    }
    assert_ne!(stage.platform.khoros.owner(&customer("bo")), Some(Owner::Agent));
    let reasons = "SELECT count(*) FROM events WHERE ending = 'the registration was deleted'";
    assert_eq!(stage.host.count(reasons), 3, "jo, al and ed");
}

/// Conformance 45.
#[tokio::test]
async fn of_two_calls_at_one_moment_one_bot_becomes_live() {
    let stage = Stage::with(quick()).await;
    let (host, client) = (&stage.host, &stage.client);
    let post = |body: Value| async move {
        host.request(client, "POST", "/bots/v3/registrations").json(&body).send().await.unwrap().status().as_u16()
    };
    let live: Vec<_> = (0..12).map(|at| post(registration("sms", "page", &format!("bot-{at}"), "bot"))).collect();
    let statuses = futures(live).await;
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [202, 422].contains(status)), "{statuses:?}");
    let listening: Vec<_> = (0..14)
        .map(|at| {
            let mut one = registration("sms", "page", &format!("listener-{at}"), "bot");
            one["mode"] = json!("MONITORING");
            post(one)
        })
        .collect();
    let statuses = futures(listening).await;
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 9, "{statuses:?}");
    // The same registration twice is one bot, and one app may be on several networks (conformance 34).
    let same: Vec<_> = (0..8).map(|_| post(registration("twitter", "page", "bot-0", "bot"))).collect();
    assert!(futures(same).await.contains(&202));
    assert_eq!(stage.host.count("SELECT count(*) FROM bots WHERE network = 'twitter'"), 1);
    assert_eq!(stage.host.count("SELECT count(*) FROM bots WHERE network = 'sms' AND mode = 'LIVE'"), 1);
    assert_eq!(stage.host.count("SELECT count(*) FROM bots WHERE network = 'sms'"), 10);
}

async fn futures<T: Future>(all: Vec<T>) -> Vec<T::Output> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = one.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Conformance 60, 61, 62, 63, 64.
#[tokio::test]
async fn public_content_runs_only_where_the_filter_lets_it() {
    let stage = Stage::with(quick()).await;
    stage.push("bot", &guests::wayward()).await;
    let public = |tags: Option<Value>, page: &str, id: &str| {
        let mut message = unowned("jo", id, "hello");
        message["coordinate"]["scope"] = json!("PUBLIC");
        message["coordinate"]["externalId"] = json!(page);
        if let Some(tags) = tags {
            message["sourceTagIds"] = tags;
        }
        message
    };
    let (targeted, listed) = (json!({ "includeTargeted": true }), json!({ "includeSourceTagIds": [7, 8] }));
    let cases = [
        (json!(null), None, "page", Some("has no publicFilter")),
        (json!({}), None, "page", Some("does not include it")),
        (json!({ "includeTargeted": false }), None, "page", Some("does not include it")),
        (targeted.clone(), None, "page", None),
        (targeted.clone(), Some(json!([1])), "page", None),
        (targeted, None, "another-page", Some("does not include it")),
        (listed.clone(), Some(json!([1, 8])), "page", None),
        (listed.clone(), Some(json!([{ "id": "7" }])), "page", None),
        (listed.clone(), Some(json!([1])), "page", Some("none of its source tags")),
        (listed, None, "page", None),
    ];
    for (at, (filter, tags, page, refused)) in cases.into_iter().enumerate() {
        let mut bot = registration("whatsapp", "page", BOT, "bot");
        bot["publicFilter"] = filter.clone();
        let (hook, id) = (stage.hook_of(&bot).await, format!("m-{at}"));
        let before = stage.platform.calls().len();
        let told = told(&stage, &hook, &id, public(tags.clone(), page, &id)).await;
        assert_eq!(stage.platform.calls().len(), before + usize::from(refused.is_none()), "{filter} {tags:?} {told}");
        assert_eq!(told["status"], "done");
        if let Some(words) = refused {
            let verdict = told["verdict"].as_str().unwrap();
            assert!(
                verdict.starts_with("The bot was not asked: the event is public") && verdict.contains(words),
                "{told}"
            );
            assert_eq!(told["turns"], json!([]));
        }
    }
    // In MAINTENANCE a public message that the bot would not get is nobody's to hand over, and what is private always runs.
    let hook = stage.hook_of(&registration("whatsapp", "page", BOT, "bot")).await;
    let before = stage.platform.calls().len();
    told(&stage, &hook, "private", unowned("jo", "m-private", "hello")).await;
    assert_eq!(stage.platform.calls().len(), before + 1);
    mode(&stage, "maintenance").await;
    handed_over(&stage).await;
    let before = stage.platform.calls().len();
    told(&stage, &hook, "public", public(None, "page", "m-public")).await;
    assert_eq!(stage.platform.calls().len(), before);
}

/// Conformance 82. The platform has not heard of the hand-off when the customer writes on.
#[tokio::test]
async fn a_conversation_that_was_given_away_is_not_answered_whatever_older_events_say() {
    let (stage, hook) = wayward().await;
    stage.platform.khoros.hang();
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "give up").to_string()).await;
    stage.platform.khoros.wait_for(1).await;
    let late = hook.deliver("id-2", message("whatsapp", "jo", "m-2", "hello?").to_string()).await;
    eventually("its turn", || (stage.host.count("SELECT count(*) FROM turns WHERE event = 2") == 1).then_some(()))
        .await;
    stage.platform.khoros.resume();
    stage.settled().await;
    let told = explain(&stage, &late).await;
    let held = "The bot was not asked to answer: a human agent holds the conversation since event 1.";
    assert_eq!((&told["verdict"], &told["deliveries"]), (&json!(held), &json!([])));
    assert_eq!(told["holder"], json!({ "before": "agent", "after": "agent", "may_speak": false }));
    let path = format!("/v1/events/{late}/replay");
    let replayed = stage.host.request(&stage.client, "POST", &path).json(&json!({})).send().await.unwrap();
    assert_eq!(replayed.json::<Value>().await.unwrap()["same"], true);
    // Once it has, its word is the newer one: an agent may have given it back.
    hook.deliver("id-3", message("whatsapp", "jo", "m-3", "hello again").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.platform.calls().last().unwrap().text(), "hello again");
}

/// Conformance 82, 159, 160, 168.
#[tokio::test]
async fn a_bot_speaks_only_where_it_holds_the_conversation() {
    let (stage, hook) = wayward().await;
    for (id, owner) in [("m-1", json!({ "type": "AGENT" })), ("m-2", json!({ "type": "BOT", "appId": "another" }))] {
        let told = told(&stage, &hook, id, owned_by(owner, "jo", id, "priority 9")).await;
        let refused = told["turns"][0]["refused"].as_array().unwrap();
        let rules: Vec<_> = refused.iter().map(|refusal| refusal["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, ["not-owner", "priority"], "{told}");
        assert_eq!(refused[0]["source"], "conformance 82");
    }
    let told = told(&stage, &hook, "m-3", owned_by(json!({ "type": "AGENT" }), "jo", "m-3", "everything")).await;
    let refused = told["turns"][0]["refused"].to_string();
    assert!(refused.contains("actions[0].respond"), "{refused}");
    assert!(!refused.contains("actions[12].other"), "it took the conversation over before: {refused}");
    assert_eq!(stage.platform.calls().len(), 0);
}
