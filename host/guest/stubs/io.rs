//! `wasi:io`: closed input, output that goes to the bot's log, and waiting that never waits.

use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};

use super::{Host, Link, resource};
use crate::guest::turn::{Stream, Turn};

/// How many bytes a guest may write at once: what `wasi:io` says of `blocking-write-and-flush`.
const WRITE_MAX: u64 = 4096;

/// An `error`; none is ever made.
pub(super) struct IoError;
/// A `pollable`; always ready.
pub(super) struct Pollable;
/// An `input-stream`; always at its end.
pub(super) struct InputStream;
/// An `output-stream`; its handle's number is the [`Stream`].
pub(super) struct OutputStream;

/// Why a stream cannot go on.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Written = wasmtime::Result<(Result<(), StreamError>,)>;
type Count = wasmtime::Result<(Result<u64, StreamError>,)>;
type Bytes = wasmtime::Result<(Result<Vec<u8>, StreamError>,)>;

pub(super) fn error(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<IoError>(linker, "error")?;
    linker.func_wrap("[method]error.to-debug-string", |_: Host<'_>, (_,): (Resource<IoError>,)| {
        Ok(("the host offers no I/O".to_owned(),))
    })
}

pub(super) fn poll(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<Pollable>(linker, "pollable")?;
    linker.func_wrap("[method]pollable.ready", |_: Host<'_>, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    linker.func_wrap("[method]pollable.block", |_: Host<'_>, (_,): (Resource<Pollable>,)| Ok(()))?;
    linker.func_wrap("poll", |_: Host<'_>, (list,): (Vec<Resource<Pollable>>,)| {
        if list.is_empty() {
            return Err(wasmtime::format_err!("the bot waited for nothing at all (an empty list of pollables)"));
        }
        Ok(((0u32..).take(list.len()).collect::<Vec<_>>(),))
    })
}

pub(super) fn streams(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<InputStream>(linker, "input-stream")?;
    resource::<OutputStream>(linker, "output-stream")?;
    for name in ["[method]input-stream.read", "[method]input-stream.blocking-read"] {
        let read = |_: Host<'_>, _: (Resource<InputStream>, u64)| -> Bytes { Ok((Err(StreamError::Closed),)) };
        linker.func_wrap(name, read)?;
    }
    for name in ["[method]input-stream.skip", "[method]input-stream.blocking-skip"] {
        let skip = |_: Host<'_>, _: (Resource<InputStream>, u64)| -> Count { Ok((Err(StreamError::Closed),)) };
        linker.func_wrap(name, skip)?;
    }
    linker.func_wrap("[method]input-stream.subscribe", |_: Host<'_>, (_,): (Resource<InputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })?;
    output(linker)
}

fn output(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    let check = |_: Host<'_>, (_,): (Resource<OutputStream>,)| -> Count { Ok((Ok(WRITE_MAX),)) };
    linker.func_wrap("[method]output-stream.check-write", check)?;
    for name in ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"] {
        let write = |mut host: Host<'_>, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| -> Written {
            print(&mut host, &stream, &bytes);
            Ok((Ok(()),))
        };
        linker.func_wrap(name, write)?;
    }
    for name in ["[method]output-stream.flush", "[method]output-stream.blocking-flush"] {
        linker.func_wrap(name, |_: Host<'_>, (_,): (Resource<OutputStream>,)| -> Written { Ok((Ok(()),)) })?;
    }
    for name in ["[method]output-stream.write-zeroes", "[method]output-stream.blocking-write-zeroes-and-flush"] {
        let zeroes = |mut host: Host<'_>, (stream, count): (Resource<OutputStream>, u64)| -> Written {
            let count = usize::try_from(count.min(WRITE_MAX)).unwrap_or(0);
            print(&mut host, &stream, &vec![0; count]);
            Ok((Ok(()),))
        };
        linker.func_wrap(name, zeroes)?;
    }
    for name in ["[method]output-stream.splice", "[method]output-stream.blocking-splice"] {
        let splice = |_: Host<'_>, _: (Resource<OutputStream>, Resource<InputStream>, u64)| -> Count {
            Ok((Err(StreamError::Closed),))
        };
        linker.func_wrap(name, splice)?;
    }
    linker.func_wrap("[method]output-stream.subscribe", |_: Host<'_>, (_,): (Resource<OutputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })
}

fn print(host: &mut Host<'_>, stream: &Resource<OutputStream>, bytes: &[u8]) {
    let stream = if stream.rep() == Stream::Err as u32 { Stream::Err } else { Stream::Out };
    host.data_mut().log.print(stream, bytes);
}
