//! Everything about running a guest: the engine, its limits, the gate and the compiler, the contract's bindings, the catalog
//! of modules and the watched directory.
//!
//! All of wasmtime and of notify is in this room, and no type of theirs leaves it. It sees neither a platform nor the store.

mod background;
mod limits;
mod lock;
mod engine;
mod text;
mod turn;
mod v0;
mod stubs;
mod cause;
mod exception;
mod facts;
mod gate;
mod functions;
mod child;
mod compile;
mod files;
mod artefact;
mod library;
mod report;
mod difference;
mod selftest;
mod sandbox;
mod workshop;
mod runners;
mod catalog;
mod scan;
mod watch;

/// The hidden argument that makes this program the compiling process.
pub const CHILD_ARGUMENT: &str = "compile-child";

pub use background::in_background;
pub use catalog::{Active, Catalog};
pub use child::child_main;
pub use difference::{Change as NumberChange, Difference};
pub use library::digest;
pub use limits::{Caps, Limits};
pub use report::{Cost, Export, Import, Report, Standing};
pub use runners::{Busy, Runners};
pub use sandbox::{Module, Sandbox};
pub use watch::{Change, Watch, WatchTimes};
pub use workshop::{Hold, Prepared, Refusal, Workshop};

use std::path::PathBuf;

/// What this room could not do, through no fault of a module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine could not be made.
    #[error("the WebAssembly engine cannot start: {reason}")]
    Engine {
        /// What it says.
        reason: String,
    },
    /// The process that compiles cannot do its work.
    #[error("cannot compile with {}: {reason}", program.display())]
    Compiler {
        /// What was started.
        program: PathBuf,
        /// What happened.
        reason: String,
    },
    /// A file of the data directory cannot be read or written.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}
