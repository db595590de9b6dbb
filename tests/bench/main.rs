//! `cargo bench`: what the host costs, as ratios measured in one run on one machine.
//!
//! | figure | beside |
//! | --- | --- |
//! | durable ingest over HTTP, 64 connections | raw SQLite, groups of 64 |
//! | a turn of the Rust echo guest | bare wasmtime: instantiate, call, drop |
//! | the concierge in every language: size, build, fresh turn, turns per second, idle memory | the Rust echo guest |
//! | acknowledgement while 2,000 random components and the compile bombs are uploaded | the idle host's |
//! | CPU per event, webhook to the platform's 202 | a native axum handler that does the same without a store or a sandbox |
//! | CPU per event on each platform, webhook to its yes | the same on Khoros, bound 1.2 |
//! | a respond message of 1 KiB, read and checked | the bound 5 us |
//! | activation of a compiled version; restart with 200 modules | the bounds 50 ms and 1 s |
//!
//! The host is the real binary in a process of its own; senders and the simulated platform share the machine with it.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    missing_docs,
    reason = "a benchmark stops at the first surprise and prints its figures"
)]

#[path = "../support/mod.rs"]
mod support;

mod ingest;
mod languages;
mod modules;
mod native;
mod platforms;
mod senders;
mod turn;
mod uploads;
mod validate;
mod whole;

fn main() {
    // A second role of this program: the native handler runs in a process of its own, so that its CPU can be told apart.
    if let Some(platform) = std::env::var_os("BENCH_NATIVE_PLATFORM") {
        return native::serve(&platform.to_string_lossy());
    }
    bothost::pipeline::outbound::use_ring();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("bothost {}, {} cores", env!("CARGO_PKG_VERSION"), std::thread::available_parallelism().unwrap());
    // `cargo bench -- uploads` measures that alone.
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    if wanted("turn") {
        turn::measure();
    }
    if wanted("languages") {
        languages::measure();
    }
    if wanted("validate") {
        validate::measure();
    }
    runtime.block_on(async {
        if wanted("ingest") {
            ingest::measure().await;
        }
        if wanted("whole") {
            whole::measure().await;
        }
        if wanted("platforms") {
            platforms::measure().await;
        }
        if wanted("uploads") {
            uploads::measure().await;
        }
        if wanted("modules") {
            modules::measure().await;
        }
    });
}

/// Prints a figure, and whether it is within the bound that the project set itself.
fn figure(name: &str, value: &str, bound: Option<(bool, &str)>) {
    let verdict = match bound {
        None => String::new(),
        Some((true, bound)) => format!("   ({bound}: yes)"),
        Some((false, bound)) => format!("   ({bound}: NO)"),
    };
    println!("{name:<58} {value:>14}{verdict}");
}
