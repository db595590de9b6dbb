//! A turn of the Rust echo guest beside two floors. The first is the same guest on wasmtime alone: a fresh pooled instance,
//! the call, the drop, and nothing of the host: no fuel, no epoch, no limiter, no log, no conversion from the domain. The second
//! is an empty call of an empty component, the least that any instance costs.

use std::time::{Duration, Instant};

use bothost::domain::bot::Mode;
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
    let wasm = std::fs::read(guests::echo()).unwrap();
    let (floor, empty) = (floor(&wasm), empty());
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new(Limits::default()).unwrap();
    let workshop = Workshop::open(sandbox, dir.path(), env!("CARGO_BIN_EXE_bothost").into()).unwrap();
    let echo = workshop.prepare(&wasm).unwrap().module;
    let (context, event) = (context(), event());
    let mut instructions = 0;
    let turn = median(|| {
        let run = echo.run(&context, &event);
        assert_eq!(run.result.as_ref().unwrap().actions.len(), 1);
        instructions = run.instructions;
    });
    let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
    let times = |floor: Duration| turn.as_secs_f64() / floor.as_secs_f64();
    figure("bare wasmtime: an empty component, an empty call", &micros(empty), None);
    figure("bare wasmtime: the Rust echo guest, one message", &micros(floor), None);
    figure("bothost: a turn of the Rust echo guest", &micros(turn), None);
    figure(
        "  times the same guest on bare wasmtime",
        &format!("{:.2}", times(floor)),
        Some((times(floor) <= 3.0, "<= 3")),
    );
    figure("  times the empty call", &format!("{:.1}", times(empty)), None);
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

/// The host's allocator settings, and nothing else of it.
fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::default();
    pool.linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).concurrency_support(false);
    Engine::new(&config).unwrap()
}

fn empty() -> Duration {
    let engine = engine();
    let small = r#"(component
        (core module $m (memory (export "memory") 1) (func (export "f")))
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

mod bare {
    //! The contract's bindings without the host.
    wasmtime::component::bindgen!({ path: "wit", world: "bot" });
}

fn floor(wasm: &[u8]) -> Duration {
    use bare::bothost::bot::types;
    use bare::exports::bothost::bot::message;

    let engine = engine();
    let component = Component::from_binary(&engine, wasm).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    // The echo guest calls none of its runtime's imports.
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let linked = bare::BotPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
    let context = types::Context {
        platform: "khoros".into(),
        event_id: "1".into(),
        bot_id: "bench".into(),
        conversation_id: "whatsapp/page/author".into(),
        network: "whatsapp".into(),
        channel: "page".into(),
        visibility: types::Visibility::Private,
        owner: types::Owner::Bot("bench".into()),
        may_speak: true,
        attempt: 1,
        state: None,
        config: "{}".into(),
        now_ms: 1_700_000_000_000,
        seed: 7,
        history: vec![],
        raw: "{}".into(),
        extras: vec![],
    };
    let author =
        types::Author { id: "author".into(), full_name: Some("Bench".into()), properties: vec![], extras: vec![] };
    let said = message::Message {
        id: Some("m-1".into()),
        text: Some("hello".into()),
        author,
        owner: Some(types::Owner::Bot("bench".into())),
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
    };
    median(|| {
        let mut store = Store::new(&engine, ());
        let bot = linked.instantiate(&mut store).unwrap();
        let outcome = bot.bothost_bot_message().call_handle(&mut store, &context, &said).unwrap();
        assert_eq!(outcome.unwrap().actions.len(), 1);
    })
}

pub fn context() -> Context {
    Context {
        platform: "khoros".into(),
        event: EventId(1),
        bot: "bench".into(),
        mode: Mode::Live,
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

pub fn event() -> Event {
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
