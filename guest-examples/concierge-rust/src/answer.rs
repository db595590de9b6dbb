//! What the bot does about what the customer wants.

use crate::bothost::bot::actions::Action;
use crate::memory::{Memory, Topic};
use crate::say;
use crate::settings::Settings;
use crate::understand::Intent;

/// How many messages in a row may be unclear before a person takes over.
const PATIENCE: u32 = 2;

/// What an answer depends on besides the memory.
pub struct Situation<'a> {
    /// The bot's configuration.
    pub settings: &'a Settings,
    /// The customer's first name, where it is known.
    pub first_name: Option<&'a str>,
    /// Whether there are people to hand over to.
    pub has_people: bool,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
}

/// Decides what to do, and remembers it.
pub fn answer(intent: &Intent, situation: &Situation, memory: &mut Memory) -> Vec<Action> {
    memory.misunderstood = if *intent == Intent::Unclear { memory.misunderstood + 1 } else { 0 };
    let offered = std::mem::take(&mut memory.offered);
    let hello = greeting(situation, memory);
    match intent {
        Intent::Hello => vec![offer(format!("{}How can I help?", hello.unwrap_or_else(|| "Hello again! ".into())))],
        Intent::Hours => {
            memory.ask(Topic::Hours);
            say::typing(hours(hello, situation))
        }
        Intent::Treatments if situation.settings.treatments.is_empty() => {
            vec![offer(format!("{}There is nothing to book right now.", hello.unwrap_or_default()))]
        }
        Intent::Treatments => {
            memory.ask(Topic::Treatments);
            memory.offered = true;
            let invitation = format!("{}What would you like?", hello.unwrap_or_default());
            say::typing(say::treatments(invitation, &situation.settings.treatments))
        }
        Intent::Choose(id) => choose(id, hello, situation, memory),
        Intent::Person => hand_off("the customer asks for a person", hello, situation, memory),
        Intent::Thanks => vec![say::text(format!("{}With pleasure! 🌸", hello.unwrap_or_default()))],
        Intent::Unclear if memory.misunderstood >= PATIENCE => {
            hand_off("the bot does not understand the customer", hello, situation, memory)
        }
        Intent::Unclear => {
            // A slip after the list does not take the list away: "2" still works on the next try.
            memory.offered = offered;
            let sorry = hello.unwrap_or_else(|| "Sorry, I did not understand that. ".into());
            vec![offer(format!("{sorry}I know our opening hours and our treatments, or I call a person."))]
        }
    }
}

/// The greeting, the first time.
fn greeting(situation: &Situation, memory: &mut Memory) -> Option<String> {
    if std::mem::replace(&mut memory.greeted, true) {
        return None;
    }
    let name = situation.first_name.map(|name| format!(", {name}")).unwrap_or_default();
    Some(format!("Welcome to {}{name}! 👋 ", situation.settings.house))
}

fn offer(text: String) -> Action {
    say::with_buttons(
        text,
        &[("Opening hours", Intent::Hours), ("Treatments", Intent::Treatments), ("A person", Intent::Person)],
    )
}

fn hours(hello: Option<String>, situation: &Situation) -> Action {
    let Settings { hours, utc_offset_minutes, .. } = situation.settings;
    let now = if hours.open_at(situation.now_ms, *utc_offset_minutes) { "open 🟢" } else { "closed 🌙" };
    say::text(format!("{}We are {now} right now. Our hours: {}.", hello.unwrap_or_default(), hours.in_words()))
}

fn choose(id: &str, hello: Option<String>, situation: &Situation, memory: &mut Memory) -> Vec<Action> {
    let Some(treatment) = situation.settings.treatments.iter().find(|treatment| treatment.id == id) else {
        return vec![offer("That is not on our list any more. What else can I do for you?".to_owned())];
    };
    memory.chosen = Some(treatment.title.clone());
    let thanks =
        format!("{}{}: a lovely choice. We have noted it. Anything else?", hello.unwrap_or_default(), treatment.title);
    let mut actions = vec![offer(thanks), Action::Note(format!("Wants to book: {}", treatment.title))];
    actions.extend(tag(situation.settings.tag_booking));
    actions
}

fn hand_off(why: &str, hello: Option<String>, situation: &Situation, memory: &mut Memory) -> Vec<Action> {
    memory.misunderstood = 0;
    if !situation.has_people {
        let sorry = "I cannot call a colleague from here. I know our opening hours and our treatments.";
        return vec![offer(format!("{}{sorry}", hello.unwrap_or_default()))];
    }
    let who = situation.first_name.unwrap_or("The customer");
    // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
    let farewell = format!("{}One moment, I call a colleague. 🛎️", hello.unwrap_or_default());
    let mut actions = vec![say::text(farewell)];
    actions.extend(tag(situation.settings.tag_person));
    actions.push(Action::HandOff(Some(format!("Because {why}. {who}: {}", memory.summary()))));
    actions
}

/// The operator's tag for this, where there is one.
fn tag(id: Option<u64>) -> Option<Action> {
    id.map(|id| Action::Tag(vec![id.to_string()]))
}
