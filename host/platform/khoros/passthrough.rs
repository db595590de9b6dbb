//! What a passthrough may hold: JSON in a string, for the network's provider (conformance 123-127).

use serde_json::Value;

use crate::domain::validate::Refusal;

/// How Apple's extensions are named; nothing else in a passthrough of any provider is.
const EXTENSION: &str = "com.apple.messages.MSMessageExtensionBalloonPlugin:";

/// Why a passthrough may not be sent.
#[derive(Debug)]
pub(super) struct Fault {
    rule: &'static str,
    source: &'static str,
    reason: String,
}

impl Fault {
    /// The refusal of the passthrough at a path.
    pub(super) fn refusal(self, path: String) -> Refusal {
        let Self { rule, source, reason } = self;
        Refusal { path, rule, reason, source }
    }
}

/// Checks the text: an object or a list, and an extension of Apple's on Apple's network only (conformance 79);
/// `None` where the network is not known.
pub(super) fn check(json: &str, network: Option<&str>) -> Result<(), Fault> {
    let fault = |rule, source, reason| Err(Fault { rule, source, reason });
    let held = match serde_json::from_str(json) {
        Ok(held @ (Value::Object(_) | Value::Array(_))) => held,
        Ok(_) => return fault("passthrough", "conformance 125", "must hold a JSON object or array".to_owned()),
        Err(error) => {
            return fault("passthrough", "conformance 125", format!("must hold a JSON object or array: {error}"));
        }
    };
    let extension = held.get("bid").and_then(Value::as_str).is_some_and(|bid| bid.starts_with(EXTENSION));
    if extension && network.is_some_and(|network| network != "apple") {
        return fault("extension", "conformance 79", "a custom extension is for the network apple only".to_owned());
    }
    Ok(())
}
