//! bothost, a WebAssembly host for chat-bot logic. Start at `host/ARCHITECTURE.md`.

pub mod app;
pub mod settings;
pub mod cli;
pub mod http;
pub mod pipeline;
pub mod platform;
pub mod store;
pub mod guest;
pub mod simulator;
pub mod workbench;
pub mod domain;
