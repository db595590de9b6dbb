//! A customer on a network of Khoros' (seed 002; platforms.md A3, A5, A11).

use serde_json::{Value, json};

use crate::simulator::customer::{Customer, Happening, Place};

/// The customer's account in samples.
const COMPANY: &str = "exampleinc";

/// Writes webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Writes;

impl Customer for Writes {
    fn platform(&self) -> &'static str {
        "khoros"
    }

    fn webhook(&self, place: &Place, happening: &Happening, number: u64, now_ms: u64) -> Option<Value> {
        let (says, update) = (|text: &str| message(place, number, now_ms, text), |kind| update(place, number, kind));
        Some(match happening {
            Happening::Says(text) => says(text),
            Happening::Presses { text, payload, is_reply } => {
                let mut event = says(text);
                let kind = if *is_reply { "reply" } else { "postback" };
                event["actions"] = json!([{ "type": kind, "payload": payload, "text": text }]);
                event
            }
            // Only Apple has lists (conformance 78); elsewhere the host has made buttons of one.
            Happening::Picks { id, title } if place.network != "apple" => {
                let mut event = says(title);
                event["actions"] = json!([{ "type": "reply", "payload": id, "text": title }]);
                event
            }
            Happening::Picks { id, title } => {
                let mut event = says("");
                event["list"] = json!({ "selected": [{ "id": id, "title": title }] });
                event
            }
            Happening::Begins => update("CREATED"),
            Happening::Ends => update("CLOSED"),
            Happening::AgentSays(text) => {
                let mut event = update("AGENT_RESPONSE");
                event["agentResponse"] = json!({ "text": text, "publishDate": now_ms });
                event
            }
            Happening::AgentTakes => control(place, number, now_ms, &json!({ "type": "AGENT" })),
            Happening::BotTakes => control(place, number, now_ms, &json!({ "type": "BOT", "appId": place.bot })),
            Happening::Other(kind) => update(kind),
        })
    }
}

/// Who holds the conversation is not said: the host knows it, or takes it for the bot's.
fn message(place: &Place, number: u64, now_ms: u64, text: &str) -> Value {
    json!({
        "coordinate": coordinate(place, number), "text": text,
        "author": { "id": place.customer, "fullName": place.name, "properties": {} },
        "publishedTS": now_ms, "receivedTS": now_ms, "properties": {}, "type": "message",
    })
}

fn update(place: &Place, number: u64, operation: &str) -> Value {
    json!({
        "coordinate": coordinate(place, number),
        "author": { "id": place.customer, "fullName": place.name },
        "operation": operation,
        "conversation": { "displayId": 123, "dispositionId": 2, "encodedDispositionId": 0, "conversationUuid": "3de" },
        "type": "update",
    })
}

fn control(place: &Place, number: u64, now_ms: u64, owner: &Value) -> Value {
    json!({
        "coordinate": coordinate(place, number),
        "author": { "id": place.customer, "fullName": place.name },
        "owner": owner, "conversationDisplayId": "123", "lastUpdateTS": now_ms, "type": "control",
    })
}

fn coordinate(place: &Place, number: u64) -> Value {
    json!({
        "companyKey": COMPANY, "networkKey": place.network, "externalId": place.channel,
        "messageId": format!("{}-{number}", place.customer), "botId": place.bot, "scope": "PRIVATE",
        "normalizedAuthorId": place.customer,
    })
}
