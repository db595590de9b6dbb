//! A bot agent, the fixtures and a host that keeps bot agents in memory.

use std::sync::Arc;

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use bothost::domain::names::{BotId, KeyId, ModuleName, TenantName};
use bothost::domain::scope::{Scope, Scopes};
use bothost::domain::secret::Secret;
use bothost::domain::validate::Limits;
use bothost::platform::livechat::LiveChat;
use bothost::platform::{ApiAnswer, ApiCall, By, DecodeError, Decoded, Platform, Verified};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Method;
use serde_json::{Value, json};

use crate::support::memory::{self, Memory, Served};

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
    memory::fixtures("livechat", 40)
}

pub(super) fn fixture(name: &str) -> String {
    fixtures().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// An answer: its status and its body.
pub(super) type Answered = (u16, Value);

/// A host that keeps bots in memory.
pub(super) type MemoryHost = Memory<LiveChat>;

impl Served for LiveChat {
    const LIMITS: Limits = LIMITS;

    fn bot_id(number: u64) -> String {
        format!("{number:032x}")
    }
}

impl MemoryHost {
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
