//! What a platform makes of each thing that a bot may ask for: a table, stated by the platform, that the check follows.

/// Something that a bot may ask for, as finely as platforms differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `respond` with a text.
    Text,
    /// A button that sends its payload.
    Postback,
    /// A quick answer.
    Reply,
    /// A quick answer without a text.
    BareReply,
    /// A button that opens a page.
    Link,
    /// A list to pick from.
    ListPicker,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A preview of a page.
    RichContent,
    /// The network's own format.
    Passthrough,
    /// `typing-start` and `typing-stop`.
    Typing,
    /// `hand-off`.
    HandOff,
    /// `take-over`.
    TakeOver,
    /// `set-priority`.
    SetPriority,
    /// `tag` and `untag`.
    Tag,
    /// `note`.
    Note,
    /// `move-to`.
    MoveTo,
    /// `resolve`.
    Resolve,
    /// `set-attributes`.
    SetAttributes,
}

impl Feature {
    /// Every feature, in the order of `wit/actions.wit`.
    pub const ALL: [Self; 19] = [
        Self::Text,
        Self::Postback,
        Self::Reply,
        Self::BareReply,
        Self::Link,
        Self::ListPicker,
        Self::Image,
        Self::Video,
        Self::RichContent,
        Self::Passthrough,
        Self::Typing,
        Self::HandOff,
        Self::TakeOver,
        Self::SetPriority,
        Self::Tag,
        Self::Note,
        Self::MoveTo,
        Self::Resolve,
        Self::SetAttributes,
    ];

    /// Its name in refusals, figures and the context's `refused`: the contract's word where it is an action.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Postback => "postback-button",
            Self::Reply => "reply-button",
            Self::BareReply => "reply-text",
            Self::Link => "link-button",
            Self::ListPicker => "list-picker",
            Self::Image => "image",
            Self::Video => "video",
            Self::RichContent => "rich-content",
            Self::Passthrough => "passthrough",
            Self::Typing => "typing",
            Self::HandOff => "hand-off",
            Self::TakeOver => "take-over",
            Self::SetPriority => "set-priority",
            Self::Tag => "tag",
            Self::Note => "note",
            Self::MoveTo => "move-to",
            Self::Resolve => "resolve",
            Self::SetAttributes => "set-attributes",
        }
    }
}

/// What a platform makes of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It is done as it is said.
    Native,
    /// It is done in another way, which is recorded and counted.
    Degraded(Means),
    /// It cannot be done, and neither can the rest of the outcome.
    Refused,
}

/// How a feature is done where it does not exist. What a customer waits for is never among the dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// It is left out: nobody there could notice it.
    Dropped,
    /// A list picker: its choices as a numbered list in the text and, where there are at most so many, a reply button each,
    /// which sends the choice's id.
    Choices {
        /// How many reply buttons fit.
        most: usize,
    },
    /// What it says and its URL are a line of the text.
    Line,
    /// A quick answer without a text shows its payload.
    Payload,
}

impl Means {
    /// One word for figures and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Choices { .. } => "choices",
            Self::Line => "line",
            Self::Payload => "payload",
        }
    }

    /// The same for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Dropped => "left out",
            Self::Choices { .. } => "a numbered list, with a button for each choice where they fit",
            Self::Line => "a line of the text",
            Self::Payload => "shown by its payload",
        }
    }
}

/// What a platform says of one feature, and where that is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What it makes of it.
    pub support: Support,
    /// Who says so: a seed's statement or a page.
    pub source: &'static str,
}

impl Rule {
    /// It is done as it is said.
    #[must_use]
    pub const fn native(source: &'static str) -> Self {
        Self { support: Support::Native, source }
    }

    /// It is done in another way.
    #[must_use]
    pub const fn degraded(means: Means, source: &'static str) -> Self {
        Self { support: Support::Degraded(means), source }
    }

    /// It cannot be done.
    #[must_use]
    pub const fn refused(source: &'static str) -> Self {
        Self { support: Support::Refused, source }
    }

    /// Native on a condition, and else degraded.
    #[must_use]
    pub const fn native_if(native: bool, otherwise: Means, source: &'static str) -> Self {
        if native { Self::native(source) } else { Self::degraded(otherwise, source) }
    }
}

/// The most that something may have, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// The number.
    pub count: usize,
    /// What is counted.
    pub unit: Unit,
    /// Where it is documented.
    pub source: &'static str,
}

/// What a text's length is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode code points.
    Characters,
    /// Items of a list.
    Items,
}

impl Unit {
    /// Its plural.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Characters => "characters",
            Self::Items => "items",
        }
    }

    /// How many of them a text has.
    #[must_use]
    pub fn of(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Characters => text.chars().count(),
            Self::Items => 1,
        }
    }
}

/// The platform's own sizes, besides the host's settings. None: the platform documents none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// A response's text, after what is degraded was put into it.
    pub text: Option<Most>,
    /// Buttons of a response.
    pub buttons: Option<Most>,
    /// What a button says.
    pub button_text: Option<Most>,
    /// What a button sends.
    pub button_payload: Option<Most>,
}

/// What a platform allows where an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    table: [Rule; Feature::ALL.len()],
    /// The platform's own sizes.
    pub sizes: Sizes,
    /// Whether tags and queues are whole numbers.
    pub numeric_ids: bool,
    /// The names of `other` actions that the platform knows.
    pub other_kinds: &'static [&'static str],
}

impl Rules {
    /// The table of what a platform says of each feature; it allows any id and knows no `other` action and no size.
    #[must_use]
    pub fn new(rule: impl Fn(Feature) -> Rule) -> Self {
        Self { table: Feature::ALL.map(rule), sizes: Sizes::default(), numeric_ids: false, other_kinds: &[] }
    }

    /// The rule of a feature.
    #[must_use]
    pub fn of(&self, feature: Feature) -> Rule {
        // The discriminants count from 0 in the order of `ALL`; a test holds it.
        self.table[feature as usize]
    }

    /// What is refused there, by name: bots are told.
    pub fn refused(&self) -> impl Iterator<Item = &'static str> + '_ {
        let refused = |feature: &Feature| self.of(*feature).support == Support::Refused;
        Feature::ALL.into_iter().filter(refused).map(Feature::name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Feature, Rule, Rules};

    #[test]
    fn each_feature_finds_its_own_rule() {
        let rules = Rules::new(|feature| Rule::native(feature.name()));
        for feature in Feature::ALL {
            assert_eq!(rules.of(feature).source, feature.name());
        }
    }
}
