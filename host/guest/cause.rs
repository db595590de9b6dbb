//! Why a run gave no outcome: from the engine's errors to the domain's words.

use wasmtime::{FrameInfo, PoolConcurrencyLimitError, Trap, WasmBacktrace};

use super::limits::Limits;
use super::text;
use super::turn::Turn;
use super::v0::Failure;
use crate::domain::turn::Cause;

/// What wasmtime says when a guest hands over more than the host takes; its type is private.
const HOSTCALL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Reads an error of the engine: whatever the guest did is the guest's, and only what it cannot do is the host's.
pub(super) fn of_error(error: &wasmtime::Error, turn: &Turn, limits: &Limits) -> Cause {
    let reason = reason(error);
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return Cause::Instructions { budget: limits.instructions },
        Some(Trap::Interrupt) => return Cause::Deadline { limit_ms: limits.deadline_ms },
        _ => {}
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Cause::Host { reason: format!("every instance of the pool is in use: {reason}") };
    }
    if reason.contains(HOSTCALL_EXHAUSTED) {
        let reason = format!("more than {} bytes in one call", limits.hostcall_bytes_max);
        return Cause::Output { reason };
    }
    if turn.memory.refused() {
        return Cause::Memory { limit_bytes: limits.memory_bytes_max as u64, reason };
    }
    Cause::Trap { reason, backtrace: backtrace(error) }
}

/// Reads what the bot said instead of an outcome.
pub(super) fn of_failure(failure: Failure) -> Cause {
    match failure {
        Failure::Retry(reason) => Cause::Failure { retry: true, reason },
        Failure::GiveUp(reason) => Cause::Failure { retry: false, reason },
    }
}

/// What is left of a panic in the host's own code.
pub(super) fn of_panic(panic: &(dyn std::any::Any + Send)) -> Cause {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Cause::Host { reason: format!("panic: {}", text::cap(words.unwrap_or("without words"))) }
}

fn reason(error: &wasmtime::Error) -> String {
    let root = error.root_cause().to_string();
    text::cap(root.strip_prefix("wasm trap: ").unwrap_or(&root))
}

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    let mut functions: Vec<(String, usize)> = Vec::new();
    for function in frames.iter().flat_map(functions_of).take(FUNCTIONS_MAX) {
        match functions.last_mut() {
            Some((last, times)) if *last == function => *times += 1,
            _ => functions.push((function, 1)),
        }
    }
    let told = |(function, times)| if times == 1 { function } else { format!("{function}, {times} times") };
    functions.into_iter().map(told).collect()
}

/// The functions of a frame, the innermost first: with source lines those too that were compiled into others.
fn functions_of(frame: &FrameInfo) -> Vec<String> {
    let own = || frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), readable);
    let mut functions: Vec<String> = Vec::new();
    for symbol in frame.symbols().iter().filter(|symbol| symbol.file().is_some()) {
        let name = symbol.name().map_or_else(own, |name| of_cpp(name).unwrap_or_else(|| readable(name)));
        let (file, line) = (symbol.file().unwrap_or_default(), symbol.line().unwrap_or_default());
        functions.push(format!("{name} ({}:{line})", text::cap_name(file)));
    }
    if functions.is_empty() { vec![own()] } else { functions }
}

/// A name without what mangling did to it: the hash that it appends changes with every build.
fn readable(name: &str) -> String {
    text::cap_name(&format!("{:#}", rustc_demangle::demangle(text::prefix(name, NAME_BYTES_MAX))))
}

/// A C++ function's name. Only where source lines are read: such a name can be made to take long.
fn of_cpp(name: &str) -> Option<String> {
    let symbol = cpp_demangle::BorrowedSymbol::new(text::prefix(name, NAME_BYTES_MAX).as_bytes()).ok()?;
    let name = symbol.demangle_with_options(&cpp_demangle::DemangleOptions::new().no_return_type()).ok()?;
    Some(text::cap_name(&name))
}

/// The longest backtrace, in functions.
const FUNCTIONS_MAX: usize = 48;

/// The longest mangled name that is read.
const NAME_BYTES_MAX: usize = 4096;
