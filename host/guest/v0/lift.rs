//! From contract version 0 to the domain: outcomes and failures.

use super::Failure;
use super::bindings::bothost::bot::{actions as guest, types};
use crate::domain::action::{
    Action, Attachment, Attribute, Button, ListChoice, ListMessage, ListPicker, ListSection, ListStyle, Response,
    RichContent,
};
use crate::domain::event::{Extra, Media, MediaKind};
use crate::domain::turn::{Outcome, StateChange};
use crate::guest::text;

/// The outcome's `extras` are for later versions of the contract; this one has nothing to do with them.
pub(super) fn outcome(outcome: guest::Outcome) -> Outcome {
    Outcome {
        actions: outcome.actions.into_iter().map(action).collect(),
        state: match outcome.state {
            guest::StateChange::Keep => StateChange::Keep,
            guest::StateChange::Set(state) => StateChange::Set(state),
            guest::StateChange::Clear => StateChange::Clear,
        },
    }
}

pub(super) fn failure(failure: guest::Failure) -> Failure {
    match failure {
        guest::Failure::Retry(reason) => Failure::Retry(text::cap(&reason)),
        guest::Failure::GiveUp(reason) => Failure::GiveUp(text::cap(&reason)),
    }
}

fn action(action: guest::Action) -> Action {
    match action {
        guest::Action::Respond(it) => Action::Respond(Box::new(response(it))),
        guest::Action::TypingStart => Action::TypingStart,
        guest::Action::TypingStop => Action::TypingStop,
        guest::Action::HandOff(comment) => Action::HandOff(comment),
        guest::Action::TakeOver => Action::TakeOver,
        guest::Action::SetPriority(priority) => Action::SetPriority(priority),
        guest::Action::Tag(tags) => Action::Tag(tags),
        guest::Action::Untag(tags) => Action::Untag(tags),
        guest::Action::Note(note) => Action::Note(note),
        guest::Action::MoveTo(it) => Action::MoveTo { id: it.id, comment: it.comment },
        guest::Action::Resolve(comment) => Action::Resolve(comment),
        guest::Action::SetAttributes(attributes) => {
            let attribute = |it: guest::Attribute| Attribute { name: it.name, values: it.values };
            Action::SetAttributes(attributes.into_iter().map(attribute).collect())
        }
        guest::Action::Other(it) => Action::Other { kind: it.kind, details: it.details },
    }
}

fn response(response: guest::Response) -> Response {
    Response {
        text: response.text,
        buttons: response.buttons.into_iter().map(button).collect(),
        attachment: response.attachment.map(attachment),
    }
}

fn button(button: guest::Button) -> Button {
    match button {
        guest::Button::Postback(it) => Button::Postback { text: it.text, payload: it.payload },
        guest::Button::Reply(it) => Button::Reply { text: it.text, payload: it.payload },
        guest::Button::Link(it) => Button::Link { text: it.text, url: it.url },
    }
}

fn attachment(attachment: guest::Attachment) -> Attachment {
    match attachment {
        guest::Attachment::ListPicker(it) => Attachment::ListPicker(Box::new(ListPicker {
            request_message: list_message(it.request_message),
            response_message: list_message(it.response_message),
            sections: it.sections.into_iter().map(list_section).collect(),
        })),
        guest::Attachment::Media(it) => Attachment::Media(media(it)),
        guest::Attachment::RichContent(it) => Attachment::RichContent(RichContent {
            media_type: it.media_type,
            url: it.url,
            title: it.title,
            media_url: it.media_url,
            mime_type: it.mime_type,
        }),
        guest::Attachment::Passthrough(json) => Attachment::Passthrough(json),
    }
}

fn list_message(message: guest::ListMessage) -> ListMessage {
    ListMessage {
        title: message.title,
        subtitle: message.subtitle,
        media: message.media.map(media),
        style: message.style.map(|style| match style {
            guest::ListStyle::Large => ListStyle::Large,
            guest::ListStyle::Small => ListStyle::Small,
            guest::ListStyle::Icon => ListStyle::Icon,
        }),
    }
}

fn list_section(section: guest::ListSection) -> ListSection {
    let choice = |it: guest::ListChoice| ListChoice {
        id: it.id,
        title: it.title,
        subtitle: it.subtitle,
        media: it.media.map(media),
    };
    ListSection {
        id: section.id,
        title: section.title,
        multiple_selection: section.multiple_selection,
        choices: section.choices.into_iter().map(choice).collect(),
    }
}

fn media(media: types::Media) -> Media {
    Media {
        url: media.url,
        kind: match media.kind {
            types::MediaKind::Image => MediaKind::Image,
            types::MediaKind::Video => MediaKind::Video,
            types::MediaKind::Other(kind) => MediaKind::Other(kind),
        },
        title: media.title,
        extras: media.extras.into_iter().map(|extra| Extra { key: extra.key, json: extra.value }).collect(),
    }
}
