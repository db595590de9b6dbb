//! What a platform's own API may ask of the host that serves it.

use std::sync::Arc;

use super::BoxFuture;
use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Runs};
use crate::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use crate::domain::names::{BotId, ConversationKey, TenantName};
use crate::domain::token::Token;
use crate::domain::validate::Limits;

/// What a platform's API may ask of the host.
pub trait Host: Send + Sync {
    /// The tenant's bots on a platform.
    fn bots<'a>(&'a self, tenant: &'a TenantName, platform: &'a str)
    -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>>;

    /// Whether the events of this caller's bots may be relayed to this URL.
    ///
    /// # Errors
    /// Says why not.
    fn may_relay(&self, url: &str) -> Result<(), String>;

    /// Registers a bot, or replaces the one of the same id.
    fn put_bot(&self, bot: Bot, actor: Actor) -> BoxFuture<'_, Result<(), HostError>>;

    /// Removes a bot; its events that wait are dropped with it.
    fn remove_bot<'a>(&'a self, bot: &'a BotId, actor: Actor) -> BoxFuture<'a, Result<(), HostError>>;

    /// When the one token of a tenant's app expires, in milliseconds since 1970-01-01 UTC; nothing when there is none.
    ///
    /// # Errors
    /// When the store cannot say.
    fn token_of(&self, tenant: &TenantName, platform: &str, app: &str, now_ms: u64) -> Result<Option<u64>, HostError>;

    /// Keeps a new token's record; [`HostError::Taken`] when the app has one, or the tenant has too many.
    fn add_token(&self, token: Token, actor: Actor) -> BoxFuture<'_, Result<(), HostError>>;

    /// Keeps the record of a token that takes over; the app's present one is taken for `grace_ms` more. False when `old`, the
    /// one that was shown, is over by now.
    fn replace_token(
        &self,
        old: String,
        new: Token,
        grace_ms: u64,
        actor: Actor,
    ) -> BoxFuture<'_, Result<bool, HostError>>;

    /// Invalidates all tokens of a tenant's app.
    fn drop_tokens<'a>(
        &'a self,
        tenant: TenantName,
        platform: &'a str,
        app: String,
        actor: Actor,
        now_ms: u64,
    ) -> BoxFuture<'a, Result<(), HostError>>;

    /// A new bot id: unguessable.
    ///
    /// # Errors
    /// When the machine has no randomness.
    fn new_bot_id(&self) -> Result<BotId, HostError>;

    /// What an action may hold.
    fn limits(&self) -> Limits;

    /// Records a call. Once it is recorded its request will be sent.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Called, HostError>>;

    /// The same, and waits for a bounded time for what becomes of the request. [`HostError::Busy`] when too many wait: then nothing
    /// is recorded.
    fn call_and_wait(&self, call: Call) -> BoxFuture<'_, Result<(Called, Option<Outcome>), HostError>>;

    /// Who holds a conversation of a tenant's bot.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held(&self, bot: &Bot, conversation: &ConversationKey) -> Result<Held, HostError>;

    /// One of a tenant's requests on a platform.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn request(&self, tenant: &TenantName, platform: &str, id: RequestId) -> Result<Option<RequestRecord>, HostError>;

    /// A tenant's requests on a platform, the newest first. [`HostError::Busy`] when too many look for some.
    fn requests<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'static str,
        wanted: RequestsWanted,
    ) -> BoxFuture<'a, Result<Requests, HostError>>;

    /// How the runs of these bots ended in the last two minutes.
    fn runs(&self, bots: &[Arc<Bot>]) -> Runs;
}

/// Why the host did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It belongs to somebody else; told to the caller.
    #[error("{0}")]
    Taken(String),
    /// It is gone; told to the caller.
    #[error("{0}")]
    Missing(String),
    /// Not now; told to the caller, who may try again.
    #[error("{0}")]
    Busy(String),
    /// It could not; told to the operator.
    #[error("{0}")]
    Failed(String),
}
