//! Contract version 0 (`wit/`): the bindings, and a component whose exports are known to fit them.
//!
//! Each exported interface is found on its own, not the whole world at once: an interface that a later minor version adds as
//! an optional one becomes one more `Option` in [`Contract`], and modules from before it still load.

mod lower;
mod lift;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};

use super::turn::Turn;
use crate::domain::event::Event;
use crate::domain::turn::{Context, Outcome};

use bindings::bothost::bot::log;
use bindings::exports::bothost::bot::{message, update};

/// What this host offers and asks for: names before the `@` and the version after it.
pub(super) const VERSION: &str = "0.1.0";
/// The interfaces that a bot must export.
pub(super) const REQUIRED: &[&str] = &["bothost:bot/message", "bothost:bot/update"];
/// The interfaces that a bot may import.
pub(super) const OFFERED: &[&str] = &["bothost:bot/log", "bothost:bot/types", "bothost:bot/actions"];

/// Generated; `wit/` documents each item.
mod bindings {
    wasmtime::component::bindgen!({ path: "wit", world: "bot" });
}

/// What a bot said instead of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Try again later.
    Retry(String),
    /// Do not.
    GiveUp(String),
}

/// Where a component has the contract's functions.
#[derive(Clone)]
pub(super) struct Contract {
    message: message::GuestIndices,
    update: update::GuestIndices,
}

impl Contract {
    /// Finds them by name.
    pub(super) fn find(component: &InstancePre<Turn>) -> wasmtime::Result<Self> {
        Ok(Self { message: message::GuestIndices::new(component)?, update: update::GuestIndices::new(component)? })
    }

    /// Checks that they have the contract's types.
    pub(super) fn check(&self, store: &mut Store<Turn>, instance: &Instance) -> wasmtime::Result<()> {
        self.message.load(&mut *store, instance)?;
        self.update.load(&mut *store, instance)?;
        Ok(())
    }

    /// Calls the one that the event is for. An error is a trap.
    pub(super) fn handle(
        &self,
        store: &mut Store<Turn>,
        instance: &Instance,
        context: &Context,
        event: &Event,
    ) -> wasmtime::Result<Result<Outcome, Failure>> {
        let context = lower::context(context);
        let answer = match event {
            Event::Message(event) => {
                let guest = self.message.load(&mut *store, instance)?;
                guest.call_handle(&mut *store, &context, &lower::message(event))?
            }
            Event::Update(event) => {
                let guest = self.update.load(&mut *store, instance)?;
                guest.call_handle(&mut *store, &context, &lower::update(event))?
            }
        };
        Ok(answer.map(lift::outcome).map_err(lift::failure))
    }
}

/// Offers the contract's imports.
pub(super) fn link(linker: &mut Linker<Turn>) -> wasmtime::Result<()> {
    log::add_to_linker::<Turn, HasSelf<Turn>>(linker, |turn| turn)
}

impl log::Host for Turn {
    fn write(&mut self, level: log::Level, line: String) {
        let level = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
            log::Level::Error => "error",
        };
        self.log.write(level, &line);
    }
}
