//! Uploads by chance: components that wasm-smith makes of random bytes, and honest bots with some of their bytes changed.

use arbitrary::Unstructured;
use wasm_smith::{Component, Config};

/// Random bytes that one component is made of, at most.
const ENTROPY: usize = 4096;

/// The component of that number: always the same one. Every fourth is `honest` with up to eight bytes changed.
pub fn component(number: u64, honest: &[u8]) -> Vec<u8> {
    let mut chance = Chance(number);
    if number % 4 == 3 {
        let mut wasm = honest.to_vec();
        for _ in 0..=chance.next() % 8 {
            let at = chance.next() as usize % wasm.len();
            wasm[at] ^= 1 << (chance.next() % 8);
        }
        return wasm;
    }
    loop {
        let bytes: Vec<u8> = (0..ENTROPY / 8).flat_map(|_| chance.next().to_le_bytes()).collect();
        // Not all bytes make a component; the next ones are tried then.
        if let Ok(component) = Component::new(Config::default(), &mut Unstructured::new(&bytes)) {
            return component.to_bytes();
        }
    }
}

/// A random number generator of one line (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
