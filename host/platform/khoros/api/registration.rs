//! Reads and checks a registration (conformance 11-67) and makes a bot of it.
//!
//! Every violation is reported at once, in the platform's style: `<dotted.path> may not be empty` (platforms.md A4). Unknown fields are
//! dropped, so that a record that was read can be changed and sent back.

use http::HeaderName;
use serde_json::{Map, Value, json};

use super::record::MASK;
use crate::domain::bot::{Bot, Credentials, Encoding, Mode, Scheme, Target};
use crate::domain::names::{BotId, TenantName};
use crate::domain::secret::Secret;
use crate::platform::khoros::{NAME, verify};

/// The longest text of a registration's field, in bytes.
const FIELD_BYTES_MAX: usize = 2048;

/// The largest `metadata`, in bytes of JSON.
const METADATA_BYTES_MAX: usize = 16 * 1024;

/// The most entries of `publicFilter.includeSourceTagIds`.
const TAG_IDS_MAX: usize = 1000;

/// Conformance 19-28. Events may name others (note A); registrations may not.
const NETWORKS: [&str; 10] = [
    "apple",
    "facebook",
    "googlemessages",
    "sms",
    "twitter",
    "wechat",
    "whatsapp",
    "brandmessenger",
    "instagram",
    "lia",
];

/// What reads show as JSON within a string (conformance 5, 6), so that it may come back as one.
const TEXTS_OF_JSON: [&str; 2] = ["contact", "credentials"];

/// The header of the `body-sha256` profile where the registration names none.
const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

/// Says whether events may be relayed to a URL, or why not.
pub(super) type MayRelay<'a> = &'a (dyn Fn(&str) -> Result<(), String> + Sync);

/// A registration without violations.
#[derive(Debug)]
pub(super) struct Registration {
    company_key: String,
    pub(super) network_key: String,
    pub(super) external_id: String,
    pub(super) app_id: String,
    pub(super) mode: Mode,
    target: Target,
    credentials: Credentials,
    /// What reads show, without the secret.
    shown: Map<String, Value>,
}

impl Registration {
    /// Reads the body of a POST or PUT. `may_relay` says why a URL is not one to relay events to.
    pub(super) fn read(body: &[u8], may_relay: MayRelay<'_>) -> Result<Self, Vec<String>> {
        let payload: Value = serde_json::from_slice(body).map_err(|error| vec![format!("$ is not JSON: {error}")])?;
        let Value::Object(mut payload) = payload else {
            return Err(vec!["$ must be a JSON object".to_owned()]);
        };
        for name in TEXTS_OF_JSON {
            read_text(&mut payload, name);
        }
        let mut form = Form { payload: &payload, may_relay, violations: Vec::new() };
        let registration = form.registration();
        match registration {
            Some(registration) if form.violations.is_empty() => Ok(registration),
            _ => Err(form.violations),
        }
    }

    /// The bot that this registers.
    pub(super) fn into_bot(self, id: BotId, tenant: TenantName, created_ms: u64, now_ms: u64) -> Bot {
        let config = self.shown.get("metadata").map_or_else(|| "{}".to_owned(), Value::to_string);
        Bot {
            id,
            tenant,
            platform: NAME.to_owned(),
            platform_id: self.app_id,
            network: self.network_key,
            channel: self.external_id,
            account: self.company_key,
            target: self.target,
            pin: None,
            mode: self.mode,
            credentials: self.credentials,
            config,
            registration: Value::Object(self.shown).to_string(),
            created_ms,
            updated_ms: now_ms,
            revision: 0,
        }
    }
}

/// A payload under inspection. Every check goes on after a violation, so that all of them are found.
struct Form<'a> {
    payload: &'a Map<String, Value>,
    may_relay: MayRelay<'a>,
    violations: Vec<String>,
}

impl<'a> Form<'a> {
    fn registration(&mut self) -> Option<Registration> {
        let platform = self.platform();
        let company_key = self.required(None, "companyKey");
        let network_key = self.one_of("networkKey", &NETWORKS);
        let network_instance = self.network_instance(network_key);
        let external_id = self.required(None, "externalId");
        let app_id = self.required(None, "appId");
        let name = self.required(None, "name");
        let callback_url = self.required(None, "callbackUrl");
        let target = callback_url.and_then(|url| self.target(url));
        let mode = self.one_of("mode", &["LIVE", "MAINTENANCE", "MONITORING"]).and_then(Mode::parse);
        let credentials = self.credentials();
        let public_filter = self.public_filter();
        let email = self.email();
        let avatar_url = self.avatar_url();
        let metadata = self.metadata();
        self.legacy_network(platform, network_key);
        let mut shown = Map::new();
        for (name, value) in [
            ("platform", platform),
            ("companyKey", company_key),
            ("networkKey", network_key),
            ("networkInstance", network_instance),
            ("externalId", external_id),
            ("appId", app_id),
            ("name", name),
            ("callbackUrl", callback_url),
            ("avatarUrl", avatar_url),
            ("mode", mode.map(Mode::name)),
        ] {
            shown.insert(name.to_owned(), value.unwrap_or_default().into());
        }
        shown.insert("contact".to_owned(), json!({"email": email}));
        for (name, value) in [("publicFilter", public_filter), ("metadata", metadata)] {
            if let Some(value) = value {
                shown.insert(name.to_owned(), value.clone());
            }
        }
        Some(Registration {
            company_key: company_key?.to_owned(),
            network_key: network_key?.to_owned(),
            external_id: external_id?.to_owned(),
            app_id: app_id?.to_owned(),
            mode: mode?,
            target: target?,
            credentials: credentials?,
            shown,
        })
    }

    fn refuse(&mut self, violation: impl Into<String>) {
        self.violations.push(violation.into());
    }

    /// LITHIUM where nothing is said: it is for every network but the legacy ones (conformance 13).
    fn platform(&mut self) -> Option<&'a str> {
        if self.member(None, "platform").is_none() {
            return Some("LITHIUM");
        }
        self.one_of("platform", &["LITHIUM", "EXTERNAL"])
    }

    /// Conformance 14.
    fn legacy_network(&mut self, platform: Option<&str>, network: Option<&str>) {
        if platform == Some("EXTERNAL") && network.is_some_and(|network| !["facebook", "twitter"].contains(&network)) {
            self.refuse("platform EXTERNAL is for facebook and twitter only; use LITHIUM");
        }
    }

    /// Conformance 10, 29, 30.
    fn network_instance(&mut self, network: Option<&str>) -> Option<&'a str> {
        let instance = match network {
            Some("lia") => self.required(None, "networkInstance")?,
            _ => self.optional(None, "networkInstance")?,
        };
        let complete = is_web_url(instance) && instance.ends_with('/');
        if !instance.is_empty() && !complete {
            self.refuse("networkInstance must be a URL that ends with a slash");
        }
        Some(instance)
    }

    /// Conformance 37.
    fn target(&mut self, url: &str) -> Option<Target> {
        match Target::parse(url) {
            Some(Ok(target)) => Some(target),
            Some(Err(reason)) => {
                self.refuse(format!("callbackUrl: {reason}"));
                None
            }
            None if is_web_url(url) => match (self.may_relay)(url) {
                Ok(()) => Some(Target::Relay { url: url.to_owned() }),
                Err(reason) => {
                    self.refuse(format!("callbackUrl: {reason}"));
                    None
                }
            },
            None => {
                self.refuse("callbackUrl must be an https URL, module:<name> or module:<name>@<version>");
                None
            }
        }
    }

    /// Conformance 51-57.
    fn credentials(&mut self) -> Option<Credentials> {
        let members = self.object("credentials")?;
        let within = Some(("credentials", members));
        let kind = self.required(within, "type");
        let secret = self.required(within, "secret");
        if secret == Some(MASK) {
            self.refuse("credentials.secret is what reads show in its place; send the secret itself");
        }
        let (scheme, identity) = match kind? {
            "BASIC_AUTH" => {
                let identity = self.required(within, "identity");
                if identity.is_some_and(|identity| identity.contains(':')) {
                    self.refuse("credentials.identity may not contain a colon (RFC 7617)");
                }
                if members.get("signature").is_some_and(|signature| !signature.is_null()) {
                    self.refuse("credentials.signature goes with type HMAC only");
                }
                (Some(Scheme::Basic), identity)
            }
            "HMAC" => {
                if secret.is_some_and(|secret| verify::key(secret).is_none_or(|key| key.is_empty())) {
                    self.refuse("credentials.secret begins with whsec_, which base64 of the key has to follow");
                }
                (self.scheme(members), Some(self.optional(within, "identity").unwrap_or_default()))
            }
            other => {
                let violation = format!("credentials.type must be one of HMAC, BASIC_AUTH, not {other:?}");
                self.refuse(violation);
                return None;
            }
        };
        Some(Credentials { scheme: scheme?, identity: identity?.to_owned(), secret: Secret::new(secret?) })
    }

    /// Our extension: see this platform's `README.md`. Unknown members are refused here, since nobody but us defines them.
    fn scheme(&mut self, credentials: &'a Map<String, Value>) -> Option<Scheme> {
        let signature = match credentials.get("signature") {
            None | Some(Value::Null) => return Some(Scheme::StandardWebhooks),
            Some(Value::Object(signature)) => signature,
            Some(_) => {
                self.refuse("credentials.signature must be an object");
                return None;
            }
        };
        let path = "credentials.signature";
        let profile = self.required(Some((path, signature)), "profile")?;
        let allowed: &[&str] = match profile {
            "standard-webhooks" => &["profile"],
            "body-sha256" => &["profile", "header", "encoding"],
            _ => {
                self.refuse(format!("{path}.profile must be one of standard-webhooks, body-sha256, not {profile:?}"));
                return None;
            }
        };
        for unknown in signature.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.refuse(format!("{path}.{unknown} is not known in profile {profile}"));
        }
        if profile == "standard-webhooks" {
            return Some(Scheme::StandardWebhooks);
        }
        let header = self.optional(Some((path, signature)), "header").unwrap_or(SIGNATURE_HEADER);
        if HeaderName::try_from(header).is_err() {
            self.refuse(format!("{path}.header is no name of a header"));
        }
        let encoding = match self.optional(Some((path, signature)), "encoding") {
            None | Some("hex") => Encoding::Hex,
            Some("base64") => Encoding::Base64,
            Some(other) => {
                self.refuse(format!("{path}.encoding must be one of hex, base64, not {other:?}"));
                return None;
            }
        };
        Some(Scheme::BodySha256 { header: header.to_owned(), encoding })
    }

    /// Conformance 59-64.
    fn public_filter(&mut self) -> Option<&'a Value> {
        let value = self.member(None, "publicFilter")?;
        let Value::Object(members) = value else {
            self.refuse("publicFilter must be an object");
            return None;
        };
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        if given("includeTargeted").is_some_and(|targeted| !targeted.is_boolean()) {
            self.refuse("publicFilter.includeTargeted must be true or false");
        }
        let tags = given("includeSourceTagIds");
        let whole = |tags: &Vec<Value>| tags.len() <= TAG_IDS_MAX && tags.iter().all(Value::is_u64);
        if tags.is_some_and(|tags| !tags.as_array().is_some_and(whole)) {
            self.refuse(format!(
                "publicFilter.includeSourceTagIds must be a list of at most {TAG_IDS_MAX} whole numbers"
            ));
        }
        Some(value)
    }

    /// Conformance 65, 66.
    fn email(&mut self) -> Option<&'a str> {
        let contact = self.object("contact")?;
        let email = self.required(Some(("contact", contact)), "email")?;
        let complete = email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        if !complete || email.contains(char::is_whitespace) {
            self.refuse("contact.email is no e-mail address");
        }
        Some(email)
    }

    /// Conformance 67. An empty text is as good as none (conformance 3).
    fn avatar_url(&mut self) -> Option<&'a str> {
        let url = self.optional(None, "avatarUrl")?;
        if !url.is_empty() && !is_web_url(url) {
            self.refuse("avatarUrl must be an http or https URL");
        }
        Some(url)
    }

    /// Flat (platforms.md A4).
    fn metadata(&mut self) -> Option<&'a Value> {
        let value = self.member(None, "metadata")?;
        let flat = |members: &Map<String, Value>| !members.values().any(|one| one.is_object() || one.is_array());
        if !value.as_object().is_some_and(flat) {
            self.refuse("metadata must be an object without objects or lists in it");
        } else if value.to_string().len() > METADATA_BYTES_MAX {
            self.refuse(format!("metadata may not be larger than {METADATA_BYTES_MAX} bytes"));
        }
        Some(value)
    }

    fn one_of(&mut self, name: &str, allowed: &[&str]) -> Option<&'a str> {
        let value = self.required(None, name)?;
        if !allowed.contains(&value) {
            self.refuse(format!("{name} must be one of {}, not {value:?}", allowed.join(", ")));
            return None;
        }
        Some(value)
    }

    fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        match self.member(None, name) {
            None => self.refuse(format!("{name} may not be null")),
            Some(Value::Object(members)) => return Some(members),
            Some(_) => self.refuse(format!("{name} must be an object")),
        }
        None
    }

    fn required(&mut self, within: Within<'a>, name: &str) -> Option<&'a str> {
        let missing = |value: &Value| value.as_str() == Some("");
        if self.member(within, name).is_none_or(missing) {
            self.refuse(format!("{} may not be empty", path(within, name)));
            return None;
        }
        self.optional(within, name)
    }

    fn optional(&mut self, within: Within<'a>, name: &str) -> Option<&'a str> {
        match self.member(within, name)? {
            Value::String(text) if text.len() <= FIELD_BYTES_MAX => return Some(text),
            Value::String(_) => {
                self.refuse(format!("{} may not be longer than {FIELD_BYTES_MAX} bytes", path(within, name)));
            }
            _ => self.refuse(format!("{} must be a string", path(within, name))),
        }
        None
    }

    /// A null is as good as a missing member.
    fn member(&self, within: Within<'a>, name: &str) -> Option<&'a Value> {
        let members = within.map_or(self.payload, |(_, members)| members);
        members.get(name).filter(|value| !value.is_null())
    }
}

/// The object that a field is in, and its path; `None` for the payload itself.
type Within<'a> = Option<(&'a str, &'a Map<String, Value>)>;

fn path(within: Within<'_>, name: &str) -> String {
    within.map_or_else(|| name.to_owned(), |(path, _)| format!("{path}.{name}"))
}

/// Puts an object in place of the text that holds it. Any other text stays as it is, and is refused for being no object.
fn read_text(payload: &mut Map<String, Value>, name: &str) {
    let text = payload.get(name).and_then(Value::as_str);
    if let Some(held) = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()) {
        payload.insert(name.to_owned(), Value::Object(held));
    }
}

fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}
