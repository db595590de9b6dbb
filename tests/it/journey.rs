//! The whole way of an event: a webhook in, a bot's turn, an answer at the platform.

use axum::http::{HeaderMap, HeaderValue};
use bothost::simulator::khoros::sign;
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::host::{IDENTITY, SECRET, registration};
use crate::support::platform::{Call, member};
use crate::support::stage::{BOT, Hook, Stage, message, now_s, update};

/// Seed 002's samples, as the platform documents them.
const SEED: [&[u8]; 5] = [
    include_bytes!("../fixtures/khoros/seed-message.json"),
    include_bytes!("../fixtures/khoros/seed-created.json"),
    include_bytes!("../fixtures/khoros/seed-closed.json"),
    include_bytes!("../fixtures/khoros/seed-agent-response.json"),
    include_bytes!("../fixtures/khoros/seed-brandmessenger-metadata.json"),
];
/// The one of them that is a message to a bot, and that bot.
const FOR_A_BOT: &[u8] = SEED[4];
const ITS_BOT: &str = "example123";

const EMOJI: &[u8] = include_bytes!("../fixtures/khoros/odd-emoji.json");

async fn echo(app_id: &str) -> (Stage, Hook) {
    let stage = Stage::new().await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook_of(&registration("whatsapp", "page", app_id, "echo")).await;
    (stage, hook)
}

/// Conformance 144.
#[tokio::test]
async fn seed_samples_are_taken_and_only_the_bots_own_is_answered() {
    let (stage, hook) = echo(ITS_BOT).await;
    for (number, sample) in SEED.into_iter().enumerate() {
        hook.deliver(&format!("sample-{number}"), sample).await;
    }
    stage.settled().await;

    let calls = stage.platform.calls();
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    assert_eq!(call.line, "POST /bots/v3/respond");
    assert_eq!(call.status, 202);
    assert_eq!(call.headers["authorization"], "Bearer gateway-token-of-the-tests");
    let content_type = call.headers["content-type"].to_str().unwrap();
    assert_eq!(content_type.to_ascii_lowercase().replace(' ', ""), "application/json;charset=utf-8");
    assert_eq!(member(&call.body, "coordinate"), member(FOR_A_BOT, "coordinate"), "echoed to the byte");
    let said = call.json();
    assert_eq!(said["author"]["id"], "example-beb7-47f1-8fe9-192035664234");
    assert_eq!(said["author"]["fullName"], "Anonymous Example 5f11-c602");
    assert_eq!((&said["type"], &said["text"]), (&json!("message"), &json!("batman")));
}

/// Conformance 44: the registration is LIVE, and each event comes to the bot.
#[tokio::test]
async fn every_turn_is_recorded_with_what_ran() {
    let (stage, hook) = echo(ITS_BOT).await;
    for (number, sample) in SEED.into_iter().enumerate() {
        hook.deliver(&format!("sample-{number}"), sample).await;
    }
    stage.settled().await;

    let digest = bothost::guest::digest(&std::fs::read(guests::echo()).unwrap());
    let ran = format!(
        "SELECT count(*) FROM turns WHERE digest = '{}' AND version = 1 AND instructions > 0 AND memory_bytes > 0
         AND attempt = 1 AND cause IS NULL AND outcome IS NOT NULL",
        digest.as_str()
    );
    assert_eq!(stage.host.count(&ran), 5);
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE status = 1"), 5);
    assert_eq!(stage.host.count("SELECT count(*) FROM turns"), 5);
    let said = stage.text("SELECT outcome FROM turns WHERE outcome LIKE '%respond%'");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said, json!({"actions": [{"respond": {"text": "batman"}}], "state": "keep"}));
    let sent = "SELECT count(*) FROM deliveries WHERE status = 2 AND attempts = 1 AND reference LIKE 'sim-%'";
    assert_eq!(stage.host.count(sent), 1, "the platform's own id of the request is kept");
}

#[tokio::test]
async fn emoji_and_control_characters_survive() {
    let (stage, hook) = echo("acme-bot").await;
    hook.deliver("emoji", EMOJI).await;
    let calls = stage.platform.wait_for(1).await;
    let said = &calls[0].body;
    assert_eq!(member(said, "text"), member(EMOJI, "text"), "to the byte");
    assert_eq!(member(said, "coordinate"), member(EMOJI, "coordinate"));
    let name = |body: &[u8]| member(member(body, "author").as_bytes(), "fullName").to_owned();
    assert_eq!(name(said), name(EMOJI));
    assert!(name(said).contains("👩\u{200d}🚀 \u{202e}"), "{}", name(said));
    let kept: Vec<u8> = stage.host.database().query_row("SELECT body FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, EMOJI);
}

#[tokio::test]
async fn what_the_host_does_not_know_is_no_reason_to_refuse_it() {
    let (stage, hook) = echo(BOT).await;
    let mut unknown = message("whatsapp", "a-1", "m-1", "still understood");
    unknown["mood"] = json!({"deep": [1, {"deeper": null}]});
    unknown["author"]["shoeSize"] = json!(43);
    unknown["coordinate"]["planet"] = json!("Earth");
    let of_a_type = |kind: Value| {
        let mut event = message("whatsapp", "a-2", "m-2", "not a message");
        event["type"] = kind;
        event
    };
    let mut operation = update("whatsapp", "a-3", "m-3", "TRANSMOGRIFIED");
    operation["reason"] = json!("why not");
    let events = [unknown, of_a_type(json!("poke")), of_a_type(json!(7)), of_a_type(json!(null)), operation];
    for (number, event) in events.iter().enumerate() {
        hook.deliver(&format!("unknown-{number}"), event.to_string()).await;
    }
    stage.settled().await;
    let calls = stage.platform.calls();
    let [call] = calls.as_slice() else { panic!("{calls:#?}") };
    assert_eq!(call.text(), "still understood");
    assert_eq!(call.json()["coordinate"]["planet"], "Earth");
    assert_eq!(stage.host.count("SELECT count(*) FROM turns WHERE cause IS NULL"), 5);
    assert_eq!(stage.host.count("SELECT count(*) FROM events WHERE kind = 'update'"), 4);
}

/// A registration with these credentials. Each has a channel of its own: only one bot may be live on one.
fn with_credentials(app_id: &str, credentials: Value) -> Value {
    let mut registration = registration("whatsapp", app_id, app_id, "echo");
    registration["credentials"] = credentials;
    registration
}

#[tokio::test]
async fn each_way_to_sign_leads_to_an_answer() {
    let (stage, standard) = echo(BOT).await;
    let hmac = |signature: Value| json!({"type": "HMAC", "identity": "", "secret": "s3cret", "signature": signature});
    let basic = json!({"type": "BASIC_AUTH", "identity": IDENTITY, "secret": "pass:word"});
    let hex = hmac(json!({"profile": "body-sha256"}));
    let base64 = hmac(json!({"profile": "body-sha256", "header": "X-House-Seal", "encoding": "base64"}));
    let basic = stage.hook_of(&with_credentials("by-basic", basic)).await;
    let hex = stage.hook_of(&with_credentials("by-hex", hex)).await;
    let base64 = stage.hook_of(&with_credentials("by-base64", base64)).await;

    // The owner is said by the host's own knowledge: each bot is the first to hear of its conversation.
    let body = |text: &str| {
        let mut event = message("whatsapp", text, text, text);
        event.as_object_mut().unwrap().remove("owner");
        event.to_string().into_bytes()
    };
    let one = body("basic");
    accepted(&basic, sign::basic_auth(IDENTITY, "pass:word"), one).await;
    let one = body("hex");
    accepted(&hex, sign::sign_body_sha256("s3cret", "x-hub-signature-256", &one), one).await;
    let one = body("base64");
    let mut seal = sign::sign_body_sha256("s3cret", "x-house-seal", &one);
    seal.insert("x-house-seal", in_base64(&seal["x-house-seal"]));
    accepted(&base64, seal, one).await;
    let one = body("standard");
    accepted(&standard, sign::sign_standard_webhooks(SECRET, "id-1", now_s(), &one), one).await;
    // While a key is exchanged the sender signs with both.
    let one = body("two signatures");
    let mut both = sign::sign_standard_webhooks(SECRET, "id-2", now_s(), &one);
    let other = sign::sign_standard_webhooks("whsec_YW5vdGhlciBrZXk=", "id-2", now_s(), &one);
    let two = format!("{} {}", text(&other, "webhook-signature"), text(&both, "webhook-signature"));
    both.insert("webhook-signature", two.parse().unwrap());
    accepted(&standard, both, one).await;

    stage.settled().await;
    let mut said: Vec<String> = stage.platform.calls().iter().map(Call::text).collect();
    said.sort();
    assert_eq!(said, ["base64", "basic", "hex", "standard", "two signatures"]);
}

async fn accepted(hook: &Hook, headers: HeaderMap, body: Vec<u8>) {
    let response = hook.send(headers, body).await;
    assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

/// `sha256=<hex>` as plain base64.
fn in_base64(signature: &HeaderValue) -> HeaderValue {
    use base64::Engine as _;
    let digest = hex::decode(signature.to_str().unwrap().strip_prefix("sha256=").unwrap()).unwrap();
    base64::engine::general_purpose::STANDARD.encode(digest).parse().unwrap()
}

/// Says something to the concierge and returns the calls that came of it.
async fn say(stage: &Stage, hook: &Hook, event: Value) -> Vec<Call> {
    let before = stage.platform.calls().len();
    let id = format!("turn-{}", stage.host.count("SELECT count(*) FROM events"));
    hook.deliver(&id, event.to_string()).await;
    stage.settled().await;
    let calls = stage.platform.calls().split_off(before);
    for call in &calls {
        assert!(call.status.is_success(), "the platform refused {call:#?}");
    }
    calls
}

fn lines(calls: &[Call]) -> Vec<(&str, String)> {
    calls.iter().map(|call| (call.line.as_str(), call.json()["type"].as_str().unwrap().to_owned())).collect()
}

async fn concierge() -> (Stage, Hook) {
    let stage = Stage::new().await;
    stage.push("concierge", &guests::concierge()).await;
    let mut registration = registration("apple", "page", BOT, "concierge");
    registration["metadata"] = json!({"tag-person": 1001, "house": "Villa 🌸"});
    let hook = stage.hook_of(&registration).await;
    (stage, hook)
}

#[tokio::test]
async fn the_concierge_greets_once_tells_hours_and_shows_a_list() {
    let (stage, hook) = concierge().await;
    assert!(say(&stage, &hook, update("apple", "jo", "m-1", "CREATED")).await.is_empty());
    let greeted = say(&stage, &hook, message("apple", "jo", "m-1", "hello")).await;
    assert_eq!(greeted[0].text(), "Welcome to Villa 🌸, Jo! 👋 How can I help?");
    assert_eq!(greeted[0].json()["actions"].as_array().unwrap().len(), 3);
    let again = say(&stage, &hook, message("apple", "jo", "m-2", "hello")).await;
    assert_eq!(again[0].text(), "Hello again! How can I help?");

    let hours = say(&stage, &hook, message("apple", "jo", "m-3", "When do you open?")).await;
    let respond = |kind: &str| ("POST /bots/v3/respond", kind.to_owned());
    assert_eq!(lines(&hours), [respond("typing_start"), respond("message"), respond("typing_stop")]);
    assert!(hours[1].text().contains("Our hours: mon-fri 09:00-18:00"), "{}", hours[1].text());

    let list = say(&stage, &hook, message("apple", "jo", "m-4", "a massage please")).await;
    assert_eq!(list[1].text(), "What would you like?");
    let list = &list[1].json()["list"];
    assert_eq!(list["requestMessage"], json!({"title": "Our treatments", "subtitle": "Tap to choose"}));
    assert_eq!(list["responseMessage"], json!({"title": "Your choice", "subtitle": "Thank you"}));
    let section = &list["sections"][0];
    assert_eq!((&section["id"], &section["multipleSelection"]), (&json!("treatments"), &json!(false)));
    let forest = json!({"id": "forest-bath", "message": {"title": "Forest bath", "subtitle": "45 minutes 🌲"}});
    assert_eq!(section["choices"][1], forest);

    let mut picked = message("apple", "jo", "m-5", "");
    picked["list"] = json!({"selected": [{"id": "forest-bath", "title": "Forest bath"}]});
    let noted = say(&stage, &hook, picked).await;
    assert!(noted[0].text().starts_with("Forest bath: a lovely choice."), "{}", noted[0].text());
    assert_eq!(noted[1].json()["note"], "Wants to book: Forest bath");
}

#[tokio::test]
async fn the_concierge_hands_off_is_silent_then_and_forgets_at_the_end() {
    let (stage, hook) = concierge().await;
    say(&stage, &hook, message("apple", "jo", "m-1", "hello")).await;
    let handed = say(&stage, &hook, message("apple", "jo", "m-2", "I want a human")).await;
    let expected =
        [("POST /bots/v3/respond", "message"), ("PUT /bots/v3/tag", "tag"), ("PUT /bots/v3/control", "control")];
    assert_eq!(lines(&handed), expected.map(|(line, kind)| (line, kind.to_owned())));
    assert_eq!(handed[1].json()["tagIds"], json!([1001]));
    let control = handed[2].json();
    assert_eq!(control["owner"], json!({"type": "AGENT"}));
    let comment = "Because the customer asks for a person. Jo: 2 messages. Last words: “hello” “I want a human”";
    assert_eq!(control["comment"], comment);

    // Neither where the platform says nothing of who holds it now, nor where it names the agent, does the bot speak.
    let mut nobodys = message("apple", "jo", "m-4", "hello??");
    nobodys.as_object_mut().unwrap().remove("owner");
    assert!(say(&stage, &hook, nobodys).await.is_empty());
    let mut agents = message("apple", "jo", "m-3", "hello?");
    agents["owner"] = json!({"type": "AGENT"});
    assert!(say(&stage, &hook, agents).await.is_empty());
    let state: Value = serde_json::from_str(&stage.text("SELECT state FROM states")).unwrap();
    assert_eq!(state["messages"], 4, "it listens");

    assert!(say(&stage, &hook, update("apple", "jo", "m-4", "CLOSED")).await.is_empty());
    assert_eq!(stage.host.count("SELECT count(*) FROM states"), 0);
    let mut fresh = message("apple", "jo", "m-5", "hello");
    fresh.as_object_mut().unwrap().remove("owner");
    stage.platform.khoros.set_owner(conversation("jo"), bothost::simulator::khoros::Owner::Bot(BOT.to_owned()));
    let greeted = say(&stage, &hook, fresh).await;
    assert_eq!(greeted[0].text(), "Welcome to Villa 🌸, Jo! 👋 How can I help?");
}

/// A conversation as the platform names it; closing it gave it back to the bot there.
fn conversation(author: &str) -> bothost::simulator::khoros::Conversation {
    bothost::simulator::khoros::Conversation {
        network: "apple".to_owned(),
        external_id: "page".to_owned(),
        author: author.to_owned(),
    }
}
