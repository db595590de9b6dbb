//! Checks the bodies of a bot's calls against the documents (seed 001; platforms.md A5-A7).

use serde_json::Value;

mod message;

/// Networks with typing indicators (conformance 81; `smooch` by note A).
const TYPING_NETWORKS: [&str; 5] = ["brandmessenger", "smooch", "facebook", "googlemessages", "apple"];

/// What a bot can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `POST /respond`.
    Respond,
    /// `PUT /control`.
    Control,
    /// `PUT /priority`.
    Priority,
    /// `PUT /note`.
    Note,
    /// `PUT /tag`.
    Tag,
    /// `PUT /tag/remove`.
    Untag,
    /// `PUT /workqueue`.
    WorkQueue,
    /// `PUT /resolve`.
    Resolve,
    /// `PUT /authors/attributes`.
    Attributes,
    /// `PUT /authors`.
    Author,
    /// `POST /form`.
    Form,
}

impl Action {
    /// The call of a method and path, where there is one.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Option<Self> {
        Some(match (method, path.strip_prefix("/bots/v3/")?) {
            ("POST", "respond") => Self::Respond,
            ("PUT", "control") => Self::Control,
            ("PUT", "priority") => Self::Priority,
            ("PUT", "note") => Self::Note,
            ("PUT", "tag") => Self::Tag,
            ("PUT", "tag/remove") => Self::Untag,
            ("PUT", "workqueue") => Self::WorkQueue,
            ("PUT", "resolve") => Self::Resolve,
            ("PUT", "authors/attributes") => Self::Attributes,
            ("PUT", "authors") => Self::Author,
            ("POST", "form") => Self::Form,
            _ => return None,
        })
    }

    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Respond => &["message", "typing_start", "typing_stop"],
            Self::Control => &["control"],
            Self::Priority => &["priority"],
            Self::Note => &["note"],
            Self::Tag => &["tag"],
            Self::Untag => &["remove_tag"],
            Self::WorkQueue => &["workqueue"],
            Self::Resolve => &["resolve"],
            Self::Attributes => &["author_attributes"],
            Self::Author => &["author_update"],
            Self::Form => &["secure_form"],
        }
    }
}

/// Everything that is wrong with a call's body; nothing when it is right.
#[must_use]
pub fn body(action: Action, body: &Value) -> Vec<String> {
    let mut found = Violations { body, texts: Vec::new() };
    if !body.is_object() {
        return vec!["the body is not a JSON object".to_owned()];
    }
    found.envelope();
    let kind = found.one_of("/type", action.types()).unwrap_or_default();
    match action {
        Action::Respond if kind == "message" => message::check(&mut found),
        Action::Respond => found.typing(),
        Action::Control => found.control(),
        Action::Priority => {
            found.require(body["newPriority"].as_u64().is_some_and(|level| level <= 5), "newPriority must be 0 to 5");
        }
        Action::Note => {
            found.text("/note");
        }
        Action::Tag | Action::Untag => {
            found.one_of("/entityType", &["POST"]);
            let ids = body["tagIds"].as_array();
            let whole = ids.is_some_and(|ids| !ids.is_empty() && ids.iter().all(Value::is_u64));
            found.require(whole, "tagIds must be a list of whole numbers");
        }
        Action::WorkQueue => {
            found.require(body["newWorkQueue"].is_u64(), "newWorkQueue may not be null");
            found.optional_text("/comment");
        }
        Action::Resolve => found.optional_text("/comment"),
        Action::Attributes => found.attributes(),
        Action::Author => {
            let properties = &body["properties"];
            found.require(properties.is_null() || properties.is_object(), "properties must be an object");
            found.optional_text("/updatedName");
        }
        Action::Form => {
            found.text("/comment");
            let id = &body["secureFormId"];
            found.require(id.is_u64() || id.as_str().is_some_and(|id| !id.is_empty()), "secureFormId may not be empty");
        }
    }
    found.texts
}

/// A body and what was found wrong with it.
struct Violations<'a> {
    body: &'a Value,
    texts: Vec<String>,
}

impl<'a> Violations<'a> {
    fn require(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.texts.push(otherwise.to_owned());
        }
    }

    fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.body.pointer(pointer).filter(|value| !value.is_null())
    }

    /// A text that must be there and not be empty.
    fn text(&mut self, pointer: &str) -> Option<&'a str> {
        let text = self.at(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        self.require(text.is_some(), &format!("{} may not be empty", dotted(pointer)));
        text
    }

    fn optional_text(&mut self, pointer: &str) {
        let wrong = self.at(pointer).is_some_and(|value| !value.is_string());
        self.require(!wrong, &format!("{} must be a string", dotted(pointer)));
    }

    fn one_of(&mut self, pointer: &str, allowed: &[&str]) -> Option<&'a str> {
        let text = self.text(pointer)?;
        self.require(allowed.contains(&text), &format!("Invalid {} {text}", dotted(pointer)));
        Some(text)
    }

    fn url(&mut self, pointer: &str) {
        let Some(url) = self.text(pointer) else { return };
        let complete = url.starts_with("https://") || url.starts_with("http://");
        self.require(complete, &format!("{} must be a complete URL", dotted(pointer)));
    }

    /// Author and coordinate, which every call carries (conformance 96, 97; platforms.md A5).
    fn envelope(&mut self) {
        self.text("/author/id");
        for field in ["companyKey", "networkKey", "externalId", "botId"] {
            self.text(&format!("/coordinate/{field}"));
        }
        self.one_of("/coordinate/scope", &["PRIVATE", "PUBLIC"]);
    }

    fn typing(&mut self) {
        let network = self.body["coordinate"]["networkKey"].as_str().unwrap_or_default();
        self.require(
            TYPING_NETWORKS.contains(&network),
            &format!("Typing indicators are not supported on network {network}"),
        );
    }

    fn control(&mut self) {
        let owner = self.one_of("/owner/type", &["AGENT", "BOT"]);
        if owner == Some("BOT") {
            self.text("/owner/appId");
        }
        self.optional_text("/comment");
        let display_id = &self.body["conversationDisplayId"];
        self.require(
            display_id.is_null() || display_id.is_string() || display_id.is_i64(),
            "conversationDisplayId must be a string or a number",
        );
    }

    fn attributes(&mut self) {
        let Some(attributes) = self.at("/payload/attributes").and_then(Value::as_object) else {
            self.require(self.at("/payload/handles").is_some(), "payload may not be null");
            return;
        };
        let lists = attributes
            .values()
            .all(|values| values.as_array().is_some_and(|values| values.iter().all(Value::is_string)));
        self.require(lists, "payload.attributes must map names to lists of strings");
    }
}

/// A JSON pointer in the platform's way of naming fields.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}
