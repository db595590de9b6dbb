//! The events of a response: messages, rich messages and files (platforms.md C4).

use serde_json::{Value, json};

use super::{Answer, passthrough, refusal};
use crate::domain::action::{Attachment, Button, Response};
use crate::domain::validate::Refusal;
use crate::platform::livechat::wire::{BUTTONS_MAX, is_own_file};

/// The longest text that is the title of a card or of quick replies, in bytes: a line. A longer one is a message of its own, before it. No
/// document gives a number.
const TITLE_BYTES_MAX: usize = 256;

impl Answer<'_> {
    /// What is said, in its order: a file, or a text that is too long for a title; then the rest.
    pub(super) fn events(&self, path: &str, response: &Response) -> Result<Vec<Value>, Refusal> {
        let Response { text, buttons, attachment } = response;
        let text = text.as_deref().filter(|text| !text.is_empty());
        let said = |text| said(text, buttons);
        let events = match attachment {
            None | Some(Attachment::ListPicker(_)) => said(text),
            Some(Attachment::Passthrough(json)) => {
                let event = passthrough::read(&format!("{path}.passthrough"), json)?;
                said(text).into_iter().chain([event]).collect()
            }
            Some(Attachment::Media(media)) if is_own_file(&media.url) => {
                let file = json!({ "type": "file", "url": media.url, "recipients": "all" });
                [file].into_iter().chain(said(text)).collect()
            }
            Some(Attachment::Media(media)) => {
                let mut image = json!({ "url": media.url });
                if let Some(name) = &media.title {
                    image["name"] = json!(name);
                }
                titled(text, "cards", json!({ "image": image }), buttons)
            }
            // The text is for networks that have no previews (wit/actions.wit).
            Some(Attachment::RichContent(rich)) => {
                let page = Button::Link { text: rich.title.clone(), url: rich.url.clone() };
                let buttons: Vec<_> = buttons.iter().chain([&page]).cloned().collect();
                if buttons.len() > BUTTONS_MAX {
                    let reason =
                        format!("the link to the page is a button too, and an element has at most {BUTTONS_MAX}");
                    return Err(refusal(&format!("{path}.buttons"), "too-many", reason));
                }
                let image = json!({ "url": rich.media_url, "content_type": rich.mime_type });
                titled(Some(&rich.title), "cards", json!({ "image": image }), &buttons)
            }
        };
        // An empty text is none; a response of nothing else would be lost in silence.
        if events.is_empty() {
            return Err(refusal(
                path,
                "empty-response",
                "the text is empty, and there is nothing beside it".to_owned(),
            ));
        }
        Ok(events)
    }
}

/// A text, with buttons or without. Quick replies go away when one is pressed; other buttons stay, on a card.
fn said(text: Option<&str>, buttons: &[Button]) -> Vec<Value> {
    if buttons.is_empty() {
        return text.map(message).into_iter().collect();
    }
    let quick = buttons.iter().all(|button| matches!(button, Button::Reply { .. }));
    titled(text, if quick { "quick_replies" } else { "cards" }, json!({}), buttons)
}

/// One element with a title, behind a message where the title is too long to be one.
fn titled(title: Option<&str>, template: &str, mut element: Value, buttons: &[Button]) -> Vec<Value> {
    let is_title = |text: &&str| text.len() <= TITLE_BYTES_MAX && !text.contains('\n');
    if let Some(title) = title.filter(is_title) {
        element["title"] = json!(title);
    }
    if !buttons.is_empty() {
        element["buttons"] = buttons.iter().map(button).collect();
    }
    let rich = json!({ "type": "rich_message", "template_id": template, "elements": [element], "recipients": "all" });
    let before = title.filter(|title| !is_title(title)).map(message);
    before.into_iter().chain([rich]).collect()
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "text": text, "recipients": "all" })
}

/// A reply writes its text as the customer; a link opens its page, and tells the bot which.
fn button(button: &Button) -> Value {
    match button {
        Button::Postback { text, payload } => json!({ "text": text, "postback_id": payload, "user_ids": [] }),
        Button::Reply { text, payload } => {
            let text = text.as_ref().filter(|text| !text.is_empty()).unwrap_or(payload);
            json!({ "type": "message", "text": text, "value": text, "postback_id": payload, "user_ids": [] })
        }
        Button::Link { text, url } => {
            json!({ "type": "url", "text": text, "value": url, "postback_id": url, "user_ids": [] })
        }
    }
}
