//! A customer's conversation with a bot in the terminal: what is typed, what of it happens, and what comes of that.
//! `bothost chat` and `bothost dev` differ in how something happens.

use clap::Args;

use super::output;
use super::terminal::Printer;
use crate::simulator::customer::Happening;
use crate::workbench::session::Turn;

mod screen;

use screen::{Offer, Screen};

/// What can be typed.
const HELP: &str = "a text is said; a number presses a button or picks from a list;
/agent TEXT  a human agent answers      /take   an agent takes the conversation     /back  the bot gets it back
/state       what the bot remembers     /why    what the last turn did and cost     /begin, /close  begin, end it
/help        this                       /quit   leave (Ctrl-D does too)";

/// Who talks to the bot, and where.
#[derive(Debug, Args)]
pub(super) struct Customer {
    /// The platform.
    #[arg(long, default_value = "khoros")]
    pub(super) platform: String,
    /// The network, as the platform names it; the platform's richest unless given.
    #[arg(long, default_value = "")]
    pub(super) network: String,
    /// The customer's name.
    #[arg(long, default_value = "Jo Quill")]
    pub(super) name: String,
    /// The bot's configuration, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(super) bot_config: String,
}

/// A conversation.
pub(super) struct Talk {
    screen: Screen,
    /// What a number stands for.
    offers: Vec<Offer>,
    last: Option<Turn>,
}

/// What a typed line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// Something happens.
    Happens(Happening),
    /// Nothing more: it was answered.
    Nothing,
    /// To leave.
    Leave,
}

impl Talk {
    /// A conversation of which nothing has happened yet.
    pub(super) fn new(printer: Printer) -> Self {
        Self { screen: Screen::new(printer), offers: Vec::new(), last: None }
    }

    /// From now on each turn's log is shown, and not only that of a turn that failed.
    pub(super) fn with_log(mut self) -> Self {
        self.screen.shows_log = true;
        self
    }

    /// Reads what was typed, and answers it where nothing has to happen for that.
    pub(super) fn typed(&mut self, line: &str) -> Typed {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let happening = match word {
            "" => return Typed::Nothing,
            "/quit" => return Typed::Leave,
            "/agent" => Happening::AgentSays(rest.to_owned()),
            "/take" => Happening::AgentTakes,
            "/back" => Happening::BotTakes,
            "/begin" => Happening::Begins,
            "/close" => Happening::Ends,
            command if command.starts_with('/') => {
                self.answer(command);
                return Typed::Nothing;
            }
            _ => self.pressed(line).unwrap_or_else(|| Happening::Says(line.to_owned())),
        };
        Typed::Happens(happening)
    }

    fn answer(&mut self, command: &str) {
        match (command, &self.last) {
            ("/help", _) => self.screen.line(HELP),
            ("/state", last) => {
                let state = last.as_ref().and_then(Turn::state_after);
                self.screen.line(&state.map_or_else(|| "nothing".to_owned(), output::escaped));
            }
            ("/why", Some(turn)) => self.screen.why(turn),
            ("/why", None) => self.screen.note("nothing has happened yet"),
            (other, _) => self.screen.note(&format!("there is no {other}; /help says what there is")),
        }
    }

    /// What a number presses or picks, where something is offered under it.
    fn pressed(&self, line: &str) -> Option<Happening> {
        let number: usize = line.parse().ok()?;
        self.offers.get(number.checked_sub(1)?).map(Offer::happening)
    }

    /// Shows what came of something; nothing where the platform does not tell bots of it.
    pub(super) fn show(&mut self, turn: Option<Turn>) {
        let Some(turn) = turn else { return self.note("this platform does not tell bots of that") };
        // What stays on the customer's screen can still be pressed.
        if let Some(offers) = self.screen.turn(&turn) {
            self.offers = offers;
        }
        self.last = Some(turn);
    }

    /// A word beside the conversation.
    pub(super) fn note(&mut self, text: &str) {
        self.screen.note(text);
    }

    /// A difference.
    pub(super) fn changed(&mut self, text: &str) {
        self.screen.changed(text);
    }

    /// A complaint.
    pub(super) fn wrong(&mut self, text: &str) {
        self.screen.wrong(text);
    }
}
