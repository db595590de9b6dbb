//! The hostile guests of `tests/hostile`, discovered: a new file there is a new test everywhere they are run.
//!
//! A file is a core module against the canonical ABI of world `bot`, or a whole component where no linker would make one. It
//! begins with `;; expect: <what>` and a sentence of what it does. Lines `;; wit: <text>` declare what else it imports, in a
//! world `greedy`.

use std::fs;
use std::path::Path;

use super::component::{component, component_in};

/// What a file may expect. These are the kinds of `domain::turn::Cause`, and two more: the host answers with an outcome as if
/// nothing were wrong, or refuses the module before it ever runs.
pub const EXPECTATIONS: [&str; 7] =
    ["trap", "deadline", "instructions", "memory", "output", "outcome", "refused-at-upload"];

/// A guest that means harm.
#[derive(Debug)]
pub struct Hostile {
    /// The file's name without its extension.
    pub name: String,
    /// What must come of it: one of [`EXPECTATIONS`]. Give all but those that expect `deadline` a deadline of many seconds, so
    /// that a busy machine does not turn one into the other; apart from that they are meant for the default limits.
    pub expect: String,
    /// The component.
    pub wasm: Vec<u8>,
}

/// All of them, by name.
///
/// # Panics
/// When a file cannot be read, does not say what it expects, or is not WebAssembly.
pub fn all() -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let mut guests: Vec<Hostile> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .map(|path| read(&path))
        .collect();
    guests.sort_by(|one, other| one.name.cmp(&other.name));
    guests
}

fn read(path: &Path) -> Hostile {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let first = text.lines().next().unwrap_or_default();
    let expect = first.strip_prefix(";; expect: ").unwrap_or_else(|| panic!("{name}: begins with `;; expect: <what>`"));
    assert!(EXPECTATIONS.contains(&expect), "{name}: {expect:?} is none of {EXPECTATIONS:?}");
    Hostile { expect: expect.to_owned(), wasm: assemble(&text), name }
}

fn assemble(text: &str) -> Vec<u8> {
    let wit: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(";; wit: ")).collect();
    if text.lines().any(|line| line.starts_with("(component")) {
        wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
    } else if wit.is_empty() {
        component(text)
    } else {
        component_in("hostile:guest/greedy", &format!("package hostile:guest;\n{}", wit.join("\n")), text)
    }
}
