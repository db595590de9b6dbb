//! A turn that runs elsewhere: the event goes to the bot's own server exactly as it came, and what that bot does it asks for
//! over the platform's API. Order, tries and crash safety are those of any turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use sha2::{Digest as _, Sha256};

use super::Pipeline;
use super::facts::Subject;
use super::run::random;
use crate::domain::event::Owner;
use crate::domain::names::{BotId, TenantName};
use crate::domain::turn::Cause;
use crate::settings::Turn;
use crate::store::{Claim, TurnRecord};

/// Brings the event to the bot. 200 and 202 mean that it has it (platforms.md A3); the body of the answer is not looked at.
///
/// # Errors
/// [`Cause::Relay`], with a reason in which neither credentials nor the URL's query are.
pub(super) async fn bring(
    pipeline: &Pipeline,
    claim: &Claim,
    subject: &Subject,
    url: &str,
    turn: &mut TurnRecord,
) -> Result<(), Cause> {
    let relay = |reason: String| Cause::Relay { reason };
    if claim.crashes >= pipeline.settings.turn.crashes_max {
        return Err(Cause::Crashed { times: claim.crashes });
    }
    // The bot asks things of the API while it has the event: the host's books have to be up to date by then.
    let holder = holder(claim, subject);
    if claim.owner.as_ref() != Some(&holder) {
        let held = pipeline.store.hold(claim.lease.clone(), holder).await;
        held.map_err(|error| Cause::Host { reason: error.to_string() })?;
    }
    let (body, id) = (subject.verified.body().clone(), request_id(claim));
    let headers = subject.platform.relay_headers(&subject.bot, &id, &body, pipeline.clock.now_ms()).map_err(relay)?;
    let settings = &pipeline.settings;
    // Whoever holds the lease has to be able to end the turn under it.
    let longest = Duration::from_millis(settings.deliver.total_ms.min(settings.turn.lease_ms / 4 * 3));
    let begun = Instant::now();
    let answer = pipeline.outbound.relay(url, headers, body, longest).await;
    turn.elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = answer.map_err(|error| relay(error.reason))?.status;
    turn.relayed = Some(status.to_string());
    match status {
        StatusCode::OK | StatusCode::ACCEPTED => Ok(()),
        status => Err(relay(format!("it answered {status}, not 200 or 202"))),
    }
}

/// Who holds the conversation. On later tries that is what the host's books say, since the bot may have acted meanwhile.
pub(super) fn holder(claim: &Claim, subject: &Subject) -> Owner {
    let known = claim.owner.clone().filter(|_| claim.attempt > 1);
    known.unwrap_or_else(|| subject.context.owner.clone())
}

/// The same for each try of an event, and for no other event: the id under which it came, where it came under one. So whoever
/// gets it knows it again, also this host, should a bot elsewhere send its events back here.
fn request_id(claim: &Claim) -> String {
    let own = || hex::encode(&Sha256::digest(format!("{}/{}", claim.bot, claim.lease.event))[..16]);
    claim.delivery_id.clone().unwrap_or_else(own)
}

/// How many relays are under way. A bot elsewhere that is slow keeps its own events waiting, and neither those of guests nor,
/// for the most part, those of other bots.
#[derive(Debug)]
pub struct Relays {
    at_once: usize,
    /// Of these, how many are for tenants that have none under way.
    reserved: usize,
    per_tenant: usize,
    per_bot: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    all: usize,
    tenants: HashMap<TenantName, usize>,
    bots: HashMap<BotId, Busy>,
}

#[derive(Debug)]
struct Busy {
    under_way: usize,
    /// How many events were put off lately: the more, the longer the next one waits.
    put_off: u32,
    /// When it last asked for a place.
    asked: Instant,
}

/// The shortest and the longest that an event is put off for.
const PUT_OFF_FIRST_MS: u64 = 50;
const PUT_OFF_LONGEST_MS: u64 = 5000;

/// The shortest where there is no room at all: longer, since the bot's own relays make none.
const NO_ROOM_FIRST_MS: u64 = 200;

/// How long a bot without a relay under way is remembered: longer than any of its events is put off.
const REMEMBERED: Duration = Duration::from_millis(4 * PUT_OFF_LONGEST_MS);

/// A place among the relays; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    relays: Arc<Relays>,
    tenant: TenantName,
    bot: BotId,
}

impl Relays {
    /// As many as the settings say, but always fewer than there are turns at once. One tenant gets at most half of them, and
    /// all that have some leave a quarter to those that have none: slow bots of a few tenants do not keep others waiting.
    #[must_use]
    pub fn new(settings: &Turn) -> Arc<Self> {
        let at_once = settings.relays_at_once.min(settings.at_once / 2).max(1);
        let per_tenant = (at_once / 2).max(1);
        let per_bot = settings.relays_per_bot.clamp(1, per_tenant);
        Arc::new(Self { at_once, reserved: at_once / 4, per_tenant, per_bot, under_way: Mutex::default() })
    }

    /// A place for a bot's next relay, or how many milliseconds its event is to wait.
    pub(super) fn place(self: &Arc<Self>, tenant: &TenantName, bot: &BotId) -> Result<Place, u64> {
        let now = Instant::now();
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = &mut *under_way;
        let of_tenant = under_way.tenants.get(tenant).copied().unwrap_or(0);
        let places = if of_tenant == 0 { self.at_once } else { self.at_once - self.reserved };
        let room = under_way.all < places && of_tenant < self.per_tenant;
        let busy = Busy { under_way: 0, put_off: 0, asked: now };
        let busy = under_way.bots.entry(bot.clone()).or_insert(busy);
        busy.asked = now;
        if !room || busy.under_way >= self.per_bot {
            busy.put_off = busy.put_off.saturating_add(1);
            let number = u64::from(busy.put_off);
            return Err(put_off(match busy.under_way {
                // Nothing of its own tells when there is room, and each event that comes in vain is a write.
                0 => number * NO_ROOM_FIRST_MS,
                _ => (1 + number / (4 * self.per_bot as u64)) * PUT_OFF_FIRST_MS,
            }));
        }
        under_way.all += 1;
        *under_way.tenants.entry(tenant.clone()).or_default() += 1;
        busy.under_way += 1;
        busy.put_off /= 2;
        Ok(Place { relays: Arc::clone(self), tenant: tenant.clone(), bot: bot.clone() })
    }
}

/// With some chance in it, so that those that wait do not come back at one moment.
fn put_off(wait_ms: u64) -> u64 {
    let wait_ms = wait_ms.min(PUT_OFF_LONGEST_MS);
    wait_ms / 2 + random() % wait_ms
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.relays.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.all = under_way.all.saturating_sub(1);
        if let Some(number) = under_way.tenants.get_mut(&self.tenant) {
            *number = number.saturating_sub(1);
        }
        if let Some(busy) = under_way.bots.get_mut(&self.bot) {
            busy.under_way = busy.under_way.saturating_sub(1);
        }
        under_way.tenants.retain(|_, number| *number > 0);
        under_way.bots.retain(|_, busy| busy.under_way > 0 || busy.asked.elapsed() < REMEMBERED);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{PUT_OFF_LONGEST_MS, Place, Relays};
    use crate::domain::names::{BotId, TenantName};
    use crate::settings::{Overrides, Settings};

    fn relays() -> Arc<Relays> {
        let mut turn = Settings::load(&Overrides::default(), []).unwrap().turn;
        (turn.at_once, turn.relays_at_once, turn.relays_per_bot) = (64, 16, 8);
        Relays::new(&turn)
    }

    /// As many places as there are for a tenant's bots.
    fn fill(relays: &Arc<Relays>, tenant: &str) -> Vec<Place> {
        let bots = [format!("{tenant}-one"), format!("{tenant}-two")].map(BotId::from);
        let places = bots.iter().flat_map(|bot| (0..16).map(move |_| bot));
        places.filter_map(|bot| relays.place(&TenantName::from(tenant), bot).ok()).collect()
    }

    #[test]
    fn tenants_with_slow_bots_leave_places_to_those_that_have_none() {
        let relays = relays();
        let slow = [fill(&relays, "first"), fill(&relays, "second")];
        assert_eq!([slow[0].len(), slow[1].len()], [8, 4]);
        let others: Vec<_> = ["third", "fourth", "fifth", "sixth"].into_iter().map(|one| fill(&relays, one)).collect();
        assert!(others.iter().all(|places| places.len() == 1));
        assert_eq!(fill(&relays, "seventh").len(), 0);
        drop(others);
        assert_eq!(fill(&relays, "seventh").len(), 1);
        drop(slow);
        assert_eq!(fill(&relays, "seventh").len(), 8);
    }

    #[test]
    fn a_bot_that_finds_no_room_again_and_again_waits_longer() {
        let relays = relays();
        let tenants: Vec<_> = (0..16).map(|at| format!("tenant-{at}")).collect();
        let mut places: Vec<_> = tenants.iter().flat_map(|tenant| fill(&relays, tenant)).collect();
        let (tenant, bot) = (TenantName::from("late"), BotId::from("late"));
        let wait = || relays.place(&tenant, &bot).err();
        let first = wait();
        assert!(first.is_some_and(|wait_ms| (100..300).contains(&wait_ms)), "{first:?}");
        for _ in 0..40 {
            // A place that others give back and take again does not make it forget.
            drop(places.pop());
            places.extend(fill(&relays, "taker"));
            assert!(wait().is_some());
        }
        let later = wait();
        assert!(later.is_some_and(|wait_ms| wait_ms >= PUT_OFF_LONGEST_MS / 2), "{later:?}");
        drop(places);
        assert!(wait().is_none());
    }
}
