//! The admin key: made at the first start, read from a file, shown as a bearer token.
//!
//! `bh_<public id>_<secret><checksum>`: the prefix lets scanners find a leaked key, the checksum tells a typing error from
//! a wrong key. Tenants and scopes join here: whoever has the key acts for the tenant that it names.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::domain::scope::{Scope, Scopes};
use crate::settings::DEFAULT_TENANT;

/// The keys that open the host's APIs.
#[derive(Debug, Clone)]
pub struct Keys {
    admin: [u8; 32],
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
    /// No randomness.
    #[error("this machine has no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// For whom.
    pub tenant: TenantName,
    /// Who that is in records.
    pub actor: Actor,
    /// What the key may do.
    pub scopes: Scopes,
    /// The app in whose name it acts.
    pub client_id: Option<String>,
}

impl Keys {
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
        if !well_formed(&key) {
            return Err(Error::Malformed { path: path.to_owned() });
        }
        Ok(Self { admin: Sha256::digest(key.as_bytes()).into() })
    }

    /// Who shows this bearer token from the address `peer`, if it is a key's. The comparison takes the same time for every
    /// wrong one.
    #[must_use]
    pub fn caller(&self, headers: &HeaderMap, peer: String) -> Option<Caller> {
        let shown = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = shown.split_once(' ')?;
        let digest: [u8; 32] = Sha256::digest(token.trim().as_bytes()).into();
        let ours = scheme.eq_ignore_ascii_case("bearer") && bool::from(digest.ct_eq(&self.admin));
        ours.then(|| Caller {
            tenant: TenantName::from(DEFAULT_TENANT),
            actor: Actor { name: "key:admin".to_owned(), origin: peer },
            scopes: Scopes::from_iter([Scope::ADMIN]),
            client_id: None,
        })
    }
}

fn create(path: &Path) -> Result<String, Error> {
    let mut random = [0; 36];
    getrandom::fill(&mut random)?;
    let (id, secret) = (hex::encode(&random[..4]), hex::encode(&random[4..]));
    let key = format!("bh_{id}_{secret}{}", checksum(&id, &secret));
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{key}")?;
        file.sync_all()
    };
    write().map_err(|source| Error::File { path: path.to_owned(), source })?;
    Ok(key)
}

/// The length of a secret and of a checksum in characters.
const SECRET: usize = 64;
const CHECKSUM: usize = 8;

fn checksum(id: &str, secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{id}_{secret}")))[..CHECKSUM].to_owned()
}

fn well_formed(key: &str) -> bool {
    let Some((id, rest)) = key.strip_prefix("bh_").and_then(|key| key.split_once('_')) else { return false };
    rest.is_ascii() && rest.len() == SECRET + CHECKSUM && checksum(id, &rest[..SECRET]) == rest[SECRET..]
}
