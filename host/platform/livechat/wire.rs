//! LiveChat on the wire: the envelope of webhooks, the methods of the Agent Chat API, and the names and sizes of both.

use crate::domain::event::{Conversation, Extra};
use crate::domain::names::ConversationKey;
use crate::platform::DecodeError;
use crate::platform::fields::{self, Fields};

/// The largest text of a message, in bytes of UTF-8 (platforms.md C4: 16 KB).
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most elements of a rich message, and the most buttons of an element (platforms.md C4).
pub(super) const ELEMENTS_MAX: usize = 10;
/// See [`ELEMENTS_MAX`].
pub(super) const BUTTONS_MAX: usize = 11;
/// The largest file, in bytes (platforms.md C4: 10 MB).
pub(super) const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// How long a bot agent's id is, in hexadecimal digits (platforms.md C2).
const BOT_ID_DIGITS: usize = 32;

/// Where files are that `upload_file` returned: the two hosts that its documented answers have had.
const CDN_HOSTS: [&str; 2] = ["cdn.livechat-static.com", "cdn.livechat-files.com"];

/// The largest number of seconds that is taken for a time: the end of the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;

/// The actions of webhooks, of v3.0 and v3.1 (platforms.md C3).
pub(super) const ACTIONS: [&str; 23] = [
    "incoming_chat_thread",
    "thread_closed",
    "access_granted",
    "access_revoked",
    "access_set",
    "chat_user_added",
    "chat_user_removed",
    "incoming_event",
    "event_updated",
    "incoming_rich_message_postback",
    "chat_properties_updated",
    "chat_properties_deleted",
    "chat_thread_properties_updated",
    "chat_thread_properties_deleted",
    "event_properties_updated",
    "event_properties_deleted",
    "chat_thread_tagged",
    "chat_thread_untagged",
    "agent_status_changed",
    "agent_deleted",
    "customer_created",
    "last_seen_timestamp_updated",
    "events_marked_as_seen",
];

/// The actions that are not about a chat, or need not be.
const WITHOUT_A_CHAT: [&str; 6] =
    ["access_granted", "access_revoked", "access_set", "agent_status_changed", "agent_deleted", "customer_created"];

/// Whether a text is a bot agent's id: 32 hexadecimal digits, small ones.
pub(super) fn is_bot_id(text: &str) -> bool {
    text.len() == BOT_ID_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a URL points to LiveChat's own files, which alone can be sent as a `file` (platforms.md C4).
pub(super) fn is_own_file(url: &str) -> bool {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    CDN_HOSTS.iter().any(|host| rest.strip_prefix(host).is_some_and(|path| path.starts_with('/') && path.len() > 1))
}

/// Which version of the API an event speaks, and so its answers (platforms.md C0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// `data` in webhooks; `payload` and `author_id` in calls.
    V30,
    /// `payload` in webhooks; bare calls with the header `X-Author-Id`.
    V31,
}

impl Version {
    /// As it stands in a path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V30 => "v3.0",
            Self::V31 => "v3.1",
        }
    }

    /// The member of a webhook that holds what happened.
    fn member(self) -> &'static str {
        match self {
            Self::V30 => "data",
            Self::V31 => "payload",
        }
    }
}

/// Who somebody is, by the id (platforms.md C2: agents have e-mail addresses, bot agents hashes, customers UUIDs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A customer.
    Customer,
    /// A human agent.
    Agent,
    /// A bot agent.
    Bot,
}

impl Who {
    /// Who has this id.
    pub(super) fn of(id: &str) -> Self {
        match id {
            _ if id.contains('@') => Self::Agent,
            _ if is_bot_id(id) => Self::Bot,
            _ => Self::Customer,
        }
    }
}

/// A webhook, opened.
pub(super) struct Envelope<'a> {
    /// What it speaks.
    pub version: Version,
    /// What happened.
    pub action: String,
    /// To whom, where, what.
    pub payload: Fields<'a>,
    /// The same as it was sent.
    pub json: &'a str,
    /// What was asked for besides, as it was sent.
    pub additional: Fields<'a>,
    /// The rest of the envelope, without the secret.
    pub rest: Vec<Extra>,
}

impl<'a> Envelope<'a> {
    /// Opens a webhook.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, DecodeError> {
        let json = fields::well_formed(body)?;
        let mut members = Fields::parse(json).ok_or_else(|| fault("$", "a webhook is a JSON object"))?;
        let action = members
            .take("action", fields::text)
            .filter(|action| !action.is_empty())
            .ok_or_else(|| fault("action", "a webhook says here what happened"))?;
        members.take("secret_key", |secret| Some(secret.get()));
        let version = if members.get("data").is_some() { Version::V30 } else { Version::V31 };
        let member = version.member();
        let held = members.take(member, |held| Some(held.get()));
        let (json, payload) = held
            .and_then(|json| Some((json, Fields::parse(json)?)))
            .ok_or_else(|| fault(member, "what happened is a JSON object here, or in data (v3.0)"))?;
        let additional = members.get("additional_data").and_then(|value| Fields::parse(value.get()));
        Ok(Self { version, action, payload, json, additional: additional.unwrap_or_default(), rest: members.drain() })
    }

    /// The chat that it is about.
    pub(super) fn chat_id(&self) -> Option<String> {
        let in_chat = || Fields::parse(self.payload.get("chat")?.get())?.get("id").and_then(fields::id);
        let of_access = || {
            let resource = self.payload.get("resource").and_then(fields::text)?;
            self.payload.get("id").filter(|_| resource == "chat").and_then(fields::id)
        };
        self.payload.get("chat_id").and_then(fields::id).or_else(in_chat).or_else(of_access)
    }

    /// The thread that it is about.
    pub(super) fn thread_id(&self) -> Option<String> {
        let in_chat = || {
            let chat = Fields::parse(self.payload.get("chat")?.get())?;
            Fields::parse(chat.get("thread")?.get())?.get("id").and_then(fields::id)
        };
        self.payload.get("thread_id").and_then(fields::id).or_else(in_chat)
    }

    /// The event that it brings, if it brings one.
    pub(super) fn event(&self) -> Fields<'a> {
        self.payload.get("event").and_then(|event| Fields::parse(event.get())).unwrap_or_default()
    }

    /// What is wrong with a member of what happened.
    pub(super) fn fault(&self, member: &str, reason: &str) -> DecodeError {
        fault(&format!("{}.{member}", self.version.member()), reason)
    }
}

/// Where an event belongs.
pub(super) struct Place {
    chat: Option<String>,
    /// The conversation.
    pub conversation: ConversationKey,
    /// What makes it the same event when it comes again.
    pub event_id: Option<String>,
}

impl Place {
    /// The place of a webhook. One that is about a chat has to name it: an answer could not be brought anywhere else.
    pub(super) fn of(envelope: &Envelope<'_>) -> Result<Self, DecodeError> {
        let action = envelope.action.as_str();
        let chat = envelope.chat_id();
        let is_known = ACTIONS.contains(&action);
        if chat.is_none() && is_known && !WITHOUT_A_CHAT.contains(&action) {
            let member = if action == "incoming_chat_thread" { "chat.id" } else { "chat_id" };
            return Err(envelope.fault(member, "must be the chat's id"));
        }
        let conversation = match &chat {
            Some(chat) => escaped(chat),
            // What is about no chat is kept in order by whom it is about. A slash stands in no chat's key.
            None => format!("{}/{}", escaped(action), escaped(&subject(&envelope.payload))),
        };
        let event_id = event_id(envelope, chat.as_deref());
        Ok(Self { chat, conversation: ConversationKey::from(conversation), event_id })
    }

    /// The chat in the contract's words.
    pub(super) fn chat(&self) -> Option<Conversation> {
        self.chat.clone().map(|uuid| Conversation {
            display_id: None,
            disposition_id: None,
            encoded_disposition_id: None,
            uuid: Some(uuid),
            extras: Vec::new(),
        })
    }
}

/// What identifies an event: what happened, the chat, the thread and, of what is said, the event's id. `webhook_id` is the
/// registration's (platforms.md C3). What can happen several times to one thing has no id: taking two for one would lose the second.
fn event_id(envelope: &Envelope<'_>, chat: Option<&str>) -> Option<String> {
    let thread = envelope.thread_id();
    let parts = match envelope.action.as_str() {
        "incoming_event" => {
            let event = envelope.event().get("id").and_then(fields::id)?;
            vec![chat?.to_owned(), thread.unwrap_or_default(), event]
        }
        "incoming_chat_thread" | "thread_closed" => vec![chat?.to_owned(), thread?],
        _ => return None,
    };
    let parts: Vec<String> = parts.iter().map(|part| escaped(part)).collect();
    Some(format!("{}/{}", envelope.action, parts.join("/")))
}

/// Whom an event without a chat is about.
fn subject(payload: &Fields<'_>) -> String {
    let customer = || Fields::parse(payload.get("customer")?.get())?.get("id").and_then(fields::id);
    let named = ["agent_id", "id", "user_id"].iter().find_map(|name| payload.get(name).and_then(fields::id));
    named.or_else(customer).unwrap_or_default()
}

/// A part of a key: slashes join the parts.
fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}

fn fault(path: &str, reason: &str) -> DecodeError {
    DecodeError { path: path.to_owned(), reason: reason.to_owned() }
}

/// When an event was made, in milliseconds since 1970-01-01 UTC: `timestamp` in seconds (v3.0) or `created_at` by RFC 3339 (v3.1).
/// Both stay where they are: the latter counts microseconds.
pub(super) fn made_ms(event: &Fields<'_>) -> Option<u64> {
    let seconds = event.get("timestamp").and_then(fields::whole).filter(|seconds| *seconds <= SECONDS_MAX);
    seconds.map(|seconds| seconds * 1000).or_else(|| rfc3339_ms(&event.get("created_at").and_then(fields::text)?))
}

/// A time by RFC 3339, such as `2017-10-12T15:19:21.010200Z`.
fn rfc3339_ms(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let at = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|byte| allowed.contains(byte));
    if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sane = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let rest = text.get(19..).filter(|_| sane)?;
    let digits = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let zone = digits.map_or(rest, |digits| &rest[digits + 1..]);
    // Milliseconds are the first three digits of the fraction.
    let milliseconds = digits.map_or(Some(0), |digits| {
        let shown = &rest[1..=digits.min(3)];
        format!("{shown:0<3}").parse::<i64>().ok().filter(|_| digits > 0)
    })?;
    let days = days_since_1970(year, month, day);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_s(zone)?;
    u64::try_from(seconds * 1000 + milliseconds).ok()
}

/// `Z`, or `+hh:mm` and `-hh:mm`, in seconds.
fn offset_s(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, zone) = match zone.split_at_checked(1)? {
        ("+", zone) => (1, zone),
        ("-", zone) => (-1, zone),
        _ => return None,
    };
    let (hours, minutes) = zone.split_once(':')?;
    let number = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2).map(i64::from);
    Some(sign * (number(hours)? * 3600 + number(minutes)? * 60))
}

/// Days in the calendar as it is today, by Howard Hinnant's `days_from_civil`: years begin in March, so that the day that is
/// not in every year is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Who, is_own_file, rfc3339_ms};

    #[test]
    fn times_are_read_in_milliseconds() {
        assert_eq!(rfc3339_ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(rfc3339_ms("2017-10-12T15:19:21.010200Z"), Some(1_507_821_561_010));
        assert_eq!(rfc3339_ms("2017-10-12T17:19:21.01+02:00"), Some(1_507_821_561_010));
        assert_eq!(rfc3339_ms("2020-02-29t23:59:59z"), Some(1_583_020_799_000));
        for wrong in
            ["", "2017-10-12", "2017-10-12T15:19:21", "2017-13-12T15:19:21Z", "2017-10-12T15:19:21.Z", "ü017-10-12T15"]
        {
            assert_eq!(rfc3339_ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_tell_who_somebody_is() {
        assert_eq!(Who::of("smith@example.com"), Who::Agent);
        assert_eq!(Who::of("5c9871d5372c824cbf22d860a707a578"), Who::Bot);
        assert_eq!(Who::of("b7eff798-f8df-4364-8059-649c35c9ed0c"), Who::Customer);
    }

    #[test]
    fn only_livechats_own_files_are_files() {
        assert!(is_own_file("https://cdn.livechat-files.com/api/file/lc/att/1/a.png"));
        for other in ["https://cdn.livechat-files.com.evil.example/a", "http://cdn.livechat-files.com/a", "https://a/b"]
        {
            assert!(!is_own_file(other), "{other}");
        }
    }
}
