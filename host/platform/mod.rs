//! What a platform is to the host: how its webhooks are verified and decoded, how actions become its requests, and the API
//! that it documents.
//!
//! A platform is a folder with the files `verify.rs`, `decode.rs`, `encode.rs`, `api.rs` and `wire.rs`, and one line in
//! [`PLATFORMS`]. It reads and writes bytes; it sees neither the store nor a guest. What several of them need lies beside the
//! folders.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Delivery, Doubt, Finding, Receipt, Request};
use crate::domain::event::{Event, Origin};
use crate::domain::gateway::Login;
use crate::domain::names::{BotId, ConversationKey, KeyId, TenantName};
use crate::domain::rules::Rules;
use crate::domain::scope::{Scope, Scopes};
use crate::domain::secret::Secret;
use crate::domain::turn::PastMessage;
use crate::domain::validate::{Checked, Refusal};

pub mod khoros;
pub mod livechat;
pub mod deadsimplechat;
pub mod answers;
mod fields;
mod host;

pub use host::{Host, HostError};

/// Every platform that the host speaks.
pub const PLATFORMS: &[&dyn Platform] = &[&khoros::Khoros, &livechat::LiveChat, &deadsimplechat::DeadSimpleChat];

/// Finds a platform by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Platform> {
    PLATFORMS.iter().copied().find(|platform| platform.name() == name)
}

/// A chat platform.
pub trait Platform: Send + Sync {
    /// Its name in settings, URLs and records: `khoros`.
    fn name(&self) -> &'static str;

    /// The bot that a webhook's path names: what follows `/hooks/<name>/`.
    fn hook_bot(&self, path: &str) -> Option<BotId>;

    /// What a webhook is answered once its event is on disk, or known already.
    fn hook_accepted(&self) -> StatusCode;

    /// Checks that the webhook comes from whoever knows the bot's credentials: on the raw bytes, before anything is parsed, in
    /// constant time.
    ///
    /// # Errors
    /// Says what is missing or wrong, without saying how near it was.
    fn verify(&self, bot: &Bot, webhook: Webhook, now_ms: u64) -> Result<Verified, VerifyError>;

    /// Reads an event.
    ///
    /// # Errors
    /// Says where the body is not what the platform documents. Unknown fields and kinds of event are no error.
    fn decode(&self, bot: &Bot, verified: &Verified) -> Result<Decoded, DecodeError>;

    /// Whether a bot is registered for an event of this kind.
    ///
    /// # Errors
    /// Says why it is not; the event then ends without a turn.
    fn admit(&self, _bot: &Bot, _event: &Verified, _decoded: &Decoded) -> Result<(), String> {
        Ok(())
    }

    /// The headers with which the platform would bring an event to a bot elsewhere: the registration's credentials where they
    /// are not in the body, and an id that is the same for each try where the platform has one.
    ///
    /// # Errors
    /// Says what of the registration cannot stand in a header.
    fn relay_headers(&self, _bot: &Bot, _id: &str, _body: &[u8], _now_ms: u64) -> Result<HeaderMap, String> {
        Ok(HeaderMap::from_iter([(CONTENT_TYPE, JSON)]))
    }

    /// How many bots may listen to one channel of a tenant; none: as many as like.
    fn places(&self) -> Option<Places> {
        None
    }

    /// How many conversations a bot may be in at once: one that is in so many gets no event of another that begins. None: as many
    /// as there are.
    fn room(&self, _bot: &Bot) -> Option<usize> {
        None
    }

    /// A bot that an event could be for, such that it may answer where the event lets it: to run a module on an event without
    /// a registration.
    fn stand_in(&self, event: &Verified) -> Bot;

    /// What the platform makes of what a bot may ask for, where the event happened.
    fn rules(&self, origin: &Origin) -> Rules;

    /// The networks that differ in this, each with an `Origin::network` that stands for it.
    fn networks(&self) -> &'static [(&'static str, &'static str)];

    /// Turns checked actions into requests that answer `event`.
    ///
    /// # Errors
    /// What only the encoder can see, such as a passthrough that is not JSON.
    fn encode(&self, bot: &Bot, event: &Verified, checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>>;

    /// What shows a request's gateway that it comes from the tenant, and in which bot's name.
    fn authorize(&self, token: &Secret, delivery: &Delivery) -> Shows;

    /// Tokens for one app each, where the platform has such.
    fn tokens(&self) -> Option<&dyn Tokens> {
        None
    }

    /// Reads the platform's answer to a request.
    fn receipt(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt;

    /// The platform's own id of a request, in its answer.
    fn reference(&self, headers: &HeaderMap, body: &[u8]) -> Option<String>;

    /// What to `GET` below the gateway to learn what became of a try that the platform may have done; nothing where it cannot be
    /// asked, or not any more.
    fn inquiry(&self, _delivery: &Delivery, _doubt: &Doubt, _now_ms: u64) -> Option<String> {
        None
    }

    /// Reads the answer to such a question.
    fn finding(&self, _delivery: &Delivery, _doubt: &Doubt, _status: StatusCode, _body: &[u8]) -> Finding {
        Finding::Unknown { reason: "the platform cannot be asked".to_owned() }
    }

    /// Where the platform's own API is served: `/bots/v3`. Each is a call's `prefix`.
    fn api_prefixes(&self) -> &'static [&'static str];

    /// Serves a call of the platform's own API, as the platform documents it.
    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer>;

    /// The scope that a call needs.
    fn api_scope(&self, method: &Method, path: &str) -> Scope;

    /// What a call to one of the API's prefixes shows, in its headers or its query, to say who makes it; nothing where it shows
    /// nothing that is taken there.
    fn api_shown(&self, prefix: &str, headers: &HeaderMap, query: &str) -> Option<Shown>;

    /// What the API answers below a prefix to a caller who shows nothing, or no valid key or token.
    fn api_unauthorized(&self, prefix: &str, shown: bool) -> ApiAnswer;

    /// What the API answers below a prefix when it cannot be told now who the caller is.
    fn api_unavailable(&self, prefix: &str) -> ApiAnswer;

    /// What the API answers below a prefix to a key without the scope that the call needs.
    fn api_forbidden(&self, prefix: &str, scope: Scope) -> ApiAnswer;
}

/// Tokens of a platform, each for one app: the host gets them for gateways, and gives them out for the API that it serves.
pub trait Tokens: Send + Sync {
    /// The call by which the host gets a token for an app of a tenant's.
    fn call(&self, ask: &TokenAsk<'_>) -> GatewayCall;

    /// Reads the answer to such a call.
    fn answer(&self, status: StatusCode, body: &[u8]) -> TokenAnswer;

    /// Whether a token was signed with this key: by one algorithm, in constant time.
    fn is_signed(&self, token: &Secret, key: &Secret) -> bool;

    /// What whoever shows a token may do, in the name of the token's app.
    fn scopes(&self) -> Scopes;
}

/// What the body of a request to most platforms is.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a request shows to its gateway.
#[derive(Debug, Clone, Default)]
pub struct Shows {
    /// Headers, with the credentials where they belong there.
    pub headers: HeaderMap,
    /// What is added to the query, percent-encoded: for platforms whose key stands there. It is never stored.
    pub query: Option<String>,
}

impl Shows {
    /// A path with what is shown in its query.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        match &self.query {
            Some(query) => format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' }),
            None => path.to_owned(),
        }
    }
}

/// What a caller of a platform's API shows. Nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A key of the host.
    Key {
        /// The key.
        key: Secret,
        /// What its bearer is called, where the platform has a name beside it.
        user: Option<String>,
    },
    /// A token that the host gave out in the platform's form.
    Token {
        /// The id that stands in it.
        id: String,
        /// The token.
        token: Secret,
    },
}

/// What proved who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A key of the host.
    Key {
        /// What its bearer is called, where the platform has a name beside it.
        user: Option<String>,
    },
    /// A token that the host gave out.
    Token {
        /// Its id.
        id: String,
        /// Who asked for it first.
        user: String,
    },
}

/// What a host asks a platform for a token with.
#[derive(Debug, Clone, Copy)]
pub enum TokenAsk<'a> {
    /// The first of an app; asked where the login is.
    First {
        /// The app.
        app: &'a str,
        /// What the tenant proves itself with.
        login: &'a Login,
    },
    /// One that takes over; asked at the gateway.
    Refresh {
        /// The app.
        app: &'a str,
        /// The present one.
        token: &'a Secret,
    },
}

/// A call to a tenant's gateway beside its deliveries: without a body.
#[derive(Debug, Clone)]
pub struct GatewayCall {
    /// The method.
    pub method: Method,
    /// The path and query below the base URL, percent-encoded.
    pub path: String,
    /// The headers, with the credentials.
    pub headers: HeaderMap,
}

/// What a platform answers to whoever asks for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenAnswer {
    /// Here it is.
    Token {
        /// The token.
        token: Secret,
        /// From when on it is not taken any more, in milliseconds since 1970-01-01 UTC.
        expires_ms: u64,
    },
    /// The app has one already, and gets no other.
    Exists,
    /// No; asking again would get the same answer.
    Refused {
        /// The platform's words.
        reason: String,
    },
    /// Not now.
    Again {
        /// What happened.
        reason: String,
    },
}

/// A future behind a pointer, so that `Platform` can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A webhook as it came in.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What follows `/hooks/<platform>/` in its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, untouched.
    pub body: Bytes,
}

/// A webhook's body that has proved where it comes from. Only `verify` makes one, and the inbox, which holds nothing else.
#[derive(Debug, Clone)]
pub struct Verified {
    body: Bytes,
    delivery_id: Option<String>,
}

impl Verified {
    /// Made by a platform's `verify` once it is satisfied.
    fn new(body: Bytes, delivery_id: Option<String>) -> Self {
        Self { body, delivery_id }
    }

    /// A body from the inbox: it was verified before it was accepted.
    #[must_use]
    pub fn from_inbox(body: Bytes) -> Self {
        Self { body, delivery_id: None }
    }

    /// The bytes.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The sender's id of this delivery, the same each time it is tried again, where it sends one.
    #[must_use]
    pub fn delivery_id(&self) -> Option<&str> {
        self.delivery_id.as_deref()
    }
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The part of the webhook that holds the secret is missing or cannot be read.
    #[error("{part}: {reason}")]
    Unreadable {
        /// Which.
        part: &'static str,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A header is missing or cannot be read.
    #[error("header {header}: {reason}")]
    Header {
        /// Which.
        header: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name or the signature does not match.
    #[error("the credentials do not match this registration's")]
    Mismatch,
    /// The timestamp is too far from the host's clock.
    #[error("webhook-timestamp is {off_s} s away from this host's clock; {window_s} s are allowed")]
    Stale {
        /// How far.
        off_s: u64,
        /// How far it may be.
        window_s: u64,
    },
}

/// Why a body is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct DecodeError {
    /// Where: a JSON path, or line and column.
    pub path: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// An event and where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What happened.
    pub event: Event,
    /// Where.
    pub origin: Origin,
    /// The conversation.
    pub conversation: ConversationKey,
    /// The platform's own id of the event, the same however often it is delivered, where it has one.
    pub event_id: Option<String>,
    /// The conversation's last messages, oldest first, where the event brings them and the registration lets the bot see them.
    pub history: Vec<PastMessage>,
}

/// A call of a platform's own API by somebody with a valid key or token.
#[derive(Debug, Clone)]
pub struct ApiCall {
    /// Whose key it was.
    pub tenant: TenantName,
    /// Who called.
    pub actor: Actor,
    /// The key's `client_id` or the token's app: the app in whose name it acts alone, where there is one.
    pub client_id: Option<String>,
    /// What proved who is calling.
    pub by: By,
    /// The key that was shown, or the one that the token was made with.
    pub key: KeyId,
    /// What the key or token may do.
    pub scopes: Scopes,
    /// The method.
    pub method: Method,
    /// Which of the platform's prefixes it came to.
    pub prefix: &'static str,
    /// The path after the prefix, still percent-encoded, without the leading slash.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The body.
    pub body: Bytes,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
}

impl ApiCall {
    /// Whether the caller may act for an app: a key without a `client_id` acts for all of its tenant.
    #[must_use]
    pub fn is_for(&self, app: &str) -> bool {
        self.client_id.as_deref().is_none_or(|own| own == app)
    }
}

/// What a platform's own API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The status.
    pub status: StatusCode,
    /// JSON, or nothing.
    pub body: Option<String>,
    /// `Content-Type`, when there is a body.
    pub content_type: HeaderValue,
    /// What else the platform sends in headers.
    pub headers: HeaderMap,
}
