//! A customer in a LiveChat, told of in the envelope of v3.0 (platforms.md C3, C6).

use serde_json::{Value, json};

use crate::simulator::customer::{Customer, Happening, Place};

/// The human agent.
const AGENT: &str = "ann@example.com";

/// Writes webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Writes;

impl Customer for Writes {
    fn platform(&self) -> &'static str {
        "livechat"
    }

    fn webhook(&self, place: &Place, happening: &Happening, number: u64, now_ms: u64) -> Option<Value> {
        let chat = Chat { place, number, now_ms };
        let (action, data) = match happening {
            // The first word comes with the chat that it begins.
            Happening::Says(text) if number == 1 => chat.begins(&[chat.message(&place.customer, text)]),
            Happening::Says(text) => chat.event(&chat.message(&place.customer, text)),
            Happening::Presses { text, payload, is_reply: true } | Happening::Picks { title: text, id: payload } => {
                let mut event = chat.message(&place.customer, text);
                event["postback"] = json!({ "id": payload, "thread_id": chat.thread(), "event_id": "offer", "type": "message", "value": text });
                chat.event(&event)
            }
            Happening::Presses { payload, .. } => (
                "incoming_rich_message_postback",
                json!({
                    "user_id": place.customer, "chat_id": chat.id(), "thread_id": chat.thread(),
                    "event_id": format!("offer-{number}"), "postback": { "id": payload, "toggled": true },
                }),
            ),
            Happening::Begins => chat.begins(&[]),
            Happening::Ends => {
                ("thread_closed", json!({ "chat_id": chat.id(), "thread_id": chat.thread(), "user_id": AGENT }))
            }
            Happening::AgentSays(text) => chat.event(&chat.message(AGENT, text)),
            Happening::AgentTakes => chat.joins(AGENT),
            Happening::BotTakes => chat.joins(&place.bot),
            Happening::Other(kind) => (kind.as_str(), json!({ "chat_id": chat.id(), "thread_id": chat.thread() })),
        };
        Some(json!({ "webhook_id": "wh-1", "secret_key": place.secret, "action": action, "data": data }))
    }
}

struct Chat<'a> {
    place: &'a Place,
    number: u64,
    now_ms: u64,
}

impl Chat<'_> {
    fn id(&self) -> String {
        format!("PJ-{}", self.place.customer)
    }

    fn thread(&self) -> String {
        format!("K6-{}", self.place.customer)
    }

    fn message(&self, author: &str, text: &str) -> Value {
        json!({
            "id": format!("{}_{}", self.thread(), self.number), "order": self.number, "timestamp": self.now_ms / 1000,
            "type": "message", "text": text, "author_id": author, "recipients": "all",
        })
    }

    fn event(&self, event: &Value) -> (&'static str, Value) {
        ("incoming_event", json!({ "chat_id": self.id(), "thread_id": self.thread(), "event": event }))
    }

    fn begins(&self, events: &[Value]) -> (&'static str, Value) {
        let Place { customer, name, bot, .. } = self.place;
        let chat = json!({
            "id": self.id(),
            "users": [
                { "id": customer, "type": "customer", "name": name, "present": true },
                { "id": bot, "type": "agent", "name": "Concierge", "present": true },
            ],
            "properties": { "source": { "type": { "value": "livechat" } } },
            "access": { "group_ids": [0] },
            "thread": { "id": self.thread(), "order": 1, "timestamp": self.now_ms / 1000, "events": events },
        });
        ("incoming_chat_thread", json!({ "chat": chat }))
    }

    fn joins(&self, agent: &str) -> (&'static str, Value) {
        let user = json!({ "id": agent, "type": "agent", "name": "Ann", "present": true });
        let data = json!({
            "chat_id": self.id(), "thread_id": self.thread(), "user": user, "user_type": "agent", "number": self.number,
        });
        ("chat_user_added", data)
    }
}
