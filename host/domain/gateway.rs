//! A gateway: where a tenant's answers go on a platform.

use super::names::TenantName;
use super::secret::Secret;

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
