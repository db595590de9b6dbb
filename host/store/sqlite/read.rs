//! Reading beside the writer: SQLite's log lets readers see the last commit while the next one is under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::{Settings, connect, ms};
use crate::store::{Error, Figures};

/// A few connections that only read.
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        let connections = (0..settings.readers.max(1)).map(|_| connect::reader(settings).map(Mutex::new));
        Ok(Self { connections: connections.collect::<Result<_, _>>()?, turn: AtomicUsize::new(0) })
    }

    /// Runs a query on the connection whose turn it is, or on the next one that is free: a long query keeps waiting only those who
    /// find all in use.
    pub(super) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let after = self.connections[turn..].iter().chain(&self.connections[..turn]);
        if let Some(free) = after.filter_map(|connection| connection.try_lock().ok()).next() {
            return query(&free);
        }
        // A connection is not harmed by a panic of whoever used it.
        query(&self.connections[turn].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts what waits.
pub(super) fn figures(db: &Connection) -> Result<Figures, Error> {
    let counts = "SELECT (SELECT count(*) FROM events WHERE status = 0), \
                  (SELECT count(*) FROM deliveries WHERE status < 2), \
                  (SELECT count(*) FROM deliveries WHERE status > 2 AND status < 5)";
    Ok(db.prepare_cached(counts)?.query_row([], |row| {
        Ok(Figures { inbox: ms(row.get(0)?), outbox: ms(row.get(1)?), parked: ms(row.get(2)?), ..Figures::default() })
    })?)
}
