//! Holds what can be held of the house rules: a test reads the source.

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

/// Which rooms may use which, from the top to the bottom; a room may use itself and everything in its list.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("platform", &["domain"]),
    ("store", &["domain"]),
    ("guest", &["domain"]),
    ("settings", &["domain"]),
    ("pipeline", &["domain", "platform", "store", "guest", "settings"]),
    ("simulator", &["domain"]),
    ("workbench", &["domain", "platform", "guest", "settings", "pipeline", "simulator"]),
    ("http", &["domain", "platform", "store", "guest", "settings", "pipeline"]),
    ("app.rs", &["domain", "platform", "store", "guest", "settings", "pipeline", "http"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    let dirs = ["host", "tests", "guest-examples"];
    let files = dirs.iter().flat_map(|dir| files(&root().join(dir), "rs"));
    files
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Collects every breach, so that one run shows them all.
fn report(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is_about_and_stays_small() {
    let mut breaches = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//! ") {
            breaches.push(format!("{name}: opens without a `//! ` sentence"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name}: {lines} lines, at most {LINES_MAX}"));
        }
    }
    report(&breaches);
}

#[test]
fn nothing_is_left_for_later() {
    // Written in halves, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!"), concat!("#[ig", "nore")];
    let mut breaches = Vec::new();
    for (name, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                breaches.push(format!("{name}:{}: {word}", at + 1));
            }
        }
    }
    report(&breaches);
}

#[test]
fn rooms_use_only_what_lies_below_them() {
    let mut breaches = Vec::new();
    for (name, text) in sources() {
        let Some(inside) = name.strip_prefix("host/") else { continue };
        let room = inside.split('/').next().unwrap();
        let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else { continue };
        for (at, line) in text.lines().enumerate() {
            let used = line
                .split("crate::")
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
            for used in used.filter(|used| !used.is_empty() && *used != room && !below.contains(used)) {
                breaches.push(format!("{name}:{}: {room} must not know {used}", at + 1));
            }
        }
    }
    report(&breaches);
}

#[test]
fn the_domain_stands_on_the_standard_library_alone() {
    let mut breaches = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("host/domain/")) {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("use ")) {
            let first = line.trim_start().trim_start_matches("use ").split("::").next().unwrap();
            if !["std", "super", "crate", "self"].contains(&first) {
                breaches.push(format!("{name}:{}: uses {first}", at + 1));
            }
        }
    }
    report(&breaches);
}

#[test]
fn wasmtime_and_notify_stay_in_the_guest_room() {
    let mut breaches = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("host/")) {
        let foreign = ["wasmtime::", "wasmparser::", "notify::"];
        let rusqlite = !name.starts_with("host/store/sqlite/") && text.contains("rusqlite::");
        if !name.starts_with("host/guest/") && foreign.iter().any(|crate_name| uses(&text, crate_name)) {
            breaches.push(format!("{name}: the sandbox's crates belong to host/guest"));
        }
        if rusqlite {
            breaches.push(format!("{name}: SQL belongs to host/store"));
        }
    }
    report(&breaches);
}

fn uses(text: &str, crate_name: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start().starts_with(&format!("use {crate_name}")) || line.contains(&format!(" {crate_name}"))
    })
}

#[test]
fn main_is_a_table_of_contents() {
    let main = fs::read_to_string(root().join("host/main.rs")).unwrap();
    assert!(main.lines().count() < 80);
}

#[test]
fn the_root_shows_the_house_and_nothing_else() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "wit", "host", "guest-examples", "tests", "target"];
    let mut breaches = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        // What git does not know is the developer's own.
        if !name.starts_with('.') && !allowed.contains(&name.as_str()) && tracked(&name) {
            breaches.push(format!("{name}: does not belong at the root"));
        }
    }
    report(&breaches);
}

fn tracked(name: &str) -> bool {
    let output = std::process::Command::new("git").args(["ls-files", "--", name]).current_dir(root()).output();
    output.is_ok_and(|output| !output.stdout.is_empty())
}

#[test]
fn every_folder_of_a_platform_has_the_same_files() {
    for entry in fs::read_dir(root().join("host/platform")).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            for file in ["mod", "verify", "decode", "encode", "api", "wire"] {
                let there = dir.join(format!("{file}.rs")).exists() || dir.join(file).join("mod.rs").exists();
                assert!(there, "{} lacks {file}.rs", dir.display());
            }
        }
    }
}

#[test]
fn every_setting_is_documented_and_every_default_reads() {
    let defaults = bothost::settings::DEFAULTS;
    let settings = bothost::settings::Settings::load(&Default::default(), []).unwrap();
    assert_eq!(settings.turn.tries, 3);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("host/settings/default.toml"));
    let mut before = "";
    for line in defaults.lines() {
        assert!(line.len() <= 120, "{line}");
        // A group of settings may share the comment above its first line.
        let setting = line.contains('=') && !line.starts_with('#');
        let bare = before.is_empty() || before.starts_with('[');
        assert!(!setting || !bare, "{line}: no comment above it");
        before = line;
    }
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(root().join("host/ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root().join("host")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name == "ARCHITECTURE.md" || map.contains(&name), "host/ARCHITECTURE.md says nothing of {name}");
    }
}
