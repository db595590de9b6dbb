//! The master key: 32 bytes in a file of its own, mode 0600. While it is being changed the file holds two, the new one and
//! then the old one.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::store::Error;

/// A key's length in bytes.
pub(super) const KEY_BYTES: usize = 32;

/// What the file holds.
pub(super) struct Master {
    path: PathBuf,
    /// What data keys are sealed with.
    pub(super) newest: [u8; KEY_BYTES],
    /// What data keys may still be sealed with, in the middle of a change.
    pub(super) old: Option<[u8; KEY_BYTES]>,
}

impl Master {
    /// Reads the file, or makes one when there is none and `may_create`.
    ///
    /// # Errors
    /// Refuses a file that others may read, one of the wrong length, and a missing one that secrets were sealed with.
    pub(super) fn load(path: &Path, may_create: bool) -> Result<Self, Error> {
        let refused = |what: &str| refused(path, what);
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
        let bytes = fs::read(path).map_err(|error| refused(&format!("cannot be read: {error}")))?;
        let (newest, old) = match bytes.len() {
            KEY_BYTES => (bytes.first_chunk(), None),
            // The new one, then the old one.
            length if length == 2 * KEY_BYTES => (bytes.first_chunk(), bytes.last_chunk()),
            length => return Err(refused(&format!("has {length} bytes where {KEY_BYTES} belong: restore it"))),
        };
        let newest = newest.copied().ok_or_else(|| refused("changed while it was read"))?;
        Ok(Self { path: path.to_owned(), newest, old: old.copied() })
    }

    /// Ends a change: only the new key stays. No data key may be sealed with the old one any more.
    pub(super) fn forget_old(&self) -> Result<(), Error> {
        replace(&self.path, &self.newest)
    }

    /// What to say of a data key that does not open.
    pub(super) fn is_wrong(&self) -> Error {
        refused(&self.path, "is not the one that this database was written with: restore it from a backup")
    }
}

/// Begins a change: the file holds a new key and the present one, and the next open seals the data keys anew.
pub(super) fn begin_rotation(path: &Path) -> Result<(), Error> {
    let present = Master::load(path, false)?;
    let new = random().map_err(|error| refused(path, &format!("cannot be changed: {error}")))?;
    replace(path, &[new, present.newest].concat())
}

fn refused(path: &Path, what: &str) -> Error {
    Error::Database(format!("the master key file {} {what}", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> std::io::Result<()> {
        written(path, bytes)?.persist(path).map_err(|error| error.error)?;
        File::open(directory(path))?.sync_all()
    };
    write().map_err(|error| refused(path, &format!("cannot be written: {error}")))
}

/// Makes the key file so that it is there whole or not at all, also after a power cut.
fn create(path: &Path) -> std::io::Result<()> {
    written(path, &random()?)?.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(directory(path))?.sync_all()
}

/// A file beside the key file that is on disk and has no name yet.
fn written(path: &Path, bytes: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let mode = fs::Permissions::from_mode(0o600);
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A key.
pub(super) fn random() -> std::io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    Ok(key)
}
