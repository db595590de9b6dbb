//! A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
//!
//! This file is the bot's border: it reads what the host gives, asks the other files what to do, and logs one line. All
//! decisions are plain functions of their arguments, so `cargo test` runs them without a host:
//!
//! | file | what it answers |
//! | --- | --- |
//! | `settings.rs` | how did the operator configure this bot? |
//! | `memory.rs` | what do we know of this conversation? |
//! | `understand.rs` | what does the customer want? |
//! | `hours.rs` | are we open? |
//! | `answer.rs` | what do we do about it? |
//! | `say.rs` | how is that written in the contract's types? |

wit_bindgen::generate!({ path: "../../wit", world: "bot" });

mod answer;
mod hours;
mod memory;
mod say;
mod settings;
#[cfg(test)]
mod tests;
mod understand;

use answer::Situation;
use bothost::bot::actions::{Action, Failure, Outcome, StateChange};
use bothost::bot::log::{self, Level};
use bothost::bot::types::{Context, Owner};
use exports::bothost::bot::message::{self, Message};
use exports::bothost::bot::update::{self, Operation, Update};
use memory::Memory;
use settings::Settings;
use understand::understand;

/// Shown in the log, so that one can see which version answered. `CONCIERGE_VERSION=2.0.0 cargo build ...` builds another.
const VERSION: &str = match option_env!("CONCIERGE_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

struct Concierge;

impl message::Guest for Concierge {
    fn handle(context: Context, message: Message) -> Result<Outcome, Failure> {
        logged(on_message(&context, &message))
    }
}

impl update::Guest for Concierge {
    fn handle(context: Context, update: Update) -> Result<Outcome, Failure> {
        logged(on_update(&context, &update))
    }
}

// Only a component has exports; the tests are an ordinary program.
#[cfg(target_family = "wasm")]
export!(Concierge);

/// What came of an event, and the line that the log gets about it.
struct Turn {
    outcome: Outcome,
    level: Level,
    line: String,
}

fn logged(turn: Result<Turn, Failure>) -> Result<Outcome, Failure> {
    turn.map(|turn| {
        log::write(turn.level, &format!("concierge {VERSION}: {}", turn.line));
        turn.outcome
    })
}

fn on_message(context: &Context, message: &Message) -> Result<Turn, Failure> {
    let (settings, complaint) = Settings::read(&context.config);
    let mut memory = recall(context)?;
    memory.count(message.text.as_deref());

    let intent = understand(message, &settings.treatments, memory.offered);
    let actions = if context.may_speak {
        let situation = Situation {
            settings: &settings,
            first_name: first_name(message.author.full_name.as_deref()),
            has_people: !refuses(context, "hand-off"),
            now_ms: context.now_ms,
        };
        answer::answer(&intent, &situation, &mut memory)
    } else {
        // An agent has the conversation. Listening is fine, answering would be refused.
        Vec::new()
    };

    let level = if complaint.is_some() { Level::Warn } else { Level::Info };
    let complaint = complaint.map(|complaint| format!("; {complaint}")).unwrap_or_default();
    let line = format!("message {}, {intent}, {} actions{complaint}", memory.messages, actions.len());
    Ok(Turn { outcome: outcome(actions, StateChange::Set(memory.write())), level, line })
}

fn on_update(context: &Context, update: &Update) -> Result<Turn, Failure> {
    let (state, line) = match &update.operation {
        // These two do not look at the old memory, so they also heal one that cannot be read.
        Operation::Created => (StateChange::Set(Memory::default().write()), "a new conversation".to_owned()),
        Operation::Closed => (StateChange::Clear, "the conversation ended".to_owned()),
        Operation::AgentResponse(_) => {
            let mut memory = recall(context)?;
            memory.met_an_agent();
            (StateChange::Set(memory.write()), "an agent answered".to_owned())
        }
        Operation::OwnerChanged(owner) => {
            let mut memory = recall(context)?;
            let line = match owner {
                Owner::Agent => {
                    memory.met_an_agent();
                    "an agent has the conversation now"
                }
                Owner::Bot(id) if *id == context.bot_id => {
                    memory.misunderstood = 0;
                    "the conversation is mine again"
                }
                Owner::Bot(_) => "another bot has the conversation now",
            };
            (StateChange::Set(memory.write()), line.to_owned())
        }
        // A platform may tell more than this bot knows of; that is no reason to fail.
        Operation::Other(other) => (StateChange::Keep, format!("{} means nothing to me", other.kind)),
    };
    Ok(Turn { outcome: outcome(Vec::new(), state), level: Level::Info, line })
}

/// Reads the conversation's memory. One that cannot be read will not get better by trying again, so the bot gives up, and the
/// host calls an agent.
fn recall(context: &Context) -> Result<Memory, Failure> {
    Memory::read(context.state.as_deref())
        .map_err(|error| Failure::GiveUp(format!("the conversation's state is not one of concierge's: {error}")))
}

/// Whether the host would refuse this action where the conversation happens: it says so in the context's `refused`.
fn refuses(context: &Context, action: &str) -> bool {
    let refused = context.extras.iter().find(|extra| extra.key == "refused");
    let names = refused.and_then(|extra| serde_json::from_str::<Vec<String>>(&extra.value).ok());
    names.is_some_and(|names| names.iter().any(|name| name == action))
}

/// The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none.
fn first_name(full_name: Option<&str>) -> Option<&str> {
    full_name?.split_whitespace().next().filter(|name| *name != "Anonymous")
}

fn outcome(actions: Vec<Action>, state: StateChange) -> Outcome {
    Outcome { actions, state, extras: Vec::new() }
}
