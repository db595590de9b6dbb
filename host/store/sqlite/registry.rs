//! Tenants, keys, tokens and gateways in memory: every request asks for one, and none of them waits for a lock. What a transaction
//! changes of them takes effect once it is on disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::seal::Seal;
use super::{gateway_tokens, gateways, keys, tenants, tokens};
use crate::domain::gateway::Gateway;
use crate::domain::key::Key;
use crate::domain::names::{KeyId, TenantName};
use crate::domain::token::{GatewayToken, Token};
use crate::store::{Error, Tenant};

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Registry {
    pub(super) tenants: BTreeMap<TenantName, Arc<Tenant>>,
    pub(super) keys: HashMap<KeyId, Held>,
    pub(super) gateways: BTreeMap<(TenantName, String), Arc<Gateway>>,
    pub(super) tokens: HashMap<String, Arc<Token>>,
    /// By tenant, platform and app.
    pub(super) gateway_tokens: BTreeMap<(TenantName, String, String), Arc<GatewayToken>>,
}

/// A key in memory.
#[derive(Clone)]
pub(super) struct Held {
    seq: i64,
    pub(super) key: Arc<Key>,
    pub(super) uses: Arc<Uses>,
}

/// When a key was last taken: 0 is never.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) last_ms: AtomicU64,
    pub(super) written_ms: AtomicU64,
}

/// What a transaction changed among them.
pub(super) enum TenancyChange {
    Tenant(Tenant),
    /// A key with its number.
    Key(i64, Key),
    /// When a key was last taken, as it is on disk now.
    Used(KeyId, u64),
    Gateway(Gateway),
    NoGateway(TenantName, String),
    Token(Token),
    NoToken(String),
    GatewayToken(GatewayToken),
    /// Of the tenant, for the platform and the app.
    NoGatewayToken(TenantName, String, String),
}

impl Registry {
    /// Reads all of them and opens the gateways' secrets and what tokens are signed with.
    ///
    /// # Errors
    /// When a row cannot be read or a secret does not open.
    pub(super) fn load(db: &Connection, seal: &Seal) -> Result<Self, Error> {
        let mut registry = Self::default();
        tenants::load(db)?.into_iter().for_each(|tenant| registry.apply(TenancyChange::Tenant(tenant)));
        keys::load(db)?.into_iter().for_each(|(seq, key)| registry.apply(TenancyChange::Key(seq, key)));
        gateways::load(db, seal)?.into_iter().for_each(|gateway| registry.apply(TenancyChange::Gateway(gateway)));
        tokens::load(db, seal)?.into_iter().for_each(|token| registry.apply(TenancyChange::Token(token)));
        let got = gateway_tokens::load(db, seal)?;
        got.into_iter().for_each(|token| registry.apply(TenancyChange::GatewayToken(token)));
        Ok(registry)
    }

    pub(super) fn apply(&mut self, change: TenancyChange) {
        match change {
            TenancyChange::Tenant(tenant) => drop(self.tenants.insert(tenant.name.clone(), Arc::new(tenant))),
            TenancyChange::Key(seq, key) => {
                let uses = self.keys.get(&key.id).map(|held| held.uses.clone());
                let uses = uses.unwrap_or_else(|| Arc::new(Uses::of(key.last_used_ms.unwrap_or(0))));
                self.keys.insert(key.id.clone(), Held { seq, key: Arc::new(key), uses });
            }
            TenancyChange::Used(id, ms) => {
                if let Some(held) = self.keys.get(&id) {
                    held.uses.written_ms.fetch_max(ms, Ordering::Relaxed);
                }
            }
            TenancyChange::Gateway(gateway) => {
                let key = (gateway.tenant.clone(), gateway.platform.clone());
                self.gateways.insert(key, Arc::new(gateway));
            }
            TenancyChange::NoGateway(tenant, platform) => drop(self.gateways.remove(&(tenant, platform))),
            TenancyChange::Token(token) => drop(self.tokens.insert(token.id.clone(), Arc::new(token))),
            TenancyChange::NoToken(id) => drop(self.tokens.remove(&id)),
            TenancyChange::GatewayToken(token) => {
                let key = (token.tenant.clone(), token.platform.clone(), token.app.clone());
                self.gateway_tokens.insert(key, Arc::new(token));
            }
            TenancyChange::NoGatewayToken(tenant, platform, app) => {
                self.gateway_tokens.remove(&(tenant, platform, app));
            }
        }
    }

    /// A tenant's keys below a number, newest first.
    pub(super) fn keys_of(&self, tenant: &TenantName, before: i64, limit: usize) -> Vec<(i64, Key)> {
        let mut ours: Vec<_> =
            self.keys.values().filter(|held| held.key.tenant == *tenant && held.seq < before).collect();
        ours.sort_by_key(|held| std::cmp::Reverse(held.seq));
        ours.into_iter().take(limit).map(|held| (held.seq, held.seen())).collect()
    }

    /// What is known of uses and not yet written.
    pub(super) fn unwritten(&self) -> Vec<(KeyId, u64)> {
        let unwritten = self.keys.values().filter_map(|held| {
            let last_ms = held.uses.last_ms.load(Ordering::Relaxed);
            (last_ms > held.uses.written_ms.load(Ordering::Relaxed)).then(|| (held.key.id.clone(), last_ms))
        });
        unwritten.collect()
    }
}

impl Held {
    /// The key with its last use as it is known now.
    pub(super) fn seen(&self) -> Key {
        let last_ms = self.uses.last_ms.load(Ordering::Relaxed);
        Key { last_used_ms: (last_ms > 0).then_some(last_ms), ..Key::clone(&self.key) }
    }
}

impl Uses {
    fn of(last_ms: u64) -> Self {
        Self { last_ms: AtomicU64::new(last_ms), written_ms: AtomicU64::new(last_ms) }
    }
}
