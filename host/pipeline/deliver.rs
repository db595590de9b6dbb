//! outbox -due-> request -send-> Receipt -settle-> sent | again at | parked.
//!
//! One request at a time per conversation, in the bot's order. What is stored is what is sent: a restart or a new version
//! of the host cannot change an answer that was decided.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::watch;

use super::doubt::{self, Onward};
use super::lanes::{self, Taken};
use super::run::random;
use super::tokens::Way;
use super::{Pipeline, figures};
use crate::domain::delivery::{ANSWERED_BYTES_MAX, Answered, Delivery, Receipt, Settlement};
use crate::domain::secret::Secret;
use crate::store::DeliveryLease;

/// Sends what is due until told to stop; returns when the last request has been settled.
pub(super) async fn deliveries(pipeline: Arc<Pipeline>, stopped: watch::Receiver<bool>) {
    let (lanes, lease_ms) = (pipeline.settings.deliver.at_once, pipeline.settings.deliver.lease_ms);
    let take = |limit| {
        let reply = pipeline.store.due(pipeline.clock.now_ms(), lease_ms, limit);
        async move {
            match reply.await {
                Ok(due) => Taken { items: due.deliveries, next_ms: due.next_ms },
                Err(error) => {
                    tracing::error!(%error, "due requests could not be read; trying again");
                    Taken { items: Vec::new(), next_ms: None }
                }
            }
        }
    };
    let work = |delivery| conversation(pipeline.clone(), delivery, stopped.clone());
    lanes::run(lanes, pipeline.clock.clone(), pipeline.store.deliveries_ready(), stopped.clone(), take, work).await;
}

/// Sends the requests of one conversation, one after the other, as long as there are any.
async fn conversation(pipeline: Arc<Pipeline>, delivery: Delivery, stopped: watch::Receiver<bool>) {
    let mut next = Some(delivery);
    while let Some(delivery) = next.take() {
        let lease = DeliveryLease { id: delivery.id, fence: delivery.fence };
        if *stopped.borrow() {
            return put_back(&pipeline, lease, pipeline.clock.now_ms()).await;
        }
        let Tried { settlement, answered, now_ms } = match attempt(&pipeline, &delivery).await {
            Attempt::Tried(tried) => tried,
            Attempt::Wait { at_ms } => {
                tracing::debug!(delivery = delivery.id, at_ms, "an earlier try is still under way at the platform");
                return put_back(&pipeline, lease, at_ms).await;
            }
        };
        figures::delivery_settled(&delivery, &settlement);
        log_settlement(&delivery, &settlement);
        pipeline.log.delivery(&delivery, &settlement, answered.as_ref(), now_ms);
        let lease_ms = pipeline.settings.deliver.lease_ms;
        let settle = || {
            let lease_until_ms = pipeline.clock.now_ms() + lease_ms;
            pipeline.store.settle(lease, settlement.clone(), answered.clone(), now_ms, lease_until_ms)
        };
        match lanes::insist(&*pipeline.clock, now_ms + lease_ms, settle).await {
            Ok(following) => {
                if !matches!(settlement, Settlement::Again { .. }) {
                    pipeline.outcomes.settled(delivery.id);
                }
                next = following;
            }
            Err(error) => {
                // The outbox still says that it is being sent: it comes back when the lease runs out, as possibly sent.
                tracing::error!(delivery = delivery.id, %error, "a receipt could not be recorded");
            }
        }
    }
}

/// What a shutdown leaves for the next start, and what waits without being tried.
async fn put_back(pipeline: &Pipeline, lease: DeliveryLease, due_ms: u64) {
    if let Err(error) = pipeline.store.put_back(lease, due_ms, pipeline.clock.now_ms()).await {
        tracing::warn!(delivery = lease.id, %error, "a request could not be given back; it comes back as possibly sent");
    }
}

/// What became of a try, what the platform answered, and when that was known.
struct Tried {
    settlement: Settlement,
    answered: Option<Answered>,
    now_ms: u64,
}

/// How an attempt went.
enum Attempt {
    Tried(Tried),
    /// It is not tried, and looked at again at this time.
    Wait {
        at_ms: u64,
    },
}

/// Sends a request, unless an earlier try turns out to have done it or it must not be sent twice.
async fn attempt(pipeline: &Pipeline, delivery: &Delivery) -> Attempt {
    let not_now = |reason| (Receipt::Again { reason, after: None, ambiguous: false }, None);
    let mut maybe_sent = delivery.maybe_sent;
    let (receipt, answered) = match Way::of(pipeline, delivery).await {
        Err(reason) => not_now(reason),
        Ok(way) => match doubt::onward(pipeline, &way, delivery).await {
            Onward::Wait { at_ms } => return Attempt::Wait { at_ms },
            Onward::NotNow { reason } => not_now(reason),
            Onward::Settle(settlement) => {
                return Attempt::Tried(Tried { settlement, answered: None, now_ms: pipeline.clock.now_ms() });
            }
            Onward::Send { maybe_sent: may_be } => {
                maybe_sent = may_be;
                send(pipeline, &way, delivery).await
            }
        },
    };
    let now_ms = pipeline.clock.now_ms();
    let settlement = settlement(pipeline, delivery, maybe_sent, receipt, now_ms);
    Attempt::Tried(Tried { settlement, answered, now_ms })
}

/// What follows from a receipt. `maybe_sent` is whether an earlier try may have done it; of a try that comes again the
/// settlement tells what this one may have done, and the store remembers the earlier ones.
fn settlement(pipeline: &Pipeline, delivery: &Delivery, maybe_sent: bool, receipt: Receipt, now_ms: u64) -> Settlement {
    let (reason, after, ambiguous) = match receipt {
        Receipt::Sent { reference } => return Settlement::Sent { reference },
        Receipt::Refused { reason } => return Settlement::Parked { reason, ambiguous: maybe_sent },
        Receipt::Again { reason, after, ambiguous } => (reason, after, ambiguous && !delivery.repeatable),
    };
    match pipeline.settings.deliver.backoff().wait_after(delivery.attempt.saturating_sub(delivery.forgiven), random()) {
        Some(wait) => {
            let wait = after.map_or(wait, |after| after.max(wait).min(RETRY_AFTER_LONGEST));
            let at_ms = now_ms + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            Settlement::Again { at_ms, reason, ambiguous }
        }
        None => {
            let reason = format!("the last try failed: {reason}");
            Settlement::Parked { reason, ambiguous: ambiguous || maybe_sent }
        }
    }
}

/// The longest wait that a platform's Retry-After is granted.
const RETRY_AFTER_LONGEST: Duration = Duration::from_secs(3600);

async fn send(pipeline: &Pipeline, way: &Way, delivery: &Delivery) -> (Receipt, Option<Answered>) {
    let Way { gateway, platform, token } = way;
    match pipeline.outbound.send(gateway, platform.authorize(token, delivery), delivery).await {
        Ok(answer) => {
            if answer.status == StatusCode::UNAUTHORIZED {
                way.rejected(pipeline, delivery).await;
            }
            let body = without(token, &answer.body);
            let receipt = platform.receipt(answer.status, &answer.headers, body.as_bytes());
            let reference = platform.reference(&answer.headers, body.as_bytes());
            (receipt, Some(answered(answer.status.as_u16(), body, reference)))
        }
        Err(error) => (Receipt::Again { ambiguous: error.maybe_sent, reason: error.reason, after: None }, None),
    }
}

/// What is escaped in a query: all that is not unreserved (RFC 3986).
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands where a token was: shorter than any token, so that cutting makes no text longer.
const TOKEN_CUT: &str = "[token]";

/// A body as text, with the token out of it: a platform may say back what it was sent, and whoever may read the record may not
/// have the token. JSON may write a slash with a backslash before it, and a URL whose query held the token has it
/// percent-encoded. One pass finds all forms: what is put in their place is not looked at again.
pub(super) fn without(token: &Secret, body: &[u8]) -> String {
    let (text, token) = (String::from_utf8_lossy(body), token.reveal());
    let (escaped, in_query) = (token.replace('/', "\\/"), utf8_percent_encode(token, IN_QUERY).to_string());
    // Where there is nothing to escape the forms are the same.
    let mut written = vec![token, &escaped, &in_query];
    written.dedup();
    let mut found: Vec<_> =
        written.into_iter().filter(|form| !form.is_empty()).map(|form| (form, text.find(form))).collect();
    let (mut cut, mut from) = (String::new(), 0);
    while let Some((at, length)) = found.iter().filter_map(|(form, at)| Some(((*at)?, form.len()))).min() {
        cut.push_str(&text[from..at]);
        cut.push_str(TOKEN_CUT);
        from = at + length;
        for (form, at) in &mut found {
            if at.is_some_and(|at| at < from) {
                *at = text[from..].find(*form).map(|at| from + at);
            }
        }
    }
    cut.push_str(&text[from..]);
    cut
}

fn answered(status: u16, mut text: String, reference: Option<String>) -> Answered {
    text.truncate(text.floor_char_boundary(ANSWERED_BYTES_MAX));
    Answered { status, text, reference }
}

fn log_settlement(delivery: &Delivery, settlement: &Settlement) {
    let (id, event, action, attempt) = (delivery.id, delivery.event, &delivery.action, delivery.attempt);
    match settlement {
        Settlement::Sent { reference } => {
            tracing::debug!(delivery = id, %event, action, attempt, reference, "delivery sent");
        }
        Settlement::Again { reason, at_ms, ambiguous } => {
            tracing::warn!(delivery = id, %event, action, attempt, reason, at_ms, ambiguous, "delivery failed, trying again");
        }
        Settlement::Parked { reason, ambiguous } => {
            tracing::error!(delivery = id, %event, action, attempt, reason, ambiguous, "delivery parked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without;
    use crate::domain::secret::Secret;

    fn cut(token: &str, body: &str) -> String {
        without(&Secret::new(token), body.as_bytes())
    }

    #[test]
    fn a_token_is_cut_out_however_it_is_written() {
        assert_eq!(
            cut("to/ken-88", r#"{"a": "to/ken-88", "b": "to\/ken-88."}"#),
            r#"{"a": "[token]", "b": "[token]."}"#
        );
        assert_eq!(cut("secret-token", "secret-secret-tokensecret-token"), "secret-[token][token]");
        assert_eq!(cut("to/ken-88", r#"{"url": "/bot?auth=to%2Fken-88"}"#), r#"{"url": "/bot?auth=[token]"}"#);
        assert_eq!(cut("secret-token", "nothing of it"), "nothing of it");
        assert_eq!(cut("", "nothing to cut"), "nothing to cut");
    }

    #[test]
    fn what_is_put_in_a_tokens_place_is_not_looked_at_again() {
        // No such tokens can be set; a text stays bounded all the same.
        for token in ["a", "t", "[", "/", "token"] {
            let body = token.repeat(1000);
            let text = cut(token, &body);
            assert!(text.len() <= 1000 * "[token]".len(), "{token}: {}", text.len());
        }
        assert!(cut("[token]", "[token] [token]").len() <= 15);
    }
}
