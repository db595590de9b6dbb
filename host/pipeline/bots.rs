//! What a platform's own API may ask of the host.

use std::sync::Arc;

use super::Pipeline;
use crate::domain::actor::Actor;
use crate::domain::bot::Bot;
use crate::domain::names::{BotId, TenantName};
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
            error => Self::Failed(error.to_string()),
        }
    }
}
