//! What the bot remembers of a conversation: JSON in the state that the host keeps between turns.

use serde::{Deserialize, Serialize};

/// How many of the customer's last texts are kept for the summary.
const WORDS_KEPT: usize = 3;
/// How much of each, in characters.
const WORDS_LONG: usize = 120;

/// A conversation's memory.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Memory {
    /// Messages of the customer, also those that an agent answered.
    pub messages: u32,
    /// Whether the customer has been greeted.
    pub greeted: bool,
    /// Whether a human agent took part.
    pub agent_spoke: bool,
    /// Messages in a row that the bot made nothing of.
    pub misunderstood: u32,
    /// What the customer asked about, each thing once.
    pub asked: Vec<Topic>,
    /// Whether the list of treatments is on the customer's screen.
    pub offered: bool,
    /// The treatment that the customer chose.
    pub chosen: Option<String>,
    /// The customer's last words, oldest first.
    pub last_words: Vec<String>,
}

/// Something to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The opening hours.
    Hours,
    /// The treatments.
    Treatments,
}

impl Memory {
    /// Reads what an earlier turn wrote; a fresh memory when there is none.
    ///
    /// # Errors
    /// Says what is wrong with a text that this bot did not write.
    pub fn read(state: Option<&str>) -> Result<Self, serde_json::Error> {
        state.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// Writes it for the next turn.
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("numbers, texts and lists are always JSON")
    }

    /// Counts a message and keeps its words.
    pub fn count(&mut self, text: Option<&str>) {
        self.messages = self.messages.saturating_add(1);
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.last_words.push(text.chars().take(WORDS_LONG).collect());
            let too_many = self.last_words.len().saturating_sub(WORDS_KEPT);
            self.last_words.drain(..too_many);
        }
    }

    /// Remembers that the customer asked about something.
    pub fn ask(&mut self, topic: Topic) {
        if !self.asked.contains(&topic) {
            self.asked.push(topic);
        }
    }

    /// Remembers that an agent took part. A bot that says hello after a person already did looks silly.
    pub fn met_an_agent(&mut self) {
        self.agent_spoke = true;
        self.greeted = true;
    }

    /// The conversation for the agent who takes it over.
    pub fn summary(&self) -> String {
        let mut parts = vec![match self.messages {
            1 => "1 message".to_owned(),
            many => format!("{many} messages"),
        }];
        if !self.asked.is_empty() {
            let topics = self.asked.iter().map(|topic| match topic {
                Topic::Hours => "opening hours",
                Topic::Treatments => "treatments",
            });
            parts.push(format!("asked about {}", topics.collect::<Vec<_>>().join(" and ")));
        }
        if let Some(chosen) = &self.chosen {
            parts.push(format!("chose {chosen}"));
        }
        if self.agent_spoke {
            parts.push("has talked to an agent before".to_owned());
        }
        let mut summary = parts.join(", ");
        if !self.last_words.is_empty() {
            summary.push_str(&format!(". Last words: “{}”", self.last_words.join("” “")));
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut memory = Memory { chosen: Some("Tea ritual 🍵".into()), ..Memory::default() };
        memory.count(Some("a 👩‍👩‍👧 family"));
        memory.ask(Topic::Hours);
        assert_eq!(Memory::read(Some(&memory.write())).unwrap(), memory);
    }

    #[test]
    fn an_older_version_knew_less() {
        assert_eq!(Memory::read(Some(r#"{"messages": 3}"#)).unwrap().messages, 3);
        assert!(Memory::read(Some("v1;3")).is_err());
    }

    #[test]
    fn it_does_not_grow_with_the_conversation() {
        let mut memory = Memory::default();
        for _ in 0..100 {
            memory.count(Some(&"🍵".repeat(1_000)));
            memory.ask(Topic::Treatments);
        }
        assert_eq!(memory.last_words.len(), WORDS_KEPT);
        assert!(memory.write().len() < 2_000);
        assert_eq!(memory.messages, 100);
    }
}
