//! A recorded turn as JSON: everything that it depended on, so that another process can run it again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::wire::{CauseJson, owner};
use crate::domain::bot::{Mode, Target};
use crate::domain::event::Owner;
use crate::domain::names::{BotId, ConversationKey, Digest, EventId};
use crate::pipeline::differences::Came;
use crate::pipeline::replay::{Replayed, recorded};
use crate::settings::Settings;
use crate::store::{BotRevision, Recording, TurnSeen};

/// Everything that a turn depended on, and what came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Recording)]
pub struct RecordingJson {
    event: i64,
    attempt: u32,
    bot: RecordedBot,
    conversation: String,
    body: RecordedBody,
    state_before: Option<String>,
    /// `agent`, or `bot:` and its id on the platform; null when the host had not seen the conversation.
    owner_before: Option<String>,
    /// Whether that counted more than what the event said of it.
    #[serde(default)]
    owner_firm: bool,
    /// The turn's clock.
    now_ms: u64,
    /// The turn's random number. As text: it has 64 bits.
    seed: String,
    /// The SHA-256 of the module that ran; null when there was none to run.
    digest: Option<String>,
    version: Option<u32>,
    /// The host's limits as they are now.
    pub limits: RecordedLimits,
    recorded: CameJson,
}

/// A bot as it was registered, without its credentials.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct RecordedBot {
    id: String,
    revision: u32,
    at_ms: u64,
    platform: String,
    platform_id: String,
    network: String,
    channel: String,
    module: Option<String>,
    relay: Option<String>,
    version: Option<u32>,
    pin: Option<u32>,
    scheme: String,
    /// The bot's configuration, as the text that the bot is given.
    config: String,
    mode: String,
}

/// An event's body: as text where it is UTF-8.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RecordedBody {
    Text(String),
    Base64(String),
}

/// The limits that can decide what comes of a turn: settings `guest.*` and `turn.*`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct RecordedLimits {
    pub instructions: u64,
    pub deadline_ms: u64,
    pub memory_bytes_max: usize,
    pub output_bytes_max: usize,
    pub log_bytes_max: usize,
    pub log_lines_max: usize,
    pub actions_max: usize,
    pub items_max: usize,
    pub text_bytes_max: usize,
    pub state_bytes_max: usize,
}

/// What came of a turn.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Came)]
struct CameJson {
    /// What the bot returned, also when it was refused.
    #[schema(value_type = Option<Object>)]
    outcome: Option<Value>,
    cause: Option<CauseJson>,
    instructions: u64,
    #[schema(value_type = Vec<Object>)]
    log: Value,
}

/// What to replay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskedReplay)]
pub struct AskedReplay {
    /// Which try of the event; the last one unless given.
    pub attempt: Option<u32>,
    /// Another module to run.
    pub module: Option<String>,
    /// The version of the module; of another module than the recorded one the active version unless given.
    pub version: Option<u32>,
}

/// A recorded turn and its replay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replayed)]
pub struct ReplayedJson {
    /// Whether outcome, cause, log and instruction count are the same to the letter.
    same: bool,
    /// The module that ran this time.
    digest: String,
    recorded: CameJson,
    replayed: CameJson,
    /// What differs, a line each; or why it cannot be compared.
    differences: Vec<String>,
}

impl From<Replayed> for ReplayedJson {
    fn from(replayed: Replayed) -> Self {
        Self {
            same: replayed.same,
            digest: replayed.digest.as_str().to_owned(),
            recorded: replayed.recorded.into(),
            replayed: replayed.replayed.into(),
            differences: replayed.differences,
        }
    }
}

impl From<Came> for CameJson {
    fn from(came: Came) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            outcome: came.outcome.as_deref().map(json),
            cause: came.cause.map(|(kind, reason)| CauseJson { kind, reason }),
            instructions: came.instructions,
            log: json(&came.log),
        }
    }
}

impl RecordingJson {
    /// A recording and the host's limits.
    #[must_use]
    pub fn new(recording: Recording, settings: &Settings) -> Self {
        let came = recorded(&recording).into();
        let bot = recording.registration;
        let body = match std::str::from_utf8(&recording.body) {
            Ok(text) => RecordedBody::Text(text.to_owned()),
            Err(_) => RecordedBody::Base64(STANDARD.encode(&recording.body)),
        };
        Self {
            event: recording.event.0,
            attempt: recording.turn.attempt,
            bot: RecordedBot {
                id: recording.bot.as_str().to_owned(),
                revision: bot.revision,
                at_ms: bot.at_ms,
                platform: bot.platform,
                platform_id: bot.platform_id,
                network: bot.network,
                channel: bot.channel,
                module: bot.target.module().map(ToString::to_string),
                relay: bot.target.relay_shown().map(str::to_owned),
                version: bot.target.version(),
                pin: bot.pin,
                scheme: bot.scheme,
                config: bot.config,
                mode: bot.mode.name().to_owned(),
            },
            conversation: recording.conversation.as_str().to_owned(),
            body,
            state_before: recording.state_before,
            owner_before: recording.owner_before.as_ref().map(owner),
            owner_firm: recording.owner_firm,
            now_ms: recording.now_ms,
            seed: recording.seed.to_string(),
            digest: recording.turn.digest.map(|digest| digest.as_str().to_owned()),
            version: recording.turn.version,
            limits: RecordedLimits::of(settings),
            recorded: came,
        }
    }

    /// The recording again, in another process.
    ///
    /// # Errors
    /// Says what is not as this program writes it.
    pub fn read(self) -> Result<Recording, String> {
        let Self { bot, recorded: came, .. } = self;
        let body = match self.body {
            RecordedBody::Text(text) => text.into_bytes(),
            RecordedBody::Base64(text) => STANDARD.decode(text).map_err(|error| format!("body: {error}"))?,
        };
        let owner_before = match self.owner_before.as_deref() {
            None => None,
            Some("agent") => Some(Owner::Agent),
            Some(text) => {
                let id = text.strip_prefix("bot:").ok_or_else(|| format!("owner_before is {text:?}"))?;
                Some(Owner::Bot(id.to_owned()))
            }
        };
        Ok(Recording {
            event: EventId(self.event),
            bot: BotId::from(bot.id),
            registration: BotRevision {
                revision: bot.revision,
                at_ms: bot.at_ms,
                platform: bot.platform,
                platform_id: bot.platform_id,
                network: bot.network,
                channel: bot.channel,
                target: Target::of_parts(bot.module.as_deref(), bot.version, bot.relay)
                    .ok_or_else(|| format!("module is {:?}", bot.module))?,
                pin: bot.pin,
                scheme: bot.scheme,
                config: bot.config,
                mode: Mode::parse(&bot.mode).ok_or_else(|| format!("mode is {:?}", bot.mode))?,
            },
            conversation: ConversationKey::from(self.conversation),
            body: body.into(),
            state_before: self.state_before,
            owner_before,
            owner_firm: self.owner_firm,
            now_ms: self.now_ms,
            seed: self.seed.parse().map_err(|_| format!("seed is {:?}", self.seed))?,
            turn: TurnSeen {
                attempt: self.attempt,
                digest: self.digest.map(Digest::from),
                version: self.version,
                instructions: came.instructions,
                elapsed_us: 0,
                outcome: came.outcome.map(|outcome| outcome.to_string()),
                cause: came.cause.map(|cause| (cause.kind, cause.reason)),
                log: came.log.to_string(),
            },
        })
    }
}

impl RecordedLimits {
    fn of(settings: &Settings) -> Self {
        let (guest, turn) = (&settings.guest, &settings.turn);
        Self {
            instructions: guest.instructions,
            deadline_ms: guest.deadline_ms,
            memory_bytes_max: guest.memory_bytes_max,
            output_bytes_max: guest.output_bytes_max,
            log_bytes_max: guest.log_bytes_max,
            log_lines_max: guest.log_lines_max,
            actions_max: turn.actions_max,
            items_max: turn.items_max,
            text_bytes_max: turn.text_bytes_max,
            state_bytes_max: turn.state_bytes_max,
        }
    }

    /// Gives settings these limits.
    pub fn apply(&self, settings: &mut Settings) {
        let (guest, turn) = (&mut settings.guest, &mut settings.turn);
        guest.instructions = self.instructions;
        guest.deadline_ms = self.deadline_ms;
        guest.memory_bytes_max = self.memory_bytes_max;
        guest.output_bytes_max = self.output_bytes_max;
        guest.log_bytes_max = self.log_bytes_max;
        guest.log_lines_max = self.log_lines_max;
        turn.actions_max = self.actions_max;
        turn.items_max = self.items_max;
        turn.text_bytes_max = self.text_bytes_max;
        turn.state_bytes_max = self.state_bytes_max;
    }
}
