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
//! - `callbackUrl` may also be an `https:` URL: events go there exactly as they came, with the registration's credentials and an
//!   `x-amzn-RequestId` that is the same for each try. 200 and 202 are success, everything else is a failed try. Private hosts, this
//!   machine included, and `http:` only where the operator lists the host: a tenant is not the operator.
//! - MAINTENANCE: a customer's message whose conversation the bot holds is handed to an agent ("Maintenance Bot Handoff"); all other
//!   events end without a turn. Who holds the conversation is followed all the same.
//! - MONITORING: the bot runs on everything and is told that it may speak wherever a bot, not an agent, holds the conversation, so
//!   that it shows what it would say there. Notes, tags, priority and attributes are sent; all else is withheld and kept with the turn:
//!   messages, typing, hand-off, take-over, moving to a queue (it decides who answers), resolving, secure forms. Nothing is refused for
//!   being said by the wrong bot, all other rules hold. Its failures hand nothing over: it holds nothing.
//! - A bot that goes from LIVE to another mode, or is deleted, has its ongoing conversations handed over ("Automatic Bot Handoff"):
//!   those in which a customer wrote to it, that it holds and that were not closed. What it had said while LIVE is still sent, before.
//! - `publicFilter`: no document says how an event shows that it targets the page, or its source's tags. Events are only sent to the
//!   page that they are about, so with `includeTargeted` every public event about the registration's `externalId` runs. With
//!   `includeSourceTagIds` an event whose tags are given runs if one is listed, and one that carries no tags runs as well: the platform
//!   has selected it. Tags are looked for in `sourceTagIds` and `sourceTags`, at the top, in the coordinate and in `properties`. An empty
//!   filter lets nothing public run. A public event that does not run changes nothing, not even who holds the conversation.
//! - A token of the API (`api/tokens.rs`, `jwt.rs`) is had with a key of the host, acts for its appId alone, and the host trusts
//!   its own record of it rather than its claims. A key with a `client_id` acts for the appId of that name alone, too.
//! - A request whose end is not known is asked for (`tokens.rs`): by its requestId, or else among the app's records for the same
//!   payload, of a record that was created after the try began by the gateway's clock. No allowance is made for a clock that is
//!   behind: an earlier request with the same payload must not be taken for this one.

use http::{HeaderMap, Method, StatusCode};

use super::{
    ApiAnswer, ApiCall, BoxFuture, DecodeError, Decoded, GatewayCall, Host, Platform, Shown, TokenAnswer, TokenAsk,
    Verified, VerifyError, Webhook,
};
use crate::domain::bot::{Bot, Places};
use crate::domain::delivery::{Delivery, Doubt, Finding, Receipt, Request};
use crate::domain::event::Origin;
use crate::domain::names::BotId;
use crate::domain::scope::{Scope, Scopes};
use crate::domain::secret::Secret;
use crate::domain::validate::{Checked, Refusal, Rule, Rules};

pub mod actions;
mod public;
pub mod receipt;
pub mod verify;
mod api;
mod decode;
mod encode;
mod fields;
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

    fn authorize(&self, token: &Secret) -> HeaderMap {
        tokens::bearer(token)
    }

    fn token_call(&self, ask: &TokenAsk<'_>) -> GatewayCall {
        tokens::call(ask)
    }

    fn token_answer(&self, status: StatusCode, body: &[u8]) -> TokenAnswer {
        tokens::read(status, body)
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
    fn api_shown(&self, prefix: &str, headers: &HeaderMap) -> Option<Shown> {
        api::shown(prefix, headers)
    }

    fn is_signed(&self, token: &Secret, key: &Secret) -> bool {
        jwt::is_signed(token.reveal(), key)
    }

    fn token_scopes(&self) -> Scopes {
        [Scope::READ, Scope::BOTS].into_iter().collect()
    }

    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer> {
        Box::pin(api::serve(call, host))
    }

    /// Khoros documents no scopes: `bots` is for everything, and `read` is enough to read.
    fn api_scope(&self, method: &Method, _path: &str) -> Scope {
        if *method == Method::GET { Scope::READ } else { Scope::BOTS }
    }

    fn api_unauthorized(&self, prefix: &str) -> ApiAnswer {
        api::unauthorized(prefix)
    }

    fn api_forbidden(&self, prefix: &str, scope: Scope) -> ApiAnswer {
        api::forbidden(prefix, scope)
    }
}
