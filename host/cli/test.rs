//! `bothost test`: runs a bot's scenarios, and rewrites what they expect when told to.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check::Bench;
use super::{Error, FAILED, build, output};
use crate::guest::Module;
use crate::workbench::scenario::{Difference, Scenario};

/// Run a bot's scenarios: conversations with what is expected of it; exit code 1 where something else comes.
#[derive(Debug, Args)]
pub struct Test {
    /// A scenario, or a folder whose `*.scenario` files are run.
    #[arg(value_name = "FILE.scenario|DIR", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The bot's component; unless given, the first folder is the bot's project, and is built.
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// Write what comes into the scenarios, as what is expected from now on.
    #[arg(long)]
    accept: bool,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, a scenario cannot be understood or the module is refused.
pub fn run(test: &Test) -> Result<ExitCode, Error> {
    let scenarios = scenarios(&test.paths)?;
    let project = || test.paths.iter().find(|path| path.is_dir()).ok_or("say which component: --module FILE.wasm");
    let module = test.module.as_ref().map_or_else(|| build::of(project()?, true), |module| Ok(module.clone()))?;
    let bench = Bench::set_up(test.config.as_deref())?;
    let prepared = bench.prepare(&module)??;
    let mut differ = 0;
    for path in &scenarios {
        differ += play(path, &prepared.module, &bench, test.accept)?;
    }
    if scenarios.is_empty() {
        return Err(
            "there is no *.scenario file there: a scenario is a conversation written down, see wit/README.md".into()
        );
    }
    Ok(if differ == 0 || test.accept { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Plays one scenario and returns how many of its lines came out differently.
fn play(path: &Path, module: &Module, bench: &Bench, accept: bool) -> Result<usize, Error> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let scenario = Scenario::parse(&text).map_err(|error| named(&error))?;
    let played = scenario.play(module, &bench.settings.turn.limits()).map_err(|error| named(&error))?;
    let differ = played.differences.len();
    if accept && played.text != text {
        std::fs::write(path, &played.text).map_err(|error| named(&error))?;
        output::line(format_args!("{}: rewritten; lines that came out differently: {differ}", path.display()));
        return Ok(differ);
    }
    played.differences.iter().for_each(|difference| show(path, difference));
    let verdict = if differ == 0 { "as expected" } else { "NOT as expected" };
    output::line(format_args!("{}: {} turns, {verdict}", path.display(), played.turns));
    Ok(differ)
}

fn show(path: &Path, difference: &Difference) {
    let Difference { line, happened, expected, came } = difference;
    output::line(format_args!("{}:{line}: {}", path.display(), output::escaped(happened)));
    for line in expected.iter().filter(|line| !came.contains(line)) {
        output::line(format_args!("  - {}", output::escaped(line)));
    }
    for line in came.iter().filter(|line| !expected.contains(line)) {
        output::line(format_args!("  + {}", output::escaped(line)));
    }
    if expected.iter().all(|line| came.contains(line)) && came.iter().all(|line| expected.contains(line)) {
        output::line("  the same lines come in another order or number");
    }
}

/// The scenarios that are named, and those in the folders that are, in their order.
fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut within: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        within.retain(|path| path.extension().is_some_and(|extension| extension == "scenario"));
        within.sort();
        found.extend(within);
    }
    Ok(found)
}
