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
