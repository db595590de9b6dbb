//! A bot on a developer's own machine: turns without a host, a store or a platform, by the same functions that make turns of
//! webhooks. `bothost test`, `bothost chat` and `bothost dev` stand on it.

pub mod session;
pub mod scenario;
pub mod sources;
mod steps;
