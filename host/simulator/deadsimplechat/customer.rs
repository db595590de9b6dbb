//! A customer in a room of DeadSimpleChat (platforms.md B4).

use serde_json::{Value, json};

use crate::simulator::customer::{Customer, Happening, Place};

/// Writes webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Writes;

impl Customer for Writes {
    fn platform(&self) -> &'static str {
        "deadsimplechat"
    }

    fn webhook(&self, place: &Place, happening: &Happening, number: u64, _now_ms: u64) -> Option<Value> {
        let mut event = json!({
            "triggeredBy": "message",
            "bot": { "_id": place.bot, "name": "Concierge" },
            "chatRoom": { "_id": "65bb02", "name": "Lobby", "roomId": place.channel },
            "user": { "_id": place.customer, "username": place.name, "uniqueUserIdentifier": "" },
        });
        match happening {
            Happening::Says(text) => {
                let message = json!({ "_id": format!("{}-{number}", place.customer), "message": text });
                event["messageHistory"] = json!([&message]);
                event["message"] = message;
            }
            Happening::Presses { text, payload, .. } | Happening::Picks { title: text, id: payload } => {
                event["triggeredBy"] = "action".into();
                event["action"] = json!({ "id": payload, "payload": payload, "displayText": text, "number": number });
            }
            Happening::Other(kind) => event["triggeredBy"] = kind.as_str().into(),
            // Rooms neither begin nor end, and there are no agents.
            Happening::Begins
            | Happening::Ends
            | Happening::AgentSays(_)
            | Happening::AgentTakes
            | Happening::BotTakes => return None,
        }
        Some(event)
    }
}
