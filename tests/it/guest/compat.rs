//! Components that were compiled for released versions of the contract, and are never compiled again.

use std::fs;
use std::path::Path;

use bothost::domain::action::Action;
use bothost::domain::event::{Event, Operation, Update};
use bothost::domain::turn::Cause;
use bothost::guest::digest;

use super::{Bench, author, context, message};

/// Contract and digest of each component, as the folder's page has them.
fn released() -> Vec<(String, String)> {
    let page = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = page.lines().filter(|line| line.contains(".wasm |"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].clone(), cells[4].clone())).collect()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat")
}

#[test]
fn what_was_compiled_for_a_released_contract_runs() {
    let bench = Bench::new();
    let released = released();
    let files = fs::read_dir(folder())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "wasm"));
    assert_eq!(files.count(), released.len(), "tests/compat/README.md does not name each component");
    for (contract, expected) in &released {
        let wasm = fs::read(folder().join(format!("bot-{contract}.wasm"))).unwrap();
        assert_eq!(digest(&wasm).as_str(), expected, "bot-{contract}.wasm is another one: it is never built again");
        let module = bench.workshop.prepare(&wasm).unwrap_or_else(|refusal| panic!("{contract}: {refusal}")).module;
        // It says back what it is told, returns one of each action, fails in the contract's ways, and takes updates.
        let said = module.run(&context(), &message("good day")).result.unwrap();
        let [Action::Respond(said)] = said.actions.as_slice() else { panic!("{contract}: {said:?}") };
        assert_eq!(said.text.as_deref(), Some("good day"), "{contract}");
        let everything = module.run(&context(), &message("everything")).result.unwrap();
        let kinds: Vec<_> = everything.actions.iter().map(Action::kind).collect();
        assert!(kinds.len() >= 13 && kinds[0] == "respond" && kinds[12] == "other", "{contract}: {kinds:?}");
        let failed = module.run(&context(), &message("give up")).result.unwrap_err();
        assert_eq!(failed, Cause::Failure { retry: false, reason: "it is hopeless".to_owned() }, "{contract}");
        let operation = Operation::OwnerChanged(context().owner);
        let update = Update { author: author(), operation, conversation: None, extras: Vec::new() };
        let update = Event::Update(Box::new(update));
        assert!(module.run(&context(), &update).result.is_ok(), "{contract}");
    }
}

#[test]
fn every_contract_that_is_released_has_one() {
    let world = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/world.wit")).unwrap();
    let version = world.lines().find_map(|line| line.strip_prefix("package bothost:bot@")).unwrap();
    let version = version.trim_end_matches(';');
    assert!(released().iter().any(|(contract, _)| contract == version), "tests/compat has none of {version}");
}
