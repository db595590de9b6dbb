//! The contract, as it is compiled in: what a bot is built against.

use std::path::Path;

use crate::cli::Error;

/// The files of `wit/`.
pub(in crate::cli) const FILES: [(&str, &str); 6] = [
    ("actions.wit", include_str!("../../../wit/actions.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("message.wit", include_str!("../../../wit/message.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("update.wit", include_str!("../../../wit/update.wit")),
    ("world.wit", include_str!("../../../wit/world.wit")),
];

/// Writes the contract into a folder; a file that is as it should be is left alone.
///
/// # Errors
/// When a file cannot be written.
pub(in crate::cli) fn write(folder: &Path) -> Result<(), Error> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(named)?;
    for (name, text) in FILES {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
            std::fs::write(&path, text).map_err(named)?;
        }
    }
    Ok(())
}

/// The version of the contract in a folder.
///
/// # Errors
/// When no file there says it.
pub(super) fn version(folder: &Path) -> Result<String, Error> {
    let path = folder.join("world.wit");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let package = text.lines().find_map(|line| line.strip_prefix("package bothost:bot@"));
    let version = package.and_then(|rest| rest.strip_suffix(';')).map(str::to_owned);
    Ok(version.ok_or_else(|| format!("{}: it has no line `package bothost:bot@VERSION;`", path.display()))?)
}

/// Copies the contract from one folder to another.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let named = |error: std::io::Error| format!("{}: {error}", to.display());
    std::fs::create_dir_all(to).map_err(named)?;
    for (name, _) in FILES {
        std::fs::copy(from.join(name), to.join(name)).map_err(named)?;
    }
    Ok(())
}
