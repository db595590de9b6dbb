//! The schema's versions: each is a file under `migrations/`, applied once, in order, in a transaction of its own.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::Error;

/// The files, in order; the first one makes version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_tenants.sql"),
    include_str!("migrations/0003_khoros.sql"),
];

/// Brings the database up to the newest version that this program knows.
///
/// # Errors
/// Refuses a database that a newer program has written: what it does not know it could destroy.
pub(super) fn migrate(db: &mut Connection) -> Result<(), Error> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len();
    let applied = usize::try_from(found).ok().filter(|applied| *applied <= known).ok_or_else(|| {
        Error::Database(format!(
            "{} has schema version {found}, and this program knows versions up to {known}: start the newer program that \
             wrote it, or restore a backup from before it ran",
            db.path().unwrap_or("the database")
        ))
    })?;
    for (version, sql) in (1_i64..).zip(MIGRATIONS).skip(applied) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
