//! bytes -verify-> Verified -decode-> Event -accept-> inbox: a webhook is acknowledged when it is on disk, and not before.

use sha2::{Digest as _, Sha256};

use super::{Pipeline, figures};
use crate::domain::bot::{Bot, Mode};
use crate::domain::event::{Event, Operation};
use crate::platform::{DecodeError, Decoded, Platform, Verified, VerifyError, Webhook};
use crate::store::{self, Accepted, Arrival, Beginning};

/// Why a webhook was not accepted. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No bot has this URL.
    #[error("no bot is registered at this URL")]
    NoBot,
    /// It did not prove where it comes from.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It is not what the platform documents.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The store cannot take it now; the sender should try again.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Takes a webhook in.
///
/// # Errors
/// Says why not; only [`Error::Store`] is worth another try.
pub async fn receive(
    pipeline: &Pipeline,
    platform: &'static dyn Platform,
    webhook: Webhook,
) -> Result<Accepted, Error> {
    let started = std::time::Instant::now();
    let result = accept(pipeline, platform, webhook).await;
    figures::received(platform.name(), &result, started.elapsed());
    match &result {
        Ok(Accepted::New(event)) => tracing::debug!(platform = platform.name(), %event, "event accepted"),
        Ok(Accepted::Duplicate(event)) => tracing::info!(platform = platform.name(), %event, "duplicate of an event"),
        Err(error) => tracing::warn!(platform = platform.name(), %error, "webhook refused"),
    }
    result
}

async fn accept(pipeline: &Pipeline, platform: &'static dyn Platform, webhook: Webhook) -> Result<Accepted, Error> {
    let now_ms = pipeline.clock.now_ms();
    let id = platform.hook_bot(&webhook.path).ok_or(Error::NoBot)?;
    let bot = pipeline.store.bot(&id)?.filter(|bot| bot.platform == platform.name()).ok_or(Error::NoBot)?;
    let result = accept_for(pipeline, platform, &bot, webhook, now_ms).await;
    match &result {
        Ok(accepted) => pipeline.log.accepted(&bot.tenant, &bot.id, *accepted, now_ms),
        Err(error) => pipeline.log.refused(&bot.tenant, &bot.id, &error.to_string(), now_ms),
    }
    result
}

async fn accept_for(
    pipeline: &Pipeline,
    platform: &'static dyn Platform,
    bot: &Bot,
    webhook: Webhook,
    now_ms: u64,
) -> Result<Accepted, Error> {
    let verified = platform.verify(bot, webhook, now_ms)?;
    let decoded = platform.decode(bot, &verified)?;
    let room = platform.room(bot);
    let begins = bot.mode != Mode::Monitoring
        && begins(&decoded.event, room.is_some())
        && platform.admit(bot, &verified, &decoded).is_ok();
    let beginning = begins.then_some(Beginning { room });
    Ok(pipeline.store.accept(arrival(pipeline, bot, &verified, decoded, beginning, now_ms)).await?)
}

/// Whether a customer is in conversation with the bot from this event on. Where conversations are counted it is so from their
/// beginning on, before the customer's first word.
pub(super) fn begins(event: &Event, is_counted: bool) -> bool {
    match event {
        Event::Message(_) => true,
        Event::Update(update) => is_counted && update.operation == Operation::Created,
    }
}

fn arrival(
    pipeline: &Pipeline,
    bot: &Bot,
    verified: &Verified,
    decoded: Decoded,
    beginning: Option<Beginning>,
    now_ms: u64,
) -> Arrival {
    let settings = &pipeline.settings.store;
    let (dedupe_key, keep_ms) = match (verified.delivery_id(), decoded.event_id) {
        (Some(delivery), _) => (format!("delivery:{delivery}"), settings.dedupe_days * 86_400_000),
        (None, Some(event)) => (format!("event:{event}"), settings.dedupe_days * 86_400_000),
        // The same words may be true twice, so a body alone counts as the same event for a short while only.
        (None, None) => {
            (format!("body:{}", hex::encode(Sha256::digest(verified.body()))), settings.dedupe_body_s * 1000)
        }
    };
    Arrival {
        tenant: bot.tenant.clone(),
        bot: bot.id.clone(),
        bot_revision: bot.revision,
        conversation: decoded.conversation,
        kind: decoded.event.kind(),
        beginning,
        dedupe_key,
        dedupe_until_ms: now_ms + keep_ms,
        body: verified.body().clone(),
        now_ms,
    }
}
