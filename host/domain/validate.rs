//! The check between a bot and the world: all actions are valid, or none is done.
//!
//! The rules are the platforms'; each platform states what it allows as [`Rules`] (data), and the check is the same for all.

use std::fmt;

use super::action::{Action, Attachment, Button, ListMessage, ListPicker, Response};
use super::bot::Mode;
use super::event::{Media, MediaKind};
use super::turn::{Context, Outcome, StateChange};

/// Limits of what a turn may return; settings `turn.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Actions in one outcome.
    pub actions_max: usize,
    /// Items in any list within an action: buttons, sections, choices, tags, attributes.
    pub items_max: usize,
    /// Bytes of any one text within an action.
    pub text_bytes_max: usize,
    /// Bytes of the stored state.
    pub state_bytes_max: usize,
}

/// What a platform allows on the network that an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether typing indicators exist there.
    pub typing: Rule,
    /// Whether list pickers exist there.
    pub list_picker: Rule,
    /// Whether link buttons exist there.
    pub link_buttons: Rule,
    /// Whether a reply button may go without a text.
    pub reply_without_text: Rule,
    /// Whether tags and queues are whole numbers.
    pub numeric_ids: bool,
    /// The names of `other` actions that the platform knows.
    pub other_kinds: &'static [&'static str],
}

/// One thing that a platform allows or forbids, and where that is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Who says so: a seed's statement or a page.
    pub source: &'static str,
}

/// Why an action may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where in the outcome: a JSON path such as `actions[0].respond.buttons[1]`.
    pub path: String,
    /// The rule's short name.
    pub rule: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
    /// Where the rule is documented.
    pub source: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {} ({})", self.rule, self.path, self.reason, self.source)
    }
}

/// An outcome whose every action may be done. Only [`check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    actions: Vec<Action>,
    state: StateChange,
}

impl Checked {
    /// The actions, in their order.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// What to remember.
    #[must_use]
    pub fn state(&self) -> &StateChange {
        &self.state
    }

    /// Keeps the actions that a bot may do while it is MONITORING, and says which are withheld: their places in the list.
    #[must_use]
    pub fn withhold(self) -> (Self, Vec<usize>) {
        let withheld = self.actions.iter().enumerate().filter(|(_, action)| !action.is_paperwork());
        let withheld = withheld.map(|(at, _)| at).collect();
        let actions = self.actions.into_iter().filter(Action::is_paperwork).collect();
        (Self { actions, state: self.state }, withheld)
    }

    /// The one thing that the host itself does in a bot's name: giving a conversation to a human agent after the bot failed.
    #[must_use]
    pub fn hand_off(comment: String) -> Self {
        Self { actions: vec![Action::HandOff(Some(comment))], state: StateChange::Keep }
    }
}

/// How many refusals are told; more of them say nothing new, and a hostile outcome could hold thousands.
pub const REFUSALS_MAX: usize = 32;
/// How much of a refused text is shown, in characters.
const SHOWN_MAX: usize = 100;

/// Where the host's own limits are documented.
const SETTINGS: &str = "bothost settings, [turn]";

/// Checks everything that a bot returned.
///
/// # Errors
/// Every refusal, not only the first; at most [`REFUSALS_MAX`].
pub fn check(outcome: Outcome, context: &Context, rules: &Rules, limits: &Limits) -> Result<Checked, Vec<Refusal>> {
    // Of a bot that is MONITORING nothing is refused for being said: it is withheld.
    let monitoring = context.mode == Mode::Monitoring;
    let may_speak = monitoring || context.may_speak();
    let mut checker = Checker { rules, limits, monitoring, may_speak, refusals: Vec::new() };
    checker.outcome(&outcome);
    if checker.refusals.is_empty() {
        Ok(Checked { actions: outcome.actions, state: outcome.state })
    } else {
        Err(checker.refusals)
    }
}

/// What is wrong with one action that does not come from a turn. Its paths begin with the action's name, as in
/// `respond.buttons[1]`. Who holds the conversation is not asked: the caller knows, or finds out.
#[must_use]
pub fn refusals(action: &Action, rules: &Rules, limits: &Limits) -> Vec<Refusal> {
    let mut checker = Checker { rules, limits, may_speak: true, monitoring: false, refusals: Vec::new() };
    checker.action(action.kind(), action);
    checker.refusals
}

struct Checker<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    monitoring: bool,
    may_speak: bool,
    refusals: Vec<Refusal>,
}

impl Checker<'_> {
    fn refuse(&mut self, path: &str, rule: &'static str, source: &'static str, reason: impl Into<String>) {
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(Refusal { path: path.to_owned(), rule, reason: reason.into(), source });
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        self.count("actions", outcome.actions.len(), self.limits.actions_max);
        if let StateChange::Set(state) = &outcome.state
            && state.len() > self.limits.state_bytes_max
        {
            let reason = format!("{} bytes, at most {} are kept", state.len(), self.limits.state_bytes_max);
            self.refuse("state", "state-too-large", SETTINGS, reason);
        }
        // Beyond the limit nothing is read: the list may be as long as the guest's memory allows.
        for (at, action) in outcome.actions.iter().take(self.limits.actions_max).enumerate() {
            self.action(&format!("actions[{at}].{}", action.kind()), action);
            self.follow_ownership(action);
        }
    }

    /// A bot that takes a conversation over may speak in the same breath; one that handed it off may not.
    fn follow_ownership(&mut self, action: &Action) {
        match action {
            Action::HandOff(_) => self.may_speak = self.monitoring,
            Action::TakeOver => self.may_speak = true,
            _ => {}
        }
    }

    fn action(&mut self, path: &str, action: &Action) {
        if action.speaks() && !self.may_speak {
            self.refuse(
                path,
                "not-owner",
                "conformance 82",
                "the bot does not hold this conversation, an agent or another bot does",
            );
        }
        match action {
            Action::Respond(response) => self.response(path, response),
            Action::TypingStart | Action::TypingStop => self.allowed(path, "typing", self.rules.typing),
            Action::HandOff(comment) | Action::Resolve(comment) => self.optional_text(path, comment.as_deref()),
            Action::TakeOver => {}
            Action::SetPriority(priority) => {
                if *priority > 5 {
                    self.refuse(
                        path,
                        "priority",
                        "platforms.md A7",
                        format!("{priority} is not within 0 (first) to 5"),
                    );
                }
            }
            Action::Tag(tags) | Action::Untag(tags) => {
                self.not_empty(path, "tags", tags.len());
                self.count(path, tags.len(), self.limits.items_max);
                for (at, tag) in tags.iter().take(self.limits.items_max).enumerate() {
                    self.id(&format!("{path}[{at}]"), tag);
                }
            }
            Action::Note(note) => self.required_text(path, note),
            Action::MoveTo { id, comment } => {
                self.id(&format!("{path}.id"), id);
                self.optional_text(&format!("{path}.comment"), comment.as_deref());
            }
            Action::SetAttributes(attributes) => {
                self.not_empty(path, "attributes", attributes.len());
                self.count(path, attributes.len(), self.limits.items_max);
                for (at, attribute) in attributes.iter().take(self.limits.items_max).enumerate() {
                    self.required_text(&format!("{path}[{at}].name"), &attribute.name);
                    self.count(&format!("{path}[{at}].values"), attribute.values.len(), self.limits.items_max);
                    for value in attribute.values.iter().take(self.limits.items_max) {
                        self.text(&format!("{path}[{at}].values"), value);
                    }
                }
            }
            Action::Other { kind, details } => {
                if !self.rules.other_kinds.contains(&kind.as_str()) {
                    let reason =
                        format!("the platform knows no {:?}; it knows {:?}", shown(kind), self.rules.other_kinds);
                    self.refuse(path, "unknown-action", "wit/actions.wit", reason);
                }
                self.text(path, details);
            }
        }
    }

    fn response(&mut self, path: &str, response: &Response) {
        if response.text.is_none() && response.buttons.is_empty() && response.attachment.is_none() {
            self.refuse(path, "empty-response", "conformance 70", "a response needs a text, buttons or an attachment");
        }
        self.optional_text(&format!("{path}.text"), response.text.as_deref());
        self.count(&format!("{path}.buttons"), response.buttons.len(), self.limits.items_max);
        for (at, button) in response.buttons.iter().take(self.limits.items_max).enumerate() {
            self.button(&format!("{path}.buttons[{at}]"), button);
        }
        match &response.attachment {
            None => {}
            Some(Attachment::ListPicker(list)) => self.list_picker(&format!("{path}.list-picker"), list),
            Some(Attachment::Media(media)) => {
                let path = format!("{path}.media");
                self.url(&format!("{path}.url"), &media.url);
                if let MediaKind::Other(kind) = &media.kind {
                    let reason = format!("{:?} is neither IMAGE nor VIDEO", shown(kind));
                    self.refuse(&format!("{path}.kind"), "media-kind", "platforms.md A5", reason);
                }
            }
            Some(Attachment::RichContent(rich)) => {
                let path = format!("{path}.rich-content");
                if response.text.is_none() {
                    let reason = "rich content needs a text for networks that cannot show it";
                    self.refuse(&path, "fallback-text", "conformance 116", reason);
                }
                self.url(&format!("{path}.url"), &rich.url);
                self.url(&format!("{path}.media-url"), &rich.media_url);
                for (name, text) in
                    [("media-type", &rich.media_type), ("title", &rich.title), ("mime-type", &rich.mime_type)]
                {
                    self.required_text(&format!("{path}.{name}"), text);
                }
            }
            // That it is JSON is checked where it is encoded: this room reads no JSON.
            Some(Attachment::Passthrough(json)) => self.required_text(&format!("{path}.passthrough"), json),
        }
    }

    fn button(&mut self, path: &str, button: &Button) {
        match button {
            Button::Postback { text, payload } => {
                self.required_text(&format!("{path}.text"), text);
                self.required_text(&format!("{path}.payload"), payload);
            }
            Button::Reply { text, payload } => {
                if text.is_none() {
                    self.allowed(path, "reply-text", self.rules.reply_without_text);
                }
                self.optional_text(&format!("{path}.text"), text.as_deref());
                self.required_text(&format!("{path}.payload"), payload);
            }
            Button::Link { text, url } => {
                self.allowed(path, "link-button", self.rules.link_buttons);
                self.required_text(&format!("{path}.text"), text);
                self.url(&format!("{path}.url"), url);
            }
        }
    }

    fn list_picker(&mut self, path: &str, list: &ListPicker) {
        self.allowed(path, "list-picker", self.rules.list_picker);
        self.list_message(&format!("{path}.request-message"), &list.request_message);
        self.list_message(&format!("{path}.response-message"), &list.response_message);
        self.not_empty(&format!("{path}.sections"), "sections", list.sections.len());
        self.count(&format!("{path}.sections"), list.sections.len(), self.limits.items_max);
        for (at, section) in list.sections.iter().take(self.limits.items_max).enumerate() {
            let path = format!("{path}.sections[{at}]");
            self.required_text(&format!("{path}.id"), &section.id);
            self.required_text(&format!("{path}.title"), &section.title);
            self.not_empty(&format!("{path}.choices"), "choices", section.choices.len());
            self.count(&format!("{path}.choices"), section.choices.len(), self.limits.items_max);
            for (at, choice) in section.choices.iter().take(self.limits.items_max).enumerate() {
                let path = format!("{path}.choices[{at}]");
                self.required_text(&format!("{path}.id"), &choice.id);
                self.required_text(&format!("{path}.title"), &choice.title);
                self.optional_text(&format!("{path}.subtitle"), choice.subtitle.as_deref());
                self.picture(&path, choice.media.as_ref());
            }
        }
    }

    fn list_message(&mut self, path: &str, message: &ListMessage) {
        self.required_text(&format!("{path}.title"), &message.title);
        self.optional_text(&format!("{path}.subtitle"), message.subtitle.as_deref());
        self.picture(path, message.media.as_ref());
    }

    fn picture(&mut self, path: &str, media: Option<&Media>) {
        let Some(media) = media else { return };
        self.url(&format!("{path}.media.url"), &media.url);
        if media.kind != MediaKind::Image {
            self.refuse(&format!("{path}.media.kind"), "list-media", "conformance 108", "a list shows pictures only");
        }
    }

    fn allowed(&mut self, path: &str, name: &'static str, rule: Rule) {
        if !rule.allowed {
            self.refuse(path, name, rule.source, "this network has no such thing");
        }
    }

    fn id(&mut self, path: &str, id: &str) {
        self.required_text(path, id);
        if self.rules.numeric_ids && id.parse::<u64>().is_err() {
            self.refuse(path, "numeric-id", "platforms.md A7", format!("{:?} is not a whole number", shown(id)));
        }
    }

    fn url(&mut self, path: &str, url: &str) {
        self.required_text(path, url);
        let complete = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if complete.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
            self.refuse(
                path,
                "url",
                "platforms.md A5",
                format!("{:?} is not a complete http or https URL", shown(url)),
            );
        }
    }

    fn required_text(&mut self, path: &str, text: &str) {
        if text.is_empty() {
            self.refuse(path, "empty-text", "wit/actions.wit", "must not be empty");
        }
        self.text(path, text);
    }

    fn optional_text(&mut self, path: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(path, text);
        }
    }

    fn text(&mut self, path: &str, text: &str) {
        if text.len() > self.limits.text_bytes_max {
            let reason = format!("{} bytes, at most {} may be sent", text.len(), self.limits.text_bytes_max);
            self.refuse(path, "text-too-long", SETTINGS, reason);
        }
    }

    fn not_empty(&mut self, path: &str, what: &str, count: usize) {
        if count == 0 {
            self.refuse(path, "empty-list", "wit/actions.wit", format!("needs {what}"));
        }
    }

    fn count(&mut self, path: &str, count: usize, most: usize) {
        if count > most {
            self.refuse(path, "too-many", SETTINGS, format!("{count} of them, at most {most}"));
        }
    }
}

/// The beginning of a text that a guest wrote.
fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_MAX).map_or(text, |(end, _)| &text[..end])
}
