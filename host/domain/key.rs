//! A key: who may act for a tenant, what it may do, and until when.

use super::names::{KeyId, TenantName};
use super::scope::Scopes;

/// A key as the host keeps it: the key itself is shown once and kept nowhere. Times are milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public part.
    pub id: KeyId,
    /// For whom it acts.
    pub tenant: TenantName,
    /// What its maker calls it.
    pub name: String,
    /// The app in whose name it acts.
    pub client_id: Option<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// The SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// The key that it was made to take over from.
    pub replaces: Option<KeyId>,
    /// When it was made.
    pub created_ms: u64,
    /// From when on it is not taken any more.
    pub expires_ms: Option<u64>,
    /// When it was last taken, to within a minute.
    pub last_used_ms: Option<u64>,
    /// When it was revoked.
    pub revoked_ms: Option<u64>,
}

/// Whether a key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Live,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl Key {
    /// Whether it is taken at this time.
    #[must_use]
    pub fn standing(&self, now_ms: u64) -> Standing {
        if self.revoked_ms.is_some() {
            Standing::Revoked
        } else if self.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
            Standing::Expired
        } else {
            Standing::Live
        }
    }

    /// Whether it is live at this time.
    #[must_use]
    pub fn is_live(&self, now_ms: u64) -> bool {
        self.standing(now_ms) == Standing::Live
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Standing};
    use crate::domain::names::{KeyId, TenantName};
    use crate::domain::scope::Scopes;

    #[test]
    fn a_key_is_live_until_it_expires_or_is_revoked() {
        let key = Key {
            id: KeyId::from("a1"),
            tenant: TenantName::from("acme"),
            name: "ci".to_owned(),
            client_id: None,
            scopes: Scopes::default(),
            hash: [0; 32],
            replaces: None,
            created_ms: 5,
            expires_ms: Some(10),
            last_used_ms: None,
            revoked_ms: None,
        };
        assert_eq!((key.standing(9), key.standing(10)), (Standing::Live, Standing::Expired));
        assert!(Key { expires_ms: None, ..key.clone() }.is_live(u64::MAX));
        let revoked = Key { revoked_ms: Some(7), ..key };
        assert_eq!((revoked.standing(9), revoked.standing(10)), (Standing::Revoked, Standing::Revoked));
    }
}
