//! What the tests share: the real binary as a child process, guests that are built once, and hostile components.

pub mod bombs;
pub mod component;
pub mod guests;
pub mod host;
pub mod hostile;
