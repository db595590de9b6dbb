//! A registered bot, the fixtures and a host that keeps bots in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Runs, Scheme, Target};
use bothost::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use bothost::domain::delivery::Delivery;
use bothost::domain::names::{BotId, ConversationKey, EventId, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::token::Token;
use bothost::domain::validate::Limits;
use bothost::platform::khoros::Khoros;
use bothost::platform::{ApiAnswer, ApiCall, BoxFuture, By, DecodeError, Decoded, Host, HostError, Platform, Verified};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

/// 2023-11-14 22:13:20 UTC.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;

pub(super) fn bot(scheme: Scheme, secret: &str) -> Bot {
    Bot {
        id: BotId::from("hash-1"),
        tenant: TenantName::from("acme"),
        platform: "khoros".to_owned(),
        platform_id: "acme-bot".to_owned(),
        network: "whatsapp".to_owned(),
        channel: "ext-0".to_owned(),
        account: "acme-inc".to_owned(),
        pin: None,
        target: Target::Module { name: ModuleName::parse("greeter").unwrap(), version: None },
        mode: Mode::Live,
        credentials: Credentials { scheme, identity: "user".to_owned(), secret: Secret::new(secret) },
        config: "{}".to_owned(),
        registration: "{}".to_owned(),
        created_ms: 1,
        updated_ms: 1,
        revision: 1,
    }
}

/// A request on its way.
pub(super) fn delivery() -> Delivery {
    Delivery {
        id: 1,
        fence: 1,
        tenant: TenantName::from("acme"),
        platform: "khoros".to_owned(),
        bot: BotId::from("hash-1"),
        app: "acme-bot".to_owned(),
        event: EventId(1),
        action: "respond".to_owned(),
        method: "POST".to_owned(),
        path: "/bots/v3/respond".to_owned(),
        body: "{}".to_owned(),
        repeatable: false,
        attempt: 1,
        forgiven: 0,
        maybe_sent: false,
        doubt: None,
    }
}

pub(super) fn decode(body: &str) -> Result<Decoded, DecodeError> {
    Khoros.decode(&bot(Scheme::Basic, "s"), &verified(body))
}

pub(super) fn verified(body: &str) -> Verified {
    Verified::from_inbox(Bytes::copy_from_slice(body.as_bytes()))
}

/// Every fixture as name and text; a new file is found by itself.
pub(super) fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/khoros");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() > 20, "the fixtures are gone: {}", found.len());
    found
}

pub(super) fn fixture(name: &str) -> String {
    fixtures().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// Keeps bots in memory, and fails on demand.
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

    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> ApiAnswer {
        self.call_as("acme", method, path, body).await
    }

    pub(super) async fn call_as(&self, tenant: &str, method: Method, path: &str, body: &Value) -> ApiAnswer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.call_raw(tenant, method, path, body).await
    }

    pub(super) async fn call_raw(&self, tenant: &str, method: Method, path: &str, body: Bytes) -> ApiAnswer {
        let call = ApiCall {
            tenant: TenantName::from(tenant),
            actor: Actor::operator("tests"),
            client_id: None,
            by: By::Key { user: None },
            key: KeyId::from("k1"),
            scopes: Scopes::from_iter([Scope::ADMIN]),
            method,
            path: path.to_owned(),
            prefix: "/bots/v3",
            query: String::new(),
            body,
            now_ms: NOW_MS,
        };
        Khoros.api(call, self).await
    }
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
        Ok(BotId::from(format!("hash-{}", self.bots.lock().unwrap().len() + 1)))
    }

    fn limits(&self) -> Limits {
        super::calls::LIMITS
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
