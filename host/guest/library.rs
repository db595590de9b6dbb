//! The bytes of every module that was taken, named by their digest, so that each version can be loaded again after a restart.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
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

    /// A module's bytes as an open file, checked against their name without holding them in memory, and their length.
    pub(super) fn open_file(&self, name: &Digest) -> Result<(File, u64), Error> {
        let path = self.path(name);
        let read = || {
            let mut file = File::open(&path)?;
            let mut sha = Sha256::new();
            let mut buffer = vec![0; 64 << 10];
            let mut length = 0;
            loop {
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                sha.update(&buffer[..count]);
                length += count as u64;
            }
            file.rewind()?;
            Ok::<_, std::io::Error>((file, length, hex::encode(sha.finalize())))
        };
        let (file, length, found) = read().map_err(|e| files::error("read", &path, &e))?;
        if found != name.as_str() {
            return Err(files::error("use", &path, &"its bytes are not those that its name says"));
        }
        Ok((file, length))
    }

    /// Removes a module's bytes.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), Error> {
        files::remove(&self.path(digest))
    }

    /// Removes all modules but these.
    pub(super) fn keep_only(&self, keep: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        files::remove_others(&self.directory, "wasm", keep)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{digest}.wasm"))
    }
}
