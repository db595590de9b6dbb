//! One bot in every language: each component gives the same actions and the same state, turn for turn.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::cli::{developer, skips};
use crate::support::guests;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The example's component, built when its sources or the contract have changed; none where the language cannot be built here.
fn component(language: &str) -> Option<PathBuf> {
    let folder = format!("guest-examples/concierge-{language}");
    let work = root().join("target/guests").join(format!("concierge-{language}"));
    fs::create_dir_all(&work).unwrap();
    let wasm = work.join(format!("bot-{}.wasm", guests::digest(root(), &folder, None)));
    let lock = File::create(work.join("lock")).unwrap();
    lock.lock().unwrap();
    if wasm.exists() {
        return Some(wasm);
    }
    let paths = [root().join(&folder), work, wasm.clone()].map(|path| path.to_str().unwrap().to_owned());
    let [project, work, out] = &paths;
    let (built, words) = bothost(root(), &["build", project, "--work", work, "--out", out]);
    if !built && skips(language, &words) {
        return None;
    }
    assert!(built, "{folder} cannot be built: {words}");
    Some(wasm)
}

/// Whether a command went well, and all that it said.
fn bothost(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let ran = developer(folder, arguments).stdin(Stdio::null()).output().unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.success(), words)
}

fn gives_what_rust_gives(language: &str) {
    let Some(component) = component(language) else { return };
    let component = component.to_str().unwrap();
    let (played, words) = bothost(root(), &["test", "tests/scenarios", "--module", component]);
    assert!(played, "{language}:\n{words}");
    assert_eq!(words.matches("as expected").count(), 2, "{words}");
}

/// What `new` makes builds at once, and does what its scenario says.
fn begins(language: &str) {
    let dir = tempfile::tempdir().unwrap();
    let bothost = |arguments: &[&str]| bothost(dir.path(), arguments);
    let (made, words) = bothost(&["new", "--lang", language, "my-bot"]);
    assert!(made, "{words}");
    let (again, words) = bothost(&["new", "--lang", language, "my-bot"]);
    assert!(!again && words.contains("is there already"), "{words}");
    let (played, words) = bothost(&["test", "my-bot"]);
    if !played && skips(language, &words) {
        return;
    }
    assert!(played && words.contains("hello.scenario: ") && words.contains(", as expected"), "{language}:\n{words}");
}

/// A bot of one file needs no project: it is built, and talked to.
#[test]
fn a_bot_may_be_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let bothost = |arguments: &[&str]| bothost(dir.path(), arguments);
    assert!(bothost(&["new", "--lang", "javascript", "made"]).0);
    fs::create_dir(dir.path().join("alone")).unwrap();
    fs::rename(dir.path().join("made/src/bot.js"), dir.path().join("alone/bot.js")).unwrap();
    let (built, words) = bothost(&["build", "alone/bot.js"]);
    if !built && skips("javascript", &words) {
        return;
    }
    assert!(built && words.contains("verdict  taken"), "{words}");
    let (talked, words) = bothost(&["chat", "alone/bot.js"]);
    assert!(talked && words.contains("/help says what can be typed"), "{words}");
}

macro_rules! languages {
    ($($language:ident),*) => {
        $(mod $language {
            #[test]
            fn gives_what_rust_gives() {
                super::gives_what_rust_gives(stringify!($language));
            }

            #[test]
            fn begins() {
                super::begins(stringify!($language));
            }
        })*

        const TESTED: &[&str] = &[$(stringify!($language)),*];
    };
}

languages!(c, cpp, go, javascript, python, rust, typescript, zig);

#[test]
fn each_example_is_tested() {
    let mut found: Vec<String> = fs::read_dir(root().join("guest-examples"))
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_prefix("concierge-")?.to_owned()))
        .collect();
    found.sort();
    assert_eq!(found, TESTED);
}
