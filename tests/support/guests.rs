//! The example guests and the tests' own, built from their sources when they are first asked for.
//!
//! A built guest is kept under the digest of everything it is made of, so it is built again exactly when that changes. Tests
//! run in parallel, in threads and in processes: a lock on a file lets one of them build while the others wait.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use sha2::{Digest as _, Sha256};

const TARGET: &str = "wasm32-wasip2";

/// Builds every guest once: a test that builds one in its midst stands still for so long that what it talks to hangs up.
pub fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let _ = (echo(), concierge(), signer("1"), signer("2"), wayward());
    });
}

/// `guest-examples/echo-rust`.
pub fn echo() -> PathBuf {
    build("guest-examples/echo-rust", "echo", None)
}

/// `guest-examples/concierge-rust`.
pub fn concierge() -> PathBuf {
    build("guest-examples/concierge-rust", "concierge", None)
}

/// `tests/guests/signer-rust`: answers `v<version>: <text>` and counts the conversation's messages in its state.
pub fn signer(version: &str) -> PathBuf {
    build("tests/guests/signer-rust", "signer", Some(("SIGNER_VERSION", version)))
}

/// `tests/guests/wayward-rust`: fails in the way that the message asks for, and says back what asks for nothing.
pub fn wayward() -> PathBuf {
    build("tests/guests/wayward-rust", "wayward", None)
}

fn build(folder: &str, name: &str, version: Option<(&str, &str)>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/guests");
    let kept = target.join("kept");
    make_folder(&kept);
    let wasm = kept.join(format!("{name}-{}.wasm", digest(root, folder, version)));

    let lock = kept.join("lock");
    let lock = File::create(&lock).unwrap_or_else(|error| panic!("{}: {error}", lock.display()));
    lock.lock().unwrap_or_else(|error| panic!("cannot wait for another test to build guests: {error}"));
    if !wasm.exists() {
        add_target();
        compile(&root.join(folder).join("Cargo.toml"), &target, version);
        let built = target.join(TARGET).join("release").join(format!("{name}.wasm"));
        // The rename makes it appear whole or not at all, even if this process is ended in between.
        let half = wasm.with_extension("half");
        fs::copy(&built, &half).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
        fs::rename(&half, &wasm).unwrap_or_else(|error| panic!("{}: {error}", wasm.display()));
    }
    wasm
}

fn compile(manifest: &Path, target: &Path, version: Option<(&str, &str)>) {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--target", TARGET, "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(target);
    // Flags for the host's own tests (a sanitizer, coverage) make no sense for a guest.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
    cargo.env_remove("CONCIERGE_VERSION").env_remove("SIGNER_VERSION");
    if let Some((name, value)) = version {
        cargo.env(name, value);
    }
    run(&mut cargo);
}

fn add_target() {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap_or_else(|error| {
        panic!("`rustc --print sysroot` does not run ({error}): guests need Rust, see https://rustup.rs")
    });
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if !sysroot.join("lib/rustlib").join(TARGET).exists() {
        run(Command::new("rustup").args(["target", "add", TARGET]));
    }
}

/// Runs a command, and panics with its exact text when it fails.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// The digest of everything that a guest is made of: its folder, the contract, and the version that it is given.
pub fn digest(root: &Path, folder: &str, version: Option<(&str, &str)>) -> String {
    let mut digest = Sha256::new();
    for folder in [folder, "wit"] {
        for path in files(&root.join(folder)) {
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            digest.update(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().as_bytes());
            digest.update([0]);
            digest.update(bytes.len().to_le_bytes());
            digest.update(bytes);
        }
    }
    if let Some((name, value)) = version {
        digest.update(format!("{name}={value}"));
    }
    hex::encode(&digest.finalize()[..8])
}

/// All files of a folder except what a build left there, in a fixed order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    paths.sort();
    let made = ["target", "node_modules", "__pycache__", ".zig-cache"];
    let is_source = |path: &PathBuf| path.file_name().is_none_or(|name| made.iter().all(|made| name != *made));
    let within = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().filter(is_source).flat_map(within).collect()
}

fn make_folder(folder: &Path) {
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}
