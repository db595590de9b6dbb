//! Secrets at rest, in an envelope: XChaCha20-Poly1305 under a data key, which lies in the database under the master key. The
//! master key can be changed without touching a secret.
//!
//! A sealed secret is a version byte, the data key's number, a nonce and the ciphertext. It is bound to its row: moved to
//! another tenant, table or row it does not open. The release before this one sealed with the master key directly, nonce and
//! ciphertext alone; what it wrote is sealed anew at the first open.

use std::collections::BTreeMap;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::master::{KEY_BYTES, Master, random};
use super::{bots, int};
use crate::store::Error;

/// The nonce's length in bytes: long enough to be drawn at random for each secret.
const NONCE_BYTES: usize = 24;
/// The form of a sealed secret.
const VERSION: u8 = 1;

/// Seals and opens secrets.
pub(super) struct Seal {
    keys: BTreeMap<u32, XChaCha20Poly1305>,
}

/// Where a secret is kept; it opens nowhere else.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) tenant: &'a str,
    pub(super) table: &'a str,
    pub(super) row: &'a str,
}

impl Place<'_> {
    /// Each part with its length before it, so that no two places give the same bytes.
    fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.tenant, self.table, self.row] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl Seal {
    /// Opens the data keys with the master key, and makes both at the first start. Finishes a change of the master key and
    /// brings secrets of the release before over, each in one transaction. Also returns how many data keys there are.
    ///
    /// # Errors
    /// Refuses a master key that cannot be used, and one that does not open the data keys.
    pub(super) fn open(db: &mut Connection, master_key_file: &Path, now_ms: u64) -> Result<(Self, usize), Error> {
        let sealed = "SELECT EXISTS (SELECT 1 FROM bots) OR EXISTS (SELECT 1 FROM data_keys)";
        let sealed: bool = db.query_row(sealed, [], |row| row.get(0))?;
        let master = Master::load(master_key_file, !sealed)?;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut seal = Self { keys: open_data_keys(&transaction, &master)? };
        if seal.keys.is_empty() {
            let (id, cipher) = make_data_key(&transaction, &master, now_ms)?;
            seal.keys.insert(id, cipher);
            bring_over(&transaction, &master, &seal)?;
        }
        transaction.commit()?;
        if master.old.is_some() {
            // Nothing that the old key opens stays behind in the log.
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            master.forget_old()?;
        }
        let count = seal.keys.len();
        Ok((seal, count))
    }

    pub(super) fn seal(&self, secret: &str, place: Place<'_>) -> Result<Vec<u8>, Error> {
        let newest = self.keys.last_key_value();
        let (id, cipher) = newest.ok_or_else(|| Error::Database("there is no data key to seal with".to_owned()))?;
        let sealed = encrypt(cipher, secret.as_bytes(), place)?;
        Ok([&[VERSION], id.to_be_bytes().as_slice(), &sealed].concat())
    }

    /// Opens a sealed secret, or `None` when it was not sealed with one of these keys for this place.
    pub(super) fn open_secret(&self, sealed: &[u8], place: Place<'_>) -> Option<String> {
        let (&version, sealed) = sealed.split_first()?;
        let (id, sealed) = sealed.split_first_chunk::<4>()?;
        let cipher = self.keys.get(&u32::from_be_bytes(*id)).filter(|_| version == VERSION)?;
        String::from_utf8(decrypt(cipher, sealed, place)?).ok()
    }
}

/// Opens all data keys. What only the old master key opens is sealed with the new one.
fn open_data_keys(db: &Transaction<'_>, master: &Master) -> Result<BTreeMap<u32, XChaCha20Poly1305>, Error> {
    let newest = cipher(&master.newest);
    let rows: Vec<(u32, Vec<u8>)> = {
        let mut statement = db.prepare("SELECT id, sealed FROM data_keys")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut keys = BTreeMap::new();
    for (id, sealed) in rows {
        let row = id.to_string();
        let place = data_key_place(&row);
        let key = match decrypt(&newest, &sealed, place) {
            Some(key) => key,
            None => {
                let old = master.old.as_ref().map(cipher);
                let key = old.and_then(|old| decrypt(&old, &sealed, place)).ok_or_else(|| master.is_wrong())?;
                db.execute(
                    "UPDATE data_keys SET sealed = ?2 WHERE id = ?1",
                    params![id, encrypt(&newest, &key, place)?],
                )?;
                key
            }
        };
        let key = <[u8; KEY_BYTES]>::try_from(key).map_err(|_| Error::Database(format!("data key {id} is cut off")))?;
        keys.insert(id, cipher(&key));
    }
    Ok(keys)
}

fn make_data_key(db: &Transaction<'_>, master: &Master, now_ms: u64) -> Result<(u32, XChaCha20Poly1305), Error> {
    let id: u32 = db.query_row("SELECT coalesce(max(id), 0) + 1 FROM data_keys", [], |row| row.get(0))?;
    let key = random().map_err(|error| Error::Database(format!("no data key can be made: {error}")))?;
    let sealed = encrypt(&cipher(&master.newest), &key, data_key_place(&id.to_string()))?;
    db.execute("INSERT INTO data_keys (id, sealed, created_ms) VALUES (?1, ?2, ?3)", params![id, sealed, int(now_ms)])?;
    Ok((id, cipher(&key)))
}

/// Seals anew what the release before sealed with the master key itself: bots' secrets.
fn bring_over(db: &Transaction<'_>, master: &Master, seal: &Seal) -> Result<(), Error> {
    let rows: Vec<(String, String, Vec<u8>)> = {
        let mut statement = db.prepare("SELECT tenant, id, secret FROM bots")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    for (tenant, id, sealed) in rows {
        let place = bots::place(&tenant, &id);
        let mut masters = [Some(&master.newest), master.old.as_ref()].into_iter().flatten();
        let secret = masters.find_map(|key| decrypt(&cipher(key), &sealed, place)).ok_or_else(|| master.is_wrong())?;
        let unreadable = |_| Error::Database(format!("the secret of the bot {id} is no text"));
        let secret = String::from_utf8(secret).map_err(unreadable)?;
        db.execute("UPDATE bots SET secret = ?2 WHERE id = ?1", params![id, seal.seal(&secret, place)?])?;
    }
    Ok(())
}

/// Data keys are no tenant's.
fn data_key_place(row: &str) -> Place<'_> {
    Place { tenant: "", table: "data_keys", row }
}

fn cipher(key: &[u8; KEY_BYTES]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

fn encrypt(cipher: &XChaCha20Poly1305, bytes: &[u8], place: Place<'_>) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| Error::Database(format!("no random numbers: {error}")))?;
    let payload = Payload { msg: bytes, aad: &place.bytes() };
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Error::Database(format!("a secret of {} bytes is too long to seal", bytes.len())))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(cipher: &XChaCha20Poly1305, sealed: &[u8], place: Place<'_>) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &place.bytes() }).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Place, Seal, cipher};

    fn seal(keys: &[(u32, u8)]) -> Seal {
        Seal { keys: keys.iter().map(|(id, byte)| (*id, cipher(&[*byte; 32]))).collect::<BTreeMap<_, _>>() }
    }

    #[test]
    fn a_secret_opens_only_with_its_key_and_in_its_place() {
        let (one, other) = (seal(&[(1, 7)]), seal(&[(1, 8)]));
        let place = Place { tenant: "acme", table: "bots", row: "b1" };
        let sealed = one.seal("hunter2", place).unwrap();
        assert_eq!(one.open_secret(&sealed, place).as_deref(), Some("hunter2"));
        assert_eq!(other.open_secret(&sealed, place), None);
        // The same letters, cut elsewhere, are another place.
        assert_eq!(one.open_secret(&sealed, Place { tenant: "acmeb", table: "ots", row: "b1" }), None);
        assert_eq!(one.open_secret(&sealed, Place { row: "b2", ..place }), None);
        assert_eq!(one.open_secret(&sealed[..20], place), None);
        assert_ne!(one.seal("hunter2", place).unwrap(), sealed);
    }

    #[test]
    fn the_newest_data_key_seals_and_older_ones_open() {
        let place = Place { tenant: "acme", table: "bots", row: "b1" };
        let sealed = seal(&[(1, 7)]).seal("hunter2", place).unwrap();
        let both = seal(&[(1, 7), (2, 9)]);
        assert_eq!(both.open_secret(&sealed, place).as_deref(), Some("hunter2"));
        let sealed = both.seal("hunter2", place).unwrap();
        assert_eq!(sealed[..5], [1, 0, 0, 0, 2]);
        assert_eq!(seal(&[(1, 7)]).open_secret(&sealed, place), None);
    }
}
