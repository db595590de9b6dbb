//! Customers who write to bots: what happens in a conversation, put into the webhooks that a platform would deliver.

use serde_json::Value;

/// Where a conversation is, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The network, as the platform names it.
    pub network: String,
    /// The page, account or room.
    pub channel: String,
    /// The bot's own id on the platform.
    pub bot: String,
    /// What proves a webhook, where the platform writes that into its body.
    pub secret: String,
    /// The customer's id.
    pub customer: String,
    /// The customer's name.
    pub name: String,
}

/// Something that happens in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The customer writes.
    Says(String),
    /// The customer presses a button.
    Presses {
        /// What the button says.
        text: String,
        /// What it sends.
        payload: String,
        /// Whether it is a quick answer, whose text is also said.
        is_reply: bool,
    },
    /// The customer picks from a list.
    Picks {
        /// The choice's id.
        id: String,
        /// What it says.
        title: String,
    },
    /// The conversation begins.
    Begins,
    /// It ends.
    Ends,
    /// A human agent answers the customer.
    AgentSays(String),
    /// A human agent takes the conversation over.
    AgentTakes,
    /// The bot gets it back.
    BotTakes,
    /// Something that the contract has no case for.
    Other(String),
}

/// How a platform tells of what happens.
pub trait Customer: Send + Sync {
    /// The platform's name.
    fn platform(&self) -> &'static str;

    /// The webhook's body; `number` counts what happened in the conversation. Nothing where the platform does not tell of it.
    fn webhook(&self, place: &Place, happening: &Happening, number: u64, now_ms: u64) -> Option<Value>;
}

/// The customers of every platform.
pub const CUSTOMERS: &[&dyn Customer] =
    &[&super::khoros::customer::Writes, &super::livechat::customer::Writes, &super::deadsimplechat::customer::Writes];

/// The customers of a platform.
#[must_use]
pub fn of(platform: &str) -> Option<&'static dyn Customer> {
    CUSTOMERS.iter().copied().find(|customer| customer.platform() == platform)
}
