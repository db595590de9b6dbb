//! A registered bot, the fixtures and a host that keeps bots and calls in memory.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Runs, Scheme, Target};
use bothost::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use bothost::domain::names::{BotId, ConversationKey, EventId, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::token::Token;
use bothost::domain::validate::Limits;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::platform::{ApiAnswer, ApiCall, BoxFuture, By, DecodeError, Decoded, Host, HostError, Platform, Verified};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

/// 2023-11-14 22:13:20 UTC.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;

pub(super) const LIMITS: Limits =
    Limits { actions_max: 32, items_max: 32, text_bytes_max: 65_536, state_bytes_max: 65_536 };

/// The secret of [`bot`]'s hook.
pub(super) const SECRET: &str = "00112233445566778899aabbccddeeff";

/// A bot with these fields of a registration.
pub(super) fn bot(registration: &Value) -> Bot {
    Bot {
        id: BotId::from("b0b0"),
        tenant: TenantName::from("acme"),
        platform: "deadsimplechat".to_owned(),
        platform_id: "65aa01".to_owned(),
        network: "deadsimplechat".to_owned(),
        channel: "deadsimplechat".to_owned(),
        account: "acme".to_owned(),
        target: Target::Module { name: ModuleName::parse("greeter").unwrap(), version: None },
        pin: None,
        mode: Mode::Live,
        credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret: Secret::new(SECRET) },
        config: "{}".to_owned(),
        registration: registration.to_string(),
        created_ms: 1,
        updated_ms: 1,
        revision: 1,
    }
}

pub(super) fn decode(body: &str) -> Result<Decoded, DecodeError> {
    DeadSimpleChat.decode(&bot(&json!({})), &verified(body))
}

pub(super) fn verified(body: &str) -> Verified {
    Verified::from_inbox(Bytes::copy_from_slice(body.as_bytes()))
}

/// Every fixture as name and text; a new file is found by itself.
pub(super) fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deadsimplechat");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() > 10, "the fixtures are gone: {}", found.len());
    found
}

pub(super) fn fixture(name: &str) -> String {
    fixtures().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// The fixture with one member changed.
pub(super) fn changed(name: &str, pointer: &str, value: Value) -> String {
    let mut event: Value = serde_json::from_str(&fixture(name)).unwrap();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[member] = value;
    event.to_string()
}

/// Keeps bots and calls in memory, and fails on demand.
#[derive(Default)]
pub(super) struct MemoryHost {
    pub(super) bots: Mutex<Vec<Arc<Bot>>>,
    pub(super) calls: Mutex<Vec<Call>>,
    pub(super) broken: bool,
    pub(super) drawn: AtomicU64,
}

/// A caller: whose key it is, and what it may do.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) tenant: &'static str,
    pub(super) client_id: Option<&'static str>,
    pub(super) scopes: Vec<Scope>,
}

/// A key of `acme` for everything.
pub(super) fn admin() -> Key {
    Key { tenant: "acme", client_id: None, scopes: vec![Scope::ADMIN] }
}

impl MemoryHost {
    fn answer<'a, T: Send + 'a>(&'a self, work: impl FnOnce() -> T) -> BoxFuture<'a, Result<T, HostError>> {
        let result = match self.broken {
            true => Err(HostError::Failed("the disk at /srv/secret is full".to_owned())),
            false => Ok(work()),
        };
        Box::pin(std::future::ready(result))
    }

    pub(super) async fn raw(&self, by: &Key, method: Method, path: &str, body: Bytes) -> ApiAnswer {
        let call = ApiCall {
            tenant: TenantName::from(by.tenant),
            actor: Actor::operator("tests"),
            client_id: by.client_id.map(str::to_owned),
            by: By::Key { user: None },
            key: KeyId::from("k1"),
            scopes: Scopes::from_iter(by.scopes.iter().copied()),
            method,
            path: path.to_owned(),
            prefix: "/consumer/api/v2",
            query: String::new(),
            body,
            now_ms: NOW_MS,
        };
        DeadSimpleChat.api(call, self).await
    }

    /// The status and the body.
    pub(super) async fn call_by(&self, by: &Key, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let answer = self.raw(by, method.parse().unwrap(), path, body).await;
        assert_eq!(answer.content_type, "application/json");
        (answer.status.as_u16(), serde_json::from_str(&answer.body.unwrap()).unwrap())
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call_by(&admin(), method, path, body).await
    }

    /// Makes a bot and returns it as it is shown.
    pub(super) async fn made(&self, fields: &Value) -> Value {
        let (status, answer) = self.call("POST", "bot", fields).await;
        assert_eq!(status, 200, "{answer}");
        answer["bot"].clone()
    }

    pub(super) fn stored(&self, id: &Value) -> Arc<Bot> {
        let bots = self.bots.lock().unwrap();
        bots.iter().find(|bot| *id == json!(bot.platform_id)).unwrap_or_else(|| panic!("no bot {id}")).clone()
    }
}

impl Host for MemoryHost {
    fn bots<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>> {
        self.answer(|| {
            let bots = self.bots.lock().unwrap();
            bots.iter().filter(|bot| bot.tenant == *tenant && bot.platform == platform).cloned().collect()
        })
    }

    fn may_relay(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") { Ok(()) } else { Err("is reached over https only".to_owned()) }
    }

    fn put_bot(&self, bot: Bot, _actor: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|| {
            let mut bots = self.bots.lock().unwrap();
            bots.retain(|known| known.id != bot.id);
            bots.push(Arc::new(bot));
        })
    }

    fn remove_bot<'a>(&'a self, bot: &'a BotId, _actor: Actor) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|| self.bots.lock().unwrap().retain(|known| known.id != *bot))
    }

    fn token_of(&self, _: &TenantName, _: &str, _: &str, _: u64) -> Result<Option<u64>, HostError> {
        Ok(None)
    }

    fn add_token(&self, _: Token, _: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|| ())
    }

    fn replace_token(&self, _: String, _: Token, _: u64, _: Actor) -> BoxFuture<'_, Result<bool, HostError>> {
        self.answer(|| false)
    }

    fn drop_tokens<'a>(
        &'a self,
        _: TenantName,
        _: &'a str,
        _: String,
        _: Actor,
        _: u64,
    ) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|| ())
    }

    /// As the real ones: 32 hexadecimal digits, each time others.
    fn new_bot_id(&self) -> Result<BotId, HostError> {
        let number = self.drawn.fetch_add(1, Relaxed) + 1;
        Ok(BotId::from(format!("{:032x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))))
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn call(&self, call: Call) -> BoxFuture<'_, Result<Called, HostError>> {
        self.answer(|| {
            self.calls.lock().unwrap().push(call);
            Called::Recorded { event: EventId(1), delivery: 1, since_ms: None }
        })
    }

    fn call_and_wait(&self, _call: Call) -> BoxFuture<'_, Result<(Called, Option<Outcome>), HostError>> {
        self.answer(|| (Called::Changed, None))
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
        self.answer(Requests::default)
    }

    fn runs(&self, _bots: &[Arc<Bot>]) -> Runs {
        Runs::default()
    }
}
