//! `wasi:cli`: no environment, no arguments, no input, no terminal; output goes to the bot's log.

use wasmtime::component::{LinkerInstance, Resource};

use super::io::{InputStream, OutputStream};
use super::{Host, Link, resource};
use crate::guest::turn::{Stream, Turn};

struct TerminalInput;
struct TerminalOutput;

pub(super) fn environment(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-environment", |_: Host<'_>, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
    linker.func_wrap("get-arguments", |_: Host<'_>, (): ()| Ok((Vec::<String>::new(),)))?;
    linker.func_wrap("initial-cwd", |_: Host<'_>, (): ()| Ok((None::<String>,)))
}

pub(super) fn exit(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("exit", |_: Host<'_>, (status,): (Result<(), ()>,)| -> wasmtime::Result<()> {
        let code = u8::from(status.is_err());
        Err(wasmtime::format_err!("the bot ended its process with exit code {code} instead of returning"))
    })?;
    linker.func_wrap("exit-with-code", |_: Host<'_>, (code,): (u8,)| -> wasmtime::Result<()> {
        Err(wasmtime::format_err!("the bot ended its process with exit code {code} instead of returning"))
    })
}

pub(super) fn stdin(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-stdin", |_: Host<'_>, (): ()| Ok((Resource::<InputStream>::new_own(0),)))
}

pub(super) fn stdout(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    let stream = |_: Host<'_>, (): ()| Ok((Resource::<OutputStream>::new_own(Stream::Out as u32),));
    linker.func_wrap("get-stdout", stream)
}

pub(super) fn stderr(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    let stream = |_: Host<'_>, (): ()| Ok((Resource::<OutputStream>::new_own(Stream::Err as u32),));
    linker.func_wrap("get-stderr", stream)
}

pub(super) fn terminal_input(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<TerminalInput>(linker, "terminal-input")
}

pub(super) fn terminal_output(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<TerminalOutput>(linker, "terminal-output")
}

pub(super) fn terminal_stdin(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-terminal-stdin", |_: Host<'_>, (): ()| Ok((None::<Resource<TerminalInput>>,)))
}

pub(super) fn terminal_stdout(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-terminal-stdout", |_: Host<'_>, (): ()| Ok((None::<Resource<TerminalOutput>>,)))
}

pub(super) fn terminal_stderr(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-terminal-stderr", |_: Host<'_>, (): ()| Ok((None::<Resource<TerminalOutput>>,)))
}
