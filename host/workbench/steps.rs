//! The lines of a scenario: what is set, what happens, and what is expected of it.

use crate::simulator::customer::Happening;

/// A line that is no expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// `on PLATFORM [NETWORK]`: the scenario runs there too.
    On(String),
    /// `customer NAME`
    Customer(String),
    /// `config JSON`
    Config(String),
    /// `state TEXT`: what the bot remembers.
    State(String),
    /// `at MS`: the clock, in milliseconds since 1970-01-01 UTC.
    At(u64),
    /// Something happens.
    Happens(Happening),
}

/// What each line may be.
const LINES: &str = "on PLATFORM [NETWORK], customer NAME, config JSON, state TEXT, at MS, say TEXT, press PAYLOAD [TEXT], \
                     reply PAYLOAD [TEXT], pick ID [TITLE], begin, end, agent says TEXT, agent takes, bot takes, other KIND";

impl Step {
    /// Reads a line.
    ///
    /// # Errors
    /// Says what a line may be.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let needed =
            |what: &str| if rest.is_empty() { Err(format!("{word} needs {what}")) } else { Ok(rest.to_owned()) };
        // A payload or an id, and what stands on it.
        let pair = || {
            let (first, second) = rest.split_once(' ').unwrap_or((rest, rest));
            (first.to_owned(), second.trim().to_owned())
        };
        Ok(match word {
            "on" => Self::On(needed("a platform")?),
            "customer" => Self::Customer(needed("a name")?),
            "config" => Self::Config(needed("a JSON object")?),
            "state" => Self::State(needed("a text")?),
            "at" => Self::At(rest.parse().map_err(|_| format!("{rest:?} is not a number of milliseconds"))?),
            "say" => Self::Happens(Happening::Says(rest.to_owned())),
            "press" | "reply" => {
                needed("a payload")?;
                let (payload, text) = pair();
                Self::Happens(Happening::Presses { text, payload, is_reply: word == "reply" })
            }
            "pick" => {
                needed("an id")?;
                let (id, title) = pair();
                Self::Happens(Happening::Picks { id, title })
            }
            "begin" => Self::Happens(Happening::Begins),
            "end" => Self::Happens(Happening::Ends),
            "agent" if rest == "takes" => Self::Happens(Happening::AgentTakes),
            "agent" if rest.starts_with("says ") => Self::Happens(Happening::AgentSays(rest[5..].trim().to_owned())),
            "bot" if rest == "takes" => Self::Happens(Happening::BotTakes),
            "other" => Self::Happens(Happening::Other(needed("a kind")?)),
            _ => return Err(format!("{line:?} is no line of a scenario; one is: {LINES}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Step;
    use crate::simulator::customer::Happening;

    #[test]
    fn a_line_says_what_happens() {
        assert_eq!(Step::parse("say  Hello, you!"), Ok(Step::Happens(Happening::Says("Hello, you!".to_owned()))));
        assert_eq!(
            Step::parse("press tea-ritual Tea ritual"),
            Ok(Step::Happens(Happening::Presses {
                text: "Tea ritual".to_owned(),
                payload: "tea-ritual".to_owned(),
                is_reply: false
            }))
        );
        assert_eq!(Step::parse("agent says Hi"), Ok(Step::Happens(Happening::AgentSays("Hi".to_owned()))));
        assert_eq!(Step::parse("at 12"), Ok(Step::At(12)));
        for wrong in ["press", "agent", "agent sings", "at noon", "sya hello", "on"] {
            assert!(Step::parse(wrong).is_err(), "{wrong}");
        }
    }
}
