//! A turn of the Rust echo guest beside the floor: what wasmtime alone takes for a fresh pooled instance of a small component,
//! an empty call and the drop.

use std::time::{Duration, Instant};

use bothost::domain::event::{Author, Event, Message, Origin, Owner, Visibility};
use bothost::domain::names::{ConversationKey, EventId};
use bothost::domain::turn::Context;
use bothost::guest::{Limits, Sandbox, Workshop};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::figure;
use crate::support::guests;

const RUNS: usize = 20_000;

pub fn measure() {
    let floor = floor();
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new(Limits::default()).unwrap();
    let workshop = Workshop::open(sandbox, dir.path(), env!("CARGO_BIN_EXE_bothost").into()).unwrap();
    let echo = workshop.prepare(&std::fs::read(guests::echo()).unwrap()).unwrap().module;
    let (context, event) = (context(), event());
    let mut instructions = 0;
    let turn = median(|| {
        let run = echo.run(&context, &event);
        assert_eq!(run.result.as_ref().unwrap().actions.len(), 1);
        instructions = run.instructions;
    });
    let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
    let ratio = turn.as_secs_f64() / floor.as_secs_f64();
    figure("bare wasmtime: fresh pooled instance, empty call, drop", &micros(floor), None);
    figure("a turn of the Rust echo guest", &micros(turn), None);
    figure("  times the floor", &format!("{ratio:.1}"), Some((ratio <= 3.0, "<= 3")));
    figure("  instructions", &instructions.to_string(), None);
}

fn median(mut run: impl FnMut()) -> Duration {
    for _ in 0..RUNS / 10 {
        run();
    }
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

/// The same allocator settings as the host's, and nothing else of it: no fuel, no epoch, no limiter, no conversion.
fn floor() -> Duration {
    let mut pool = PoolingAllocationConfig::default();
    pool.linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).concurrency_support(false);
    let engine = Engine::new(&config).unwrap();
    let small = r#"(component
        (core module $m (memory (export "memory") 17) (func (export "f")))
        (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    let component = Component::from_binary(&engine, &wat::parse_str(small).unwrap()).unwrap();
    let linked: InstancePre<()> = Linker::new(&engine).instantiate_pre(&component).unwrap();
    median(|| {
        let mut store = Store::new(&engine, ());
        let instance = linked.instantiate(&mut store).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap();
    })
}

fn context() -> Context {
    Context {
        platform: "khoros".into(),
        event: EventId(1),
        bot: "bench".into(),
        conversation: ConversationKey::from("whatsapp/page/author"),
        origin: Origin { network: "whatsapp".into(), channel: "page".into(), visibility: Visibility::Private },
        owner: Owner::Bot("bench".into()),
        attempt: 1,
        state: None,
        config: "{}".into(),
        now_ms: 1_700_000_000_000,
        seed: 7,
        history: Vec::new(),
        raw: "{}".into(),
        extras: Vec::new(),
    }
}

fn event() -> Event {
    let author = Author { id: "author".into(), full_name: Some("Bench".into()), properties: vec![], extras: vec![] };
    Event::Message(Box::new(Message {
        id: Some("m-1".into()),
        text: Some("hello".into()),
        author,
        owner: Some(Owner::Bot("bench".into())),
        published_ms: Some(1_700_000_000_000),
        received_ms: Some(1_700_000_000_000),
        presses: vec![],
        form: None,
        list_response: None,
        media: vec![],
        location: None,
        referral: None,
        properties: vec![],
        extras: vec![],
    }))
}
