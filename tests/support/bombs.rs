//! Modules that are small to send and dear to compile. They are made here, since as files they would be megabytes.

use std::fmt::Write as _;

use super::component::component;

/// A module that must be refused before the compiler sees it.
#[derive(Debug)]
pub struct Bomb {
    /// What it has too much of.
    pub name: &'static str,
    /// The component.
    pub wasm: Vec<u8>,
}

/// All of them. The comment at each says what it cost where it was compiled without a gate (sandbox.md).
pub fn all() -> Vec<Bomb> {
    let bomb = |name, wasm| Bomb { name, wasm };
    vec![
        bomb("nested-loops", nested_loops()),
        bomb("flat-ifs", flat_ifs()),
        bomb("functions", functions()),
        bomb("globals", bot(&"(global i32 (i32.const 0))\n".repeat(200_000))),
        bomb("types", bot(&distinct_types(100_000))),
        bomb("parameters", bot(&format!("(func (param {}))", "i64 ".repeat(1_000)))),
        bomb("results", bot(&format!("(func (result {}) unreachable)", "i64 ".repeat(1_000)))),
        bomb("tables", bot(&"(table 1 funcref)\n".repeat(100))),
        bomb("custom-section", bot(&format!("(@custom \"notes\" \"{}\")", "x".repeat(12 << 20)))),
        bomb("core-modules", plain(&"(core module)\n".repeat(10_000))),
        bomb("components", plain(&"(component)\n".repeat(10_000))),
        bomb("nested-components", nested_components(90)),
        bomb("imports", imports(5_000)),
        bomb("long-name", plain(&format!("(import \"{}\" (func))", "a".repeat(90_000)))),
        bomb("padding", padding(40 << 20)),
    ]
}

/// 60 KB, 4,000 nested loops and as many locals: 37 CPU seconds and 644 MB.
pub fn nested_loops() -> Vec<u8> {
    const DEPTH: usize = 4_000;
    let mut code = format!("(func (local {})\n", "i32 ".repeat(DEPTH));
    for at in 0..DEPTH {
        let _ = writeln!(code, "loop local.get {at} i32.const 1 i32.add local.set {}", (at + 1) % DEPTH);
    }
    for at in 0..DEPTH {
        let _ = writeln!(code, "local.get {at} br_if 0 end");
    }
    code.push(')');
    bot(&code)
}

/// 0.55 MB, one function with 40,000 ifs in a row and 2,000 locals: 26 CPU seconds and 2.75 GB.
pub fn flat_ifs() -> Vec<u8> {
    const LOCALS: usize = 2_000;
    let mut code = format!("(func (local {})\n", "i32 ".repeat(LOCALS));
    for at in 0..40_000 {
        let (tested, set) = (at % LOCALS, (at * 7 + 1) % LOCALS);
        let _ = writeln!(code, "local.get {tested} if local.get {tested} i32.const 1 i32.add local.set {set} end");
    }
    code.push(')');
    bot(&code)
}

/// 0.8 MB, 200,000 empty functions: 7 CPU seconds, 1.1 GB, and 41 MB of machine code.
pub fn functions() -> Vec<u8> {
    bot(&"(func)\n".repeat(200_000))
}

/// A bot that the gate lets pass, and that takes the compiler seconds: many functions just below the cap of what one may be.
pub fn heavy() -> Vec<u8> {
    const LOCALS: usize = 60;
    let mut code = String::new();
    for _ in 0..2 {
        let _ = writeln!(code, "(func (local {})", "i32 ".repeat(LOCALS));
        for at in 0..30_000 {
            let (tested, set) = (at % LOCALS, (at * 7 + 1) % LOCALS);
            let _ = writeln!(code, "local.get {tested} if local.get {tested} i32.const 1 i32.add local.set {set} end");
        }
        code.push_str(")\n");
    }
    bot(&code)
}

/// A bot that does nothing, with this in its core module besides.
fn bot(more: &str) -> Vec<u8> {
    component(&format!(
        r#"(module
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
          (func (export "bothost:bot/message@0.1.0#handle") (export "bothost:bot/update@0.1.0#handle")
            (param i32) (result i32) (i32.const 1024))
          {more})"#
    ))
}

/// A component that is no bot, with this in it.
fn plain(inside: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {inside})")).expect("what is written here is WebAssembly text")
}

fn distinct_types(count: usize) -> String {
    const WIDTH: usize = 17;
    let mut types = String::new();
    for number in 0..count {
        let params: String = (0..WIDTH).map(|bit| if number >> bit & 1 == 0 { "i32 " } else { "i64 " }).collect();
        let _ = writeln!(types, "(type (func (param {params})))");
    }
    types
}

fn nested_components(depth: usize) -> Vec<u8> {
    plain(&format!("{}{}", "(component ".repeat(depth), ")".repeat(depth)))
}

fn imports(count: usize) -> Vec<u8> {
    let mut imports = String::new();
    for number in 0..count {
        let _ = writeln!(imports, "(import \"f{number}\" (func))");
    }
    plain(&imports)
}

fn padding(bytes: usize) -> Vec<u8> {
    plain(&format!("(@custom \"padding\" \"{}\")", "x".repeat(bytes)))
}
