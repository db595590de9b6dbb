//! Where a bot is built: the folder for what is made in between, the contract, and commands that are shown as they run.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Project, wit};
use crate::cli::{Error, output};

/// A shop.
#[derive(Debug)]
pub(in crate::cli) struct Shop {
    /// What is made in between; absolute.
    pub(in crate::cli) work: PathBuf,
    /// The contract.
    pub(super) wit: PathBuf,
    /// Toolchains, shared by all projects.
    pub(super) tools: PathBuf,
    /// Whether debug information is kept.
    pub(super) debug: bool,
    /// Whether what is done is shown.
    shows: bool,
}

impl Shop {
    /// Makes the folders: `work`, or `target/bothost` in the project. The contract is the project's own where it has one, and
    /// else the one that is compiled in.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub(in crate::cli) fn open(project: &Project, work: Option<&Path>, debug: bool) -> Result<Self, Error> {
        let make = |path: &Path| -> Result<PathBuf, Error> {
            std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(path.canonicalize()?)
        };
        let work = make(&work.map_or_else(|| project.dir.join("target/bothost"), Path::to_owned))?;
        let tools = make(&tools_folder()?)?;
        let own = project.file("wit");
        let wit = if own.join("world.wit").exists() { own } else { work.join("wit") };
        if wit.starts_with(&work) {
            wit::write(&wit)?;
        }
        Ok(Self { work, wit, tools, debug, shows: true })
    }

    /// From now on only what goes wrong is told.
    pub(in crate::cli) fn hush(&mut self) {
        self.shows = false;
    }

    /// Shows what is done.
    pub(super) fn tell(&self, text: &str) {
        if self.shows {
            output::note(text);
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(in crate::cli) fn make_folder(&self, path: &Path) -> Result<(), Error> {
        Ok(std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// What is made in between, by its name, as an absolute path.
    pub(super) fn made(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// A command, to be run.
    pub(super) fn step(&self, program: impl AsRef<OsStr>) -> Step<'_> {
        let shown = vec![program.as_ref().to_owned()];
        Step { shop: self, command: Command::new(program.as_ref()), shown }
    }
}

/// Where toolchains are kept: `BOT_TOOLCHAINS`, or the user's cache.
fn tools_folder() -> Result<PathBuf, Error> {
    if let Some(folder) = std::env::var_os("BOT_TOOLCHAINS") {
        return Ok(folder.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let cache = cache.ok_or("there is no HOME: say where toolchains are to be kept with BOT_TOOLCHAINS=DIR")?;
    Ok(cache.join("bothost/toolchains"))
}

/// Where compiled functions are kept for the next compilation; nothing when the folder cannot be made.
pub(in crate::cli) fn functions_file() -> Option<PathBuf> {
    let folder = tools_folder().ok()?;
    std::fs::create_dir_all(&folder).ok()?;
    // The process that compiles has another working directory.
    Some(folder.canonicalize().ok()?.join("functions"))
}

/// A command on its way.
#[derive(Debug)]
pub(super) struct Step<'a> {
    shop: &'a Shop,
    command: Command,
    shown: Vec<OsString>,
}

impl Step<'_> {
    pub(super) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(arg.as_ref().to_owned());
        self.command.arg(arg);
        self
    }

    pub(super) fn args<T: AsRef<OsStr>>(self, args: impl IntoIterator<Item = T>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(super) fn within(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Shows the command and runs it; what it says is in the error when it fails.
    ///
    /// # Errors
    /// When it cannot be started, or fails.
    pub(super) fn run(mut self) -> Result<(), Error> {
        let line = self.shown.iter().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ");
        self.shop.tell(&format!("$ {line}"));
        let run = self.command.stdin(Stdio::null()).output();
        let ran = run.map_err(|error| format!("{} cannot be started: {error}", self.shown[0].display()))?;
        if ran.status.success() {
            return Ok(());
        }
        let words = [ran.stdout, ran.stderr].map(|words| String::from_utf8_lossy(&words).trim_end().to_owned());
        let words = words.join("\n");
        Err(format!("`{line}` failed ({}):\n{}", ran.status, words.trim()).into())
    }
}

/// A word as a shell would take it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
