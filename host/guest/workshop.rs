//! From a module's bytes to a module that can run: digest, cache or gate and compiler, contract, library.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::artefact::{Artefacts, VerifiedCode};
use super::compile::{Compiler, Failed};
use super::library::{self, Library};
use super::lock::lock;
use super::report::Report;
use super::sandbox::{Misfit, Module, Sandbox};
use super::{Error, files, selftest};
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
    /// How often each digest is held, see [`Hold`].
    held: Mutex<HashMap<Digest, usize>>,
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

/// Keeps a module's bytes and machine code from being removed while it is being uploaded: from before it is prepared until
/// it is recorded.
#[derive(Debug)]
pub struct Hold<'a> {
    workshop: &'a Workshop,
    digest: Digest,
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
            held: Mutex::default(),
            compilations: AtomicU64::new(0),
        })
    }

    /// Makes a module of its bytes, or finds out why not. A module that is taken is kept, so that [`Self::load`] finds it.
    ///
    /// # Errors
    /// [`Refusal::Module`] with the whole report, or [`Refusal::Host`].
    pub fn prepare(&self, wasm: &[u8]) -> Result<Prepared, Refusal> {
        let digest = library::digest(wasm);
        if let Some(prepared) = self.ready(&digest, Some(wasm), wasm.len())? {
            return Ok(prepared);
        }
        // Compiling is one at a time anyway; whoever waited here for the same bytes finds them done.
        let _one_at_a_time = lock(&self.slow_path);
        if let Some(prepared) = self.ready(&digest, Some(wasm), wasm.len())? {
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
        tracing::info!(module = %digest, compile_ms = compiled.facts.compile_ms, "module compiled");
        report.judge(&compiled.facts);
        report.code_bytes = Some(compiled.code.len() as u64);
        let code = self.artefacts.keep(&digest, compiled);
        let module = match self.fit(&code, report) {
            Ok(module) => module,
            Err(refusal) => {
                self.artefacts.remove(&digest)?;
                return Err(refusal);
            }
        };
        self.library.store(&digest, wasm)?;
        Ok(self.share(module))
    }

    /// Makes a module of its bytes as [`Self::prepare`] does, and measures what it costs to run: for an upload and for
    /// `bothost check`.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn examine(&self, wasm: &[u8]) -> Result<Prepared, Refusal> {
        let mut prepared = self.prepare(wasm)?;
        prepared.report.cost = selftest::measure(&prepared.module);
        Ok(prepared)
    }

    /// Keeps a module's bytes and machine code until the answer is dropped, whatever [`Self::remove`] is told.
    pub fn hold(&self, digest: &Digest) -> Hold<'_> {
        *lock(&self.held).entry(digest.clone()).or_default() += 1;
        Hold { workshop: self, digest: digest.clone() }
    }

    /// Removes a module's stored bytes and machine code, unless it is held or `in_use`, which is asked last: whoever held it
    /// until then has recorded its use. Says whether they were removed. Turns that are under way are not disturbed.
    ///
    /// # Errors
    /// [`Error::Io`]; what is left then goes at the next start.
    pub fn remove(&self, digest: &Digest, in_use: impl FnOnce() -> bool) -> Result<bool, Error> {
        // Nobody can begin to hold it until this is over.
        let held = lock(&self.held);
        if held.contains_key(digest) || in_use() {
            return Ok(false);
        }
        self.library.remove(digest)?;
        self.artefacts.remove(digest)?;
        Ok(true)
    }

    /// A module's bytes for whoever wants them back, checked against the digest: an open file at its beginning, and its
    /// length.
    ///
    /// # Errors
    /// [`Error::Io`] when they are gone or damaged.
    pub fn bytes(&self, digest: &Digest) -> Result<(File, u64), Error> {
        self.library.open_file(digest)
    }

    /// Loads a module that was taken before, by its digest.
    ///
    /// # Errors
    /// [`Refusal::Host`] when its bytes are gone, and what [`Self::prepare`] says: limits may be tighter than they were.
    pub fn load(&self, digest: &Digest) -> Result<Prepared, Refusal> {
        if let Some(prepared) = self.running(digest) {
            return Ok(prepared);
        }
        let wasm = self.library.load(digest)?;
        match self.ready(digest, None, wasm.len())? {
            Some(prepared) => Ok(prepared),
            None => self.prepare(&wasm),
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
        let report = Report { from_cache: true, ..module.report().clone() };
        Some(Prepared { module, report })
    }

    /// The module if it needs no compiling: because it runs already, or its machine code is in the cache. `wasm` is kept
    /// unless it was just read from where it is kept.
    fn ready(&self, digest: &Digest, wasm: Option<&[u8]>, bytes: usize) -> Result<Option<Prepared>, Refusal> {
        if let Some(prepared) = self.running(digest) {
            // A module can run while its bytes are gone: it was deleted, and turns are still under way.
            wasm.map_or(Ok(()), |wasm| self.library.store(digest, wasm))?;
            return Ok(Some(prepared));
        }
        let Some(code) = self.artefacts.load(digest) else {
            return Ok(None);
        };
        let mut report = Report::new(digest.clone(), bytes, self.sandbox.limits());
        report.from_cache = true;
        report.judge(&code.facts);
        report.code_bytes = Some(code.bytes);
        let module = self.fit(&code, report)?;
        wasm.map_or(Ok(()), |wasm| self.library.store(digest, wasm))?;
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

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut held = lock(&self.workshop.held);
        if let Some(times) = held.get_mut(&self.digest) {
            *times -= 1;
            if *times == 0 {
                held.remove(&self.digest);
            }
        }
    }
}
