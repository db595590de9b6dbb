//! The vocabulary and the rules of bothost: plain data and pure functions, nothing but the standard library.
//!
//! Nothing here can do I/O, and no type here is serialisable: each border (platform, store, guest, HTTP) has its own wire
//! types and converts.

pub mod clock;
pub mod names;
pub mod actor;
pub mod scope;
pub mod secret;
pub mod token;
pub mod key;
pub mod gateway;
pub mod bot;
pub mod event;
pub mod action;
pub mod turn;
pub mod delivery;
pub mod call;
pub mod ownership;
pub mod rules;
pub mod degrade;
pub mod validate;
pub mod retry;
