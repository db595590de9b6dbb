//! The platforms' side of a local host: registers bots and delivers signed webhooks over HTTP, as anybody would.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use serde_json::{Value, json};

use crate::app::SystemClock;
use crate::cli::Error;
use crate::domain::clock::Clock as _;
use crate::domain::names::EventId;
use crate::http::hooks::EVENT_HEADER;
use crate::settings::DEFAULT_TENANT;
use crate::simulator;

/// The webhooks' key, as Standard Webhooks writes one.
const SECRET: &str = "whsec_ZGVtby13ZWJob29rLXNlY3JldC0zMi1ieXRlcy0hIQ==";

/// The company of seed 002's last sample.
pub(in crate::cli) const COMPANY: &str = "exampleinc";
/// The bot of that sample.
pub(in crate::cli) const APP_ID: &str = "example123";

/// A bot that is registered, and how its webhooks reach it.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Hook {
    pub(in crate::cli) path: String,
    /// The bot's own id on the platform.
    pub(in crate::cli) bot: String,
    /// What the webhook's body shows.
    pub(in crate::cli) secret: String,
    /// Whether webhooks are signed.
    is_signed: bool,
}

/// A bot that is to be registered.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Wanted<'a> {
    pub(in crate::cli) platform: &'a str,
    pub(in crate::cli) network: &'a str,
    /// The page, account or room.
    pub(in crate::cli) channel: &'a str,
    pub(in crate::cli) module: &'a str,
    /// The bot's configuration, a JSON object.
    pub(in crate::cli) config: &'a str,
}

impl Wanted<'_> {
    fn configuration(&self) -> Result<Value, Error> {
        let read = serde_json::from_str::<Value>(self.config).ok().filter(Value::is_object);
        Ok(read.ok_or_else(|| format!("a bot's configuration is a JSON object, not {}", self.config))?)
    }
}

/// Sends requests to the host.
#[derive(Clone)]
pub(in crate::cli) struct Sender {
    url: String,
    key: String,
    http: reqwest::Client,
    sent: std::sync::Arc<AtomicU64>,
}

impl Sender {
    pub(in crate::cli) fn new(url: String, key: String) -> Result<Self, Error> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, key, http, sent: std::sync::Arc::default() })
    }

    /// How many webhooks were sent.
    pub(in crate::cli) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Uploads a module.
    pub(in crate::cli) async fn push(&self, name: &str, wasm: &[u8]) -> Result<Value, Error> {
        let request = self.http.put(format!("{}/v1/modules/{name}", self.url)).bearer_auth(&self.key);
        self.answered(request.body(wasm.to_vec())).await
    }

    /// Registers a bot with the payload that its platform documents.
    pub(in crate::cli) async fn register(&self, wanted: Wanted<'_>) -> Result<Hook, Error> {
        match wanted.platform {
            "livechat" => self.register_on_livechat(wanted).await,
            "deadsimplechat" => self.register_on_deadsimplechat(wanted).await,
            _ => self.register_on_khoros(wanted).await,
        }
    }

    /// Seed 000.
    async fn register_on_khoros(&self, wanted: Wanted<'_>) -> Result<Hook, Error> {
        let Wanted { network, channel, module, .. } = wanted;
        let registration = json!({
            "platform": "LITHIUM", "companyKey": COMPANY, "networkKey": network, "externalId": channel,
            "appId": APP_ID, "name": module, "callbackUrl": format!("module:{module}"), "mode": "LIVE",
            "credentials": { "type": "HMAC", "identity": "local", "secret": SECRET },
            "contact": { "email": "bots@example.com" }, "metadata": wanted.configuration()?,
        });
        let url = format!("{}/bots/v3/registrations", self.url);
        self.answered(self.http.post(&url).bearer_auth(&self.key).json(&registration)).await?;
        let url = format!("{url}/network/{network}/externalId/{channel}/appId/{APP_ID}");
        let answer = self.answered(self.http.get(url).bearer_auth(&self.key)).await?;
        let hash_key = answer["data"]["hashKey"].as_str().ok_or("the registration has no hashKey")?;
        let (path, bot) = (format!("/hooks/khoros/{hash_key}"), APP_ID.to_owned());
        Ok(Hook { path, bot, secret: String::new(), is_signed: true })
    }

    /// Seed 004.
    async fn register_on_livechat(&self, wanted: Wanted<'_>) -> Result<Hook, Error> {
        let actions = [
            "incoming_chat_thread",
            "incoming_event",
            "incoming_rich_message_postback",
            "thread_closed",
            "chat_user_added",
        ];
        let actions: Vec<Value> = actions.iter().map(|name| json!({ "name": name })).collect();
        let (url, secret) = (format!("module:{}", wanted.module), "local-secret-key".to_owned());
        let payload = json!({
            "name": wanted.module, "status": "accepting chats", "metadata": wanted.configuration()?,
            "webhooks": { "url": url, "secret_key": secret, "actions": actions },
        });
        let call = self.http.post(format!("{}/v3.0/configuration/action/create_bot_agent", self.url));
        let answer = self.answered(call.bearer_auth(&self.key).json(&json!({ "payload": payload }))).await?;
        let bot = answer["bot_agent_id"].as_str().ok_or("the bot agent has no id")?.to_owned();
        Ok(Hook { path: format!("/hooks/livechat/{DEFAULT_TENANT}/{bot}"), bot, secret, is_signed: false })
    }

    /// Seed 003.
    async fn register_on_deadsimplechat(&self, wanted: Wanted<'_>) -> Result<Hook, Error> {
        let url = format!("module:{}", wanted.module);
        let metadata = wanted.configuration()?.to_string();
        let bot = json!({ "name": wanted.module, "webhookURL": url, "metadata": metadata });
        let call = self.http.post(format!("{}/consumer/api/v2/bot", self.url));
        let answer = self.answered(call.header("auth", &self.key).json(&bot)).await?;
        let text = |name: &str| answer["bot"][name].as_str().map(str::to_owned).ok_or("the bot is not as documented");
        Ok(Hook { path: text("hook")?, bot: text("_id")?, secret: String::new(), is_signed: false })
    }

    async fn answered(&self, call: reqwest::RequestBuilder) -> Result<Value, Error> {
        let response = call.send().await?;
        let (status, url) = (response.status(), response.url().path().to_owned());
        let answer = response.text().await?;
        if !status.is_success() {
            let problem: Value = serde_json::from_str(&answer).unwrap_or_default();
            return Err(format!("{url}: {status}: {}", problem["detail"].as_str().unwrap_or(&answer)).into());
        }
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer)? })
    }

    /// Delivers an event, under a delivery id where the platform signs, and returns the number that the host gave it.
    pub(in crate::cli) async fn deliver(&self, hook: &Hook, id: &str, body: &str) -> Result<EventId, Error> {
        let headers = if hook.is_signed {
            let timestamp_s = SystemClock.now_ms() / 1000;
            simulator::khoros::sign::sign_standard_webhooks(SECRET, id, timestamp_s, body.as_bytes())
        } else {
            HeaderMap::new()
        };
        self.sent.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}{}", self.url, hook.path);
        let response = self.http.post(url).headers(headers).body(body.to_owned()).send().await?;
        let event = response.headers().get(EVENT_HEADER).and_then(|id| id.to_str().ok()?.parse().ok());
        let status = response.status();
        match event {
            Some(event) => Ok(EventId(event)),
            None => Err(format!("the host did not accept a webhook: {status}: {}", response.text().await?).into()),
        }
    }
}
