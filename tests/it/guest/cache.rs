//! The cache of machine code and the library of modules.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::component::{ECHO, bot, component};
use super::{open, run, test_limits};

fn artefact(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("artefacts")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|found| found == "artefact")).unwrap()
}

#[test]
fn a_second_start_compiles_nothing() {
    let data = tempfile::tempdir().unwrap();
    let wasm = component(&bot("", ECHO));
    let first = open(test_limits(), data.path());
    let digest = first.prepare(&wasm).unwrap().report.digest;
    assert_eq!(first.compilations(), 1);
    drop(first);

    let second = open(test_limits(), data.path());
    let prepared = second.load(&digest).unwrap();
    assert_eq!(second.compilations(), 0);
    assert!(prepared.report.from_cache && run(&prepared.module).result.is_ok());
}

#[test]
fn tampered_machine_code_is_never_loaded() {
    let data = tempfile::tempdir().unwrap();
    let wasm = component(&bot("", ECHO));
    let digest = open(test_limits(), data.path()).prepare(&wasm).unwrap().report.digest;
    let path = artefact(data.path());
    let whole = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let tampered = [
        flipped(0),
        flipped(40),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
        whole[..whole.len() - 1].to_vec(),
        whole[..10].to_vec(),
        Vec::new(),
    ];
    for bytes in tampered {
        fs::write(&path, bytes).unwrap();
        let workshop = open(test_limits(), data.path());
        let prepared = workshop.load(&digest).unwrap();
        assert_eq!(workshop.compilations(), 1);
        assert!(!prepared.report.from_cache && run(&prepared.module).result.is_ok());
        assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64);
    }
}

#[test]
fn machine_code_signed_with_another_key_is_not_loaded() {
    let data = tempfile::tempdir().unwrap();
    let digest = open(test_limits(), data.path()).prepare(&component(&bot("", ECHO))).unwrap().report.digest;
    fs::remove_file(data.path().join("artefacts/key")).unwrap();
    let workshop = open(test_limits(), data.path());
    workshop.load(&digest).unwrap();
    assert_eq!(workshop.compilations(), 1);
}

#[test]
fn machine_code_of_another_module_is_not_loaded() {
    let data = tempfile::tempdir().unwrap();
    let workshop = open(test_limits(), data.path());
    workshop.prepare(&component(&bot("", ECHO))).unwrap();
    let echo = artefact(data.path());
    let code = fs::read(&echo).unwrap();
    fs::remove_file(&echo).unwrap();
    let silent = workshop.prepare(&component(&bot("", "(i32.const 64)"))).unwrap().report.digest;
    drop(workshop);
    fs::write(artefact(data.path()), code).unwrap();

    let workshop = open(test_limits(), data.path());
    let prepared = workshop.load(&silent).unwrap();
    assert_eq!(workshop.compilations(), 1);
    assert_eq!(run(&prepared.module).result.unwrap().actions, []);
}

#[test]
fn a_damaged_module_in_the_library_is_not_loaded() {
    let data = tempfile::tempdir().unwrap();
    let digest = open(test_limits(), data.path()).prepare(&component(&bot("", ECHO))).unwrap().report.digest;
    let path = data.path().join(format!("modules-by-digest/{digest}.wasm"));
    let other = component(&bot("", "(i32.const 64)"));
    fs::write(&path, other).unwrap();
    let error = open(test_limits(), data.path()).load(&digest).unwrap_err().to_string();
    assert!(error.contains("its bytes are not those that its name says"), "{error}");
    // Uploading it again mends it.
    let workshop = open(test_limits(), data.path());
    workshop.prepare(&component(&bot("", ECHO))).unwrap();
    assert_eq!(fs::read(&path).unwrap(), component(&bot("", ECHO)));
}

#[test]
fn only_the_host_can_read_what_it_keeps() {
    let data = tempfile::tempdir().unwrap();
    open(test_limits(), data.path()).prepare(&component(&bot("", ECHO))).unwrap();
    for directory in ["artefacts", "modules-by-digest"] {
        let directory = data.path().join(directory);
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(&directory).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn what_is_no_longer_needed_is_removed() {
    let data = tempfile::tempdir().unwrap();
    let workshop = open(test_limits(), data.path());
    let keep = workshop.prepare(&component(&bot("", ECHO))).unwrap().report.digest;
    let drop = workshop.prepare(&component(&bot("", "(i32.const 64)"))).unwrap().report.digest;
    workshop.keep_only(&|digest| *digest == keep).unwrap();
    std::mem::drop(workshop);
    let workshop = open(test_limits(), data.path());
    assert!(workshop.load(&keep).is_ok() && workshop.load(&drop).is_err());
    assert_eq!(workshop.compilations(), 0);
}
