//! The process that compiles: what it dies of, and that nothing else does.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bothost::guest::{Limits, Refusal, Sandbox, Workshop};

use super::component::{ECHO, bot, component};
use super::{Bench, run, test_limits};

/// A small module that takes the compiler very long: many blocks that are all live over many locals.
fn bomb(blocks: u32) -> Vec<u8> {
    let mut body = "(func $bomb".to_owned();
    for _ in 0..blocks {
        body.push_str(" (local i32)");
    }
    for at in 0..blocks {
        write!(body, " loop local.get {at} i32.const 1 i32.add local.set {at}").unwrap();
    }
    for at in 0..blocks {
        write!(body, " local.get {at} br_if 0 end").unwrap();
    }
    component(&bot(&(body + ")"), ECHO))
}

/// Limits that let the bomb through the gate.
fn open_gate() -> Limits {
    let mut limits = test_limits();
    limits.gate.blocks_times_locals = u64::MAX;
    limits
}

/// The bench must refuse the module in these words, and be as good as before.
fn refused_and_alive(bench: &Bench, wasm: &[u8], words: &str) {
    let problems = bench.refused(wasm).problems;
    assert!(problems.iter().any(|problem| problem.contains(words)), "{problems:?}");
    assert!(run(&bench.module("", ECHO)).result.is_ok());
}

#[test]
fn the_gate_stops_a_bomb_before_the_compiler() {
    refused_and_alive(&Bench::new(), &bomb(4000), "4000 locals");
}

#[test]
fn cpu_time_stops_a_bomb_in_the_compiler() {
    let bench = Bench::with(Limits { compile_cpu_s: 1, ..open_gate() });
    refused_and_alive(&bench, &bomb(4000), "more than the 1 s of CPU time");
}

#[test]
fn wall_time_stops_a_bomb_in_the_compiler() {
    let bench = Bench::with(Limits { compile_wall_ms: 1500, ..open_gate() });
    refused_and_alive(&bench, &bomb(4000), "longer than the 1500 ms");
}

#[test]
fn memory_stops_a_bomb_in_the_compiler() {
    let bench = Bench::with(Limits { compile_memory_bytes: 160 << 20, ..open_gate() });
    refused_and_alive(&bench, &bomb(4000), "of memory that it may take");
}

#[test]
fn machine_code_is_capped() {
    let bench = Bench::with(Limits { artefact_bytes_max: 1000, ..test_limits() });
    let problems = bench.refused(&component(&bot("", ECHO))).problems;
    assert!(problems[0].contains("bytes of machine code, at most 1000"), "{problems:?}");
}

#[test]
fn a_program_that_does_not_compile_is_the_hosts_fault() {
    for (program, words) in
        [("/nowhere/bothost", "No such file"), ("/bin/true", "cannot be read"), ("/bin/false", "exit")]
    {
        let data = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(test_limits()).unwrap();
        let workshop = Workshop::open(sandbox, data.path(), PathBuf::from(program)).unwrap();
        match workshop.prepare(&component(&bot("", ECHO))) {
            Err(Refusal::Host(error)) => assert!(error.to_string().contains(words), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_workshop_that_stops_kills_the_compiler() {
    let bench = Bench::with(open_gate());
    let bomb = bomb(4000);
    std::thread::scope(|scope| {
        let compiling = scope.spawn(|| bench.workshop.prepare(&bomb));
        while !compiling.is_finished() {
            bench.workshop.stop();
            std::thread::yield_now();
        }
        assert!(matches!(compiling.join().unwrap(), Err(Refusal::Host(_))));
    });
}

#[test]
fn the_hidden_command_is_of_no_use_by_hand() {
    let mut command = Command::new(super::program());
    let child = command.arg(bothost::guest::CHILD_ARGUMENT).stdin(Stdio::null()).stderr(Stdio::piped());
    assert!(!child.status().unwrap().success());
}
