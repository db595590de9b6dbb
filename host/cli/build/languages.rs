//! How a component is made in each language: the recipes, step by step.

use std::path::{Path, PathBuf};

use super::component::{componentize, write};
use super::tools::{self, copy_folder};
use super::{Project, Shop};
use crate::cli::Error;

/// The target of Rust bots.
const RUST_TARGET: &str = "wasm32-wasip2";

/// A language that bots are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Language {
    Rust,
    TypeScript,
    JavaScript,
    Python,
    Go,
    Zig,
    Cpp,
    C,
}

impl Language {
    /// Every language; of two whose manifests are there the first counts.
    pub(in crate::cli) const ALL: [Self; 8] =
        [Self::Rust, Self::TypeScript, Self::JavaScript, Self::Python, Self::Go, Self::Zig, Self::Cpp, Self::C];

    /// Its name on the command line and in names of folders.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Go => "go",
            Self::Zig => "zig",
            Self::Cpp => "cpp",
            Self::C => "c",
        }
    }

    /// What tells a project of it, for people.
    pub(super) fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::TypeScript => "package.json and tsconfig.json",
            Self::JavaScript => "package.json and src/bot.js",
            Self::Python => "pyproject.toml and src/app.py",
            Self::Go => "go.mod",
            Self::Zig => "build.zig",
            Self::Cpp => "src/*.cpp",
            Self::C => "src/*.c",
        }
    }

    /// What its bots are built with. Rust's compiler is the developer's own.
    pub(super) fn toolchain(self) -> String {
        match self {
            Self::Rust => format!("wit-bindgen {}", tools::WIT_BINDGEN),
            Self::TypeScript => [tools::TYPESCRIPT[0], tools::TYPESCRIPT[1], tools::JAVASCRIPT].join(", "),
            Self::JavaScript => tools::JAVASCRIPT.to_owned(),
            Self::Python => tools::PYTHON.to_owned(),
            Self::Go => format!("{}, wit-bindgen {}", tools::GO, tools::WIT_BINDGEN),
            Self::Zig | Self::Cpp | Self::C => format!("{}, wit-bindgen {}", tools::ZIG, tools::WIT_BINDGEN),
        }
    }

    /// Whether a folder is a project of it.
    pub(super) fn is_of(self, dir: &Path) -> bool {
        let has = |name: &str| dir.join(name).exists();
        let sources = |extension: &str| {
            let entries = std::fs::read_dir(dir.join("src")).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|is| is == extension))
        };
        match self {
            Self::Rust => has("Cargo.toml"),
            Self::TypeScript => has("package.json") && has("tsconfig.json"),
            Self::JavaScript => has("package.json") && has("src/bot.js"),
            Self::Python => has("pyproject.toml") && has("src/app.py"),
            Self::Go => has("go.mod"),
            Self::Zig => has("build.zig"),
            Self::Cpp => sources("cpp"),
            Self::C => sources("c"),
        }
    }

    /// Makes the component.
    ///
    /// # Errors
    /// When a tool is missing or a step fails.
    pub(super) fn build(self, project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
        match self {
            Self::Rust => rust(project, shop, out),
            Self::TypeScript => typescript(project, shop, out),
            Self::JavaScript => {
                let entry = project.script.clone().unwrap_or_else(|| project.file("src/bot.js"));
                javascript(shop, &shop.javascript()?, &entry, &project.dir, out)
            }
            Self::Python => python(project, shop, out),
            Self::Go => super::go::build(project, shop, out),
            Self::Zig => zig(project, shop, out),
            Self::Cpp => cpp(project, shop, out),
            Self::C => c(project, shop, out),
        }
    }
}

fn rust(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    shop.rust_target(RUST_TARGET)?;
    let target = shop.made("rust");
    let mut cargo = shop
        .step(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--target", RUST_TARGET, "--target-dir"])
        .arg(&target)
        .within(&project.dir);
    if shop.debug {
        cargo = cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only").env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    cargo.run()?;
    let built = target.join(RUST_TARGET).join("release");
    let newest = |path: &PathBuf| path.metadata().and_then(|found| found.modified()).ok();
    let entries = std::fs::read_dir(&built).map_err(|error| format!("{}: {error}", built.display()))?;
    let components = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let component = components.filter(|path| path.extension().is_some_and(|is| is == "wasm")).max_by_key(newest);
    let component = component.ok_or_else(|| {
        format!("{}: no component there; Cargo.toml needs `crate-type = [\"cdylib\"]` in [lib]", built.display())
    })?;
    copy(&component, out)
}

fn javascript(shop: &Shop, program: &Path, entry: &Path, root: &Path, out: &Path) -> Result<(), Error> {
    shop.step(program)
        .arg("--wit")
        .arg(&shop.wit)
        .args(["--world", "bot", "--js"])
        .arg(entry)
        .arg("--module-root")
        .arg(root)
        .args(["--sync", "--output"])
        .arg(out)
        .run()
}

fn typescript(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    let bin = shop.typescript()?;
    let (types, made) = (shop.made("types"), shop.made("js"));
    shop.step(bin.join("jco"))
        .arg("guest-types")
        .arg(&shop.wit)
        .args(["--world-name", "bot", "--quiet", "--out-dir"])
        .arg(&types)
        .run()?;
    // The project's own settings, with the types that were just made.
    let settings = serde_json::json!({
        "extends": project.file("tsconfig.json"),
        "compilerOptions": { "rootDir": project.dir, "outDir": made },
        "include": [project.file("src"), types],
    });
    let config = shop.made("tsconfig.json");
    write(&config, &settings.to_string())?;
    shop.step(bin.join("tsc")).arg("--project").arg(&config).run()?;
    javascript(shop, &bin.join("componentize-qjs"), &made.join("src/bot.js"), &made, out)
}

/// The sources are copied: the tool would leave compiled ones beside them.
fn python(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    let sources = shop.made("python");
    if sources.exists() {
        std::fs::remove_dir_all(&sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    }
    copy_folder(&project.file("src"), &sources)?;
    shop.step(shop.python()?.join("componentize-py"))
        .arg("-d")
        .arg(&shop.wit)
        .args(["-w", "bot", "componentize", "-p"])
        .arg(&sources)
        .args(["app", "-o"])
        .arg(out)
        .without_env("VIRTUAL_ENV")
        .run()
}

/// The bindings of the contract for C, and the folder that they are in.
fn c_bindings(shop: &Shop) -> Result<PathBuf, Error> {
    let bindings = shop.made("bindings");
    shop.step(shop.wit_bindgen()?)
        .arg("c")
        .arg(&shop.wit)
        .args(["--world", "bot", "--out-dir"])
        .arg(&bindings)
        .run()?;
    Ok(bindings)
}

fn c(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    let traps = ["-std=c17", "-fsanitize=undefined", "-fsanitize-trap=undefined"];
    of_c(project, shop, out, "cc", &project.sources("src", "c")?, &traps)
}

fn cpp(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    // The host takes no exceptions; a look beyond the end of a container ends the turn, with words where there is room for them.
    let semantic = if shop.debug { "ENFORCE" } else { "QUICK_ENFORCE" };
    let semantic = format!("-D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_{semantic}");
    let flags = [
        "-std=c++23",
        "-fno-exceptions",
        "-fno-rtti",
        "-U_LIBCPP_HARDENING_MODE",
        "-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST",
        "-U_LIBCPP_ASSERTION_SEMANTIC_DEFAULT",
        &semantic,
    ];
    of_c(project, shop, out, "c++", &project.sources("src", "cpp")?, &flags)
}

/// The heap of C and C++ bots. Zig's own allocator does not let itself be replaced.
const HEAP: &str = include_str!("heap.c");

/// C and C++: the bindings and the heap are an object of their own, since they are C in both.
fn of_c(
    project: &Project,
    shop: &Shop,
    out: &Path,
    compiler: &str,
    sources: &[PathBuf],
    flags: &[&str],
) -> Result<(), Error> {
    let (bin, bindings) = (shop.zig()?, c_bindings(shop)?);
    // Merging everything makes a bot small, and traps that were merged have no line.
    let way: &[&str] = if shop.debug { &["-O1", "-fno-sanitize-merge"] } else { &["-Os", "-flto"] };
    let zig = |program: &str| {
        shop.step(bin.join("python"))
            .args(["-m", "ziglang", program, "--target=wasm32-wasi", "-g"])
            .args(way)
            .env("ZIG_GLOBAL_CACHE_DIR", shop.tools.join("zig-cache"))
            .env("ZIG_LOCAL_CACHE_DIR", shop.made("zig-cache"))
    };
    write(&bindings.join("heap.c"), HEAP)?;
    let (own, object) = (bindings.join("own.c"), bindings.join("own.o"));
    write(&own, "#include \"bot.c\"\n#include \"heap.c\"\n")?;
    zig("cc").arg("-c").arg(&own).arg("-o").arg(&object).run()?;
    let core = shop.made("core.wasm");
    zig(compiler)
        .args(["-mexec-model=reactor", "-Wl,-z,stack-size=131072"])
        .args(flags)
        .arg("-I")
        .arg(project.file("src"))
        .arg("-isystem")
        .arg(&bindings)
        .args(sources)
        .arg(&object)
        .arg(bindings.join("bot_component_type.o"))
        .arg("-o")
        .arg(&core)
        .run()?;
    componentize(shop, &bin, &core, out)
}

fn zig(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    let (bin, bindings) = (shop.zig()?, c_bindings(shop)?);
    let made = shop.made("zig");
    shop.step(bin.join("python"))
        .args(["-m", "ziglang", "build", "core", "--release"])
        .arg(format!("-Dbindings={}", bindings.display()))
        .arg("--prefix")
        .arg(&made)
        .env("ZIG_GLOBAL_CACHE_DIR", shop.tools.join("zig-cache"))
        .env("ZIG_LOCAL_CACHE_DIR", shop.made("zig-cache"))
        .within(&project.dir)
        .run()?;
    componentize(shop, &bin, &made.join("core.wasm"), out)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(())
}
