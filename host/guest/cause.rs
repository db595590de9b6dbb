//! Why a run gave no outcome: from the engine's errors to the domain's words.

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

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
    frames
        .iter()
        .map(|frame| match frame.func_name() {
            // Without the hash that mangling appends: it changes with every build.
            Some(name) => {
                text::cap_name(&format!("{:#}", rustc_demangle::demangle(text::prefix(name, NAME_BYTES_MAX))))
            }
            None => format!("function {}", frame.func_index()),
        })
        .collect()
}

/// The longest mangled name that is read.
const NAME_BYTES_MAX: usize = 4096;
