//! The platform's side of the demo: registers bots and delivers signed webhooks over HTTP, as anybody would.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::Error;
use crate::app::SystemClock;
use crate::domain::clock::Clock as _;
use crate::domain::names::EventId;
use crate::http::hooks::EVENT_HEADER;
use crate::simulator;

/// The webhooks' key, as Standard Webhooks writes one.
const SECRET: &str = "whsec_ZGVtby13ZWJob29rLXNlY3JldC0zMi1ieXRlcy0hIQ==";

/// The company of seed 002's last sample.
pub(super) const COMPANY: &str = "exampleinc";
/// The bot of that sample.
pub(super) const APP_ID: &str = "example123";

/// Sends requests to the host.
#[derive(Clone)]
pub(super) struct Sender {
    url: String,
    key: String,
    http: reqwest::Client,
    sent: std::sync::Arc<AtomicU64>,
}

impl Sender {
    pub(super) fn new(url: String, key: String) -> Result<Self, Error> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, key, http, sent: std::sync::Arc::default() })
    }

    /// How many webhooks were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Uploads a module.
    pub(super) async fn push(&self, name: &str, wasm: &[u8]) -> Result<Value, Error> {
        let request = self.http.put(format!("{}/v1/modules/{name}", self.url)).bearer_auth(&self.key);
        let response = request.body(wasm.to_vec()).send().await?;
        let (status, answer) = (response.status(), response.text().await?);
        if !status.is_success() {
            return Err(format!("PUT /v1/modules/{name}: {status}: {answer}").into());
        }
        Ok(serde_json::from_str(&answer)?)
    }

    /// Registers the concierge on a network with the payload of seed 000 and returns its webhook's path.
    pub(super) async fn register(&self, network: &str, channel: &str) -> Result<String, Error> {
        let registration = json!({
            "platform": "LITHIUM", "companyKey": COMPANY, "networkKey": network, "externalId": channel,
            "appId": APP_ID, "name": "Concierge", "callbackUrl": "module:concierge", "mode": "LIVE",
            "credentials": { "type": "HMAC", "identity": "demo", "secret": SECRET },
            "contact": { "email": "bots@example.com" },
        });
        let url = format!("{}/bots/v3/registrations", self.url);
        let response = self.http.post(&url).bearer_auth(&self.key).json(&registration).send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("POST /bots/v3/registrations: {status}: {}", response.text().await?).into());
        }
        let url = format!("{url}/network/{network}/externalId/{channel}/appId/{APP_ID}");
        let answer: Value = self.http.get(url).bearer_auth(&self.key).send().await?.json().await?;
        let hash_key = answer["data"]["hashKey"].as_str().ok_or("the registration has no hashKey")?;
        Ok(format!("/hooks/khoros/{hash_key}"))
    }

    /// Delivers an event under a delivery id and returns the number that the host gave it.
    pub(super) async fn deliver(&self, hook: &str, id: &str, body: &str) -> Result<EventId, Error> {
        let timestamp_s = SystemClock.now_ms() / 1000;
        let headers = simulator::khoros::sign::sign_standard_webhooks(SECRET, id, timestamp_s, body.as_bytes());
        self.sent.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}{hook}", self.url);
        let response = self.http.post(url).headers(headers).body(body.to_owned()).send().await?;
        let event = response.headers().get(EVENT_HEADER).and_then(|id| id.to_str().ok()?.parse().ok());
        let status = response.status();
        match event {
            Some(event) => Ok(EventId(event)),
            None => Err(format!("the host did not accept a webhook: {status}: {}", response.text().await?).into()),
        }
    }
}

/// A customer's message as Khoros delivers it.
pub(super) fn message(network: &str, channel: &str, author: &str, number: u64, text: &str) -> Value {
    let now_ms = SystemClock.now_ms();
    json!({
        "coordinate": {
            "companyKey": COMPANY, "networkKey": network, "externalId": channel,
            "messageId": format!("{author}-{number}"), "botId": APP_ID, "scope": "PRIVATE",
            "normalizedAuthorId": author,
        },
        "text": text,
        "author": { "id": author, "fullName": author, "properties": {} },
        "owner": { "type": "BOT", "appId": APP_ID },
        "publishedTS": now_ms, "receivedTS": now_ms, "properties": {}, "type": "message",
    })
}
