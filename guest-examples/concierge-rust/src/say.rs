//! The contract's types for what this bot says.

use crate::bothost::bot::actions::{
    Action, Attachment, Button, ListChoice, ListMessage, ListPicker, ListSection, Postback, Response,
};
use crate::settings::Treatment;
use crate::understand::Intent;

/// A text.
pub fn text(text: impl Into<String>) -> Action {
    respond(text.into(), Vec::new(), None)
}

/// A text with a button for each intent.
pub fn with_buttons(text: impl Into<String>, buttons: &[(&str, Intent)]) -> Action {
    let buttons = buttons.iter().map(|(label, intent)| postback(label, intent)).collect();
    respond(text.into(), buttons, None)
}

/// The treatments as a list picker. Where the network has none the host shows a numbered list with buttons in its place.
pub fn treatments(invitation: String, treatments: &[Treatment]) -> Action {
    respond(invitation, Vec::new(), Some(Attachment::ListPicker(list_picker(treatments))))
}

/// An answer with "is writing" shown around it; where the network cannot, the host leaves that out. Sending a message does not
/// end the indicator (seed 001), so it is ended too.
pub fn typing(answer: Action) -> Vec<Action> {
    vec![Action::TypingStart, answer, Action::TypingStop]
}

fn respond(text: String, buttons: Vec<Button>, attachment: Option<Attachment>) -> Action {
    Action::Respond(Response { text: Some(text), buttons, attachment, extras: Vec::new() })
}

fn postback(label: &str, intent: &Intent) -> Button {
    Button::Postback(Postback { text: label.to_owned(), payload: intent.payload() })
}

fn list_picker(treatments: &[Treatment]) -> ListPicker {
    let bubble = |title: &str, subtitle: &str| ListMessage {
        title: title.to_owned(),
        subtitle: Some(subtitle.to_owned()),
        media: None,
        style: None,
    };
    let choice = |treatment: &Treatment| ListChoice {
        id: treatment.id.clone(),
        title: treatment.title.clone(),
        subtitle: treatment.subtitle.clone(),
        media: None,
    };
    ListPicker {
        request_message: bubble("Our treatments", "Tap to choose"),
        response_message: bubble("Your choice", "Thank you"),
        sections: vec![ListSection {
            id: "treatments".to_owned(),
            title: "Treatments".to_owned(),
            multiple_selection: false,
            choices: treatments.iter().map(choice).collect(),
        }],
    }
}
