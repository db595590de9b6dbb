//! The check between a bot and the world: all actions are valid, or none is done.
//!
//! The rules are the platforms'; each platform states what it makes of what as [`Rules`] (data), and the check is the same for
//! all. What a platform does in another way is put into that form first, see [`degrade`].

use std::fmt;

use super::action::{Action, Attachment, Button, ListMessage, ListPicker, Response};
use super::bot::Mode;
use super::degrade::{self, Degradation};
use super::event::{Media, MediaKind};
use super::rules::{Feature, Most, Rules, Support};
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
    /// Each with its place in the outcome: what was left out leaves a gap.
    actions: Vec<(usize, Action)>,
    state: StateChange,
    degraded: Vec<Degradation>,
}

impl Checked {
    /// The actions as they are done, in their order.
    #[must_use]
    pub fn actions(&self) -> impl ExactSizeIterator<Item = &Action> {
        self.actions.iter().map(|(_, action)| action)
    }

    /// The same, each with the place that it had in the outcome.
    pub fn placed(&self) -> impl ExactSizeIterator<Item = (usize, &Action)> {
        self.actions.iter().map(|(at, action)| (*at, action))
    }

    /// What of them is done in another way than the bot said it.
    #[must_use]
    pub fn degraded(&self) -> &[Degradation] {
        &self.degraded
    }

    /// What to remember.
    #[must_use]
    pub fn state(&self) -> &StateChange {
        &self.state
    }

    /// Keeps the actions that a bot may do while it is MONITORING, and says which are withheld: their places in the list.
    #[must_use]
    pub fn withhold(self) -> (Self, Vec<usize>) {
        let (actions, withheld): (Vec<_>, Vec<_>) =
            self.actions.into_iter().partition(|(_, action)| action.is_paperwork());
        let withheld = withheld.into_iter().map(|(at, _)| at).collect();
        (Self { actions, state: self.state, degraded: self.degraded }, withheld)
    }

    /// The one thing that the host itself does in a bot's name: giving a conversation to a human agent after the bot failed.
    #[must_use]
    pub fn hand_off(comment: String) -> Self {
        Self { actions: vec![(0, Action::HandOff(Some(comment)))], state: StateChange::Keep, degraded: Vec::new() }
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
    let checked = checker.outcome(outcome);
    if checker.refusals.is_empty() { Ok(checked) } else { Err(checker.refusals) }
}

/// What is wrong with one action that does not come from a turn: it is done as it is said or not at all. Its paths begin with the
/// action's name, as in `respond.buttons[1]`. Who holds the conversation is not asked: the caller knows, or finds out.
#[must_use]
pub fn refusals(action: &Action, rules: &Rules, limits: &Limits) -> Vec<Refusal> {
    let mut checker = Checker { rules, limits, may_speak: true, monitoring: false, refusals: Vec::new() };
    checker.shape(action.kind(), action);
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

    fn outcome(&mut self, outcome: Outcome) -> Checked {
        let Outcome { actions, state } = outcome;
        self.count("actions", actions.len(), self.limits.actions_max);
        if let StateChange::Set(state) = &state
            && state.len() > self.limits.state_bytes_max
        {
            let reason = format!("{} bytes, at most {} are kept", state.len(), self.limits.state_bytes_max);
            self.refuse("state", "state-too-large", SETTINGS, reason);
        }
        let mut checked = Checked { actions: Vec::with_capacity(actions.len()), state, degraded: Vec::new() };
        // Beyond the limit nothing is read: the list may be as long as the guest's memory allows.
        for (at, action) in actions.into_iter().take(self.limits.actions_max).enumerate() {
            let path = format!("actions[{at}].{}", action.kind());
            self.spoken(&path, &action);
            self.follow_ownership(&action);
            // Something else is made only of what is right as it is.
            let known = self.refusals.len();
            self.shape(&path, &action);
            if self.refusals.len() > known {
                continue;
            }
            if let Some(action) = degrade::action(action, &path, self.rules, &mut checked.degraded) {
                self.action(&path, &action);
                checked.actions.push((at, action));
            }
        }
        checked
    }

    /// A bot that takes a conversation over may speak in the same breath; one that handed it off may not.
    fn follow_ownership(&mut self, action: &Action) {
        match action {
            Action::HandOff(_) => self.may_speak = self.monitoring,
            Action::TakeOver => self.may_speak = true,
            _ => {}
        }
    }

    fn spoken(&mut self, path: &str, action: &Action) {
        if action.speaks() && !self.may_speak {
            self.refuse(
                path,
                "not-owner",
                "conformance 82",
                "the bot does not hold this conversation, an agent or another bot does",
            );
        }
    }

    /// The lengths and URLs of a response, which another form of it would have to be made of.
    fn shape(&mut self, path: &str, action: &Action) {
        let Action::Respond(response) = action else { return };
        self.count(&format!("{path}.buttons"), response.buttons.len(), self.limits.items_max);
        for (at, button) in response.buttons.iter().take(self.limits.items_max).enumerate() {
            if let Button::Link { url, .. } = button {
                self.url(&format!("{path}.buttons[{at}].url"), url);
            }
        }
        match &response.attachment {
            Some(Attachment::Media(media)) => self.url(&format!("{path}.media.url"), &media.url),
            Some(Attachment::RichContent(rich)) => self.url(&format!("{path}.rich-content.url"), &rich.url),
            _ => {}
        }
        let Some(Attachment::ListPicker(list)) = &response.attachment else { return };
        self.count(&format!("{path}.list-picker.sections"), list.sections.len(), self.limits.items_max);
        for (at, section) in list.sections.iter().take(self.limits.items_max).enumerate() {
            let path = format!("{path}.list-picker.sections[{at}].choices");
            self.count(&path, section.choices.len(), self.limits.items_max);
        }
    }

    fn action(&mut self, path: &str, action: &Action) {
        match action {
            Action::Respond(response) => self.response(path, response),
            Action::TypingStart | Action::TypingStop => self.allowed(path, Feature::Typing),
            Action::HandOff(comment) => {
                self.allowed(path, Feature::HandOff);
                self.optional_text(path, comment.as_deref());
            }
            Action::Resolve(comment) => {
                self.allowed(path, Feature::Resolve);
                self.optional_text(path, comment.as_deref());
            }
            Action::TakeOver => self.allowed(path, Feature::TakeOver),
            Action::SetPriority(priority) => {
                self.allowed(path, Feature::SetPriority);
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
                self.allowed(path, Feature::Tag);
                self.not_empty(path, "tags", tags.len());
                self.count(path, tags.len(), self.limits.items_max);
                for (at, tag) in tags.iter().take(self.limits.items_max).enumerate() {
                    self.id(&format!("{path}[{at}]"), tag);
                }
            }
            Action::Note(note) => {
                self.allowed(path, Feature::Note);
                self.required_text(path, note);
            }
            Action::MoveTo { id, comment } => {
                self.allowed(path, Feature::MoveTo);
                self.id(&format!("{path}.id"), id);
                self.optional_text(&format!("{path}.comment"), comment.as_deref());
            }
            Action::SetAttributes(attributes) => {
                self.allowed(path, Feature::SetAttributes);
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
        if let Some(text) = &response.text {
            self.allowed(path, Feature::Text);
            self.fits(&format!("{path}.text"), "text-too-long", self.rules.sizes.text, |most| most.unit.of(text));
        }
        let buttons = response.buttons.len();
        self.count(&format!("{path}.buttons"), buttons, self.limits.items_max);
        self.fits(&format!("{path}.buttons"), "too-many", self.rules.sizes.buttons, |_| buttons);
        for (at, button) in response.buttons.iter().take(self.limits.items_max).enumerate() {
            self.button(&format!("{path}.buttons[{at}]"), button);
        }
        match &response.attachment {
            None => {}
            Some(Attachment::ListPicker(list)) => self.list_picker(&format!("{path}.list-picker"), list),
            Some(Attachment::Media(media)) => {
                let path = format!("{path}.media");
                let kind = if media.kind == MediaKind::Image { Feature::Image } else { Feature::Video };
                self.allowed(&path, kind);
                if let MediaKind::Other(kind) = &media.kind {
                    let reason = format!("{:?} is neither IMAGE nor VIDEO", shown(kind));
                    self.refuse(&format!("{path}.kind"), "media-kind", "platforms.md A5", reason);
                }
            }
            Some(Attachment::RichContent(rich)) => {
                let path = format!("{path}.rich-content");
                self.allowed(&path, Feature::RichContent);
                if response.text.is_none() {
                    let reason = "rich content needs a text for networks that cannot show it";
                    self.refuse(&path, "fallback-text", "conformance 116", reason);
                }
                self.url(&format!("{path}.media-url"), &rich.media_url);
                for (name, text) in
                    [("media-type", &rich.media_type), ("title", &rich.title), ("mime-type", &rich.mime_type)]
                {
                    self.required_text(&format!("{path}.{name}"), text);
                }
            }
            // That it is JSON is checked where it is encoded: this room reads no JSON.
            Some(Attachment::Passthrough(json)) => {
                self.allowed(&format!("{path}.passthrough"), Feature::Passthrough);
                self.required_text(&format!("{path}.passthrough"), json);
            }
        }
    }

    fn button(&mut self, path: &str, button: &Button) {
        let sizes = self.rules.sizes;
        let (said, sent) = match button {
            Button::Postback { text, payload } => (Some(text), Some(payload)),
            Button::Reply { text, payload } => (text.as_ref(), Some(payload)),
            Button::Link { text, .. } => (Some(text), None),
        };
        for (name, text, most) in [("text", said, sizes.button_text), ("payload", sent, sizes.button_payload)] {
            let Some(text) = text else { continue };
            self.fits(&format!("{path}.{name}"), "text-too-long", most, |most| most.unit.of(text));
        }
        match button {
            Button::Postback { text, payload } => {
                self.allowed(path, Feature::Postback);
                self.required_text(&format!("{path}.text"), text);
                self.required_text(&format!("{path}.payload"), payload);
            }
            Button::Reply { text, payload } => {
                self.allowed(path, Feature::Reply);
                if text.is_none() {
                    self.allowed(path, Feature::BareReply);
                }
                self.optional_text(&format!("{path}.text"), text.as_deref());
                self.required_text(&format!("{path}.payload"), payload);
            }
            Button::Link { text, .. } => {
                self.allowed(path, Feature::Link);
                self.required_text(&format!("{path}.text"), text);
            }
        }
    }

    fn list_picker(&mut self, path: &str, list: &ListPicker) {
        self.allowed(path, Feature::ListPicker);
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

    fn allowed(&mut self, path: &str, feature: Feature) {
        let rule = self.rules.of(feature);
        if rule.support != Support::Native {
            self.refuse(path, feature.name(), rule.source, "this network has no such thing");
        }
    }

    /// Holds something to the platform's own size, where it has one.
    fn fits(&mut self, path: &str, rule: &'static str, most: Option<Most>, has: impl FnOnce(Most) -> usize) {
        let Some(most) = most else { return };
        let count = has(most);
        if count > most.count {
            let reason = format!("{count} {}, this platform takes at most {}", most.unit.name(), most.count);
            self.refuse(path, rule, most.source, reason);
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
