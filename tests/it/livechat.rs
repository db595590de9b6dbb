//! The LiveChat platform: what its documents say, held against what the host does.

mod admit;
mod api;
mod api_shapes;
mod decode;
mod encode;
mod journey;
mod properties;
mod scopes;
mod simulator;
mod support;
mod verify;
