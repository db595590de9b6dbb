//! The cache of machine code and the library of modules.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bothost::guest::{Refusal, Sandbox, Workshop};

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
fn no_byte_of_machine_code_can_be_changed() {
    let data = tempfile::tempdir().unwrap();
    let wasm = component(&bot("", ECHO));
    let digest = open(test_limits(), data.path()).prepare(&wasm).unwrap().report.digest;
    let path = artefact(data.path());
    let whole = fs::read(&path).unwrap();
    // The MAC, the facts with the names in them, then samples of the code. Each is a start of its own, as a load keeps nothing
    // that it refused; where it is compiled again is `tampered_machine_code_is_never_loaded`.
    let mut places: Vec<usize> = (0..96).collect();
    places.extend((96..whole.len()).step_by(((whole.len() - 96) / 104).max(1)));
    assert!(places.len() >= 200, "{}", places.len());
    let sandbox = Sandbox::new(test_limits()).unwrap();
    // A program that cannot compile: whatever is not loaded from the cache fails.
    let open = || Workshop::open(sandbox.clone(), data.path(), PathBuf::from("/bin/false")).unwrap();
    for at in places {
        for bit in [0, 7] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, bytes).unwrap();
            assert!(matches!(open().load(&digest), Err(Refusal::Host(_))), "byte {at} of {}", whole.len());
        }
    }
    fs::write(&path, &whole).unwrap();
    assert!(open().load(&digest).unwrap().report.from_cache);
}

#[test]
fn machine_code_of_another_build_is_not_loaded() {
    let data = tempfile::tempdir().unwrap();
    let digest = open(test_limits(), data.path()).prepare(&component(&bot("", ECHO))).unwrap().report.digest;
    let path = artefact(data.path());
    let mut code = fs::read(&path).unwrap();
    // The engine writes its own version into the code, behind its length: another one there is another build's.
    let version = b"\x0248";
    let at = code.windows(version.len()).position(|window| window == version).unwrap();
    code[at..at + version.len()].copy_from_slice(b"\x0247");
    fs::write(&path, &code).unwrap();
    let workshop = open(test_limits(), data.path());
    workshop.load(&digest).unwrap();
    assert_eq!(workshop.compilations(), 1);
    // Under the name that another engine would look for, it is nobody's.
    let name = path.file_name().unwrap().to_str().unwrap().replace(".artefact", "0.artefact");
    fs::rename(&path, path.with_file_name(name)).unwrap();
    let workshop = open(test_limits(), data.path());
    workshop.load(&digest).unwrap();
    assert_eq!(workshop.compilations(), 1);
}

#[test]
fn a_removal_spares_what_is_held_or_used() {
    let data = tempfile::tempdir().unwrap();
    let workshop = open(test_limits(), data.path());
    let wasm = component(&bot("", ECHO));
    let digest = workshop.prepare(&wasm).unwrap().report.digest;
    let hold = workshop.hold(&digest);
    assert!(!workshop.remove(&digest, || false).unwrap());
    drop(hold);
    assert!(!workshop.remove(&digest, || true).unwrap());
    assert!(workshop.bytes(&digest).is_ok() && artefact(data.path()).exists());
    assert!(workshop.remove(&digest, || false).unwrap());
    assert!(workshop.bytes(&digest).is_err() && workshop.load(&digest).is_err());
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
