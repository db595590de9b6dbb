//! The admin key: made at the first start, read from a file, and known to the store like any other from then on.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::keys::{self, Minted};
use crate::domain::actor::Actor;
use crate::domain::key::{Key, Standing};
use crate::domain::names::{KeyId, TenantName};
use crate::domain::scope::{Scope, Scopes};
use crate::settings::DEFAULT_TENANT;
use crate::store::{self, Store};

/// What the file holds.
#[derive(Debug, Clone)]
pub struct AdminKey {
    path: PathBuf,
    id: KeyId,
    hash: [u8; 32],
}

/// Why the admin key cannot be used. The host does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the admin key {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than its owner can read it.
    #[error("the admin key {path} has mode {mode:o}; others must not read it: run `chmod 600 {path}`")]
    Readable {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not a key.
    #[error("{path} holds no admin key (bh_...): delete it to get a new one at the next start")]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// The store knows another key of that id.
    #[error("{path} holds another key {id} than this host knows: delete it to get a new one at the next start")]
    Another {
        /// Which.
        path: PathBuf,
        /// The id.
        id: KeyId,
    },
    /// No randomness.
    #[error("this machine has no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl AdminKey {
    /// Reads the admin key, or makes one at the first start.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let key = match fs::read_to_string(path) {
            Ok(key) => key.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path)?,
            Err(source) => return Err(Error::File { path: path.to_owned(), source }),
        };
        let metadata = fs::metadata(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::Readable { path: path.to_owned(), mode });
        }
        let id = keys::id_of(&key).ok_or_else(|| Error::Malformed { path: path.to_owned() })?;
        Ok(Self { path: path.to_owned(), id, hash: keys::hash(&key) })
    }

    /// Makes the key known to the store if it is not. One that was revoked stays revoked.
    ///
    /// # Errors
    /// When the store knows another key of that id, or cannot be written.
    pub async fn register(self, store: &dyn Store, now_ms: u64) -> Result<(), Error> {
        let Self { path, id, hash } = self;
        let Some(known) = store.key(&id)? else {
            let actor = Actor::operator(path.display().to_string());
            let key = Key {
                id,
                tenant: TenantName::from(DEFAULT_TENANT),
                name: "admin".to_owned(),
                client_id: None,
                scopes: Scopes::from_iter([Scope::ADMIN]),
                hash,
                replaces: None,
                created_ms: now_ms,
                expires_ms: None,
                last_used_ms: None,
                revoked_ms: None,
            };
            return Ok(store.add_key(key, actor).await?);
        };
        if known.hash != hash {
            return Err(Error::Another { path, id });
        }
        let over = match known.standing(now_ms) {
            Standing::Live => return Ok(()),
            Standing::Expired => "has expired",
            Standing::Revoked => "was revoked",
        };
        tracing::warn!(path = %path.display(), key = %id,
            "the admin key {over} and opens nothing: delete the file to get a new one at the next start");
        Ok(())
    }
}

fn create(path: &Path) -> Result<String, Error> {
    let Minted { key, .. } = keys::mint()?;
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{}", key.reveal())?;
        file.sync_all()
    };
    write().map_err(|source| Error::File { path: path.to_owned(), source })?;
    Ok(key.reveal().to_owned())
}
