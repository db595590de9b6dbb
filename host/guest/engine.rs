//! The engine: the one place where wasmtime is configured, and the clock that stops guests.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use super::functions::Functions;
use super::limits::Limits;
use super::{Error, text};

/// How often the clock ticks.
const TICK: Duration = Duration::from_millis(1);

/// Makes an engine that runs guests, in pooled instances.
pub(super) fn to_run(limits: &Limits) -> Result<Engine, Error> {
    let mut config = base(limits);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    Engine::new(&config).map_err(|reason| error(&reason))
}

/// Makes an engine that compiles, in a process of its own: without a pool, whose reservation would not fit its address space.
/// What it compiles, every engine of the same build can load.
pub(super) fn to_compile(limits: &Limits, functions: Option<&Arc<Functions>>) -> Result<Engine, Error> {
    let mut config = base(limits);
    config.parallel_compilation(limits.compile_threads > 1);
    if let Some(functions) = functions {
        config.enable_incremental_compilation(Arc::<Functions>::clone(functions)).map_err(|reason| error(&reason))?;
    }
    Engine::new(&config).map_err(|reason| error(&reason))
}

fn error(reason: &wasmtime::Error) -> Error {
    Error::Engine { reason: text::cap(&format!("{reason:#}")) }
}

/// Ticks until the engine is gone. The thread holds it weakly, so that it never keeps an engine alive.
pub(super) fn start_clock(engine: &Engine) -> Result<(), Error> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new()
        .name("guest-clock".to_owned())
        .spawn(tick)
        .map(drop)
        .map_err(|error| Error::Engine { reason: format!("cannot start the clock of turns: {error}") })
}

/// Identifies what an engine compiles: another wasmtime, processor or configuration gives another one.
pub(super) fn compatibility(engine: &Engine) -> [u8; 32] {
    use std::hash::{Hash, Hasher};

    struct Sha(Sha256);

    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut sha = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sha);
    sha.0.finalize().into()
}

/// Everything that both purposes share, because it is part of what is compiled.
///
/// Multi-memory stays on although no guest may use it: wasmtime's own adapters join the memories of two core modules, and
/// 48.0.8 panics on such components otherwise. The gate refuses it in core modules.
fn base(limits: &Limits) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(true).cranelift_nan_canonicalization(true);
    config.max_wasm_stack(limits.stack_bytes_max).wasm_backtrace_max_frames(text::FRAMES_MAX);
    // Said in any case, or else a variable of the environment would decide.
    let lines = if limits.source_lines { WasmBacktraceDetails::Enable } else { WasmBacktraceDetails::Disable };
    config.wasm_backtrace_details(lines);
    config.wasm_multi_memory(true).wasm_component_model(true);
    config.wasm_gc(false).wasm_exceptions(false).wasm_function_references(false).gc_support(false);
    config.wasm_threads(false).wasm_memory64(false).wasm_relaxed_simd(false).wasm_tail_call(false);
    config.concurrency_support(false);
    config
}

/// A pool that fits every language that was tried (sandbox.md, "Engine configuration").
fn pool(limits: &Limits) -> PoolingAllocationConfig {
    const CORE_INSTANCES: u32 = 40;
    const MEMORIES: u32 = 3;
    const TABLES: u32 = 4;
    let mut pool = PoolingAllocationConfig::new();
    let components = limits.turns_at_once;
    pool.total_component_instances(components)
        .total_core_instances(components.saturating_mul(CORE_INSTANCES))
        .total_memories(components.saturating_mul(MEMORIES))
        .total_tables(components.saturating_mul(TABLES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_component_instance_size(512 << 10)
        .max_core_instance_size(256 << 10)
        .table_elements(20_000)
        .max_memory_size(limits.memory_bytes_max)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
