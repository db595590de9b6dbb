//! Khoros Care, Automation Framework / Bot API v3.
//!
//! A webhook's URL ends in the registration's `hashKey`, which `GET /bots/v3/registrations` shows. Webhooks are answered 202
//! (platforms.md A3). What the seed documents leave open is decided once; every decision and its reason is in this folder's `README.md`.
//!
//! A request whose end is not known is asked for (`tokens.rs`): by its requestId, or else among the app's records for the same
//! payload, of a record that was created after the try began by the gateway's clock. No allowance is made for a clock that is
//! behind: an earlier request with the same payload must not be taken for this one.

use http::{HeaderMap, Method, StatusCode};

use super::{
    ApiAnswer, ApiCall, BoxFuture, DecodeError, Decoded, GatewayCall, Host, Platform, Shown, Shows, TokenAnswer,
    TokenAsk, Tokens, Verified, VerifyError, Webhook,
};
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Delivery, Doubt, Finding, Receipt, Request};
use crate::domain::event::Origin;
use crate::domain::names::BotId;
use crate::domain::rules::{Feature, Means, Rule, Rules};
use crate::domain::scope::{Scope, Scopes};
use crate::domain::secret::Secret;
use crate::domain::validate::{Checked, Refusal};

pub mod actions;
mod public;
pub mod receipt;
pub mod verify;
mod api;
mod decode;
mod encode;
mod jwt;
mod passthrough;
mod sign;
mod tokens;
mod wire;

/// The platform's name in `PLATFORMS`.
const NAME: &str = "khoros";

/// Where the bots' API is, and the part of the Care API that gives tokens out.
const BOTS: &str = "/bots/v3";
const CARE: &str = "/api/v2/tokens";

/// Networks with typing indicators (conformance 81). `smooch` is Brand Messenger's older key, which its events still carry
/// (conformance, note A).
const TYPING_NETWORKS: [&str; 5] = ["apple", "brandmessenger", "facebook", "googlemessages", "smooch"];

/// The choices of a list that become reply buttons where there are no lists; no document gives a number.
const CHOICES_MAX: usize = 10;

/// One LIVE bot on a network and external id, and at most ten bots that are LIVE or MONITORING: "9 when a LIVE bot is present, or
/// 10" (conformance 45; platforms.md A4). The platform counts them by customer; the host counts each tenant's.
const PLACES: Places = Places { live: 1, listening: 10 };

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

    fn admit(&self, bot: &Bot, event: &Verified, decoded: &Decoded) -> Result<(), String> {
        public::admit(bot, event.body(), decoded)
    }

    fn relay_headers(&self, bot: &Bot, id: &str, body: &[u8], now_ms: u64) -> Result<HeaderMap, String> {
        sign::headers(bot, id, body, now_ms)
    }

    fn places(&self) -> Option<Places> {
        Some(PLACES)
    }

    fn stand_in(&self, event: &Verified) -> Bot {
        decode::stand_in(event.body())
    }

    fn rules(&self, origin: &Origin) -> Rules {
        let network = origin.network.as_str();
        let mut rules = Rules::new(|feature| match feature {
            Feature::Typing => Rule::native_if(TYPING_NETWORKS.contains(&network), Means::Dropped, "conformance 81"),
            Feature::ListPicker => {
                Rule::native_if(network == "apple", Means::Choices { most: CHOICES_MAX }, "conformance 78")
            }
            Feature::Link => Rule::degraded(Means::Line, "conformance 94, 95"),
            Feature::BareReply => Rule::native("conformance 93 and note D"),
            Feature::Text | Feature::Postback | Feature::Reply => Rule::native("conformance 70, 91"),
            Feature::Image | Feature::Video => Rule::native("conformance 109"),
            Feature::RichContent => Rule::native("conformance 115"),
            Feature::Passthrough => Rule::native("conformance 123"),
            Feature::HandOff
            | Feature::TakeOver
            | Feature::SetPriority
            | Feature::Tag
            | Feature::Note
            | Feature::MoveTo
            | Feature::Resolve
            | Feature::SetAttributes => Rule::native("platforms.md A7"),
        });
        rules.numeric_ids = true;
        rules.other_kinds = &[encode::SECURE_FORM];
        rules
    }

    fn networks(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("apple", "apple"),
            ("brandmessenger, facebook, googlemessages", "brandmessenger"),
            ("instagram, lia, sms, twitter, wechat, whatsapp", "whatsapp"),
        ]
    }

    fn encode(&self, bot: &Bot, event: &Verified, checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
        encode::encode(bot, event.body(), checked)
    }

    fn authorize(&self, token: &Secret, _delivery: &Delivery) -> Shows {
        Shows { headers: tokens::bearer(token), query: None }
    }

    fn tokens(&self) -> Option<&dyn Tokens> {
        Some(self)
    }

    fn receipt(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
        receipt::receipt(status, headers, body)
    }

    fn reference(&self, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        receipt::reference_in(headers, body)
    }

    fn inquiry(&self, delivery: &Delivery, doubt: &Doubt, now_ms: u64) -> Option<String> {
        tokens::inquiry(delivery, doubt, now_ms)
    }

    fn finding(&self, delivery: &Delivery, doubt: &Doubt, status: StatusCode, body: &[u8]) -> Finding {
        tokens::finding(delivery, doubt, status, body)
    }

    fn api_prefixes(&self) -> &'static [&'static str] {
        &[BOTS, CARE]
    }

    /// The bots' API takes a key or a token as the bearer, the Care API a key as the password of Basic credentials.
    fn api_shown(&self, prefix: &str, headers: &HeaderMap, _query: &str) -> Option<Shown> {
        api::shown(prefix, headers)
    }

    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer> {
        Box::pin(api::serve(call, host))
    }

    /// Khoros documents no scopes: `bots` is for everything, and `read` is enough to read.
    fn api_scope(&self, method: &Method, _path: &str) -> Scope {
        if *method == Method::GET { Scope::READ } else { Scope::BOTS }
    }

    fn api_unauthorized(&self, prefix: &str, _shown: bool) -> ApiAnswer {
        api::unauthorized(prefix)
    }

    fn api_unavailable(&self, prefix: &str) -> ApiAnswer {
        api::unavailable(prefix)
    }

    fn api_forbidden(&self, prefix: &str, scope: Scope) -> ApiAnswer {
        api::forbidden(prefix, scope)
    }
}

impl Tokens for Khoros {
    fn call(&self, ask: &TokenAsk<'_>) -> GatewayCall {
        tokens::call(ask)
    }

    fn answer(&self, status: StatusCode, body: &[u8]) -> TokenAnswer {
        tokens::read(status, body)
    }

    fn is_signed(&self, token: &Secret, key: &Secret) -> bool {
        jwt::is_signed(token.reveal(), key)
    }

    fn scopes(&self) -> Scopes {
        [Scope::READ, Scope::BOTS].into_iter().collect()
    }
}
