//! Khoros Care, Automation Framework / Bot API v3.
//!
//! A webhook's URL ends in the registration's `hashKey`, which `GET /bots/v3/registrations` shows. Webhooks are answered 202
//! (platforms.md A3). What the seed documents leave open is decided once; every decision and its reason is in this folder's `README.md`.
//! Those that a reader of a registration meets first:
//!
//! - `callbackUrl` holds `module:<name>` or `module:<name>@<version>` and binds the tenant's module of that name.
//! - Khoros documents no format for HMAC callbacks (platforms.md A0). A registration with credentials of type `HMAC` may say which of two open
//!   ones its sender speaks: `credentials.signature: {"profile": "standard-webhooks"}`, the default, or
//!   `{"profile": "body-sha256", "header": "X-Hub-Signature-256", "encoding": "hex"}` with `hex` or `base64`.
//! - `metadata`, a flat JSON object, is the bot's configuration.
//! - A registration's `mode` is kept and shown. In this version only LIVE bots run: events for the others are accepted and
//!   acknowledged, and nothing is done with them.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{ApiAnswer, ApiCall, BoxFuture, DecodeError, Decoded, Host, Platform, Verified, VerifyError, Webhook};
use crate::domain::bot::Bot;
use crate::domain::delivery::{Receipt, Request};
use crate::domain::event::Origin;
use crate::domain::names::BotId;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::validate::{Checked, Refusal, Rule, Rules};

pub mod actions;
pub mod public;
pub mod receipt;
pub mod verify;
mod api;
mod decode;
mod encode;
mod fields;
mod passthrough;
mod wire;

/// The platform's name in `PLATFORMS`.
const NAME: &str = "khoros";

/// Networks with typing indicators (conformance 81). `smooch` is Brand Messenger's older key, which its events still carry
/// (conformance, note A).
const TYPING_NETWORKS: [&str; 5] = ["apple", "brandmessenger", "facebook", "googlemessages", "smooch"];

/// The platform.
#[derive(Debug, Clone, Copy)]
pub struct Khoros;

impl Platform for Khoros {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hook_bot(&self, path: &str) -> Option<BotId> {
        (!path.is_empty() && !path.contains('/')).then(|| BotId::from(path))
    }

    fn hook_accepted(&self) -> StatusCode {
        StatusCode::ACCEPTED
    }

    fn verify(&self, bot: &Bot, webhook: Webhook, now_ms: u64) -> Result<Verified, VerifyError> {
        verify::verify(bot, webhook, now_ms)
    }

    fn decode(&self, bot: &Bot, verified: &Verified) -> Result<Decoded, DecodeError> {
        decode::decode(bot, verified.body())
    }

    fn stand_in(&self, event: &Verified) -> Bot {
        decode::stand_in(event.body())
    }

    fn rules(&self, origin: &Origin) -> Rules {
        let network = origin.network.as_str();
        Rules {
            typing: Rule { allowed: TYPING_NETWORKS.contains(&network), source: "conformance 81" },
            list_picker: Rule { allowed: network == "apple", source: "conformance 78" },
            link_buttons: Rule { allowed: false, source: "conformance 94, 95" },
            reply_without_text: Rule { allowed: true, source: "conformance 93 and note D" },
            numeric_ids: true,
            other_kinds: &[encode::SECURE_FORM],
        }
    }

    fn encode(&self, bot: &Bot, event: &Verified, checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
        encode::encode(bot, event.body(), checked)
    }

    /// A token that cannot stand in a header is left out: the platform then answers 401 and the delivery waits for a better one.
    fn authorize(&self, token: &Secret) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(2);
        // The charset is what lets emoji through (conformance 69).
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.reveal())) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        headers
    }

    fn receipt(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
        receipt::receipt(status, headers, body)
    }

    fn api_prefixes(&self) -> &'static [&'static str] {
        &["/bots/v3"]
    }

    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer> {
        Box::pin(api::serve(call, host))
    }

    /// Khoros documents no scopes: `bots` is for everything, and `read` is enough to read.
    fn api_scope(&self, method: &Method, _path: &str) -> Scope {
        if *method == Method::GET { Scope::READ } else { Scope::BOTS }
    }

    fn api_unauthorized(&self) -> ApiAnswer {
        api::unauthorized()
    }

    fn api_forbidden(&self, scope: Scope) -> ApiAnswer {
        api::forbidden(scope)
    }
}
