//! `bothost check`: whether a module is one that this host runs, and why not.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::build::functions_file;
use super::{Error, FAILED, output};
use crate::app;
use crate::guest::{Difference, Prepared, Refusal, Report, Sandbox, Workshop};
use crate::settings::{Overrides, Settings};

/// Check whether a module is one that this host runs; exit code 1 when it is not.
#[derive(Debug, Args)]
pub struct Check {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// An older module: what changed since is shown too.
    #[arg(long, value_name = "OTHER.wasm")]
    against: Option<PathBuf>,
    /// A TOML file with settings, for other limits than the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or the sandbox cannot be set up; a refused module is no error of the command.
pub fn run(check: &Check) -> Result<ExitCode, Error> {
    let bench = Bench::set_up(check.config.as_deref())?;
    let report = bench.report(&check.file)?;
    output::line(&report);
    if let Some(other) = &check.against {
        let before = bench.report(other)?;
        output::line(format_args!("since    {}", other.display()));
        output::line(Difference::between(&before, &report));
    }
    Ok(if report.accepted() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// How long a compilation may take at least, in milliseconds.
const COMPILE_MS: u64 = 600_000;

/// Lets compiling take what it takes: nobody else waits for it on a developer's machine, which may be a busy one.
pub(super) fn compile_at_ease(settings: &mut Settings) {
    let guest = &mut settings.guest;
    guest.compile_wall_ms = guest.compile_wall_ms.max(COMPILE_MS);
    guest.compile_cpu_s = guest.compile_cpu_s.max(COMPILE_MS / 1000);
    guest.compile_niceness = 0;
    guest.compile_threads = 0;
}

/// Takes the module for the developer's own: its debug information is read, and what it is compiled to is kept.
pub(super) fn trust(settings: &mut Settings) {
    settings.guest.source_lines = true;
    settings.guest.functions = functions_file();
}

/// A workshop in a temporary directory, for commands that work on one module and keep nothing.
pub(super) struct Bench {
    pub(super) settings: Settings,
    workshop: Workshop,
    _scratch: tempfile::TempDir,
}

impl Bench {
    /// Reads the settings and starts the sandbox.
    pub(super) fn set_up(config: Option<&Path>) -> Result<Self, Error> {
        let overrides = Overrides { file: config.map(Path::to_owned), ..Overrides::default() };
        let mut settings = Settings::load(&overrides, std::env::vars())?;
        trust(&mut settings);
        Self::with(settings)
    }

    /// Starts the sandbox with these settings.
    pub(super) fn with(mut settings: Settings) -> Result<Self, Error> {
        compile_at_ease(&mut settings);
        let scratch = tempfile::tempdir()?;
        let sandbox = Sandbox::new(app::guest_limits(&settings))?;
        let workshop = Workshop::open(Arc::clone(&sandbox), scratch.path(), std::env::current_exe()?)?;
        Ok(Self { settings, workshop, _scratch: scratch })
    }

    /// What there is to know of a file, taken or refused.
    pub(super) fn report(&self, file: &Path) -> Result<Report, Error> {
        match self.workshop.examine(&read(file)?) {
            Ok(prepared) => Ok(prepared.report),
            Err(Refusal::Module(report)) => Ok(*report),
            Err(Refusal::Host(error)) => Err(error.into()),
        }
    }

    /// Checks and compiles a file.
    pub(super) fn prepare(&self, file: &Path) -> Result<Result<Prepared, Refusal>, Error> {
        Ok(self.prepare_bytes(&read(file)?))
    }

    /// Checks and compiles a component.
    pub(super) fn prepare_bytes(&self, wasm: &[u8]) -> Result<Prepared, Refusal> {
        self.workshop.prepare(wasm)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    Ok(std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?)
}
