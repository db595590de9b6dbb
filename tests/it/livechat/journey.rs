//! From the registration to the call: the real host, over HTTP, with a simulated LiveChat behind it.

use std::sync::Arc;
use std::time::Duration;

use bothost::simulator::livechat::{LiveChat, SimulatedLiveChat};
use bothost::simulator::{Received, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::{BOT, CUSTOMER, SECRET, fixture};
use crate::support::guests::{echo, wayward};
use crate::support::host::{Host, TOKEN};
use crate::support::platform::{PATIENCE, eventually};
use crate::support::stage::client;

/// A host and LiveChat behind it.
struct Journey {
    host: Host,
    client: reqwest::Client,
    livechat: SimulatedLiveChat,
    served: JoinHandle<std::io::Result<()>>,
}

impl Drop for Journey {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Journey {
    async fn new() -> Self {
        let livechat = SimulatedLiveChat::new(Settings::new(TOKEN), LiveChat::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = livechat.clone();
        let served = tokio::spawn(async move { service.serve(listener, std::future::pending()).await });
        let host = Host::builder()
            .set("TENANTS__DEFAULT__GATEWAYS__LIVECHAT__URL", &url)
            .set("TENANTS__DEFAULT__GATEWAYS__LIVECHAT__TOKEN", TOKEN)
            .set("TURN__TRIES", 1)
            .start();
        let journey = Self { host, client: client(), livechat, served };
        journey.host.push(&journey.client, "echo", std::fs::read(echo()).unwrap()).await;
        journey
    }

    /// Calls a method of the Configuration API with a key.
    async fn call_as(&self, key: &str, method: &str, params: &Value) -> (u16, Value) {
        let path = format!("/v3.0/configuration/action/{method}");
        let call = self.host.request_as(key, &self.client, "POST", &path).json(&json!({ "payload": params }));
        let answer = call.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn call(&self, method: &str, params: &Value) -> Value {
        let (status, answer) = self.call_as(&self.host.key, method, params).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Registers [`BOT`] for a module.
    async fn register(&self, module: &str, more: Value) {
        let actions = ["incoming_chat_thread", "incoming_event", "thread_closed", "chat_user_added"];
        let actions: Vec<_> = actions.iter().map(|name| json!({ "name": name })).collect();
        let url = format!("module:{module}");
        let mut params = json!({ "id": BOT, "name": "A bot under test", "status": "accepting chats",
            "webhooks": { "url": url, "secret_key": SECRET, "actions": actions } });
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        assert_eq!(self.call("create_bot_agent", &params).await, json!({ "bot_agent_id": BOT }));
    }

    async fn hook(&self, body: String) -> u16 {
        let url = format!("{}/hooks/livechat/default/{BOT}", self.host.url);
        self.client.post(url).body(body).send().await.unwrap().status().as_u16()
    }

    /// Delivers a webhook, and waits until it has ended and nothing is left to send.
    async fn deliver(&self, body: String) {
        assert_eq!(self.hook(body).await, 200);
        let open = "SELECT (SELECT count(*) FROM events WHERE status = 0) + \
                    (SELECT count(*) FROM deliveries WHERE status < 2)";
        eventually("every event ended, every delivery settled", || (self.host.count(open) == 0).then_some(())).await;
    }

    /// The calls so far; LiveChat took each of them.
    async fn calls(&self, count: u64) -> Vec<Received> {
        tokio::time::timeout(PATIENCE, self.livechat.wait_for(count)).await.expect("as many calls");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let calls = self.livechat.received();
        assert_eq!(calls.len() as u64, count, "{calls:#?}");
        assert!(calls.iter().all(|call| call.status.is_some_and(|status| status == 200)), "{calls:#?}");
        calls
    }
}

/// What a customer writes in a chat; `id` is the event's.
fn says(chat: &str, id: &str, text: &str) -> String {
    json!({ "webhook_id": "wh", "secret_key": SECRET, "action": "incoming_event",
        "data": { "chat_id": chat, "thread_id": format!("{chat}-t"), "event": {
            "id": id, "type": "message", "text": text, "author_id": CUSTOMER, "recipients": "all", "timestamp": 1_570_786_859 } } })
    .to_string()
}

fn closes(chat: &str) -> String {
    json!({ "webhook_id": "wh", "secret_key": SECRET, "action": "thread_closed",
        "data": { "chat_id": chat, "thread_id": format!("{chat}-t") } })
    .to_string()
}

/// Register, webhook, turn, call; each answer speaks the version of its event, in the bot agent's name.
/// Conformance 213, 218, 219, 234, 239.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_agent_answers_its_customers() {
    let stage = Journey::new().await;
    stage.register("echo", json!({})).await;
    stage.deliver(fixture("message-v30")).await;
    stage.deliver(fixture("message-v31").replace("BBBB_3", "BBBB_4")).await;
    stage.deliver(fixture("chat-message-v31").replace("PJ0AAAA", "PJ0CCCC")).await;
    let calls = stage.calls(3).await;
    let event = |text: &str| json!({ "type": "message", "text": text, "recipients": "all" });
    assert_eq!(calls[0].path, "/v3.0/agent/action/send_event");
    assert_eq!(calls[0].body, json!({ "payload": { "chat_id": "PJ0AAAA", "event": event("hi") }, "author_id": BOT }));
    assert_eq!(calls[1].path, "/v3.1/agent/action/send_event");
    assert_eq!(calls[1].body, json!({ "chat_id": "PJ0AAAA", "event": event("hi 🍺") }));
    assert_eq!(calls[2].body, json!({ "chat_id": "PJ0CCCC", "event": event("hi\nthere") }));

    // The same event again, the bot's own, and what nobody sent.
    stage.deliver(fixture("message-v30")).await;
    stage.deliver(fixture("own-v30")).await;
    assert_eq!(stage.hook(fixture("press-v31").replace(SECRET, "guessed")).await, 401);
    assert_eq!(stage.hook("{}".to_owned()).await, 401);
    stage.calls(3).await;
    let stored = "SELECT count(*) FROM events WHERE instr(CAST(body AS TEXT), 'JSauw0Aks8l-asAa') > 0";
    assert_eq!(stage.host.count(stored), 0, "the key is not on disk in clear");
}

/// Conformance 241, 242, 250, 263.
#[tokio::test(flavor = "multi_thread")]
async fn status_and_max_chats_count_are_kept() {
    let stage = Journey::new().await;
    stage.register("echo", json!({ "max_chats_count": 1 })).await;
    stage.deliver(says("A", "a1", "first")).await;
    stage.deliver(says("B", "b1", "no room")).await;
    stage.deliver(says("A", "a2", "second")).await;
    assert_eq!(stage.calls(2).await[1].body["payload"]["event"]["text"], "second");
    stage.deliver(closes("A")).await;
    stage.deliver(says("B", "b2", "now there is")).await;
    assert_eq!(stage.calls(3).await[2].body["payload"]["chat_id"], "B");

    let status = |status: &str| json!({ "id": BOT, "status": status });
    assert_eq!(stage.call("update_bot_agent", &status("not accepting chats")).await, json!({}));
    stage.deliver(says("C", "c1", "no new chats")).await;
    stage.deliver(says("B", "b3", "the old one goes on")).await;
    stage.calls(4).await;
    stage.call("update_bot_agent", &status("offline")).await;
    stage.deliver(says("B", "b4", "nobody is there")).await;
    stage.calls(4).await;
    stage.call("update_bot_agent", &status("accepting chats")).await;
    stage.deliver(says("B", "b5", "back")).await;
    assert_eq!(stage.calls(5).await[4].body["payload"]["event"]["text"], "back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_agent_that_fails_hands_its_chat_to_an_agent() {
    let stage = Journey::new().await;
    stage.host.push(&stage.client, "wayward", std::fs::read(wayward()).unwrap()).await;
    stage.register("wayward", json!({})).await;
    stage.deliver(says("A", "a1", "panic")).await;
    let calls = stage.calls(2).await;
    assert_eq!(calls[0].body["payload"]["event"]["recipients"], "agents");
    assert!(calls[0].body["payload"]["event"]["text"].as_str().unwrap().contains("trap"));
    assert_eq!(calls[1].path, "/v3.0/agent/action/transfer_chat");
    // The agent has it now; the bot stays silent until it is given back.
    stage.deliver(says("A", "a2", "anybody?")).await;
    stage.calls(2).await;
    let back = fixture("bot-added-v30").replace("PJ0AAAA", "A");
    stage.deliver(back).await;
    stage.deliver(says("A", "a3", "hello")).await;
    assert_eq!(stage.calls(3).await[2].body["payload"]["event"]["text"], "hello");
}

/// An agent who joins takes the chat over.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_agent_is_silent_while_an_agent_has_the_chat() {
    let stage = Journey::new().await;
    stage.register("echo", json!({})).await;
    stage.deliver(fixture("message-v31")).await;
    stage.deliver(fixture("agent-added-v31")).await;
    stage.deliver(fixture("press-v31")).await;
    stage.calls(1).await;
}

/// Conformance 214, 215, 223, 247, 264, 268: with keys that the host gave out.
#[tokio::test(flavor = "multi_thread")]
async fn keys_reach_what_their_scopes_and_client_ids_say() {
    let stage = Journey::new().await;
    let key = async |client_id: &str, scope: &str| {
        let new = json!({ "name": "k", "scopes": [scope], "client_id": client_id });
        let made =
            stage.host.request(&stage.client, "POST", "/v1/tenants/default/keys").json(&new).send().await.unwrap();
        let made: Value = made.json().await.unwrap();
        made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    };
    let writer = key("app-1", "agents-bot--my:rw").await;
    let other = key("app-2", "agents-bot--my:rw").await;
    let overseer = key("app-2", "agents-bot--all:rw").await;
    let create = json!({ "name": "b", "status": "accepting chats" });
    let (status, made) = stage.call_as(&writer, "create_bot_agent", &create).await;
    assert_eq!(status, 200);
    let one = json!({ "bot_agent_id": made["bot_agent_id"] });
    let (status, shown) = stage.call_as(&writer, "get_bot_agent_details", &one).await;
    assert_eq!((status, &shown["bot_agent"]["application"]["client_id"]), (200, &json!("app-1")));
    for method in ["get_bot_agent_details", "remove_bot_agent"] {
        assert_eq!(stage.call_as(&other, method, &one).await.0, 403, "{method}");
    }
    let reader = key("app-1", "agents-bot--my:ro").await;
    let (status, refused) = stage.call_as(&reader, "create_bot_agent", &create).await;
    assert_eq!((status, &refused["error"]["type"]), (403, &json!("authorization")));
    assert_eq!(stage.call_as("bh_none_of_ours", "get_bot_agents", &json!({})).await.0, 401);
    assert_eq!(stage.call_as(&overseer, "remove_bot_agent", &one).await, (200, json!({})));
    assert_eq!(stage.call_as(&writer, "get_bot_agents", &json!({})).await.1, json!({ "bot_agents": [] }));
    // Another tenant may speak of the same bot agent: its webhooks are its own.
    let tenant = stage.host.tenant(&stage.client, "other", &["agents-bot--my:rw"]).await;
    stage.register("echo", json!({})).await;
    let theirs = json!({ "id": BOT, "name": "theirs", "status": "offline" });
    assert_eq!(stage.call_as(&tenant, "create_bot_agent", &theirs).await.0, 200);
    let url = format!("{}/hooks/livechat/other/{BOT}", stage.host.url);
    let answer = stage.client.post(url).body(fixture("message-v30")).send().await.unwrap();
    assert_eq!(answer.status(), 401, "it has no webhooks");
}

/// Two changes of one bot agent at the same moment: neither loses the other's.
#[tokio::test(flavor = "multi_thread")]
async fn updates_at_the_same_moment_do_not_undo_one_another() {
    let stage = Arc::new(Journey::new().await);
    stage.register("echo", json!({})).await;
    let change = |name: &'static str, value: Value| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            loop {
                let (status, answer) =
                    stage.call_as(&stage.host.key, "update_bot_agent", &json!({ "id": BOT, name: value })).await;
                match status {
                    200 => return,
                    400 => assert!(answer["error"]["message"].as_str().unwrap().contains("another call"), "{answer}"),
                    other => panic!("{other}: {answer}"),
                }
            }
        })
    };
    for round in 0..10 {
        let changes = [change("name", json!(format!("n{round}"))), change("avatar", json!(format!("a{round}")))];
        for change in changes {
            change.await.unwrap();
        }
        let shown = stage.call("get_bot_agent_details", &json!({ "bot_agent_id": BOT })).await["bot_agent"].clone();
        assert_eq!((&shown["name"], &shown["avatar"]), (&json!(format!("n{round}")), &json!(format!("a{round}"))));
    }
}
