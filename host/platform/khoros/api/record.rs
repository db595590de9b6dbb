//! The stored registration as reads show it (conformance 4-10; platforms.md A4).

use serde_json::{Map, Value, json};

use crate::domain::bot::{Bot, Encoding, Mode, Scheme};

/// What a shown record has in place of the secret. The sealed form would tell nothing more to whoever may read it, and more to whoever
/// may not: `secretIV` is there (conformance 6, 7) and empty.
pub(super) const MASK: &str = "********";

/// The same bot in another mode.
pub(super) fn with_mode(bot: &Bot, mode: Mode, now_ms: u64) -> Bot {
    let mut registration = members(bot);
    registration.insert("mode".to_owned(), mode.name().into());
    Bot { mode, registration: Value::Object(registration).to_string(), updated_ms: now_ms, ..bot.clone() }
}

/// The record of a bot. `credentials` and `contact` are JSON within a string, as the platform has them (conformance 5, 6);
/// the secret is never among them.
pub(super) fn record(bot: &Bot) -> Value {
    let registration = members(bot);
    let field = |name: &str| registration.get(name).cloned();
    let text = |name: &str| field(name).unwrap_or_else(|| Value::from(""));
    let in_maintenance = u8::from(bot.mode == Mode::Maintenance);
    let mut record = json!({
        "hashKey": bot.id.as_str(),
        "appId": bot.platform_id,
        "autoResponse": 0,
        "avatarS3Key": "",
        "avatarUrl": text("avatarUrl"),
        "callbackUrl": text("callbackUrl"),
        "companyKey": text("companyKey"),
        "contact": field("contact").unwrap_or_else(|| json!({})).to_string(),
        "createdTS": bot.created_ms,
        "createdEpochMillis": bot.created_ms,
        "credentials": credentials(bot).to_string(),
        "externalId": bot.channel,
        "internalBot": 0,
        "lastUpdatedTS": bot.updated_ms,
        "lastUpdatedEpochMillis": bot.updated_ms,
        "maintenanceMode": in_maintenance,
        "mode": text("mode"),
        "name": text("name"),
        "networkInstance": text("networkInstance"),
        "networkKey": bot.network,
        "platform": text("platform"),
        "version": 2,
    });
    for optional in ["publicFilter", "metadata"] {
        if let (Some(value), Some(record)) = (field(optional), record.as_object_mut()) {
            record.insert(optional.to_owned(), value);
        }
    }
    record
}

fn credentials(bot: &Bot) -> Value {
    let identity = &bot.credentials.identity;
    let signature = match &bot.credentials.scheme {
        Scheme::Basic => {
            return json!({"type": "BASIC_AUTH", "identity": identity, "secret": MASK, "secretIV": ""});
        }
        Scheme::StandardWebhooks => json!({"profile": "standard-webhooks"}),
        Scheme::BodySha256 { header, encoding } => {
            let encoding = match encoding {
                Encoding::Hex => "hex",
                Encoding::Base64 => "base64",
            };
            json!({"profile": "body-sha256", "header": header, "encoding": encoding})
        }
    };
    json!({"type": "HMAC", "identity": identity, "secret": MASK, "secretIV": "", "signature": signature})
}

fn members(bot: &Bot) -> Map<String, Value> {
    serde_json::from_str(&bot.registration).unwrap_or_default()
}
