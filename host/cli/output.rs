//! What commands print: results on standard output, complaints on standard error.

#![expect(clippy::print_stderr, reason = "this is where the command line speaks")]

use std::fmt::Display;
use std::io::Write as _;

/// A line of the result.
pub(super) fn line(text: impl Display) {
    // Whoever reads a pipe may have gone; the work goes on.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A line for the person, not part of the result.
pub(super) fn note(text: impl Display) {
    eprintln!("{text}");
}

/// A complaint.
pub(super) fn error(text: &str) {
    eprintln!("bothost: {text}");
}

/// Hostile text made safe for a terminal: control characters are written out.
pub(super) fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// A value for a URL's query.
pub(super) fn in_query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
