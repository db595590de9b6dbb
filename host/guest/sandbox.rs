//! Running a module: a fresh instance for every turn, with all its limits set before its first instruction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store};

use super::artefact::{Place, VerifiedCode};
use super::engine;
use super::limits::Limits;
use super::report::Report;
use super::turn::Turn;
use super::v0::Contract;
use super::{Error, cause, stubs, text, v0};
use crate::domain::event::Event;
use crate::domain::names::Digest;
use crate::domain::turn::{Cause, Context, Run};

/// How many deadlines the trial start of a module may take.
const START_PATIENCE: u64 = 10;

/// The engine and what it offers to guests. One for the process.
pub struct Sandbox {
    engine: Engine,
    linker: Linker<Turn>,
    limits: Arc<Limits>,
}

/// A module that can run turns. Cheap to share; its machine code goes when the last holder does.
pub struct Module {
    component: InstancePre<Turn>,
    contract: Contract,
    limits: Arc<Limits>,
    report: Report,
}

/// Why a component cannot be a bot here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It needs more of the engine than a turn gets: larger tables, more instances.
    Engine(String),
    /// An import is missing, or an import or export has another type.
    Contract(String),
    /// It fails before it is even called.
    Start(Cause),
}

impl Sandbox {
    /// Starts the engine and its clock.
    ///
    /// # Errors
    /// [`Error::Engine`]: the machine cannot run it, or not with these limits.
    pub fn new(limits: Limits) -> Result<Arc<Self>, Error> {
        let engine = engine::to_run(&limits)?;
        engine::start_clock(&engine)?;
        let mut linker = Linker::new(&engine);
        v0::link(&mut linker)
            .and_then(|()| stubs::link(&mut linker))
            .map_err(|error| Error::Engine { reason: text::cap(&format!("{error:#}")) })?;
        Ok(Arc::new(Self { engine, linker, limits: Arc::new(limits) }))
    }

    /// The limits that guests run under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Identifies what this engine can load.
    pub(super) fn compatibility(&self) -> [u8; 32] {
        engine::compatibility(&self.engine)
    }

    /// Loads machine code that this program compiled and signed, checks it against the contract, and starts it once under the
    /// limits of a turn, so that what cannot start is found now and not at the first event.
    pub(super) fn load(&self, code: &VerifiedCode, report: Report) -> Result<Module, Misfit> {
        let component = deserialize(&self.engine, code).map_err(|error| Misfit::Engine(chain(&error)))?;
        let component = self.linker.instantiate_pre(&component).map_err(|error| Misfit::Contract(chain(&error)))?;
        let contract = Contract::find(&component).map_err(|error| Misfit::Contract(chain(&error)))?;
        let mut module = Module { component, contract, limits: Arc::clone(&self.limits), report };
        module.report.start_instructions = Some(module.try_start()?);
        Ok(module)
    }
}

impl Module {
    /// The SHA-256 of its bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.report.digest
    }

    /// What was found out about it when it was loaded.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Runs one turn on this thread. Whatever the guest does, it comes back within its limits and as data; it never panics.
    #[must_use]
    pub fn run(&self, context: &Context, event: &Event) -> Run {
        let started = Instant::now();
        let mut run = catch_unwind(AssertUnwindSafe(|| self.turn(context, event)))
            .unwrap_or_else(|panic| self.failed(cause::of_panic(panic.as_ref())));
        run.elapsed = started.elapsed();
        run
    }

    fn turn(&self, context: &Context, event: &Event) -> Run {
        let mut store = match self.store(context.now_ms, context.seed, self.limits.deadline_ms) {
            Ok(store) => store,
            Err(error) => return self.failed(Cause::Host { reason: chain(&error) }),
        };
        let answer = self
            .component
            .instantiate(&mut store)
            .and_then(|instance| self.contract.handle(&mut store, &instance, context, event));
        let result = match answer {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(failure)) => Err(cause::of_failure(failure)),
            Err(error) => Err(cause::of_error(&error, store.data(), &self.limits)),
        };
        let instructions = self.used(&store);
        let turn = store.into_data();
        let memory_bytes = turn.memory.peak() as u64;
        let (log, log_lines_dropped) = turn.log.finish();
        Run { result, instructions, memory_bytes, log, log_lines_dropped, ..self.failed(NOTHING_YET) }
    }

    /// Makes a fresh instance and lets it go: how long making it took, and the bytes of linear memory that it held. Nothing
    /// when it failed, which a module that was loaded does only on a machine that is at its limits.
    pub(super) fn instantiate_once(&self) -> Option<(Duration, u64)> {
        let started = Instant::now();
        let mut store = self.store(0, 0, self.limits.deadline_ms.saturating_mul(START_PATIENCE)).ok()?;
        let made = catch_unwind(AssertUnwindSafe(|| self.component.instantiate(&mut store).is_ok()));
        let took = started.elapsed();
        made.is_ok_and(|made| made).then(|| (took, store.data().memory.peak() as u64))
    }

    /// Starts the module and checks the types of its exports.
    fn try_start(&self) -> Result<u64, Misfit> {
        // A machine that is busy starting must not lose modules over it.
        let deadline_ms = self.limits.deadline_ms.saturating_mul(START_PATIENCE);
        let store = self.store(0, 0, deadline_ms);
        let mut store = store.map_err(|error| Misfit::Start(Cause::Host { reason: chain(&error) }))?;
        let instance = match catch_unwind(AssertUnwindSafe(|| self.component.instantiate(&mut store))) {
            Ok(Ok(instance)) => instance,
            Ok(Err(error)) => return Err(Misfit::Start(cause::of_error(&error, store.data(), &self.limits))),
            Err(panic) => return Err(Misfit::Start(cause::of_panic(panic.as_ref()))),
        };
        self.contract.check(&mut store, &instance).map_err(|error| Misfit::Contract(chain(&error)))?;
        Ok(self.used(&store))
    }

    /// A store with every limit set: start functions run while instantiating, so none may come later.
    fn store(&self, now_ms: u64, seed: u64, deadline_ms: u64) -> wasmtime::Result<Store<Turn>> {
        let limits = &*self.limits;
        let mut store = Store::try_new(self.component.engine(), Turn::new(limits, now_ms, seed))?;
        store.limiter(|turn| &mut turn.memory);
        // The current tick is part over already: with one more, a turn gets all of its time.
        store.set_epoch_deadline(deadline_ms.saturating_add(1));
        store.set_fuel(limits.instructions)?;
        store.set_hostcall_fuel(limits.hostcall_bytes_max);
        store.set_max_component_handles(limits.handles_max);
        Ok(store)
    }

    fn used(&self, store: &Store<Turn>) -> u64 {
        self.limits.instructions.saturating_sub(store.get_fuel().unwrap_or(0))
    }

    /// A run that came to nothing.
    pub(super) fn failed(&self, cause: Cause) -> Run {
        Run {
            digest: self.report.digest.clone(),
            result: Err(cause),
            instructions: 0,
            elapsed: Duration::ZERO,
            memory_bytes: 0,
            log: Vec::new(),
            log_lines_dropped: 0,
        }
    }
}

/// Stands where a result is filled in at once.
const NOTHING_YET: Cause = Cause::Host { reason: String::new() };

#[allow(
    unsafe_code,
    reason = "machine code is believed by its nature; only code that this program compiled and signed gets here"
)]
fn deserialize(engine: &Engine, code: &VerifiedCode) -> wasmtime::Result<Component> {
    match &code.place {
        // SAFETY: the bytes come out of this program's own compiler, unchanged: a keyed MAC over them was checked, and the file
        // is one that only this user can write and this program never writes again.
        Place::File(path) => unsafe { Component::deserialize_file(engine, path) },
        // SAFETY: the same, and nobody else has these bytes.
        Place::Memory(bytes) => unsafe { Component::deserialize(engine, bytes) },
    }
}

fn chain(error: &wasmtime::Error) -> String {
    text::cap(&format!("{error:#}"))
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("digest", &self.report.digest).finish_non_exhaustive()
    }
}
