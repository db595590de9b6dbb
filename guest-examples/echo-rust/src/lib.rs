//! The smallest bot: it says what it hears, as long as the conversation is its own.

wit_bindgen::generate!({ path: "../../wit", world: "bot" });

use bothost::bot::actions::{Action, Failure, Outcome, Response, StateChange};
use bothost::bot::types::Context;
use exports::bothost::bot::message::{self, Message};
use exports::bothost::bot::update::{self, Update};

struct Echo;

impl message::Guest for Echo {
    fn handle(context: Context, message: Message) -> Result<Outcome, Failure> {
        let actions = match message.text {
            Some(text) if context.may_speak && !text.is_empty() => vec![say(text)],
            _ => Vec::new(),
        };
        Ok(outcome(actions))
    }
}

impl update::Guest for Echo {
    fn handle(_: Context, _: Update) -> Result<Outcome, Failure> {
        Ok(outcome(Vec::new()))
    }
}

fn say(text: String) -> Action {
    Action::Respond(Response { text: Some(text), buttons: Vec::new(), attachment: None, extras: Vec::new() })
}

fn outcome(actions: Vec<Action>) -> Outcome {
    Outcome { actions, state: StateChange::Keep, extras: Vec::new() }
}

export!(Echo);
