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
    pub token: Secret,
    /// When it was set, in milliseconds since 1970-01-01 UTC.
    pub updated_ms: u64,
}
