//! {{name}}: greets by name, says back what it is told, and counts the messages.
//!
//! The host calls `handle` for each event. A bot does nothing itself: it returns what it wants done. And it remembers nothing
//! itself: each event gets a fresh instance of it, and only the state lasts.

// Types and glue from the contract in wit/.
wit_bindgen::generate!({ path: "wit", world: "bot" });

use bothost::bot::actions::{Action, Button, Failure, Outcome, Postback, Response, StateChange};
use bothost::bot::log::{self, Level};
use bothost::bot::types::Context;
use exports::bothost::bot::message::{self, Message};
use exports::bothost::bot::update::{self, Operation, Update};

/// What the bot gets when its button is pressed.
const START_OVER: &str = "start-over";

struct Bot;

impl message::Guest for Bot {
    /// The customer said something, or pressed a button.
    fn handle(context: Context, message: Message) -> Result<Outcome, Failure> {
        let before = messages_before(context.state.as_deref())?;
        let starts_over = message.presses.iter().any(|press| press.payload == START_OVER);
        let count = if starts_over { 0 } else { before + 1 };
        // The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
        log::write(Level::Info, &format!("{{name}}: message {count}"));

        // While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
        let actions = if context.may_speak { vec![say(answer(count, &message))] } else { vec![] };
        Ok(Outcome { actions, state: StateChange::Set(count.to_string()), extras: vec![] })
    }
}

impl update::Guest for Bot {
    /// Something happened to the conversation. When it ended, the bot forgets it.
    fn handle(_: Context, update: Update) -> Result<Outcome, Failure> {
        let state = if matches!(update.operation, Operation::Closed) { StateChange::Clear } else { StateChange::Keep };
        Ok(Outcome { actions: vec![], state, extras: vec![] })
    }
}

/// How many messages came before this one: the state is their number.
fn messages_before(state: Option<&str>) -> Result<u64, Failure> {
    match state {
        None => Ok(0),
        // Another try would find the same state, so the bot gives up. `Failure::Retry` is for trouble that passes.
        Some(state) => state.parse().map_err(|_| Failure::GiveUp(format!("the state is not a number: {state}"))),
    }
}

fn answer(count: u64, message: &Message) -> String {
    match count {
        0 => "Fine, we start over.".to_owned(),
        1 => format!("Hello, {}! Tell me something.", message.author.full_name.as_deref().unwrap_or("you")),
        _ => format!("You said: {} (message {count})", message.text.as_deref().unwrap_or("nothing")),
    }
}

/// The action that says a text, with a button below it.
fn say(text: String) -> Action {
    let button = Button::Postback(Postback { text: "Start over".to_owned(), payload: START_OVER.to_owned() });
    Action::Respond(Response { text: Some(text), buttons: vec![button], attachment: None, extras: vec![] })
}

export!(Bot);
