//! What the tests share: the real binary as a child process, guests that are built once, hostile components, and a stage with
//! the simulated platform.

pub mod bombs;
pub mod calls;
pub mod chance;
pub mod cli;
pub mod component;
pub mod external;
pub mod guests;
pub mod host;
pub mod hostile;
pub mod ledger;
pub mod memory;
pub mod platform;
pub mod schema;
pub mod stage;
pub mod tenants;
pub mod traffic;
