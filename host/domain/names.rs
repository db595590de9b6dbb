//! The names of things: one type for each, so that a tenant can never be passed where a module is meant.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name! {
    /// Whose bots, modules and secrets these are: `[a-z0-9][a-z0-9_-]{0,62}`; see [`TenantName::parse`].
    TenantName
}
name! {
    /// A module's name within its tenant: `[a-z0-9][a-z0-9_-]{0,62}`; see [`ModuleName::parse`].
    ModuleName
}
name! {
    /// The host's own id of a bot; unguessable, because a platform's webhook URL ends in it (Khoros: `hashKey`).
    BotId
}
name! {
    /// The public part of a key: it may be shown, and finds the key without telling anything of its secret.
    KeyId
}
name! {
    /// What identifies a conversation within its bot: made by the platform's decoder.
    ConversationKey
}
name! {
    /// The SHA-256 of a module's bytes, in lower-case hexadecimal.
    Digest
}

/// Numbers an accepted event; later events have greater numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub i64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The longest name of a tenant or a module, in bytes.
pub const NAME_BYTES_MAX: usize = 63;

impl TenantName {
    /// Reads a tenant's name. It becomes the name of a directory.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        file_name("a tenant's name", text).map(Self::from)
    }
}

impl ModuleName {
    /// Reads a module's name. It becomes a file name and a part of a URL, so it is held to letters that are safe in both.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        file_name("a module's name", text).map(Self::from)
    }
}

fn file_name<'a>(what: &str, text: &'a str) -> Result<&'a str, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return Err(format!("{what} has 1 to {NAME_BYTES_MAX} characters, this one {}", text.len()));
    }
    if !text.chars().all(allowed) || !text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) {
        return Err(format!("{what} is made of a-z, 0-9, - and _ and starts with a letter or digit: {text:?}"));
    }
    Ok(text)
}
