//! From the domain to contract version 0: contexts and events.

use super::bindings::bothost::bot::types;
use super::bindings::exports::bothost::bot::{message, update};
use crate::domain::event::{
    Author, Conversation, Extra, FormResponse, Location, Media, MediaKind, Message, Operation, Owner, Press, Referral,
    Update, Visibility,
};
use crate::domain::turn::{Context, PastMessage};

pub(super) fn context(context: &Context) -> types::Context {
    types::Context {
        platform: context.platform.clone(),
        event_id: context.event.to_string(),
        bot_id: context.bot.clone(),
        conversation_id: context.conversation.to_string(),
        network: context.origin.network.clone(),
        channel: context.origin.channel.clone(),
        visibility: match context.origin.visibility {
            Visibility::Private => types::Visibility::Private,
            Visibility::Public => types::Visibility::Public,
        },
        owner: owner(&context.owner),
        may_speak: context.may_speak(),
        attempt: context.attempt,
        state: context.state.clone(),
        config: context.config.clone(),
        now_ms: context.now_ms,
        seed: context.seed,
        history: context.history.iter().map(past_message).collect(),
        raw: context.raw.clone(),
        extras: extras(&context.extras),
    }
}

pub(super) fn message(message: &Message) -> message::Message {
    message::Message {
        id: message.id.clone(),
        text: message.text.clone(),
        author: author(&message.author),
        owner: message.owner.as_ref().map(owner),
        published_ms: message.published_ms,
        received_ms: message.received_ms,
        presses: message.presses.iter().map(press).collect(),
        form: message.form.as_ref().map(form),
        list_response: message.list_response.clone(),
        media: message.media.iter().map(media).collect(),
        location: message.location.as_ref().map(location),
        referral: message.referral.as_ref().map(referral),
        properties: extras(&message.properties),
        extras: extras(&message.extras),
    }
}

pub(super) fn update(update: &Update) -> update::Update {
    update::Update {
        author: author(&update.author),
        operation: operation(&update.operation),
        conversation: update.conversation.as_ref().map(conversation),
        extras: extras(&update.extras),
    }
}

fn owner(owner: &Owner) -> types::Owner {
    match owner {
        Owner::Agent => types::Owner::Agent,
        Owner::Bot(id) => types::Owner::Bot(id.clone()),
    }
}

fn extras(extras: &[Extra]) -> Vec<types::Extra> {
    extras.iter().map(|extra| types::Extra { key: extra.key.clone(), value: extra.json.clone() }).collect()
}

fn past_message(past: &PastMessage) -> types::PastMessage {
    types::PastMessage {
        author: past.author.as_ref().map(author),
        text: past.text.clone(),
        published_ms: past.published_ms,
    }
}

fn author(author: &Author) -> types::Author {
    types::Author {
        id: author.id.clone(),
        full_name: author.full_name.clone(),
        properties: extras(&author.properties),
        extras: extras(&author.extras),
    }
}

fn media(media: &Media) -> types::Media {
    types::Media {
        url: media.url.clone(),
        kind: match &media.kind {
            MediaKind::Image => types::MediaKind::Image,
            MediaKind::Video => types::MediaKind::Video,
            MediaKind::Other(kind) => types::MediaKind::Other(kind.clone()),
        },
        title: media.title.clone(),
        extras: extras(&media.extras),
    }
}

fn press(press: &Press) -> message::Press {
    message::Press { kind: press.kind.clone(), payload: press.payload.clone(), text: press.text.clone() }
}

fn form(form: &FormResponse) -> message::FormResponse {
    let field = |field: &crate::domain::event::FormField| message::FormField {
        name: field.name.clone(),
        label: field.label.clone(),
        values: field.values.clone(),
        raw: field.raw.clone(),
    };
    message::FormResponse {
        fields: form.fields.iter().map(field).collect(),
        quoted_fields: form.quoted_fields.clone(),
        extras: extras(&form.extras),
    }
}

fn location(location: &Location) -> message::Location {
    message::Location {
        country_code: location.country_code.clone(),
        point: location.point,
        extras: extras(&location.extras),
    }
}

fn referral(referral: &Referral) -> message::Referral {
    message::Referral {
        reference: referral.reference.clone(),
        kind: referral.kind.clone(),
        source: referral.source.clone(),
        ad_id: referral.ad_id.clone(),
        referrer_uri: referral.referrer_uri.clone(),
        extras: extras(&referral.extras),
    }
}

fn operation(operation: &Operation) -> update::Operation {
    match operation {
        Operation::Created => update::Operation::Created,
        Operation::Closed => update::Operation::Closed,
        Operation::AgentResponse(response) => update::Operation::AgentResponse(update::AgentResponse {
            text: response.text.clone(),
            published_ms: response.published_ms,
            extras: extras(&response.extras),
        }),
        Operation::OwnerChanged(holder) => update::Operation::OwnerChanged(owner(holder)),
        Operation::Other { kind, details } => {
            update::Operation::Other(update::OtherOperation { kind: kind.clone(), details: details.clone() })
        }
    }
}

fn conversation(conversation: &Conversation) -> update::Conversation {
    update::Conversation {
        display_id: conversation.display_id,
        disposition_id: conversation.disposition_id,
        encoded_disposition_id: conversation.encoded_disposition_id,
        uuid: conversation.uuid.clone(),
        extras: extras(&conversation.extras),
    }
}
