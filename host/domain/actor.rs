//! Who did something that is written down.

const OPERATOR: &str = "operator";

/// Who changed something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `key:<public id>`, or `operator` for whoever may write to the host's own files.
    pub name: String,
    /// An address, or a path of the host's machine.
    pub origin: String,
}

impl Actor {
    /// The operator, at a file or directory of the host's machine.
    #[must_use]
    pub fn operator(origin: impl Into<String>) -> Self {
        Self { name: OPERATOR.to_owned(), origin: origin.into() }
    }

    /// The host itself, in its tenants' service: it keeps their tokens for gateways fresh.
    #[must_use]
    pub fn host() -> Self {
        Self { name: "host".to_owned(), origin: "this host".to_owned() }
    }

    /// Whether it is the operator.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.name == OPERATOR
    }
}
