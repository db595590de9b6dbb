//! Tenants and what is theirs, as the store's own traits have it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Sqlite, audit, gateway_tokens, gateways, idempotency, keys, tenants, tokens};
use crate::domain::actor::Actor;
use crate::domain::gateway::Gateway;
use crate::domain::key::Key;
use crate::domain::names::{KeyId, TenantName};
use crate::domain::token::{GatewayToken, Token};
use crate::store::{AuditEntry, Begun, Claimed, Error, Finished, Intent, NewKey, Reply, Tenancy, Tenant, Tokens};

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

impl Tokens for Sqlite {
    fn token(&self, id: &str) -> Result<Option<Arc<Token>>, Error> {
        Ok(self.shared.registry.load().tokens.get(id).cloned())
    }

    fn token_of(&self, tenant: &TenantName, platform: &str, app: &str, now_ms: u64) -> Result<Option<u64>, Error> {
        self.readers.read(|db| tokens::current(db, tenant, platform, app, now_ms))
    }

    fn add_token(&self, token: Token, actor: Actor) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| tokens::add(work, &seal, &token, &actor))
    }

    fn replace_token(&self, old: String, new: Token, grace_ms: u64, actor: Actor) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| tokens::replace(work, &seal, &old, &new, grace_ms, &actor))
    }

    fn drop_tokens(&self, tenant: TenantName, platform: String, app: String, actor: Actor, now_ms: u64) -> Reply<()> {
        self.writer.submit(move |work| tokens::drop_all(work, (&tenant, &platform, &app), &actor, now_ms))
    }

    fn gateway_token(
        &self,
        tenant: &TenantName,
        platform: &str,
        app: &str,
    ) -> Result<Option<Arc<GatewayToken>>, Error> {
        let key = (tenant.clone(), platform.to_owned(), app.to_owned());
        Ok(self.shared.registry.load().gateway_tokens.get(&key).cloned())
    }

    fn gateway_tokens(
        &self,
        tenant: &TenantName,
        platform: &str,
        limit: usize,
    ) -> Result<Vec<Arc<GatewayToken>>, Error> {
        let registry = self.shared.registry.load();
        let first = (tenant.clone(), platform.to_owned(), String::new());
        let ours = registry.gateway_tokens.range(first..);
        let ours = ours.take_while(|(key, _)| key.0 == *tenant && key.1 == platform);
        Ok(ours.take(limit).map(|(_, token)| token.clone()).collect())
    }

    fn refreshable(&self, now_ms: u64, each: usize, limit: usize) -> Result<Vec<Arc<GatewayToken>>, Error> {
        let registry = self.shared.registry.load();
        let mut due: Vec<_> =
            registry.gateway_tokens.values().filter(|token| token.is_refreshable(now_ms)).cloned().collect();
        due.sort_by(|one, other| (&one.tenant, one.refresh_ms).cmp(&(&other.tenant, other.refresh_ms)));
        let own = due.chunk_by(|one, other| one.tenant == other.tenant);
        let mut turns: Vec<_> = own.flat_map(|own| own.iter().take(each).enumerate()).collect();
        turns.sort_by_key(|(turn, token)| (*turn, token.refresh_ms));
        Ok(turns.into_iter().take(limit).map(|(_, token)| token.clone()).collect())
    }

    fn put_gateway_token(&self, token: GatewayToken, now_ms: u64) -> Reply<()> {
        let seal = Arc::clone(&self.seal);
        self.writer.submit(move |work| gateway_tokens::put(work, &seal, &token, now_ms))
    }
}
