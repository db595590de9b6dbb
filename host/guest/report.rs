//! What is found out about a module when it is uploaded, in plain words: for `bothost check`, for whoever uploads it, and for
//! the refusal when it cannot be taken.

use std::fmt;

use super::facts::Facts;
use super::limits::Limits;
use super::{stubs, v0};
use crate::domain::names::Digest;

/// What is known of a module and whether it can be a bot here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it exports.
    pub exports: Vec<Export>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Core modules in it.
    pub core_modules: u64,
    /// Linear memories in it.
    pub memories: u64,
    /// Functions over all core modules.
    pub functions: u64,
    /// How long compiling took, in milliseconds; nothing when it was not compiled because it was refused before.
    pub compile_ms: Option<u64>,
    /// Whether the machine code was there already.
    pub from_cache: bool,
    /// Instructions of starting it, which every turn pays; nothing when it did not start.
    pub start_instructions: Option<u64>,
    /// The limits that it runs under.
    pub limits: Limits,
    /// Why it is refused; empty when it is taken.
    pub problems: Vec<String>,
}

/// Something that a module exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name, as the module writes it.
    pub name: String,
    /// Whether the host calls it; anything else is left alone.
    pub called: bool,
}

/// Something that a module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its name, as the module writes it.
    pub name: String,
    /// What the host makes of it.
    pub standing: Standing,
}

/// What the host makes of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the contract's.
    Provided,
    /// It is there so that a language's runtime is content; nothing is behind it.
    Stubbed,
    /// A module that needs it cannot run here.
    Refused,
}

impl Report {
    /// Whether the module is taken.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.problems.is_empty()
    }

    /// The report on a module of which only the bytes are known.
    pub(super) fn new(digest: Digest, bytes: usize, limits: &Limits) -> Self {
        Self {
            digest,
            bytes: bytes as u64,
            exports: Vec::new(),
            imports: Vec::new(),
            core_modules: 0,
            memories: 0,
            functions: 0,
            compile_ms: None,
            from_cache: false,
            start_instructions: None,
            limits: limits.clone(),
            problems: Vec::new(),
        }
    }

    /// Judges what the module imports and exports by name; the types are compared when it is loaded.
    pub(super) fn judge(&mut self, facts: &Facts) {
        self.core_modules = facts.core_modules;
        self.memories = facts.memories;
        self.functions = facts.functions;
        self.compile_ms = Some(facts.compile_ms);
        for name in &facts.imports {
            let standing = match import_problem(name) {
                Ok(standing) => standing,
                Err(problem) => {
                    self.problems.push(problem);
                    Standing::Refused
                }
            };
            self.imports.push(Import { name: shown(name), standing });
        }
        for name in &facts.exports {
            let called = v0::REQUIRED.iter().any(|required| is(name, required, v0::VERSION));
            self.exports.push(Export { name: shown(name), called });
        }
        for required in v0::REQUIRED {
            if !facts.exports.iter().any(|name| is(name, required, v0::VERSION)) {
                let other = facts.exports.iter().find(|name| interface(name).0 == *required);
                self.problems.push(missing_export(required, other));
            }
        }
    }
}

fn missing_export(required: &str, other: Option<&String>) -> String {
    match other {
        Some(other) => format!(
            "this host calls {required}@{}; the module exports {}, another version of the contract",
            v0::VERSION,
            shown(other)
        ),
        None => format!("the module does not export {required}@{}, which every bot must", v0::VERSION),
    }
}

fn import_problem(name: &str) -> Result<Standing, String> {
    let package = "bothost:bot";
    let (wanted, _) = interface(name);
    if v0::OFFERED.iter().any(|offered| is(name, offered, v0::VERSION)) {
        return Ok(Standing::Provided);
    }
    if stubs::interfaces().any(|stub| is(name, stub, stubs::VERSION)) {
        return Ok(Standing::Stubbed);
    }
    let shown = shown(name);
    Err(if wanted.starts_with(package) {
        format!("this host offers {package}@{}; the module asks for {shown}", v0::VERSION)
    } else if stubs::interfaces().any(|stub| stub == wanted) {
        format!("this host has a stub for {wanted}@{}; the module asks for {shown}", stubs::VERSION)
    } else if wanted.starts_with("wasi:http/") {
        format!("the module asks for {shown}: a bot has no network; what it wants done, it returns as actions")
    } else {
        format!("the module asks for {shown}, which this host does not have")
    })
}

/// Whether a name means that interface at a version that fits, by the component model's rule: the same major version, or
/// before 1.0 the same minor one.
fn is(name: &str, wanted: &str, version: &str) -> bool {
    let (interface, found) = interface(name);
    interface == wanted && found.is_some_and(|found| track(found) == track(version))
}

fn interface(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((interface, version)) => (interface, Some(version)),
        None => (name, None),
    }
}

/// The part of a version that must be the same, or nothing when it is no release.
fn track(version: &str) -> Option<(u64, u64, u64)> {
    let release = version.split('+').next()?;
    let mut numbers = release.split('.').map(|number| number.parse::<u64>().ok());
    match (numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()) {
        (0, 0, patch, None) => Some((0, 0, patch)),
        (0, minor, _, None) => Some((0, minor, 0)),
        (major, _, _, None) => Some((major, 0, 0)),
        _ => None,
    }
}

fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict  {}", if self.accepted() { "taken" } else { "refused" })?;
        for problem in &self.problems {
            writeln!(f, "problem  {problem}")?;
        }
        writeln!(f, "module   sha256 {}, {} bytes", self.digest, self.bytes)?;
        if let Some(compile_ms) = self.compile_ms {
            let (core, memories, functions) = (self.core_modules, self.memories, self.functions);
            writeln!(f, "made of  {core} core modules, {memories} memories, {functions} functions")?;
            let when = if self.from_cache { ", earlier" } else { "" };
            writeln!(f, "compiled in {compile_ms} ms{when}")?;
        }
        for export in &self.exports {
            writeln!(f, "export   {:<44} {}", export.name, if export.called { "called" } else { "left alone" })?;
        }
        for import in &self.imports {
            writeln!(f, "import   {:<44} {}", import.name, import.standing)?;
        }
        if let Some(instructions) = self.start_instructions {
            writeln!(f, "starting takes {instructions} of the {} instructions of a turn", self.limits.instructions)?;
        }
        let limits = &self.limits;
        write!(
            f,
            "limits   {} ms, {} instructions, {} bytes of memory, {} bytes returned, {} bytes logged",
            limits.deadline_ms,
            limits.instructions,
            limits.memory_bytes_max,
            limits.hostcall_bytes_max,
            limits.log_bytes_max
        )
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provided => "provided",
            Self::Stubbed => "stubbed: nothing is behind it",
            Self::Refused => "refused",
        })
    }
}
