//! Serving: the catalog, and the threads that run turns.

use std::sync::Arc;

use bothost::domain::names::{ModuleName, TenantName};
use bothost::domain::turn::Cause;
use bothost::guest::{Active, Busy, Catalog, Limits, Runners};
use tokio::task::JoinSet;

use super::component::ECHO;
use super::{Bench, context, message, run, test_limits};

#[test]
fn the_same_inputs_give_the_same_outcome_at_the_same_cost() {
    let module = Bench::new().module("", ECHO);
    let first = run(&module);
    for _ in 0..20 {
        let again = run(&module);
        assert_eq!(
            (&again.result, again.instructions, again.memory_bytes),
            (&first.result, first.instructions, first.memory_bytes)
        );
    }
    let other = Bench::new().module("", ECHO);
    assert_eq!(run(&other).instructions, first.instructions);
}

#[test]
fn a_turn_leaves_nothing_behind_for_the_next() {
    let count = "(i32.store (i32.const 4096) (i32.add (i32.load (i32.const 4096)) (i32.const 1)))
        (if (i32.ne (i32.load (i32.const 4096)) (i32.const 1)) (then unreachable)) (i32.const 64)";
    let module = Bench::new().module("", count);
    for _ in 0..20 {
        run(&module).result.unwrap();
    }
}

#[test]
fn a_swap_serves_the_new_and_keeps_the_old_for_who_has_it() {
    let (bench, catalog) = (Bench::new(), Catalog::new());
    let (tenant, name) = (TenantName::from("acme"), ModuleName::from("echo"));
    assert!(catalog.get(&tenant, &name).is_none());
    let one = Active { version: 1, activation: Some(1), module: bench.module("", ECHO) };
    assert!(catalog.swap(&tenant, &name, one).is_none());
    let under_way = catalog.get(&tenant, &name).unwrap();
    let old = Arc::downgrade(&under_way.module);
    let two = Active { version: 2, activation: Some(2), module: bench.module("", "(i32.const 64)") };
    assert_eq!(catalog.swap(&tenant, &name, two).unwrap().version, 1);
    assert_eq!(catalog.get(&tenant, &name).unwrap().version, 2);
    assert!(run(&under_way.module).result.is_ok());
    drop(under_way);
    assert!(old.upgrade().is_none(), "the old module goes with its last turn");
    assert_eq!(catalog.list().len(), 1);
    assert_eq!(catalog.remove(&tenant, &name).unwrap().version, 2);
    assert!(catalog.get(&tenant, &name).is_none() && catalog.list().is_empty());
}

#[test]
fn the_same_bytes_are_loaded_once() {
    let bench = Bench::new();
    let (one, two) = (bench.module("", ECHO), bench.module("", ECHO));
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(bench.workshop.compilations(), 1);
}

#[tokio::test]
async fn runners_run_turns_of_many_callers() {
    let limits = Limits { threads: 2, ..test_limits() };
    let module = Bench::new().module("", ECHO);
    let runners = Runners::start(&limits).unwrap();
    let turn = || runners.run(Arc::clone(&module), context(), message("hello"));
    let (one, two, three) = tokio::join!(turn(), turn(), turn());
    for run in [one, two, three] {
        assert!(run.unwrap().result.is_ok());
    }
}

#[tokio::test]
async fn a_full_queue_is_said_and_nothing_else_waits() {
    let limits = Limits { threads: 1, queue_max: 1, deadline_ms: 300, instructions: u64::MAX >> 1, ..test_limits() };
    let bench = Bench::with(limits.clone());
    let spin = bench.module("", "(loop $again (br $again)) (unreachable)");
    let runners = Runners::start(&limits).unwrap();
    let turn = || runners.run(Arc::clone(&spin), context(), message(""));
    // The thread takes one and the queue one; of five, some must be told so.
    let (a, b, c, d, e) = tokio::join!(turn(), turn(), turn(), turn(), turn());
    let runs = [a, b, c, d, e];
    let busy = runs.iter().filter(|run| matches!(run, Err(Busy::Full { waiting: 1 }))).count();
    assert!((3..=4).contains(&busy), "{runs:?}");
    for run in runs.into_iter().flatten() {
        assert_eq!(run.result, Err(Cause::Deadline { limit_ms: 300 }));
    }
}

#[tokio::test]
async fn replays_and_turns_do_not_wait_for_each_other() {
    let limits = Limits { threads: 1, queue_max: 1, deadline_ms: 2000, instructions: u64::MAX >> 1, ..test_limits() };
    let bench = Bench::with(limits.clone());
    let (spin, quick) = (bench.module("", "(loop $again (br $again)) (unreachable)"), bench.module("", ECHO));
    let runners = Arc::new(Runners::start(&limits).unwrap());
    let mut turns = JoinSet::new();
    for _ in 0..5 {
        let (runners, spin) = (Arc::clone(&runners), Arc::clone(&spin));
        turns.spawn(async move { runners.run(spin, context(), message("")).await });
    }
    // The thread is busy and the queue full for some of them.
    for _ in 0..3 {
        assert_eq!(turns.join_next().await.unwrap().unwrap().unwrap_err(), Busy::Full { waiting: 1 });
    }
    let replay = runners.replay(quick, context(), message("hello")).await.unwrap();
    assert!(replay.result.is_ok());
    assert!(turns.try_join_next().is_none_or(|turn| turn.unwrap().is_err()), "a turn is still under way");
}
