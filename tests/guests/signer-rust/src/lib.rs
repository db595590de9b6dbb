//! A bot for tests: each answer carries the version that it was built as, and its state counts the conversation's messages.
//! So a test sees which version answered, and that no turn was lost or done twice.

wit_bindgen::generate!({ path: "../../../wit", world: "bot" });

use bothost::bot::actions::{Action, Failure, Outcome, Response, StateChange};
use bothost::bot::types::Context;
use exports::bothost::bot::message::{self, Message};
use exports::bothost::bot::update::{self, Update};

/// `SIGNER_VERSION=2 cargo build ...` builds version 2.
const VERSION: &str = match option_env!("SIGNER_VERSION") {
    Some(version) => version,
    None => "0",
};

struct Signer;

impl message::Guest for Signer {
    fn handle(context: Context, message: Message) -> Result<Outcome, Failure> {
        let state = context.state.unwrap_or_else(|| "0".to_owned());
        let count: u64 = state.parse().map_err(|_| Failure::GiveUp(format!("{state:?} is not a count")))?;
        let actions = match message.text {
            Some(text) if context.may_speak => vec![say(format!("v{VERSION}: {text}"))],
            _ => Vec::new(),
        };
        Ok(Outcome { actions, state: StateChange::Set((count + 1).to_string()), extras: Vec::new() })
    }
}

impl update::Guest for Signer {
    fn handle(_: Context, _: Update) -> Result<Outcome, Failure> {
        Ok(Outcome { actions: Vec::new(), state: StateChange::Keep, extras: Vec::new() })
    }
}

fn say(text: String) -> Action {
    Action::Respond(Response { text: Some(text), buttons: Vec::new(), attachment: None, extras: Vec::new() })
}

export!(Signer);
