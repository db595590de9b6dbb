//! One look at the watched directory: which module files there are, and what else lies there.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::names::{ModuleName, TenantName};

/// The most entries of the tree that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// What one look found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Module files, by their place.
    pub(super) files: BTreeMap<Place, File>,
    /// What is no module file, and why.
    pub(super) ignored: BTreeMap<PathBuf, String>,
    /// Whether everything could be looked at. What was not seen in an incomplete look is not gone.
    pub(super) complete: bool,
}

/// Which module a file is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) tenant: TenantName,
    pub(super) name: ModuleName,
}

/// A module file as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// Looks at `<root>/<tenant>/<name>.wasm`.
pub(super) fn scan(root: &Path) -> Scan {
    let mut scan = Scan::default();
    let mut budget = ENTRIES_MAX;
    // A root that is gone says nothing about its modules: it may be a disk that is not mounted.
    scan.complete = root.is_dir();
    for (path, name, metadata) in entries(root, &mut scan, &mut budget) {
        if is_temporary(&name) {
            continue;
        }
        if metadata.is_symlink() {
            scan.ignore(path, "it is a symbolic link: only directories and files of its own are followed");
        } else if !metadata.is_dir() {
            scan.ignore(path, "it is not in a tenant's directory: put it at <tenant>/<name>.wasm");
        } else {
            match tenant(&name) {
                Ok(tenant) => scan_tenant(&path, &tenant, &mut scan, &mut budget),
                Err(reason) => scan.ignore(path, &reason),
            }
        }
    }
    scan
}

fn scan_tenant(directory: &Path, tenant: &TenantName, scan: &mut Scan, budget: &mut usize) {
    for (path, file, metadata) in entries(directory, scan, budget) {
        let Some(stem) = file.strip_suffix(".wasm") else {
            continue;
        };
        if is_temporary(&file) {
            continue;
        }
        if metadata.is_symlink() {
            scan.ignore(path, "it is a symbolic link: put the file itself there");
        } else if !metadata.is_file() {
            scan.ignore(path, "it is no regular file");
        } else {
            match ModuleName::parse(stem) {
                Ok(name) => {
                    let place = Place { tenant: tenant.clone(), name };
                    scan.files.insert(place, File { path, stamp: Stamp::of(&metadata) });
                }
                Err(reason) => scan.ignore(path, &reason),
            }
        }
    }
}

impl Scan {
    fn ignore(&mut self, path: PathBuf, reason: &str) {
        self.ignored.insert(path, reason.to_owned());
    }
}

/// A directory's entries with their own metadata, links not followed. What vanishes meanwhile is no entry.
fn entries(directory: &Path, scan: &mut Scan, budget: &mut usize) -> Vec<(PathBuf, String, Metadata)> {
    let Ok(listing) = fs::read_dir(directory) else {
        // A tenant's directory that was just removed is not there; anything else that cannot be read may come back.
        scan.complete &= fs::symlink_metadata(directory).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        return Vec::new();
    };
    let mut entries = Vec::new();
    for entry in listing {
        let (Ok(entry), Some(rest)) = (entry, budget.checked_sub(1)) else {
            scan.complete = false;
            break;
        };
        *budget = rest;
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        match entry.file_name().into_string() {
            Ok(name) => entries.push((entry.path(), name, metadata)),
            Err(_) => scan.ignore(entry.path(), "its name is not UTF-8"),
        }
    }
    entries
}

/// A tenant's name becomes a directory and a part of URLs like a module's, and is held to the same letters.
fn tenant(name: &str) -> Result<TenantName, String> {
    ModuleName::parse(name)
        .map(|name| TenantName::from(name.as_str()))
        .map_err(|reason| reason.replace("a module's name", "a tenant's name"))
}

/// What editors, copying tools and this host itself put beside a file while they write it.
fn is_temporary(name: &str) -> bool {
    name.starts_with(['.', '#', '~']) || name.ends_with(['~', '#'])
}
