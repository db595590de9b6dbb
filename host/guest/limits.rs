//! What a guest, and the compiling of one, may use: every limit of this room, in one place.

use std::path::PathBuf;
use std::time::Duration;

/// The limits of guests. Plain data; the defaults are those of the settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of one turn in milliseconds, instantiation included. The backstop: bulk memory operations burn little
    /// of the instruction budget. The clock ticks each millisecond, so a turn may run one longer.
    pub deadline_ms: u64,
    /// Instructions of one turn, instantiation included.
    pub instructions: u64,
    /// Bytes of linear memory, summed over all memories of the component.
    pub memory_bytes_max: usize,
    /// Bytes that the host takes from the guest in one call: the outcome that it returns, or a line that it logs.
    pub hostcall_bytes_max: usize,
    /// Handles of resources that are alive at the same time.
    pub handles_max: usize,
    /// Bytes of stack.
    pub stack_bytes_max: usize,
    /// Bytes of log kept of one turn.
    pub log_bytes_max: usize,
    /// Log lines kept of one turn.
    pub log_lines_max: usize,
    /// Bytes of randomness that one turn can draw.
    pub random_bytes_max: u64,
    /// Threads that run turns.
    pub threads: usize,
    /// Turns that wait for a thread.
    pub queue_max: usize,
    /// Instances that the pool has room for; at least `threads`.
    pub turns_at_once: u32,
    /// Bytes of a module. Interpreted languages bring their interpreter: Python needs about 19 MiB.
    pub module_bytes_max: usize,
    /// CPU time of one compilation in seconds.
    pub compile_cpu_s: u64,
    /// Address space of the process that compiles, in bytes.
    pub compile_memory_bytes: u64,
    /// Wall-clock time of one compilation in milliseconds.
    pub compile_wall_ms: u64,
    /// How much less important than turns compiling is, from 0 to 19.
    pub compile_niceness: u8,
    /// Threads of one compilation.
    pub compile_threads: usize,
    /// A file that keeps compiled functions, so that a module that changed a little takes little to compile. Only for
    /// developers' machines, which compile the bots of one author.
    pub functions: Option<PathBuf>,
    /// Bytes of machine code that a module may become.
    pub artefact_bytes_max: usize,
    /// Whether debug information is read, so that a trap's backtrace shows files and lines. It is one more thing of a tenant's
    /// that the host would take apart, and it can be made to grow: for developers' machines.
    pub source_lines: bool,
    /// What a module may be made of.
    pub gate: Caps,
}

/// What a module may be made of. These keep the compiler's work in proportion to the module's size; the numbers pass real
/// components of interpreted languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Core modules in the component.
    pub core_modules: u64,
    /// Components within the component.
    pub components: u64,
    /// Linear memories that are defined.
    pub memories: u64,
    /// Tables that are defined.
    pub tables: u64,
    /// Functions that are defined, over all core modules.
    pub functions: u64,
    /// Globals that are defined, over all core modules.
    pub globals: u64,
    /// Parameters of a core function type.
    pub params: u64,
    /// Results of a core function type.
    pub results: u64,
    /// Core function types, over all core modules.
    pub types: u64,
    /// Blocks times locals of one function: what the register allocator's time and memory grow with.
    pub blocks_times_locals: u64,
    /// Bytes of custom sections: names, debug information.
    pub custom_bytes: u64,
    /// Imports of the component and the components within it, types included.
    pub imports: u64,
    /// Exports of the component and the components within it, types included.
    pub exports: u64,
    /// Bytes of the name of an import or export of the component.
    pub name_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline_ms: 250,
            instructions: 100_000_000,
            memory_bytes_max: 64 << 20,
            hostcall_bytes_max: 1 << 20,
            handles_max: 1000,
            stack_bytes_max: 512 << 10,
            log_bytes_max: 64 << 10,
            log_lines_max: 1000,
            random_bytes_max: 64 << 10,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            queue_max: 1024,
            turns_at_once: 64,
            module_bytes_max: 24 << 20,
            compile_cpu_s: 60,
            compile_memory_bytes: 4 << 30,
            compile_wall_ms: 120_000,
            compile_niceness: 19,
            compile_threads: 1,
            functions: None,
            artefact_bytes_max: 256 << 20,
            source_lines: false,
            gate: Caps::default(),
        }
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            core_modules: 64,
            components: 32,
            memories: 3,
            tables: 8,
            functions: 100_000,
            globals: 10_000,
            params: 128,
            results: 16,
            types: 20_000,
            blocks_times_locals: 2_000_000,
            custom_bytes: 8 << 20,
            imports: 2000,
            exports: 2000,
            name_bytes: 256,
        }
    }
}

impl Limits {
    /// The wall-clock time of one compilation.
    #[must_use]
    pub fn compile_wall(&self) -> Duration {
        Duration::from_millis(self.compile_wall_ms)
    }

    /// The numbers that the compiling process needs, in the order that [`Self::with_child_words`] reads.
    pub(super) fn child_words(&self) -> [u64; CHILD_WORDS] {
        let gate = &self.gate;
        [
            self.module_bytes_max as u64,
            self.compile_cpu_s,
            self.compile_memory_bytes,
            self.compile_threads as u64,
            self.stack_bytes_max as u64,
            u64::from(self.source_lines),
            gate.core_modules,
            gate.components,
            gate.memories,
            gate.tables,
            gate.functions,
            gate.globals,
            gate.params,
            gate.results,
            gate.types,
            gate.blocks_times_locals,
            gate.custom_bytes,
            gate.imports,
            gate.exports,
            gate.name_bytes,
        ]
    }

    /// The limits that another process sent.
    pub(super) fn with_child_words(words: [u64; CHILD_WORDS]) -> Self {
        let [
            module_bytes_max,
            compile_cpu_s,
            compile_memory_bytes,
            compile_threads,
            stack_bytes_max,
            source_lines,
            core_modules,
            components,
            memories,
            tables,
            functions,
            globals,
            params,
            results,
            types,
            blocks_times_locals,
            custom_bytes,
            imports,
            exports,
            name_bytes,
        ] = words;
        let gate = Caps {
            core_modules,
            components,
            memories,
            tables,
            functions,
            globals,
            params,
            results,
            types,
            blocks_times_locals,
            custom_bytes,
            imports,
            exports,
            name_bytes,
        };
        Self {
            module_bytes_max: usize::try_from(module_bytes_max).unwrap_or(usize::MAX),
            stack_bytes_max: usize::try_from(stack_bytes_max).unwrap_or(usize::MAX),
            compile_cpu_s,
            compile_memory_bytes,
            compile_threads: usize::try_from(compile_threads).unwrap_or(usize::MAX),
            source_lines: source_lines != 0,
            gate,
            ..Self::default()
        }
    }
}

/// How many numbers the compiling process is sent.
pub(super) const CHILD_WORDS: usize = 20;
