//! `wasi:sockets`: no socket can be made and no name looked up. Python's runtime imports these whether a bot has a use for
//! them or not.

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower, Resource};

use super::io::{InputStream, IoError, OutputStream, Pollable};
use super::{Host, Link, resource};
use crate::guest::turn::Turn;

/// A `network`: a handle that leads nowhere.
struct Network;
/// A `tcp-socket`; none is ever made.
struct Tcp;
/// A `udp-socket`; none is ever made.
struct Udp;
/// An `incoming-datagram-stream`; none is ever made.
struct Incoming;
/// An `outgoing-datagram-stream`; none is ever made.
struct Outgoing;
/// A `resolve-address-stream`; none is ever made.
struct Names;

type Net = Resource<Network>;
type Ip4 = (u8, u8, u8, u8);
type Ip6 = (u16, u16, u16, u16, u16, u16, u16, u16);

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
enum Family {
    #[component(name = "ipv4")]
    V4,
    #[component(name = "ipv6")]
    #[expect(dead_code, reason = "a case of the interface; a socket that does not exist is of the first")]
    V6,
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Ip {
    #[component(name = "ipv4")]
    V4(Ip4),
    #[component(name = "ipv6")]
    V6(Ip6),
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Socket4 {
    port: u16,
    address: Ip4,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Socket6 {
    port: u16,
    #[component(name = "flow-info")]
    flow_info: u32,
    address: Ip6,
    #[component(name = "scope-id")]
    scope_id: u32,
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Address {
    #[component(name = "ipv4")]
    V4(Socket4),
    #[component(name = "ipv6")]
    V6(Socket6),
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Received {
    data: Vec<u8>,
    #[component(name = "remote-address")]
    remote_address: Address,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Sent {
    data: Vec<u8>,
    #[component(name = "remote-address")]
    remote_address: Option<Address>,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the interface's cases; a guest without a socket cannot say any of them")]
enum Shutdown {
    #[component(name = "receive")]
    Receive,
    #[component(name = "send")]
    Send,
    #[component(name = "both")]
    Both,
}

error_codes! {
    Unknown = "unknown"
    AccessDenied = "access-denied"
    NotSupported = "not-supported"
    InvalidArgument = "invalid-argument"
    OutOfMemory = "out-of-memory"
    Timeout = "timeout"
    ConcurrencyConflict = "concurrency-conflict"
    NotInProgress = "not-in-progress"
    WouldBlock = "would-block"
    InvalidState = "invalid-state"
    NewSocketLimit = "new-socket-limit"
    AddressNotBindable = "address-not-bindable"
    AddressInUse = "address-in-use"
    RemoteUnreachable = "remote-unreachable"
    ConnectionRefused = "connection-refused"
    ConnectionReset = "connection-reset"
    ConnectionAborted = "connection-aborted"
    DatagramTooLarge = "datagram-too-large"
    NameUnresolvable = "name-unresolvable"
    TemporaryResolverFailure = "temporary-resolver-failure"
    PermanentResolverFailure = "permanent-resolver-failure"
}

pub(super) fn network(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<Network>(linker, "network")?;
    let code = |_: Host<'_>, (_,): (Resource<IoError>,)| Ok((None::<ErrorCode>,));
    linker.func_wrap("network-error-code", code)
}

pub(super) fn instance_network(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("instance-network", |_: Host<'_>, (): ()| Ok((Net::new_own(0),)))
}

pub(super) fn ip_name_lookup(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<Names>(linker, "resolve-address-stream")?;
    refuse::<(Resource<Names>,), Option<Ip>>(linker, "[method]resolve-address-stream.resolve-next-address")?;
    subscribe::<Names>(linker, "[method]resolve-address-stream.subscribe")?;
    refuse::<(Net, String), Resource<Names>>(linker, "resolve-addresses")
}

pub(super) fn tcp_create_socket(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    refuse::<(Family,), Resource<Tcp>>(linker, "create-tcp-socket")
}

pub(super) fn udp_create_socket(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    refuse::<(Family,), Resource<Udp>>(linker, "create-udp-socket")
}

pub(super) fn tcp(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    type This = Resource<Tcp>;
    type Pair = (Resource<InputStream>, Resource<OutputStream>);
    resource::<Tcp>(linker, "tcp-socket")?;
    refuse::<(This, Net, Address), ()>(linker, "[method]tcp-socket.start-bind")?;
    refuse::<(This,), ()>(linker, "[method]tcp-socket.finish-bind")?;
    refuse::<(This, Net, Address), ()>(linker, "[method]tcp-socket.start-connect")?;
    refuse::<(This,), Pair>(linker, "[method]tcp-socket.finish-connect")?;
    refuse::<(This,), ()>(linker, "[method]tcp-socket.start-listen")?;
    refuse::<(This,), ()>(linker, "[method]tcp-socket.finish-listen")?;
    let accept = "[method]tcp-socket.accept";
    refuse::<(This,), (This, Resource<InputStream>, Resource<OutputStream>)>(linker, accept)?;
    refuse::<(This,), Address>(linker, "[method]tcp-socket.local-address")?;
    refuse::<(This,), Address>(linker, "[method]tcp-socket.remote-address")?;
    linker.func_wrap("[method]tcp-socket.is-listening", |_: Host<'_>, (_,): (This,)| Ok((false,)))?;
    linker.func_wrap("[method]tcp-socket.address-family", |_: Host<'_>, (_,): (This,)| Ok((Family::V4,)))?;
    refuse::<(This, u64), ()>(linker, "[method]tcp-socket.set-listen-backlog-size")?;
    refuse::<(This,), bool>(linker, "[method]tcp-socket.keep-alive-enabled")?;
    refuse::<(This, bool), ()>(linker, "[method]tcp-socket.set-keep-alive-enabled")?;
    refuse::<(This,), u32>(linker, "[method]tcp-socket.keep-alive-count")?;
    refuse::<(This, u32), ()>(linker, "[method]tcp-socket.set-keep-alive-count")?;
    refuse::<(This,), u8>(linker, "[method]tcp-socket.hop-limit")?;
    refuse::<(This, u8), ()>(linker, "[method]tcp-socket.set-hop-limit")?;
    for option in ["keep-alive-idle-time", "keep-alive-interval", "receive-buffer-size", "send-buffer-size"] {
        refuse::<(This,), u64>(linker, &format!("[method]tcp-socket.{option}"))?;
        refuse::<(This, u64), ()>(linker, &format!("[method]tcp-socket.set-{option}"))?;
    }
    subscribe::<Tcp>(linker, "[method]tcp-socket.subscribe")?;
    refuse::<(This, Shutdown), ()>(linker, "[method]tcp-socket.shutdown")
}

pub(super) fn udp(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    type This = Resource<Udp>;
    type Pair = (Resource<Incoming>, Resource<Outgoing>);
    resource::<Udp>(linker, "udp-socket")?;
    resource::<Incoming>(linker, "incoming-datagram-stream")?;
    resource::<Outgoing>(linker, "outgoing-datagram-stream")?;
    refuse::<(This, Net, Address), ()>(linker, "[method]udp-socket.start-bind")?;
    refuse::<(This,), ()>(linker, "[method]udp-socket.finish-bind")?;
    refuse::<(This, Option<Address>), Pair>(linker, "[method]udp-socket.stream")?;
    refuse::<(This,), Address>(linker, "[method]udp-socket.local-address")?;
    refuse::<(This,), Address>(linker, "[method]udp-socket.remote-address")?;
    linker.func_wrap("[method]udp-socket.address-family", |_: Host<'_>, (_,): (This,)| Ok((Family::V4,)))?;
    refuse::<(This,), u8>(linker, "[method]udp-socket.unicast-hop-limit")?;
    refuse::<(This, u8), ()>(linker, "[method]udp-socket.set-unicast-hop-limit")?;
    for option in ["receive-buffer-size", "send-buffer-size"] {
        refuse::<(This,), u64>(linker, &format!("[method]udp-socket.{option}"))?;
        refuse::<(This, u64), ()>(linker, &format!("[method]udp-socket.set-{option}"))?;
    }
    subscribe::<Udp>(linker, "[method]udp-socket.subscribe")?;
    refuse::<(Resource<Incoming>, u64), Vec<Received>>(linker, "[method]incoming-datagram-stream.receive")?;
    subscribe::<Incoming>(linker, "[method]incoming-datagram-stream.subscribe")?;
    refuse::<(Resource<Outgoing>,), u64>(linker, "[method]outgoing-datagram-stream.check-send")?;
    refuse::<(Resource<Outgoing>, Vec<Sent>), u64>(linker, "[method]outgoing-datagram-stream.send")?;
    subscribe::<Outgoing>(linker, "[method]outgoing-datagram-stream.subscribe")
}

fn subscribe<T: 'static>(linker: &mut LinkerInstance<'_, Turn>, name: &str) -> Link {
    linker.func_wrap(name, |_: Host<'_>, (_,): (Resource<T>,)| Ok((Resource::<Pollable>::new_own(0),)))
}

/// A function that answers an error code, whatever it is asked.
fn refuse<P, R>(linker: &mut LinkerInstance<'_, Turn>, name: &str) -> Link
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentType + Lower + 'static,
{
    linker.func_wrap(name, |_: Host<'_>, _: P| -> wasmtime::Result<(Result<R, ErrorCode>,)> {
        Ok((Err(ErrorCode::AccessDenied),))
    })
}
