//! The platform's side of the demo: registers bots and delivers signed webhooks over HTTP, as anybody would.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use serde_json::{Value, json};

use super::Error;
use crate::app::SystemClock;
use crate::domain::clock::Clock as _;
use crate::domain::names::EventId;
use crate::http::hooks::EVENT_HEADER;
use crate::settings::DEFAULT_TENANT;
use crate::simulator;

/// The webhooks' key, as Standard Webhooks writes one.
const SECRET: &str = "whsec_ZGVtby13ZWJob29rLXNlY3JldC0zMi1ieXRlcy0hIQ==";

/// The company of seed 002's last sample.
pub(super) const COMPANY: &str = "exampleinc";
/// The bot of that sample.
pub(super) const APP_ID: &str = "example123";

/// A bot that was registered, and how its webhooks reach it.
pub(super) struct Hook {
    pub(super) path: String,
    /// The bot's own id on the platform.
    pub(super) bot: String,
    /// What the webhook's body shows.
    pub(super) secret: String,
}

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

    /// Makes the concierge a bot agent with the payload of seed 004.
    pub(super) async fn register_livechat(&self) -> Result<Hook, Error> {
        let actions = ["incoming_chat_thread", "incoming_event", "incoming_rich_message_postback", "thread_closed"];
        let actions: Vec<Value> = actions.iter().map(|name| json!({ "name": name })).collect();
        let secret = "demo-secret-key".to_owned();
        let payload = json!({
            "name": "Concierge", "status": "accepting chats",
            "webhooks": { "url": "module:concierge", "secret_key": secret, "actions": actions },
        });
        let call = self.http.post(format!("{}/v3.0/configuration/action/create_bot_agent", self.url));
        let answer = self.answered(call.bearer_auth(&self.key).json(&json!({ "payload": payload }))).await?;
        let bot = answer["bot_agent_id"].as_str().ok_or("the bot agent has no id")?.to_owned();
        Ok(Hook { path: format!("/hooks/livechat/{DEFAULT_TENANT}/{bot}"), bot, secret })
    }

    /// Makes the concierge a bot of chat rooms with the payload of seed 003.
    pub(super) async fn register_deadsimplechat(&self) -> Result<Hook, Error> {
        let bot = json!({ "name": "Concierge", "webhookURL": "module:concierge" });
        let call = self.http.post(format!("{}/consumer/api/v2/bot", self.url));
        let answer = self.answered(call.header("auth", &self.key).json(&bot)).await?;
        let text = |name: &str| answer["bot"][name].as_str().map(str::to_owned).ok_or("the bot is not as documented");
        Ok(Hook { path: text("hook")?, bot: text("_id")?, secret: String::new() })
    }

    async fn answered(&self, call: reqwest::RequestBuilder) -> Result<Value, Error> {
        let response = call.send().await?;
        let (status, url, answer) = (response.status(), response.url().path().to_owned(), response.text().await?);
        if !status.is_success() {
            return Err(format!("POST {url}: {status}: {answer}").into());
        }
        Ok(serde_json::from_str(&answer)?)
    }

    /// Delivers an event whose proof is in itself, and returns the number that the host gave it.
    pub(super) async fn deliver_to(&self, hook: &str, body: &str) -> Result<EventId, Error> {
        self.post(hook, HeaderMap::new(), body).await
    }

    /// Delivers an event under a delivery id and returns the number that the host gave it.
    pub(super) async fn deliver(&self, hook: &str, id: &str, body: &str) -> Result<EventId, Error> {
        let timestamp_s = SystemClock.now_ms() / 1000;
        let headers = simulator::khoros::sign::sign_standard_webhooks(SECRET, id, timestamp_s, body.as_bytes());
        self.post(hook, headers, body).await
    }

    async fn post(&self, hook: &str, headers: HeaderMap, body: &str) -> Result<EventId, Error> {
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
