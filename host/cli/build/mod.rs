//! `bothost build`: makes a component of a bot's project, whatever language it is written in, and says what it costs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check::Bench;
use super::{Error, FAILED, output};

mod go;
mod languages;
mod project;
mod shop;
mod tools;
pub(super) mod wit;

pub(super) use languages::Language;
pub(super) use project::Project;
pub(super) use shop::Shop;

/// Build a bot's component, and check it.
#[derive(Debug, Args)]
pub struct Build {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where the component goes; `target/bothost/bot.wasm` in the project unless given.
    #[arg(long, value_name = "FILE.wasm")]
    out: Option<PathBuf>,
    /// Where what is built in between goes; `target/bothost` in the project unless given.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the language is not known, a tool is missing or a step fails.
pub fn run(build: &Build) -> Result<ExitCode, Error> {
    let component = component(&build.dir, build.work.as_deref(), build.out.as_deref())?;
    let bench = Bench::set_up(build.config.as_deref())?;
    let report = bench.report(&component)?;
    output::line(format_args!("component {}", component.display()));
    output::line(&report);
    Ok(if report.accepted() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The component that is meant by a file, or by a project's folder, which is built.
///
/// # Errors
/// See [`run`].
pub(super) fn of(path: &Path) -> Result<PathBuf, Error> {
    if path.is_dir() { component(path, None, None) } else { Ok(path.to_owned()) }
}

/// Builds a project's component and says where it is.
///
/// # Errors
/// See [`run`].
pub(super) fn component(dir: &Path, work: Option<&Path>, out: Option<&Path>) -> Result<PathBuf, Error> {
    let project = Project::find(dir)?;
    let work = work.map_or_else(|| project.dir.join("target/bothost"), Path::to_owned);
    let shop = Shop::open(&project, &work)?;
    let out = out.map_or_else(|| shop.work.join("bot.wasm"), Path::to_owned);
    shop.make_folder(out.parent().unwrap_or(Path::new(".")))?;
    output::note(format_args!("{} in {}", project.language.name(), project.dir.display()));
    // It appears whole or not at all: `bothost dev` may be watching.
    let half = out.with_extension("half");
    project.language.build(&project, &shop, &half)?;
    std::fs::rename(&half, &out).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(out)
}
