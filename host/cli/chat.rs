//! `bothost chat`: talk to a bot in the terminal as a customer, on a platform and a network of one's choice.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::check::Bench;
use super::talk::{Customer, Talk, Typed};
use super::terminal::Terminal;
use super::{Error, build, output};
use crate::app::SystemClock;
use crate::domain::clock::Clock as _;
use crate::workbench::session::Session;

/// Talk to a bot as a customer.
#[derive(Debug, Args)]
pub struct Chat {
    /// The bot's component, or its project, which is built first.
    #[arg(value_name = "FILE.wasm|DIR")]
    file: PathBuf,
    #[command(flatten)]
    customer: Customer,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the module is refused, or there is no such platform.
pub fn run(chat: &Chat) -> Result<ExitCode, Error> {
    let bench = Bench::set_up(chat.config.as_deref())?;
    let prepared = bench.prepare(&build::of(&chat.file, true)?)??;
    let Customer { platform, network, name, bot_config } = &chat.customer;
    let mut session = Session::new(platform, network, name, bot_config, bench.settings.turn.limits())?;
    let mut terminal = Terminal::open()?;
    let mut talk = Talk::new(Box::new(output::line));
    let network = session.network();
    talk.note(&format!("{} on {platform} {network}; /help says what can be typed", chat.file.display()));
    while let Some(line) = terminal.read(&format!("{name}> "))? {
        match talk.typed(line.trim()) {
            Typed::Happens(happening) => {
                let turn = session.happens(&happening, &prepared.module, SystemClock.now_ms())?;
                talk.show(turn);
            }
            Typed::Nothing => {}
            Typed::Leave => break,
        }
    }
    Ok(ExitCode::SUCCESS)
}
