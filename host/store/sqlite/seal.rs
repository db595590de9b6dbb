//! Secrets at rest: XChaCha20-Poly1305 under a master key that is kept in a file of its own.
//!
//! A sealed secret is its 24-byte nonce and then the ciphertext. It is bound to its row: moved to another tenant, table or
//! row it does not open.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};

use crate::store::Error;

/// The master key's length in bytes.
const KEY_BYTES: usize = 32;
/// The nonce's length in bytes: long enough to be drawn at random for each secret.
const NONCE_BYTES: usize = 24;

/// Seals and opens secrets.
pub(super) struct Seal {
    cipher: XChaCha20Poly1305,
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
    /// Reads the master key, or makes one when there is none and `may_create`.
    ///
    /// # Errors
    /// Refuses a file that others may read, one of the wrong length, and a missing one that secrets were sealed with.
    pub(super) fn load(path: &Path, may_create: bool) -> Result<Self, Error> {
        let refused = |what: &str| Error::Database(format!("the master key file {} {what}", path.display()));
        if !path.try_exists().map_err(|error| refused(&format!("cannot be reached: {error}")))? {
            if !may_create {
                return Err(refused(
                    "is missing, and the database holds secrets sealed with it: restore it from a backup",
                ));
            }
            create(path).map_err(|error| refused(&format!("cannot be made: {error}")))?;
        }
        let metadata = fs::metadata(path).map_err(|error| refused(&format!("cannot be read: {error}")))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & !0o600 != 0 {
            return Err(refused(&format!("has mode {mode:04o}, and others must not read it: chmod 600 it")));
        }
        if metadata.len() != KEY_BYTES as u64 {
            return Err(refused(&format!("has {} bytes where {KEY_BYTES} belong: restore it", metadata.len())));
        }
        let bytes = fs::read(path).map_err(|error| refused(&format!("cannot be read: {error}")))?;
        let key = Key::try_from(bytes.as_slice()).map_err(|_| refused("changed while it was read"))?;
        Ok(Self { cipher: XChaCha20Poly1305::new(&key) })
    }

    pub(super) fn seal(&self, secret: &str, place: Place<'_>) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| Error::Database(format!("no random numbers: {error}")))?;
        let payload = Payload { msg: secret.as_bytes(), aad: &place.bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Database(format!("a secret of {} bytes is too long to seal", secret.len())))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a sealed secret, or `None` when it was not sealed with this key for this place.
    pub(super) fn open(&self, sealed: &[u8], place: Place<'_>) -> Option<String> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        let secret = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(secret).ok()
    }
}

/// Makes the key file so that it is there whole or not at all, also after a power cut.
fn create(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o600)).tempfile_in(directory)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{Place, Seal};

    #[test]
    fn a_secret_opens_only_with_its_key_and_in_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::load(&directory.path().join("one"), true).unwrap();
        let other = Seal::load(&directory.path().join("two"), true).unwrap();
        let place = Place { tenant: "acme", table: "bots", row: "b1" };
        let sealed = seal.seal("hunter2", place).unwrap();
        assert_eq!(seal.open(&sealed, place).as_deref(), Some("hunter2"));
        assert_eq!(other.open(&sealed, place), None);
        // The same letters, cut elsewhere, are another place.
        assert_eq!(seal.open(&sealed, Place { tenant: "acmeb", table: "ots", row: "b1" }), None);
        assert_eq!(seal.open(&sealed, Place { row: "b2", ..place }), None);
        assert_eq!(seal.open(&sealed[..20], place), None);
        assert_ne!(seal.seal("hunter2", place).unwrap(), sealed);
    }
}
