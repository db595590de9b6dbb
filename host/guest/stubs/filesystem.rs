//! `wasi:filesystem`: no directory to begin with, so that no descriptor ever exists; whatever asks is told so.

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower, Resource, flags};

use super::clocks::Datetime;
use super::io::{InputStream, IoError, OutputStream};
use super::{Host, Link, resource};
use crate::guest::turn::Turn;

/// A `descriptor`; none is ever made.
struct Descriptor;
/// A `directory-entry-stream`; none is ever made.
struct Entries;

type This = Resource<Descriptor>;

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the interface's cases; nothing here has a kind")]
enum Kind {
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "block-device")]
    BlockDevice,
    #[component(name = "character-device")]
    CharacterDevice,
    #[component(name = "directory")]
    Directory,
    #[component(name = "fifo")]
    Fifo,
    #[component(name = "symbolic-link")]
    SymbolicLink,
    #[component(name = "regular-file")]
    RegularFile,
    #[component(name = "socket")]
    Socket,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Stat {
    #[component(name = "type")]
    kind: Kind,
    #[component(name = "link-count")]
    link_count: u64,
    size: u64,
    #[component(name = "data-access-timestamp")]
    accessed: Option<Datetime>,
    #[component(name = "data-modification-timestamp")]
    modified: Option<Datetime>,
    #[component(name = "status-change-timestamp")]
    changed: Option<Datetime>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum NewTimestamp {
    #[component(name = "no-change")]
    NoChange,
    #[component(name = "now")]
    Now,
    #[component(name = "timestamp")]
    Timestamp(Datetime),
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Entry {
    #[component(name = "type")]
    kind: Kind,
    name: String,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Hash {
    lower: u64,
    upper: u64,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the interface's cases; a guest without a descriptor cannot say any of them")]
enum Advice {
    #[component(name = "normal")]
    Normal,
    #[component(name = "sequential")]
    Sequential,
    #[component(name = "random")]
    Random,
    #[component(name = "will-need")]
    WillNeed,
    #[component(name = "dont-need")]
    DontNeed,
    #[component(name = "no-reuse")]
    NoReuse,
}

flags! {
    DescriptorFlags {
        #[component(name = "read")]
        const READ;
        #[component(name = "write")]
        const WRITE;
        #[component(name = "file-integrity-sync")]
        const FILE_INTEGRITY_SYNC;
        #[component(name = "data-integrity-sync")]
        const DATA_INTEGRITY_SYNC;
        #[component(name = "requested-write-sync")]
        const REQUESTED_WRITE_SYNC;
        #[component(name = "mutate-directory")]
        const MUTATE_DIRECTORY;
    }
}

flags! {
    PathFlags {
        #[component(name = "symlink-follow")]
        const SYMLINK_FOLLOW;
    }
}

flags! {
    OpenFlags {
        #[component(name = "create")]
        const CREATE;
        #[component(name = "directory")]
        const DIRECTORY;
        #[component(name = "exclusive")]
        const EXCLUSIVE;
        #[component(name = "truncate")]
        const TRUNCATE;
    }
}

error_codes! {
    Access = "access"
    WouldBlock = "would-block"
    Already = "already"
    BadDescriptor = "bad-descriptor"
    Busy = "busy"
    Deadlock = "deadlock"
    Quota = "quota"
    Exist = "exist"
    FileTooLarge = "file-too-large"
    IllegalByteSequence = "illegal-byte-sequence"
    InProgress = "in-progress"
    Interrupted = "interrupted"
    Invalid = "invalid"
    Io = "io"
    IsDirectory = "is-directory"
    Loop = "loop"
    TooManyLinks = "too-many-links"
    MessageSize = "message-size"
    NameTooLong = "name-too-long"
    NoDevice = "no-device"
    NoEntry = "no-entry"
    NoLock = "no-lock"
    InsufficientMemory = "insufficient-memory"
    InsufficientSpace = "insufficient-space"
    NotDirectory = "not-directory"
    NotEmpty = "not-empty"
    NotRecoverable = "not-recoverable"
    Unsupported = "unsupported"
    NoTty = "no-tty"
    NoSuchDevice = "no-such-device"
    Overflow = "overflow"
    NotPermitted = "not-permitted"
    Pipe = "pipe"
    ReadOnly = "read-only"
    InvalidSeek = "invalid-seek"
    TextFileBusy = "text-file-busy"
    CrossDevice = "cross-device"
}

pub(super) fn preopens(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    linker.func_wrap("get-directories", |_: Host<'_>, (): ()| Ok((Vec::<(This, String)>::new(),)))
}

pub(super) fn types(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    resource::<Descriptor>(linker, "descriptor")?;
    resource::<Entries>(linker, "directory-entry-stream")?;
    let code = |_: Host<'_>, (_,): (Resource<IoError>,)| Ok((None::<ErrorCode>,));
    linker.func_wrap("filesystem-error-code", code)?;
    linker.func_wrap("[method]descriptor.is-same-object", |_: Host<'_>, _: (This, This)| Ok((false,)))?;
    refuse::<(Resource<Entries>,), Option<Entry>>(linker, "[method]directory-entry-stream.read-directory-entry")?;
    contents(linker)?;
    paths(linker)
}

/// What is done to a descriptor itself.
fn contents(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    refuse::<(This, u64), Resource<InputStream>>(linker, "[method]descriptor.read-via-stream")?;
    refuse::<(This, u64), Resource<OutputStream>>(linker, "[method]descriptor.write-via-stream")?;
    refuse::<(This,), Resource<OutputStream>>(linker, "[method]descriptor.append-via-stream")?;
    refuse::<(This, u64, u64, Advice), ()>(linker, "[method]descriptor.advise")?;
    refuse::<(This,), ()>(linker, "[method]descriptor.sync-data")?;
    refuse::<(This,), ()>(linker, "[method]descriptor.sync")?;
    refuse::<(This,), DescriptorFlags>(linker, "[method]descriptor.get-flags")?;
    refuse::<(This,), Kind>(linker, "[method]descriptor.get-type")?;
    refuse::<(This, u64), ()>(linker, "[method]descriptor.set-size")?;
    refuse::<(This, NewTimestamp, NewTimestamp), ()>(linker, "[method]descriptor.set-times")?;
    refuse::<(This, u64, u64), (Vec<u8>, bool)>(linker, "[method]descriptor.read")?;
    refuse::<(This, Vec<u8>, u64), u64>(linker, "[method]descriptor.write")?;
    refuse::<(This,), Resource<Entries>>(linker, "[method]descriptor.read-directory")?;
    refuse::<(This,), Stat>(linker, "[method]descriptor.stat")?;
    refuse::<(This,), Hash>(linker, "[method]descriptor.metadata-hash")
}

/// What is done to a path below one.
fn paths(linker: &mut LinkerInstance<'_, Turn>) -> Link {
    refuse::<(This, String), ()>(linker, "[method]descriptor.create-directory-at")?;
    refuse::<(This, PathFlags, String), Stat>(linker, "[method]descriptor.stat-at")?;
    refuse::<(This, PathFlags, String, NewTimestamp, NewTimestamp), ()>(linker, "[method]descriptor.set-times-at")?;
    refuse::<(This, PathFlags, String, This, String), ()>(linker, "[method]descriptor.link-at")?;
    refuse::<(This, PathFlags, String, OpenFlags, DescriptorFlags), This>(linker, "[method]descriptor.open-at")?;
    refuse::<(This, String), String>(linker, "[method]descriptor.readlink-at")?;
    refuse::<(This, String), ()>(linker, "[method]descriptor.remove-directory-at")?;
    refuse::<(This, String, This, String), ()>(linker, "[method]descriptor.rename-at")?;
    refuse::<(This, String, String), ()>(linker, "[method]descriptor.symlink-at")?;
    refuse::<(This, String), ()>(linker, "[method]descriptor.unlink-file-at")?;
    refuse::<(This, PathFlags, String), Hash>(linker, "[method]descriptor.metadata-hash-at")
}

/// A function that answers an error code, whatever it is asked.
fn refuse<P, R>(linker: &mut LinkerInstance<'_, Turn>, name: &str) -> Link
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentType + Lower + 'static,
{
    linker.func_wrap(name, |_: Host<'_>, _: P| -> wasmtime::Result<(Result<R, ErrorCode>,)> {
        Ok((Err(ErrorCode::Unsupported),))
    })
}
