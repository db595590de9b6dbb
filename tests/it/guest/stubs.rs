//! The `wasi:*` stubs: what a language's runtime finds behind them.

use std::sync::Arc;

use bothost::domain::turn::{Cause, Context};
use bothost::guest::{Module, Standing};

use super::component::{bot, component_in};
use super::{Bench, context, message, run};

/// As much of WASI as these tests call, at an older version than the stubs are defined at.
const WASI: &str = "package test:guests;
    world runtime {
        include bothost:bot/bot@0.1.0;
        import wasi:cli/stdout@0.2.3;
        import wasi:cli/exit@0.2.3;
        import wasi:cli/environment@0.2.3;
        import wasi:clocks/monotonic-clock@0.2.3;
        import wasi:clocks/wall-clock@0.2.3;
        import wasi:random/random@0.2.3;
    }
    package wasi:io@0.2.3 {
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream { blocking-write-and-flush: func(bytes: list<u8>) -> result<_, stream-error>; }
        }
    }
    package wasi:cli@0.2.3 {
        interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
        interface exit { exit: func(status: result); }
        interface environment { get-environment: func() -> list<tuple<string, string>>; }
    }
    package wasi:clocks@0.2.3 {
        interface monotonic-clock { now: func() -> u64; }
        interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
    }
    package wasi:random@0.2.3 {
        interface random { get-random-u64: func() -> u64; get-random-bytes: func(len: u64) -> list<u8>; }
    }";

fn module(items: &str, handle: &str) -> Arc<Module> {
    let wasm = component_in("test:guests/runtime", WASI, &bot(items, handle));
    let prepared = Bench::new().workshop.prepare(&wasm).unwrap();
    let stubbed = prepared.report.imports.iter().filter(|import| import.name.starts_with("wasi:"));
    assert!(stubbed.clone().count() > 0 && stubbed.clone().all(|import| import.standing == Standing::Stubbed));
    prepared.module
}

/// Answers what it drew: eight bytes at 1024, as the new state.
const ANSWER_EIGHT_BYTES: &str = "
    (i32.store8 (i32.const 76) (i32.const 1))
    (i32.store (i32.const 80) (i32.const 1024))
    (i32.store (i32.const 84) (i32.const 8))
    (i32.const 64)";

#[test]
fn what_is_printed_goes_to_the_log_line_by_line() {
    let items = r#"
        (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
        (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))
        (data (i32.const 1024) "one\ntwo\r\nthr")"#;
    let print = "(call $write (call $stdout) (i32.const 1024) (i32.const 12) (i32.const 2048))
        (call $write (call $stdout) (i32.const 1024) (i32.const 1) (i32.const 2048))
        (i32.const 64)";
    let run = run(&module(items, print));
    let lines: Vec<_> = run.log.iter().map(|line| (line.level, line.text.as_str())).collect();
    assert_eq!(lines, [("stdout", "one"), ("stdout", "two"), ("stdout", "thro")]);
}

#[test]
fn an_endless_line_is_not_kept_for_ever() {
    let items = r#"
        (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
        (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))"#;
    let print = "(local $left i32) (local.set $left (i32.const 900))
        (memory.fill (i32.const 16384) (i32.const 97) (i32.const 65536))
        (loop $again
            (call $write (call $stdout) (i32.const 16384) (i32.const 65536) (i32.const 2048))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))
        (i32.const 64)";
    let run = run(&module(items, print));
    assert_eq!((run.log.len(), run.log[0].text.len()), (1, 64 << 10));
}

#[test]
fn leaving_is_a_trap_with_words() {
    let items = r#"(import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))"#;
    match run(&module(items, "(call $exit (i32.const 1)) (unreachable)")).result.unwrap_err() {
        Cause::Trap { reason, backtrace } => {
            assert_eq!(reason, "the bot ended its process with exit code 1 instead of returning");
            assert_eq!(backtrace, ["handle", "message"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_clocks_stand_at_the_turns_time() {
    let items = r#"
        (import "wasi:clocks/wall-clock@0.2.3" "now" (func $wall (param i32)))
        (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $monotonic (result i64)))"#;
    let check = "(call $wall (i32.const 1024))
        (if (i64.ne (i64.load (i32.const 1024)) (i64.const 1700000000)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 1032)) (i32.const 123000000)) (then unreachable))
        (if (i64.ne (call $monotonic) (i64.const 1700000000123000000)) (then unreachable))
        (i32.const 64)";
    run(&module(items, check)).result.unwrap();
}

#[test]
fn randomness_follows_from_the_seed() {
    let items = r#"(import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))"#;
    // Letters, because a state is text.
    let draw = format!(
        "(drop (call $random))
        (i64.store (i32.const 1024) (i64.or
            (i64.and (call $random) (i64.const 0x0f0f0f0f0f0f0f0f)) (i64.const 0x4040404040404040)))
        {ANSWER_EIGHT_BYTES}"
    );
    let module = module(items, &draw);
    let with = |seed| module.run(&Context { seed, ..context() }, &message("")).result.unwrap().state;
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn randomness_is_capped() {
    let items = r#"(import "wasi:random/random@0.2.3" "get-random-bytes" (func $bytes (param i64 i32)))"#;
    match run(&module(items, "(call $bytes (i64.const 0x100000000000) (i32.const 1024)) (unreachable)")).result {
        Err(Cause::Trap { reason, .. }) => assert_eq!(reason, "the bot drew more randomness than a turn may"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_start_function_runs_under_the_turns_limits() {
    // At the trial start the seed is 0; with any other seed this one never returns.
    let items = r#"
        (import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))
        (func $start (if (i64.ne (call $random) (i64.const 0xe220a8397b1dcdaf)) (then (loop $again (br $again)))))
        (start $start)"#;
    let run = run(&module(items, "(i32.const 64)"));
    assert!(matches!(run.result, Err(Cause::Instructions { .. })), "{:?}", run.result);
}
