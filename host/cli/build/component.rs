//! From a core module to a component: for languages whose compilers stop there.

use std::path::{Path, PathBuf};

use super::{Shop, wit};
use crate::cli::Error;

/// Answers all calls of WASI preview 1: with it a component imports nothing of WASI.
const ADAPTER: &str = include_str!("adapter.wat");

/// What the adapter itself needs of the contract.
const ADAPTERS_WORLD: &str =
    "package bothost:adapter;\n\nworld adapter {\n    import bothost:bot/log@{{version}};\n}\n";

/// Makes a component of a core module. Debug information goes unless it is asked for; function names stay.
pub(super) fn componentize(shop: &Shop, bin: &Path, core: &Path, out: &Path) -> Result<(), Error> {
    let whole = if shop.debug { out.to_owned() } else { shop.made("whole.wasm") };
    let adapter = format!("wasi_snapshot_preview1={}", adapter(shop, bin)?.display());
    let wasm_tools = || shop.step(bin.join("wasm-tools"));
    wasm_tools().args(["component", "new"]).arg(core).args(["--adapt", &adapter, "-o"]).arg(&whole).run()?;
    if shop.debug {
        return Ok(());
    }
    wasm_tools().arg("strip").arg(&whole).arg("-o").arg(out).run()
}

/// The adapter for the contract of the project.
fn adapter(shop: &Shop, bin: &Path) -> Result<PathBuf, Error> {
    let version = wit::version(&shop.wit)?;
    let folder = shop.made("adapter");
    wit::copy(&shop.wit, &folder.join("wit/deps/bot"))?;
    write(&folder.join("wit/world.wit"), &ADAPTERS_WORLD.replace("{{version}}", &version))?;
    let (text, made) = (folder.join("adapter.wat"), folder.join("adapter.wasm"));
    write(&text, &ADAPTER.replace("{{version}}", &version))?;
    shop.step(bin.join("wasm-tools"))
        .args(["component", "embed", "--world", "adapter"])
        .arg(folder.join("wit"))
        .arg(&text)
        .arg("-o")
        .arg(&made)
        .run()?;
    Ok(made)
}

/// Writes a file.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    Ok(std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}
