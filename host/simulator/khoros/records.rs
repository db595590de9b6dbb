//! The simulated service's request records (platforms.md A8).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Call, refusal};
use super::{RequestState, SimulatedKhoros};

/// What is remembered of a bot's call.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) state: RequestState,
    pub(super) created_ms: u64,
    pub(super) payload: Value,
}

impl Record {
    fn json(&self) -> Value {
        let coordinate = &self.payload["coordinate"];
        json!({
            "id": self.id, "companyKey": coordinate["companyKey"], "networkKey": coordinate["networkKey"],
            "externalId": coordinate["externalId"], "appId": coordinate["botId"], "origin": "BOT",
            "state": self.state.name(), "details": {"message": format!("simulated {}", self.state.name())},
            "payload": self.payload, "createdEpochMillis": self.created_ms, "lastUpdatedEpochMillis": self.created_ms,
        })
    }
}

/// Answers a call that asks for records; nothing when it asks for something else.
pub(super) fn answer(service: &SimulatedKhoros, call: &Call) -> Option<Answer> {
    let asked = call.path.strip_prefix("/bots/v3/request/").filter(|_| call.method == Method::GET)?;
    let memory = service.memory();
    let Some(app) = asked.strip_prefix("appId/") else {
        let record = memory.records.iter().find(|record| record.id == asked);
        return Some(match record {
            Some(record) => Answer::new(StatusCode::OK, json!({"data": record.json()})),
            None => refusal(StatusCode::NOT_FOUND, &format!("{asked} not found")),
        });
    };
    let member = |name: &str| call.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let Some(from_ms) = from_ms(member("from").unwrap_or("1d")) else {
        return Some(refusal(StatusCode::BAD_REQUEST, "Incorrect syntax in \"from\""));
    };
    let since_ms = super::now_ms().saturating_sub(from_ms);
    let ours = memory.records.iter().filter(|record| {
        record.created_ms >= since_ms
            && record.payload["coordinate"]["botId"].as_str() == Some(app)
            && member("origin").is_none_or(|origin| origin == "BOT")
    });
    let ours: Vec<Value> = ours.map(Record::json).collect();
    Some(Answer::new(StatusCode::OK, json!({ "data": ours })))
}

/// `<n><m|h|d>`, at most 31 days.
fn from_ms(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    let minutes = number.parse::<u64>().ok()?.checked_mul(minutes)?;
    (minutes <= 31 * 24 * 60).then_some(minutes * 60 * 1000)
}
