//! Builds the concierge twice, so that there is something to swap.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, output};

/// The target that guests are built for.
const TARGET: &str = "wasm32-wasip2";

/// Builds two versions of the concierge and returns their bytes. Adds the target to the toolchain where it is missing.
pub(super) fn concierges() -> Result<[Vec<u8>; 2], Error> {
    let source = sources()?;
    add_target()?;
    output::note("building guest-examples/concierge-rust, twice ...");
    Ok([concierge(&source, "1.0.0")?, concierge(&source, "2.0.0")?])
}

/// The checkout: where this program was built, or where it is run.
fn sources() -> Result<PathBuf, Error> {
    let candidates = [PathBuf::from(env!("CARGO_MANIFEST_DIR")), std::env::current_dir()?];
    let found = candidates.into_iter().find(|root| root.join("guest-examples/concierge-rust/Cargo.toml").exists());
    found.ok_or_else(|| "the demo builds guest-examples/concierge-rust: run it in a checkout of bothost".into())
}

fn add_target() -> Result<(), Error> {
    let list = Command::new("rustup").args(["target", "list", "--installed"]).output();
    // Without rustup the toolchain may have the target all the same; cargo says so if it has not.
    let Ok(list) = list else { return Ok(()) };
    if String::from_utf8_lossy(&list.stdout).lines().any(|target| target == TARGET) {
        return Ok(());
    }
    output::note(format_args!("rustup target add {TARGET}"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).status()?;
    if added.success() { Ok(()) } else { Err(format!("`rustup target add {TARGET}` failed").into()) }
}

fn concierge(root: &Path, version: &str) -> Result<Vec<u8>, Error> {
    let target_dir = root.join("target/guests");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--locked", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .arg("--manifest-path")
        .arg(root.join("guest-examples/concierge-rust/Cargo.toml"))
        .env("CONCIERGE_VERSION", version)
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !status.success() {
        return Err("the concierge could not be built; cargo's words are above".into());
    }
    let wasm = target_dir.join(TARGET).join("release/concierge.wasm");
    std::fs::read(&wasm).map_err(|error| format!("{}: {error}", wasm.display()).into())
}
