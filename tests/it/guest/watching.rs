//! The watched directory: what counts as an upload and what does not.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bothost::guest::{Change, Watch, WatchTimes};
use tempfile::TempDir;

/// Nothing in these tests takes this long; it only ends a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

struct Watched {
    directory: TempDir,
    changes: Receiver<Change>,
    _watch: Watch,
}

fn times() -> WatchTimes {
    WatchTimes { quiet: Duration::from_millis(20), longest: Duration::from_millis(200), ..WatchTimes::default() }
}

fn watch(directory: TempDir) -> Watched {
    let (sender, changes) = channel();
    let root = directory.path().join("modules");
    let watch = Watch::start(&root, times(), move |change| drop(sender.send(change))).unwrap();
    Watched { directory, changes, _watch: watch }
}

impl Watched {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("modules/acme")).unwrap();
        watch(directory)
    }

    fn path(&self, relative: &str) -> std::path::PathBuf {
        self.directory.path().join("modules").join(relative)
    }

    fn put(&self, relative: &str, bytes: &[u8]) {
        put(&self.path(relative), bytes);
    }

    fn next(&self) -> Change {
        self.changes.recv_timeout(PATIENCE).unwrap()
    }

    /// The next change is that this file was written.
    fn written(&self, relative: &str) {
        let (tenant, file) = relative.split_once('/').unwrap();
        let (tenant, name) = (tenant.into(), file.strip_suffix(".wasm").unwrap().into());
        assert_eq!(self.next(), Change::Written { tenant, name, path: self.path(relative), at_start: false });
    }

    /// The same for one that lay there when the watch began.
    fn found(&self, relative: &str) {
        let (tenant, file) = relative.split_once('/').unwrap();
        let (tenant, name) = (tenant.into(), file.strip_suffix(".wasm").unwrap().into());
        assert_eq!(self.next(), Change::Written { tenant, name, path: self.path(relative), at_start: true });
    }

    /// Whatever is told before a marker that is written last.
    fn nothing_but(&self, marker: &str) {
        self.put(marker, b"marker");
        self.written(marker);
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn files_that_are_there_already_are_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    put(&directory.path().join("modules/acme/one.wasm"), b"1");
    put(&directory.path().join("modules/bolt/two.wasm"), b"2");
    let watched = watch(directory);
    watched.found("acme/one.wasm");
    watched.found("bolt/two.wasm");
}

#[test]
fn a_new_tenants_directory_is_followed() {
    let watched = Watched::new();
    watched.put("fresh/first.wasm", b"1");
    watched.written("fresh/first.wasm");
    watched.put("fresh/second.wasm", b"2");
    watched.written("fresh/second.wasm");
}

#[test]
fn a_rename_into_place_is_an_upload() {
    let watched = Watched::new();
    watched.put("acme/echo.wasm", b"old");
    watched.written("acme/echo.wasm");
    let new = watched.directory.path().join("elsewhere");
    fs::write(&new, b"new").unwrap();
    fs::rename(new, watched.path("acme/echo.wasm")).unwrap();
    watched.written("acme/echo.wasm");
    fs::remove_file(watched.path("acme/echo.wasm")).unwrap();
    assert_eq!(watched.next(), Change::Removed { tenant: "acme".into(), name: "echo".into() });
}

#[test]
fn a_removed_tenant_takes_its_modules_along() {
    let watched = Watched::new();
    watched.put("acme/echo.wasm", b"1");
    watched.written("acme/echo.wasm");
    fs::remove_dir_all(watched.path("acme")).unwrap();
    assert_eq!(watched.next(), Change::Removed { tenant: "acme".into(), name: "echo".into() });
}

#[test]
fn what_editors_and_copying_tools_leave_is_not_an_upload() {
    let watched = Watched::new();
    let names = [
        "acme/.x.wasm.swp",
        "acme/.x.wasm",
        "acme/x.wasm~",
        "acme/x.wasm.tmp",
        "acme/.#x",
        "acme/#x.wasm#",
        "acme/x.txt",
    ];
    for name in names {
        watched.put(name, b"temporary");
    }
    watched.nothing_but("acme/marker.wasm");
}

#[test]
fn what_cannot_be_a_module_is_said_with_a_reason_and_once() {
    let watched = Watched::new();
    watched.put("acme/Bad Name.wasm", b"1");
    match watched.next() {
        Change::Ignored { path, reason } => {
            assert_eq!(path, watched.path("acme/Bad Name.wasm"));
            assert!(reason.contains("a module's name"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    std::os::unix::fs::symlink("/etc/passwd", watched.path("acme/link.wasm")).unwrap();
    assert!(matches!(watched.next(), Change::Ignored { reason, .. } if reason.contains("symbolic link")));
    fs::create_dir(watched.path("acme/directory.wasm")).unwrap();
    assert!(matches!(watched.next(), Change::Ignored { reason, .. } if reason.contains("no regular file")));
    watched.put("Bad Tenant/x.wasm", b"1");
    assert!(matches!(watched.next(), Change::Ignored { reason, .. } if reason.contains("a tenant's name")));
    watched.nothing_but("acme/marker.wasm");
}

#[test]
fn the_same_file_touched_again_is_told_again_and_no_more() {
    let watched = Watched::new();
    watched.put("acme/echo.wasm", b"1");
    watched.written("acme/echo.wasm");
    // Reading is no change.
    fs::read(watched.path("acme/echo.wasm")).unwrap();
    watched.nothing_but("acme/marker.wasm");
    watched.put("acme/echo.wasm", b"2");
    watched.written("acme/echo.wasm");
}
