//! Watches `<data>/modules/<tenant>/<name>.wasm`: writing such a file is an upload.
//!
//! What the system says of a change is only a hint to look again: events get lost, come twice, or name a file that is gone.
//! Each look compares the whole tree with the one before, so that whatever was missed is found by the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::scan::{File, Place, Scan, scan};
use super::{Error, files};
use crate::domain::names::{ModuleName, TenantName};

/// How the directory is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchTimes {
    /// How long it must be quiet before a look.
    pub quiet: Duration,
    /// How long a look is put off at most while it is never quiet.
    pub longest: Duration,
    /// How often to look when the system reports nothing at all, because it cannot.
    pub poll: Duration,
    /// How often to look although the system reports changes: what it lost is found then.
    pub resync: Duration,
}

impl Default for WatchTimes {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(150),
            longest: Duration::from_secs(2),
            poll: Duration::from_secs(2),
            resync: Duration::from_secs(60),
        }
    }
}

/// What happened to the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A module's file is new or another one. At the start, every file is.
    Written {
        /// Whose.
        tenant: TenantName,
        /// Which.
        name: ModuleName,
        /// Where.
        path: PathBuf,
        /// Whether it lay there when the watch began.
        at_start: bool,
    },
    /// A module's file is gone.
    Removed {
        /// Whose.
        tenant: TenantName,
        /// Which.
        name: ModuleName,
    },
    /// Something lies there that is no module's file. Said once.
    Ignored {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A watched directory. Dropping it ends the watching; a call of the callback that is under way is waited for.
#[derive(Debug)]
pub struct Watch {
    wake: SyncSender<Wake>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    Look,
    Stop,
}

impl Watch {
    /// Makes the directory if it is not there, watches it, and tells `on_change` what changes: from a thread of its own, one
    /// change after the other, so that a slow callback delays the next look and nothing piles up.
    ///
    /// # Errors
    /// [`Error::Io`] when the directory cannot be made or no thread started. That the system cannot watch is no error: then
    /// it is looked at now and then.
    pub fn start(
        directory: &Path,
        times: WatchTimes,
        on_change: impl FnMut(Change) + Send + 'static,
    ) -> Result<Self, Error> {
        files::create_directory(directory)?;
        // One hint in the channel is as good as many.
        let (wake, hints) = sync_channel(1);
        let notifier = notifier(directory, wake.clone());
        // What is written from here on was not there at the start.
        let first = scan(directory);
        let mut watcher = Looker {
            directory: directory.to_owned(),
            rest: if notifier.is_some() { times.resync } else { times.poll },
            times,
            seen: BTreeMap::new(),
            at_start: first.files.keys().cloned().collect(),
            ignored: BTreeSet::new(),
            on_change,
        };
        let work = move || {
            watcher.work(first, &hints);
            drop(notifier);
        };
        let thread = thread::Builder::new().name("module-watch".to_owned()).spawn(work);
        let thread = thread.map_err(|error| files::error("watch", directory, &error))?;
        Ok(Self { wake, thread: Some(thread) })
    }

    /// Looks as soon as it is quiet, without waiting for the system's hint.
    pub fn look(&self) {
        hint(&self.wake);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread takes hints all the time that it is not in the callback, so that there is room in the end.
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Asks the system for hints; `None` when it gives none.
fn notifier(directory: &Path, wake: SyncSender<Wake>) -> Option<RecommendedWatcher> {
    let on_event = move |event: notify::Result<notify::Event>| match event {
        // Reading is no change; this host reads these files itself.
        Ok(event) if event.kind.is_access() && !is_closed_write(event.kind) => {}
        // An error says that hints were lost: a reason to look as well.
        Ok(_) | Err(_) => hint(&wake),
    };
    let watcher = notify::recommended_watcher(on_event).and_then(|mut watcher| {
        watcher.watch(directory, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    match watcher {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, directory = %directory.display(), "the system does not watch; looking now and then");
            None
        }
    }
}

fn is_closed_write(kind: notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    matches!(kind, notify::EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

fn hint(wake: &SyncSender<Wake>) {
    match wake.try_send(Wake::Look) {
        // A full channel holds a hint already; a closed one has nobody to tell.
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
}

struct Looker<F> {
    directory: PathBuf,
    times: WatchTimes,
    rest: Duration,
    seen: BTreeMap<Place, File>,
    /// What lay there before the host started and has not been told yet.
    at_start: BTreeSet<Place>,
    ignored: BTreeSet<PathBuf>,
    on_change: F,
}

impl<F: FnMut(Change)> Looker<F> {
    fn work(&mut self, mut before: Scan, hints: &Receiver<Wake>) {
        loop {
            // The first look of all is taken again too: a file that is still being written must not be taken for whole.
            if !self.settle(hints) {
                return;
            }
            let now = scan(&self.directory);
            let unsettled = self.compare(&before, now);
            if let Some(scan) = unsettled {
                before = scan;
                continue;
            }
            match hints.recv_timeout(self.rest) {
                Ok(Wake::Look) | Err(RecvTimeoutError::Timeout) => before = scan(&self.directory),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Waits until it was quiet for a while, or long enough. False when it is time to stop.
    fn settle(&self, hints: &Receiver<Wake>) -> bool {
        let began = Instant::now();
        loop {
            let left = self.times.longest.saturating_sub(began.elapsed());
            match hints.recv_timeout(self.times.quiet.min(left)) {
                Ok(Wake::Look) if began.elapsed() < self.times.longest => {}
                Ok(Wake::Look) | Err(RecvTimeoutError::Timeout) => return true,
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Tells what changed since what was told last. Returns this look when a file still changes: it is to be taken again.
    fn compare(&mut self, before: &Scan, now: Scan) -> Option<Scan> {
        let mut unsettled = false;
        for (place, file) in &now.files {
            if self.seen.get(place) == Some(file) {
                continue;
            }
            if before.files.get(place) != Some(file) {
                unsettled = true;
                continue;
            }
            self.seen.insert(place.clone(), file.clone());
            let Place { tenant, name } = place.clone();
            let at_start = self.at_start.remove(place);
            (self.on_change)(Change::Written { tenant, name, path: file.path.clone(), at_start });
        }
        if now.complete {
            let gone: Vec<_> = self.seen.keys().filter(|place| !now.files.contains_key(place)).cloned().collect();
            for place in gone {
                self.seen.remove(&place);
                (self.on_change)(Change::Removed { tenant: place.tenant, name: place.name });
            }
            self.ignored.retain(|path| now.ignored.contains_key(path));
        }
        for (path, reason) in &now.ignored {
            if self.ignored.insert(path.clone()) {
                (self.on_change)(Change::Ignored { path: path.clone(), reason: reason.clone() });
            }
        }
        unsettled.then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;

    use super::*;

    struct Looking {
        root: tempfile::TempDir,
        looker: Looker<Box<dyn FnMut(Change)>>,
        told: Receiver<Change>,
    }

    fn looking() -> Looking {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("acme")).unwrap();
        let (sender, told) = channel();
        let looker = Looker {
            directory: root.path().to_owned(),
            times: WatchTimes::default(),
            rest: Duration::ZERO,
            seen: BTreeMap::new(),
            at_start: BTreeSet::new(),
            ignored: BTreeSet::new(),
            on_change: Box::new(move |change| sender.send(change).unwrap()) as Box<dyn FnMut(Change)>,
        };
        Looking { root, looker, told }
    }

    #[test]
    fn a_file_is_told_once_two_looks_see_the_same() {
        let Looking { root, mut looker, told } = looking();
        let path = root.path().join("acme/slow.wasm");
        fs::write(&path, b"half").unwrap();
        let first = scan(root.path());
        fs::write(&path, b"half and more").unwrap();
        let second = looker.compare(&first, scan(root.path())).expect("it is to be looked at again");
        assert!(told.try_recv().is_err(), "it was told half-written");
        assert!(looker.compare(&second, scan(root.path())).is_none());
        assert!(matches!(told.try_recv(), Ok(Change::Written { path: found, .. }) if found == path));
    }

    #[test]
    fn a_file_that_came_between_two_looks_is_looked_at_again() {
        let Looking { root, mut looker, told } = looking();
        let first = scan(root.path());
        fs::write(root.path().join("acme/new.wasm"), b"1").unwrap();
        let second = looker.compare(&first, scan(root.path())).expect("it is to be looked at again");
        assert!(told.try_recv().is_err());
        assert!(looker.compare(&second, scan(root.path())).is_none());
        assert!(told.try_recv().is_ok());
    }

    #[test]
    fn a_root_that_is_gone_removes_nothing() {
        let Looking { root, mut looker, told } = looking();
        fs::write(root.path().join("acme/echo.wasm"), b"1").unwrap();
        let look = scan(root.path());
        looker.compare(&look, scan(root.path()));
        assert!(matches!(told.try_recv(), Ok(Change::Written { .. })));
        fs::rename(root.path(), root.path().with_extension("aside")).unwrap();
        assert!(looker.compare(&look, scan(root.path())).is_none());
        assert!(told.try_recv().is_err());
        fs::rename(root.path().with_extension("aside"), root.path()).unwrap();
    }
}
