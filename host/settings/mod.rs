//! Settings: the defaults that are compiled in, an operator's file and the environment, read once and checked before
//! anything binds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::domain::gateway::{self, Login, Proof};
use crate::domain::names::TenantName;
use crate::domain::retry::Backoff;
use crate::domain::secret::Secret;
use crate::domain::validate;

/// The defaults, and the documentation of every setting.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The prefix of every setting in the environment.
pub const ENV_PREFIX: &str = "BOTHOST";

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the listener binds.
    pub listen: SocketAddr,
    /// The directory that the host writes to.
    pub data: PathBuf,
    /// Logs.
    pub log: Log,
    /// The front door.
    pub front: Front,
    /// The store.
    pub store: Store,
    /// Turns.
    pub turn: Turn,
    /// The sandbox.
    pub guest: Guest,
    /// Deliveries.
    pub deliver: Deliver,
    /// Tenants by name.
    #[serde(default)]
    pub tenants: BTreeMap<String, Tenant>,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// Which lines are.
    pub filter: String,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[front]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct Front {
    pub connections_max: usize,
    pub header_timeout_ms: u64,
    pub body_timeout_ms: u64,
    pub body_bytes_max: usize,
    pub uploads_at_once: usize,
    pub shutdown_ms: u64,
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct Store {
    pub queue_max: usize,
    pub group_max: usize,
    pub dedupe_days: u64,
    pub dedupe_body_s: u64,
    pub keep_days: u64,
    pub keep_events: u64,
    pub keep_bytes: u64,
}

/// `[turn]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct Turn {
    pub tries: u32,
    pub retry_first_ms: u64,
    pub retry_longest_ms: u64,
    pub crashes_max: u32,
    pub at_once: usize,
    pub lease_ms: u64,
    pub relays_at_once: usize,
    pub relays_per_bot: usize,
    pub actions_max: usize,
    pub items_max: usize,
    pub text_bytes_max: usize,
    pub state_bytes_max: usize,
}

impl Turn {
    /// When a failed turn is tried again.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        backoff(self.tries, self.retry_first_ms, self.retry_longest_ms)
    }

    /// What an outcome may hold.
    #[must_use]
    pub fn limits(&self) -> validate::Limits {
        validate::Limits {
            actions_max: self.actions_max,
            items_max: self.items_max,
            text_bytes_max: self.text_bytes_max,
            state_bytes_max: self.state_bytes_max,
        }
    }
}

/// `[guest]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct Guest {
    pub threads: usize,
    pub deadline_ms: u64,
    pub instructions: u64,
    pub memory_bytes_max: usize,
    pub output_bytes_max: usize,
    pub log_bytes_max: usize,
    pub log_lines_max: usize,
    pub module_bytes_max: usize,
    pub compile_cpu_s: u64,
    pub compile_memory_bytes: u64,
    pub compile_wall_ms: u64,
    pub compile_niceness: u8,
    pub compile_threads: usize,
    /// A file that keeps compiled functions. No setting: a developer's commands say it, and a host has none.
    #[serde(skip)]
    pub functions: Option<PathBuf>,
    pub source_lines: bool,
    pub watch_quiet_ms: u64,
    pub versions_kept: u32,
}

/// `[deliver]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml documents each")]
pub struct Deliver {
    pub tries: u32,
    pub retry_first_ms: u64,
    pub retry_longest_ms: u64,
    pub at_once: usize,
    pub lease_ms: u64,
    pub connect_ms: u64,
    pub total_ms: u64,
    pub response_bytes_max: usize,
    pub resend_ambiguous: bool,
    pub synchronous_ms: u64,
    pub synchronous_at_once: usize,
    #[serde(deserialize_with = "list")]
    pub private_hosts: Vec<String>,
}

impl Deliver {
    /// When a failed try is repeated.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        backoff(self.tries, self.retry_first_ms, self.retry_longest_ms)
    }
}

/// `[tenants.<name>]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Where its answers go, by platform.
    #[serde(default)]
    pub gateways: BTreeMap<String, Gateway>,
}

impl Tenant {
    fn check(&self, name: &str) -> Result<(), Error> {
        for (platform, gateway) in &self.gateways {
            for (name, url) in
                [("gateways.*.url", Some(&gateway.url)), ("gateways.*.care_url", gateway.care_url.as_ref())]
            {
                if let Some(url) = url.filter(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
                    let reason = "it must be an http or https URL";
                    return Err(Error::Value { name, value: url.clone(), reason });
                }
            }
            let (tenant, platform) = (name.to_owned(), platform.clone());
            match (gateway.written(), &gateway.care_url, &gateway.user, &gateway.password) {
                (Some(Proof::Token(token)), None, None, None) if gateway::is_token(token.reveal()) => {}
                (Some(Proof::Token(_)), None, None, None) => return Err(Error::Token { tenant, platform }),
                (Some(Proof::Login(login)), ..) if login.is_usable() => {}
                (Some(Proof::Login(_)), ..) => return Err(Error::Login { tenant, platform }),
                _ => return Err(Error::Access { tenant, platform }),
            }
        }
        Ok(())
    }
}

/// `[tenants.<name>.gateways.<platform>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The base URL; paths of the platform's API are appended.
    pub url: String,
    /// The bearer token: 8 to 8192 visible ASCII characters. Instead of it the host gets tokens with the next three.
    #[serde(default, deserialize_with = "secret")]
    pub token: Option<Secret>,
    /// The base URL of the Care API.
    #[serde(default)]
    pub care_url: Option<String>,
    /// A Care user who may have tokens.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<Secret>,
}

impl Gateway {
    /// A gateway with a fixed token.
    #[must_use]
    pub fn with_token(url: impl Into<String>, token: Secret) -> Self {
        Self { url: url.into(), token: Some(token), care_url: None, user: None, password: None }
    }

    /// What the platform knows the tenant by. One without anything, which no settings that were read hold, has an empty token.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.written().unwrap_or_else(|| Proof::Token(Secret::new("")))
    }

    fn written(&self) -> Option<Proof> {
        match (&self.token, &self.care_url, &self.user, &self.password) {
            (Some(token), ..) => Some(Proof::Token(token.clone())),
            (None, Some(url), Some(user), Some(password)) => {
                let (url, user, password) = (url.clone(), user.clone(), password.clone());
                Some(Proof::Login(Login { url, user, password }))
            }
            _ => None,
        }
    }
}

/// Why the settings cannot be used. Nothing was bound or written yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is missing or is not TOML, a name is unknown, a value has the wrong type.
    #[error("settings: {0}")]
    Read(#[from] config::ConfigError),
    /// A value makes no sense.
    #[error("settings: {name} is {value}: {reason}")]
    Value {
        /// Which.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A gateway's token cannot be used. It is a secret and not said.
    #[error("settings: tenants.{tenant}.gateways.{platform}.token cannot be used: a token {}", gateway::TOKEN_RULE)]
    Token {
        /// Whose gateway.
        tenant: String,
        /// To which platform.
        platform: String,
    },
    /// A gateway's user or password cannot be used.
    #[error(
        "settings: tenants.{tenant}.gateways.{platform}.user and password cannot be used: a login {}",
        gateway::LOGIN_RULE
    )]
    Login {
        /// Whose gateway.
        tenant: String,
        /// To which platform.
        platform: String,
    },
    /// A gateway has neither a token nor all that one is got with, or both.
    #[error("settings: tenants.{tenant}.gateways.{platform} needs either a token, or care_url, user and password")]
    Access {
        /// Whose gateway.
        tenant: String,
        /// To which platform.
        platform: String,
    },
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`
    pub file: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data`
    pub data: Option<PathBuf>,
}

impl Settings {
    /// Reads the defaults, the file, the environment and the command line, later ones over earlier ones.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn load(overrides: &Overrides, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut builder =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(file) = &overrides.file {
            builder = builder.add_source(config::File::from(file.as_path()).format(config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix(ENV_PREFIX)
            .prefix_separator("_")
            .separator("__")
            .source(Some(environment.into_iter().collect()));
        builder = builder.add_source(environment);
        if let Some(listen) = overrides.listen {
            builder = builder.set_override("listen", listen.to_string())?;
        }
        if let Some(data) = &overrides.data {
            builder = builder.set_override("data", data.to_string_lossy().into_owned())?;
        }
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Error> {
        let at_least_one = [
            ("front.connections_max", self.front.connections_max as u64),
            ("front.body_bytes_max", self.front.body_bytes_max as u64),
            ("front.uploads_at_once", self.front.uploads_at_once as u64),
            ("store.queue_max", self.store.queue_max as u64),
            ("store.group_max", self.store.group_max as u64),
            ("turn.tries", u64::from(self.turn.tries)),
            ("turn.crashes_max", u64::from(self.turn.crashes_max)),
            ("turn.at_once", self.turn.at_once as u64),
            ("turn.lease_ms", self.turn.lease_ms),
            ("turn.relays_at_once", self.turn.relays_at_once as u64),
            ("turn.relays_per_bot", self.turn.relays_per_bot as u64),
            ("guest.deadline_ms", self.guest.deadline_ms),
            ("guest.instructions", self.guest.instructions),
            ("guest.module_bytes_max", self.guest.module_bytes_max as u64),
            ("guest.versions_kept", u64::from(self.guest.versions_kept)),
            ("deliver.tries", u64::from(self.deliver.tries)),
            ("deliver.at_once", self.deliver.at_once as u64),
            ("deliver.lease_ms", self.deliver.lease_ms),
            ("deliver.synchronous_ms", self.deliver.synchronous_ms),
            ("deliver.synchronous_at_once", self.deliver.synchronous_at_once as u64),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(Error::Value { name, value: "0".to_owned(), reason: "it must be at least 1" });
            }
        }
        // To wait for a token, to get it, to ask for an earlier try, to send.
        if self.deliver.lease_ms / 4 <= self.deliver.total_ms {
            let value = self.deliver.lease_ms.to_string();
            let reason = "it must be longer than four times deliver.total_ms, or a slow request would be sent twice";
            return Err(Error::Value { name: "deliver.lease_ms", value, reason });
        }
        if let Some(name) = self.tenants.keys().find(|name| TenantName::parse(name).is_err()) {
            let reason = "a tenant's name has 1 to 63 of a-z, 0-9, - and _ and starts with a letter or digit";
            return Err(Error::Value { name: "tenants.<name>", value: format!("{name:?}"), reason });
        }
        self.tenants.iter().try_for_each(|(name, tenant)| tenant.check(name))
    }

    /// A file or directory within the data directory.
    #[must_use]
    pub fn in_data(&self, name: impl AsRef<Path>) -> PathBuf {
        self.data.join(name)
    }
}

/// The tenant that always exists: the admin key's.
pub const DEFAULT_TENANT: &str = "default";

fn backoff(tries: u32, first_ms: u64, longest_ms: u64) -> Backoff {
    Backoff { tries, first: Duration::from_millis(first_ms), longest: Duration::from_millis(longest_ms) }
}

/// A list, or one text with commas, which is how the environment writes one.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::List(list) => list,
        Written::Text(text) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
    })
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
