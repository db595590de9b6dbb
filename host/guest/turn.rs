//! What a guest's store holds during one turn: its log, its memory account, its frozen clock and its randomness.

use wasmtime::ResourceLimiter;

use super::limits::Limits;
use super::{exception, text};
use crate::domain::turn::LogLine;

/// The host's side of one turn.
#[derive(Debug)]
pub(super) struct Turn {
    /// What the guest logs.
    pub(super) log: Log,
    /// What it holds.
    pub(super) memory: Account,
    /// Where its randomness comes from.
    pub(super) chance: Chance,
    /// The time, which stands still: milliseconds since 1970-01-01 UTC.
    pub(super) now_ms: u64,
}

impl Turn {
    /// A turn at its beginning.
    pub(super) fn new(limits: &Limits, now_ms: u64, seed: u64) -> Self {
        Self {
            log: Log::new(limits),
            memory: Account { bytes_max: limits.memory_bytes_max, bytes: 0, refused: false },
            chance: Chance { state: seed, bytes_left: limits.random_bytes_max },
            now_ms,
        }
    }
}

/// A guest's log: the first lines up to a limit, and how many more there were.
#[derive(Debug)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    dropped: u64,
    lines_max: usize,
    bytes_left: usize,
    partial: [Vec<u8>; 2],
}

/// What a language's runtime prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Log {
    fn new(limits: &Limits) -> Self {
        let (lines_max, bytes_left) = (limits.log_lines_max, limits.log_bytes_max);
        Self { lines: Vec::new(), dropped: 0, lines_max, bytes_left, partial: [Vec::new(), Vec::new()] }
    }

    /// Keeps what a guest says, line by line.
    pub(super) fn write(&mut self, level: &'static str, text: &str) {
        for line in text.trim_end_matches(['\n', '\r']).split('\n') {
            self.line(level, line.strip_suffix('\r').unwrap_or(line).to_owned());
        }
    }

    /// Keeps a line, or the part of it that still fits.
    fn line(&mut self, level: &'static str, mut line: String) {
        let fits = text::prefix(&line, self.bytes_left).len();
        if self.lines.len() >= self.lines_max || (fits == 0 && !line.is_empty()) {
            self.dropped += 1;
            return;
        }
        line.truncate(fits);
        self.bytes_left -= fits;
        self.lines.push(LogLine { level, text: line });
    }

    /// Keeps what a runtime prints, line by line. What has no end of line yet waits for it, as long as it may be kept.
    pub(super) fn print(&mut self, stream: Stream, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.hold(stream, &bytes[..end]);
            self.end_line(stream);
            bytes = &bytes[end + 1..];
        }
        self.hold(stream, bytes);
    }

    /// The lines and how many were dropped.
    pub(super) fn finish(mut self) -> (Vec<LogLine>, u64) {
        for stream in [Stream::Out, Stream::Err] {
            if !self.partial[stream as usize].is_empty() {
                self.end_line(stream);
            }
        }
        (self.lines, self.dropped)
    }

    fn hold(&mut self, stream: Stream, bytes: &[u8]) {
        let held = &mut self.partial[stream as usize];
        // One byte more than fits is enough to know that the line is cut.
        let room = (self.bytes_left + 1).saturating_sub(held.len());
        held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self, stream: Stream) {
        let bytes = std::mem::take(&mut self.partial[stream as usize]);
        let level = match stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        };
        let text = String::from_utf8_lossy(&bytes);
        match exception::unfolded(&text) {
            Some(exception) => self.write(level, &exception),
            None => self.write(level, &text),
        }
    }
}

/// What a guest holds, summed over all memories of the component: a limit for each would be three times the limit.
#[derive(Debug)]
pub(super) struct Account {
    bytes_max: usize,
    bytes: usize,
    refused: bool,
}

impl Account {
    /// The most that was held, in bytes: memories only grow, and what failed to grow after it was granted stays counted.
    pub(super) fn peak(&self) -> usize {
        self.bytes
    }

    /// Whether the guest was refused memory.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Account {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let sum = self.bytes.saturating_add(desired.saturating_sub(current));
        if sum > self.bytes_max {
            self.refused = true;
            return Ok(false);
        }
        self.bytes = sum;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, _desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The pool holds tables to their number of elements.
        Ok(true)
    }
}

/// Randomness that follows from the turn's seed, so that a turn can be repeated: SplitMix64. It keeps no secrets.
#[derive(Debug)]
pub(super) struct Chance {
    state: u64,
    bytes_left: u64,
}

impl Chance {
    /// The next number, or `None` when the turn has drawn what it may.
    pub(super) fn number(&mut self) -> Option<u64> {
        self.bytes_left = self.bytes_left.checked_sub(8)?;
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(mixed ^ (mixed >> 31))
    }

    /// The next bytes, or `None` when the turn has drawn what it may.
    pub(super) fn bytes(&mut self, count: u64) -> Option<Vec<u8>> {
        if count > self.bytes_left {
            return None;
        }
        let mut bytes = Vec::new();
        for _ in 0..count.div_ceil(8) {
            bytes.extend_from_slice(&self.number()?.to_le_bytes());
        }
        bytes.truncate(usize::try_from(count).ok()?);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_held_up_to_the_limit() {
        let mut log = Log::new(&Limits { log_bytes_max: 1000, ..Limits::default() });
        for _ in 0..100 {
            log.print(Stream::Out, &[b'a'; 4096]);
            assert!(log.partial[0].len() <= 1001);
        }
        let (lines, dropped) = log.finish();
        assert_eq!((lines[0].text.len(), lines.len(), dropped), (1000, 1, 0));
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let mut log = Log::new(&Limits { log_bytes_max: 3, ..Limits::default() });
        log.line("info", "ää".to_owned());
        log.line("info", String::new());
        log.line("info", "ää".to_owned());
        let (lines, dropped) = log.finish();
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!((texts, dropped), (vec!["ä", ""], 1));
    }
}
