//! What a platform's own API may ask of the host.

use std::sync::Arc;

use super::{Pipeline, calls};
use crate::domain::actor::Actor;
use crate::domain::bot::{Bot, Runs};
use crate::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use crate::domain::names::{BotId, ConversationKey, TenantName};
use crate::domain::token::Token;
use crate::domain::validate::Limits;
use crate::platform::{self, BoxFuture, Host, HostError, Platform};
use crate::store;

impl Host for Pipeline {
    fn bots<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>> {
        Box::pin(async move { self.store.bots(tenant, platform).map_err(HostError::from) })
    }

    fn may_relay(&self, url: &str) -> Result<(), String> {
        self.outbound.guard().callback(url).map(drop)
    }

    fn put_bot(&self, bot: Bot, actor: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        let places = platform::find(&bot.platform).and_then(Platform::places);
        let put = match places {
            Some(places) => self.store.put_bot_beside(bot, places, actor),
            None => self.store.put_bot(bot, actor),
        };
        Box::pin(async move { put.await.map_err(HostError::from) })
    }

    fn remove_bot<'a>(&'a self, bot: &'a BotId, actor: Actor) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(async move { self.store.remove_bot(bot.clone(), actor).await.map_err(HostError::from) })
    }

    fn limits(&self) -> Limits {
        self.settings.turn.limits()
    }

    fn call(&self, call: Call) -> BoxFuture<'_, Result<Called, HostError>> {
        Box::pin(calls::call(self, call))
    }

    fn call_and_wait(&self, call: Call) -> BoxFuture<'_, Result<(Called, Option<Outcome>), HostError>> {
        Box::pin(calls::call_and_wait(self, call))
    }

    fn held(&self, bot: &Bot, conversation: &ConversationKey) -> Result<Held, HostError> {
        Ok(self.store.held(&bot.tenant, &bot.id, conversation)?)
    }

    fn request(&self, tenant: &TenantName, platform: &str, id: RequestId) -> Result<Option<RequestRecord>, HostError> {
        Ok(self.store.request(tenant, platform, id)?)
    }

    fn requests<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'static str,
        wanted: RequestsWanted,
    ) -> BoxFuture<'a, Result<Requests, HostError>> {
        Box::pin(calls::requests(self, tenant, platform, wanted))
    }

    fn runs(&self, bots: &[Arc<Bot>]) -> Runs {
        self.health.of(bots.iter().map(|bot| &bot.id), self.clock.now_ms())
    }

    fn token_of(&self, tenant: &TenantName, platform: &str, app: &str, now_ms: u64) -> Result<Option<u64>, HostError> {
        self.store.token_of(tenant, platform, app, now_ms).map_err(HostError::from)
    }

    fn add_token(&self, token: Token, actor: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        Box::pin(async move { self.store.add_token(token, actor).await.map_err(HostError::from) })
    }

    fn replace_token(
        &self,
        old: String,
        new: Token,
        grace_ms: u64,
        actor: Actor,
    ) -> BoxFuture<'_, Result<bool, HostError>> {
        Box::pin(async move {
            match self.store.replace_token(old, new, grace_ms, actor).await {
                Err(store::Error::Missing(_)) => Ok(false),
                replaced => replaced.map(|()| true).map_err(HostError::from),
            }
        })
    }

    fn drop_tokens<'a>(
        &'a self,
        tenant: TenantName,
        platform: &'a str,
        app: String,
        actor: Actor,
        now_ms: u64,
    ) -> BoxFuture<'a, Result<(), HostError>> {
        let dropped = self.store.drop_tokens(tenant, platform.to_owned(), app, actor, now_ms);
        Box::pin(async move { dropped.await.map_err(HostError::from) })
    }

    fn new_bot_id(&self) -> Result<BotId, HostError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| HostError::Failed(format!("this machine has no randomness: {error}")))?;
        Ok(BotId::from(hex::encode(bytes)))
    }
}

impl From<store::Error> for HostError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(what) => Self::Taken(what),
            store::Error::Missing(what) => Self::Missing(what),
            store::Error::Busy { .. } => Self::Busy(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
