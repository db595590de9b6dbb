//! Tokens for platforms' APIs: those that the host gives out where it serves one, and those that it gets from a platform for a
//! tenant's gateway. Each is for one app.

use super::names::{KeyId, TenantName};
use super::secret::Secret;

/// A token that the host gave out, as it keeps it: the token itself is made of it and kept nowhere. Times are milliseconds
/// since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number, unguessable and in no need of being so: it finds the token that somebody shows.
    pub id: String,
    /// For whom it acts.
    pub tenant: TenantName,
    /// The platform's name in `PLATFORMS`.
    pub platform: String,
    /// The app in whose name it acts (Khoros: `appId`).
    pub app: String,
    /// Who asked for it first, as they called themselves.
    pub user: String,
    /// The key that the first was asked for with: it is taken as long as that is, and may do no more.
    pub maker: KeyId,
    /// What it is signed with, in hexadecimal; no two tokens share one.
    pub key: Secret,
    /// When it was made.
    pub created_ms: u64,
    /// From when on it is not taken any more.
    pub expires_ms: u64,
    /// Whether another took over from it: then `expires_ms` is the end of its grace.
    pub replaced: bool,
}

impl Token {
    /// Whether it is taken at this time.
    #[must_use]
    pub fn is_live(&self, now_ms: u64) -> bool {
        now_ms < self.expires_ms
    }

    /// Whether it is its app's one token at this time.
    #[must_use]
    pub fn is_current(&self, now_ms: u64) -> bool {
        !self.replaced && self.is_live(now_ms)
    }
}

/// What is known of the token with which a tenant's gateway is shown an app's requests. Times are milliseconds since
/// 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayToken {
    /// Whose.
    pub tenant: TenantName,
    /// The platform's name in `PLATFORMS`.
    pub platform: String,
    /// The app (Khoros: `appId`).
    pub app: String,
    /// The gateway that it was got for, see [`super::gateway::Login::fingerprint`]: it is shown to no other.
    pub gateway: String,
    /// How things are with it.
    pub state: TokenState,
    /// Why, where it is not as it should be; never with a secret in it.
    pub detail: Option<String>,
    /// The token, while there is one.
    pub token: Option<Secret>,
    /// From when on the platform does not take it any more.
    pub expires_ms: u64,
    /// When it is to be refreshed; the end of time when it is not.
    pub refresh_ms: u64,
    /// How often in a row a refresh has failed.
    pub failures: u32,
}

impl GatewayToken {
    /// Whether it is to be refreshed at this time.
    #[must_use]
    pub fn is_refreshable(&self, now_ms: u64) -> bool {
        self.state == TokenState::Held && self.refresh_ms <= now_ms
    }
}

/// How things are with the token for a gateway, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenState {
    /// It is there and is refreshed in time.
    Held,
    /// It is there, and the platform does not refresh it: it is used until it is over.
    Unrefreshed,
    /// It is there, and the platform answered 401 to a request with it: the next request has it refreshed or replaced, from the
    /// time on at which it would be refreshed.
    Doubted,
    /// There is none: the next request gets one, from the time on at which it would be refreshed.
    Wanted,
    /// The platform says that there is one, which is not here, and gives no other: somebody must invalidate it.
    Exists,
    /// The platform does not give one to these credentials.
    Refused,
}

impl TokenState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Unrefreshed, Self::Doubted, Self::Wanted, Self::Exists, Self::Refused];

    /// Its name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unrefreshed => "unrefreshed",
            Self::Doubted => "doubted",
            Self::Wanted => "wanted",
            Self::Exists => "exists",
            Self::Refused => "refused",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether only somebody's doing can change it: asking again would get the same answer.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Exists | Self::Refused)
    }
}
