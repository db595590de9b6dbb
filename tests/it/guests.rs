//! The guests that other tests stand on are what they say they are.

use std::fs;

use crate::support::{bombs, guests, hostile};

#[test]
fn every_hostile_guest_states_what_must_come_of_it() {
    let hostile = hostile::all();
    assert!(hostile.len() > 40, "only {} were found", hostile.len());
    for guest in &hostile {
        assert!(wasmparser::Parser::is_component(&guest.wasm), "{}", guest.name);
        // What shall run must be a component of the contract's world; only what is refused may be anything else.
        let valid = wasmparser::Validator::new().validate_all(&guest.wasm).map(drop);
        assert!(valid.is_ok() || guest.expect == "refused-at-upload", "{}: {valid:?}", guest.name);
        let exports = String::from_utf8_lossy(&guest.wasm).contains("bothost:bot/message@0.1.0");
        assert!(exports || guest.expect == "refused-at-upload", "{} exports no bot", guest.name);
    }
    for expectation in hostile::EXPECTATIONS {
        assert!(hostile.iter().any(|guest| guest.expect == expectation), "nothing expects {expectation}");
    }
}

#[test]
fn bombs_are_small() {
    for bomb in bombs::all() {
        assert!(wasmparser::Parser::is_component(&bomb.wasm), "{}", bomb.name);
        let small = bomb.wasm.len() < 24 << 20;
        assert!(small || bomb.name == "padding", "{} has {} bytes", bomb.name, bomb.wasm.len());
    }
}

#[test]
fn two_versions_of_a_guest_differ_and_one_is_built_once() {
    let (one, two) = (guests::signer("1"), guests::signer("2"));
    assert!(fs::read(&one).unwrap() != fs::read(&two).unwrap(), "both versions are the same bytes");
    let built = fs::metadata(&one).unwrap().modified().unwrap();
    assert_eq!(guests::signer("1"), one);
    assert_eq!(fs::metadata(&one).unwrap().modified().unwrap(), built);
}
