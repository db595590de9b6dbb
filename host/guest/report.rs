//! What is found out about a module when it is uploaded, in plain words: for `bothost check`, for whoever uploads it, and for
//! the refusal when it cannot be taken.

mod text;

use std::cmp::Ordering;
use std::collections::BTreeMap;

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
    /// The contract that it was made for, as far as its exports tell: `bothost:bot@0.1.0: message, update`. Nothing when it
    /// exports nothing of it.
    pub contract: Option<String>,
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
    /// Size of its machine code in bytes; nothing when it was not compiled.
    pub code_bytes: Option<u64>,
    /// Whether the machine code was there already.
    pub from_cache: bool,
    /// Instructions of starting it, which every turn pays; nothing when it did not start.
    pub start_instructions: Option<u64>,
    /// What it costs to run, measured when it was uploaded or checked; nothing when it was only loaded.
    pub cost: Option<Cost>,
    /// The limits that it runs under.
    pub limits: Limits,
    /// Why it is refused; empty when it is taken.
    pub problems: Vec<String>,
}

/// What a module costs to run: measured here and now, where the machine is busy with other things as well. Instructions are
/// the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Time to make a fresh instance, in microseconds: the median of some.
    pub instantiation_us: u64,
    /// Bytes of linear memory that a fresh instance holds.
    pub memory_floor_bytes: u64,
    /// Instructions of a turn on a sample message, instantiation included.
    pub sample_instructions: u64,
    /// Time of that turn in microseconds.
    pub sample_us: u64,
    /// The most linear memory of that turn, in bytes.
    pub sample_memory_bytes: u64,
    /// What the turn came to: the number of actions, or why there was no outcome. That is no reason to refuse a module,
    /// which may need its configuration.
    pub sample: Result<u64, String>,
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

/// The contract's package.
const PACKAGE: &str = "bothost:bot";

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
            contract: None,
            exports: Vec::new(),
            imports: Vec::new(),
            core_modules: 0,
            memories: 0,
            functions: 0,
            compile_ms: None,
            code_bytes: None,
            from_cache: false,
            start_instructions: None,
            cost: None,
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
        self.contract = contract(&facts.exports);
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

/// The contract's package and version with the interfaces that are exported of it; several versions one after the other.
fn contract(exports: &[String]) -> Option<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in exports {
        if let (path, Some(version)) = interface(name)
            && let Some(interface) = path.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('/'))
        {
            versions.entry(version).or_default().push(interface);
        }
    }
    let found = versions.iter().map(|(version, names)| format!("{PACKAGE}@{version}: {}", names.join(", ")));
    let found: Vec<String> = found.map(|text| shown(&text)).collect();
    (!found.is_empty()).then(|| found.join("; "))
}

fn missing_export(required: &str, other: Option<&String>) -> String {
    match other {
        Some(other) => format!(
            "this host calls {required}@{}; the module exports {}, {} of the contract",
            v0::VERSION,
            shown(other),
            age(other)
        ),
        None => format!("the module does not export {required}@{}, which every bot must", v0::VERSION),
    }
}

/// How a contract's version that does not fit stands to this host's.
fn age(name: &str) -> &'static str {
    match interface(name).1.and_then(track).map(|found| Some(found).cmp(&track(v0::VERSION))) {
        Some(Ordering::Greater) => "a newer version",
        Some(Ordering::Less) => "an older version",
        Some(Ordering::Equal) | None => "another version",
    }
}

fn import_problem(name: &str) -> Result<Standing, String> {
    let (wanted, _) = interface(name);
    if v0::OFFERED.iter().any(|offered| is(name, offered, v0::VERSION)) {
        return Ok(Standing::Provided);
    }
    if stubs::interfaces().any(|stub| is(name, stub, stubs::VERSION)) {
        return Ok(Standing::Stubbed);
    }
    let shown = shown(name);
    Err(if wanted.starts_with(PACKAGE) {
        let offered = format!("this host offers {PACKAGE}@{}", v0::VERSION);
        if v0::OFFERED.contains(&wanted) {
            format!("{offered}; the module asks for {shown}, {} of the contract", age(name))
        } else {
            format!("{offered}; the module asks for {shown}, which is not part of it")
        }
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
