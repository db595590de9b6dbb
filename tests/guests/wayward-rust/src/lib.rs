//! A bot for tests: it fails in the way that the message asks for, and answers what asks for nothing. Updates go the same way,
//! by what happened: a conversation that begins or ends makes it panic.

wit_bindgen::generate!({ path: "../../../wit", world: "bot" });

use bothost::bot::actions::{
    Action, Attribute, Button, Destination, Failure, Link, OtherAction, Outcome, Response, StateChange,
};
use bothost::bot::types::Context;
use exports::bothost::bot::message::{self, Message};
use exports::bothost::bot::update::{self, Operation, Update};

struct Wayward;

impl message::Guest for Wayward {
    fn handle(context: Context, message: Message) -> Result<Outcome, Failure> {
        let text = message.text.unwrap_or_default();
        let first = say("this must never be seen");
        match text.as_str() {
            "panic" => stumble(&text),
            "loop" => run_in_circles(context.seed),
            "give up" => Err(Failure::GiveUp("it is hopeless".to_owned())),
            "retry" => Err(Failure::Retry("not my day".to_owned())),
            "recover" if context.attempt < 3 => Err(Failure::Retry("once more".to_owned())),
            "priority 9" => Ok(outcome(vec![first, Action::SetPriority(9)])),
            "link" => {
                let link = Link { text: "here".to_owned(), url: "https://example.com/".to_owned() };
                let buttons = vec![Button::Link(link)];
                let response = Response { text: None, buttons, attachment: None, extras: Vec::new() };
                Ok(outcome(vec![first, Action::Respond(response)]))
            }
            "huge state" => {
                let state = StateChange::Set("x".repeat(70_000));
                Ok(Outcome { actions: vec![first], state, extras: Vec::new() })
            }
            "everything" => Ok(outcome(everything(first))),
            text if context.may_speak => Ok(outcome(vec![say(text)])),
            _ => Ok(outcome(Vec::new())),
        }
    }
}

impl update::Guest for Wayward {
    fn handle(_: Context, update: Update) -> Result<Outcome, Failure> {
        match update.operation {
            Operation::Created => stumble("CREATED"),
            Operation::Closed => stumble("CLOSED"),
            _ => Ok(outcome(Vec::new())),
        }
    }
}

/// One of each action.
fn everything(first: Action) -> Vec<Action> {
    let form = r#"{"comment": "please", "secureFormId": 7}"#.to_owned();
    vec![
        first,
        Action::Note("a note".to_owned()),
        Action::TypingStart,
        Action::TypingStop,
        Action::Tag(vec!["1".to_owned()]),
        Action::HandOff(None),
        Action::TakeOver,
        Action::Untag(vec!["2".to_owned()]),
        Action::MoveTo(Destination { id: "3".to_owned(), comment: None }),
        Action::SetPriority(1),
        Action::Resolve(None),
        Action::SetAttributes(vec![Attribute { name: "a".to_owned(), values: vec!["b".to_owned()] }]),
        Action::Other(OtherAction { kind: "secure-form".to_owned(), details: form }),
    ]
}

/// Its name must show in the turn's record.
#[inline(never)]
fn stumble(over: &str) -> ! {
    panic!("stumbled over {over:?}")
}

/// Never comes back, in a way that a compiler cannot foresee.
fn run_in_circles(mut seed: u64) -> ! {
    loop {
        seed = std::hint::black_box(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

fn say(text: &str) -> Action {
    Action::Respond(Response { text: Some(text.to_owned()), buttons: Vec::new(), attachment: None, extras: Vec::new() })
}

fn outcome(actions: Vec<Action>) -> Outcome {
    Outcome { actions, state: StateChange::Keep, extras: Vec::new() }
}

export!(Wayward);
