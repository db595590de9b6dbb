//! Tenants and what is theirs, as the store's own trait has it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Sqlite, audit, gateways, idempotency, keys, tenants};
use crate::domain::actor::Actor;
use crate::domain::gateway::Gateway;
use crate::domain::key::Key;
use crate::domain::names::{KeyId, TenantName};
use crate::store::{AuditEntry, Begun, Claimed, Error, Finished, Intent, NewKey, Reply, Tenancy, Tenant};

impl Tenancy for Sqlite {
    fn tenant(&self, name: &TenantName) -> Result<Option<Arc<Tenant>>, Error> {
        Ok(self.shared.registry.load().tenants.get(name).cloned())
    }

    fn tenants(&self, before: Option<i64>, limit: usize) -> Result<Vec<Arc<Tenant>>, Error> {
        let (registry, before) = (self.shared.registry.load(), before.unwrap_or(i64::MAX));
        let mut tenants: Vec<_> =
            registry.tenants.values().filter(|tenant| tenant.is_live() && tenant.seq < before).cloned().collect();
        tenants.sort_by_key(|tenant| std::cmp::Reverse(tenant.seq));
        tenants.truncate(limit);
        Ok(tenants)
    }

    fn add_tenant(&self, name: TenantName, actor: Actor, now_ms: u64) -> Reply<Tenant> {
        self.writer.submit(move |work| tenants::add(work, &name, &actor, now_ms))
    }

    fn remove_tenant(&self, name: TenantName, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| tenants::remove(work, &name, &actor, now_ms))
    }

    fn claims(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<Claimed>, Error> {
        self.readers.read(|db| tenants::claims(db, tenant, before, limit))
    }

    fn release_claim(&self, tenant: TenantName, kind: String, value: String, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| tenants::release(work, &tenant, (&kind, &value), &actor, now_ms))
    }

    fn key(&self, id: &KeyId) -> Result<Option<Arc<Key>>, Error> {
        Ok(self.shared.registry.load().keys.get(id).map(|held| held.key.clone()))
    }

    fn key_of(&self, tenant: &TenantName, id: &KeyId) -> Result<Option<Key>, Error> {
        let registry = self.shared.registry.load();
        Ok(registry.keys.get(id).filter(|held| held.key.tenant == *tenant).map(|held| held.seen()))
    }

    fn keys(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<(i64, Key)>, Error> {
        Ok(self.shared.registry.load().keys_of(tenant, before.unwrap_or(i64::MAX), limit))
    }

    fn add_key(&self, key: Key, actor: Actor) -> Reply<()> {
        self.writer.submit(move |work| keys::add(work, &key, &actor))
    }

    fn rotate_key(&self, tenant: TenantName, id: KeyId, new: NewKey, grace_ms: u64, actor: Actor) -> Reply<Key> {
        self.writer.submit(move |work| keys::rotate(work, (&tenant, &id), &new, grace_ms, &actor))
    }

    fn revoke_key(&self, tenant: TenantName, id: KeyId, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| keys::revoke(work, &tenant, &id, &actor, now_ms))
    }

    fn key_used(&self, id: &KeyId, now_ms: u64) {
        if let Some(held) = self.shared.registry.load().keys.get(id) {
            held.uses.last_ms.fetch_max(now_ms, Ordering::Relaxed);
        }
    }

    fn write_uses(&self) -> Reply<()> {
        let uses = self.shared.registry.load().unwritten();
        if uses.is_empty() {
            return Reply::ready(Ok(()));
        }
        self.writer.submit(move |work| keys::write_uses(work, &uses))
    }

    fn gateway(&self, tenant: &TenantName, platform: &str) -> Result<Option<Arc<Gateway>>, Error> {
        let key = (tenant.clone(), platform.to_owned());
        Ok(self.shared.registry.load().gateways.get(&key).cloned())
    }

    fn put_gateway(&self, gateway: Gateway, actor: Actor) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| gateways::put(work, &seal, &gateway, &actor))
    }

    fn remove_gateway(&self, tenant: TenantName, platform: String, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| gateways::remove(work, &tenant, &platform, &actor, now_ms))
    }

    fn audit(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        self.readers.read(|db| audit::read(db, tenant, before, limit))
    }

    fn begin(&self, intent: Intent) -> Reply<Begun> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| idempotency::begin(work, &seal, &intent))
    }

    fn finish(&self, tenant: TenantName, key: String, finished: Option<Finished>) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| idempotency::finish(work, &seal, &tenant, &key, finished.as_ref()))
    }
}
