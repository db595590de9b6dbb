//! The calls that a bot makes: where they go, and their bodies, field by field as documented (seed 001; platforms.md A6, A7).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::action::{Action, ListStyle};
use crate::domain::delivery::Request;
use crate::domain::event::MediaKind;

/// A call: how and where it goes, and what its `type` says.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub method: &'static str,
    /// Below the API's prefix.
    pub path: &'static str,
    pub kind: &'static str,
    /// Whether twice is the same as once. A second message, note or form is seen by somebody; all else sets what is set already.
    pub repeatable: bool,
}

impl Endpoint {
    /// The request that goes there.
    pub(super) fn request(&self, action: &Action, body: String) -> Request {
        Request {
            action: action.kind(),
            method: self.method,
            path: format!("/bots/v3/{}", self.path),
            body,
            repeatable: self.repeatable,
        }
    }
}

pub(super) static MESSAGE: Endpoint = post("respond", "message", false);
pub(super) static TYPING_START: Endpoint = post("respond", "typing_start", true);
pub(super) static TYPING_STOP: Endpoint = post("respond", "typing_stop", true);
pub(super) static CONTROL: Endpoint = put("control", "control");
pub(super) static PRIORITY: Endpoint = put("priority", "priority");
pub(super) static NOTE: Endpoint = Endpoint { repeatable: false, ..put("note", "note") };
pub(super) static TAG: Endpoint = put("tag", "tag");
pub(super) static UNTAG: Endpoint = put("tag/remove", "remove_tag");
pub(super) static WORK_QUEUE: Endpoint = put("workqueue", "workqueue");
pub(super) static RESOLVE: Endpoint = put("resolve", "resolve");
pub(super) static ATTRIBUTES: Endpoint = put("authors/attributes", "author_attributes");
pub(super) static AUTHOR: Endpoint = put("authors", "author_update");
pub(super) static FORM: Endpoint = post("form", "secure_form", false);

const fn post(path: &'static str, kind: &'static str, repeatable: bool) -> Endpoint {
    Endpoint { method: "POST", path, kind, repeatable }
}

const fn put(path: &'static str, kind: &'static str) -> Endpoint {
    Endpoint { method: "PUT", path, kind, repeatable: true }
}

/// The sizes of a preview picture (conformance 104).
pub(super) const STYLES: [ListStyle; 3] = [ListStyle::Large, ListStyle::Small, ListStyle::Icon];

/// The platform's name of a size.
pub(super) fn style(style: ListStyle) -> &'static str {
    match style {
        ListStyle::Large => "LARGE",
        ListStyle::Small => "SMALL",
        ListStyle::Icon => "ICON",
    }
}

/// What a `mediaType` means (platforms.md A5).
pub(super) fn media_kind(name: String) -> MediaKind {
    match name.as_str() {
        "IMAGE" => MediaKind::Image,
        "VIDEO" => MediaKind::Video,
        _ => MediaKind::Other(name),
    }
}

/// The platform's name of a kind of media.
pub(super) fn media_type(kind: &MediaKind) -> &str {
    match kind {
        MediaKind::Image => "IMAGE",
        MediaKind::Video => "VIDEO",
        MediaKind::Other(kind) => kind,
    }
}

/// What every call carries, and the call's own fields.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a, T> {
    /// Echoed as the event had it, to the byte (platforms.md A5).
    pub coordinate: &'a RawValue,
    pub author: Author<'a>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(flatten)]
    pub rest: T,
}

/// The customer, as the event named them (conformance 96).
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Author<'a> {
    pub id: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<&'a RawValue>,
}

/// `type` is all that the call says.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// `POST /respond` with type `message`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Respond<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Button<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<List<'a>>,
    /// Exactly one (conformance 110).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<[Media<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rich_content: Option<RichContent<'a>>,
    /// Stays a string (conformance 125).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<&'a str>,
    /// With buttons only, like the two times (conformance 121, 135, 136).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<&'a RawValue>,
    #[serde(rename = "publishedTS", skip_serializing_if = "Option::is_none")]
    pub published_ts: Option<&'a RawValue>,
    #[serde(rename = "receivedTS", skip_serializing_if = "Option::is_none")]
    pub received_ts: Option<&'a RawValue>,
}

/// One of `actions` (conformance 92, 93).
#[derive(Debug, Serialize)]
pub(super) struct Button<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub payload: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
}

/// A list picker (conformance 102-108).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<'a> {
    pub request_message: ListMessage<'a>,
    pub response_message: ListMessage<'a>,
    pub sections: Vec<ListSection<'a>>,
}

/// A bubble around a list, or a choice in it.
#[derive(Debug, Serialize)]
pub(super) struct ListMessage<'a> {
    pub title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media<'a>>,
    /// Left out unless the bot said one: the platform's own default then applies (conformance 105).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<&'static str>,
}

/// A part of a list (conformance 106).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListSection<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub multiple_selection: bool,
    pub choices: Vec<ListChoice<'a>>,
}

/// Something to pick (conformance 107).
#[derive(Debug, Serialize)]
pub(super) struct ListChoice<'a> {
    pub id: &'a str,
    pub message: ListMessage<'a>,
}

/// A medium by reference (conformance 114).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Media<'a> {
    pub url: &'a str,
    pub media_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
}

/// A preview of a page (conformance 120).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RichContent<'a> {
    pub media_type: &'a str,
    pub url: &'a str,
    pub title: &'a str,
    pub media_url: &'a str,
    pub mime_type: &'a str,
}

/// `PUT /control`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Control<'a> {
    pub owner: Owner<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_display_id: Option<&'a RawValue>,
}

/// Who shall hold the conversation; a BOT is named (conformance 159).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<&'a str>,
}

/// `PUT /priority`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Priority {
    pub new_priority: u8,
}

/// `PUT /note`.
#[derive(Debug, Serialize)]
pub(super) struct Note<'a> {
    pub note: &'a str,
}

/// `PUT /tag` and `PUT /tag/remove`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tags {
    pub entity_type: &'static str,
    pub tag_ids: Vec<u64>,
}

/// `PUT /workqueue`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkQueue<'a> {
    pub new_work_queue: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_display_id: Option<&'a RawValue>,
}

/// `PUT /resolve`.
#[derive(Debug, Serialize)]
pub(super) struct Resolve<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<&'a str>,
}

/// `PUT /authors/attributes`.
#[derive(Debug, Serialize)]
pub(super) struct AuthorAttributes {
    pub payload: Attributes,
}

/// What `PUT /authors/attributes` sets.
#[derive(Debug, Serialize)]
pub(super) struct Attributes {
    /// Each name with its list of values, in the bot's order.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// `POST /form`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecureForm<'a> {
    pub comment: &'a RawValue,
    pub secure_form_id: &'a RawValue,
}
