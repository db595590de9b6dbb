//! Opening hours: read from the configuration, asked with the turn's own clock.

use std::collections::BTreeMap;

use serde::Deserialize;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_PER_DAY: i64 = 24 * 60;

/// When the house is open.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Hours {
    /// Minutes of the day from and until, Monday first; `None` when closed.
    days: [Option<(i64, i64)>; 7],
}

impl Hours {
    /// Whether the house is open at this time, in milliseconds since 1970-01-01 UTC.
    pub fn open_at(&self, now_ms: u64, utc_offset_minutes: i64) -> bool {
        let minute = (now_ms / 60_000).cast_signed().saturating_add(utc_offset_minutes);
        // 1970-01-01 was a Thursday, three days after a Monday.
        let weekday = (minute.div_euclid(MINUTES_PER_DAY) + 3).rem_euclid(7);
        let minute_of_day = minute.rem_euclid(MINUTES_PER_DAY);
        let Ok(day) = usize::try_from(weekday) else { return false };
        self.days[day].is_some_and(|(from, until)| (from..until).contains(&minute_of_day))
    }

    /// The week in words, days of the same hours together: `mon-fri 09:00-18:00, sat 10:00-16:00`.
    pub fn in_words(&self) -> String {
        let mut parts = Vec::new();
        let mut day = 0;
        while day < 7 {
            let last = (day..7).take_while(|other| self.days[*other] == self.days[day]).last().unwrap_or(day);
            if let Some((from, until)) = self.days[day] {
                let days = if last == day { DAYS[day].to_owned() } else { format!("{}-{}", DAYS[day], DAYS[last]) };
                parts.push(format!("{days} {}-{}", clock(from), clock(until)));
            }
            day = last + 1;
        }
        if parts.is_empty() { "closed until further notice".to_owned() } else { parts.join(", ") }
    }
}

impl Default for Hours {
    fn default() -> Self {
        let weekday = Some((9 * 60, 18 * 60));
        Self { days: [weekday, weekday, weekday, weekday, weekday, Some((10 * 60, 16 * 60)), None] }
    }
}

/// The two ways to write hours. Khoros takes no object within `metadata`, so a text must do too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    /// `"mon-fri 09:00-18:00, sat 10:00-16:00"`, as [`Hours::in_words`] writes it.
    Text(String),
    /// `{"mon-fri": "09:00-18:00", "sat": "10:00-16:00"}`
    Entries(BTreeMap<String, String>),
}

impl TryFrom<Written> for Hours {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Text(text) => {
                let entry = |entry: &str| {
                    let (days, hours) = entry.trim().split_once(' ').unwrap_or((entry, ""));
                    (days.to_owned(), hours.to_owned())
                };
                Self::from_entries(text.split(',').map(entry))
            }
            Written::Entries(entries) => Self::from_entries(entries),
        }
    }
}

impl Hours {
    fn from_entries(entries: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut days = [None; 7];
        for (key, value) in entries {
            let (first, last) = key.split_once('-').unwrap_or((&key, &key));
            let (Some(first), Some(last)) = (day_number(first), day_number(last)) else {
                return Err(format!("{key:?} is neither a day nor a range of days such as mon-fri"));
            };
            let hours = span(&value).ok_or_else(|| format!("{value:?} is not a time span such as 09:00-18:00"))?;
            if last < first {
                return Err(format!("{key:?} ends before it begins"));
            }
            for day in &mut days[first..=last] {
                *day = Some(hours);
            }
        }
        Ok(Self { days })
    }
}

fn day_number(name: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == name.trim())
}

fn span(text: &str) -> Option<(i64, i64)> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute_of_day(from)?, minute_of_day(until)?);
    (from < until).then_some((from, until))
}

fn minute_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    ((0..60).contains(&minutes) && (0..=MINUTES_PER_DAY).contains(&minute)).then_some(minute)
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THURSDAY_NOON: u64 = 12 * 3_600_000;
    const DAY: u64 = 24 * 3_600_000;

    fn hours(json: &str) -> Result<Hours, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_week_begins_on_the_right_day() {
        let hours = Hours::default();
        assert!(hours.open_at(THURSDAY_NOON, 0));
        assert!(hours.open_at(THURSDAY_NOON + 2 * DAY, 0), "Saturday at noon");
        assert!(!hours.open_at(THURSDAY_NOON + 3 * DAY, 0), "Sunday");
        assert!(!hours.open_at(0, 0), "Thursday at midnight");
    }

    #[test]
    fn the_last_minute_is_open_and_the_next_is_not() {
        let hours = Hours::default();
        assert!(hours.open_at((18 * 60 - 1) * 60_000, 0));
        assert!(!hours.open_at(18 * 60 * 60_000, 0));
    }

    #[test]
    fn the_offset_moves_the_day() {
        let hours = hours(r#"{"wed": "22:00-24:00"}"#).unwrap();
        assert!(hours.open_at(0, -60), "Thursday 00:00 UTC is Wednesday 23:00 an hour further west");
        assert!(!hours.open_at(0, 60));
        assert!(!hours.open_at(u64::MAX, i64::MAX), "nonsense in, an answer out");
    }

    #[test]
    fn days_of_the_same_hours_stand_together() {
        assert_eq!(Hours::default().in_words(), "mon-fri 09:00-18:00, sat 10:00-16:00");
        assert_eq!(hours("{}").unwrap().in_words(), "closed until further notice");
    }

    #[test]
    fn hours_can_be_written_as_the_bot_says_them() {
        let text = "mon-fri 09:00-18:00, sat 10:00-16:00";
        assert_eq!(hours(&format!("{text:?}")).unwrap(), Hours::default());
        assert!(hours(r#""always""#).unwrap_err().contains("always"));
    }

    #[test]
    fn wrong_hours_are_named() {
        for (json, part) in [
            (r#"{"someday": "09:00-18:00"}"#, "someday"),
            (r#"{"fri-mon": "09:00-18:00"}"#, "ends before it begins"),
            (r#"{"tue-mon": "09:00-18:00"}"#, "ends before it begins"),
            (r#"{"mon": "18:00-09:00"}"#, "18:00-09:00"),
            (r#"{"mon": "25:00-26:00"}"#, "25:00-26:00"),
        ] {
            assert!(hours(json).unwrap_err().contains(part), "{json}");
        }
    }
}
