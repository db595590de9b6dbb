//! The record of what was accepted, as the store's own trait has it.

use super::{Sqlite, forget, record};
use crate::domain::names::EventId;
use crate::store::{Archive, Error, EventRecord, Reply};

impl Archive for Sqlite {
    fn record(&self, event: EventId) -> Result<Option<EventRecord>, Error> {
        self.readers.read(|db| record::read(db, event))
    }

    fn forget(&self, now_ms: u64) -> Reply<()> {
        let keep_ms = self.keep_ms;
        self.writer.submit(move |work| forget::forget(work, now_ms, keep_ms))
    }
}
