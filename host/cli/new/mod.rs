//! `bothost new`: the beginning of a bot's project, in the language of one's choice.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::build::{Language, wit};
use super::{Error, output};

mod templates;

/// The longest name of a project, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// Begin a bot's project.
#[derive(Debug, Args)]
pub struct New {
    /// The project's name, and the folder's.
    #[arg(value_name = "NAME")]
    name: String,
    /// Its language: rust, typescript, javascript, python, go, zig, cpp or c.
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Language,
    /// Where the folder is made.
    #[arg(long, value_name = "DIR", default_value = ".")]
    within: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the name cannot be one, or something of that name is there already; nothing is changed then.
pub fn run(new: &New) -> Result<ExitCode, Error> {
    let name = usable(&new.name)?;
    let project = new.within.join(name);
    if project.exists() {
        return Err(format!("{} is there already: choose another name, or remove it", project.display()).into());
    }
    for (path, text) in templates::files(new.lang) {
        let text = text.replace("{{name}}", name).replace("{{name_}}", &name.replace('-', "_"));
        write(&project.join(path), &text)?;
    }
    wit::write(&project.join("wit"))?;
    output::line(format_args!("{}: a bot in {}", project.display(), new.lang.name()));
    output::line(format_args!("  bothost build {}", project.display()));
    output::line(format_args!("  bothost dev {}", project.display()));
    Ok(ExitCode::SUCCESS)
}

/// A name that is safe in every language: `[a-z][a-z0-9-]*`.
fn usable(name: &str) -> Result<&str, Error> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(inner) && !name.ends_with('-');
    if good && name.len() <= NAME_BYTES_MAX {
        return Ok(name);
    }
    Err(format!(
        "{name:?} cannot be the name of a project: it has at most {NAME_BYTES_MAX} of a-z, 0-9 and -, begins with a letter and does \
         not end with -"
    )
    .into())
}

fn language(name: &str) -> Result<Language, String> {
    let known = || Language::ALL.map(Language::name).join(", ");
    Language::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| format!("there are {}", known()))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(named)?;
    }
    Ok(std::fs::write(path, text).map_err(named)?)
}
