//! Reports and differences as JSON: for the API, and for the store, where a version's report is kept to be compared with the
//! next.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::names::Digest;
use crate::guest::{Cost, Difference, Export, Import, Limits, NumberChange, Report, Standing};

/// What was found out about a module.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportJson {
    /// Whether the module is taken.
    pub accepted: bool,
    /// Why not; empty when it is.
    pub problems: Vec<String>,
    /// What is no reason to refuse it and still worth a look.
    pub warning: Option<String>,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
    /// The contract that its exports are of: `bothost:bot@0.1.0: message, update`.
    pub contract: Option<String>,
    /// What it exports.
    pub exports: Vec<ExportJson>,
    /// What it imports.
    pub imports: Vec<ImportJson>,
    /// Core modules in it.
    pub core_modules: u64,
    /// Linear memories in it.
    pub memories: u64,
    /// Functions over all core modules.
    pub functions: u64,
    /// How long compiling took; null when it was not compiled because it was refused before.
    pub compile_ms: Option<u64>,
    /// Size of its machine code.
    pub code_bytes: Option<u64>,
    /// Whether the machine code was there already. Only told of an upload whose bytes the tenant has in a version already:
    /// of others it would tell that another tenant has the same. How soon an upload is answered may still tell it, since
    /// nothing is compiled twice, and so may the figures in `/metrics`: keep those to operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_cache: Option<bool>,
    /// Instructions of starting it, which every turn pays.
    pub start_instructions: Option<u64>,
    /// What it costs to run, measured at the upload.
    pub cost: Option<CostJson>,
    /// The limits that it runs under.
    pub limits: LimitsJson,
}

/// An export.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportJson {
    /// Its name.
    pub name: String,
    /// Whether the host calls it.
    pub called: bool,
}

/// An import.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportJson {
    /// Its name.
    pub name: String,
    /// What the host makes of it.
    pub standing: StandingJson,
}

/// What the host makes of an import.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Standing)]
pub enum StandingJson {
    /// It is the contract's.
    Provided,
    /// It is there, and nothing is behind it.
    Stubbed,
    /// A module that needs it cannot run here.
    Refused,
}

/// What a module costs to run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Cost)]
pub struct CostJson {
    /// Microseconds to make a fresh instance: the median of some.
    pub instantiation_us: u64,
    /// Bytes of linear memory of a fresh instance.
    pub memory_floor_bytes: u64,
    /// A turn on a sample message, with no state and the configuration `{}`.
    pub sample: SampleJson,
}

/// A turn on a sample message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Sample)]
pub struct SampleJson {
    /// Its instructions.
    pub instructions: u64,
    /// Its time in microseconds.
    pub elapsed_us: u64,
    /// The most linear memory that it held.
    pub memory_bytes: u64,
    /// How many actions it came to; null when it failed.
    pub actions: Option<u64>,
    /// Why it failed; null when it did not.
    pub failed: Option<String>,
}

/// The limits that a module runs under.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsJson {
    /// Milliseconds of a turn.
    pub deadline_ms: u64,
    /// Instructions of a turn.
    pub instructions: u64,
    /// Bytes of linear memory.
    pub memory_bytes_max: usize,
    /// Bytes that it returns in one call.
    pub output_bytes_max: usize,
    /// Bytes of log of a turn.
    pub log_bytes_max: usize,
}

/// How a module differs from an earlier version.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Changes)]
pub struct ChangesJson {
    /// The earlier version.
    pub since: u32,
    /// Exports that were not there before.
    pub exports_added: Vec<String>,
    /// Exports that are gone.
    pub exports_dropped: Vec<String>,
    /// Imports that were not there before.
    pub imports_added: Vec<String>,
    /// Imports that are gone.
    pub imports_dropped: Vec<String>,
    /// Size in bytes.
    pub bytes: ChangeJson,
    /// Instructions of the sample turn; null when it failed before or now.
    pub sample_instructions: Option<ChangeJson>,
    /// Bytes of linear memory of a fresh instance.
    pub memory_floor_bytes: Option<ChangeJson>,
    /// Microseconds to make a fresh instance.
    pub instantiation_us: Option<ChangeJson>,
    /// All of it in sentences; empty when nothing changed.
    pub words: Vec<String>,
}

/// A number before and now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeJson {
    /// Of the earlier version.
    pub before: u64,
    /// Of this one.
    pub now: u64,
}

impl From<&Report> for ReportJson {
    fn from(report: &Report) -> Self {
        let exports = report.exports.iter();
        let imports = report.imports.iter();
        Self {
            accepted: report.accepted(),
            problems: report.problems.clone(),
            warning: report.warning(),
            digest: report.digest.to_string(),
            bytes: report.bytes,
            contract: report.contract.clone(),
            exports: exports.map(|it| ExportJson { name: it.name.clone(), called: it.called }).collect(),
            imports: imports.map(|it| ImportJson { name: it.name.clone(), standing: it.standing.into() }).collect(),
            core_modules: report.core_modules,
            memories: report.memories,
            functions: report.functions,
            compile_ms: report.compile_ms,
            code_bytes: report.code_bytes,
            from_cache: None,
            start_instructions: report.start_instructions,
            cost: report.cost.as_ref().map(CostJson::from),
            limits: LimitsJson {
                deadline_ms: report.limits.deadline_ms,
                instructions: report.limits.instructions,
                memory_bytes_max: report.limits.memory_bytes_max,
                output_bytes_max: report.limits.hostcall_bytes_max,
                log_bytes_max: report.limits.log_bytes_max,
            },
        }
    }
}

impl From<ReportJson> for Report {
    fn from(json: ReportJson) -> Self {
        let (exports, imports) = (json.exports.into_iter(), json.imports.into_iter());
        Self {
            digest: Digest::from(json.digest),
            bytes: json.bytes,
            contract: json.contract,
            exports: exports.map(|it| Export { name: it.name, called: it.called }).collect(),
            imports: imports.map(|it| Import { name: it.name, standing: it.standing.into() }).collect(),
            core_modules: json.core_modules,
            memories: json.memories,
            functions: json.functions,
            compile_ms: json.compile_ms,
            code_bytes: json.code_bytes,
            from_cache: json.from_cache.unwrap_or(false),
            start_instructions: json.start_instructions,
            cost: json.cost.map(Cost::from),
            limits: Limits {
                deadline_ms: json.limits.deadline_ms,
                instructions: json.limits.instructions,
                memory_bytes_max: json.limits.memory_bytes_max,
                hostcall_bytes_max: json.limits.output_bytes_max,
                log_bytes_max: json.limits.log_bytes_max,
                ..Limits::default()
            },
            problems: json.problems,
        }
    }
}

impl From<&Cost> for CostJson {
    fn from(cost: &Cost) -> Self {
        let sample = SampleJson {
            instructions: cost.sample_instructions,
            elapsed_us: cost.sample_us,
            memory_bytes: cost.sample_memory_bytes,
            actions: cost.sample.as_ref().ok().copied(),
            failed: cost.sample.as_ref().err().cloned(),
        };
        Self { instantiation_us: cost.instantiation_us, memory_floor_bytes: cost.memory_floor_bytes, sample }
    }
}

impl From<CostJson> for Cost {
    fn from(json: CostJson) -> Self {
        let SampleJson { instructions, elapsed_us, memory_bytes, actions, failed } = json.sample;
        Self {
            instantiation_us: json.instantiation_us,
            memory_floor_bytes: json.memory_floor_bytes,
            sample_instructions: instructions,
            sample_us: elapsed_us,
            sample_memory_bytes: memory_bytes,
            sample: failed.map_or(Ok(actions.unwrap_or_default()), Err),
        }
    }
}

impl From<Standing> for StandingJson {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Provided => Self::Provided,
            Standing::Stubbed => Self::Stubbed,
            Standing::Refused => Self::Refused,
        }
    }
}

impl From<StandingJson> for Standing {
    fn from(json: StandingJson) -> Self {
        match json {
            StandingJson::Provided => Self::Provided,
            StandingJson::Stubbed => Self::Stubbed,
            StandingJson::Refused => Self::Refused,
        }
    }
}

impl ChangesJson {
    /// What changed since a version.
    #[must_use]
    pub fn new(since: u32, difference: &Difference) -> Self {
        let change = |change: NumberChange| ChangeJson { before: change.before, now: change.now };
        Self {
            since,
            exports_added: difference.exports_added.clone(),
            exports_dropped: difference.exports_dropped.clone(),
            imports_added: difference.imports_added.clone(),
            imports_dropped: difference.imports_dropped.clone(),
            bytes: change(difference.bytes),
            sample_instructions: difference.sample_instructions.map(change),
            memory_floor_bytes: difference.memory_floor_bytes.map(change),
            instantiation_us: difference.instantiation_us.map(change),
            words: difference.words(),
        }
    }
}

/// A report as it is kept with its version.
#[must_use]
pub fn kept(report: &Report) -> String {
    serde_json::to_string(&ReportJson::from(report)).unwrap_or_default()
}

/// Reads a report that was kept; nothing when it was written in a way that is no longer known.
#[must_use]
pub fn read(kept: &str) -> Option<ReportJson> {
    serde_json::from_str(kept).ok()
}
