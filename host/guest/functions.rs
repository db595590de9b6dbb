//! The functions that earlier compilations made, so that a module that changed a little takes little to compile. A bot that is
//! worked on is compiled each time that it is saved, and most of it - an interpreter, a library - is what it was.
//!
//! For developers' machines. What is in the file runs as native code and is written by the process that reads hostile bytes:
//! a host that serves several tenants has none.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};
use wasmtime::CacheStore;

use super::lock::lock;

/// What the file begins with: its form.
const FORM: &[u8] = b"bothost1";
/// The most that entries take. A file that would have more is begun anew, with what was used last.
const ENTRIES_BYTES_MAX: usize = 256 << 20;
/// An entry is a name, the length of the code, the code's digest - what a crash or a disk has damaged is not run - and the code.
const HEAD_BYTES: usize = size_of::<Name>() + size_of::<u64>() + CHECK_BYTES;
const CHECK_BYTES: usize = 32;

/// The functions of a file. It is read when it is opened, and written when the compilation is over.
#[derive(Debug)]
pub(super) struct Functions {
    path: PathBuf,
    /// The entries of the file, as far as they are whole.
    read: Vec<u8>,
    /// Where in `read` each entry stands, by its function's name.
    known: HashMap<Name, Range<usize>>,
    /// Whether the file has more than that: what follows a torn entry cannot be read.
    torn: bool,
    used: Mutex<HashSet<Name>>,
    /// Entries to be kept.
    made: Mutex<Vec<u8>>,
}

/// The engine's digest of all that decides what a function becomes, its own version included.
type Name = [u8; 32];

impl Functions {
    /// Reads a file of functions; one that cannot be read has none.
    pub(super) fn open(path: &Path) -> Self {
        let mut read = read_whole(path).unwrap_or_default();
        let form = if read.starts_with(FORM) { FORM.len() } else { read.len() };
        read.drain(..form);
        let (known, whole) = index(&read);
        let torn = form != FORM.len() || read.len() != whole;
        read.truncate(whole);
        Self { path: path.to_owned(), read, known, torn, used: Mutex::default(), made: Mutex::default() }
    }

    /// Keeps what was made.
    pub(super) fn keep(&self) -> io::Result<()> {
        let made = lock(&self.made);
        if made.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        file.lock()?;
        if !self.torn && self.read.len() + made.len() <= ENTRIES_BYTES_MAX {
            return file.write_all(&made);
        }
        let used = lock(&self.used);
        let entries = used.iter().filter_map(|name| self.known.get(name)).map(|at| &self.read[at.clone()]);
        file.set_len(0)?;
        file.write_all(&[FORM, &*entries.collect::<Vec<_>>().concat(), &made].concat())
    }
}

impl CacheStore for Functions {
    fn get(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let (name, at) = self.known.get_key_value(name)?;
        let (head, code) = self.read[at.clone()].split_at(HEAD_BYTES);
        if !head.ends_with(&Sha256::digest(code)) {
            return None;
        }
        lock(&self.used).insert(*name);
        Some(Cow::Borrowed(code))
    }

    fn insert(&self, name: &[u8], code: Vec<u8>) -> bool {
        let mut made = lock(&self.made);
        made.extend_from_slice(name);
        made.extend_from_slice(&(code.len() as u64).to_le_bytes());
        made.extend_from_slice(&Sha256::digest(&code));
        made.extend_from_slice(&code);
        true
    }
}

/// Reads a file when nobody writes it.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.lock_shared()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Finds the entries, and how far they are whole.
fn index(entries: &[u8]) -> (HashMap<Name, Range<usize>>, usize) {
    let (mut known, mut whole) = (HashMap::new(), 0);
    while let Some((name, after)) = entries[whole..].split_first_chunk()
        && let Some((length, after)) = after.split_first_chunk()
        && let Ok(length) = usize::try_from(u64::from_le_bytes(*length))
        && after.len().checked_sub(CHECK_BYTES).is_some_and(|left| length <= left)
    {
        let entry = whole..whole + HEAD_BYTES + length;
        whole = entry.end;
        known.insert(*name, entry);
    }
    (known, whole)
}
