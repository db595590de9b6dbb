//! The heap that bots in C and C++ are built with.

use std::fs;
use std::path::Path;

use crate::support::cli::{chat_with, developer};

#[test]
fn is_sound_grows_and_stops_what_frees_twice() {
    let dir = tempfile::tempdir().unwrap();
    assert!(developer(dir.path(), &["new", "--lang", "c", "heap"]).output().unwrap().status.success());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/heap-c/bot.c");
    fs::copy(source, dir.path().join("heap/src/bot.c")).unwrap();
    let Some(shown) = chat_with(dir.path(), "heap", &["exercise", "twice", "much"]) else { return };
    let [_, exercise, much] = shown.split("bot> ").collect::<Vec<_>>()[..] else { panic!("{shown}") };
    assert!(exercise.starts_with("sound\n") && much.starts_with("sound\n"), "{shown}");
    assert!(exercise.contains("unreachable") && exercise.contains("at free ("), "{shown}");
}
