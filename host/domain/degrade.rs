//! Does in another way what a platform has no own way for, by the platform's [`Rules`]: a list becomes buttons, a link a line.
//! Everything that was changed is told, so that nothing is lost in silence.

use std::fmt;

use super::action::{Action, Attachment, Button, ListPicker, Response};
use super::event::MediaKind;
use super::rules::{Feature, Means, Rules, Support};

/// One thing that is done in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degradation {
    /// Where in the outcome: a JSON path such as `actions[0].respond.list-picker`.
    pub path: String,
    /// What.
    pub feature: Feature,
    /// How.
    pub means: Means,
    /// Where it is documented that the platform does not have it.
    pub source: &'static str,
}

impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, feature, means, source } = self;
        write!(f, "{path}: there is no {} here, so it is {} ({source})", feature.name(), means.words())
    }
}

/// What an action comes to on a platform; nothing when it is left out. What cannot be done at all stays as it is, for the check to
/// refuse.
pub(super) fn action(action: Action, path: &str, rules: &Rules, told: &mut Vec<Degradation>) -> Option<Action> {
    let mut way = Way { rules, told };
    let feature = match &action {
        Action::Respond(_) | Action::Other { .. } => None,
        Action::TypingStart | Action::TypingStop => Some(Feature::Typing),
        Action::HandOff(_) => Some(Feature::HandOff),
        Action::TakeOver => Some(Feature::TakeOver),
        Action::SetPriority(_) => Some(Feature::SetPriority),
        Action::Tag(_) | Action::Untag(_) => Some(Feature::Tag),
        Action::Note(_) => Some(Feature::Note),
        Action::MoveTo { .. } => Some(Feature::MoveTo),
        Action::Resolve(_) => Some(Feature::Resolve),
        Action::SetAttributes(_) => Some(Feature::SetAttributes),
    };
    match (action, feature) {
        (_, Some(feature)) if way.means(path, feature) == Some(Means::Dropped) => None,
        (Action::Respond(response), _) => Some(Action::Respond(Box::new(way.response(path, *response)))),
        (action, _) => Some(action),
    }
}

struct Way<'a> {
    rules: &'a Rules,
    told: &'a mut Vec<Degradation>,
}

impl Way<'_> {
    /// How a feature is done in another way, if it is; that is told then.
    fn means(&mut self, path: &str, feature: Feature) -> Option<Means> {
        let rule = self.rules.of(feature);
        let Support::Degraded(means) = rule.support else { return None };
        self.told.push(Degradation { path: path.to_owned(), feature, means, source: rule.source });
        Some(means)
    }

    fn response(&mut self, path: &str, response: Response) -> Response {
        let Response { text, buttons, attachment } = response;
        let mut said = Said { text, buttons: Vec::with_capacity(buttons.len()) };
        let attachment = attachment.and_then(|attachment| self.attachment(path, attachment, &mut said));
        for (at, button) in buttons.into_iter().enumerate() {
            self.button(&format!("{path}.buttons[{at}]"), button, &mut said);
        }
        Response { text: said.text, buttons: said.buttons, attachment }
    }

    fn attachment(&mut self, path: &str, attachment: Attachment, said: &mut Said) -> Option<Attachment> {
        let (feature, name) = match &attachment {
            Attachment::ListPicker(_) => (Feature::ListPicker, "list-picker"),
            Attachment::Media(media) if media.kind == MediaKind::Image => (Feature::Image, "media"),
            Attachment::Media(_) => (Feature::Video, "media"),
            Attachment::RichContent(_) => (Feature::RichContent, "rich-content"),
            Attachment::Passthrough(_) => (Feature::Passthrough, "passthrough"),
        };
        match (self.means(&format!("{path}.{name}"), feature), attachment) {
            (Some(Means::Choices { most }), Attachment::ListPicker(list)) => said.list(&list, most),
            (Some(Means::Line), Attachment::Media(media)) => said.link(media.title.as_deref(), &media.url),
            (Some(Means::Line), Attachment::RichContent(rich)) => said.link(Some(&rich.title), &rich.url),
            (_, attachment) => return Some(attachment),
        }
        None
    }

    fn button(&mut self, path: &str, button: Button, said: &mut Said) {
        match button {
            Button::Link { text, url } if self.means(path, Feature::Link) == Some(Means::Line) => {
                said.link(Some(&text), &url);
            }
            Button::Reply { text: None, payload } if self.means(path, Feature::BareReply) == Some(Means::Payload) => {
                said.buttons.push(Button::Reply { text: Some(payload.clone()), payload });
            }
            button => said.buttons.push(button),
        }
    }
}

/// A response under way.
struct Said {
    text: Option<String>,
    buttons: Vec<Button>,
}

impl Said {
    fn line(&mut self, line: &str) {
        match &mut self.text {
            Some(text) => {
                text.push('\n');
                text.push_str(line);
            }
            None => self.text = Some(line.to_owned()),
        }
    }

    fn link(&mut self, title: Option<&str>, url: &str) {
        match title.filter(|title| !title.is_empty()) {
            Some(title) => self.line(&format!("{title}: {url}")),
            None => self.line(url),
        }
    }

    /// The numbers go on over the sections, so that each names one choice.
    fn list(&mut self, list: &ListPicker, most: usize) {
        if self.text.is_none() {
            self.line(&list.request_message.title);
        }
        let mut number = 0;
        for section in &list.sections {
            if list.sections.len() > 1 {
                self.line(&section.title);
            }
            for choice in &section.choices {
                number += 1;
                let subtitle = choice.subtitle.as_deref().map(|subtitle| format!(", {subtitle}")).unwrap_or_default();
                self.line(&format!("{number}. {}{subtitle}", choice.title));
            }
        }
        if number <= most {
            let choices = list.sections.iter().flat_map(|section| &section.choices);
            let reply = choices.map(|one| Button::Reply { text: Some(one.title.clone()), payload: one.id.clone() });
            self.buttons.extend(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Degradation, action};
    use crate::domain::action::{
        Action, Attachment, Button, ListChoice, ListMessage, ListPicker, ListSection, Response,
    };
    use crate::domain::event::{Media, MediaKind};
    use crate::domain::rules::{Feature, Means, Rule, Rules};

    fn poor() -> Rules {
        Rules::new(|feature| match feature {
            Feature::ListPicker => Rule::degraded(Means::Choices { most: 2 }, "a page"),
            Feature::Link | Feature::Image | Feature::Video | Feature::RichContent => {
                Rule::degraded(Means::Line, "a page")
            }
            Feature::BareReply => Rule::degraded(Means::Payload, "a page"),
            Feature::Typing => Rule::degraded(Means::Dropped, "a page"),
            _ => Rule::native("a page"),
        })
    }

    fn degraded(one: Action) -> (Option<Action>, Vec<Degradation>) {
        let mut told = Vec::new();
        let action = action(one, "actions[0]", &poor(), &mut told);
        (action, told)
    }

    fn response(response: Response) -> (Response, Vec<Degradation>) {
        let (action, told) = degraded(Action::Respond(Box::new(response)));
        let Some(Action::Respond(response)) = action else { panic!("{action:?}") };
        (*response, told)
    }

    fn list(sections: &[&[&str]]) -> Attachment {
        let bubble = || ListMessage { title: "Pick".to_owned(), subtitle: None, media: None, style: None };
        let choice = |id: &&str| ListChoice {
            id: (*id).to_owned(),
            title: id.to_uppercase(),
            subtitle: (*id == "a").then(|| "the first".to_owned()),
            media: None,
        };
        let section = |choices: &&[&str]| ListSection {
            id: "s".to_owned(),
            title: "Section".to_owned(),
            multiple_selection: false,
            choices: choices.iter().map(choice).collect(),
        };
        let sections = sections.iter().map(section).collect();
        Attachment::ListPicker(Box::new(ListPicker { request_message: bubble(), response_message: bubble(), sections }))
    }

    #[test]
    fn a_list_becomes_numbers_and_buttons_as_long_as_they_fit() {
        let few =
            Response { text: Some("Which?".to_owned()), attachment: Some(list(&[&["a", "b"]])), ..Response::default() };
        let (few, told) = response(few);
        assert_eq!(few.text.as_deref(), Some("Which?\n1. A, the first\n2. B"));
        let reply = |id: &str| Button::Reply { text: Some(id.to_uppercase()), payload: id.to_owned() };
        assert_eq!(few.buttons, [reply("a"), reply("b")]);
        assert_eq!(few.attachment, None);
        assert_eq!(
            told[0].to_string(),
            "actions[0].list-picker: there is no list-picker here, so it is a numbered list, with a button for each choice where \
             they fit (a page)"
        );
        let (many, _) = response(Response { attachment: Some(list(&[&["a", "b"], &["c"]])), ..Response::default() });
        assert_eq!(many.text.as_deref(), Some("Pick\nSection\n1. A, the first\n2. B\nSection\n3. C"));
        assert!(many.buttons.is_empty());
    }

    #[test]
    fn what_has_a_place_elsewhere_becomes_a_line() {
        let film = Media {
            url: "https://a/film".to_owned(),
            kind: MediaKind::Video,
            title: Some("Film".to_owned()),
            extras: Vec::new(),
        };
        let link = Button::Link { text: "More".to_owned(), url: "https://a/more".to_owned() };
        let bare = Button::Reply { text: None, payload: "yes".to_owned() };
        let said = Response { text: None, buttons: vec![link, bare], attachment: Some(Attachment::Media(film)) };
        let (said, told) = response(said);
        assert_eq!(said.text.as_deref(), Some("Film: https://a/film\nMore: https://a/more"));
        assert_eq!(said.buttons, [Button::Reply { text: Some("yes".to_owned()), payload: "yes".to_owned() }]);
        let paths: Vec<_> = told.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["actions[0].media", "actions[0].buttons[0]", "actions[0].buttons[1]"]);
    }

    #[test]
    fn what_nobody_would_notice_is_left_out_and_told() {
        let (typing, told) = degraded(Action::TypingStart);
        assert_eq!((typing, told.len()), (None, 1));
        let (note, told) = degraded(Action::Note("n".to_owned()));
        assert_eq!((note, told.len()), (Some(Action::Note("n".to_owned())), 0));
    }
}
