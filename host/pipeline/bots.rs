//! What a platform's own API may ask of the host.

use std::sync::Arc;

use super::Pipeline;
use crate::domain::bot::Bot;
use crate::domain::names::{BotId, TenantName};
use crate::platform::{BoxFuture, Host, HostError};
use crate::store;

impl Host for Pipeline {
    fn bots<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>> {
        Box::pin(async move { self.store.bots(tenant, platform).map_err(HostError::from) })
    }

    fn put_bot(&self, bot: Bot) -> BoxFuture<'_, Result<(), HostError>> {
        Box::pin(async move { self.store.put_bot(bot).await.map_err(HostError::from) })
    }

    fn remove_bot<'a>(&'a self, bot: &'a BotId) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(async move { self.store.remove_bot(bot.clone()).await.map_err(HostError::from) })
    }

    fn new_bot_id(&self) -> Result<BotId, HostError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| HostError(format!("this machine has no randomness: {error}")))?;
        Ok(BotId::from(hex::encode(bytes)))
    }
}

impl From<store::Error> for HostError {
    fn from(error: store::Error) -> Self {
        Self(error.to_string())
    }
}
