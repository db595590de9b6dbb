//! A host, the simulated platform behind it and a sender before it.

use bothost::simulator::deadsimplechat::{DeadSimpleChat, SimulatedDeadSimpleChat};
use bothost::simulator::{Received, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::fixture;
use crate::support::host::{Host, HostBuilder};
use crate::support::platform::eventually;
use crate::support::stage::client;

/// The key that the host shows to the platform; it has characters that a query escapes.
const KEY: &str = "pub_gateway+key/of&the=tests";

/// Everything on its place; the platform ends with the test.
pub(super) struct Stage {
    pub(super) host: Host,
    pub(super) chat: SimulatedDeadSimpleChat,
    pub(super) client: reqwest::Client,
    served: JoinHandle<std::io::Result<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(Host::builder()).await
    }

    pub(super) async fn with(builder: HostBuilder) -> Self {
        let chat = SimulatedDeadSimpleChat::new(Settings::new(KEY), DeadSimpleChat);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = chat.router();
        let served = tokio::spawn(async move { axum::serve(listener, router).await });
        let at = |what: &str| format!("TENANTS__DEFAULT__GATEWAYS__DEADSIMPLECHAT__{what}");
        let host = builder.set(&at("URL"), url).set(&at("TOKEN"), KEY).set("DELIVER__RETRY_FIRST_MS", 1).start();
        Self { host, chat, client: client(), served }
    }

    /// Calls the platform's API of the host with the key in the query: the status and the body.
    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/consumer/api/v2/{path}?auth={}", self.host.url, self.host.key);
        let request = self.client.request(method.parse().unwrap(), url);
        let answer = if body.is_null() { request } else { request.json(body) }.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// Uploads a guest and makes a bot that runs it, with these fields besides.
    pub(super) async fn bot(&self, guest: &std::path::Path, fields: &Value) -> Value {
        self.host.push(&self.client, "guest", std::fs::read(guest).unwrap()).await;
        let mut all = json!({"name": "helper", "webhookURL": "module:guest"});
        for (name, value) in fields.as_object().unwrap() {
            all[name] = value.clone();
        }
        let (status, answer) = self.call("POST", "bot", &all).await;
        assert_eq!(status, 200, "{answer}");
        answer["bot"].clone()
    }

    /// Delivers a webhook of the bot and returns the number of the event that it became.
    pub(super) async fn deliver(&self, bot: &Value, body: impl Into<Vec<u8>>) -> String {
        let url = format!("{}{}", self.host.url, bot["hook"].as_str().unwrap());
        let answer = self.client.post(url).body(body.into()).send().await.unwrap();
        let event = answer.headers().get("bothost-event").map(|event| event.to_str().unwrap().to_owned());
        let (status, words) = (answer.status(), answer.text().await.unwrap());
        assert_eq!((status.as_u16(), words.as_str()), (200, ""));
        event.unwrap()
    }

    /// Waits until every event so far has ended and nothing is left to send, and returns what reached the platform.
    pub(super) async fn settled(&self) -> Vec<Received> {
        let open = "SELECT (SELECT count(*) FROM events WHERE status = 0) + \
                    (SELECT count(*) FROM deliveries WHERE status < 2)";
        eventually("every event ended, every delivery settled", || (self.host.count(open) == 0).then_some(())).await;
        self.chat.received()
    }

    /// How the host explains an event.
    pub(super) async fn explained(&self, event: &str) -> Value {
        let path = format!("/v1/events/{event}");
        self.host.request(&self.client, "GET", &path).send().await.unwrap().json().await.unwrap()
    }
}

/// The documented event with another id and text, and with who or what made it.
pub(super) fn event(name: &str, id: &str, text: &str) -> String {
    let mut event: Value = serde_json::from_str(&fixture(name)).unwrap();
    event["message"] = json!({"_id": id, "message": text});
    event.to_string()
}
