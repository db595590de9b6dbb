//! What happened: the events that bots handle, in the contract's words (`wit/message.wit`, `wit/update.wit`).

/// Something that a platform told a bot.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody said something.
    Message(Box<Message>),
    /// Something happened to the conversation.
    Update(Box<Update>),
}

impl Event {
    /// `message` or `update`, for figures and records.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Update(_) => "update",
        }
    }
}

/// Where an event happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The network, as the event names it.
    pub network: String,
    /// The page or account on it.
    pub channel: String,
    /// Who can read the conversation.
    pub visibility: Visibility,
}

/// Who can read a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// The customer and the brand.
    Private,
    /// Everybody.
    Public,
}

/// A named value that the contract has no field for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its name.
    pub key: String,
    /// Its value as JSON text.
    pub json: String,
}

/// Who holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A human agent.
    Agent,
    /// The bot of this platform id.
    Bot(String),
}

/// A message of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The platform's id of it.
    pub id: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// Who wrote it.
    pub author: Author,
    /// Who holds the conversation according to the event.
    pub owner: Option<Owner>,
    /// When it was published, in milliseconds since 1970-01-01 UTC.
    pub published_ms: Option<u64>,
    /// When the platform received it.
    pub received_ms: Option<u64>,
    /// Pressed buttons.
    pub presses: Vec<Press>,
    /// A filled-in form.
    pub form: Option<FormResponse>,
    /// The answer to a list picker, as JSON text.
    pub list_response: Option<String>,
    /// Pictures and films.
    pub media: Vec<Media>,
    /// A place.
    pub location: Option<Location>,
    /// Where the customer came from.
    pub referral: Option<Referral>,
    /// What the network attached.
    pub properties: Vec<Extra>,
    /// Everything else at the top of the event.
    pub extras: Vec<Extra>,
}

/// A person on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The id on the network.
    pub id: String,
    /// The name to show.
    pub full_name: Option<String>,
    /// What the messaging SDK set.
    pub properties: Vec<Extra>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// A pressed button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// `postback` or `reply`.
    pub kind: String,
    /// The developer's payload.
    pub payload: String,
    /// What the button said.
    pub text: Option<String>,
}

/// A filled-in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormResponse {
    /// The answers.
    pub fields: Vec<FormField>,
    /// The questions, each as JSON text.
    pub quoted_fields: Vec<String>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// One answer in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// The field's name.
    pub name: String,
    /// What the customer saw beside it.
    pub label: Option<String>,
    /// The answers.
    pub values: Vec<String>,
    /// The field as JSON text.
    pub raw: String,
}

/// A picture or film, by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Where it is.
    pub url: String,
    /// What it is.
    pub kind: MediaKind,
    /// A file name to show.
    pub title: Option<String>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// What a medium is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// As the platform names it.
    Other(String),
}

/// A place on Earth.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// Latitude and longitude in degrees.
    pub point: Option<(f64, f64)>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// Where a customer came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The developer's reference in the link.
    pub reference: Option<String>,
    /// What happened.
    pub kind: Option<String>,
    /// Where.
    pub source: Option<String>,
    /// The advertisement's id.
    pub ad_id: Option<String>,
    /// The page that the customer was on.
    pub referrer_uri: Option<String>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// A change of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The customer.
    pub author: Author,
    /// What happened.
    pub operation: Operation,
    /// The conversation as the platform counts it.
    pub conversation: Option<Conversation>,
    /// Everything else at the top of the event.
    pub extras: Vec<Extra>,
}

/// What happened to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// It began.
    Created,
    /// It ended.
    Closed,
    /// A human agent answered.
    AgentResponse(AgentResponse),
    /// Somebody else holds it.
    OwnerChanged(Owner),
    /// Something that the contract has no case for.
    Other {
        /// The platform's name of it.
        kind: String,
        /// What came with it, as JSON text.
        details: String,
    },
}

/// What a human agent said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentResponse {
    /// The text.
    pub text: Option<String>,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub published_ms: Option<u64>,
    /// Everything else.
    pub extras: Vec<Extra>,
}

/// A conversation as the platform counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The number that agents see.
    pub display_id: Option<i64>,
    /// How the platform files it.
    pub disposition_id: Option<i64>,
    /// The same, encoded.
    pub encoded_disposition_id: Option<i64>,
    /// The platform's unique id.
    pub uuid: Option<String>,
    /// Everything else.
    pub extras: Vec<Extra>,
}
