//! The contract's types for what this bot says.

use crate::bothost::bot::actions::{
    Action, Attachment, Button, ListChoice, ListMessage, ListPicker, ListSection, Postback, Response,
};
use crate::settings::Treatment;
use crate::understand::Intent;

/// Networks with typing indicators (seed 001). Elsewhere the host would refuse them, and the whole answer with them.
const TYPING_NETWORKS: [&str; 5] = ["brandmessenger", "smooch", "facebook", "googlemessages", "apple"];
/// The network with list pickers (seed 001: "Apple Business Chat only").
const LIST_NETWORK: &str = "apple";

/// A text.
pub fn text(text: impl Into<String>) -> Action {
    respond(text.into(), Vec::new(), None)
}

/// A text with a button for each intent.
pub fn with_buttons(text: impl Into<String>, buttons: &[(&str, Intent)]) -> Action {
    let buttons = buttons.iter().map(|(label, intent)| postback(label, intent)).collect();
    respond(text.into(), buttons, None)
}

/// The treatments: a list picker where the network has one, elsewhere a numbered list with buttons, so that it can be
/// answered even where buttons are not shown.
pub fn treatments(invitation: String, treatments: &[Treatment], network: &str) -> Action {
    if network == LIST_NETWORK {
        return respond(invitation, Vec::new(), Some(Attachment::ListPicker(list_picker(treatments))));
    }
    let mut text = invitation;
    for (at, treatment) in treatments.iter().enumerate() {
        text.push_str(&format!("\n{}. {}", at + 1, treatment.title));
        if let Some(subtitle) = &treatment.subtitle {
            text.push_str(&format!(", {subtitle}"));
        }
    }
    let choice = |treatment: &Treatment| postback(&treatment.title, &Intent::Choose(treatment.id.clone()));
    respond(text, treatments.iter().map(choice).collect(), None)
}

/// The same actions, with "is writing" shown around them where the network can. Sending a message does not end the
/// indicator (seed 001), so it is ended too.
pub fn typing(network: &str, mut actions: Vec<Action>) -> Vec<Action> {
    if TYPING_NETWORKS.contains(&network) {
        actions.insert(0, Action::TypingStart);
        actions.push(Action::TypingStop);
    }
    actions
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
