//! A bot's project: a folder, and the language that its manifest tells.

use std::path::{Path, PathBuf};

use super::Language;
use crate::cli::Error;

/// A project.
#[derive(Debug)]
pub(in crate::cli) struct Project {
    pub(in crate::cli) dir: PathBuf,
    pub(in crate::cli) language: Language,
    /// The bot's only file, where there is no more of it: JavaScript needs no manifest.
    pub(super) script: Option<PathBuf>,
}

/// Whether this is a bot in one file.
pub(in crate::cli) fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "js" || extension == "mjs") && path.is_file()
}

impl Project {
    /// Looks for the manifest in a folder, or takes a JavaScript file for a project.
    ///
    /// # Errors
    /// Says which manifests there are.
    pub(in crate::cli) fn find(path: &Path) -> Result<Self, Error> {
        let dir = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
        if is_script(&dir) {
            let (script, dir) = (dir.clone(), dir.parent().unwrap_or(&dir).to_owned());
            return Ok(Self { dir, language: Language::JavaScript, script: Some(script) });
        }
        let language = Language::ALL.into_iter().find(|language| language.is_of(&dir));
        match language {
            Some(language) => Ok(Self { dir, language, script: None }),
            None => {
                let known: Vec<_> = Language::ALL
                    .iter()
                    .map(|language| format!("{} ({})", language.name(), language.manifest()))
                    .collect();
                Err(format!(
                    "{}: no bot's project; one is known by its manifest: {}; or it is a file bot.js. `bothost new --lang LANGUAGE \
                     NAME` makes one",
                    dir.display(),
                    known.join(", ")
                )
                .into())
            }
        }
    }

    /// A file of the project.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The project's files with this extension in a folder, in their order.
    ///
    /// # Errors
    /// When there are none.
    pub(super) fn sources(&self, folder: &str, extension: &str) -> Result<Vec<PathBuf>, Error> {
        let folder = self.file(folder);
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut found: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        found.retain(|path| path.extension().is_some_and(|found| found == extension));
        found.sort();
        if found.is_empty() {
            return Err(format!("{}: no .{extension} file there", folder.display()).into());
        }
        Ok(found)
    }
}
