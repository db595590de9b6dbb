//! Files of this room that are there whole or not at all, readable by the host alone.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::Error;

/// Makes a directory that only the host can enter, if it is not there.
pub(super) fn create_directory(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| error("make the directory", path, &e))
}

/// Writes a file under another name, makes it durable, and renames it: a reader sees the old one or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o600)).tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|e| error("write", path, &e))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(error("remove", path, &e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes the files with that extension whose name before the first dot is not to be kept, and what writers left behind.
pub(super) fn remove_others(directory: &Path, extension: &str, keep: &dyn Fn(&str) -> bool) -> Result<(), Error> {
    let entries = fs::read_dir(directory).map_err(|e| error("list", directory, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
        let ours = path.extension().is_some_and(|found| found == extension);
        if ours && !stem.is_some_and(keep) {
            fs::remove_file(&path).map_err(|e| error("remove", &path, &e))?;
        }
    }
    Ok(())
}

/// An error that says what was tried on which file.
pub(super) fn error(doing: &'static str, path: &Path, reason: &dyn Display) -> Error {
    Error::Io { doing, path: path.to_owned(), reason: reason.to_string() }
}
