//! The `bothost` binary: read the command line, do what it says.

use std::process::ExitCode;

use bothost::cli::{self, Args, Command};
use clap::Parser as _;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Serve(serve) => cli::serve::run(&serve),
        Command::Demo(demo) => cli::demo::run(&demo),
        Command::Check(check) => cli::check::run(&check),
        Command::Run(run) => cli::run::run(&run),
        Command::New(new) => cli::new::run(&new),
        Command::Build(build) => cli::build::run(&build),
        Command::Chat(chat) => cli::chat::run(&chat),
        Command::Dev(dev) => cli::dev::run(&dev),
        Command::Test(test) => cli::test::run(&test),
        Command::Push(push) => cli::push::run(&push),
        Command::Events(events) => cli::events::run(&events),
        Command::Explain(explain) => cli::explain::run(&explain),
        Command::Logs(logs) => cli::logs::run(&logs),
        Command::Replay(replay) => cli::replay::run(&replay),
        Command::RotateMasterKey(rotate) => cli::rotate_master_key::run(&rotate),
        Command::CompileChild => return bothost::guest::child_main(),
    };
    result.unwrap_or_else(|error| cli::fail(&error))
}
