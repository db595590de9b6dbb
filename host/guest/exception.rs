//! JavaScript's exceptions, as the runtime that JavaScript bots are built with prints them: Rust's debug text on one line, with
//! message and stack as string literals in it.

/// What such a line begins with.
const BEGINS: &str = "Exception { message: ";

/// Message and stack of an exception, line by line; none when the line is something else.
pub(super) fn unfolded(line: &str) -> Option<String> {
    let (message, rest) = literal(line.strip_prefix(BEGINS)?)?;
    let (stack, _) = literal(rest.strip_prefix(", stack: ")?)?;
    Some(format!(
        "{}\n{}",
        message.unwrap_or_else(|| "an exception without a message".to_owned()),
        stack.unwrap_or_default()
    ))
}

/// Reads `None` or `Some("...")`, and what follows it.
fn literal(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(rest) = text.strip_prefix("None") {
        return Some((None, rest));
    }
    let text = text.strip_prefix("Some(\"")?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Some(value), text[at + 1..].strip_prefix(')')?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'u' => {
                    let code = chars.as_str().strip_prefix('{')?.split_once('}')?.0;
                    value.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                    chars.nth(code.len() + 1);
                }
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::unfolded;

    #[test]
    fn message_and_stack_become_lines() {
        let line = r#"Exception { message: Some("no \"price\" \u{1b}[1m here"), stack: Some("    at f (/bot.js:1:2)\n    at g\n") })"#;
        assert_eq!(unfolded(line).unwrap(), "no \"price\" \u{1b}[1m here\n    at f (/bot.js:1:2)\n    at g\n");
        assert_eq!(unfolded("Exception { message: None, stack: None }").unwrap(), "an exception without a message\n");
    }

    #[test]
    fn whatever_else_a_bot_prints_stays_as_it_is() {
        for line in [
            "",
            "Exception",
            "Exception { message: Some(\"",
            r#"Exception { message: Some("a\u{d800}"), stack: None }"#,
        ] {
            assert_eq!(unfolded(line), None, "{line}");
        }
    }
}
