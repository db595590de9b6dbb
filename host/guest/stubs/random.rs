//! `wasi:random`: numbers that follow from the turn's seed, so that a turn can be repeated.

use wasmtime::component::LinkerInstance;

use super::{Host, Link};
use crate::guest::turn::Turn;

pub(super) fn random(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    source(linker, "get-random-bytes", "get-random-u64")
}

pub(super) fn insecure(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    source(linker, "get-insecure-random-bytes", "get-insecure-random-u64")
}

pub(super) fn insecure_seed(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("insecure-seed", |mut host: Host<'_>, (): ()| Ok(((number(&mut host)?, number(&mut host)?),)))
}

fn source(linker: &mut LinkerInstance<'_, Turn>, bytes: &str, one: &str) -> Link {
    linker.func_wrap(bytes, |mut host: Host<'_>, (count,): (u64,)| {
        Ok((host.data_mut().chance.bytes(count).ok_or_else(exhausted)?,))
    })?;
    linker.func_wrap(one, |mut host: Host<'_>, (): ()| Ok((number(&mut host)?,)))
}

fn number(host: &mut Host<'_>) -> wasmtime::Result<u64> {
    host.data_mut().chance.number().ok_or_else(exhausted)
}

fn exhausted() -> wasmtime::Error {
    wasmtime::format_err!("the bot drew more randomness than a turn may")
}
