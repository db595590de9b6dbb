//! The figures that `/metrics` shows, each named and described in one place.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::receive;
use crate::domain::degrade::Degradation;
use crate::domain::delivery::{Delivery, Settlement};
use crate::store::{Accepted, Ending, Figures, TurnRecord};

const EVENTS: &str = "bothost_events_total";
const ACK: &str = "bothost_ack_seconds";
const TURNS: &str = "bothost_turns_total";
const TURN: &str = "bothost_turn_seconds";
const INSTRUCTIONS: &str = "bothost_turn_instructions";
const DEGRADED: &str = "bothost_degraded_total";
const DELIVERIES: &str = "bothost_deliveries_total";
const SWAPS: &str = "bothost_module_swaps_total";
const REFUSED_MODULES: &str = "bothost_modules_refused_total";
const COMPILED_MODULES: &str = "bothost_modules_compiled_total";
const INBOX: &str = "bothost_inbox_waiting";
const OUTBOX: &str = "bothost_outbox_waiting";
const PARKED: &str = "bothost_outbox_parked";
const COMMITS: &str = "bothost_store_commits_total";
const WRITES: &str = "bothost_store_writes_total";
const GUEST_QUEUE: &str = "bothost_guest_queue";

/// The upper bounds of the time histograms, in seconds.
pub const SECONDS: &[f64] = &[0.00005, 0.0002, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];
/// The upper bounds of the instruction histogram.
pub const INSTRUCTION_COUNTS: &[f64] = &[1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// The histogram that counts instructions.
pub const INSTRUCTIONS_NAME: &str = INSTRUCTIONS;

/// Says what each figure means.
pub fn describe() {
    describe_counter!(
        EVENTS,
        "Webhooks by platform and outcome: accepted, duplicate, unread, no-bot, unverified, malformed, store."
    );
    describe_histogram!(ACK, "Seconds from a webhook's last byte to its durable acceptance or refusal.");
    describe_counter!(
        TURNS,
        "Turns by ending: done, silent, relayed, passed, retry, handed-off, failed; and by cause."
    );
    describe_histogram!(TURN, "Seconds that the guest ran, instantiation included.");
    describe_histogram!(INSTRUCTIONS, "WebAssembly instructions that a turn used.");
    describe_counter!(DEGRADED, "What was done in another way than bots said it, by platform, feature and how.");
    describe_counter!(
        DELIVERIES,
        "Tries of requests to platforms by action and outcome: sent, again, parked, unknown."
    );
    describe_counter!(SWAPS, "Changes of a module's active version.");
    describe_counter!(REFUSED_MODULES, "Modules that were refused.");
    describe_counter!(COMPILED_MODULES, "Modules that were compiled since the start; those from the cache are not.");
    describe_gauge!(INBOX, "Events that wait for a turn.");
    describe_gauge!(OUTBOX, "Requests that wait to be sent.");
    describe_gauge!(PARKED, "Requests that were given up.");
    describe_counter!(COMMITS, "Transactions of the store; each is one fsync.");
    describe_counter!(WRITES, "Writes of the store; those of one transaction share its fsync.");
    describe_gauge!(GUEST_QUEUE, "Runs that wait for a guest thread.");
}

pub(super) fn received(platform: &'static str, result: &Result<Accepted, receive::Error>, elapsed: Duration) {
    let outcome = match result {
        Ok(Accepted::New(_)) => "accepted",
        Ok(Accepted::Duplicate(_)) => "duplicate",
        Err(receive::Error::NoBot) => "no-bot",
        Err(receive::Error::Verify(_)) => "unverified",
        Err(receive::Error::Decode(_)) => "malformed",
        Err(receive::Error::Store(_)) => "store",
    };
    counter!(EVENTS, "platform" => platform, "outcome" => outcome).increment(1);
    histogram!(ACK).record(elapsed.as_secs_f64());
}

/// A webhook whose body was too large, too slow or broke off.
pub fn unread(platform: &'static str) {
    counter!(EVENTS, "platform" => platform, "outcome" => "unread").increment(1);
}

pub(super) fn turn_ended(turn: &TurnRecord, ending: &Ending) {
    let ended = match (ending, &turn.cause) {
        (Ending::Retry { .. }, _) => "retry",
        (Ending::Passed { .. }, _) => "passed",
        (Ending::Relayed, None) => "relayed",
        (Ending::Relayed, Some(_)) => "failed",
        (Ending::Done { requests, .. }, None) if requests.is_empty() => "silent",
        (Ending::Done { .. }, None) => "done",
        (Ending::Done { requests, .. }, Some(_)) if requests.is_empty() => "failed",
        (Ending::Done { .. }, Some(_)) => "handed-off",
    };
    let cause = turn.cause.as_ref().map_or("none", |(kind, _)| kind);
    counter!(TURNS, "ending" => ended, "cause" => cause).increment(1);
    if turn.digest.is_some() {
        histogram!(TURN).record(Duration::from_micros(turn.elapsed_us).as_secs_f64());
        histogram!(INSTRUCTIONS).record(turn.instructions as f64);
    }
}

pub(super) fn degraded(platform: &'static str, degraded: &[Degradation]) {
    for Degradation { feature, means, .. } in degraded {
        counter!(DEGRADED, "platform" => platform, "feature" => feature.name(), "how" => means.name()).increment(1);
    }
}

pub(super) fn delivery_settled(delivery: &Delivery, settlement: &Settlement) {
    let outcome = match settlement {
        Settlement::Sent { .. } => "sent",
        Settlement::Again { .. } => "again",
        Settlement::Parked { ambiguous: false, .. } => "parked",
        Settlement::Parked { ambiguous: true, .. } => "unknown",
    };
    counter!(DELIVERIES, "action" => delivery.action.clone(), "outcome" => outcome).increment(1);
}

pub(super) fn swapped() {
    counter!(SWAPS).increment(1);
}

pub(super) fn module_refused() {
    counter!(REFUSED_MODULES).increment(1);
}

/// Takes over how many modules were compiled, just before the figures are shown.
pub fn compiled(modules: u64) {
    counter!(COMPILED_MODULES).absolute(modules);
}

/// Takes over what the store and the guests count, just before the figures are shown.
pub fn refresh(figures: &Figures, guest_queue: usize) {
    gauge!(INBOX).set(figures.inbox as f64);
    gauge!(OUTBOX).set(figures.outbox as f64);
    gauge!(PARKED).set(figures.parked as f64);
    counter!(COMMITS).absolute(figures.commits);
    counter!(WRITES).absolute(figures.writes);
    gauge!(GUEST_QUEUE).set(guest_queue as f64);
}
