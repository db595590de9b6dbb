//! One turn: what comes out of a guest that behaves, and of one that does not.

use bothost::domain::action::{Action, Response};
use bothost::domain::event::{Event, Operation, Owner, Update};
use bothost::domain::turn::{Cause, Context, StateChange};

use super::component::{ECHO, bot, component};
use super::{Bench, author, context, message, run};

#[test]
fn a_guest_answers_what_it_was_asked() {
    let module = Bench::new().module("", ECHO);
    let run = module.run(&context(), &message("hello, wörld"));
    let outcome = run.result.unwrap();
    let response = Response { text: Some("hello, wörld".to_owned()), ..Response::default() };
    assert_eq!(outcome.actions, [Action::Respond(Box::new(response))]);
    assert_eq!(outcome.state, StateChange::Keep);
    assert!(run.instructions > 0 && run.memory_bytes == 2 * 65536);
}

#[test]
fn a_message_and_an_update_reach_the_function_that_is_theirs() {
    // The update's handler is told apart by its name in the text: it traps here.
    let wat = bot("", "(i32.const 64)").replace(
        "(func $update (export \"bothost:bot/update@0.1.0#handle\") (param $in i32) (result i32)",
        "(func $update (export \"bothost:bot/update@0.1.0#handle\") (param $in i32) (result i32) (unreachable)",
    );
    let module = Bench::new().workshop.prepare(&component(&wat)).unwrap().module;
    let update = Update { author: author(), operation: Operation::Closed, conversation: None, extras: Vec::new() };
    assert!(run(&module).result.is_ok());
    match module.run(&context(), &Event::Update(Box::new(update))).result {
        Err(Cause::Trap { backtrace, .. }) => assert_eq!(backtrace, ["update"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_knows_whether_it_may_speak() {
    let check = "(if (i32.eqz (i32.load8_u offset=64 (local.get $in))) (then unreachable)) (i32.const 64)";
    let module = Bench::new().module("", check);
    let with = |owner| module.run(&Context { owner, ..context() }, &message("")).result;
    assert!(with(Owner::Bot("bot-1".to_owned())).is_ok());
    assert!(with(Owner::Bot("bot-2".to_owned())).is_err());
    assert!(with(Owner::Agent).is_err());
}

#[test]
fn state_goes_in_and_comes_out() {
    // set(state): what lies at context.state goes back.
    let pass = "(i32.store8 (i32.const 76) (i32.load8_u offset=72 (local.get $in)))
        (i32.store (i32.const 80) (i32.load offset=76 (local.get $in)))
        (i32.store (i32.const 84) (i32.load offset=80 (local.get $in)))
        (i32.const 64)";
    let module = Bench::new().module("", pass);
    let with = |state: Option<&str>| {
        let context = Context { state: state.map(str::to_owned), ..context() };
        module.run(&context, &message("")).result.unwrap().state
    };
    assert_eq!(with(Some("{\"step\":2}")), StateChange::Set("{\"step\":2}".to_owned()));
    assert_eq!(with(None), StateChange::Keep);
}

#[test]
fn a_failure_says_whether_to_try_again() {
    let retry = "(i32.store8 (i32.const 64) (i32.const 1)) (i32.const 64)";
    let result = run(&Bench::new().module("", retry)).result;
    assert_eq!(result, Err(Cause::Failure { retry: true, reason: String::new() }));
}
