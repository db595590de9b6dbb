//! Everything about running a guest: the engine, its limits, the gate and the compiler, the contract's bindings, the catalog
//! of modules and the watched directory.
//!
//! All of wasmtime and of notify is in this room, and no type of theirs leaves it. It sees neither a platform nor the store.
