//! bothost, a WebAssembly host for chat-bot logic. Start at `host/ARCHITECTURE.md`.

pub mod domain;
pub mod platform;
