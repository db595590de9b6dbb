//! A bot on a developer's own machine: turns without a host, a store or a platform, by the same functions that make turns of
//! webhooks. `bothost test` and `bothost chat` stand on it.

pub mod session;
pub mod scenario;
mod steps;
