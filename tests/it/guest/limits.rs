//! What stops a guest: each limit, shown with a guest that runs into it.

use std::time::Duration;

use bothost::domain::turn::{Cause, Run};
use bothost::guest::Limits;

use super::component::{bot, component, with_second_core_module};
use super::{Bench, run, test_limits};

const FOREVER: &str = "(loop $again (br $again)) (unreachable)";

fn cause(run: Run) -> Cause {
    run.result.unwrap_err()
}

#[test]
fn the_instruction_budget_stops_an_endless_loop() {
    let limits = Limits { instructions: 100_000, ..test_limits() };
    let run = run(&Bench::with(limits).module("", FOREVER));
    assert_eq!(run.instructions, 100_000);
    assert_eq!(cause(run), Cause::Instructions { budget: 100_000 });
}

#[test]
fn the_deadline_stops_what_the_budget_does_not() {
    let limits = Limits { instructions: u64::MAX >> 1, deadline_ms: 20, ..test_limits() };
    let run = run(&Bench::with(limits).module("", FOREVER));
    assert!(run.elapsed >= Duration::from_millis(20), "{:?}", run.elapsed);
    assert_eq!(cause(run), Cause::Deadline { limit_ms: 20 });
}

#[test]
fn the_deadline_stops_bulk_operations() {
    let limits = Limits { instructions: u64::MAX >> 1, deadline_ms: 20, ..test_limits() };
    let fill = "(loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $again)) (unreachable)";
    assert_eq!(cause(run(&Bench::with(limits).module("", fill))), Cause::Deadline { limit_ms: 20 });
}

#[test]
fn memory_is_refused_beyond_the_limit() {
    let hoard = "(loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)";
    let run = run(&Bench::with(Limits { memory_bytes_max: 1 << 20, ..test_limits() }).module("", hoard));
    assert_eq!(run.memory_bytes, 1 << 20);
    assert!(matches!(cause(run), Cause::Memory { limit_bytes: 0x10_0000, reason } if reason.contains("unreachable")));
}

#[test]
fn a_guest_that_copes_with_less_memory_is_not_punished() {
    let hoard = "(loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 64)";
    assert!(run(&Bench::new().module("", hoard)).result.is_ok());
}

#[test]
fn memory_that_could_not_be_had_is_no_credit() {
    // Growing by 64 GiB fails; if it were given back, each failure would make room for more.
    let cheat = "(loop $again
        (drop (memory.grow (i32.const 65535)))
        (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 64)";
    let run = run(&Bench::with(Limits { memory_bytes_max: 1 << 20, ..test_limits() }).module("", cheat));
    assert_eq!(run.memory_bytes, 1 << 20);
}

#[test]
fn memory_is_summed_over_the_component() {
    // 16 pages in all: the second core module has 8 of them, so that the bot must not get more than 8.
    let hoard = "(loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (if (i32.ne (memory.size) (i32.const 8)) (then unreachable)) (i32.const 64)";
    let wasm = with_second_core_module(component(&bot("", hoard)), "(module (memory 8))");
    let bench = Bench::with(Limits { memory_bytes_max: 1 << 20, ..test_limits() });
    let run = run(&bench.workshop.prepare(&wasm).unwrap().module);
    assert_eq!((run.result.map(|_| ()), run.memory_bytes), (Ok(()), 1 << 20));
}

#[test]
fn memory_that_is_too_large_from_the_start_is_refused() {
    let wasm = with_second_core_module(component(&bot("", "(i32.const 64)")), "(module (memory 15))");
    let bench = Bench::with(Limits { memory_bytes_max: 1 << 20, ..test_limits() });
    let problems = bench.refused(&wasm).problems;
    assert!(problems[0].contains("asked for more than its 1048576 bytes of memory"), "{problems:?}");
}

#[test]
fn deep_recursion_is_a_trap() {
    let items = "(func $deep (param i32) (result i32)
        (i32.add (i32.const 1) (call $deep (i32.add (i32.const 1) (local.get 0)))))";
    match cause(run(&Bench::new().module(items, "(call $deep (i32.const 0))"))) {
        Cause::Trap { reason, backtrace } => {
            assert_eq!(reason, "call stack exhausted");
            assert_eq!(backtrace, ["deep, 16 times"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trap_names_the_guests_functions() {
    let items = "(func $_ZN3bot6pricer5quote17h0123456789abcdefE (result i32) (unreachable))";
    match cause(run(&Bench::new().module(items, "(call $_ZN3bot6pricer5quote17h0123456789abcdefE)"))) {
        Cause::Trap { reason, backtrace } => {
            assert_eq!(reason, "wasm `unreachable` instruction executed");
            assert_eq!(backtrace, ["bot::pricer::quote", "handle", "message"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flood_of_log_lines_is_cut_and_counted() {
    let items =
        r#"(import "bothost:bot/log@0.1.0" "write" (func $log (param i32 i32 i32))) (data (i32.const 1024) "line")"#;
    let flood = "(local $left i32) (local.set $left (i32.const 5000))
        (loop $again
            (call $log (i32.const 1) (i32.const 1024) (i32.const 4))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))
        (i32.const 64)";
    let run = run(&Bench::new().module(items, flood));
    assert!(run.result.is_ok());
    assert_eq!((run.log.len(), run.log_lines_dropped), (1000, 4000));
    assert!(run.log.iter().all(|line| line.level == "info" && line.text == "line"));
}

#[test]
fn long_log_lines_are_cut_at_the_byte_limit() {
    let items = r#"(import "bothost:bot/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
    let two = "(memory.fill (i32.const 16384) (i32.const 97) (i32.const 65536))
        (call $log (i32.const 3) (i32.const 16384) (i32.const 65536))
        (call $log (i32.const 3) (i32.const 16384) (i32.const 65536))
        (i32.const 64)";
    let run = run(&Bench::with(Limits { log_bytes_max: 1000, ..test_limits() }).module(items, two));
    assert_eq!((run.log.len(), run.log[0].text.len(), run.log_lines_dropped), (1, 1000, 1));
}

/// A list of 1,000 strings that are all the same 60 KiB: 60 MiB for the host, 70 KiB for the guest.
#[test]
fn a_small_guest_cannot_make_the_host_take_much() {
    let alias = "(local $at i32) (local.set $at (i32.const 98304))
        (memory.fill (i32.const 16384) (i32.const 97) (i32.const 61440))
        (loop $again
            (i32.store (local.get $at) (i32.const 16384))
            (i32.store offset=4 (local.get $at) (i32.const 61440))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 106304))))
        ;; ok(outcome) with one action at 256: tag, with that list
        (i32.store (i32.const 68) (i32.const 256))
        (i32.store (i32.const 72) (i32.const 1))
        (i32.store8 (i32.const 256) (i32.const 6))
        (i32.store (i32.const 260) (i32.const 98304))
        (i32.store (i32.const 264) (i32.const 1000))
        (i32.const 64)";
    match cause(run(&Bench::new().module("", alias))) {
        Cause::Output { reason } => assert_eq!(reason, "more than 1048576 bytes in one call"),
        other => panic!("{other:?}"),
    }
    // The same list is taken where the limit is higher: it is the limit that stops it.
    let limits = Limits { hostcall_bytes_max: 128 << 20, ..test_limits() };
    assert!(run(&Bench::with(limits).module("", alias)).result.is_ok());
}

#[test]
fn an_answer_outside_of_its_memory_is_a_trap() {
    match cause(run(&Bench::new().module("", "(i32.const -4)"))) {
        Cause::Trap { reason, .. } => assert!(reason.contains("out of bounds"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_is_cut_to_a_length_that_a_log_can_bear() {
    // err(give-up(64 KiB of text))
    let fail = "(memory.fill (i32.const 16384) (i32.const 97) (i32.const 65536))
        (i32.store8 (i32.const 64) (i32.const 1))
        (i32.store8 (i32.const 68) (i32.const 1))
        (i32.store (i32.const 72) (i32.const 16384))
        (i32.store (i32.const 76) (i32.const 65536))
        (i32.const 64)";
    match cause(run(&Bench::new().module("", fail))) {
        Cause::Failure { retry: false, reason } => {
            assert!(reason.ends_with("(65536 bytes in all)") && reason.len() < 3000, "{}", reason.len());
        }
        other => panic!("{other:?}"),
    }
}
