//! The body of `POST /respond` with a message (seed 001; platforms.md A6).

use super::Answer;
use crate::domain::action::{Attachment, Button, ListMessage, ListPicker, Response};
use crate::domain::event::Media;
use crate::domain::validate::Refusal;
use crate::platform::khoros::{passthrough, wire};

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
                passthrough::check(json, Some(&self.network))
                    .map_err(|fault| fault.refusal(format!("{path}.passthrough")))?;
                body.payload = Some(json);
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

fn media(media: &Media) -> wire::Media<'_> {
    wire::Media { url: &media.url, media_type: wire::media_type(&media.kind), title: media.title.as_deref() }
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
    wire::ListMessage {
        title: &message.title,
        subtitle: message.subtitle.as_deref(),
        media: message.media.as_ref().map(media),
        style: message.style.map(wire::style),
    }
}
