//! A host, the simulated platform behind it and a sender before it: what a journey needs.

use std::path::Path;

use axum::http::HeaderMap;
use bothost::app::SystemClock;
use bothost::domain::clock::Clock as _;
use bothost::simulator::khoros::sign;
use serde_json::{Value, json};

use super::host::{Host, HostBuilder, SECRET, registration};
use super::platform::{Platform, eventually};

/// The app id of the bot under test.
pub const BOT: &str = "examplebot";

/// Everything on its place.
pub struct Stage {
    pub host: Host,
    pub platform: Platform,
    pub client: reqwest::Client,
}

impl Stage {
    /// A host with default settings.
    pub async fn new() -> Self {
        Self::with(Host::builder()).await
    }

    /// A host with these settings.
    pub async fn with(builder: HostBuilder) -> Self {
        let platform = Platform::start().await;
        let host = builder.gateway(&platform.url).start();
        Self { host, platform, client: client() }
    }

    /// The same with the process ended by SIGTERM and started again on the same directory.
    pub fn restarted(self) -> Self {
        let Self { host, platform, client } = self;
        Self { host: host.restart(), platform, client }
    }

    /// Uploads a built guest as a module.
    pub async fn push(&self, module: &str, wasm: &Path) -> u64 {
        self.host.push(&self.client, module, std::fs::read(wasm).unwrap()).await
    }

    /// Registers [`BOT`], signed by Standard Webhooks, and returns its webhook.
    pub async fn hook(&self, module: &str) -> Hook {
        self.hook_of(&registration("whatsapp", "page", BOT, module)).await
    }

    /// Registers a bot and returns its webhook.
    pub async fn hook_of(&self, registration: &Value) -> Hook {
        let path = self.host.register(&self.client, registration).await;
        Hook { url: format!("{}{path}", self.host.url), client: self.client.clone() }
    }

    /// Waits until every event so far has ended and nothing is left to send.
    pub async fn settled(&self) {
        let open = "SELECT (SELECT count(*) FROM events WHERE status = 0) + \
                    (SELECT count(*) FROM deliveries WHERE status < 2)";
        eventually("every event ended, every delivery settled", || (self.host.count(open) == 0).then_some(())).await;
    }

    /// The value of a figure in `/metrics` with these labels; 0 as long as it is not there.
    pub async fn figure(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let url = format!("{}/metrics", self.host.url);
        let text = self.client.get(url).send().await.unwrap().text().await.unwrap();
        let has = |line: &str| labels.iter().all(|(name, value)| line.contains(&format!("{name}=\"{value}\"")));
        let ours = text.lines().find(|line| line.split(['{', ' ']).next() == Some(name) && has(line));
        ours.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// The text of a single value.
    pub fn text(&self, query: &str) -> String {
        self.host.database().query_row(query, [], |row| row.get(0)).unwrap()
    }
}

/// A client without surprises.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The time in whole seconds.
pub fn now_s() -> u64 {
    SystemClock.now_ms() / 1000
}

/// A webhook's URL and somebody to call it.
#[derive(Debug, Clone)]
pub struct Hook {
    pub url: String,
    pub client: reqwest::Client,
}

impl Hook {
    /// Sends a body with these headers.
    pub async fn send(&self, headers: HeaderMap, body: impl Into<Vec<u8>>) -> reqwest::Response {
        self.client.post(&self.url).headers(headers).body(body.into()).send().await.unwrap()
    }

    /// Sends an event signed by Standard Webhooks, and returns the number of the event that it became.
    pub async fn deliver(&self, id: &str, body: impl Into<Vec<u8>>) -> String {
        let body = body.into();
        let headers = sign::sign_standard_webhooks(SECRET, id, now_s(), &body);
        let response = self.send(headers, body).await;
        let event = response.headers().get("bothost-event").map(|event| event.to_str().unwrap().to_owned());
        let (status, words) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 202, "{words}");
        assert_eq!(words, "");
        event.unwrap()
    }
}

/// A message that the customer writes to [`BOT`]; `id` is the platform's number of it.
pub fn message(network: &str, author: &str, id: &str, text: &str) -> Value {
    json!({
        "coordinate": coordinate(network, author, id),
        "text": text,
        "author": { "id": author, "fullName": "Jo Quill", "properties": {} },
        "owner": { "type": "BOT", "appId": BOT },
        "publishedTS": 1_579_793_945_986_u64, "receivedTS": 1_579_793_946_280_u64,
        "properties": {}, "type": "message",
    })
}

/// An update of a conversation: `CREATED`, `CLOSED`.
pub fn update(network: &str, author: &str, id: &str, operation: &str) -> Value {
    json!({
        "coordinate": coordinate(network, author, id),
        "author": { "id": author, "fullName": "Jo Quill" },
        "operation": operation,
        "conversation": { "displayId": 123, "dispositionId": 2, "encodedDispositionId": 0, "conversationUuid": "3de" },
        "type": "update",
    })
}

fn coordinate(network: &str, author: &str, id: &str) -> Value {
    json!({
        "companyKey": "exampleinc", "networkKey": network, "externalId": "page", "messageId": id, "botId": BOT,
        "scope": "PRIVATE", "normalizedAuthorId": author,
    })
}
