//! The command line. Each command is a file with its arguments and a `run`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod serve;
pub mod demo;
pub mod check;
pub mod run;
pub mod new;
pub mod build;
pub mod chat;
pub mod dev;
pub mod test;
pub mod push;
pub mod events;
pub mod explain;
pub mod logs;
pub mod replay;
pub mod rotate_master_key;
pub mod remote;
mod local;
mod talk;
mod terminal;
mod output;

/// A WebAssembly host for chat-bot logic.
#[derive(Debug, Parser)]
#[command(name = "bothost", version, about)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What bothost can be told to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve: take webhooks in, run bots, send their answers.
    Serve(serve::Serve),
    /// Show the whole way of an event on this machine, with simulated platforms.
    Demo(demo::Demo),
    /// Check whether a module is one that this host runs; exit code 1 when it is not.
    Check(check::Check),
    /// Run a module on one event and print what it answers, as JSON; exit code 1 when it fails.
    Run(run::Run),
    /// Begin a bot's project, in the language of one's choice.
    New(new::New),
    /// Build a bot's component, in whatever language it is written, and check it.
    Build(build::Build),
    /// Talk to a bot in the terminal, as a customer.
    Chat(chat::Chat),
    /// Work on a bot: rebuild and swap it as its sources change, and talk to it meanwhile.
    Dev(dev::Dev),
    /// Run a bot's scenarios: conversations with what is expected of it; exit code 1 where something else comes.
    Test(test::Test),
    /// Upload a module to a running host.
    Push(push::Push),
    /// List a running host's events, the newest first.
    Events(events::Events),
    /// Say why a bot did or did not answer an event.
    Explain(explain::Explain),
    /// Follow what happens on a running host, until it stops or Ctrl-C.
    Logs(logs::Logs),
    /// Run a recorded turn again on this machine; exit code 0 when the same comes of it, 1 when not.
    Replay(replay::Replay),
    /// Change the key that secrets are sealed with, while no host runs.
    RotateMasterKey(rotate_master_key::RotateMasterKey),
    /// The host's own compiler process: a module on standard input, code on standard output.
    #[command(hide = true)]
    CompileChild,
}

/// Why a command failed, in words for whoever typed it.
pub type Error = Box<dyn std::error::Error>;

/// Exit code of a command that could not do its work.
pub const FAILED: u8 = 1;
/// Exit code of settings that cannot be used: nothing was bound or written.
pub const BAD_SETTINGS: u8 = 64;

/// Says why a command failed.
#[must_use]
pub fn fail(error: &Error) -> ExitCode {
    output::error(&error.to_string());
    let settings = error.downcast_ref::<crate::settings::Error>().is_some();
    ExitCode::from(if settings { BAD_SETTINGS } else { FAILED })
}
