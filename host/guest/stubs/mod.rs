//! The `wasi:*` interfaces that a language's runtime insists on, with nothing behind them.
//!
//! A bot needs none of them; the standard libraries of Rust, Go, Python and others import them whether they are used or not.
//! Here the environment and the arguments are empty, the clocks stand at the turn's `now-ms`, randomness follows from the
//! turn's `seed`, there are no files and no sockets, and what is printed goes to the bot's log. Nothing waits: what would
//! block returns.
//!
//! They are typed by hand instead of taking WASI's own interface text into this tree: the linker compares what a component
//! imports with these types when it loads. They are defined at [`VERSION`]; a component may ask for any `0.2.x`.

/// Declares an interface's `error-code`, of which the stubs only ever answer one case.
macro_rules! error_codes {
    ($($case:ident = $name:literal)*) => {
        #[derive(ComponentType, Lift, Lower, Clone, Copy)]
        #[component(enum)]
        #[repr(u8)]
        #[expect(dead_code, reason = "the interface's cases; one of them answers everything")]
        enum ErrorCode {
            $(#[component(name = $name)] $case,)*
        }
    };
}

mod cli;
mod clocks;
mod filesystem;
mod io;
mod random;
mod sockets;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, ResourceType};

use super::turn::Turn;

/// The version of WASI that the stubs are defined at.
pub(super) const VERSION: &str = "0.2.12";

/// What a stub's function is called with.
type Host<'a> = StoreContextMut<'a, Turn>;
type Link = wasmtime::Result<()>;

/// Every interface that has a stub, without its version.
pub(super) fn interfaces() -> impl Iterator<Item = &'static str> {
    STUBS.iter().map(|stub| stub.interface)
}

/// Offers all stubs.
pub(super) fn link(linker: &mut Linker<Turn>) -> Link {
    for stub in STUBS {
        (stub.define)(&mut linker.instance(&format!("{}@{VERSION}", stub.interface))?)?;
    }
    Ok(())
}

struct Stub {
    interface: &'static str,
    define: fn(&mut LinkerInstance<'_, Turn>) -> Link,
}

const STUBS: &[Stub] = &[
    Stub { interface: "wasi:cli/environment", define: cli::environment },
    Stub { interface: "wasi:cli/exit", define: cli::exit },
    Stub { interface: "wasi:cli/stdin", define: cli::stdin },
    Stub { interface: "wasi:cli/stdout", define: cli::stdout },
    Stub { interface: "wasi:cli/stderr", define: cli::stderr },
    Stub { interface: "wasi:cli/terminal-input", define: cli::terminal_input },
    Stub { interface: "wasi:cli/terminal-output", define: cli::terminal_output },
    Stub { interface: "wasi:cli/terminal-stdin", define: cli::terminal_stdin },
    Stub { interface: "wasi:cli/terminal-stdout", define: cli::terminal_stdout },
    Stub { interface: "wasi:cli/terminal-stderr", define: cli::terminal_stderr },
    Stub { interface: "wasi:clocks/monotonic-clock", define: clocks::monotonic },
    Stub { interface: "wasi:clocks/wall-clock", define: clocks::wall },
    Stub { interface: "wasi:filesystem/preopens", define: filesystem::preopens },
    Stub { interface: "wasi:filesystem/types", define: filesystem::types },
    Stub { interface: "wasi:io/error", define: io::error },
    Stub { interface: "wasi:io/poll", define: io::poll },
    Stub { interface: "wasi:io/streams", define: io::streams },
    Stub { interface: "wasi:random/insecure", define: random::insecure },
    Stub { interface: "wasi:random/insecure-seed", define: random::insecure_seed },
    Stub { interface: "wasi:random/random", define: random::random },
    Stub { interface: "wasi:sockets/instance-network", define: sockets::instance_network },
    Stub { interface: "wasi:sockets/ip-name-lookup", define: sockets::ip_name_lookup },
    Stub { interface: "wasi:sockets/network", define: sockets::network },
    Stub { interface: "wasi:sockets/tcp", define: sockets::tcp },
    Stub { interface: "wasi:sockets/tcp-create-socket", define: sockets::tcp_create_socket },
    Stub { interface: "wasi:sockets/udp", define: sockets::udp },
    Stub { interface: "wasi:sockets/udp-create-socket", define: sockets::udp_create_socket },
];

/// Declares a resource whose handles need nothing dropped: they are plain numbers, or no handle of it ever exists.
fn resource<T: 'static>(linker: &mut LinkerInstance<'_, Turn>, name: &str) -> Link {
    linker.resource(name, ResourceType::host::<T>(), |_, _| Ok(()))
}
