//! `wasi:clocks`: both clocks stand still at the turn's `now-ms`.

use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};

use super::io::Pollable;
use super::{Host, Link};
use crate::guest::turn::Turn;

/// Nanoseconds of a millisecond, which is what the turn's clock counts.
const NANOS: u64 = 1_000_000;

/// A point in time.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

pub(super) fn wall(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("now", |host: Host<'_>, (): ()| Ok((datetime(host.data().now_ms),)))?;
    linker.func_wrap("resolution", |_: Host<'_>, (): ()| Ok((datetime(1),)))
}

pub(super) fn monotonic(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("now", |host: Host<'_>, (): ()| Ok((host.data().now_ms.saturating_mul(NANOS),)))?;
    linker.func_wrap("resolution", |_: Host<'_>, (): ()| Ok((NANOS,)))?;
    for name in ["subscribe-instant", "subscribe-duration"] {
        linker.func_wrap(name, |_: Host<'_>, (_,): (u64,)| Ok((Resource::<Pollable>::new_own(0),)))?;
    }
    Ok(())
}

fn datetime(ms: u64) -> Datetime {
    let nanoseconds = u32::try_from(ms % 1000 * NANOS).unwrap_or_default();
    Datetime { seconds: ms / 1000, nanoseconds }
}
