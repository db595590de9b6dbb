//! Makes components of WebAssembly text, so that a hostile guest is a few readable lines.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component of the world `bot` in `wit/` whose core module is that text.
pub fn component(wat: &str) -> Vec<u8> {
    component_in("bothost:bot/bot@0.1.0", "", wat)
}

/// A component of another world, which `wit` declares beside `wit/`.
pub fn component_in(world: &str, wit: &str, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).unwrap();
    if !wit.is_empty() {
        resolve.push_str("test.wit", wit).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// The core module of a bot: `handle` is the body of both handlers, a function of a pointer (`$in`) that returns one, and
/// `items` is whatever else the module has.
///
/// The context is at `$in`, the message or update at `$in + 136`. An answer of zeros is an empty outcome; address 64 has one
/// ready. The guest's own data may live below 8192; what the host hands over lies above.
pub fn bot(items: &str, handle: &str) -> String {
    format!(
        r#"(module $guest
            {items}
            (memory (export "memory") 2)
            (global $free (mut i32) (i32.const 8192))
            (func $realloc (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32)
                (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get $size)))
                (local.get $at))
            (func $message (export "bothost:bot/message@0.1.0#handle") (param $in i32) (result i32)
                (call $handle (local.get $in)))
            (func $update (export "bothost:bot/update@0.1.0#handle") (param $in i32) (result i32)
                (call $handle (local.get $in)))
            (func $handle (param $in i32) (result i32) {handle}))"#
    )
}

/// Says back what the customer said: `respond` with the message's text.
pub const ECHO: &str = r"
    ;; ok(outcome) at 64 with a list of one action at 256
    (i32.store (i32.const 68) (i32.const 256))
    (i32.store (i32.const 72) (i32.const 1))
    ;; respond, and its text: what lies at message.text
    (i32.store (i32.const 260) (i32.load8_u offset=148 (local.get $in)))
    (i32.store (i32.const 264) (i32.load offset=152 (local.get $in)))
    (i32.store (i32.const 268) (i32.load offset=156 (local.get $in)))
    (i32.const 64)";

/// The component with one more core module, instantiated last: for what one core module alone cannot do.
pub fn with_second_core_module(mut component: Vec<u8>, wat: &str) -> Vec<u8> {
    let mut depth = 0;
    let mut modules = 0_u8;
    for payload in wasmparser::Parser::new(0).parse_all(&component) {
        match payload.unwrap() {
            wasmparser::Payload::Version { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            wasmparser::Payload::ModuleSection { .. } if depth == 1 => modules += 1,
            _ => {}
        }
    }
    let module = wat::parse_str(wat).unwrap();
    assert!(module.len() < 128, "its length must fit one byte");
    component.extend_from_slice(&[1, u8::try_from(module.len()).unwrap()]);
    component.extend_from_slice(&module);
    // A section of core instances: one, of that module, without arguments.
    component.extend_from_slice(&[2, 4, 1, 0, modules, 0]);
    component
}
