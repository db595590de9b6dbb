//! What is refused before it runs, and in which words.

use bothost::guest::{Caps, Limits, Standing};

use super::component::{ECHO, bot, component, component_in};
use super::{Bench, test_limits};

/// Asserts that bytes are refused with a problem that says this.
fn says(bench: &Bench, wasm: &[u8], words: &str) {
    let report = bench.refused(wasm);
    assert!(report.problems.iter().any(|problem| problem.contains(words)), "{:?}", report.problems);
}

#[test]
fn what_is_no_component_is_called_what_it_is() {
    let bench = Bench::new();
    let cases: &[(&[u8], &str)] = &[
        (b"", "empty"),
        (b"\0as", "ends within its first bytes"),
        (&wat::parse_str("(module)").unwrap(), "wasm-tools component new"),
        (b"\n (component)", "WebAssembly text"),
        (b";; a guest\n(module)", "WebAssembly text"),
        (b"\x7fELF\x02\x01\x01", "ELF file"),
        (b"PK\x03\x04", "archive"),
        (b"#!/bin/sh\n", "not WebAssembly"),
    ];
    for (bytes, words) in cases {
        says(&bench, bytes, words);
    }
    let mut random = 7_u64;
    let noise = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 56) as u8
    });
    says(&bench, &noise.take(4096).collect::<Vec<_>>(), "not WebAssembly");
}

#[test]
fn a_component_that_is_cut_short_or_damaged_is_refused() {
    let bench = Bench::new();
    let wasm = component(&bot("", ECHO));
    for part in 1..12 {
        bench.refused(&wasm[..wasm.len() * part / 12]);
    }
    for at in (8..wasm.len()).step_by(wasm.len() / 12) {
        let mut damaged = wasm.clone();
        damaged[at] ^= 0xff;
        // Damage in a name or a constant can go unnoticed; the host must not fail over any of it.
        if let Err(bothost::guest::Refusal::Host(error)) = bench.workshop.prepare(&damaged) {
            panic!("byte {at}: {error}");
        }
    }
}

#[test]
fn proposals_that_are_off_are_refused() {
    let bench = Bench::new();
    let cases = [
        ("(memory i64 1)", "memory64"),
        ("(memory 1) (memory 1)", "multi"),
        ("(type (struct (field i32)))", "gc"),
        ("(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", "threads"),
        ("(memory 1 1 shared)", "threads"),
        ("(tag $t) (func (throw $t))", "exceptions"),
        ("(func $f (return_call $f))", "tail calls"),
        ("(func (param (ref func)))", "function references"),
        ("(func (param externref))", "gc"),
        ("(func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))", "relaxed SIMD"),
    ];
    for (item, words) in cases {
        let wasm = wat::parse_str(format!("(component (core module {item}))")).unwrap();
        says(&bench, &wasm, "not valid here");
        says(&bench, &wasm, words);
    }
    let wasm = wat::parse_str("(component (type (future)) (import \"f\" (func async)))").unwrap();
    says(&bench, &wasm, "async");
}

#[test]
fn every_cap_of_the_gate_holds() {
    fn small(change: fn(&mut Caps)) -> Limits {
        let mut limits = test_limits();
        change(&mut limits.gate);
        limits
    }
    let wasm = component(&bot("(table 1 funcref) (global i32 (i32.const 0)) (@custom \"notes\" \"words\")", ECHO));
    type Case = (fn(&mut Caps), &'static str);
    let cases: &[Case] = &[
        (|caps| caps.core_modules = 0, "core modules"),
        (|caps| caps.components = 0, "components"),
        (|caps| caps.memories = 0, "memories"),
        (|caps| caps.tables = 0, "tables"),
        (|caps| caps.functions = 1, "functions"),
        (|caps| caps.globals = 1, "globals"),
        (|caps| caps.params = 1, "parameters"),
        (|caps| caps.results = 0, "results"),
        (|caps| caps.types = 1, "types"),
        (|caps| caps.custom_bytes = 3, "custom sections"),
        (|caps| caps.imports = 1, "imports"),
        (|caps| caps.exports = 1, "exports"),
        (|caps| caps.name_bytes = 3, "name"),
    ];
    for (change, words) in cases {
        says(&Bench::with(small(*change)), &wasm, words);
    }
    says(&Bench::with(Limits { module_bytes_max: 100, ..test_limits() }), &wasm, "at most 100 are taken");
}

#[test]
fn an_unknown_import_is_refused_by_name() {
    let wit = "package test:guests;
        world greedy { include bothost:bot/bot@0.1.0; import evil:net/socket@1.0.0; }
        package evil:net@1.0.0 { interface socket { open: func(); } }";
    let open = r#"(import "evil:net/socket@1.0.0" "open" (func))"#;
    let report = Bench::new().refused(&component_in("test:guests/greedy", wit, &bot(open, ECHO)));
    assert_eq!(report.problems, ["the module asks for evil:net/socket@1.0.0, which this host does not have"]);
    let standing = report.imports.iter().find(|import| import.name.starts_with("evil")).unwrap().standing;
    assert_eq!(standing, Standing::Refused);
    assert!(report.to_string().starts_with("verdict  refused\nproblem  the module asks for evil:net"));
}

#[test]
fn a_contract_of_another_version_is_refused_in_plain_words() {
    let wit = "package test:guests;
        world newer { include bothost:bot/bot@0.1.0; import bothost:bot/log@0.2.0; }
        package bothost:bot@0.2.0 { interface log { write: func(); } }";
    let log = r#"(import "bothost:bot/log@0.2.0" "write" (func))"#;
    let report = Bench::new().refused(&component_in("test:guests/newer", wit, &bot(log, ECHO)));
    assert_eq!(
        report.problems,
        [
            "this host offers bothost:bot@0.1.0; the module asks for bothost:bot/log@0.2.0, a newer version of the contract"
        ]
    );
}

#[test]
fn a_module_without_the_contracts_exports_is_refused() {
    let wit = "package test:guests; world idle { export run: func(); }";
    let idle = r#"(module (func (export "run")))"#;
    let report = Bench::new().refused(&component_in("test:guests/idle", wit, idle));
    assert_eq!(
        report.problems,
        [
            "the module does not export bothost:bot/message@0.1.0, which every bot must",
            "the module does not export bothost:bot/update@0.1.0, which every bot must",
        ]
    );
}

#[test]
fn exports_of_another_type_are_refused() {
    let wit = "package test:guests;
        world odd { export bothost:bot/message@0.1.1; export bothost:bot/update@0.1.1; }
        package bothost:bot@0.1.1 {
            interface message { handle: func(number: u32) -> u32; }
            interface update { handle: func(number: u32) -> u32; }
        }";
    let odd = r#"(module
        (func (export "bothost:bot/message@0.1.1#handle") (param i32) (result i32) (i32.const 0))
        (func (export "bothost:bot/update@0.1.1#handle") (param i32) (result i32) (i32.const 0)))"#;
    says(&Bench::new(), &component_in("test:guests/odd", wit, odd), "does not fit the contract");
}

#[test]
fn a_module_that_cannot_start_is_refused() {
    let bench = Bench::with(Limits { instructions: 100_000, ..test_limits() });
    let trap = component(&bot("(func $boom (unreachable)) (start $boom)", ECHO));
    says(&bench, &trap, "fails while it starts, before any event: the bot trapped");
    let spin = component(&bot("(func $spin (loop $again (br $again))) (start $spin)", ECHO));
    says(&bench, &spin, "used up its 100000 instructions");
    let table = component(&bot("(table 30000 funcref)", ECHO));
    says(&bench, &table, "the engine cannot load it");
}

#[test]
fn a_module_that_is_taken_comes_with_a_report() {
    let prepared = Bench::new().workshop.prepare(&component(&bot("", ECHO))).unwrap();
    let report = &prepared.report;
    assert!(report.accepted() && report.memories == 1 && report.core_modules >= 1 && report.functions >= 4, "{report}");
    assert!(report.exports.iter().all(|export| export.called), "{report}");
    assert!(report.to_string().starts_with("verdict  taken\nmodule   sha256 "), "{report}");
}
