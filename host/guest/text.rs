//! Text that a guest had a hand in: cut to a length that a log can bear.

use std::num::NonZeroUsize;

/// The longest text of a guest that an error holds, in bytes.
pub(super) const TEXT_MAX: usize = 2048;

/// The longest name of a function in a backtrace, in bytes.
const NAME_MAX: usize = 200;

/// The deepest backtrace.
pub(super) const FRAMES_MAX: Option<NonZeroUsize> = NonZeroUsize::new(16);

/// Cuts a text to [`TEXT_MAX`] bytes and says so.
pub(super) fn cap(text: &str) -> String {
    cut(text, TEXT_MAX)
}

/// Cuts a function's name to a length that a backtrace can bear.
pub(super) fn cap_name(name: &str) -> String {
    cut(name, NAME_MAX)
}

/// The longest beginning of the text that has at most `bytes` bytes.
pub(super) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A number with a comma after every three digits: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn cut(text: &str, bytes: usize) -> String {
    let kept = prefix(text, bytes);
    if kept.len() == text.len() { kept.to_owned() } else { format!("{kept}... ({} bytes in all)", text.len()) }
}
