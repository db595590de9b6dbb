//! Scenarios: a conversation written down, with what the bot is expected to do at each point of it.
//!
//! ```text
//! # A word for the reader.
//! on khoros apple
//! on livechat
//! customer Jo Quill
//! config {"house": "Villa"}
//!
//! say hello
//!     respond {"text":"Welcome to Villa, Jo!"}
//!     state {"greeted":true}
//! ```
//!
//! What stands at the margin happens; what is indented is what comes of it: the bot's actions in their order as JSON, and its state
//! where it changes. A scenario runs once in each place; where what comes differs, it stands behind `on PLACE:`. A line that ends in
//! `...` says how what comes begins.

use super::session::{Session, Turn};
use super::steps::Step;
use crate::domain::turn::{Outcome, StateChange};
use crate::domain::validate::Limits;
use crate::guest::Module;
use crate::pipeline::record;

/// What begins an expectation.
const INDENT: &str = "    ";

/// The longest scenario, in lines, and the most places of one.
const LINES_MAX: usize = 10_000;
const PLACES_MAX: usize = 32;

/// A scenario as it was read.
#[derive(Debug, Clone)]
pub struct Scenario {
    lines: Vec<Line>,
    places: Vec<String>,
}

#[derive(Debug, Clone)]
struct Line {
    number: usize,
    text: String,
    /// None for comments and empty lines.
    step: Option<Step>,
    expected: Vec<String>,
}

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The scenario with what came of it in place of what was expected.
    pub text: String,
    /// Where it is not what was expected.
    pub differences: Vec<Difference>,
    /// How many turns were run.
    pub turns: usize,
}

/// A line of which something else came than was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its number, from 1.
    pub line: usize,
    /// What happened.
    pub happened: String,
    /// What was expected.
    pub expected: Vec<String>,
    /// What came.
    pub came: Vec<String>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Names the line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scenario = Self { lines: Vec::new(), places: Vec::new() };
        for (number, text) in (1..).zip(text.lines()) {
            if number > LINES_MAX {
                return Err(format!("a scenario has at most {LINES_MAX} lines"));
            }
            if text.starts_with([' ', '\t']) && !text.trim().is_empty() {
                match scenario.lines.last_mut().filter(|line| matches!(line.step, Some(Step::Happens(_)))) {
                    Some(line) => line.expected.push(text.strip_prefix(INDENT).unwrap_or(text.trim_start()).to_owned()),
                    None => return Err(format!("line {number}: it is indented, and nothing happens before it")),
                }
                continue;
            }
            let is_step = !text.trim().is_empty() && !text.starts_with('#');
            let step = is_step.then(|| Step::parse(text.trim_end())).transpose();
            let step = step.map_err(|error| format!("line {number}: {error}"))?;
            if let Some(Step::On(place)) = &step {
                scenario.places.push(place.clone());
            }
            scenario.lines.push(Line { number, text: text.trim_end().to_owned(), step, expected: Vec::new() });
        }
        match scenario.places.len() {
            0 => scenario.places.push("khoros".to_owned()),
            many if many > PLACES_MAX => {
                return Err(format!("a scenario has at most {PLACES_MAX} places, this one {many}"));
            }
            _ => {}
        }
        Ok(scenario)
    }

    /// Runs the scenario in each of its places.
    ///
    /// # Errors
    /// Names the line that cannot be run.
    pub fn play(&self, module: &Module, limits: &Limits) -> Result<Played, String> {
        // For each line what came of it, place by place.
        let mut came: Vec<Vec<Vec<String>>> = vec![Vec::new(); self.lines.len()];
        let mut turns = 0;
        for place in &self.places {
            turns += self.play_in(place, module, limits, &mut came)?;
        }
        let mut played = Played { text: String::new(), differences: Vec::new(), turns };
        for (line, came) in self.lines.iter().zip(&came) {
            played.text.push_str(&line.text);
            played.text.push('\n');
            let came = self.together(came);
            let as_expected = are(&line.expected, &came);
            for expectation in if as_expected { &line.expected } else { &came } {
                played.text.push_str(&format!("{INDENT}{expectation}\n"));
            }
            if !as_expected {
                let (happened, expected) = (line.text.clone(), line.expected.clone());
                played.differences.push(Difference { line: line.number, happened, expected, came });
            }
        }
        Ok(played)
    }

    fn play_in(
        &self,
        place: &str,
        module: &Module,
        limits: &Limits,
        came: &mut [Vec<Vec<String>>],
    ) -> Result<usize, String> {
        let (platform, network) = place.split_once(' ').unwrap_or((place, ""));
        let mut session = Session::new(platform, network.trim(), "Jo Quill", "{}", *limits)?;
        let (mut now_ms, mut turns) = (0, 0);
        for (line, came) in self.lines.iter().zip(came) {
            match &line.step {
                None | Some(Step::On(_)) => {}
                Some(Step::Customer(name)) => session.set_name(name),
                Some(Step::Config(config)) => session.set_config(config),
                Some(Step::State(state)) => session.set_state(Some(state.clone())),
                Some(Step::At(ms)) => now_ms = *ms,
                Some(Step::Happens(happening)) => {
                    let turn = session
                        .happens(happening, module, now_ms)
                        .map_err(|error| format!("line {}, on {place}: {error}", line.number))?;
                    turns += usize::from(turn.is_some());
                    came.push(turn.map_or_else(|| vec!["not told here".to_owned()], |turn| written(&turn)));
                }
            }
        }
        Ok(turns)
    }

    /// What came in all places together: once where it is the same everywhere.
    fn together(&self, came: &[Vec<String>]) -> Vec<String> {
        let Some(first) = came.first() else { return Vec::new() };
        if came.iter().all(|one| one == first) {
            return first.clone();
        }
        let mut lines = Vec::new();
        for (at, one) in came.iter().enumerate() {
            if came[..at].contains(one) {
                continue;
            }
            let places =
                self.places.iter().zip(came).filter(|(_, other)| *other == one).map(|(place, _)| place.as_str());
            lines.push(format!("on {}:", places.collect::<Vec<_>>().join(", ")));
            lines.extend(one.iter().map(|line| format!("{INDENT}{line}")));
        }
        lines
    }
}

/// Whether what came is what was expected. An expectation that ends in `...` says how a line begins.
fn are(expected: &[String], came: &[String]) -> bool {
    let is = |expected: &String, came: &String| match expected.strip_suffix("...") {
        Some(begins) => came.starts_with(begins),
        None => expected == came,
    };
    expected.len() == came.len() && expected.iter().zip(came).all(|(expected, came)| is(expected, came))
}

/// What came of a turn, a line for each action.
fn written(turn: &Turn) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Outcome { actions, state }) = &turn.outcome {
        for action in actions {
            lines.push(match record::action(action) {
                serde_json::Value::Object(named) => {
                    named.iter().map(|(name, detail)| format!("{name} {detail}")).collect::<Vec<_>>().join(" ")
                }
                name => name.as_str().unwrap_or_default().to_owned(),
            });
        }
        match state {
            StateChange::Keep => {}
            StateChange::Set(state) => lines.push(format!("state {}", one_line(state))),
            StateChange::Clear => lines.push("state is forgotten".to_owned()),
        }
    }
    if let Err(cause) = &turn.judged {
        lines.push(format!("{}: {}", cause.kind(), one_line(&cause.to_string())));
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    lines
}

/// A text as it is; one with line ends as a JSON string.
fn one_line(text: &str) -> String {
    if text.contains(['\n', '\r']) { serde_json::Value::from(text).to_string() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Scenario;

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let error = |text: &str| Scenario::parse(text).unwrap_err();
        assert!(error("say hi\nsing\n").starts_with("line 2: \"sing\" is no line"));
        assert_eq!(error("    respond {}\n"), "line 1: it is indented, and nothing happens before it");
        assert!(Scenario::parse("# nothing\n\nsay hi\n    nothing\n").is_ok());
    }
}
