//! What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.

use std::fmt;

use serde_json::Value;

use crate::exports::bothost::bot::message::Message;
use crate::settings::Treatment;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A greeting and nothing more.
    Hello,
    /// When the house is open.
    Hours,
    /// What can be booked.
    Treatments,
    /// This treatment, by its id.
    Choose(String),
    /// A human being.
    Person,
    /// No more than thanks.
    Thanks,
    /// Nothing that this bot knows.
    Unclear,
}

/// Words for each intent, in lower case. The first that occurs wins, so that "Hello, can I talk to a person?" asks for a person.
const PHRASES: &[(Intent, &[&str])] = &[
    (
        Intent::Person,
        &[
            "human",
            "person",
            "agent",
            "someone",
            "somebody",
            "operator",
            "representative",
            "staff",
            "colleague",
            "reception",
            "talk to",
            "speak to",
            "speak with",
            "call me",
            "not a bot",
            "real people",
        ],
    ),
    (Intent::Hours, &["hours", "open", "opening", "close", "closed", "closing", "when can i come"]),
    (
        Intent::Treatments,
        &["treatment", "treatments", "massage", "spa", "book", "booking", "menu", "offer", "appointment", "reserve"],
    ),
    (Intent::Thanks, &["thanks", "thank you", "thx", "cheers", "🙏"]),
    (Intent::Hello, &["hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋"]),
];

impl Intent {
    /// What a button for this intent sends back when it is pressed.
    pub fn payload(&self) -> String {
        match self {
            Self::Hello => "hello".to_owned(),
            Self::Hours => "hours".to_owned(),
            Self::Treatments => "treatments".to_owned(),
            Self::Choose(id) => id.clone(),
            Self::Person => "person".to_owned(),
            Self::Thanks => "thanks".to_owned(),
            Self::Unclear => "unclear".to_owned(),
        }
    }

    /// What a pressed button means. A payload that is no word of ours is the id of a treatment: the host sends it for a list's
    /// choice where the network has no lists.
    fn from_payload(payload: &str) -> Self {
        match payload {
            "hello" => Self::Hello,
            "hours" => Self::Hours,
            "treatments" => Self::Treatments,
            "person" => Self::Person,
            "thanks" => Self::Thanks,
            "unclear" => Self::Unclear,
            id => Self::Choose(id.to_owned()),
        }
    }
}

/// As the log has it.
impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choose(id) => write!(f, "choose {id}"),
            intent => f.write_str(&intent.payload()),
        }
    }
}

/// What a message asks for. `offered` says whether the treatments were the last thing shown, so that "2" means one of them.
pub fn understand(message: &Message, treatments: &[Treatment], offered: bool) -> Intent {
    let intent = if let Some(press) = message.presses.last() {
        Intent::from_payload(&press.payload)
    } else if let Some(response) = &message.list_response {
        picked(response, treatments).map_or(Intent::Unclear, |treatment| Intent::Choose(treatment.id.clone()))
    } else {
        from_text(message.text.as_deref().unwrap_or_default(), treatments, offered)
    };
    match intent {
        // A button may be older than the list of treatments.
        Intent::Choose(id) if treatments.iter().all(|treatment| treatment.id != id) => Intent::Unclear,
        intent => intent,
    }
}

/// The treatment that a list picker's answer names. Its shape is not documented, so any text in it that is an id of ours
/// counts, as long as there is exactly one.
fn picked<'a>(response: &str, treatments: &'a [Treatment]) -> Option<&'a Treatment> {
    let response: Value = serde_json::from_str(response).ok()?;
    let mut found = treatments.iter().filter(|treatment| mentions(&response, &treatment.id));
    found.next().filter(|_| found.next().is_none())
}

fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, id)),
        _ => false,
    }
}

fn from_text(text: &str, treatments: &[Treatment], offered: bool) -> Intent {
    let words = words(text);
    if offered && let Ok(number) = words.trim().parse::<usize>() {
        let chosen = number.checked_sub(1).and_then(|at| treatments.get(at));
        return chosen.map_or(Intent::Unclear, |treatment| Intent::Choose(treatment.id.clone()));
    }
    // A title without a single letter is in nothing.
    let names = |treatment: &&Treatment| {
        let title = self::words(&treatment.title);
        title != " " && words.contains(&title)
    };
    if let Some(treatment) = treatments.iter().find(names) {
        return Intent::Choose(treatment.id.clone());
    }
    PHRASES
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| says(&words, phrase)))
        .map_or(Intent::Unclear, |(intent, _)| intent.clone())
}

/// Whether `words` holds this phrase, whole words of it.
fn says(words: &str, phrase: &str) -> bool {
    let between_spaces = |(at, _)| words[..at].ends_with(' ') && words[at + phrase.len()..].starts_with(' ');
    words.match_indices(phrase).any(between_spaces)
}

/// The text in lower case, each word between single spaces, so that "hi" is not found in "this".
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).filter(|word| !word.is_empty()) {
        words.push_str(&word.to_lowercase());
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn meant(text: &str, offered: bool) -> Intent {
        from_text(text, &Settings::default().treatments, offered)
    }

    #[test]
    fn people_ask_for_people_in_many_ways() {
        for text in [
            "I want a human!",
            "Can I talk to someone?",
            "agent",
            "Hello, please let me speak with your reception",
            "are you a real person?",
            "CALL ME",
        ] {
            assert_eq!(meant(text, false), Intent::Person, "{text}");
        }
    }

    #[test]
    fn words_are_whole_words() {
        assert_eq!(meant("this", false), Intent::Unclear);
        assert_eq!(meant("hi there", false), Intent::Hello);
        assert_eq!(meant("👋", false), Intent::Hello);
        assert_eq!(meant("", false), Intent::Unclear);
    }

    #[test]
    fn a_number_means_a_treatment_only_after_the_list() {
        assert_eq!(meant("2", true), Intent::Choose("forest-bath".into()));
        assert_eq!(meant(" 2. ", true), Intent::Choose("forest-bath".into()));
        assert_eq!(meant("0", true), Intent::Unclear);
        assert_eq!(meant("99999999999999999999", true), Intent::Unclear);
        assert_eq!(meant("2", false), Intent::Unclear);
    }

    #[test]
    fn a_treatment_can_be_named() {
        assert_eq!(meant("the tea ritual, please", false), Intent::Choose("tea-ritual".into()));
    }

    #[test]
    fn a_list_answer_must_name_one_treatment() {
        let treatments = Settings::default().treatments;
        let picked = |json| picked(json, &treatments).map(|treatment| treatment.id.as_str());
        assert_eq!(picked(r#"{"sections": [{"choices": [{"id": "hot-stone"}]}]}"#), Some("hot-stone"));
        assert_eq!(picked(r#"["hot-stone", "tea-ritual"]"#), None);
        assert_eq!(picked(r#"{"id": "something else"}"#), None);
        assert_eq!(picked("not JSON"), None);
    }

    #[test]
    fn every_payload_comes_back_as_its_intent() {
        for intent in [Intent::Hours, Intent::Treatments, Intent::Person, Intent::Choose("tea-ritual".into())] {
            assert_eq!(Intent::from_payload(&intent.payload()), intent);
        }
    }
}
