//! `bothost chat`: talk to a bot in the terminal as a customer, on a platform and a network of one's choice.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::check::Bench;
use super::{Error, build, output};
use crate::app::SystemClock;
use crate::domain::clock::Clock as _;
use crate::guest::Module;
use crate::simulator::customer::Happening;
use crate::workbench::session::{Session, Turn};

mod screen;

use screen::{Offer, Screen};

/// Talk to a bot as a customer.
#[derive(Debug, Args)]
pub struct Chat {
    /// The bot's component, or its project, which is built first.
    #[arg(value_name = "FILE.wasm|DIR")]
    file: PathBuf,
    /// The platform.
    #[arg(long, default_value = "khoros")]
    platform: String,
    /// The network, as the platform names it; the platform's richest unless given.
    #[arg(long, default_value = "")]
    network: String,
    /// The customer's name.
    #[arg(long, default_value = "Jo Quill")]
    name: String,
    /// The bot's configuration, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    bot_config: String,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What can be typed.
const HELP: &str = "a text is said; a number presses a button or picks from a list;
/agent TEXT  a human agent answers      /take   an agent takes the conversation     /back  the bot gets it back
/state       what the bot remembers     /why    what the last turn did and cost     /begin, /close  begin, end it
/help        this                       /quit   leave (Ctrl-D does too)";

/// Runs the command.
///
/// # Errors
/// When the module is refused, or there is no such platform.
pub fn run(chat: &Chat) -> Result<ExitCode, Error> {
    let bench = Bench::set_up(chat.config.as_deref())?;
    let prepared = bench.prepare(&build::of(&chat.file)?)??;
    let limits = bench.settings.turn.limits();
    let session = Session::new(&chat.platform, &chat.network, &chat.name, &chat.bot_config, limits)?;
    let screen = Screen::new(std::io::stdout().is_terminal());
    screen.note(&format!(
        "{} on {} {}; /help says what can be typed",
        chat.file.display(),
        chat.platform,
        chat.network
    ));
    let mut talk = Talk { session, module: &prepared.module, screen, offers: Vec::new(), last: None };
    let mut lines = std::io::stdin().lock().lines();
    loop {
        talk.screen.prompt(&chat.name);
        match lines.next() {
            Some(line) => {
                if !talk.typed(line?.trim())? {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

struct Talk<'a> {
    session: Session,
    module: &'a Module,
    screen: Screen,
    /// What a number stands for.
    offers: Vec<Offer>,
    last: Option<Turn>,
}

impl Talk<'_> {
    /// Does what was typed; false to leave.
    fn typed(&mut self, line: &str) -> Result<bool, Error> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let happening = match word {
            "" => return Ok(true),
            "/quit" => return Ok(false),
            "/help" => {
                output::line(HELP);
                return Ok(true);
            }
            "/state" => {
                output::line(self.session.state().map_or("nothing".to_owned(), output::escaped));
                return Ok(true);
            }
            "/why" => {
                self.why();
                return Ok(true);
            }
            "/agent" => Happening::AgentSays(rest.to_owned()),
            "/take" => Happening::AgentTakes,
            "/back" => Happening::BotTakes,
            "/begin" => Happening::Begins,
            "/close" => Happening::Ends,
            command if command.starts_with('/') => {
                self.screen.note(&format!("there is no {command}; /help says what there is"));
                return Ok(true);
            }
            _ => self.pressed(line).unwrap_or_else(|| Happening::Says(line.to_owned())),
        };
        self.happens(&happening)?;
        Ok(true)
    }

    /// What a number presses or picks, where something is offered under it.
    fn pressed(&self, line: &str) -> Option<Happening> {
        let number: usize = line.parse().ok()?;
        self.offers.get(number.checked_sub(1)?).map(Offer::happening)
    }

    fn happens(&mut self, happening: &Happening) -> Result<(), Error> {
        let Some(turn) = self.session.happens(happening, self.module, SystemClock.now_ms())? else {
            self.screen.note("this platform does not tell bots of that");
            return Ok(());
        };
        // What stays on the customer's screen can still be pressed.
        if let Some(offers) = self.screen.turn(&turn) {
            self.offers = offers;
        }
        self.last = Some(turn);
        Ok(())
    }

    fn why(&self) {
        match &self.last {
            Some(turn) => self.screen.why(turn),
            None => self.screen.note("nothing has happened yet"),
        }
    }
}
