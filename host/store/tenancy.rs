//! What the store keeps of tenants: who they are, what they may do and what they did.

use std::sync::Arc;

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::gateway::Gateway;
use crate::domain::key::Key;
use crate::domain::names::{KeyId, TenantName};

/// Tenants, what is theirs, and the audit log.
///
/// Whatever is asked of a tenant's own is asked with its name: another tenant's is [`Error::Missing`] exactly as what is not
/// there. What adds to a tenant's audit log is [`Error::Conflict`] once the log got a day's number of entries, unless the
/// operator does it or it takes something back.
pub trait Tenancy {
    /// The tenant of that name, also when it was removed. From memory where the store can.
    fn tenant(&self, name: &TenantName) -> Result<Option<Arc<Tenant>>, Error>;

    /// The tenants that were not removed, from the newest below `before` on, at most `limit` of them.
    fn tenants(&self, before: Option<i64>, limit: usize) -> Result<Vec<Arc<Tenant>>, Error>;

    /// Makes a tenant; [`Error::Conflict`] when there is one of that name or was one.
    fn add_tenant(&self, name: TenantName, actor: Actor, now_ms: u64) -> Reply<Tenant>;

    /// Removes a tenant: its keys are revoked, its tokens invalidated, its gateways removed, its claims released; its audit log stays.
    /// [`Error::Conflict`] says what is in the way: bots, modules that serve.
    fn remove_tenant(&self, name: TenantName, actor: Actor, now_ms: u64) -> Reply<()>;

    /// What belongs to a tenant alone, from the newest claim below `before` on, at most `limit` of them.
    fn claims(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<Claimed>, Error>;

    /// Releases a claim, so that another tenant may make it; [`Error::Conflict`] while a bot or a live key uses it.
    fn release_claim(&self, tenant: TenantName, kind: String, value: String, actor: Actor, now_ms: u64) -> Reply<()>;

    /// The key of that id, whoever's it is: to learn who is calling. From memory where the store can.
    fn key(&self, id: &KeyId) -> Result<Option<Arc<Key>>, Error>;

    /// A tenant's key.
    fn key_of(&self, tenant: &TenantName, id: &KeyId) -> Result<Option<Key>, Error>;

    /// A tenant's keys with their numbers, from the newest below `before` on, at most `limit` of them.
    fn keys(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<(i64, Key)>, Error>;

    /// Makes a key. [`Error::Missing`] without such a tenant; [`Error::Conflict`] when its client_id is another tenant's, its
    /// id is taken, or the tenant has too many.
    fn add_key(&self, key: Key, actor: Actor) -> Reply<()>;

    /// Makes a successor of a key, with the same name, scopes, client_id and, up to [`NewKey::expires_max_ms`], span of life,
    /// and lets the key expire after `grace_ms`. [`Error::Conflict`] when it is not live, or two are live already.
    fn rotate_key(&self, tenant: TenantName, id: KeyId, new: NewKey, grace_ms: u64, actor: Actor) -> Reply<Key>;

    /// Revokes a key, from the next request on; one that was revoked stays so.
    fn revoke_key(&self, tenant: TenantName, id: KeyId, actor: Actor, now_ms: u64) -> Reply<()>;

    /// Notes in memory that a key was taken.
    fn key_used(&self, id: &KeyId, now_ms: u64);

    /// Writes down when keys were last taken, where that changed. Call it now and then, and before the end.
    fn write_uses(&self) -> Reply<()>;

    /// A tenant's gateway to a platform. From memory where the store can.
    fn gateway(&self, tenant: &TenantName, platform: &str) -> Result<Option<Arc<Gateway>>, Error>;

    /// Sets a tenant's gateway to a platform; its token is encrypted at rest.
    fn put_gateway(&self, gateway: Gateway, actor: Actor) -> Reply<()>;

    /// Removes a tenant's gateway to a platform.
    fn remove_gateway(&self, tenant: TenantName, platform: String, actor: Actor, now_ms: u64) -> Reply<()>;

    /// A tenant's audit log from the newest entry below `before` on, at most `limit` of them.
    fn audit(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<AuditEntry>, Error>;

    /// Begins a write that carries an `Idempotency-Key`.
    fn begin(&self, intent: Intent) -> Reply<Begun>;

    /// Keeps what a write that was begun was answered; nothing lets its key be used again.
    fn finish(&self, tenant: TenantName, key: String, finished: Option<Finished>) -> Reply<()>;
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its number; later tenants have greater ones.
    pub seq: i64,
    /// Its name.
    pub name: TenantName,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: u64,
    /// When it was removed.
    pub removed_ms: Option<u64>,
}

impl Tenant {
    /// Whether it was not removed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.removed_ms.is_none()
    }
}

/// What belongs to one tenant at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its number; later claims have greater ones.
    pub seq: i64,
    /// A platform's name, for a customer's account on it (Khoros: `companyKey`), or `client_id`.
    pub kind: String,
    /// The account or the client_id.
    pub value: String,
}

/// What is new of a key that takes over from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its public part.
    pub id: KeyId,
    /// The SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// When it is made, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// When it expires at the latest, whatever the span of life before; nothing: no matter when.
    pub expires_max_ms: Option<u64>,
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; later entries have greater ones.
    pub seq: i64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// Who, and from where.
    pub actor: Actor,
    /// What was done: `module.activate`, `key.create`, ...
    pub action: String,
    /// To what: a module's name, a key's id, ...
    pub subject: String,
    /// The particulars, a JSON object.
    pub details: String,
}

/// A write that carries an `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Whose key it is.
    pub tenant: TenantName,
    /// A digest of the caller and its `Idempotency-Key`.
    pub key: String,
    /// A digest of the request: the same key with another request is a mistake.
    pub fingerprint: [u8; 32],
    /// Identifies this process among those that served before.
    pub boot: String,
    /// When.
    pub now_ms: u64,
}

/// How a write that carries an `Idempotency-Key` goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: do it, then finish it.
    First,
    /// It was done: this was the answer.
    Done(Finished),
    /// The same request is under way.
    UnderWay,
    /// It was begun by a process that ended before it was finished: whether it was done is not known.
    Unknown,
    /// The key was used with another request.
    Other,
}

/// The answer to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The HTTP status.
    pub status: u16,
    /// Its `Content-Type`; empty without a body.
    pub media_type: String,
    /// The body; nothing when it was too large to be kept.
    pub body: Option<Vec<u8>>,
}
