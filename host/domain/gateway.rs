//! A gateway: where a tenant's answers go on a platform.

use super::names::TenantName;
use super::secret::Secret;

/// The shortest and the longest token, in bytes.
const TOKEN_BYTES_MIN: usize = 8;
const TOKEN_BYTES_MAX: usize = 8192;

/// What a token must be, and why: to be said behind whatever names it.
pub const TOKEN_RULE: &str = "has 8 to 8192 visible ASCII characters, without spaces: a shorter one could not be told from \
                              other text, out of which it is cut before what a platform answers is recorded";

/// Whether a text keeps [`TOKEN_RULE`].
#[must_use]
pub fn is_token(text: &str) -> bool {
    (TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

/// The longest user's name and password, in bytes.
const USER_BYTES_MAX: usize = 256;
const PASSWORD_BYTES_MAX: usize = 1024;

/// What a user's name and password must be.
pub const LOGIN_RULE: &str = "needs a user of 1 to 256 bytes without a colon, and a password of 8 to 1024 bytes, both without \
                              control characters: a shorter password could not be told from other text, out of which it is cut \
                              before what a platform answers is recorded";

/// How a tenant proves itself to a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// By a token that it was given.
    Token(Secret),
    /// By a token for each app, which the host gets for it.
    Login(Login),
}

/// What the host gets tokens with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Where it gets them: the base URL (Khoros: of the Care API, `https://<instance>.response.lithium.com`).
    pub url: String,
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

impl Login {
    /// Whether it keeps [`LOGIN_RULE`].
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let password = self.password.reveal();
        let is_user = (1..=USER_BYTES_MAX).contains(&self.user.len()) && !self.user.contains(':');
        let is_password = (TOKEN_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&password.len());
        is_user && is_password && !self.user.chars().chain(password.chars()).any(char::is_control)
    }

    /// What tokens got with it are for: a token is shown to the gateway that it was got for and to no other.
    #[must_use]
    pub fn fingerprint(&self, gateway_url: &str) -> String {
        [gateway_url, &self.url, &self.user].join("\n")
    }
}

/// A gateway as its tenant set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Whose.
    pub tenant: TenantName,
    /// The platform's name in `PLATFORMS`.
    pub platform: String,
    /// The base URL; paths of the platform's API are appended.
    pub url: String,
    /// What the platform knows the tenant by.
    pub proof: Proof,
    /// When it was set, in milliseconds since 1970-01-01 UTC.
    pub updated_ms: u64,
}
