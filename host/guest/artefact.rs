//! The cache of machine code. A file in it runs as native code, so each carries a MAC under a key that only this data
//! directory has, over the module's digest, the engine's configuration, the build of this program and every byte.
//!
//! A file is the machine code as the engine writes it, so that it can be mapped into memory instead of being copied there; then
//! the facts, the length of the code and the MAC.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::compile::Compiled;
use super::facts::{Facts, read_number};
use super::{Error, files};
use crate::domain::names::Digest;

/// This program's build. The engine's compatibility speaks for wasmtime's version, the target and the processor.
const BUILD: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Bytes of a MAC, and of the length before it.
const MAC_BYTES: u64 = 32;
const LENGTH_BYTES: u64 = 8;

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
    pub(super) facts: Facts,
    /// How many bytes it has.
    pub(super) bytes: u64,
    pub(super) place: Place,
}

/// Where machine code is.
pub(super) enum Place {
    /// At the beginning of this file, which is never written again: a newer one takes its name.
    File(PathBuf),
    /// In memory, because it could not be kept.
    Memory(Vec<u8>),
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
        let path = self.path(digest);
        let (facts, bytes) = self.verify(&path, digest).ok()?;
        Some(VerifiedCode { facts, bytes, place: Place::File(path) })
    }

    /// Reads a file to its end and checks its MAC, without holding it in memory.
    fn verify(&self, path: &Path, digest: &Digest) -> io::Result<(Facts, u64)> {
        let wrong = || io::Error::from(io::ErrorKind::InvalidData);
        let mut file = File::open(path)?;
        let signed = file.metadata()?.len().checked_sub(MAC_BYTES).ok_or_else(wrong)?;
        if signed > self.bytes_max as u64 * 2 {
            return Err(wrong());
        }
        let mut mac = self.mac(digest, signed);
        let (mut rest, mut buffer) = ((&mut file).take(signed), vec![0; 64 << 10]);
        loop {
            let count = rest.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            mac.update(&buffer[..count]);
        }
        let mut expected = [0; MAC_BYTES as usize];
        file.read_exact(&mut expected)?;
        mac.verify_slice(&expected).map_err(|_| wrong())?;
        let length_at = signed.checked_sub(LENGTH_BYTES).ok_or_else(wrong)?;
        file.seek(SeekFrom::Start(length_at))?;
        let code_bytes = read_number(&mut file)?;
        file.seek(SeekFrom::Start(code_bytes))?;
        Ok((Facts::read(&mut (&mut file).take(length_at.checked_sub(code_bytes).ok_or_else(wrong)?))?, code_bytes))
    }

    /// Signs what the compiler made, and keeps it.
    pub(super) fn keep(&self, digest: &Digest, compiled: Compiled) -> VerifiedCode {
        let Compiled { facts, code } = compiled;
        let bytes = code.len() as u64;
        let mut file = code;
        facts.write(&mut file);
        file.extend_from_slice(&bytes.to_le_bytes());
        let mut mac = self.mac(digest, file.len() as u64);
        mac.update(&file);
        file.extend_from_slice(&mac.finalize().into_bytes());
        let path = self.path(digest);
        let place = match files::write_whole(&path, &file) {
            Ok(()) => Place::File(path),
            Err(error) => {
                tracing::warn!(%error, module = %digest, "the machine code is not kept: the next start compiles it again");
                Place::Memory(file)
            }
        };
        VerifiedCode { facts, bytes, place }
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

    /// The beginning of a MAC; the signed bytes follow.
    fn mac(&self, digest: &Digest, signed: u64) -> Hmac<Sha256> {
        let mut mac = self.key.mac();
        // Everything before the signed bytes has a fixed length, so that no two inputs read the same.
        for part in [digest.as_str().as_bytes(), &self.compatibility[..], BUILD.as_bytes()] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.update(&signed.to_le_bytes());
        mac
    }
}

/// The key of the MACs.
struct Key([u8; KEY_BYTES]);

impl Key {
    fn load_or_create(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes));
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
