//! `bothost build`: makes a component of a bot's project, whatever language it is written in, and says what it costs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check::Bench;
use super::{Error, FAILED, output};

mod component;
mod go;
mod languages;
mod project;
mod shop;
mod tools;
pub(super) mod wit;

pub(super) use languages::Language;
pub(super) use project::Project;
pub(super) use shop::{Shop, functions_file};

/// Build a bot's component, and check it.
#[derive(Debug, Args)]
pub struct Build {
    /// The project, or a bot that is one JavaScript file.
    #[arg(value_name = "DIR|BOT.js", default_value = ".")]
    dir: PathBuf,
    /// Where the component goes; `target/bothost/bot.wasm` in the project unless given.
    #[arg(long, value_name = "FILE.wasm")]
    out: Option<PathBuf>,
    /// Where what is built in between goes; `target/bothost` in the project unless given.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Keep debug information: a trap's backtrace then shows files and lines where `guest.source_lines` is on.
    #[arg(long)]
    debug: bool,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Every language, by its name, and the pinned versions of what its bots are built with.
#[must_use]
pub fn toolchains() -> Vec<(&'static str, String)> {
    Language::ALL.into_iter().map(|language| (language.name(), language.toolchain())).collect()
}

/// Runs the command.
///
/// # Errors
/// When the language is not known, a tool is missing or a step fails.
pub fn run(build: &Build) -> Result<ExitCode, Error> {
    let project = Project::find(&build.dir)?;
    let shop = Shop::open(&project, build.work.as_deref(), build.debug)?;
    let component = component(&project, &shop, build.out.as_deref())?;
    let bench = Bench::set_up(build.config.as_deref())?;
    let report = bench.report(&component)?;
    output::line(format_args!("component {}", component.display()));
    output::line(&report);
    Ok(if report.accepted() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The component that is meant by a file; of a project's folder or a script what is built.
///
/// # Errors
/// See [`run`].
pub(super) fn of(path: &Path, debug: bool) -> Result<PathBuf, Error> {
    if !path.is_dir() && !project::is_script(path) {
        return Ok(path.to_owned());
    }
    let project = Project::find(path)?;
    component(&project, &Shop::open(&project, None, debug)?, None)
}

/// Builds a project's component and says where it is.
///
/// # Errors
/// See [`run`].
pub(super) fn component(project: &Project, shop: &Shop, out: Option<&Path>) -> Result<PathBuf, Error> {
    let name = if shop.debug { "bot.debug.wasm" } else { "bot.wasm" };
    let out = out.map_or_else(|| shop.work.join(name), Path::to_owned);
    shop.make_folder(out.parent().unwrap_or(Path::new(".")))?;
    shop.tell(&format!("{} in {}", project.language.name(), project.dir.display()));
    // It appears whole or not at all.
    let half = out.with_extension("half");
    project.language.build(project, shop, &half)?;
    std::fs::rename(&half, &out).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(out)
}
