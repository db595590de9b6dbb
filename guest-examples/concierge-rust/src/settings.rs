//! How the operator configured this bot: the registration's `metadata` object. Everything has a default.
//!
//! Khoros takes no object and no list within `metadata`, so each setting is a text or a number.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::hours::Hours;

/// How many treatments are offered at most: no network shows longer lists well.
const TREATMENTS_MAX: usize = 10;

/// The configuration.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// The house's name.
    pub house: String,
    /// When it is open: `mon-fri 09:00-18:00, sat 10:00-16:00`; a day that is not named is closed.
    pub hours: Hours,
    /// How far the house's clock is ahead of UTC, in minutes.
    pub utc_offset_minutes: i64,
    /// What can be booked: `tea-ritual = Tea ritual, 30 minutes 🍵; forest-bath = Forest bath`.
    #[serde(deserialize_with = "treatments")]
    pub treatments: Vec<Treatment>,
    /// The platform's tag for conversations that ask for a person. Khoros' tags are numbers.
    pub tag_person: Option<u64>,
    /// The platform's tag for conversations in which something was chosen.
    pub tag_booking: Option<u64>,
}

/// Something to book.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    /// Comes back with the choice.
    pub id: String,
    /// Its name.
    pub title: String,
    /// A word about it.
    pub subtitle: Option<String>,
}

impl Settings {
    /// Reads the configuration. A broken one must not silence the bot: it gets the defaults and a complaint for the log.
    pub fn read(config: &str) -> (Self, Option<String>) {
        match serde_json::from_str::<Self>(config) {
            Ok(settings) => (settings, None),
            Err(error) => (Self::default(), Some(format!("the configuration is not used: {error}"))),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let treatment = |id: &str, title: &str, subtitle: &str| Treatment {
            id: id.into(),
            title: title.into(),
            subtitle: Some(subtitle.into()),
        };
        Self {
            house: "Lantern House".into(),
            hours: Hours::default(),
            utc_offset_minutes: 0,
            treatments: vec![
                treatment("hot-stone", "Hot stone massage", "60 minutes 🪨"),
                treatment("forest-bath", "Forest bath", "45 minutes 🌲"),
                treatment("tea-ritual", "Tea ritual", "30 minutes 🍵"),
            ],
            tag_person: None,
            tag_booking: None,
        }
    }
}

fn treatments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Treatment>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    entries.take(TREATMENTS_MAX).map(|entry| treatment(entry).map_err(D::Error::custom)).collect()
}

fn treatment(entry: &str) -> Result<Treatment, String> {
    let (id, words) = entry.split_once('=').unwrap_or_default();
    let (title, subtitle) = words.split_once(',').map_or((words, None), |(title, rest)| (title, Some(rest)));
    let (id, title) = (id.trim(), title.trim());
    // The host refuses a choice without an id or a title, and with it the whole answer.
    if id.is_empty() || title.is_empty() {
        return Err(format!("{entry:?} is not a treatment such as `tea-ritual = Tea ritual, 30 minutes`"));
    }
    let subtitle = subtitle.map(str::trim).filter(|subtitle| !subtitle.is_empty());
    Ok(Treatment { id: id.to_owned(), title: title.to_owned(), subtitle: subtitle.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_configured_has_a_default() {
        let (settings, complaint) = Settings::read(r#"{"house": "Villa 🌸", "tag-person": 1001}"#);
        assert_eq!(complaint, None);
        assert_eq!(settings.house, "Villa 🌸");
        assert_eq!(settings.tag_person, Some(1001));
        assert_eq!(settings.treatments.len(), 3);
    }

    #[test]
    fn treatments_are_written_in_one_text() {
        let (settings, complaint) =
            Settings::read(r#"{"treatments": "tea = Tea ritual, 30 minutes 🍵; bath = Bath;"}"#);
        assert_eq!(complaint, None);
        let tea = Treatment { id: "tea".into(), title: "Tea ritual".into(), subtitle: Some("30 minutes 🍵".into()) };
        let bath = Treatment { id: "bath".into(), title: "Bath".into(), subtitle: None };
        assert_eq!(settings.treatments, [tea, bath]);
    }

    #[test]
    fn a_broken_configuration_is_complained_about_and_not_used() {
        for broken in
            ["", "[]x", r#"{"hours": {"someday": "9-5"}}"#, r#"{"tag-person": "vip"}"#, r#"{"treatments": "Tea"}"#]
        {
            let (settings, complaint) = Settings::read(broken);
            assert_eq!(settings.house, "Lantern House", "{broken}");
            assert!(complaint.is_some(), "{broken}");
        }
    }
}
