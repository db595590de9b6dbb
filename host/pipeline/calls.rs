//! Calls of a platform's API: recorded, sent like everything else, and waited for by those who want to.

use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::shares::{Shares, Taken};
use crate::domain::call::{Call, Called, Outcome, Requests, RequestsWanted};
use crate::domain::names::TenantName;
use crate::platform::HostError;
use crate::store::{DeliveryRecord, DeliveryStatus};

/// Records a call; once it is recorded its request goes out, whatever becomes of the caller.
pub(super) async fn call(pipeline: &Pipeline, call: Call) -> Result<Called, HostError> {
    let (tenant, bot, action, now_ms) = (call.tenant.clone(), call.bot.clone(), call.request.action, call.now_ms);
    let called = pipeline.store.call(call).await?;
    if let Called::Recorded { event, .. } = called {
        pipeline.log.called(&tenant, &bot, event, action, now_ms);
    }
    Ok(called)
}

/// The same, and waits for what becomes of the request, for as long as the settings allow. Nothing is recorded when too many wait.
pub(super) async fn call_and_wait(pipeline: &Pipeline, wanted: Call) -> Result<(Called, Option<Outcome>), HostError> {
    let tenant = wanted.tenant.clone();
    let _place = pipeline.outcomes.place(&tenant).map_err(|taken| {
        HostError::Busy(format!("too many calls {} wait for what becomes of their requests", whose(taken)))
    })?;
    let called = call(pipeline, wanted).await?;
    let outcome = match called {
        Called::Recorded { delivery, .. } => Some(outcome(pipeline, &tenant, delivery).await),
        Called::NotHeld(_) | Called::Changed => None,
    };
    Ok((called, outcome))
}

fn whose(taken: Taken) -> &'static str {
    match taken {
        Taken::Own => "of this tenant",
        Taken::All => "in all",
    }
}

/// Room for lists of requests, one for each tenant: fewer than the store has connections that read, so that the shorter questions find one.
#[must_use]
pub fn places() -> Shares {
    Shares::new(2, 1)
}

/// A list is looked for on a thread of its own: it may have to look at thousands of rows.
pub(super) async fn requests(
    pipeline: &Pipeline,
    tenant: &TenantName,
    platform: &'static str,
    wanted: RequestsWanted,
) -> Result<Requests, HostError> {
    let place = pipeline
        .listing
        .take(tenant)
        .map_err(|taken| HostError::Busy(format!("too many lists {} are being looked for", whose(taken))))?;
    let (store, tenant) = (Arc::clone(&pipeline.store), tenant.clone());
    // The place is taken until the work is over, also when whoever asked has gone.
    let looking = tokio::task::spawn_blocking(move || {
        let _place = place;
        store.requests(&tenant, platform, &wanted)
    });
    Ok(looking.await.map_err(|error| HostError::Failed(format!("a list of requests ended early: {error}")))??)
}

/// The request is recorded and will be sent: where it cannot be read how far it is, that is all there is to say.
async fn outcome(pipeline: &Pipeline, tenant: &TenantName, delivery: i64) -> Outcome {
    // Listen first, then look: what is settled between the two would go unheard otherwise.
    let waiting = pipeline.outcomes.wait(delivery);
    let longest = tokio::time::sleep(Duration::from_millis(pipeline.settings.deliver.synchronous_ms));
    tokio::pin!(longest);
    loop {
        let found = pipeline.store.delivery(tenant, delivery).unwrap_or_else(|error| {
            tracing::error!(%tenant, delivery, %error, "what became of a request could not be read for who waits for it");
            None
        });
        let outcome = found.map_or_else(unknown, so_far);
        if !matches!(outcome, Outcome::Pending { .. }) || longest.is_elapsed() || pipeline.outcomes.is_ended() {
            return outcome;
        }
        tokio::select! {
            () = waiting.rings() => {}
            () = &mut longest => {}
        }
    }
}

fn so_far(delivery: DeliveryRecord) -> Outcome {
    let DeliveryRecord { line, tries, .. } = delivery;
    let last = tries.into_iter().next_back();
    let reason = line.last_error;
    match line.status {
        DeliveryStatus::Planned | DeliveryStatus::Sending => Outcome::Pending { reason },
        DeliveryStatus::Sent => Outcome::Sent { reference: line.reference, answer: last.and_then(|last| last.answer) },
        DeliveryStatus::Parked | DeliveryStatus::Unknown | DeliveryStatus::Dropped => Outcome::Failed {
            status: last.and_then(|last| last.http_status),
            reason: reason.unwrap_or_else(|| "it was given up".to_owned()),
            ambiguous: line.status == DeliveryStatus::Unknown,
        },
    }
}

/// Unreadable now, or stripped or forgotten while somebody waited for it.
fn unknown() -> Outcome {
    Outcome::Pending { reason: None }
}
