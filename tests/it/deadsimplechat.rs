//! The DeadSimpleChat platform: what its documents say, held against what the host does.

mod admit;
mod api;
mod decode;
mod encode;
mod journey;
mod messages;
mod properties;
mod simulator;
mod stage;
mod support;
mod verify;
