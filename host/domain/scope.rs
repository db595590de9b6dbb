//! What a key may do.

use std::collections::BTreeSet;
use std::fmt;

/// Something that a key may be allowed to do. The names of the host's own are one word; a platform's are as the platform
/// documents them (LiveChat: `agents-bot--my:rw`, platforms.md C1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(&'static str);

/// Every scope, with what it allows.
pub const SCOPES: &[(Scope, &str)] = &[
    (Scope::ADMIN, "Make and remove tenants and their keys; everything else within the key's own tenant."),
    (Scope::MANAGE, "Keys and gateways of the tenant; a key that it makes may not do more than it may itself."),
    (Scope::DEPLOY, "Upload, activate, roll back and delete modules; pin bots to versions."),
    (
        Scope::READ,
        "Read everything of the tenant but secrets: modules, bots, events, deliveries, the log, the audit log.",
    ),
    (Scope::OPERATE, "Retry events and deliveries, drop deliveries."),
    (Scope::REPLAY, "Run recorded events again without sending anything; read what they depended on."),
    (Scope::BOTS, "The platforms' own APIs where they know no scopes: Khoros registrations."),
    (Scope("agents-bot--my:ro"), "Read the bots of the key's client_id."),
    (Scope("agents-bot--my:rw"), "Read and change the bots of the key's client_id."),
    (Scope("agents-bot--all:ro"), "Read all bots of the tenant."),
    (Scope("agents-bot--all:rw"), "Read all bots of the tenant and delete them."),
    (Scope("webhooks--my:ro"), "Read the webhooks of the key's client_id."),
    (Scope("webhooks--my:rw"), "Read and change the webhooks of the key's client_id."),
    (Scope("webhooks--all:ro"), "Read all webhooks of the tenant."),
    (Scope("webhooks--all:rw"), "Read all webhooks of the tenant and delete them."),
];

impl Scope {
    /// The operator of the host.
    pub const ADMIN: Self = Self("admin");
    /// Keys and gateways.
    pub const MANAGE: Self = Self("manage");
    /// Modules.
    pub const DEPLOY: Self = Self("deploy");
    /// Reading.
    pub const READ: Self = Self("read");
    /// Trying again.
    pub const OPERATE: Self = Self("operate");
    /// Replaying.
    pub const REPLAY: Self = Self("replay");
    /// Registrations.
    pub const BOTS: Self = Self("bots");

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Finds a scope by its name.
    ///
    /// # Errors
    /// Lists the scopes that there are.
    pub fn parse(name: &str) -> Result<Self, String> {
        let known = SCOPES.iter().map(|(scope, _)| *scope).find(|scope| scope.0 == name);
        known.ok_or_else(|| {
            let names: Vec<_> = SCOPES.iter().map(|(scope, _)| scope.0).collect();
            format!("there is no scope {name:?}; the scopes are {}", names.join(", "))
        })
    }

    /// Whether a key with this scope may do what `other` allows. `admin` contains every scope; of a platform's, `rw` contains
    /// `ro` and `all` contains `my` (platforms.md C1).
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        if self == Self::ADMIN || self == other {
            return true;
        }
        let (Some(ours), Some(theirs)) = (self.parts(), other.parts()) else { return false };
        let reach = ours.1 == theirs.1 || (ours.1, theirs.1) == ("all", "my");
        let mode = ours.2 == theirs.2 || (ours.2, theirs.2) == ("rw", "ro");
        ours.0 == theirs.0 && reach && mode
    }

    /// Resource, reach and mode of a platform's scope.
    fn parts(self) -> Option<(&'static str, &'static str, &'static str)> {
        let (resource, rest) = self.0.split_once("--")?;
        let (reach, mode) = rest.split_once(':')?;
        Some((resource, reach, mode))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a key may do altogether.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Reads names.
    ///
    /// # Errors
    /// At the first that is no scope, with the list of those that are.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        names.into_iter().map(Scope::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether any of them allows it.
    #[must_use]
    pub fn allow(&self, wanted: Scope) -> bool {
        self.0.iter().any(|scope| scope.contains(wanted))
    }

    /// The first of `wanted` that these do not allow.
    #[must_use]
    pub fn lacking(&self, wanted: &Self) -> Option<Scope> {
        wanted.0.iter().copied().find(|scope| !self.allow(*scope))
    }

    /// Each of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{SCOPES, Scope, Scopes};

    fn scope(name: &str) -> Scope {
        Scope::parse(name).unwrap()
    }

    #[test]
    fn a_scope_contains_what_is_less() {
        assert!(SCOPES.iter().all(|(other, _)| Scope::ADMIN.contains(*other)));
        assert!(scope("agents-bot--all:rw").contains(scope("agents-bot--my:ro")));
        assert!(scope("agents-bot--my:rw").contains(scope("agents-bot--my:ro")));
        for (ours, theirs) in [
            ("agents-bot--my:rw", "agents-bot--all:ro"),
            ("agents-bot--all:ro", "agents-bot--my:rw"),
            ("agents-bot--all:rw", "webhooks--my:ro"),
            ("manage", "admin"),
            ("read", "deploy"),
            ("agents-bot--all:rw", "read"),
        ] {
            assert!(!scope(ours).contains(scope(theirs)), "{ours} contains {theirs}");
        }
    }

    #[test]
    fn what_is_lacking_is_named() {
        let ours = Scopes::parse(["manage", "read"]).unwrap();
        assert_eq!(ours.lacking(&Scopes::parse(["read"]).unwrap()), None);
        assert_eq!(ours.lacking(&Scopes::parse(["read", "deploy"]).unwrap()), Some(Scope::DEPLOY));
        assert!(Scopes::parse(["reed"]).unwrap_err().contains("admin, manage"));
    }
}
