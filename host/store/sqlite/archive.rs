//! The record of what was accepted, as the store's own trait has it.

use super::{Sqlite, by_hand, explain, forget, idempotency, lists, record, tokens};
use crate::domain::actor::Actor;
use crate::domain::names::{BotId, EventId, TenantName};
use crate::store::{
    Archive, BotRevision, DeliveriesWanted, DeliveryLine, DeliveryRecord, Error, EventHead, EventRecord, EventsWanted,
    Explained, Found, Recording, Reply,
};

impl Archive for Sqlite {
    fn record(&self, event: EventId) -> Result<Option<EventRecord>, Error> {
        self.readers.read(|db| record::read(db, event))
    }

    fn explain(&self, tenant: &TenantName, event: EventId) -> Result<Option<Explained>, Error> {
        self.readers.read(|db| explain::explain(db, tenant, event))
    }

    fn events(&self, tenant: &TenantName, wanted: &EventsWanted) -> Result<Found<EventHead>, Error> {
        self.readers.read(|db| lists::events(db, tenant, wanted))
    }

    fn deliveries(&self, tenant: &TenantName, wanted: &DeliveriesWanted) -> Result<Found<DeliveryLine>, Error> {
        self.readers.read(|db| lists::deliveries(db, tenant, wanted))
    }

    fn delivery(&self, tenant: &TenantName, id: i64) -> Result<Option<DeliveryRecord>, Error> {
        self.readers.read(|db| record::delivery(db, tenant, id))
    }

    fn bot_revision(&self, bot: &BotId, revision: u32) -> Result<Option<BotRevision>, Error> {
        self.readers.read(|db| explain::revision(db, bot, revision))
    }

    fn recording(&self, tenant: &TenantName, event: EventId, attempt: Option<u32>) -> Result<Option<Recording>, Error> {
        self.readers.read(|db| explain::recording(db, tenant, event, attempt))
    }

    fn retry_event(&self, tenant: TenantName, event: EventId, actor: Actor, now_ms: u64) -> Reply<EventId> {
        self.writer.submit(move |work| by_hand::retry_event(work, &tenant, event, &actor, now_ms))
    }

    fn retry_delivery(&self, tenant: TenantName, id: i64, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| by_hand::retry_delivery(work, &tenant, id, &actor, now_ms))
    }

    fn drop_delivery(&self, tenant: TenantName, id: i64, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| by_hand::drop_delivery(work, &tenant, id, &actor, now_ms))
    }

    fn forget(&self, now_ms: u64) -> Reply<bool> {
        let keep = self.keep;
        self.writer.submit(move |work| {
            let answers = idempotency::forget(work, now_ms)?;
            let tokens = tokens::forget(work, now_ms)?;
            Ok(forget::forget(work, now_ms, keep)? | answers | tokens)
        })
    }
}
