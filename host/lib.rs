//! bothost, a WebAssembly host for chat-bot logic. Start at `host/ARCHITECTURE.md`.

pub mod simulator;
pub mod platform;
pub mod store;
pub mod guest;
pub mod domain;
