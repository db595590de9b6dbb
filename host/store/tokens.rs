//! What the store keeps of tokens: those that the host gave out, and those that it got for gateways.

use std::sync::Arc;

use super::{Error, Reply};
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::domain::token::{GatewayToken, Token};

/// Tokens for platforms' APIs. Whatever is asked of a tenant's own is asked with its name; only [`Tokens::token`] finds
/// anybody's, to learn who is calling.
pub trait Tokens {
    /// The token of that id, whoever's it is, as long as it is kept: also when it has expired. From memory where the store can.
    fn token(&self, id: &str) -> Result<Option<Arc<Token>>, Error>;

    /// When the one token of a tenant's app expires, in milliseconds since 1970-01-01 UTC; nothing when there is none.
    fn token_of(&self, tenant: &TenantName, platform: &str, app: &str, now_ms: u64) -> Result<Option<u64>, Error>;

    /// Keeps a new token; what it is signed with is encrypted at rest. [`Error::Conflict`] when the app has one that is neither
    /// over nor replaced, or the tenant has too many.
    fn add_token(&self, token: Token, actor: Actor) -> Reply<()>;

    /// Keeps a token that takes over from the app's present one, which is taken for `grace_ms` more. `old` is the id of the one
    /// that was shown: the present one, or one in its grace, so that whoever lost the answer can ask again. [`Error::Missing`]
    /// when it is neither; [`Error::Conflict`] within a minute of the last time, and while three of the app's are taken.
    fn replace_token(&self, old: String, new: Token, grace_ms: u64, actor: Actor) -> Reply<()>;

    /// Invalidates all tokens of a tenant's app, those in their grace included; none is fine.
    fn drop_tokens(&self, tenant: TenantName, platform: String, app: String, actor: Actor, now_ms: u64) -> Reply<()>;

    /// What is known of the token that an app's requests are shown with at a tenant's gateway. From memory where the store can.
    fn gateway_token(&self, tenant: &TenantName, platform: &str, app: &str)
    -> Result<Option<Arc<GatewayToken>>, Error>;

    /// What is known of the tokens for a tenant's gateway, in the order of the apps, at most `limit` of them.
    fn gateway_tokens(
        &self,
        tenant: &TenantName,
        platform: &str,
        limit: usize,
    ) -> Result<Vec<Arc<GatewayToken>>, Error>;

    /// The tokens for gateways that are to be refreshed by now, at most `limit` of them and `each` of a tenant's: every tenant's
    /// longest due one before anybody's second.
    fn refreshable(&self, now_ms: u64, each: usize, limit: usize) -> Result<Vec<Arc<GatewayToken>>, Error>;

    /// Writes down what is known of a token for a gateway; the token is encrypted at rest. [`Error::Conflict`] when the tenant
    /// has them for too many apps; the audit log's limit does not count here.
    fn put_gateway_token(&self, token: GatewayToken, now_ms: u64) -> Reply<()>;
}
