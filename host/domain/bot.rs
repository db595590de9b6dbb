//! A bot: a module bound to a platform by a registration.

use super::names::{BotId, ModuleName, TenantName};
use super::secret::Secret;

/// What a registration binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// The host's id; the last part of the webhook's URL.
    pub id: BotId,
    /// Whose bot it is.
    pub tenant: TenantName,
    /// The platform's name in `PLATFORMS`.
    pub platform: String,
    /// The bot's own id on the platform (Khoros: `appId`).
    pub platform_id: String,
    /// The network (Khoros: `networkKey`).
    pub network: String,
    /// The page or account on that network (Khoros: `externalId`).
    pub channel: String,
    /// The customer's account on the platform (Khoros: `companyKey`). It belongs to one tenant.
    pub account: String,
    /// What runs.
    pub target: Target,
    /// The version that the bot was pinned to over the host's API. The store keeps it when the registration is replaced.
    pub pin: Option<u32>,
    /// What it may do.
    pub mode: Mode,
    /// How its webhooks prove themselves.
    pub credentials: Credentials,
    /// The bot's configuration, a JSON object (Khoros: the registration's `metadata`).
    pub config: String,
    /// The registration as the platform documents it, as JSON and without its secret.
    pub registration: String,
    /// When it was registered, in milliseconds since 1970-01-01 UTC.
    pub created_ms: u64,
    /// When it was last changed.
    pub updated_ms: u64,
    /// Counts the changes, from 1; the store does. 0 for a registration that has just been read from a call.
    pub revision: u32,
}

impl Bot {
    /// The version that it runs whatever else is active: the one in its registration, or the one that it was pinned to.
    #[must_use]
    pub fn pinned(&self) -> Option<u32> {
        self.target.version().or(self.pin)
    }
}

/// What a bot may do (conformance 44-50).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It gets events and answers.
    Live,
    /// It is away: no event reaches it, and agents answer.
    Maintenance,
    /// It gets events and may take notes, and nothing that it says reaches the customer.
    Monitoring,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Live, Self::Maintenance, Self::Monitoring];

    /// Its name in records and on the platforms that have modes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Maintenance => "MAINTENANCE",
            Self::Monitoring => "MONITORING",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// How many bots may listen to one channel: a platform's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// How many may be LIVE.
    pub live: usize,
    /// How many may be LIVE or MONITORING together.
    pub listening: usize,
}

impl Places {
    /// Whether a bot may have this mode beside `others`, which are the tenant's other bots of its channel: each with its mode
    /// and its id on the platform.
    ///
    /// # Errors
    /// Says who has the place.
    pub fn admit<'a>(
        self,
        mode: Mode,
        (network, channel): (&str, &str),
        others: impl IntoIterator<Item = (Mode, &'a str)>,
    ) -> Result<(), String> {
        let listening: Vec<_> = others.into_iter().filter(|(mode, _)| *mode != Mode::Maintenance).collect();
        let live: Vec<_> = listening.iter().filter(|(mode, _)| *mode == Mode::Live).collect();
        match (mode, live.first()) {
            (Mode::Live, Some((_, holder))) if live.len() >= self.live => Err(format!(
                "mode LIVE is taken by {holder} for network {network} external id {channel}; only one bot may be LIVE there"
            )),
            (Mode::Live | Mode::Monitoring, _) if listening.len() >= self.listening => Err(format!(
                "mode {}: network {network} external id {channel} has {} bots that are LIVE or MONITORING, no more are allowed",
                mode.name(),
                listening.len()
            )),
            _ => Ok(()),
        }
    }
}

/// What a bot's events go to: what the platform's own callback field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A module, which runs here: `module:<name>` or `module:<name>@<version>`.
    Module {
        /// The module.
        name: ModuleName,
        /// A pinned version, or the active one.
        version: Option<u32>,
    },
    /// A bot elsewhere, which gets its events by HTTP.
    Relay {
        /// Where it listens.
        url: String,
    },
}

impl Target {
    /// A target of its parts, as records hold them: a module's name and version, or where a bot elsewhere listens.
    #[must_use]
    pub fn of_parts(module: Option<&str>, version: Option<u32>, relay: Option<String>) -> Option<Self> {
        match relay {
            Some(url) => Some(Self::Relay { url }),
            None => Some(Self::Module { name: ModuleName::parse(module?).ok()?, version }),
        }
    }

    /// The module, if it is one.
    #[must_use]
    pub fn module(&self) -> Option<&ModuleName> {
        match self {
            Self::Module { name, .. } => Some(name),
            Self::Relay { .. } => None,
        }
    }

    /// Where a bot elsewhere listens, if it is one.
    #[must_use]
    pub fn relay(&self) -> Option<&str> {
        match self {
            Self::Module { .. } => None,
            Self::Relay { url } => Some(url),
        }
    }

    /// Where a bot elsewhere listens, as records, logs and lists show it: a query may hold what only the bot itself is to know.
    #[must_use]
    pub fn relay_shown(&self) -> Option<&str> {
        self.relay().map(|url| url.split_once('?').map_or(url, |(shown, _)| shown))
    }

    /// The version that is named beside the module.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        match self {
            Self::Module { version, .. } => *version,
            Self::Relay { .. } => None,
        }
    }

    /// Reads `module:<name>` or `module:<name>@<version>`; `None` when the text is no `module:` URI at all.
    ///
    /// # Errors
    /// Says what is wrong with the name or the version.
    pub fn parse(uri: &str) -> Option<Result<Self, String>> {
        let rest = uri.strip_prefix("module:")?;
        let (name, version) = match rest.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (rest, None),
        };
        Some(ModuleName::parse(name).and_then(|name| {
            let version = version
                .map(|text| text.parse().map_err(|_| format!("a version is a whole number, not {text:?}")))
                .transpose()?;
            Ok(Self::Module { name, version })
        }))
    }
}

/// What a webhook must show to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// How.
    pub scheme: Scheme,
    /// The user name or the key's name.
    pub identity: String,
    /// The password or the key.
    pub secret: Secret,
}

/// How a webhook proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Basic`, RFC 7617.
    Basic,
    /// The Standard Webhooks headers: id, timestamp and HMAC-SHA256 of both and the body.
    StandardWebhooks,
    /// A header with the HMAC-SHA256 of the body alone.
    BodySha256 {
        /// The header's name.
        header: String,
        /// How the header writes the digest.
        encoding: Encoding,
    },
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// How a bot's runs ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// As they should.
    pub succeeded: u64,
    /// Not so.
    pub failed: u64,
}
