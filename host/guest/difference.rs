//! What changed from one module to the next, of two reports.

use std::fmt;

use super::report::Report;
use super::text::grouped;

/// How a module differs from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Exports that were not there before.
    pub exports_added: Vec<String>,
    /// Exports that are gone.
    pub exports_dropped: Vec<String>,
    /// Imports that were not there before.
    pub imports_added: Vec<String>,
    /// Imports that are gone.
    pub imports_dropped: Vec<String>,
    /// Size in bytes.
    pub bytes: Change,
    /// Instructions of the turn on the sample message; nothing when it came to nothing before or now, because then the
    /// number means little.
    pub sample_instructions: Option<Change>,
    /// Bytes of linear memory of a fresh instance; nothing when it was not measured before or now.
    pub memory_floor_bytes: Option<Change>,
    /// Microseconds to make an instance; as exact as the machine was quiet.
    pub instantiation_us: Option<Change>,
    /// What the sample turn came to before and now, where that is not the same.
    pub sample: Option<(String, String)>,
}

/// A number before and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Of the earlier module.
    pub before: u64,
    /// Of the later one.
    pub now: u64,
}

impl Difference {
    /// Compares two modules, the earlier one first.
    #[must_use]
    pub fn between(before: &Report, now: &Report) -> Self {
        let exports = |report: &Report| report.exports.iter().map(|export| export.name.clone()).collect::<Vec<_>>();
        let imports = |report: &Report| report.imports.iter().map(|import| import.name.clone()).collect::<Vec<_>>();
        let (exported, imported) = ((exports(before), exports(now)), (imports(before), imports(now)));
        let mut difference = Self {
            exports_added: without(&exported.1, &exported.0),
            exports_dropped: without(&exported.0, &exported.1),
            imports_added: without(&imported.1, &imported.0),
            imports_dropped: without(&imported.0, &imported.1),
            bytes: Change { before: before.bytes, now: now.bytes },
            ..Self::default()
        };
        if let (Some(before), Some(now)) = (&before.cost, &now.cost) {
            let change = |before, now| Some(Change { before, now });
            difference.memory_floor_bytes = change(before.memory_floor_bytes, now.memory_floor_bytes);
            difference.instantiation_us = change(before.instantiation_us, now.instantiation_us);
            if before.sample.is_ok() && now.sample.is_ok() {
                difference.sample_instructions = change(before.sample_instructions, now.sample_instructions);
            }
            let (earlier, later) = (came_to(&before.sample), came_to(&now.sample));
            difference.sample = (earlier != later).then_some((earlier, later));
        }
        difference
    }

    /// The same in sentences, one for each thing that changed; the time of an instance is told when it changed by a tenth.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (names, what) in [
            (&self.exports_added, "exports"),
            (&self.exports_dropped, "no longer exports"),
            (&self.imports_added, "now asks for"),
            (&self.imports_dropped, "no longer asks for"),
        ] {
            words.extend(names.iter().map(|name| format!("{what} {name}")));
        }
        if self.bytes.now != self.bytes.before {
            let larger = if self.bytes.now > self.bytes.before { "bigger" } else { "smaller" };
            let (percent, by) = (self.bytes.percent(), grouped(self.bytes.by()));
            words.push(format!("{larger} by {percent} ({by} bytes)"));
        }
        if let Some(change) = self.sample_instructions.filter(|change| change.by() > 0) {
            let dearer = if change.now > change.before { "dearer" } else { "cheaper" };
            words.push(format!("{dearer} by {} instructions ({})", grouped(change.by()), change.signed()));
        }
        if let Some(change) = self.memory_floor_bytes.filter(|change| change.by() > 0) {
            let more = if change.now > change.before { "more" } else { "less" };
            let by = grouped(change.by());
            words.push(format!("holds {by} bytes {more} before its first event ({})", change.signed()));
        }
        if let Some(change) = self.instantiation_us.filter(|change| change.by() * 10 > change.before) {
            let (now, before) = (grouped(change.now), grouped(change.before));
            words.push(format!("starts in {now} us instead of {before} ({})", change.signed()));
        }
        if let Some((before, now)) = &self.sample {
            words.push(format!("the turn on the sample message came to {now}; before, to {before}"));
        }
        words
    }

    /// Sentences as the lines that follow a report.
    #[must_use]
    pub fn lines(words: &[String]) -> String {
        if words.is_empty() {
            return "changed  nothing that a report shows".to_owned();
        }
        let lines: Vec<String> = words.iter().map(|sentence| format!("changed  {sentence}")).collect();
        lines.join("\n")
    }
}

impl Change {
    /// How much it changed, up or down.
    #[must_use]
    pub fn by(self) -> u64 {
        self.now.abs_diff(self.before)
    }

    /// The same as a part of what it was: `12 %`; below ten with a decimal.
    fn percent(self) -> String {
        if self.before == 0 {
            return "from nothing".to_owned();
        }
        let thousandths = u128::from(self.by()) * 1000 / u128::from(self.before);
        match thousandths {
            0 => "less than 0.1 %".to_owned(),
            1..100 => format!("{}.{} %", thousandths / 10, thousandths % 10),
            _ => format!("{} %", thousandths / 10),
        }
    }

    fn signed(self) -> String {
        let percent = self.percent();
        let plain = percent.starts_with(|c: char| c.is_ascii_digit());
        let sign = if self.now > self.before { "+" } else { "-" };
        if plain { format!("{sign}{percent}") } else { percent }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::lines(&self.words()))
    }
}

/// The names of the first list that the second does not have.
fn without(names: &[String], others: &[String]) -> Vec<String> {
    names.iter().filter(|name| !others.contains(name)).cloned().collect()
}

fn came_to(sample: &Result<u64, String>) -> String {
    match sample {
        Ok(1) => "1 action".to_owned(),
        Ok(actions) => format!("{actions} actions"),
        Err(cause) => format!("nothing ({cause})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Limits;
    use crate::guest::report::{Cost, Export};

    fn report(bytes: usize, instructions: u64, exports: &[&str]) -> Report {
        let mut report = Report::new("aa".into(), bytes, &Limits::default());
        report.exports = exports.iter().map(|name| Export { name: (*name).to_owned(), called: true }).collect();
        report.cost = Some(Cost {
            instantiation_us: 40,
            memory_floor_bytes: 65_536,
            sample_instructions: instructions,
            sample_us: 50,
            sample_memory_bytes: 65_536,
            sample: Ok(1),
        });
        report
    }

    #[test]
    fn what_changed_is_told_with_its_ratio() {
        let (before, now) = (report(10_000, 7391, &["a", "b"]), report(11_200, 10_791, &["b", "c"]));
        assert_eq!(
            Difference::between(&before, &now).words(),
            [
                "exports c",
                "no longer exports a",
                "bigger by 12 % (1,200 bytes)",
                "dearer by 3,400 instructions (+46 %)"
            ]
        );
        assert_eq!(
            Difference::between(&now, &before).words()[2..],
            ["smaller by 10 % (1,200 bytes)", "cheaper by 3,400 instructions (-31 %)"]
        );
        assert!(Difference::between(&before, &before).words().is_empty());
    }

    #[test]
    fn a_turn_that_failed_is_told_and_not_compared() {
        let (before, mut now) = (report(1000, 5000, &[]), report(1000, 9, &[]));
        if let Some(cost) = &mut now.cost {
            cost.sample = Err("the bot trapped: unreachable".to_owned());
            cost.memory_floor_bytes = 0;
        }
        assert_eq!(
            Difference::between(&before, &now).words(),
            [
                "holds 65,536 bytes less before its first event (-100 %)",
                "the turn on the sample message came to nothing (the bot trapped: unreachable); before, to 1 action",
            ]
        );
        assert!(Difference::between(&now, &before).words()[0].contains("(from nothing)"));
    }
}
