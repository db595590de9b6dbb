//! Turns checked actions into messages in the room that an event came from (platforms.md B3).

use std::collections::HashSet;

use super::place::Place;
use super::registration::{Registration, Visibility};
use super::wire::{self, ActionButton, BUTTON_CHARACTERS_MAX, ButtonKind, Message};
use crate::domain::action::{Action, Button, Response};
use crate::domain::bot::Bot;
use crate::domain::delivery::Request;
use crate::domain::validate::{Checked, Refusal};

/// Where that is documented.
const SOURCE: &str = "platforms.md B3";

/// Encodes every action, or says why one cannot be.
pub(super) fn encode(bot: &Bot, event: &[u8], checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
    if checked.actions().len() == 0 {
        return Ok(Vec::new());
    }
    let place = Place::read(event);
    let answer = Answer::to(bot, &place).map_err(|refusal| vec![refusal])?;
    let mut requests = Vec::with_capacity(checked.actions().len());
    let mut refusals = Vec::new();
    for (at, action) in checked.placed() {
        match answer.request(&format!("actions[{at}].{}", action.kind()), action) {
            Ok(request) => requests.push(request),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(requests) } else { Err(refusals) }
}

/// Where an answer goes and who sees it.
struct Answer<'a> {
    bot: &'a str,
    room: &'a str,
    /// The message that every answer is a reply to, and whom it is for where it is for one alone.
    to: Message,
}

impl<'a> Answer<'a> {
    fn to(bot: &'a Bot, place: &'a Place) -> Result<Self, Refusal> {
        let room = place.room().filter(|room| wire::is_id(room)).ok_or_else(|| unanswerable("id of its room"))?;
        // The platform may know the bot by another id than the host does.
        let id = place.bot.as_deref().filter(|id| wire::is_id(id)).unwrap_or(&bot.platform_id);
        let mut to = Message { message_id: place.message.clone(), ..Message::default() };
        if Registration::of(bot).message_visibility == Visibility::Private {
            to.user_id = place.user.clone();
            to.unique_user_identifier = place.unique_user.clone().filter(|_| to.user_id.is_none());
            // Without an addressee everybody in the room would read it.
            place.author().ok_or_else(|| unanswerable("id of its user, whom a private answer is for"))?;
        }
        Ok(Self { bot: id, room, to })
    }

    fn request(&self, path: &str, action: &Action) -> Result<Request, Refusal> {
        let refusal = |rule, reason: String| Refusal { path: path.to_owned(), rule, reason, source: SOURCE };
        let Action::Respond(response) = action else {
            return Err(refusal(
                "unknown-action",
                format!("DeadSimpleChat has no {}; a bot can respond", action.kind()),
            ));
        };
        if response.attachment.is_some() {
            return Err(refusal("attachment", "a message has a text and buttons, and nothing beside them".to_owned()));
        }
        let Some(text) = response.text.as_ref().filter(|text| !text.is_empty()) else {
            return Err(refusal("text-required", "a message needs a text, also where it has buttons".to_owned()));
        };
        let buttons = buttons(response).map_err(|at| {
            let reason = "a button needs a text, which is what is shown of it".to_owned();
            Refusal { path: format!("{path}.buttons[{at}].text"), rule: "empty-text", reason, source: SOURCE }
        })?;
        let message = Message { message: text.clone(), action_buttons: buttons, ..self.to.clone() };
        message
            .request(self.bot, self.room)
            .map_err(|error| refusal("unwritable", format!("the message cannot be written as JSON: {error}")))
    }
}

/// Each button has an id of its own within its message: what it sends, where that is short enough and no other's.
///
/// # Errors
/// The place of a button without a text.
fn buttons(response: &Response) -> Result<Vec<ActionButton>, usize> {
    let mut taken = HashSet::new();
    let all = response.buttons.iter().enumerate();
    all.map(|(at, button)| action_button(button, at + 1, &mut taken).ok_or(at)).collect()
}

fn action_button(button: &Button, number: usize, taken: &mut HashSet<String>) -> Option<ActionButton> {
    let (kind, text, payload, url) = match button {
        Button::Postback { text, payload } => (ButtonKind::Action, text, Some(payload), None),
        Button::Reply { text, payload } => (ButtonKind::Action, text.as_ref()?, Some(payload), None),
        Button::Link { text, url } => (ButtonKind::Link, text, None, Some(url)),
    };
    if text.is_empty() {
        return None;
    }
    let fits = |payload: &&String| payload.chars().count() <= BUTTON_CHARACTERS_MAX && !taken.contains(*payload);
    let mut id = payload.filter(fits).cloned().unwrap_or_else(|| format!("button-{number}"));
    while !taken.insert(id.clone()) {
        id.push('+');
    }
    Some(ActionButton {
        display_text: text.clone(),
        id,
        kind,
        url: url.cloned(),
        image_url: None,
        icon_url: None,
        payload: payload.cloned(),
    })
}

fn unanswerable(what: &str) -> Refusal {
    Refusal {
        path: "actions".to_owned(),
        rule: "unanswerable",
        reason: format!("the event has no {what}: nothing can be said in answer to it"),
        source: SOURCE,
    }
}
