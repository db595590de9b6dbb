//! A conversation between a simulated customer and a bot: what a host would keep between turns is kept here.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::bot::Bot;
use crate::domain::event::{Event, Owner};
use crate::domain::names::EventId;
use crate::domain::ownership;
use crate::domain::turn::{Cause, Context, Outcome, Run, StateChange};
use crate::domain::validate;
use crate::guest::Module;
use crate::pipeline::facts::{Facts, Judged, Subject};
use crate::platform::{self, Platform, Verified};
use crate::simulator::customer::{self, Customer, Happening, Place};

/// The bot's id wherever the platform leaves it to whoever registers it.
const BOT: &str = "5c9871d5372c824cbf22d860a707a578";

/// The turn's random number: the same for everybody, so that scenarios are.
const SEED: u64 = 7;

/// A conversation.
pub struct Session {
    platform: &'static dyn Platform,
    customer: &'static dyn Customer,
    place: Place,
    config: String,
    limits: validate::Limits,
    state: Option<String>,
    owner: Option<Owner>,
    happened: u64,
}

/// Where conversations may be.
#[derive(Clone)]
pub struct Scene {
    /// The platform.
    pub platform: &'static dyn Platform,
    /// Its customers.
    pub customer: &'static dyn Customer,
    /// The network, as the platform names it.
    pub network: String,
}

impl Scene {
    /// A platform and its network; the richest one unless one is named.
    ///
    /// # Errors
    /// Says which platforms there are.
    pub fn find(platform: &str, network: &str) -> Result<Self, String> {
        let known = || customer::CUSTOMERS.iter().map(|known| known.platform()).collect::<Vec<_>>().join(", ");
        let unknown = || format!("there is no platform {platform:?}; there are {}", known());
        let (platform, customer) = platform::find(platform).zip(customer::of(platform)).ok_or_else(unknown)?;
        let richest = platform.networks().first().map_or("", |(_, network)| network);
        let network = if network.is_empty() { richest } else { network }.to_owned();
        Ok(Self { platform, customer, network })
    }
}

/// What came of one happening.
pub struct Turn {
    /// What the turn was about.
    pub subject: Subject,
    /// How the guest ran, without its result.
    pub run: Run,
    /// What the bot returned; none when it did not get so far.
    pub outcome: Option<Outcome>,
    /// What is done, or why nothing is.
    pub judged: Result<Judged, Cause>,
}

impl Session {
    /// A new conversation on a platform's network.
    ///
    /// # Errors
    /// See [`Scene::find`].
    pub fn new(
        platform: &str,
        network: &str,
        name: &str,
        config: &str,
        limits: validate::Limits,
    ) -> Result<Self, String> {
        let Scene { platform, customer, network } = Scene::find(platform, network)?;
        let place = Place {
            network,
            channel: "house".to_owned(),
            bot: BOT.to_owned(),
            secret: String::new(),
            customer: "customer-1".to_owned(),
            name: name.to_owned(),
        };
        let config = config.to_owned();
        Ok(Self { platform, customer, place, config, limits, state: None, owner: None, happened: 0 })
    }

    /// The platform.
    #[must_use]
    pub fn platform(&self) -> &'static dyn Platform {
        self.platform
    }

    /// The network, as the platform names it.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.place.network
    }

    /// Remembers something else.
    pub fn set_state(&mut self, state: Option<String>) {
        self.state = state;
    }

    /// Configures the bot anew.
    pub fn set_config(&mut self, config: &str) {
        config.clone_into(&mut self.config);
    }

    /// Names the customer.
    pub fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.place.name);
    }

    /// Lets something happen and runs the bot on it. Nothing where the platform does not tell bots of such a thing, or the bot
    /// is not one for it.
    ///
    /// # Errors
    /// When the simulated platform and its decoder do not understand each other.
    pub fn happens(&mut self, happening: &Happening, module: &Module, now_ms: u64) -> Result<Option<Turn>, String> {
        self.happened += 1;
        let Some(webhook) = self.customer.webhook(&self.place, happening, self.happened, now_ms) else {
            return Ok(None);
        };
        self.turn(Bytes::from(webhook.to_string()), module, now_ms)
    }

    /// Runs the bot on a webhook's body.
    ///
    /// # Errors
    /// When the platform's decoder does not take it.
    pub fn turn(&mut self, body: Bytes, module: &Module, now_ms: u64) -> Result<Option<Turn>, String> {
        let verified = Verified::from_inbox(body.clone());
        let bot = Bot {
            platform_id: self.place.bot.clone(),
            network: self.place.network.clone(),
            channel: self.place.channel.clone(),
            config: self.config.clone(),
            ..self.platform.stand_in(&verified)
        };
        let decoded = self.platform.decode(&bot, &verified).map_err(|error| error.to_string())?;
        let subject = Subject::of(Facts {
            event: EventId(i64::try_from(self.happened).unwrap_or(i64::MAX)),
            bot: Arc::new(bot),
            conversation: decoded.conversation,
            body,
            attempt: 1,
            state: self.state.clone(),
            owner: self.owner.clone(),
            owner_firm: false,
            now_ms,
            seed: SEED,
        });
        let subject = subject.map_err(|cause| cause.to_string())?;
        let turn = Turn::run(subject, module, &self.limits);
        self.keep(&turn.subject.context, &turn.judged);
        Ok(Some(turn))
    }

    fn keep(&mut self, context: &Context, judged: &Result<Judged, Cause>) {
        let owner = context.owner.clone();
        let Ok(Judged { checked, .. }) = judged else {
            self.owner = Some(owner);
            return;
        };
        self.owner = Some(ownership::after_actions(owner, checked.actions(), &context.bot));
        match checked.state() {
            StateChange::Keep => {}
            StateChange::Set(state) => self.state = Some(state.clone()),
            StateChange::Clear => self.state = None,
        }
    }
}

impl Turn {
    /// Runs a module on what a turn is about.
    #[must_use]
    pub fn run(subject: Subject, module: &Module, limits: &validate::Limits) -> Self {
        let mut run = module.run(&subject.context, &subject.decoded.event);
        let nothing = Outcome { actions: Vec::new(), state: StateChange::Keep };
        let result = std::mem::replace(&mut run.result, Ok(nothing));
        let outcome = result.as_ref().ok().cloned();
        let judged = result.and_then(|outcome| subject.judge(outcome, limits));
        Self { subject, run, outcome, judged }
    }

    /// What the bot remembers from now on; of a turn that failed, what it remembered before.
    #[must_use]
    pub fn state_after(&self) -> Option<&str> {
        let kept = self.subject.context.state.as_deref();
        match self.judged.as_ref().map(|judged| judged.checked.state()) {
            Ok(StateChange::Set(state)) => Some(state),
            Ok(StateChange::Clear) => None,
            Ok(StateChange::Keep) | Err(_) => kept,
        }
    }

    /// `message` or `update`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.subject.decoded.event {
            Event::Message(_) => "message",
            Event::Update(_) => "update",
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("place", &self.place).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").field("network", &self.network).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("judged", &self.judged).finish_non_exhaustive()
    }
}
