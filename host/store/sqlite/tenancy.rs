//! Tenants and what is theirs, as the store's own trait has it.

use std::sync::Arc;

use super::{Sqlite, audit, idempotency};
use crate::domain::names::TenantName;
use crate::store::{AuditEntry, Begun, Error, Finished, Intent, Reply, Tenancy};

impl Tenancy for Sqlite {
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
