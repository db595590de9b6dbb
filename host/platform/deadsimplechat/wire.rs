//! What goes over the wire: the message of a bot field by field, where it goes, its documented sizes, and how a gateway is shown
//! the key (platforms.md B1, B3).

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::API;
use crate::domain::delivery::Request;
use crate::domain::secret::Secret;
use crate::platform::{JSON, Shows};

/// The longest message, in characters.
pub const MESSAGE_CHARACTERS_MAX: usize = 1000;

/// The longest `displayText` and `id` of a button, in characters.
pub const BUTTON_CHARACTERS_MAX: usize = 100;

/// The longest `payload` of a button, in characters.
pub const PAYLOAD_CHARACTERS_MAX: usize = 1000;

/// The longest id of a bot, room, user or message that is read, in bytes; no document gives a number.
pub const ID_BYTES_MAX: usize = 256;

/// The parameter and the header that hold the key (conformance 185 and note G).
pub(super) const KEY: &str = "auth";

/// What may stand in a part of a path or in a query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// `POST /consumer/api/v2/bot/:botId/chatroom/:roomId/message`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub message: String,
    /// The message that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The one user who sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The same by the customer's own id of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_user_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub action_buttons: Vec<ActionButton>,
}

/// A button below a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionButton {
    pub display_text: String,
    pub id: String,
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(rename = "imageURL", default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    #[serde(rename = "iconURL", default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// What pressing a button does: it opens a page, or calls the bot's webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ButtonKind {
    Link,
    Action,
}

impl Message {
    /// The request that sends it into a room. Twice would be two messages.
    pub(super) fn request(&self, bot: &str, room: &str) -> serde_json::Result<Request> {
        Ok(Request {
            action: "respond",
            method: "POST",
            path: format!("{API}/bot/{}/chatroom/{}/message", part(bot), part(room)),
            body: serde_json::to_string(self)?,
            repeatable: false,
        })
    }
}

/// Whether an id can be a part of a path: within its length, and none of the two that mean another folder.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES_MAX && id != "." && id != ".."
}

fn part(id: &str) -> String {
    utf8_percent_encode(id, PLAIN).to_string()
}

/// The key stands in the query in the platform's present pages, and in a header in the seed: both are sent, since each side reads
/// the one that it knows.
pub(super) fn shows(token: &Secret) -> Shows {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
    if let Ok(mut key) = HeaderValue::from_str(token.reveal()) {
        key.set_sensitive(true);
        headers.insert(HeaderName::from_static(KEY), key);
    }
    Shows { headers, query: Some(format!("{KEY}={}", part(token.reveal()))) }
}

/// A time as the platform writes it: `2024-05-01T08:30:00.000Z`.
pub(super) fn iso_8601(ms: u64) -> String {
    let (days, ms_of_day) = (ms / 86_400_000, ms % 86_400_000);
    // Days since 0000-03-01, whose years end with their leap day, in eras of 400 years.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (seconds, ms) = (ms_of_day / 1000, ms_of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::iso_8601;

    #[test]
    fn times_are_written_as_the_platform_writes_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso_8601(ms), text);
        }
    }
}
