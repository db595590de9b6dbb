//! A registered bot, the fixtures and a host that keeps bots and calls in memory.

use std::sync::Arc;

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use bothost::domain::names::{BotId, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::validate::Limits;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::platform::{ApiAnswer, ApiCall, By, DecodeError, Decoded, Platform, Verified};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::support::memory::{self, Memory, Served};

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
    memory::fixtures("deadsimplechat", 10)
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

/// A host that keeps bots in memory.
pub(super) type MemoryHost = Memory<DeadSimpleChat>;

impl Served for DeadSimpleChat {
    const LIMITS: Limits = LIMITS;
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
