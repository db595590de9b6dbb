//! A project's sources, and when they change. They are looked at again and again instead of waiting for the system to tell: that
//! works on every file system, and a look at a project takes less than a millisecond.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How long between two looks.
const EVERY: Duration = Duration::from_millis(100);
/// The most files that are looked at; a project has a few dozen.
const FILES_MAX: usize = 10_000;
/// What builds and tools leave in a project, besides everything whose name begins with a dot.
const MADE: [&str; 9] =
    ["target", "node_modules", "__pycache__", "zig-out", "gen", "build", "dist", "Cargo.lock", "package-lock.json"];

/// A project's files as they were at the last look.
#[derive(Debug)]
pub struct Sources {
    dir: PathBuf,
    seen: Files,
}

/// When each was written, and its length.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

impl Sources {
    /// A project's sources as they are.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), seen: look(dir) }
    }

    /// Waits for a change, and until it is over; then names a file that changed, within the project. None once `is_over`.
    pub fn changed(&mut self, is_over: impl Fn() -> bool) -> Option<PathBuf> {
        while !is_over() {
            thread::sleep(EVERY);
            if let Some(changed) = self.look() {
                // Whoever saves several files is not done with the first.
                while self.look().is_some() {
                    thread::sleep(EVERY);
                }
                return Some(changed.strip_prefix(&self.dir).map_or(changed.clone(), Path::to_owned));
            }
        }
        None
    }

    fn look(&mut self) -> Option<PathBuf> {
        let now = look(&self.dir);
        let before = std::mem::replace(&mut self.seen, now);
        let written = self.seen.iter().find(|(path, file)| before.get(*path) != Some(file));
        let changed = written.or_else(|| before.iter().find(|(path, _)| !self.seen.contains_key(*path)));
        changed.map(|(path, _)| path.clone())
    }
}

fn look(dir: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        // What cannot be read now is looked at again in a moment.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Ok(about) = entry.metadata() else { continue };
            if name.starts_with('.') || MADE.contains(&&*name) || files.len() >= FILES_MAX {
                continue;
            }
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                files.insert(entry.path(), (about.modified().ok(), about.len()));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::Sources;

    #[test]
    fn what_changed_is_named_and_what_builds_leave_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("src/bot.c", "one");
        let mut sources = Sources::of(dir.path());
        write("target/bothost/bot.wasm", "made");
        write(".git/index", "made");
        write("Cargo.lock", "made");
        assert_eq!(sources.look(), None);
        write("src/bot.c", "one, two");
        assert_eq!(sources.look(), Some(dir.path().join("src/bot.c")));
        std::fs::remove_file(dir.path().join("src/bot.c")).unwrap();
        assert_eq!(sources.changed(|| false), Some("src/bot.c".into()));
        assert_eq!(sources.changed(|| true), None);
    }
}
