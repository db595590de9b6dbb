//! What differs between two runs of one event, in lines that a person can read.

use serde_json::Value;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// What the bot returned, as JSON, also when it was refused.
    pub outcome: Option<String>,
    /// Why nothing of it would be done: one word, and the whole story.
    pub cause: Option<(String, String)>,
    /// Instructions used.
    pub instructions: u64,
    /// What the bot logged, as JSON.
    pub log: String,
}

/// How many lines are told, at most.
const LINES_MAX: usize = 100;
/// How much of a value is shown, in characters.
const SHOWN_MAX: usize = 200;
/// The cause of a run that was stopped by the clock: where it stands then depends on the machine.
const DEADLINE: &str = "deadline";

/// Why two runs cannot be compared: one of them was stopped by the clock.
#[must_use]
pub fn incomparable(recorded: &Came, replayed: &Came) -> Option<String> {
    let stopped = |came: &Came| came.cause.as_ref().is_some_and(|(kind, _)| kind == DEADLINE);
    let which = match (stopped(recorded), stopped(replayed)) {
        (false, false) => return None,
        (true, _) => "the recorded turn",
        (false, true) => "the replayed turn",
    };
    Some(format!(
        "{which} was stopped by its deadline, and how far it came depends on the machine: it cannot be compared"
    ))
}

/// What differs; nothing when outcome, cause, log and instruction count are the same to the letter.
#[must_use]
pub fn differences(recorded: &Came, replayed: &Came) -> Vec<String> {
    if recorded == replayed {
        return Vec::new();
    }
    let mut lines = Vec::new();
    outcome(recorded.outcome.as_deref(), replayed.outcome.as_deref(), &mut lines);
    if recorded.cause != replayed.cause {
        let told = |cause: &Option<(String, String)>| cause.as_ref().map_or("none", |(_, story)| story).to_owned();
        lines.push(format!("cause: {} -> {}", shown(&told(&recorded.cause)), shown(&told(&replayed.cause))));
    }
    log(&json(&recorded.log), &json(&replayed.log), &mut lines);
    let (before, after) = (recorded.instructions, replayed.instructions);
    if before != after {
        let more = after as f64 - before as f64;
        let share = if before == 0 { String::new() } else { format!(", {:+.1} %", more / before as f64 * 100.0) };
        lines.push(format!("instructions: {before} -> {after} ({more:+}{share})"));
    }
    if lines.is_empty() {
        lines.push("the same in meaning, but not written the same".to_owned());
    }
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn outcome(recorded: Option<&str>, replayed: Option<&str>, lines: &mut Vec<String>) {
    match (recorded.map(json), replayed.map(json)) {
        (Some(recorded), Some(replayed)) => {
            list("actions", &recorded["actions"], &replayed["actions"], lines);
            value("state", &recorded["state"], &replayed["state"], lines);
        }
        (Some(recorded), None) => lines.push(format!("outcome: {} -> none", shown(&recorded.to_string()))),
        (None, Some(replayed)) => lines.push(format!("outcome: none -> {}", shown(&replayed.to_string()))),
        (None, None) => {}
    }
}

/// Lists are compared place by place: the order of actions matters.
fn list(path: &str, recorded: &Value, replayed: &Value, lines: &mut Vec<String>) {
    let none = Vec::new();
    let (recorded, replayed) = (recorded.as_array().unwrap_or(&none), replayed.as_array().unwrap_or(&none));
    for at in 0..recorded.len().max(replayed.len()) {
        let path = format!("{path}[{at}]");
        match (recorded.get(at), replayed.get(at)) {
            (Some(recorded), Some(replayed)) => value(&path, recorded, replayed, lines),
            (Some(removed), None) => lines.push(format!("{path} removed: {}", shown(&removed.to_string()))),
            (None, Some(added)) => lines.push(format!("{path} added: {}", shown(&added.to_string()))),
            (None, None) => {}
        }
    }
}

fn value(path: &str, recorded: &Value, replayed: &Value, lines: &mut Vec<String>) {
    match (recorded, replayed) {
        _ if recorded == replayed => {}
        (Value::Array(_), Value::Array(_)) => list(path, recorded, replayed, lines),
        (Value::Object(before), Value::Object(after)) => {
            for (name, recorded) in before {
                let path = format!("{path}.{name}");
                match after.get(name) {
                    Some(replayed) => value(&path, recorded, replayed, lines),
                    None => lines.push(format!("{path} removed: {}", shown(&recorded.to_string()))),
                }
            }
            for (name, replayed) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                lines.push(format!("{path}.{name} added: {}", shown(&replayed.to_string())));
            }
        }
        _ => lines.push(format!("{path}: {} -> {}", shown(&recorded.to_string()), shown(&replayed.to_string()))),
    }
}

fn log(recorded: &Value, replayed: &Value, lines: &mut Vec<String>) {
    list("log", recorded, replayed, lines);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Came, differences, incomparable};

    fn came(outcome: &str, instructions: u64) -> Came {
        Came { outcome: Some(outcome.to_owned()), cause: None, instructions, log: "[]".to_owned() }
    }

    #[test]
    fn the_same_has_no_difference() {
        let one = came(r#"{"actions":[],"state":"keep"}"#, 10);
        assert!(differences(&one, &one.clone()).is_empty());
        let spaced = came(r#"{"actions": [],"state":"keep"}"#, 10);
        assert_eq!(differences(&one, &spaced), ["the same in meaning, but not written the same"]);
    }

    #[test]
    fn what_was_added_removed_and_changed_is_told_by_its_path() {
        let one = came(r#"{"actions":[{"respond":{"text":"v1: hi"}},{"note":"x"}],"state":{"set":"1"}}"#, 1000);
        let two = came(r#"{"actions":[{"respond":{"text":"v2: hi","buttons":[]}}],"state":{"set":"2"}}"#, 1250);
        let wanted = [
            r#"actions[0].respond.text: "v1: hi" -> "v2: hi""#,
            "actions[0].respond.buttons added: []",
            r#"actions[1] removed: {"note":"x"}"#,
            r#"state.set: "1" -> "2""#,
            "instructions: 1000 -> 1250 (+250, +25.0 %)",
        ];
        assert_eq!(differences(&one, &two), wanted);
        let back = differences(&two, &one);
        assert!(back.contains(&r#"actions[1] added: {"note":"x"}"#.to_owned()), "{back:#?}");
        assert!(back.contains(&"instructions: 1250 -> 1000 (-250, -20.0 %)".to_owned()), "{back:#?}");
    }

    #[test]
    fn a_failure_and_its_log_are_told() {
        let fine = came(r#"{"actions":[],"state":"keep"}"#, 5);
        let log = r#"[{"level":"warn","text":"oh"}]"#.to_owned();
        let cause = Some(("trap".to_owned(), "the bot trapped: unreachable".to_owned()));
        let failed = Came { outcome: None, cause, instructions: 5, log };
        let lines = differences(&fine, &failed);
        assert_eq!(lines[0], r#"outcome: {"actions":[],"state":"keep"} -> none"#);
        assert_eq!(lines[1], "cause: none -> the bot trapped: unreachable");
        assert_eq!(lines[2], r#"log[0] added: {"level":"warn","text":"oh"}"#);
    }

    #[test]
    fn what_the_clock_stopped_is_not_compared() {
        let fine = came("{}", 5);
        let late = Came { cause: Some(("deadline".to_owned(), "too long".to_owned())), ..fine.clone() };
        assert_eq!(incomparable(&fine, &fine), None);
        assert!(incomparable(&late, &fine).unwrap().starts_with("the recorded turn"));
        assert!(incomparable(&fine, &late).unwrap().starts_with("the replayed turn"));
    }

    #[test]
    fn a_hostile_outcome_is_told_in_few_words() {
        let actions = (0..500).map(|at| format!(r#"{{"note":"{at}"}}"#)).collect::<Vec<_>>().join(",");
        let many = came(&format!(r#"{{"actions":[{actions}],"state":"keep"}}"#), 1);
        let lines = differences(&came(r#"{"actions":[],"state":"keep"}"#, 1), &many);
        assert_eq!((lines.len(), lines[100].as_str()), (101, "and 400 more"));
    }
}
