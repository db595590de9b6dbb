//! What the store keeps of calls, and requests as a platform's API tells of them.

use super::{Error, Reply};
use crate::domain::call::{Call, Called, Held, RequestId, RequestRecord, Requests, RequestsWanted};
use crate::domain::names::{BotId, ConversationKey, TenantName};

/// Calls and the records of requests.
pub trait Calls {
    /// Records a call as an event of the kind [`CALL`](crate::domain::call::CALL) that is done, with its request behind those that the
    /// conversation has already, and makes the change of hands that it asks for. Nothing is written unless it is
    /// [`Called::Recorded`]. [`Error::Missing`] without such a bot.
    fn call(&self, call: Call) -> Reply<Called>;

    /// Who holds a conversation of a tenant's bot.
    fn held(&self, tenant: &TenantName, bot: &BotId, conversation: &ConversationKey) -> Result<Held, Error>;

    /// One of a tenant's requests on a platform.
    fn request(&self, tenant: &TenantName, platform: &str, id: RequestId) -> Result<Option<RequestRecord>, Error>;

    /// A tenant's requests on a platform, the newest first.
    fn requests(&self, tenant: &TenantName, platform: &str, wanted: &RequestsWanted) -> Result<Requests, Error>;
}
