//! Which test proves which statement of the platform's documents. A test carries the numbers that it proves in its doc comment, on
//! lines that begin with the word Conformance; `tests/CONFORMANCE.md` is made of them.
//!
//! `CONFORMANCE=write cargo test --test it conformance` writes the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const STATEMENTS: u16 = 275;

/// The first statement of each seed.
const SEEDS: [(u16, &str); 5] = [
    (1, "Seed 000: registrations"),
    (68, "Seed 001: responding"),
    (144, "Seed 002: events"),
    (183, "Seed 003: DeadSimpleChat bots"),
    (213, "Seed 004: LiveChat bot agents"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

struct Statement {
    words: String,
    /// Why it has no test.
    reason: Option<String>,
}

fn statements() -> BTreeMap<u16, Statement> {
    let text = fs::read_to_string(root().join("tests/fixtures/conformance.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut statements = BTreeMap::new();
    for line in lines {
        let mut parts = line.split(" | ").map(str::to_owned);
        let number: u16 = parts.next().unwrap().parse().unwrap_or_else(|_| panic!("no number: {line}"));
        let words = parts.next().unwrap_or_else(|| panic!("no words: {line}"));
        let known = statements.insert(number, Statement { words, reason: parts.next() });
        assert!(known.is_none() && parts.next().is_none(), "{line}");
    }
    assert!((1..=STATEMENTS).eq(statements.keys().copied()), "each of 1 to {STATEMENTS} has one line");
    statements
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The tests of each statement: every `fn` marked as a test, with the numbers of its doc comment.
fn proofs() -> BTreeMap<u16, Vec<String>> {
    let dir = root().join("tests/it");
    let mut files = Vec::new();
    sources(&dir, &mut files);
    files.sort();
    let mut proofs: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(&dir).unwrap().with_extension("").to_string_lossy().replace('/', "::");
        let text = fs::read_to_string(&file).unwrap();
        for (test, numbers) in numbered(&text, &name) {
            for number in numbers {
                assert!((1..=STATEMENTS).contains(&number), "{test} carries {number}: there is no such statement");
                proofs.entry(number).or_default().push(test.clone());
            }
        }
    }
    proofs
}

/// The tests of a file that carry numbers. A number that stands above anything else than a test would prove nothing.
fn numbered(text: &str, file: &str) -> Vec<(String, Vec<u16>)> {
    let mut found = Vec::new();
    let (mut numbers, mut test) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(list) = line.strip_prefix("/// Conformance ") {
            numbers.extend(list_of_numbers(list));
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            test = true;
        } else if !line.starts_with("///") && !line.starts_with("#[") {
            let name = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            match name {
                Some(name) if test && !numbers.is_empty() => found.push((format!("{file}::{name}"), numbers)),
                _ => assert!(numbers.is_empty(), "{file}: {numbers:?} stand above no test: {line}"),
            }
            (numbers, test) = (Vec::new(), false);
        }
    }
    found
}

/// `12, 13-15.` and what follows the first full stop or colon is for the reader.
fn list_of_numbers(list: &str) -> Vec<u16> {
    let list = list.split(['.', ':']).next().unwrap();
    let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("{text:?} is no number, in {list:?}"));
    list.split(',')
        .flat_map(|part| match part.split_once('-') {
            Some((first, last)) => number(first)..=number(last),
            None => number(part)..=number(part),
        })
        .collect()
}

fn table(statements: &BTreeMap<u16, Statement>, proofs: &BTreeMap<u16, Vec<String>>) -> String {
    let mut table = "# Conformance\n\nWhat the platforms' documents state, and what proves it: the tests in `tests/it/`. Written by \
                     `CONFORMANCE=write cargo test --test it conformance`.\n"
        .to_owned();
    for (number, Statement { words, reason }) in statements {
        if let Some((_, title)) = SEEDS.iter().find(|(first, _)| first == number) {
            write!(table, "\n## {title}\n\n| | statement | proof |\n| --- | --- | --- |\n").unwrap();
        }
        let tests = proofs.get(number).map(Vec::as_slice).unwrap_or_default();
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        let proof = match (reason, tests.as_slice()) {
            (Some(reason), []) => format!("none: {reason}"),
            (None, []) => "open".to_owned(),
            _ => tests.join(", "),
        };
        writeln!(table, "| {number} | {words} | {proof} |").unwrap();
    }
    table
}

#[test]
fn every_statement_is_proven_or_has_its_reason() {
    let (statements, proofs) = (statements(), proofs());
    let open = |number: &&u16| !proofs.contains_key(number) && statements[number].reason.is_none();
    let open: Vec<u16> = statements.keys().filter(open).copied().collect();
    assert!(open.is_empty(), "neither a proof nor a reason why there is none: {open:?}");
    let both = |number: &&u16| proofs.contains_key(number) && statements[number].reason.is_some();
    let both: Vec<_> = statements.keys().filter(both).collect();
    assert!(both.is_empty(), "a proof and a reason why there is none: {both:?}");
}

#[test]
fn the_table_is_that_of_the_tests() {
    let path = root().join("tests/CONFORMANCE.md");
    let table = table(&statements(), &proofs());
    if std::env::var_os("CONFORMANCE").is_some_and(|value| value == "write") {
        fs::write(&path, &table).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == table, "tests/CONFORMANCE.md is out of date: CONFORMANCE=write cargo test --test it conformance");
}

#[test]
fn a_number_stands_above_a_test() {
    let numbers = |text: &str| numbered(text, "a");
    let test = "/// Words.\n/// Conformance 1, 3-5. More words 9.\n/// Conformance 7: yes.\n#[test]\nfn one() {";
    assert_eq!(numbers(test), [("a::one".to_owned(), vec![1, 3, 4, 5, 7])]);
    let later =
        "/// Conformance 2.\n#[tokio::test(start_paused = true)]\n#[cfg(unix)]\nasync fn two() {\n}\n\nfn three() {";
    assert_eq!(numbers(later), [("a::two".to_owned(), vec![2])]);
    for nothing in ["/// Conformance 2.\nfn helper() {", "/// Conformance 2.\nconst X: u8 = 1;"] {
        assert!(std::panic::catch_unwind(|| numbers(nothing)).is_err(), "{nothing}");
    }
}
