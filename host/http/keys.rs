//! Keys: how they are written, and who is calling when one is shown as a bearer token.
//!
//! `bh_<public id>_<secret><checksum>`: the prefix lets scanners find a leaked key, the checksum tells a typing error from
//! a wrong key. The host keeps the SHA-256 of the whole key alone.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::hooks::unavailable;
use super::problem::Problem;
use crate::domain::actor::Actor;
use crate::domain::key::Standing;
use crate::domain::names::{KeyId, TenantName};
use crate::domain::scope::Scopes;
use crate::domain::secret::Secret;
use crate::store::Store;

/// The length of a new key's public part in bytes; two characters each.
const ID_BYTES: usize = 6;
/// The length of the longest public part that is read, in characters.
const ID_MAX: usize = 32;
/// The length of a secret and of a checksum in characters.
const SECRET: usize = 64;
const CHECKSUM: usize = 8;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// For whom.
    pub tenant: TenantName,
    /// Who that is in records.
    pub actor: Actor,
    /// The key.
    pub key: KeyId,
    /// What the key may do.
    pub scopes: Scopes,
    /// The app in whose name it acts.
    pub client_id: Option<String>,
    /// From when on the key is not taken any more, in milliseconds since 1970-01-01 UTC.
    pub expires_ms: Option<u64>,
}

/// A new key.
#[derive(Debug)]
pub struct Minted {
    /// Its public part.
    pub id: KeyId,
    /// The key itself: shown once.
    pub key: Secret,
    /// What is kept of it.
    pub hash: [u8; 32],
}

/// Why a bearer token is refused; told to whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no `Authorization: Bearer`.
    #[error("this needs `Authorization: Bearer <key>`; the first key is in <data>/admin.key")]
    Nothing,
    /// It is not written as keys are.
    #[error(
        "the key is mistyped: a key is bh_<id>_<secret>, and this one's checksum does not match; the first key is in \
         <data>/admin.key"
    )]
    Mistyped,
    /// There is no such key, or it is wrong; which of both is not told.
    #[error("there is no such key")]
    Unknown,
    /// It is over.
    #[error("the key has expired")]
    Expired,
    /// It was taken back.
    #[error("the key was revoked")]
    Revoked,
    /// Whose it was is no more.
    #[error("the key's tenant was removed")]
    TenantRemoved,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::Nothing => "no-key",
            Refused::Mistyped => "key-mistyped",
            Refused::Unknown => "key-unknown",
            Refused::Expired => "key-expired",
            Refused::Revoked => "key-revoked",
            Refused::TenantRemoved => "tenant-removed",
        };
        Self::new(StatusCode::UNAUTHORIZED, kind, refused.to_string())
    }
}

/// Who shows this bearer token from the address `peer`. An unknown id costs the same comparison as a known one, which takes
/// the same time for every wrong key.
///
/// # Errors
/// 401 with the reason; what became of a key is told only to whoever has the whole of it. 503 when the store cannot say.
pub fn caller(store: &dyn Store, headers: &HeaderMap, peer: String, now_ms: u64) -> Result<Caller, Problem> {
    of_key(store, bearer(headers).ok_or(Refused::Nothing)?, peer, now_ms)
}

/// The same for a key, wherever it was shown.
///
/// # Errors
/// As [`caller`].
pub fn of_key(store: &dyn Store, token: &str, peer: String, now_ms: u64) -> Result<Caller, Problem> {
    let id = id_of(token).ok_or(Refused::Mistyped)?;
    let key = store.key(&id).map_err(|error| unavailable(&error))?;
    let known = key.as_ref().map_or([0; 32], |key| key.hash);
    let same = bool::from(hash(token).ct_eq(&known));
    let key = key.filter(|_| same).ok_or(Refused::Unknown)?;
    let tenant = store.tenant(&key.tenant).map_err(|error| unavailable(&error))?;
    if !tenant.is_some_and(|tenant| tenant.is_live()) {
        return Err(Refused::TenantRemoved.into());
    }
    match key.standing(now_ms) {
        Standing::Live => {}
        Standing::Expired => return Err(Refused::Expired.into()),
        Standing::Revoked => return Err(Refused::Revoked.into()),
    }
    store.key_used(&id, now_ms);
    Ok(Caller {
        tenant: key.tenant.clone(),
        actor: Actor { name: format!("key:{id}"), origin: peer },
        key: id,
        scopes: key.scopes.clone(),
        client_id: key.client_id.clone(),
        expires_ms: key.expires_ms,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Makes a key.
///
/// # Errors
/// When the machine has no randomness.
pub fn mint() -> Result<Minted, getrandom::Error> {
    let mut random = [0; ID_BYTES + SECRET / 2];
    getrandom::fill(&mut random)?;
    let (id, secret) = random.split_at(ID_BYTES);
    let (id, secret) = (hex::encode(id), hex::encode(secret));
    let key = format!("bh_{id}_{secret}{}", checksum(&id, &secret));
    Ok(Minted { id: KeyId::from(id), hash: hash(&key), key: Secret::new(key) })
}

/// What is kept of a key.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The public part of a well-formed key.
#[must_use]
pub fn id_of(key: &str) -> Option<KeyId> {
    let (id, rest) = key.strip_prefix("bh_")?.split_once('_')?;
    let is_id = !id.is_empty() && id.len() <= ID_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_secret = rest.is_ascii() && rest.len() == SECRET + CHECKSUM;
    (is_id && is_secret && checksum(id, &rest[..SECRET]) == rest[SECRET..]).then(|| KeyId::from(id))
}

fn checksum(id: &str, secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{id}_{secret}")))[..CHECKSUM].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{id_of, mint};

    #[test]
    fn a_slip_of_the_pen_is_seen() {
        let minted = mint().unwrap();
        let key = minted.key.reveal();
        assert_eq!(id_of(key), Some(minted.id));
        for at in 3..key.len() {
            let other = if key.as_bytes()[at] == b'0' { "1" } else { "0" };
            let slip = format!("{}{other}{}", &key[..at], &key[at + 1..]);
            assert_eq!(id_of(&slip), None, "{slip}");
        }
        assert_eq!(id_of(&key[..key.len() - 1]), None);
        assert_eq!(id_of(&format!("{key}0")), None);
    }
}
