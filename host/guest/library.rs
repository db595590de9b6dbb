//! The bytes of every module that was taken, named by their digest, so that each version can be loaded again after a restart.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Error, files};
use crate::domain::names::Digest;

/// `<data>/modules-by-digest`.
#[derive(Debug)]
pub(super) struct Library {
    directory: PathBuf,
}

/// The digest of a module's bytes.
#[must_use]
pub fn digest(wasm: &[u8]) -> Digest {
    Digest::from(hex::encode(Sha256::digest(wasm)))
}

impl Library {
    /// Opens it.
    pub(super) fn open(data: &Path) -> Result<Self, Error> {
        let directory = data.join("modules-by-digest");
        files::create_directory(&directory)?;
        Ok(Self { directory })
    }

    /// Keeps a module's bytes; the same bytes are kept once.
    pub(super) fn store(&self, digest: &Digest, wasm: &[u8]) -> Result<(), Error> {
        match self.load(digest) {
            Ok(_) => Ok(()),
            Err(_) => files::write_whole(&self.path(digest), wasm),
        }
    }

    /// A module's bytes, checked against their name.
    pub(super) fn load(&self, name: &Digest) -> Result<Vec<u8>, Error> {
        let path = self.path(name);
        let wasm = fs::read(&path).map_err(|e| files::error("read", &path, &e))?;
        if digest(&wasm) != *name {
            return Err(files::error("use", &path, &"its bytes are not those that its name says"));
        }
        Ok(wasm)
    }

    /// Removes all modules but these.
    pub(super) fn keep_only(&self, keep: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        files::remove_others(&self.directory, "wasm", keep)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{digest}.wasm"))
    }
}
