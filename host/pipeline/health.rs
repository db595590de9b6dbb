//! How bots have done lately: what became of their turns of the last two minutes, in memory. A host that starts knows of none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::bot::Runs;
use crate::domain::names::BotId;

/// How far back it looks, in milliseconds (platforms.md A3).
pub const WINDOW_MS: u64 = 120_000;

/// What became of the bots' turns.
#[derive(Debug, Default)]
pub struct Health {
    bots: Mutex<HashMap<BotId, VecDeque<Second>>>,
}

/// What ended within one second.
#[derive(Debug)]
struct Second {
    begins_ms: u64,
    runs: Runs,
}

impl Health {
    /// Counts a turn that ended, or an event that a bot elsewhere was told.
    pub fn ended(&self, bot: &BotId, succeeded: bool, now_ms: u64) {
        let begins_ms = now_ms - now_ms % 1000;
        let mut bots = self.bots();
        let seconds = bots.entry(bot.clone()).or_default();
        forget(seconds, now_ms);
        // A clock that was set back counts into the second that it came from.
        if seconds.back().is_none_or(|last| last.begins_ms < begins_ms) {
            seconds.push_back(Second { begins_ms, runs: Runs::default() });
        }
        if let Some(last) = seconds.back_mut() {
            let count = if succeeded { &mut last.runs.succeeded } else { &mut last.runs.failed };
            *count = count.saturating_add(1);
        }
    }

    /// How the bots have done together.
    #[must_use]
    pub fn of<'a>(&self, bots: impl IntoIterator<Item = &'a BotId>, now_ms: u64) -> Runs {
        let known = self.bots();
        let seconds = bots.into_iter().filter_map(|bot| known.get(bot)).flatten();
        let recent = seconds.filter(|second| is_recent(second, now_ms));
        recent.fold(Runs::default(), |sum, second| Runs {
            succeeded: sum.succeeded.saturating_add(second.runs.succeeded),
            failed: sum.failed.saturating_add(second.runs.failed),
        })
    }

    /// Forgets the bots of which nothing recent is known.
    pub fn forget(&self, now_ms: u64) {
        self.bots().retain(|_, seconds| {
            forget(seconds, now_ms);
            !seconds.is_empty()
        });
    }

    fn bots(&self) -> MutexGuard<'_, HashMap<BotId, VecDeque<Second>>> {
        self.bots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(seconds: &mut VecDeque<Second>, now_ms: u64) {
    while seconds.front().is_some_and(|second| !is_recent(second, now_ms)) {
        seconds.pop_front();
    }
}

fn is_recent(second: &Second, now_ms: u64) -> bool {
    second.begins_ms.saturating_add(WINDOW_MS) > now_ms
}

#[cfg(test)]
mod tests {
    use super::{Health, WINDOW_MS};
    use crate::domain::bot::Runs;
    use crate::domain::names::BotId;

    #[test]
    fn only_the_last_two_minutes_count() {
        let (health, one, other) = (Health::default(), BotId::from("one"), BotId::from("other"));
        for second in 0..10 {
            health.ended(&one, true, second * 1000);
            health.ended(&other, false, second * 1000);
        }
        let runs = |succeeded, failed| Runs { succeeded, failed };
        assert_eq!(health.of([&one, &other], 9_999), runs(10, 10));
        assert_eq!(health.of([&one], 9_999), runs(10, 0));
        assert_eq!(health.of([&one, &other], WINDOW_MS + 3_500), runs(6, 6));
        assert_eq!(health.of([&one, &other], WINDOW_MS + 9_000), runs(0, 0));
        assert_eq!(health.of([&BotId::from("never ran")], 9_999), runs(0, 0));
    }

    #[test]
    fn what_is_past_takes_no_room() {
        let health = Health::default();
        for second in 0..10_000 {
            health.ended(&BotId::from("busy"), true, second * 1000);
            health.ended(&BotId::from(format!("bot {second}")), true, second * 1000);
        }
        assert!(health.bots().values().all(|seconds| seconds.len() <= 121));
        health.forget(10_000_000);
        assert_eq!(health.bots().len(), 120);
        health.ended(&BotId::from("busy"), true, 1);
        assert_eq!(health.of([&BotId::from("busy")], 10_000_000).succeeded, 120);
    }
}
