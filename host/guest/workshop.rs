//! From a module's bytes to a module that can run: digest, cache or gate and compiler, contract, library.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::artefact::{Artefacts, VerifiedCode};
use super::compile::{Compiler, Failed};
use super::library::{self, Library};
use super::report::Report;
use super::sandbox::{Misfit, Module, Sandbox};
use super::{Error, files};
use crate::domain::names::Digest;
use crate::domain::turn::Cause;

/// Where modules are prepared. One for a data directory. Its calls block: seconds when a module has to be compiled.
#[derive(Debug)]
pub struct Workshop {
    sandbox: Arc<Sandbox>,
    compiler: Compiler,
    artefacts: Artefacts,
    library: Library,
    loaded: Mutex<HashMap<Digest, Weak<Module>>>,
    slow_path: Mutex<()>,
    compilations: AtomicU64,
}

/// A module that can run.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The module; the same bytes give the same one as long as anybody holds it.
    pub module: Arc<Module>,
    /// What was found out about it.
    pub report: Report,
}

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The module is at fault; the report says how.
    #[error("{}", .0.problems.join("; "))]
    Module(Box<Report>),
    /// The host is at fault: the same module may be taken later.
    #[error(transparent)]
    Host(#[from] Error),
}

impl Workshop {
    /// Opens the workshop of a data directory. `program` is this host's own program, which compiles when it is started with
    /// [`super::CHILD_ARGUMENT`].
    ///
    /// # Errors
    /// [`Error::Io`] when the data directory cannot be used.
    pub fn open(sandbox: Arc<Sandbox>, data: &Path, program: PathBuf) -> Result<Self, Error> {
        files::create_directory(data)?;
        let limits = sandbox.limits();
        let artefacts = Artefacts::open(data, sandbox.compatibility(), limits.artefact_bytes_max)?;
        let compiler = Compiler::new(program, limits.clone());
        let library = Library::open(data)?;
        Ok(Self {
            sandbox,
            compiler,
            artefacts,
            library,
            loaded: Mutex::default(),
            slow_path: Mutex::default(),
            compilations: AtomicU64::new(0),
        })
    }

    /// Makes a module of its bytes, or finds out why not. A module that is taken is kept, so that [`Self::load`] finds it.
    ///
    /// # Errors
    /// [`Refusal::Module`] with the whole report, or [`Refusal::Host`].
    pub fn prepare(&self, wasm: &[u8]) -> Result<Prepared, Refusal> {
        let digest = library::digest(wasm);
        if let Some(prepared) = self.ready(&digest, wasm)? {
            return Ok(prepared);
        }
        // Compiling is one at a time anyway; whoever waited here for the same bytes finds them done.
        let _one_at_a_time = lock(&self.slow_path);
        if let Some(prepared) = self.ready(&digest, wasm)? {
            return Ok(prepared);
        }
        let mut report = Report::new(digest.clone(), wasm.len(), self.sandbox.limits());
        let compiled = match self.compiler.compile(wasm) {
            Ok(compiled) => compiled,
            Err(Failed::Host(error)) => return Err(error.into()),
            Err(Failed::Refused(problem)) => {
                report.problems.push(problem);
                return Err(Refusal::Module(Box::new(report)));
            }
        };
        self.compilations.fetch_add(1, Ordering::Relaxed);
        report.judge(&compiled.facts);
        let code = self.artefacts.sign(&digest, compiled);
        let module = self.fit(&code, report)?;
        self.library.store(&digest, wasm)?;
        if let Err(error) = self.artefacts.store(&digest, &code) {
            tracing::warn!(%error, module = %digest, "the machine code is not kept: the next start compiles it again");
        }
        Ok(self.share(module))
    }

    /// Loads a module that was taken before, by its digest.
    ///
    /// # Errors
    /// [`Refusal::Host`] when its bytes are gone, and what [`Self::prepare`] says: limits may be tighter than they were.
    pub fn load(&self, digest: &Digest) -> Result<Prepared, Refusal> {
        match self.running(digest) {
            Some(prepared) => Ok(prepared),
            None => self.prepare(&self.library.load(digest)?),
        }
    }

    /// How many modules were compiled since the start; what comes from the cache is not.
    #[must_use]
    pub fn compilations(&self) -> u64 {
        self.compilations.load(Ordering::Relaxed)
    }

    /// Removes the stored bytes and machine code of all modules but those.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep_only(&self, keep: &dyn Fn(&Digest) -> bool) -> Result<(), Error> {
        let keep = |name: &str| keep(&Digest::from(name));
        self.library.keep_only(&keep)?;
        self.artefacts.keep_only(&keep)
    }

    /// Kills a compilation that is under way and starts no other: the host is stopping.
    pub fn stop(&self) {
        self.compiler.stop();
    }

    /// The module if somebody holds it already.
    fn running(&self, digest: &Digest) -> Option<Prepared> {
        let module = lock(&self.loaded).get(digest)?.upgrade()?;
        Some(Prepared { report: module.report().clone(), module })
    }

    /// The module if it needs no compiling: because it runs already, or its machine code is in the cache.
    fn ready(&self, digest: &Digest, wasm: &[u8]) -> Result<Option<Prepared>, Refusal> {
        if let Some(prepared) = self.running(digest) {
            return Ok(Some(prepared));
        }
        let Some(code) = self.artefacts.load(digest) else {
            return Ok(None);
        };
        let mut report = Report::new(digest.clone(), wasm.len(), self.sandbox.limits());
        report.from_cache = true;
        report.judge(code.facts());
        let module = self.fit(&code, report)?;
        self.library.store(digest, wasm)?;
        Ok(Some(self.share(module)))
    }

    fn fit(&self, code: &VerifiedCode, mut report: Report) -> Result<Module, Refusal> {
        if !report.accepted() {
            return Err(Refusal::Module(Box::new(report)));
        }
        let problem = match self.sandbox.load(code, report.clone()) {
            Ok(module) => return Ok(module),
            Err(Misfit::Start(Cause::Host { reason })) => return Err(Error::Engine { reason }.into()),
            Err(Misfit::Engine(reason)) => format!("the engine cannot load it: {reason}"),
            Err(Misfit::Contract(reason)) => format!("it does not fit the contract: {reason}"),
            Err(Misfit::Start(cause)) => format!("it fails while it starts, before any event: {cause}"),
        };
        report.problems.push(problem);
        Err(Refusal::Module(Box::new(report)))
    }

    fn share(&self, module: Module) -> Prepared {
        let mut loaded = lock(&self.loaded);
        loaded.retain(|_, module| module.strong_count() > 0);
        let report = module.report().clone();
        // Somebody else may have loaded the same bytes meanwhile: then theirs is everybody's.
        let module = match loaded.get(&report.digest).and_then(Weak::upgrade) {
            Some(theirs) => theirs,
            None => Arc::new(module),
        };
        loaded.insert(report.digest.clone(), Arc::downgrade(&module));
        Prepared { module, report }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
