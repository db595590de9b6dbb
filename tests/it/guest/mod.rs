//! Guests: what they may do, what stops them, and what is refused before it runs.

mod turns;
mod limits;
mod uploads;
mod cache;
mod functions;
mod compat;
mod stubs;
mod compiling;
mod pinned;
mod serving;
mod watching;

use std::path::PathBuf;
use std::sync::Arc;

use bothost::domain::bot::Mode;
use bothost::domain::event::{Author, Event, Message, Origin, Owner, Visibility};
use bothost::domain::names::EventId;
use bothost::domain::turn::{Context, Run};
use bothost::guest::{Limits, Module, Refusal, Report, Sandbox, Workshop};
use tempfile::TempDir;

use crate::support::component;

/// The program that compiles.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_bothost"))
}

/// A workshop with a data directory of its own.
struct Bench {
    workshop: Workshop,
    _data: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(test_limits())
    }

    fn with(limits: Limits) -> Self {
        let data = tempfile::tempdir().unwrap();
        let workshop = open(limits, data.path());
        Self { workshop, _data: data }
    }

    /// Prepares a guest that must be taken.
    fn module(&self, items: &str, handle: &str) -> Arc<Module> {
        let wasm = component::component(&component::bot(items, handle));
        self.workshop.prepare(&wasm).unwrap().module
    }

    /// Prepares a guest that must be refused.
    fn refused(&self, wasm: &[u8]) -> Report {
        match self.workshop.prepare(wasm) {
            Err(Refusal::Module(report)) => *report,
            Err(Refusal::Host(error)) => panic!("the host failed: {error}"),
            Ok(prepared) => panic!("it was taken:\n{}", prepared.report),
        }
    }
}

fn open(limits: Limits, data: &std::path::Path) -> Workshop {
    Workshop::open(Sandbox::new(limits).unwrap(), data, program()).unwrap()
}

/// Limits that no busy machine makes a test fail with.
fn test_limits() -> Limits {
    Limits { deadline_ms: 20_000, turns_at_once: 4, ..Limits::default() }
}

fn context() -> Context {
    Context {
        platform: "khoros".to_owned(),
        event: EventId(7),
        bot: "bot-1".to_owned(),
        mode: Mode::Live,
        conversation: "conversation-1".into(),
        origin: Origin { network: "apple".to_owned(), channel: "page-1".to_owned(), visibility: Visibility::Private },
        owner: Owner::Bot("bot-1".to_owned()),
        attempt: 1,
        state: None,
        config: "{}".to_owned(),
        now_ms: 1_700_000_000_123,
        seed: 42,
        history: Vec::new(),
        raw: "{}".to_owned(),
        extras: Vec::new(),
    }
}

fn author() -> Author {
    Author { id: "author-1".to_owned(), full_name: None, properties: Vec::new(), extras: Vec::new() }
}

fn message(text: &str) -> Event {
    Event::Message(Box::new(Message {
        id: None,
        text: Some(text.to_owned()),
        author: author(),
        owner: None,
        published_ms: None,
        received_ms: None,
        presses: Vec::new(),
        form: None,
        list_response: None,
        media: Vec::new(),
        location: None,
        referral: None,
        properties: Vec::new(),
        extras: Vec::new(),
    }))
}

fn run(module: &Module) -> Run {
    module.run(&context(), &message("hello"))
}
