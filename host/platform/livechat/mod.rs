//! LiveChat, bot agents of the Configuration API and the Agent Chat API, v3.0 and v3.1 of each.
//!
//! A webhook's URL ends in the tenant and the bot agent's id. Webhooks are answered 200 (platforms.md C3), and each answer speaks the
//! version that its event speaks. What the documents leave open is decided once; every decision and its reason is in this folder's
//! `README.md`.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{
    ApiAnswer, ApiCall, BoxFuture, DecodeError, Decoded, Host, JSON, Platform, Shown, Shows, Verified, VerifyError,
    Webhook,
};
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Delivery, Receipt, Request};
use crate::domain::event::Origin;
use crate::domain::names::{BotId, TenantName};
use crate::domain::rules::{Feature, Means, Most, Rule, Rules, Unit};
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::validate::{Checked, Refusal};

mod admit;
mod api;
mod decode;
mod encode;
mod receipt;
mod registration;
mod verify;
mod wire;

/// The platform's name in `PLATFORMS`, and the one network and channel that it has.
const NAME: &str = "livechat";

/// Where the Configuration API is (conformance 217; platforms.md C0).
const V30: &str = "/v3.0/configuration";
const V31: &str = "/v3.1/configuration";

/// Who speaks, in calls of v3.1 (platforms.md C0).
const AUTHOR: HeaderName = HeaderName::from_static("x-author-id");

/// Which data centre a token is of, and what tokens of the other one begin with (platforms.md C1).
const REGION: HeaderName = HeaderName::from_static("x-region");
const FRANKFURT: &str = "fra-";

/// As many bot agents as like; with a number the store sees to it that an update changes what was read, and not what another call has
/// made of it meanwhile.
const PLACES: Places = Places { live: usize::MAX, listening: usize::MAX };

/// The platform.
#[derive(Debug, Clone, Copy)]
pub struct LiveChat;

impl Platform for LiveChat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hook_bot(&self, path: &str) -> Option<BotId> {
        let (tenant, id) = path.split_once('/')?;
        let tenant = TenantName::parse(tenant).ok()?;
        wire::is_bot_id(id).then(|| bot_id(&tenant, id))
    }

    fn hook_accepted(&self) -> StatusCode {
        StatusCode::OK
    }

    fn verify(&self, bot: &Bot, webhook: Webhook, _now_ms: u64) -> Result<Verified, VerifyError> {
        verify::verify(bot, webhook)
    }

    fn decode(&self, bot: &Bot, verified: &Verified) -> Result<Decoded, DecodeError> {
        decode::decode(bot, verified.body())
    }

    fn admit(&self, bot: &Bot, event: &Verified, _decoded: &Decoded) -> Result<(), String> {
        admit::admit(bot, event.body())
    }

    fn places(&self) -> Option<Places> {
        Some(PLACES)
    }

    fn room(&self, bot: &Bot) -> Option<usize> {
        registration::Registration::of(bot).room()
    }

    fn stand_in(&self, event: &Verified) -> Bot {
        decode::stand_in(event.body())
    }

    fn rules(&self, _origin: &Origin) -> Rules {
        let mut rules = Rules::new(|feature| match feature {
            Feature::Text | Feature::Postback | Feature::Reply | Feature::Link => Rule::native("platforms.md C4"),
            Feature::Image | Feature::RichContent | Feature::Passthrough => Rule::native("platforms.md C4"),
            Feature::BareReply => Rule::degraded(Means::Payload, "platforms.md C4: a button has a text"),
            Feature::ListPicker => Rule::degraded(
                Means::Choices { most: wire::BUTTONS_MAX },
                "platforms.md C4: no list among the templates",
            ),
            Feature::Video => Rule::degraded(Means::Line, "platforms.md C4: elements have images"),
            Feature::SetPriority => Rule::degraded(Means::Dropped, "platforms.md C4: chats have no priority"),
            Feature::Typing
            | Feature::HandOff
            | Feature::TakeOver
            | Feature::Tag
            | Feature::Note
            | Feature::MoveTo
            | Feature::Resolve
            | Feature::SetAttributes => Rule::native("platforms.md C4"),
        });
        let most = |count, unit| Some(Most { count, unit, source: "platforms.md C4" });
        rules.sizes.text = most(wire::TEXT_BYTES_MAX, Unit::Bytes);
        rules.sizes.buttons = most(wire::BUTTONS_MAX, Unit::Items);
        rules.other_kinds = &[encode::MARK_SEEN];
        rules
    }

    fn networks(&self) -> &'static [(&'static str, &'static str)] {
        &[(NAME, NAME)]
    }

    fn encode(&self, bot: &Bot, event: &Verified, checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
        encode::encode(bot, event.body(), checked)
    }

    /// The tenant's token, beside which the bot agent is named: in the body of v3.0, in a header of v3.1.
    fn authorize(&self, token: &Secret, delivery: &Delivery) -> Shows {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
        if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", token.reveal())) {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        if token.reveal().starts_with(FRANKFURT) {
            headers.insert(REGION, HeaderValue::from_static("fra"));
        }
        if delivery.path.starts_with("/v3.1/")
            && let Ok(author) = HeaderValue::try_from(delivery.app.as_str())
        {
            headers.insert(AUTHOR, author);
        }
        Shows { headers, query: None }
    }

    fn receipt(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
        receipt::receipt(status, headers, body)
    }

    fn reference(&self, _headers: &HeaderMap, body: &[u8]) -> Option<String> {
        receipt::reference(body)
    }

    fn api_prefixes(&self) -> &'static [&'static str] {
        &[V30, V31]
    }

    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer> {
        Box::pin(api::serve(call, host))
    }

    fn api_scope(&self, _method: &Method, path: &str) -> Scope {
        api::scope(path)
    }

    fn api_shown(&self, _prefix: &str, headers: &HeaderMap, _query: &str) -> Option<Shown> {
        let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Shown::Key { key: Secret::new(key.trim()), user: None })
    }

    fn api_unauthorized(&self, _prefix: &str, shown: bool) -> ApiAnswer {
        api::unauthorized(shown)
    }

    fn api_unavailable(&self, _prefix: &str) -> ApiAnswer {
        api::unavailable()
    }

    fn api_forbidden(&self, _prefix: &str, scope: Scope) -> ApiAnswer {
        api::forbidden(scope)
    }
}

/// The host's id of a tenant's bot agent: two tenants may speak of the same one.
fn bot_id(tenant: &TenantName, id: &str) -> BotId {
    BotId::from(format!("{tenant}:{id}"))
}
