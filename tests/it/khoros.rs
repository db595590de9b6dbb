//! The Khoros platform: what its documents say, held against what the host does.

mod actions;
mod by_chance;
mod calls;
mod decode;
mod encode;
mod properties;
mod receipts;
mod registrations;
mod simulator;
mod support;
mod verify;
