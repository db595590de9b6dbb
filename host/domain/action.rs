//! What a bot can ask for, in the contract's words (`wit/actions.wit`).

use super::event::Media;

/// One thing to do, always in the conversation that the event came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say something.
    Respond(Box<Response>),
    /// Show that an answer is being written.
    TypingStart,
    /// End that.
    TypingStop,
    /// Give the conversation to a human agent, with a comment.
    HandOff(Option<String>),
    /// Take it back.
    TakeOver,
    /// How urgent it is, 0 to 5.
    SetPriority(u8),
    /// Put tags on it.
    Tag(Vec<String>),
    /// Take tags off.
    Untag(Vec<String>),
    /// Write a note for agents.
    Note(String),
    /// Put it into another queue or group.
    MoveTo {
        /// The queue or group.
        id: String,
        /// A comment for agents.
        comment: Option<String>,
    },
    /// End it as resolved, with a comment.
    Resolve(Option<String>),
    /// Set attributes of the customer.
    SetAttributes(Vec<Attribute>),
    /// Something that only one platform has.
    Other {
        /// The platform's name of it.
        kind: String,
        /// What it needs, as JSON text.
        details: String,
    },
}

impl Action {
    /// The contract's name of the action, for records and figures.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Respond(_) => "respond",
            Self::TypingStart => "typing-start",
            Self::TypingStop => "typing-stop",
            Self::HandOff(_) => "hand-off",
            Self::TakeOver => "take-over",
            Self::SetPriority(_) => "set-priority",
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Note(_) => "note",
            Self::MoveTo { .. } => "move-to",
            Self::Resolve(_) => "resolve",
            Self::SetAttributes(_) => "set-attributes",
            Self::Other { .. } => "other",
        }
    }

    /// Whether the customer sees it, so that only the holder of the conversation may do it. What only one platform has counts
    /// as seen: Khoros' one such action, the secure form, is.
    #[must_use]
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Respond(_) | Self::TypingStart | Self::TypingStop | Self::Other { .. })
    }

    /// Whether it is paperwork: what agents see beside a conversation, while the customer notices nothing and the conversation
    /// stays where it is. A bot that is MONITORING may do this and nothing else (conformance 49; platforms.md A4 "may act
    /// administratively (notes, tags, priority...)"): notes, tags, priority and attributes. Whoever moves, resolves, takes or
    /// gives away a conversation controls it.
    #[must_use]
    pub fn is_paperwork(&self) -> bool {
        match self {
            Self::Note(_) | Self::Tag(_) | Self::Untag(_) | Self::SetPriority(_) | Self::SetAttributes(_) => true,
            Self::Respond(_)
            | Self::TypingStart
            | Self::TypingStop
            | Self::HandOff(_)
            | Self::TakeOver
            | Self::MoveTo { .. }
            | Self::Resolve(_)
            | Self::Other { .. } => false,
        }
    }
}

/// Something to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The text.
    pub text: Option<String>,
    /// Buttons below it.
    pub buttons: Vec<Button>,
    /// What stands beside it.
    pub attachment: Option<Attachment>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Button {
    /// Sends its payload to the bot.
    Postback {
        /// What it says.
        text: String,
        /// What the bot gets.
        payload: String,
    },
    /// Offers a quick answer.
    Reply {
        /// What it says.
        text: Option<String>,
        /// What the bot gets.
        payload: String,
    },
    /// Opens a page.
    Link {
        /// What it says.
        text: String,
        /// Where it goes.
        url: String,
    },
}

/// What may stand beside a text; the type lets only one be said (conformance 99 to 126).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// A list to pick from.
    ListPicker(Box<ListPicker>),
    /// A picture or film.
    Media(Media),
    /// A preview of a page.
    RichContent(RichContent),
    /// The network's own format, as JSON text.
    Passthrough(String),
}

/// A list to pick from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPicker {
    /// What invites to pick.
    pub request_message: ListMessage,
    /// What stands there after the choice.
    pub response_message: ListMessage,
    /// The list.
    pub sections: Vec<ListSection>,
}

/// A bubble around a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMessage {
    /// First line.
    pub title: String,
    /// Second line.
    pub subtitle: Option<String>,
    /// A picture.
    pub media: Option<Media>,
    /// How large the picture is.
    pub style: Option<ListStyle>,
}

/// How large a preview picture is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListStyle {
    /// Large.
    Large,
    /// Small, the default (conformance 105).
    #[default]
    Small,
    /// An icon.
    Icon,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSection {
    /// Comes back with the choice.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Whether several can be picked.
    pub multiple_selection: bool,
    /// What can be picked.
    pub choices: Vec<ListChoice>,
}

/// Something to pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChoice {
    /// Comes back with the choice.
    pub id: String,
    /// First line.
    pub title: String,
    /// Second line.
    pub subtitle: Option<String>,
    /// A picture.
    pub media: Option<Media>,
}

/// A preview of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RichContent {
    /// What the preview shows.
    pub media_type: String,
    /// The page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The picture.
    pub media_url: String,
    /// The picture's type.
    pub mime_type: String,
}

/// An attribute of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}
