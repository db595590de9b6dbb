//! DeadSimpleChat, bots REST API v2 (seed 003; platforms.md B).
//!
//! A webhook's URL ends in the bot's id and a secret of its own: `/hooks/deadsimplechat/<bot>.<secret>`, which answers to whoever
//! may change the bot show as `hook`. Webhooks are answered 200. What the documents leave open is decided once; every decision
//! and its reason is in this folder's `README.md`.

use http::{HeaderMap, Method, StatusCode};

use super::{
    ApiAnswer, ApiCall, BoxFuture, DecodeError, Decoded, Host, Platform, Shown, Shows, Verified, VerifyError, Webhook,
};
use crate::domain::bot::Bot;
use crate::domain::delivery::{Delivery, Receipt, Request};
use crate::domain::event::Origin;
use crate::domain::names::BotId;
use crate::domain::rules::{Feature, Means, Most, Rule, Rules, Sizes, Unit};
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::validate::{Checked, Refusal};

pub mod registration;
pub mod verify;
pub mod wire;
mod admit;
mod api;
mod decode;
mod encode;
mod place;
mod receipt;

/// The platform's name in `PLATFORMS`; also the one network and the one channel that its bots are registered for.
const NAME: &str = "deadsimplechat";

/// Where its API is.
const API: &str = "/consumer/api/v2";

/// The choices of a list that become buttons; no document gives a number.
const CHOICES_MAX: usize = 10;

/// The platform.
#[derive(Debug, Clone, Copy)]
pub struct DeadSimpleChat;

impl Platform for DeadSimpleChat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hook_bot(&self, path: &str) -> Option<BotId> {
        let (bot, secret) = path.split_once('.')?;
        (!bot.is_empty() && !secret.is_empty() && !path.contains('/')).then(|| BotId::from(bot))
    }

    fn hook_accepted(&self) -> StatusCode {
        StatusCode::OK
    }

    fn verify(&self, bot: &Bot, webhook: Webhook, _now_ms: u64) -> Result<Verified, VerifyError> {
        verify::verify(bot, &webhook)
    }

    fn decode(&self, bot: &Bot, verified: &Verified) -> Result<Decoded, DecodeError> {
        decode::decode(bot, verified.body())
    }

    fn admit(&self, bot: &Bot, event: &Verified, decoded: &Decoded) -> Result<(), String> {
        admit::admit(bot, event.body(), decoded)
    }

    fn stand_in(&self, event: &Verified) -> Bot {
        decode::stand_in(event.body())
    }

    fn rules(&self, _origin: &Origin) -> Rules {
        let mut rules = Rules::new(|feature| match feature {
            Feature::Text => Rule::native("platforms.md B3"),
            Feature::Postback | Feature::Reply | Feature::Link => Rule::native("platforms.md B3: action buttons"),
            Feature::BareReply => Rule::degraded(Means::Payload, "platforms.md B3: displayText is required"),
            Feature::ListPicker => {
                Rule::degraded(Means::Choices { most: CHOICES_MAX }, "platforms.md B3: action buttons")
            }
            Feature::Image | Feature::Video | Feature::RichContent => {
                Rule::degraded(Means::Line, "platforms.md B3: a message is a text")
            }
            Feature::Passthrough => Rule::refused("platforms.md B3: a message has no other format"),
            Feature::Typing
            | Feature::TakeOver
            | Feature::SetPriority
            | Feature::Tag
            | Feature::Note
            | Feature::Resolve
            | Feature::SetAttributes => Rule::degraded(Means::Dropped, "platforms.md B2: there is no such call"),
            Feature::HandOff | Feature::MoveTo => Rule::refused("platforms.md B2: there is nobody to hand over to"),
        });
        let most = |count, unit| Some(Most { count, unit, source: "platforms.md B3" });
        rules.sizes = Sizes {
            text: most(wire::MESSAGE_CHARACTERS_MAX, Unit::Characters),
            buttons: None,
            button_text: most(wire::BUTTON_CHARACTERS_MAX, Unit::Characters),
            button_payload: most(wire::PAYLOAD_CHARACTERS_MAX, Unit::Characters),
        };
        rules
    }

    fn networks(&self) -> &'static [(&'static str, &'static str)] {
        &[(NAME, NAME)]
    }

    fn encode(&self, bot: &Bot, event: &Verified, checked: &Checked) -> Result<Vec<Request>, Vec<Refusal>> {
        encode::encode(bot, event.body(), checked)
    }

    fn authorize(&self, token: &Secret, _delivery: &Delivery) -> Shows {
        wire::shows(token)
    }

    fn receipt(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Receipt {
        receipt::receipt(status, headers, body)
    }

    /// The documented answer tells of no id (platforms.md B2).
    fn reference(&self, _headers: &HeaderMap, _body: &[u8]) -> Option<String> {
        None
    }

    fn api_prefixes(&self) -> &'static [&'static str] {
        &[API]
    }

    fn api<'a>(&'a self, call: ApiCall, host: &'a dyn Host) -> BoxFuture<'a, ApiAnswer> {
        Box::pin(api::serve(call, host))
    }

    /// DeadSimpleChat documents no scopes: `bots` is for everything, and `read` is enough to read.
    fn api_scope(&self, method: &Method, _path: &str) -> Scope {
        if *method == Method::GET { Scope::READ } else { Scope::BOTS }
    }

    fn api_shown(&self, _prefix: &str, headers: &HeaderMap, query: &str) -> Option<Shown> {
        api::shown(headers, query)
    }

    fn api_unauthorized(&self, _prefix: &str, shown: bool) -> ApiAnswer {
        api::unauthorized(shown)
    }

    fn api_unavailable(&self, _prefix: &str) -> ApiAnswer {
        api::unavailable("the caller cannot be checked now; nothing was done, try again")
    }

    fn api_forbidden(&self, _prefix: &str, scope: Scope) -> ApiAnswer {
        api::forbidden(&format!("Forbidden: the key lacks the scope {scope}"))
    }
}
