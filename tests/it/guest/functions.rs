//! The functions that developers' machines keep between compilations.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bothost::domain::turn::Run;
use bothost::guest::Limits;
use tempfile::TempDir;

use super::component::{ECHO, bot};
use super::{Bench, component, run, test_limits};

/// What stands before the first entry, and before the code of each: its name, its length and its digest.
const FORM_BYTES: usize = 8;
const HEAD_BYTES: usize = 32 + 8 + 32;

/// A place for the file.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("functions");
    (folder, file)
}

/// Compiles a guest anew, with the functions of the file, and runs it.
fn compile(file: &Path, items: &str) -> Run {
    let limits = Limits { functions: Some(file.to_owned()), ..test_limits() };
    let wasm = component::component(&bot(items, ECHO));
    let prepared = Bench::with(limits).workshop.prepare(&wasm).unwrap();
    assert!(!prepared.report.from_cache);
    run(&prepared.module)
}

fn bytes(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}

/// Where the code of each function stands in a file, which must be whole.
fn codes(file: &[u8]) -> Vec<Range<usize>> {
    let (mut codes, mut at) = (Vec::new(), FORM_BYTES);
    while at < file.len() {
        let length: [u8; 8] = file[at + 32..at + 40].try_into().unwrap();
        let start = at + HEAD_BYTES;
        at = start + usize::try_from(u64::from_le_bytes(length)).unwrap();
        codes.push(start..at);
    }
    assert_eq!(at, file.len());
    codes
}

#[test]
fn a_module_that_changed_a_little_compiles_a_little() {
    let (_folder, file) = place();
    let first = compile(&file, "");
    let all = bytes(&file);
    let second = compile(&file, "(func $more (result i32) (i32.const 7))");
    assert!(first.result.is_ok() && second.result.is_ok());
    assert_eq!(first.instructions, second.instructions);
    // Not nothing, since the engine does not find all that it could.
    let grown = bytes(&file) - all;
    assert!(grown < all / 2, "{grown} bytes of {all} were compiled again");
}

#[test]
fn damaged_functions_are_compiled_again() {
    let (_folder, file) = place();
    let whole = compile(&file, "");
    let mut damaged = fs::read(&file).unwrap();
    for code in codes(&damaged) {
        damaged[code.start.midpoint(code.end)] ^= 0xff;
    }
    fs::write(&file, &damaged).unwrap();
    assert_eq!(compile(&file, "").result, whole.result);
    let all = damaged.len() as u64;
    assert!(bytes(&file) > all + all / 2, "what was damaged is kept anew");
    assert_eq!(compile(&file, "").result, whole.result);
}

#[test]
fn a_torn_file_is_begun_anew() {
    let (_folder, file) = place();
    let whole = compile(&file, "");
    let entries = fs::read(&file).unwrap();
    let torn = [0, 5, FORM_BYTES, FORM_BYTES + 20, entries.len() / 2, entries.len() - 1].map(|end| &entries[..end]);
    for torn in torn.into_iter().chain([b"something else".as_slice()]) {
        fs::write(&file, torn).unwrap();
        assert_eq!(compile(&file, "").result, whole.result);
        let anew = fs::read(&file).unwrap();
        assert!(codes(&anew).len() > 1);
        assert_eq!(compile(&file, "").result, whole.result);
        assert!(fs::read(&file).unwrap().starts_with(&anew), "it is begun anew again");
    }
}

#[test]
fn a_file_that_cannot_be_written_costs_only_time() {
    let (folder, _) = place();
    assert!(compile(folder.path(), "").result.is_ok());
    assert!(compile(&folder.path().join("missing/functions"), "").result.is_ok());
}
