//! A bot agent, the fixtures and a host that keeps bot agents in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Runs, Scheme, Target};
use bothost::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use bothost::domain::names::{BotId, ConversationKey, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::token::Token;
use bothost::domain::validate::Limits;
use bothost::platform::livechat::LiveChat;
use bothost::platform::{ApiAnswer, ApiCall, BoxFuture, By, DecodeError, Decoded, Host, HostError, Platform, Verified};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Method;
use serde_json::{Value, json};

/// 2023-11-14 22:13:20 UTC.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;
/// The bot agent, the customer, the agent and the key of the fixtures.
pub(super) const BOT: &str = "5c9871d5372c824cbf22d860a707a578";
pub(super) const CUSTOMER: &str = "b7eff798-f8df-4364-8059-649c35c9ed0c";
pub(super) const AGENT: &str = "smith@example.com";
pub(super) const SECRET: &str = "JSauw0Aks8l-asAa";
/// The app that owns the bot agent.
pub(super) const APP: &str = "asXdesldiAJSq9padj";

pub(super) const LIMITS: Limits =
    Limits { actions_max: 64, items_max: 32, text_bytes_max: 65_536, state_bytes_max: 65_536 };

/// The bot agent of the documents, with this registration.
pub(super) fn registered(registration: &Value) -> Bot {
    Bot {
        id: BotId::from(format!("acme:{BOT}")),
        tenant: TenantName::from("acme"),
        platform: "livechat".to_owned(),
        platform_id: BOT.to_owned(),
        network: "livechat".to_owned(),
        channel: "livechat".to_owned(),
        account: APP.to_owned(),
        pin: None,
        target: Target::Module { name: ModuleName::parse("greeter").unwrap(), version: None },
        mode: Mode::Live,
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret: Secret::new(SECRET) },
        config: "{}".to_owned(),
        registration: registration.to_string(),
        created_ms: 1,
        updated_ms: 1,
        revision: 1,
    }
}

pub(super) fn bot() -> Bot {
    registered(&json!({}))
}

pub(super) fn verified(body: &str) -> Verified {
    Verified::from_inbox(Bytes::copy_from_slice(body.as_bytes()))
}

pub(super) fn decode(body: &str) -> Result<Decoded, DecodeError> {
    LiveChat.decode(&bot(), &verified(body))
}

/// Every fixture as name and text; a new file is found by itself.
pub(super) fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/livechat");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() > 40, "the fixtures are gone: {}", found.len());
    found
}

pub(super) fn fixture(name: &str) -> String {
    fixtures().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// An answer: its status and its body.
pub(super) type Answered = (u16, Value);

/// Keeps bot agents in memory, and fails on demand.
#[derive(Default)]
pub(super) struct MemoryHost {
    pub(super) bots: Mutex<Vec<Arc<Bot>>>,
    pub(super) broken: bool,
}

impl MemoryHost {
    fn answer<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Vec<Arc<Bot>>) -> T,
    ) -> BoxFuture<'a, Result<T, HostError>> {
        let result = match self.broken {
            true => Err(HostError::Failed("the disk at /srv/secret is full".to_owned())),
            false => Ok(work(&mut self.bots.lock().unwrap())),
        };
        Box::pin(std::future::ready(result))
    }

    /// The one bot agent that there is.
    pub(super) fn only(&self) -> Arc<Bot> {
        let bots = self.bots.lock().unwrap();
        assert_eq!(bots.len(), 1);
        Arc::clone(&bots[0])
    }

    /// Calls a method of v3.0 in the name of [`APP`], with every scope.
    pub(super) fn call(&self, method: &str, body: &Value) -> Answered {
        let admin = Scopes::from_iter([Scope::ADMIN]);
        self.call_at("/v3.0/configuration", &format!("action/{method}"), Some(APP), admin, &body.to_string())
    }

    /// The violations that a method answers; it must have done nothing.
    #[track_caller]
    pub(super) fn refused(&self, method: &str, body: &Value) -> String {
        let before = self.bots.lock().unwrap().clone();
        let (status, answer) = self.call(method, body);
        assert_eq!((status, &answer["error"]["type"]), (400, &json!("validation")), "{answer}");
        assert_eq!(*self.bots.lock().unwrap(), before);
        let message = answer["error"]["message"].as_str().unwrap();
        message.strip_prefix("Wrong format of request: ").unwrap().to_owned()
    }

    /// Makes a bot agent of these parameters and returns its id.
    #[track_caller]
    pub(super) fn create(&self, params: &Value) -> String {
        let (status, answer) = self.call("create_bot_agent", params);
        assert_eq!(status, 200, "{answer}");
        answer["bot_agent_id"].as_str().unwrap().to_owned()
    }

    /// What the details say of a bot agent.
    #[track_caller]
    pub(super) fn details(&self, id: &str) -> Value {
        let (status, answer) = self.call("get_bot_agent_details", &json!({ "bot_agent_id": id }));
        assert_eq!(status, 200, "{answer}");
        answer["bot_agent"].clone()
    }

    /// Calls a path, guarded as the host guards it.
    pub(super) fn call_at(
        &self,
        prefix: &'static str,
        path: &str,
        client_id: Option<&str>,
        scopes: Scopes,
        body: &str,
    ) -> Answered {
        let scope = LiveChat.api_scope(&Method::POST, path);
        if !scopes.allow(scope) {
            return read(LiveChat.api_forbidden(prefix, scope));
        }
        let call = ApiCall {
            tenant: TenantName::from("acme"),
            actor: Actor::operator("tests"),
            client_id: client_id.map(str::to_owned),
            by: By::Key { user: None },
            key: KeyId::from("k1"),
            scopes,
            method: Method::POST,
            path: path.to_owned(),
            prefix,
            query: String::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            now_ms: NOW_MS,
        };
        read(LiveChat.api(call, self).now_or_never().expect("nothing here waits"))
    }
}

/// An answer as a client reads it.
pub(super) fn read(answer: ApiAnswer) -> Answered {
    assert_eq!(answer.content_type, "application/json");
    (answer.status.as_u16(), serde_json::from_str(&answer.body.expect("every answer has a body")).unwrap())
}

impl Host for MemoryHost {
    fn bots<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>> {
        self.answer(|bots| {
            bots.iter().filter(|bot| bot.tenant == *tenant && bot.platform == platform).cloned().collect()
        })
    }

    fn may_relay(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") { Ok(()) } else { Err("what a tenant sets is reached over https".to_owned()) }
    }

    fn put_bot(&self, bot: Bot, _actor: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|bots| {
            bots.retain(|known| known.id != bot.id);
            bots.push(Arc::new(bot));
        })
    }

    fn remove_bot<'a>(&'a self, bot: &'a BotId, _actor: Actor) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|bots| bots.retain(|known| known.id != *bot))
    }

    fn token_of(&self, _: &TenantName, _: &str, _: &str, _: u64) -> Result<Option<u64>, HostError> {
        Ok(None)
    }

    fn add_token(&self, _: Token, _: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|_| ())
    }

    fn replace_token(&self, _: String, _: Token, _: u64, _: Actor) -> BoxFuture<'_, Result<bool, HostError>> {
        self.answer(|_| false)
    }

    fn drop_tokens<'a>(
        &'a self,
        _: TenantName,
        _: &'a str,
        _: String,
        _: Actor,
        _: u64,
    ) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|_| ())
    }

    fn new_bot_id(&self) -> Result<BotId, HostError> {
        Ok(BotId::from(format!("{:032x}", self.bots.lock().unwrap().len() + 1)))
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn call(&self, _call: Call) -> BoxFuture<'_, Result<Called, HostError>> {
        self.answer(|_| Called::Changed)
    }

    fn call_and_wait(&self, _call: Call) -> BoxFuture<'_, Result<(Called, Option<Outcome>), HostError>> {
        self.answer(|_| (Called::Changed, None))
    }

    fn held(&self, _bot: &Bot, _conversation: &ConversationKey) -> Result<Held, HostError> {
        Ok(Held::default())
    }

    fn request(&self, _: &TenantName, _: &str, _: RequestId) -> Result<Option<RequestRecord>, HostError> {
        Ok(None)
    }

    fn requests<'a>(
        &'a self,
        _: &'a TenantName,
        _: &'static str,
        _: RequestsWanted,
    ) -> BoxFuture<'a, Result<Requests, HostError>> {
        self.answer(|_| Requests::default())
    }

    fn runs(&self, _bots: &[Arc<Bot>]) -> Runs {
        Runs::default()
    }
}
