//! Requests whose end is not known: the platform is asked what became of a try before there is another.

use http::{Method, StatusCode};

use super::Pipeline;
use super::deliver::without;
use super::outbound::Base;
use super::tokens::Way;
use crate::domain::delivery::{Delivery, Finding, Settlement};
use crate::platform::GatewayCall;

/// For how long a platform's word is taken that it is still at it, in milliseconds. What takes longer is not known.
const PENDING_MS: u64 = 60 * 60 * 1000;

/// How a delivery goes on.
pub(super) enum Onward {
    /// It is sent.
    Send {
        /// Whether an earlier try may have reached the platform all the same.
        maybe_sent: bool,
    },
    /// It needs no other try, or may not have one.
    Settle(Settlement),
    /// The platform is asked again, and nothing is sent until then.
    Wait {
        /// When, in milliseconds since 1970-01-01 UTC.
        at_ms: u64,
    },
    /// The platform cannot be asked now, because it does not know us.
    NotNow {
        /// What it answered.
        reason: String,
    },
}

/// How a delivery goes on that an earlier try may have settled. Only what must not be done twice is asked for.
pub(super) async fn onward(pipeline: &Pipeline, way: &Way, delivery: &Delivery) -> Onward {
    if !delivery.maybe_sent || delivery.repeatable {
        return Onward::Send { maybe_sent: delivery.maybe_sent };
    }
    let now_ms = pipeline.clock.now_ms();
    let since_ms = delivery.doubt.as_ref().map_or(0, |doubt| doubt.since_ms);
    let age_ms = now_ms.saturating_sub(since_ms);
    let reason = match asked(pipeline, way, delivery, now_ms).await {
        Asked::Found(Finding::Done { reference }) => return Onward::Settle(Settlement::Sent { reference }),
        Asked::Found(Finding::Failed { reason }) => {
            tracing::info!(
                delivery = delivery.id,
                reason,
                "the platform did not do what it was asked for; it is sent again"
            );
            return Onward::Send { maybe_sent: false };
        }
        Asked::Found(Finding::Pending) if age_ms < PENDING_MS => {
            let settings = &pipeline.settings.deliver;
            // As long again as it took so far.
            let wait_ms = age_ms.clamp(settings.retry_first_ms.max(1), settings.retry_longest_ms.max(1));
            return Onward::Wait { at_ms: now_ms + wait_ms };
        }
        Asked::Found(Finding::Pending) => "its record has said PENDING for an hour".to_owned(),
        Asked::Found(Finding::Unknown { reason }) => reason,
        Asked::NotKnown(reason) => return Onward::NotNow { reason },
    };
    if pipeline.settings.deliver.resend_ambiguous {
        return Onward::Send { maybe_sent: true };
    }
    let reason =
        format!("an earlier try may have reached the platform, which has no idempotency key; asked for it: {reason}");
    Onward::Settle(Settlement::Parked { reason, ambiguous: true })
}

enum Asked {
    Found(Finding),
    /// The token is not taken.
    NotKnown(String),
}

async fn asked(pipeline: &Pipeline, way: &Way, delivery: &Delivery, now_ms: u64) -> Asked {
    let unknown = |reason: String| Asked::Found(Finding::Unknown { reason });
    let Some(doubt) = &delivery.doubt else {
        return unknown("when it was tried was not recorded".to_owned());
    };
    let Some(path) = way.platform.inquiry(delivery, doubt, now_ms) else {
        return unknown("the platform cannot be asked for it".to_owned());
    };
    let shows = way.platform.authorize(&way.token, delivery);
    let call = GatewayCall { method: Method::GET, path: shows.path(&path), headers: shows.headers };
    let base = Base { url: &way.gateway.url, source: way.gateway.source };
    let answer = match pipeline.outbound.call(base, call).await {
        Ok(answer) => answer,
        Err(error) => return unknown(error.reason),
    };
    let body = without(&way.token, &answer.body);
    if answer.status == StatusCode::UNAUTHORIZED {
        way.rejected(pipeline, delivery).await;
        return Asked::NotKnown("the platform answered 401 when it was asked what became of an earlier try".to_owned());
    }
    Asked::Found(way.platform.finding(delivery, doubt, answer.status, body.as_bytes()))
}
