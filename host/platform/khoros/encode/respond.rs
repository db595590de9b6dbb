//! The body of `POST /respond` with a message (seed 001; platforms.md A6).

use serde_json::Value;

use super::Answer;
use crate::domain::action::{Attachment, Button, ListMessage, ListPicker, ListStyle, Response};
use crate::domain::event::{Media, MediaKind};
use crate::domain::validate::Refusal;
use crate::platform::khoros::wire;

impl<'a> Answer<'a> {
    /// The attachment is a variant of four, so that no two of them can meet in one message (conformance 99-126).
    pub(super) fn respond<'b>(&self, path: &str, response: &'b Response) -> Result<wire::Respond<'b>, Refusal>
    where
        'a: 'b,
    {
        let mut body = wire::Respond { text: response.text.as_deref(), ..wire::Respond::default() };
        for (at, one) in response.buttons.iter().enumerate() {
            body.actions.push(button(&format!("{path}.buttons[{at}]"), one)?);
        }
        if !body.actions.is_empty() {
            body.owner = self.owner;
            body.published_ts = self.published_ts;
            body.received_ts = self.received_ts;
        }
        match &response.attachment {
            None => {}
            Some(Attachment::ListPicker(picker)) => body.list = Some(list(picker)),
            Some(Attachment::Media(one)) => body.media = Some([media(one)]),
            Some(Attachment::RichContent(rich)) => {
                body.rich_content = Some(wire::RichContent {
                    media_type: &rich.media_type,
                    url: &rich.url,
                    title: &rich.title,
                    media_url: &rich.media_url,
                    mime_type: &rich.mime_type,
                });
            }
            Some(Attachment::Passthrough(json)) => {
                body.payload = Some(passthrough(&format!("{path}.passthrough"), json)?);
            }
        }
        Ok(body)
    }
}

fn button<'a>(path: &str, button: &'a Button) -> Result<wire::Button<'a>, Refusal> {
    match button {
        Button::Postback { text, payload } => Ok(wire::Button { kind: "postback", payload, text: Some(text) }),
        Button::Reply { text, payload } => Ok(wire::Button { kind: "reply", payload, text: text.as_deref() }),
        Button::Link { .. } => Err(Refusal {
            path: path.to_owned(),
            rule: "link-button",
            reason: "Khoros has no link buttons; say it in a passthrough".to_owned(),
            source: "conformance 94, 95",
        }),
    }
}

fn passthrough<'a>(path: &str, json: &'a str) -> Result<&'a str, Refusal> {
    let reason = match serde_json::from_str(json) {
        Ok(Value::Object(_) | Value::Array(_)) => return Ok(json),
        Ok(_) => "must hold a JSON object or array".to_owned(),
        Err(error) => format!("must hold a JSON object or array: {error}"),
    };
    Err(Refusal { path: path.to_owned(), rule: "passthrough", reason, source: "conformance 125" })
}

fn media(media: &Media) -> wire::Media<'_> {
    let media_type = match &media.kind {
        MediaKind::Image => "IMAGE",
        MediaKind::Video => "VIDEO",
        MediaKind::Other(kind) => kind,
    };
    wire::Media { url: &media.url, media_type, title: media.title.as_deref() }
}

fn list(picker: &ListPicker) -> wire::List<'_> {
    let sections = picker.sections.iter().map(|section| wire::ListSection {
        id: &section.id,
        title: &section.title,
        multiple_selection: section.multiple_selection,
        choices: section
            .choices
            .iter()
            .map(|choice| wire::ListChoice {
                id: &choice.id,
                message: wire::ListMessage {
                    title: &choice.title,
                    subtitle: choice.subtitle.as_deref(),
                    media: choice.media.as_ref().map(media),
                    style: None,
                },
            })
            .collect(),
    });
    wire::List {
        request_message: list_message(&picker.request_message),
        response_message: list_message(&picker.response_message),
        sections: sections.collect(),
    }
}

fn list_message(message: &ListMessage) -> wire::ListMessage<'_> {
    let style = message.style.map(|style| match style {
        ListStyle::Large => "LARGE",
        ListStyle::Small => "SMALL",
        ListStyle::Icon => "ICON",
    });
    wire::ListMessage {
        title: &message.title,
        subtitle: message.subtitle.as_deref(),
        media: message.media.as_ref().map(media),
        style,
    }
}
