//! The cache of machine code. A file in it runs as native code, so each carries a MAC under a key that only this data
//! directory has, over the module's digest, the engine's configuration, the build of this program and every byte.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::compile::Compiled;
use super::facts::Facts;
use super::{Error, files};
use crate::domain::names::Digest;

/// This program's build. The engine's compatibility speaks for wasmtime's version, the target and the processor.
const BUILD: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
/// Bytes of the key and of a MAC.
const KEY_BYTES: usize = 32;

/// The cache of one engine in one data directory.
#[derive(Debug)]
pub(super) struct Artefacts {
    directory: PathBuf,
    key: Key,
    compatibility: [u8; 32],
    bytes_max: usize,
}

/// Machine code that this program compiled: fresh from the compiler, or from the cache with a MAC that is right.
pub(super) struct VerifiedCode {
    facts: Facts,
    file: Vec<u8>,
    code_at: usize,
}

impl VerifiedCode {
    /// What is known of the module.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The machine code.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.file[self.code_at..]
    }
}

impl Artefacts {
    /// Opens the cache in `<data>/artefacts` and makes its key when there is none.
    pub(super) fn open(data: &Path, compatibility: [u8; 32], bytes_max: usize) -> Result<Self, Error> {
        let directory = data.join("artefacts");
        files::create_directory(&directory)?;
        let key = Key::load_or_create(&directory.join("key"))?;
        Ok(Self { directory, key, compatibility, bytes_max })
    }

    /// The machine code of a module, if it is in the cache, whole and signed.
    pub(super) fn load(&self, digest: &Digest) -> Option<VerifiedCode> {
        let mut file = Vec::new();
        let most = self.bytes_max as u64 * 2;
        fs::File::open(self.path(digest)).ok()?.take(most).read_to_end(&mut file).ok()?;
        let (mac, signed) = file.split_at_checked(KEY_BYTES)?;
        self.mac(digest, signed).verify_slice(mac).ok()?;
        let mut rest = signed;
        let facts = Facts::read(&mut rest).ok()?;
        let code_at = file.len() - rest.len();
        Some(VerifiedCode { facts, code_at, file })
    }

    /// Signs what the compiler made.
    pub(super) fn sign(&self, digest: &Digest, compiled: Compiled) -> VerifiedCode {
        let mut file = vec![0; KEY_BYTES];
        compiled.facts.write(&mut file);
        let code_at = file.len();
        file.extend_from_slice(&compiled.code);
        let mac = self.mac(digest, &file[KEY_BYTES..]).finalize().into_bytes();
        file[..KEY_BYTES].copy_from_slice(&mac);
        VerifiedCode { facts: compiled.facts, file, code_at }
    }

    /// Puts signed machine code into the cache.
    pub(super) fn store(&self, digest: &Digest, code: &VerifiedCode) -> Result<(), Error> {
        files::write_whole(&self.path(digest), &code.file)
    }

    /// Removes a module's machine code.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), Error> {
        files::remove(&self.path(digest))
    }

    /// Removes the machine code of all modules but these.
    pub(super) fn keep_only(&self, keep: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        files::remove_others(&self.directory, "artefact", keep)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let compatibility = hex::encode(&self.compatibility[..8]);
        self.directory.join(format!("{digest}.{compatibility}.artefact"))
    }

    fn mac(&self, digest: &Digest, signed: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.key.mac();
        // Everything before the signed bytes has a fixed length, so that no two inputs read the same.
        for part in [digest.as_str().as_bytes(), &self.compatibility[..], BUILD.as_bytes(), signed] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

/// The key of the MACs.
struct Key([u8; KEY_BYTES]);

impl Key {
    fn load_or_create(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes));
        if read.is_ok()
            && let Ok(key) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
        {
            return Ok(Self(key));
        }
        // A key that is missing or broken is made anew: what was signed with another one is compiled again.
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| files::error("make a key for", path, &error))?;
        files::write_whole(path, &key)?;
        Ok(Self(key))
    }

    fn mac(&self) -> Hmac<Sha256> {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of every length");
        };
        mac
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}
