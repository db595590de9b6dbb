//! What the store keeps of tenants: who they are, what they may do and what they did.

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;

/// Tenants, what is theirs, and the audit log.
pub trait Tenancy {
    /// A tenant's audit log from the newest entry below `before` on, at most `limit` of them.
    fn audit(&self, tenant: &TenantName, before: Option<i64>, limit: usize) -> Result<Vec<AuditEntry>, Error>;

    /// Begins a write that carries an `Idempotency-Key`.
    fn begin(&self, intent: Intent) -> Reply<Begun>;

    /// Keeps what a write that was begun was answered; nothing lets its key be used again.
    fn finish(&self, tenant: TenantName, key: String, finished: Option<Finished>) -> Reply<()>;
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
    /// The caller's `Idempotency-Key`.
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
    /// The body.
    pub body: Vec<u8>,
}
