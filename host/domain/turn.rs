//! A turn: one run of a bot on one event, what it depended on and what came of it.

use std::time::Duration;

use super::action::Action;
use super::bot::Mode;
use super::event::{Author, Extra, Origin, Owner};
use super::names::{ConversationKey, Digest, EventId};
use super::validate::Refusal;

/// Everything besides the event and the module that a turn depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// The platform's name in `PLATFORMS`.
    pub platform: String,
    /// The event's number.
    pub event: EventId,
    /// The bot's own id on the platform.
    pub bot: String,
    /// What the bot may do.
    pub mode: Mode,
    /// The conversation.
    pub conversation: ConversationKey,
    /// Where it happens.
    pub origin: Origin,
    /// Who holds it, after this event.
    pub owner: Owner,
    /// 1 for the first try of the event.
    pub attempt: u32,
    /// What the conversation's last turn stored.
    pub state: Option<String>,
    /// The bot's configuration, as JSON text.
    pub config: String,
    /// The time of the turn, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// A random number for the bot.
    pub seed: u64,
    /// Earlier messages, oldest first.
    pub history: Vec<PastMessage>,
    /// The event as the platform sent it.
    pub raw: String,
    /// What the contract has no field for.
    pub extras: Vec<Extra>,
}

impl Context {
    /// Whether the bot holds the conversation and so may answer the customer (conformance 82). A bot that is MONITORING is told
    /// so wherever some bot holds it: it says what it would say in that bot's place, and nothing of it reaches anybody.
    #[must_use]
    pub fn may_speak(&self) -> bool {
        match (&self.owner, self.mode) {
            (Owner::Bot(_), Mode::Monitoring) => true,
            (Owner::Bot(holder), _) => *holder == self.bot,
            (Owner::Agent, _) => false,
        }
    }
}

/// An earlier message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct PastMessage {
    /// Who wrote it.
    pub author: Option<Author>,
    /// What it said.
    pub text: Option<String>,
    /// When.
    pub published_ms: Option<u64>,
}

/// What a bot returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// What to remember.
    pub state: StateChange,
}

/// What to remember of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange {
    /// What was stored stays.
    Keep,
    /// Store this instead.
    Set(String),
    /// Forget it.
    Clear,
}

/// One run of a guest: what came out and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The module that ran.
    pub digest: Digest,
    /// The outcome, or why there is none.
    pub result: Result<Outcome, Cause>,
    /// Instructions used, instantiation included: the same for the same inputs on every machine. Exact when the bot
    /// returned; a lower bound when it was stopped, because the engine counts in registers until a call or a return.
    pub instructions: u64,
    /// Wall-clock time, instantiation included.
    pub elapsed: Duration,
    /// The most linear memory that the guest held, in bytes.
    pub memory_bytes: u64,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// Log lines beyond the limit, which were not kept.
    pub log_lines_dropped: u64,
}

/// One line of a guest's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`; `stdout` and `stderr` for what a language's runtime prints.
    pub level: &'static str,
    /// The line as the guest wrote it: hostile text, escaped when shown.
    pub text: String,
}

/// Why a turn gave nothing to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The guest trapped: a panic, a bad memory access, an unreachable instruction.
    Trap {
        /// The engine's words for it.
        reason: String,
        /// Function names of the guest, innermost first.
        backtrace: Vec<String>,
    },
    /// It used up its wall-clock time.
    Deadline {
        /// The limit.
        limit_ms: u64,
    },
    /// It used up its instructions.
    Instructions {
        /// The budget.
        budget: u64,
    },
    /// It asked for more memory than it may have and then failed.
    Memory {
        /// The limit.
        limit_bytes: u64,
        /// How it failed then.
        reason: String,
    },
    /// What it returned was too large to take.
    Output {
        /// What was too large.
        reason: String,
    },
    /// The bot said that it could not.
    Failure {
        /// Whether it asked for another try.
        retry: bool,
        /// Its words.
        reason: String,
    },
    /// It returned actions that may not be done.
    Refused(Vec<Refusal>),
    /// There is no module to run.
    NoModule {
        /// What is missing.
        reason: String,
    },
    /// Earlier tries of this event ended with the host's process.
    Crashed {
        /// How many.
        times: u32,
    },
    /// The bot elsewhere did not take the event.
    Relay {
        /// What happened.
        reason: String,
    },
    /// Something in the host went wrong.
    Host {
        /// What.
        reason: String,
    },
}

impl Cause {
    /// One word for figures and records.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trap { .. } => "trap",
            Self::Deadline { .. } => "deadline",
            Self::Instructions { .. } => "instructions",
            Self::Memory { .. } => "memory",
            Self::Output { .. } => "output",
            Self::Failure { .. } => "failure",
            Self::Refused(_) => "refused",
            Self::NoModule { .. } => "no-module",
            Self::Crashed { .. } => "crashed",
            Self::Relay { .. } => "relay",
            Self::Host { .. } => "host",
        }
    }

    /// Whether another try is worth it: only where the bot itself said that it is not, it is not.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        !matches!(self, Self::Failure { retry: false, .. } | Self::Crashed { .. })
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trap { reason, backtrace } if backtrace.is_empty() => write!(f, "the bot trapped: {reason}"),
            Self::Trap { reason, backtrace } => write!(f, "the bot trapped: {reason}, in {}", backtrace.join(" < ")),
            Self::Deadline { limit_ms } => write!(f, "the bot ran longer than its {limit_ms} ms"),
            Self::Instructions { budget } => write!(f, "the bot used up its {budget} instructions"),
            Self::Memory { limit_bytes, reason } => {
                write!(f, "the bot asked for more than its {limit_bytes} bytes of memory, then failed: {reason}")
            }
            Self::Output { reason } => write!(f, "what the bot returned is too large: {reason}"),
            Self::Failure { retry: true, reason } => write!(f, "the bot asked for another try: {reason}"),
            Self::Failure { retry: false, reason } => write!(f, "the bot gave up: {reason}"),
            Self::Refused(refusals) => {
                write!(f, "refused: ")?;
                for (at, refusal) in refusals.iter().enumerate() {
                    write!(f, "{}{refusal}", if at == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::NoModule { reason } => write!(f, "there is no module to run: {reason}"),
            Self::Crashed { times } => write!(f, "the host's process ended during each of {times} tries"),
            Self::Relay { reason } => write!(f, "the external bot did not take the event: {reason}"),
            Self::Host { reason } => write!(f, "the host failed: {reason}"),
        }
    }
}
