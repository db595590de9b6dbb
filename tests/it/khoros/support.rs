//! A registered bot, the fixtures and a host that keeps bots in memory.

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use bothost::domain::delivery::Delivery;
use bothost::domain::names::{BotId, EventId, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::validate::Limits;
use bothost::platform::khoros::Khoros;
use bothost::platform::{ApiAnswer, ApiCall, By, DecodeError, Decoded, Platform, Verified};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::support::memory::{self, Memory, Served};

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
    memory::fixtures("khoros", 20)
}

pub(super) fn fixture(name: &str) -> String {
    fixtures().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// A host that keeps bots in memory.
pub(super) type MemoryHost = Memory<Khoros>;

impl Served for Khoros {
    const LIMITS: Limits = super::calls::LIMITS;

    fn bot_id(number: u64) -> String {
        format!("hash-{number}")
    }
}

impl MemoryHost {
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
