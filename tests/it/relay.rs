//! Bots elsewhere: an event goes to the bot's own server as it came, signed by its registration, and nobody is left waiting.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bothost::simulator::khoros::sign;
use serde_json::{Value, json};

use crate::support::external::External;
use crate::support::guests;
use crate::support::host::{Host, HostBuilder, SECRET, registration};
use crate::support::platform::eventually;
use crate::support::stage::{BOT, Hook, Stage, message, update};

const PASSWORD: &str = "correct-horse-battery";

/// Two tries that follow one another at once, and leave to reach the external bot on this machine.
fn quick(external: &External) -> HostBuilder {
    let quick = Host::builder().set("TURN__RETRY_FIRST_MS", "1").set("TURN__TRIES", "2");
    quick.set("DELIVER__RETRY_FIRST_MS", "1").set("DELIVER__PRIVATE_HOSTS", &external.host)
}

fn relayed(external: &External, network: &str) -> Value {
    let mut relayed = registration(network, "page", BOT, "none");
    relayed["callbackUrl"] = json!(external.url("/hook"));
    relayed
}

async fn stage() -> (Stage, Hook, External) {
    let external = External::start().await;
    let stage = Stage::with(quick(&external)).await;
    let hook = stage.hook_of(&relayed(&external, "whatsapp")).await;
    (stage, hook, external)
}

async fn explain(stage: &Stage, event: &str) -> Value {
    let path = format!("/v1/events/{event}");
    stage.host.request(&stage.client, "GET", &path).send().await.unwrap().json().await.unwrap()
}

/// Conformance 37, 52, 144.
#[tokio::test]
async fn an_event_reaches_the_external_bot_as_it_came_and_signed() {
    let (stage, hook, external) = stage().await;
    external.answer(&[200]);
    // Spaces, order and what no reader knows: to the byte.
    let body = message("whatsapp", "jo", "m-1", "h\u{e9}llo \u{1f980}").to_string().replacen(
        '{',
        "{ \"unknown\" : 1.50 ,\n",
        1,
    );
    let event = hook.deliver("id-1", body.clone()).await;
    stage.settled().await;
    let got = external.got();
    assert_eq!((got.len(), got[0].line.as_str()), (1, "POST /hook"));
    assert_eq!(got[0].body, body.as_bytes());
    assert_eq!(got[0].header("content-type"), "application/json; charset=utf-8");
    let (id, timestamp) = (got[0].header("webhook-id"), got[0].header("webhook-timestamp"));
    assert_eq!((got[0].header("x-amzn-requestid"), id.as_str()), ("id-1".to_owned(), "id-1"), "as it came");
    let signed = sign::sign_standard_webhooks(SECRET, &id, timestamp.parse().unwrap(), body.as_bytes());
    assert_eq!(got[0].header("webhook-signature"), signed["webhook-signature"].to_str().unwrap());
    let told = explain(&stage, &event).await;
    assert_eq!(told["verdict"], "The external bot took the event: it answered 200 OK.");
    assert_eq!((&told["status"], &told["turns"][0]["relayed"]), (&json!("done"), &json!("200 OK")));
    assert_eq!(told["bot_then"]["relay"], external.url("/hook"));
    assert_eq!(stage.platform.calls().len(), 0);
    let replay = stage.host.request(&stage.client, "POST", &format!("/v1/events/{event}/replay")).json(&json!({}));
    let replay = replay.send().await.unwrap();
    assert_eq!(replay.status(), 409);
    let words = replay.text().await.unwrap();
    assert!(words.contains("went to an external bot, which cannot be run again here"), "{words}");
    // The same webhook again is the same event.
    assert_eq!(hook.deliver("id-1", body).await, event);
    stage.settled().await;
    assert_eq!(external.got().len(), 1);
}

/// Conformance 53, 54, 55, 56.
#[tokio::test]
async fn basic_credentials_are_sent_and_kept_nowhere() {
    let external = External::start().await;
    let stage = Stage::with(quick(&external).set("LOG__FILTER", "debug")).await;
    let mut basic = relayed(&external, "whatsapp");
    basic["callbackUrl"] = json!(external.url("/hook?code=a-secret-in-the-query"));
    basic["credentials"] = json!({ "type": "BASIC_AUTH", "identity": "khoros-user", "secret": PASSWORD });
    let hook = stage.hook_of(&basic).await;
    // It says back all that it was sent.
    external.answer(&[500, 500]);
    let body = message("whatsapp", "jo", "m-1", "hello").to_string();
    let sent = hook.send(sign::basic_auth("khoros-user", PASSWORD), body.clone()).await;
    let event = sent.headers()["bothost-event"].to_str().unwrap().to_owned();
    stage.settled().await;
    let got = external.got();
    assert_eq!((got.len(), got[0].line.as_str()), (2, "POST /hook?code=a-secret-in-the-query"));
    let pair = BASE64.encode(format!("khoros-user:{PASSWORD}"));
    assert_eq!(got[0].header("authorization"), format!("Basic {pair}"));
    assert_eq!(got[0].header("x-amzn-requestid"), got[1].header("x-amzn-requestid"), "the same for each try");
    assert_eq!(got[0].body, got[1].body);
    let mut seen = vec![stage.host.log(), explain(&stage, &event).await.to_string()];
    for path in ["/v1/audit", "/v1/bots", "/v1/events", &format!("/v1/events/{event}/recording"), "/metrics"] {
        let answer = stage.host.request(&stage.client, "GET", path).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}");
        seen.push(answer.text().await.unwrap());
    }
    for text in &seen {
        for secret in [PASSWORD, &pair, "a-secret-in-the-query"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    // A bot that is gone is told without its URL too.
    drop(external);
    let sent = hook.send(sign::basic_auth("khoros-user", PASSWORD), body.replace("m-1", "m-2")).await;
    let event = sent.headers()["bothost-event"].to_str().unwrap().to_owned();
    stage.settled().await;
    let told = explain(&stage, &event).await.to_string();
    assert!(told.contains("did not take the event") && !told.contains("a-secret-in-the-query"), "{told}");
    assert!(!stage.host.log().contains("a-secret-in-the-query"));
}

/// Conformance 52.
#[tokio::test]
async fn the_registrations_own_signature_profile_is_used() {
    let external = External::start().await;
    let stage = Stage::with(quick(&external)).await;
    let mut signed = relayed(&external, "whatsapp");
    signed["credentials"] = json!({
        "type": "HMAC", "identity": "k", "secret": PASSWORD,
        "signature": { "profile": "body-sha256", "header": "X-My-Signature", "encoding": "hex" },
    });
    let hook = stage.hook_of(&signed).await;
    let body = message("whatsapp", "jo", "m-1", "hello").to_string();
    let headers = sign::sign_body_sha256(PASSWORD, "x-my-signature", body.as_bytes());
    assert_eq!(hook.send(headers.clone(), body).await.status(), 202);
    let got = external.wait_for(1).await;
    assert_eq!(got[0].header("x-my-signature"), headers["x-my-signature"].to_str().unwrap());
    assert_eq!(got[0].header("webhook-signature"), "");
}

#[tokio::test]
async fn what_cannot_be_relayed_is_tried_again_in_order_and_then_handed_to_an_agent() {
    let (stage, hook, external) = stage().await;
    // Anything but 200 and 202 is a failed try.
    external.answer(&[503, 204, 302, 202]);
    let first = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "one").to_string()).await;
    let second = hook.deliver("id-2", message("whatsapp", "jo", "m-2", "two").to_string()).await;
    stage.settled().await;
    let texts: Vec<_> =
        external.got().iter().map(|got| serde_json::from_slice::<Value>(&got.body).unwrap()["text"].clone()).collect();
    assert_eq!(texts, ["one", "one", "two", "two"]);
    let calls = stage.platform.calls();
    assert_eq!((calls.len(), calls[0].line.as_str()), (1, "PUT /bots/v3/control"));
    assert_eq!(calls[0].json()["comment"], format!("The bot could not answer (relay); event {first}."));
    let told = explain(&stage, &first).await;
    let verdict = "The external bot did not take the event: it answered 204 No Content, not 200 or 202; after 2 tries the \
                   conversation was handed to an agent.";
    assert_eq!(told["verdict"], verdict);
    assert_eq!(explain(&stage, &second).await["status"], "done");
    // Nobody waits for an answer to this one.
    external.answer(&[500, 500]);
    let closed = hook.deliver("id-3", update("whatsapp", "jo", "m-3", "CLOSED").to_string()).await;
    stage.settled().await;
    assert_eq!((stage.platform.calls().len(), &explain(&stage, &closed).await["status"]), (1, &json!("failed")));
    assert_eq!(stage.text("SELECT owner FROM conversations"), format!("bot:{BOT}"), "it was closed all the same");
}

#[tokio::test]
async fn an_event_that_was_under_way_when_the_host_died_is_brought_again() {
    let (stage, hook, external) = stage().await;
    external.hang(true);
    let mut agents = message("whatsapp", "jo", "m-0", "hello");
    agents["owner"] = json!({ "type": "AGENT" });
    let event = hook.deliver("id-1", agents.to_string()).await;
    external.wait_for(1).await;
    // Whoever asks the API while the bot has the event finds what the event says.
    assert_eq!(stage.text("SELECT owner FROM conversations"), "agent");
    let Stage { host, platform, client } = stage;
    let stage = Stage { host: host.kill_and_restart(), platform, client };
    let got = external.wait_for(2).await;
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(got[0].body, got[1].body);
    external.hang(false);
    stage.settled().await;
    assert_eq!(explain(&stage, &event).await["status"], "done");
}

#[tokio::test]
async fn a_slow_external_bot_leaves_turns_for_guests() {
    let external = External::start().await;
    let patient = quick(&external).set("DELIVER__TOTAL_MS", 40_000).set("DELIVER__LEASE_MS", 200_000);
    let stage = Stage::with(patient.set("TURN__AT_ONCE", 4)).await;
    stage.push("bot", &guests::wayward()).await;
    let slow = stage.hook_of(&relayed(&external, "whatsapp")).await;
    let guest = stage.hook_of(&registration("sms", "page", BOT, "bot")).await;
    external.hang(true);
    for at in 0..20 {
        let id = format!("slow-{at}");
        slow.deliver(&id, message("whatsapp", &format!("customer{at}"), &id, &id).to_string()).await;
    }
    external.wait_for(1).await;
    for at in 0..5 {
        let id = format!("guest-{at}");
        guest.deliver(&id, message("sms", &format!("customer{at}"), &id, &id).to_string()).await;
    }
    stage.platform.wait_for(5).await;
    assert!(external.got().len() <= 2, "at most half of the turns at once");
    assert_eq!(
        stage.host.count(
            "SELECT count(*) FROM events WHERE bot IN (SELECT id FROM bots WHERE relay IS NOT NULL) AND status = 0"
        ),
        20
    );
    external.hang(false);
    stage.settled().await;
    assert_eq!(external.got().len(), 20, "each once");
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 1"), 25);
}

#[tokio::test]
async fn an_event_that_is_sent_back_to_its_own_webhook_goes_round_once() {
    let external = External::start().await;
    let stage = Stage::with(quick(&external).set("DELIVER__PRIVATE_HOSTS", "127.0.0.1")).await;
    let mut looping = relayed(&external, "whatsapp");
    looping["credentials"] = json!({ "type": "BASIC_AUTH", "identity": "k", "secret": PASSWORD });
    let hook = stage.hook_of(&looping).await;
    looping["callbackUrl"] = json!(hook.url);
    stage.hook_of(&looping).await;
    let body = message("whatsapp", "jo", "m-1", "hello").to_string();
    // Without an id of its own it gets one on its first way round.
    assert_eq!(hook.send(sign::basic_auth("k", PASSWORD), body).await.status(), 202);
    stage.settled().await;
    eventually("it came back and was known", || {
        (stage.host.count("SELECT count(*) FROM events WHERE duplicates = 1") == 1).then_some(())
    })
    .await;
    stage.settled().await;
    assert_eq!(stage.host.count("SELECT count(*) FROM events"), 2);
}

#[tokio::test]
async fn tenants_cannot_send_events_home() {
    let external = External::start().await;
    let stage = Stage::with(quick(&external)).await;
    for (url, words) in [
        (external.url("/x").replace("127.0.0.1", "localhost"), "is reached over https, not http"),
        (stage.host.url.clone(), "is reached over https, not http"),
        ("http://bots.example.com/hook".to_owned(), "is reached over https, not http"),
        ("https://10.0.0.1/hook".to_owned(), "10.0.0.1 is a private address"),
        ("https://127.1/hook".to_owned(), "is a loopback address"),
        ("https://me:secret@bots.example.com/hook".to_owned(), "no user, password or fragment"),
        ("ftp://bots.example.com/hook".to_owned(), "must be an https URL, module:<name>"),
    ] {
        let mut bad = relayed(&external, "whatsapp");
        bad["callbackUrl"] = json!(url);
        bad["name"] = json!("");
        let answer =
            stage.host.request(&stage.client, "POST", "/bots/v3/registrations").json(&bad).send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 422, "{url}: {body}");
        // With all else that is wrong.
        assert!(body.contains(words) && body.contains("name may not be empty"), "{url}: {body}");
        assert!(!body.contains("me:secret"), "{body}");
    }
    let mut good = relayed(&external, "twitter");
    good["callbackUrl"] = json!("https://bots.example.com/hook?tenant=1");
    stage.hook_of(&good).await;
    // What was allowed when it was registered is asked again when it is sent.
    let hook = stage.hook_of(&relayed(&external, "whatsapp")).await;
    let path = hook.url.strip_prefix(&stage.host.url).unwrap().to_owned();
    let Stage { mut host, platform, client } = stage;
    assert!(host.terminate().success());
    let strict = Host::builder().gateway(&platform.url).set("TURN__TRIES", "1");
    let stage = Stage { host: host.restarted_with(strict), platform, client };
    let hook = Hook { url: format!("{}{path}", stage.host.url), client: stage.client.clone() };
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    stage.settled().await;
    assert_eq!((external.got().len(), stage.platform.calls().len()), (0, 1));
    let told = explain(&stage, &event).await["verdict"].as_str().unwrap().to_owned();
    assert!(told.contains("reached over https, not http") && told.contains("handed to an agent"), "{told}");
}

/// Conformance 46, 47, 49.
#[tokio::test]
async fn modes_and_the_public_filter_hold_for_external_bots() {
    let (stage, hook, external) = stage().await;
    let mode = |mode: &'static str| {
        let path = format!("/bots/v3/registrations/network/whatsapp/externalId/page/appId/{BOT}/mode/{mode}");
        let put = stage.host.request(&stage.client, "PUT", &path).send();
        async move { assert_eq!(put.await.unwrap().status(), 202) }
    };
    let mut public = message("whatsapp", "jo", "m-0", "hello");
    public["coordinate"]["scope"] = json!("PUBLIC");
    hook.deliver("id-0", public.to_string()).await;
    stage.settled().await;
    assert_eq!(external.got().len(), 0);
    mode("maintenance").await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    stage.settled().await;
    let calls = stage.platform.calls();
    assert_eq!((external.got().len(), calls.len(), calls[0].line.as_str()), (0, 1, "PUT /bots/v3/control"));
    let control = calls[0].json();
    assert_eq!((&control["owner"], &control["author"]["id"]), (&json!({ "type": "AGENT" }), &json!("jo")));
    assert!(control["comment"].as_str().unwrap().starts_with("Maintenance Bot Handoff"), "{control}");
    mode("monitoring").await;
    for (id, mut event) in
        [("m-2", message("whatsapp", "jo", "m-2", "hello")), ("m-3", update("whatsapp", "jo", "m-3", "CREATED"))]
    {
        event["owner"] = json!({ "type": "AGENT" });
        hook.deliver(id, event.to_string()).await;
    }
    stage.settled().await;
    assert_eq!(external.got().len(), 2);
    // It holds nothing, so there is nothing to hand over when it fails.
    external.answer(&[500, 500]);
    hook.deliver("id-4", message("whatsapp", "al", "m-4", "hello").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.platform.calls().len(), 1);
    // An external bot that leaves hands over as any does.
    mode("live").await;
    hook.deliver("id-5", message("whatsapp", "bo", "m-5", "hello").to_string()).await;
    stage.settled().await;
    mode("maintenance").await;
    eventually("the hand-over", || (stage.platform.calls().len() == 2).then_some(())).await;
    assert_eq!(stage.platform.calls()[1].json()["author"]["id"], "bo");
}
