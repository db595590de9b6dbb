//! inbox -claim-> Event+State -run-> Outcome -validate-> Checked -commit-> state + outbox + done.
//!
//! One turn at a time per conversation, in the order of arrival; conversations in parallel. A turn that fails leaves no
//! trace but its record, and after the last try the conversation goes to a human agent.

use std::sync::Arc;

use tokio::sync::watch;

use super::facts::{Facts, Judged, Subject};
use super::lanes::{self, Taken};
use super::{Pipeline, away, figures, record, relay};
use crate::domain::bot::Mode;
use crate::domain::event::{Event, Operation, Owner};
use crate::domain::ownership;
use crate::domain::turn::{Cause, Run, StateChange};
use crate::guest::Active;
use crate::store::{Claim, Ending, Lease, TurnRecord};

/// Runs turns until told to stop; returns when the last one has ended.
pub(super) async fn turns(pipeline: Arc<Pipeline>, stopped: watch::Receiver<bool>) {
    let (lanes, lease_ms) = (pipeline.settings.turn.at_once, pipeline.settings.turn.lease_ms);
    let take = |limit| {
        let reply = pipeline.store.claim(pipeline.clock.now_ms(), lease_ms, limit);
        async move {
            match reply.await {
                Ok(claimed) => Taken { items: claimed.claims, next_ms: claimed.next_ms },
                Err(error) => {
                    tracing::error!(%error, "events could not be claimed; trying again");
                    Taken { items: Vec::new(), next_ms: None }
                }
            }
        }
    };
    let work = |claim| conversation(pipeline.clone(), claim, stopped.clone());
    lanes::run(lanes, pipeline.clock.clone(), pipeline.store.turns_ready(), stopped.clone(), take, work).await;
}

/// Runs the events of one conversation, one after the other, as long as there are any.
async fn conversation(pipeline: Arc<Pipeline>, claim: Claim, stopped: watch::Receiver<bool>) {
    let mut next = Some(claim);
    while let Some(claim) = next.take() {
        if *stopped.borrow() {
            let now_ms = pipeline.clock.now_ms();
            return give_back(&pipeline, claim.lease, now_ms).await;
        }
        let event = claim.lease.event;
        let (turn, ending) = match turn(&pipeline, &claim).await {
            Step::Ended(turn, ending) => (*turn, ending),
            Step::NotNow { wait_ms } => {
                let ready_ms = pipeline.clock.now_ms() + wait_ms;
                return give_back(&pipeline, claim.lease, ready_ms).await;
            }
        };
        figures::turn_ended(&turn, &ending);
        count(&pipeline, &claim, &turn);
        log_turn(&turn, &ending);
        let lease_ms = pipeline.settings.turn.lease_ms;
        let commit = || {
            let now_ms = pipeline.clock.now_ms();
            pipeline.store.commit(turn.clone(), ending.clone(), now_ms, now_ms + lease_ms)
        };
        match lanes::insist(&*pipeline.clock, turn.now_ms + lease_ms, commit).await {
            Ok(following) => {
                pipeline.log.turn(&claim, &turn, &ending);
                next = following;
            }
            // Nothing was written. The lease runs out and the event is claimed again.
            Err(error) => {
                tracing::error!(%event, %error, "a turn could not be committed; the event will be tried again")
            }
        }
    }
}

/// Counts a turn for the bot's health. A bot that was not asked neither did well nor badly.
fn count(pipeline: &Pipeline, claim: &Claim, turn: &TurnRecord) {
    if turn.digest.is_some() || turn.relayed.is_some() || turn.cause.is_some() {
        pipeline.health.ended(&claim.bot, turn.cause.is_none(), pipeline.clock.now_ms());
    }
}

async fn give_back(pipeline: &Pipeline, lease: Lease, ready_ms: u64) {
    let event = lease.event;
    if let Err(error) = pipeline.store.release(vec![lease], ready_ms).await {
        tracing::warn!(%event, %error, "a claim could not be given back; it ends with its lease");
    }
}

/// What the turn is about, with the bot as it is registered now.
fn subject(pipeline: &Pipeline, claim: &Claim, turn: &mut TurnRecord) -> Result<Subject, Cause> {
    let host = |reason: String| Cause::Host { reason };
    let bot = pipeline.store.bot(&claim.bot).map_err(|error| host(error.to_string()))?;
    let bot = bot.ok_or_else(|| host(format!("bot {} is no longer registered", claim.bot)))?;
    turn.bot_revision = bot.revision;
    Subject::of(Facts {
        event: claim.lease.event,
        bot,
        conversation: claim.conversation.clone(),
        body: claim.body.clone(),
        attempt: claim.attempt,
        state: claim.state.clone(),
        owner: claim.owner.clone(),
        owner_firm: claim.owner_firm,
        now_ms: turn.now_ms,
        seed: turn.seed,
    })
}

/// What came of a claimed event.
enum Step {
    /// What is recorded of it, and how it ends.
    Ended(Box<TurnRecord>, Ending),
    /// There is no room for it now.
    NotNow {
        /// How long it is to wait.
        wait_ms: u64,
    },
}

impl Step {
    fn ended(turn: TurnRecord, ending: Ending) -> Self {
        Self::Ended(Box::new(turn), ending)
    }
}

/// Takes a claimed event through the bot.
async fn turn(pipeline: &Arc<Pipeline>, claim: &Claim) -> Step {
    let mut turn = blank_record(pipeline, claim);
    if let Some(reason) = &claim.hand_over {
        let ending = hand_over(pipeline, claim, reason, &mut turn);
        return Step::ended(turn, ending);
    }
    let subject = match subject(pipeline, claim, &mut turn) {
        Ok(subject) => subject,
        Err(cause) => {
            // Without a bot there is nobody to answer for, and no gateway to hand the conversation over through.
            turn.cause = Some((cause.kind(), cause.to_string()));
            let owner = claim.owner.clone().unwrap_or(Owner::Agent);
            return Step::ended(turn, Ending::Done { state: StateChange::Keep, owner, requests: Vec::new() });
        }
    };
    if let Some(ending) = away::without_a_turn(pipeline, claim, &subject) {
        // An end is one also where the bot is not told of it.
        let counts = |begun: &bool| !begun || matches!(ending, Ending::Passed { owner: Some(_), .. });
        turn.ongoing = ongoing(&subject).filter(counts);
        return Step::ended(turn, ending);
    }
    turn.ongoing = ongoing(&subject);
    if let Some(url) = subject.bot.target.relay() {
        return relayed(pipeline, claim, &subject, url, turn).await;
    }
    let holder = subject.context.owner.clone();
    let ending = match attempt(pipeline, claim, &subject, &mut turn).await {
        Ok(Judged { checked, requests, .. }) => Ending::Done {
            owner: ownership::after_actions(holder, checked.actions(), &subject.bot.platform_id),
            state: checked.state().clone(),
            requests,
        },
        Err(cause) => {
            turn.cause = Some((cause.kind(), cause.to_string()));
            if let Cause::Refused(refusals) = &cause {
                turn.refusals = Some(record::refusals(refusals).to_string());
            }
            let failed = || Ending::Done { state: StateChange::Keep, owner: holder.clone(), requests: Vec::new() };
            after_failure(pipeline, claim, &subject, &holder, &cause).unwrap_or_else(failed)
        }
    };
    Step::ended(turn, ending)
}

/// A turn that runs elsewhere.
async fn relayed(pipeline: &Pipeline, claim: &Claim, subject: &Subject, url: &str, mut turn: TurnRecord) -> Step {
    let _place = match pipeline.relays.place(&claim.tenant, &claim.bot) {
        Ok(place) => place,
        Err(wait_ms) => return Step::NotNow { wait_ms },
    };
    let ending = match relay::bring(pipeline, claim, subject, url, &mut turn).await {
        Ok(()) => Ending::Relayed,
        Err(cause) => {
            turn.cause = Some((cause.kind(), cause.to_string()));
            let holder = relay::holder(claim, subject);
            after_failure(pipeline, claim, subject, &holder, &cause).unwrap_or(Ending::Relayed)
        }
    };
    Step::ended(turn, ending)
}

/// An event of the host's own. One that cannot be read now is tried again, as often as any.
fn hand_over(pipeline: &Pipeline, claim: &Claim, reason: &str, turn: &mut TurnRecord) -> Ending {
    let error = match away::hand_over(pipeline, claim, reason) {
        Ok(ending) => return ending,
        Err(error) => Cause::Host { reason: error.to_string() },
    };
    turn.cause = Some((error.kind(), error.to_string()));
    let wait = pipeline.settings.turn.backoff().wait_after(claim.attempt, random());
    match wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)) {
        Some(wait_ms) => Ending::Retry { at_ms: pipeline.clock.now_ms() + wait_ms },
        None => {
            let owner = claim.owner.clone().unwrap_or(Owner::Agent);
            Ending::Done { state: StateChange::Keep, owner, requests: Vec::new() }
        }
    }
}

/// Whether a customer is in conversation with the bot from this event on, or no longer.
fn ongoing(subject: &Subject) -> Option<bool> {
    match &subject.decoded.event {
        Event::Message(_) => (subject.bot.mode != Mode::Monitoring).then_some(true),
        Event::Update(update) => (update.operation == Operation::Closed).then_some(false),
    }
}

/// One try: find the module, run it, check what it returned and encode it.
async fn attempt(
    pipeline: &Arc<Pipeline>,
    claim: &Claim,
    subject: &Subject,
    turn: &mut TurnRecord,
) -> Result<Judged, Cause> {
    if claim.crashes >= pipeline.settings.turn.crashes_max {
        return Err(Cause::Crashed { times: claim.crashes });
    }
    let active = super::modules::resolve(pipeline, &subject.bot).await.map_err(|reason| Cause::NoModule { reason })?;
    turn.version = Some(active.version);
    turn.activation = active.activation;
    turn.digest = Some(active.module.digest().clone());
    let run = run(pipeline, &active, subject).await?;
    turn.instructions = run.instructions;
    turn.elapsed_us = u64::try_from(run.elapsed.as_micros()).unwrap_or(u64::MAX);
    turn.memory_bytes = run.memory_bytes;
    let log = |degraded: &[_]| record::log(&run.log, run.log_lines_dropped, degraded).to_string();
    turn.log = log(&[]);
    let outcome = run.result?;
    turn.outcome = Some(record::outcome(&outcome).to_string());
    let judged = subject.judge(outcome, &pipeline.settings.turn.limits())?;
    if !judged.checked.degraded().is_empty() {
        turn.log = log(judged.checked.degraded());
        figures::degraded(subject.platform.name(), judged.checked.degraded());
    }
    turn.withheld = (!judged.withheld.is_empty()).then(|| record::withheld(&judged.withheld).to_string());
    Ok(judged)
}

async fn run(pipeline: &Pipeline, active: &Active, subject: &Subject) -> Result<Run, Cause> {
    let (context, event) = (subject.context.clone(), subject.decoded.event.clone());
    let run = pipeline.runners.run(active.module.clone(), context, event).await;
    run.map_err(|error| Cause::Host { reason: error.to_string() })
}

/// Another try, or a human agent: never silence. Nothing when nobody waits for the bot.
fn after_failure(
    pipeline: &Pipeline,
    claim: &Claim,
    subject: &Subject,
    holder: &Owner,
    cause: &Cause,
) -> Option<Ending> {
    let Subject { bot, platform, verified, decoded, .. } = subject;
    let wait = pipeline.settings.turn.backoff().wait_after(claim.attempt, random());
    if let Some(wait) = wait.filter(|_| cause.may_retry()) {
        let at_ms = pipeline.clock.now_ms() + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        return Some(Ending::Retry { at_ms });
    }
    // A bot that is MONITORING answers nobody, and where there are no agents there is nobody to hand over to.
    let ours = away::has_agents(*platform, decoded)
        && *holder == Owner::Bot(bot.platform_id.clone())
        && bot.mode != Mode::Monitoring;
    if !ours || !customer_waits(&decoded.event) {
        return None;
    }
    let comment = format!("The bot could not answer ({}); event {}.", cause.kind(), claim.lease.event);
    let requests = away::hand_off(*platform, bot, verified, comment);
    Some(Ending::Done { state: StateChange::Keep, owner: Owner::Agent, requests })
}

/// Whether somebody waits for an answer to this event: handing over a conversation that was just closed, or that an agent
/// is in already, would only disturb.
fn customer_waits(event: &Event) -> bool {
    match event {
        Event::Message(_) => true,
        Event::Update(update) => matches!(update.operation, Operation::Created),
    }
}

fn blank_record(pipeline: &Pipeline, claim: &Claim) -> TurnRecord {
    TurnRecord {
        lease: claim.lease.clone(),
        attempt: claim.attempt,
        bot_revision: claim.bot_revision,
        state_before: claim.state.clone(),
        owner_before: claim.owner.clone(),
        owner_firm: claim.owner_firm,
        activation: None,
        digest: None,
        version: None,
        instructions: 0,
        elapsed_us: 0,
        memory_bytes: 0,
        now_ms: pipeline.clock.now_ms(),
        seed: random(),
        outcome: None,
        cause: None,
        refusals: None,
        withheld: None,
        relayed: None,
        ongoing: None,
        log: "[]".to_owned(),
    }
}

/// Chance for seeds and jitter. A machine without randomness still runs, with less of it.
pub(super) fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

fn log_turn(turn: &TurnRecord, ending: &Ending) {
    let event = turn.lease.event;
    match (&turn.cause, ending) {
        (None, Ending::Done { requests, .. }) => tracing::debug!(
            %event,
            version = turn.version,
            instructions = turn.instructions,
            elapsed_us = turn.elapsed_us,
            requests = requests.len(),
            "turn done"
        ),
        (Some((kind, cause)), Ending::Retry { at_ms }) => {
            tracing::warn!(%event, attempt = turn.attempt, kind, cause, at_ms, "turn failed, trying again");
        }
        (Some((kind, cause)), Ending::Done { requests, .. }) => {
            let handed_off = !requests.is_empty();
            tracing::error!(%event, attempt = turn.attempt, kind, cause, handed_off, "turn failed for good");
        }
        (_, Ending::Passed { reason, .. }) => tracing::debug!(%event, reason, "event done without a turn"),
        (None, Ending::Relayed) => tracing::debug!(%event, elapsed_us = turn.elapsed_us, "event relayed"),
        (Some((kind, cause)), Ending::Relayed) => {
            tracing::error!(%event, attempt = turn.attempt, kind, cause, "event could not be relayed");
        }
        (None, Ending::Retry { .. }) => {}
    }
}
