//! What a module costs to run, tried out when it is uploaded or checked: fresh instances, and one turn on a sample message.

use std::time::{Duration, Instant};

use super::report::Cost;
use super::sandbox::Module;
use super::text::prefix;
use crate::domain::bot::Mode;
use crate::domain::event::{Author, Event, Message, Origin, Owner, Visibility};
use crate::domain::names::EventId;
use crate::domain::turn::{Cause, Context};

/// How many instances are made for the median.
const INSTANCES: usize = 21;
/// No further instance is made when those before took this long together.
const LONGEST: Duration = Duration::from_millis(100);
/// The most of a cause that a report tells, in bytes.
const CAUSE_BYTES_MAX: usize = 2000;

/// Measures a module under the limits of a turn. Nothing when it could not be instantiated again: the machine is at its limits.
pub(super) fn measure(module: &Module) -> Option<Cost> {
    let began = Instant::now();
    let mut times = Vec::with_capacity(INSTANCES);
    let mut memory_floor_bytes = 0;
    while times.len() < INSTANCES && (times.is_empty() || began.elapsed() < LONGEST) {
        let (took, held) = module.instantiate_once()?;
        times.push(took);
        memory_floor_bytes = held;
    }
    times.sort_unstable();
    let (context, event) = sample();
    let run = module.run(&context, &event);
    // The words are the guest's own, in part.
    let failed = |cause: Cause| prefix(&cause.to_string(), CAUSE_BYTES_MAX).escape_debug().to_string();
    Some(Cost {
        instantiation_us: micros(times[times.len() / 2]),
        memory_floor_bytes,
        sample_instructions: run.instructions,
        sample_us: micros(run.elapsed),
        sample_memory_bytes: run.memory_bytes,
        sample: run.result.map(|outcome| outcome.actions.len() as u64).map_err(failed),
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A customer's first message to a bot that has no configuration. It is the same for ever, so that its instructions can be
/// compared from one version to the next.
fn sample() -> (Context, Event) {
    let bot = "sample-bot".to_owned();
    let author = Author {
        id: "sample-customer".to_owned(),
        full_name: Some("Jo Quill".to_owned()),
        properties: Vec::new(),
        extras: Vec::new(),
    };
    let context = Context {
        platform: "khoros".to_owned(),
        event: EventId(1),
        bot: bot.clone(),
        mode: Mode::Live,
        conversation: "sample-conversation".into(),
        origin: Origin {
            network: "whatsapp".to_owned(),
            channel: "sample-page".to_owned(),
            visibility: Visibility::Private,
        },
        owner: Owner::Bot(bot.clone()),
        attempt: 1,
        state: None,
        config: "{}".to_owned(),
        now_ms: 1_700_000_000_000,
        seed: 1,
        history: Vec::new(),
        raw: "{}".to_owned(),
        extras: Vec::new(),
    };
    let message = Message {
        id: Some("sample-message".to_owned()),
        text: Some("Hello, can you help me?".to_owned()),
        author,
        owner: Some(Owner::Bot(bot)),
        published_ms: Some(1_700_000_000_000),
        received_ms: Some(1_700_000_000_000),
        presses: Vec::new(),
        form: None,
        list_response: None,
        media: Vec::new(),
        location: None,
        referral: None,
        properties: Vec::new(),
        extras: Vec::new(),
    };
    (context, Event::Message(Box::new(message)))
}
