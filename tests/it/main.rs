//! Everything that the host promises, tried from outside: HTTP in, HTTP out, files, process death.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    missing_docs,
    missing_debug_implementations,
    reason = "a test stops at the first surprise; what the tests share is not used by each of them"
)]

#[path = "../support/mod.rs"]
mod support;

mod api;
mod by_hand;
mod chance;
mod commands;
mod conformance;
mod crash;
mod deadsimplechat;
mod dev;
mod doubt;
mod errors;
mod heap;
mod explain;
mod failure;
mod files_and_api;
mod front_door;
mod gateway_logins;
mod gateway_tokens;
mod gateways;
mod guest;
mod guests;
mod hostile;
mod idempotency;
mod isolation;
mod journey;
mod key_expiry;
mod keys;
mod khoros;
mod khoros_calls;
mod khoros_modes;
mod khoros_requests;
mod khoros_synchronous;
mod khoros_tokens;
mod livechat;
mod languages;
mod logs;
mod matrix;
mod modules;
mod one_module;
mod order;
mod relay;
mod replay;
mod replays;
mod reports;
mod same_bytes;
mod secrets;
mod serve;
mod store;
mod swap;
mod tenants;
mod tidy;
mod versions;
