//! Opening the database file: who may read it, that nobody else writes to it, and that it keeps what it acknowledges.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Settings;
use crate::store::Error;

/// The oldest SQLite whose WAL can be trusted: 3.51.3 mended a race between checkpoints that could corrupt the database
/// (sqlite.org, "Write-Ahead Logging", the WAL-reset bug).
const SQLITE_OLDEST: i32 = 3_051_003;
/// How large the log grows before its pages are copied into the database: large enough to copy a hot page once for many
/// transactions, small enough to copy in a moment. In pages of 4 KiB.
const WAL_PAGES: i64 = 4000;
/// To what size the log's file is cut back after a burst, in bytes.
const WAL_BYTES_MAX: i64 = 64 << 20;
/// Prepared statements kept by each connection: more than there are different ones.
const STATEMENTS: usize = 96;

/// Takes the database for this process until the file is dropped. A second process would void the first one's leases.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
            Error::Database(format!("cannot create the directory {}: {error}", directory.display()))
        })?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&name)
        .map_err(|error| Error::Database(format!("cannot open {}: {error}", name.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Database(format!(
            "another process already serves {}: stop it first, or give this one a data directory of its own",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::Database(format!("cannot lock {}: {error}", name.display()))),
    }
}

/// Opens the connection that writes. The file is made with mode 0600 before SQLite sees it, and SQLite gives its log the
/// same mode.
pub(super) fn writer(settings: &Settings) -> Result<Connection, Error> {
    let path = &settings.path;
    let refused = |error| Error::Database(format!("cannot open {}: {error}", path.display()));
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(refused)?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(refused)?;
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&db, settings)?;
    Ok(db)
}

/// Opens a connection that reads.
pub(super) fn reader(settings: &Settings) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&settings.path, flags)?;
    db.busy_timeout(settings.busy_timeout)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// Sets what durability rests on and reads it back: SQLite answers a setting that it cannot take with silence.
fn configure(db: &Connection, settings: &Settings) -> Result<(), Error> {
    if rusqlite::version_number() < SQLITE_OLDEST {
        return Err(Error::Database(format!(
            "this program is linked with SQLite {}, whose log can corrupt the database: build it with 3.51.3 or later",
            rusqlite::version()
        )));
    }
    db.busy_timeout(settings.busy_timeout)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite looks at the values bound to whatever meets a partial index, and compiles such a statement again at
    // each use.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let journal: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    took("journal_mode", "wal", &journal)?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")?;
    took("synchronous", "2", &number(db, "synchronous")?)?;
    took("foreign_keys", "1", &number(db, "foreign_keys")?)?;
    db.query_row(&format!("PRAGMA wal_autocheckpoint = {WAL_PAGES}"), [], |_| Ok(()))?;
    db.query_row(&format!("PRAGMA journal_size_limit = {WAL_BYTES_MAX}"), [], |_| Ok(()))?;
    db.execute_batch(&format!("PRAGMA cache_size = -{}", settings.cache_kib))?;
    if let Some(pages) = settings.pages_max {
        db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(())
}

fn number(db: &Connection, name: &str) -> Result<String, Error> {
    let number: i64 = db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
    Ok(number.to_string())
}

fn took(setting: &str, wanted: &str, got: &str) -> Result<(), Error> {
    if got == wanted {
        return Ok(());
    }
    Err(Error::Database(format!(
        "SQLite runs with {setting} = {got} where {wanted} was asked for, so an acknowledged event could be lost: put the \
         data directory on a local file system"
    )))
}

#[cfg(test)]
mod tests {
    use super::{Settings, configure};
    use rusqlite::Connection;

    #[test]
    fn a_database_without_a_log_is_refused() {
        // SQLite cannot keep a log for a database in memory, and says so only when asked.
        let db = Connection::open_in_memory().unwrap();
        let error = configure(&db, &Settings::new("unused", "unused")).unwrap_err();
        assert!(error.to_string().contains("journal_mode = memory where wal was asked for"), "{error}");
    }
}
