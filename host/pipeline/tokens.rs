//! Tokens for tenants' gateways: got with the tenant's login when an app's first request is sent, kept sealed, refreshed every
//! week and long before they are over, and got anew when the platform does not take one any more.
//!
//! What a platform refuses is not asked for again until somebody does something about it: sets the gateway again, or starts the
//! host anew. The gateway's `token_state` says what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::watch;

use super::deliver::without;
use super::gateways::{Gateway, Source};
use super::{Pipeline, lanes, outbound};
use crate::domain::delivery::Delivery;
use crate::domain::gateway::{Login, Proof, is_token};
use crate::domain::names::TenantName;
use crate::domain::secret::Secret;
use crate::domain::token::{GatewayToken, TokenState};
use crate::platform::{self, Platform, TokenAnswer, TokenAsk, Tokens};
use crate::store::Error;

/// How long a token is used before it is refreshed: a week, as Khoros recommends, or half of its life if that is shorter.
const REFRESH_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// A token that is over within this time is not used: the request has a way to go.
const MARGIN_MS: u64 = 60 * 1000;

/// The waits after failed refreshes: the first, doubled each time, up to the longest. A refresh whose answer was lost has begun
/// the old token's grace, so the first ones are short. Where requests wait for a token it is always the first: they are parked
/// within minutes.
const AGAIN_FIRST_MS: u64 = 30 * 1000;
const AGAIN_LONGEST_MS: u64 = 60 * 60 * 1000;

/// How often it is looked for tokens to refresh, how many are looked at, how many of them may be one tenant's, and how many are
/// refreshed at a time. As many as a tenant may have are looked at within half a day.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const LOOK_AT: usize = 1000;
const LOOK_AT_EACH: usize = 8;
const AT_ONCE: usize = 32;

/// One app of a tenant's on a platform: what a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct App {
    tenant: TenantName,
    platform: String,
    id: String,
}

impl App {
    fn of_delivery(delivery: &Delivery) -> Self {
        Self { tenant: delivery.tenant.clone(), platform: delivery.platform.clone(), id: delivery.app.clone() }
    }

    fn of_token(token: &GatewayToken) -> Self {
        Self { tenant: token.tenant.clone(), platform: token.platform.clone(), id: token.app.clone() }
    }
}

/// Who gives tokens out, and to whom.
#[derive(Clone, Copy)]
struct Issuer<'a> {
    gateway: &'a Gateway,
    tokens: &'static dyn Tokens,
    login: &'a Login,
}

impl Issuer<'_> {
    /// What its tokens are good for.
    fn fingerprint(&self) -> String {
        self.login.fingerprint(&self.gateway.url)
    }
}

/// Who is getting a token just now: one at a time for each app.
#[derive(Debug, Default)]
pub struct Asking {
    locks: Mutex<HashMap<App, Arc<tokio::sync::Mutex<()>>>>,
    /// Tokens that the store did not take yet: each is the only copy.
    unwritten: Mutex<HashMap<App, Arc<GatewayToken>>>,
}

impl Asking {
    fn lock_of(&self, app: &App) -> Arc<tokio::sync::Mutex<()>> {
        // Every change is complete before the lock is given back.
        let mut asking = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        asking.retain(|_, lock| Arc::strong_count(lock) > 1);
        asking.entry(app.clone()).or_default().clone()
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<App, Arc<GatewayToken>>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way of a delivery: where it goes and what it shows there.
pub(super) struct Way {
    pub(super) gateway: Gateway,
    pub(super) platform: &'static dyn Platform,
    pub(super) token: Secret,
}

impl Way {
    /// The way that a delivery would take now.
    ///
    /// # Errors
    /// Says why there is none, and what to do.
    pub(super) async fn of(pipeline: &Pipeline, delivery: &Delivery) -> Result<Self, String> {
        let gateway = pipeline.gateway(&delivery.tenant, &delivery.platform).map_err(|error| error.to_string())?;
        let (Some(gateway), Some(platform)) = (gateway, platform::find(&delivery.platform)) else {
            return Err(format!(
                "tenant {} has no {} gateway: set one with PUT /v1/gateways/{1}, or [tenants.{0}.gateways.{1}] url and token \
                 in the settings",
                delivery.tenant, delivery.platform
            ));
        };
        let token = match &gateway.proof {
            Proof::Token(token) => token.clone(),
            Proof::Login(login) => {
                let tokens = platform.tokens().ok_or_else(|| no_logins(platform.name()))?;
                let issuer = Issuer { gateway: &gateway, tokens, login };
                got(pipeline, issuer, &App::of_delivery(delivery)).await?
            }
        };
        Ok(Self { gateway, platform, token })
    }

    /// Notes that the platform answered 401 to what this way's token was shown with. It may be as good as ever, and there may be
    /// no other to be had: the next request has it refreshed, and gets a new one where that is refused.
    pub(super) async fn rejected(&self, pipeline: &Pipeline, delivery: &Delivery) {
        if !matches!(self.gateway.proof, Proof::Login(_)) {
            return;
        }
        let app = App::of_delivery(delivery);
        let lock = pipeline.asking.lock_of(&app);
        // Whoever is getting one sees to this one as well, and the lease of the delivery does not wait for it. Where that one
        // only looks at another, the next request finds out again.
        let longest = Duration::from_millis(pipeline.settings.deliver.total_ms / 10);
        let Ok(_one_at_a_time) = tokio::time::timeout(longest, lock.lock()).await else { return };
        // Another may have taken over meanwhile.
        let known = latest(pipeline, &app).ok().flatten();
        let is_it =
            |known: &GatewayToken| known.token.as_ref() == Some(&self.token) && known.state != TokenState::Doubted;
        let Some(known) = known.filter(|known| is_it(known)) else { return };
        keep(pipeline, doubted(&known, pipeline.clock.now_ms())).await;
    }
}

/// Why a login is of no use.
#[must_use]
pub fn no_logins(platform: &str) -> String {
    format!("{platform} gives no tokens to logins: set the gateway with a `token`")
}

/// The token of an app: the one that is there, or a new one.
async fn got(pipeline: &Pipeline, issuer: Issuer<'_>, app: &App) -> Result<Secret, String> {
    if app.id.is_empty() {
        return Err("a token is for an app, and it is not known whose request this is".to_owned());
    }
    if let Some(token) = known(pipeline, issuer, app)? {
        return Ok(token);
    }
    let lock = pipeline.asking.lock_of(app);
    // With as long for a refresh, and for a first token all of it, this is half of what a lease has time for.
    let longest = Duration::from_millis(pipeline.settings.deliver.total_ms / 2);
    let Ok(_one_at_a_time) = tokio::time::timeout(longest, lock.lock()).await else {
        return Err(format!("a token for the app {} is being asked for, and takes its time", app.id));
    };
    if let Some(token) = known(pipeline, issuer, app)? {
        return Ok(token);
    }
    anew(pipeline, issuer, app).await
}

/// What is known of an app's token.
fn latest(pipeline: &Pipeline, app: &App) -> Result<Option<Arc<GatewayToken>>, Error> {
    let unwritten = pipeline.asking.unwritten().get(app).cloned();
    let written = || pipeline.store.gateway_token(&app.tenant, &app.platform, &app.id);
    unwritten.map_or_else(written, |token| Ok(Some(token)))
}

/// The token that is there, if it may be used; an error where it is no use to ask for one now.
fn known(pipeline: &Pipeline, issuer: Issuer<'_>, app: &App) -> Result<Option<Secret>, String> {
    let known = latest(pipeline, app).map_err(|error| error.to_string())?;
    let Some(known) = known.filter(|known| known.gateway == issuer.fingerprint()) else { return Ok(None) };
    let now_ms = pipeline.clock.now_ms();
    let waits = matches!(known.state, TokenState::Doubted | TokenState::Wanted) && known.refresh_ms > now_ms;
    if known.state.is_final() || waits {
        let detail = known.detail.as_deref().unwrap_or("the platform gives none");
        return Err(format!("there is no token for the app {}: {detail}", app.id));
    }
    let is_usable = known.state != TokenState::Doubted && known.expires_ms > now_ms.saturating_add(MARGIN_MS);
    Ok(known.token.clone().filter(|_| is_usable))
}

/// Gets a token that may be used, whatever is known of the last one.
async fn anew(pipeline: &Pipeline, issuer: Issuer<'_>, app: &App) -> Result<Secret, String> {
    let (began_ms, longest_ms) = (pipeline.clock.now_ms(), pipeline.settings.deliver.total_ms);
    let before = latest(pipeline, app).map_err(|error| error.to_string())?;
    let fingerprint = issuer.fingerprint();
    let blank = blank(app, fingerprint.clone(), before.as_ref().map_or(0, |before| before.failures));
    if before.is_none() {
        // There is one answer with a token in it: that there is room for it must be known before.
        let room = GatewayToken { detail: Some("it is being asked for".to_owned()), refresh_ms: 0, ..blank.clone() };
        let written = write(pipeline, &room).await;
        written.map_err(|error| format!("no token is asked for, because there is no place for it: {error}"))?;
    }
    let is_in_doubt = |before: &GatewayToken| before.state == TokenState::Doubted && before.expires_ms > began_ms;
    let Some(last) = before.filter(|before| before.gateway == fingerprint && is_in_doubt(before)) else {
        return first(pipeline, issuer, &blank).await;
    };
    let Some(token) = &last.token else { return first(pipeline, issuer, &blank).await };
    let ask_again = TokenAsk::Refresh { app: &app.id, token };
    let Issuer { gateway, tokens, .. } = issuer;
    let answer = ask(pipeline, &gateway.url, gateway.source, tokens, &ask_again).await;
    let now_ms = pipeline.clock.now_ms();
    match usable(answer, now_ms) {
        TokenAnswer::Token { token, expires_ms } => {
            // A gateway that takes none of them makes for a refresh once in a while, not for one with every request.
            let held = GatewayToken { failures: last.failures, ..held(&last, token.clone(), expires_ms, now_ms) };
            keep(pipeline, held).await;
            Ok(token)
        }
        TokenAnswer::Again { reason } => {
            keep(pipeline, doubted(&last, now_ms)).await;
            Err(format!("the token of the app {} is in doubt and could not be refreshed: {reason}", app.id))
        }
        // There is no time left to ask for another: a lease is not for ever.
        _ if now_ms.saturating_sub(began_ms) > longest_ms / 2 => Err(format!(
            "the token of the app {} is in doubt, and the platform took its time to refuse a new one",
            app.id
        )),
        _ => first(pipeline, issuer, &last).await,
    }
}

/// Gets an app's first token, or another one. `last` is what is known; a token in it goes on where the platform gives no other.
async fn first(pipeline: &Pipeline, issuer: Issuer<'_>, last: &GatewayToken) -> Result<Secret, String> {
    let Issuer { gateway, tokens, login } = issuer;
    let (tenant, app) = (&last.tenant, last.app.as_str());
    let answer = ask(pipeline, &login.url, gateway.source, tokens, &TokenAsk::First { app, login }).await;
    let now_ms = pipeline.clock.now_ms();
    let gone = || GatewayToken { token: None, expires_ms: 0, refresh_ms: u64::MAX, ..last.clone() };
    let (known, reason) = match (usable(answer, now_ms), &last.token) {
        (TokenAnswer::Token { token, expires_ms }, _) => {
            // What cannot be written down is used all the same: it is the only one there is.
            keep(pipeline, held(last, token.clone(), expires_ms, now_ms)).await;
            tracing::info!(%tenant, platform = last.platform, app, "a token for a gateway was got");
            return Ok(token);
        }
        // It can only be the one that is here.
        (TokenAnswer::Exists, Some(token)) => {
            let detail = "the platform answered 401 to a request with it, does not refresh it, and says that it exists; it is \
                          used until it is over";
            let (state, detail, refresh_ms) = (TokenState::Unrefreshed, Some(detail.to_owned()), u64::MAX);
            keep(pipeline, GatewayToken { state, detail, refresh_ms, ..last.clone() }).await;
            return Ok(token.clone());
        }
        (TokenAnswer::Exists, None) => {
            let reason = format!(
                "the platform says that there is a token for the app {app} already, and this host does not have it: invalidate \
                 it where it is in use, then set the gateway again (or start the host anew, where the settings set it); or set \
                 that token as the gateway's `token`"
            );
            (GatewayToken { state: TokenState::Exists, detail: Some(reason.clone()), ..gone() }, reason)
        }
        (TokenAnswer::Refused { reason }, _) => {
            let reason = format!(
                "the platform gives none to this user ({reason}): set the gateway again with a user who may have one, or start \
                 the host anew, where the settings set it"
            );
            (GatewayToken { state: TokenState::Refused, detail: Some(reason.clone()), ..gone() }, reason)
        }
        (TokenAnswer::Again { reason }, Some(_)) => (doubted(last, now_ms), reason),
        (TokenAnswer::Again { reason }, None) => (wanted(last, reason.clone(), now_ms), reason),
    };
    tracing::warn!(%tenant, platform = last.platform, app, reason, "no token for a gateway could be got");
    let app = app.to_owned();
    keep(pipeline, known).await;
    Err(format!("there is no token for the app {app}: {reason}"))
}

/// Refreshes tokens as they become due, until told to stop.
pub(super) async fn refreshing(pipeline: Arc<Pipeline>, mut stopped: watch::Receiver<bool>) {
    loop {
        write_unwritten(&pipeline).await;
        match pipeline.store.refreshable(pipeline.clock.now_ms(), LOOK_AT_EACH, LOOK_AT) {
            Ok(due) => {
                // What a shutdown leaves is due at the next start.
                let next = due.into_iter().take_while(|_| !*stopped.borrow());
                stream::iter(next).for_each_concurrent(AT_ONCE, |token| refresh(&pipeline, token)).await;
            }
            Err(error) => tracing::warn!(%error, "tokens for gateways could not be read; trying again shortly"),
        }
        let is_over = tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => false,
            _ = stopped.wait_for(|stopped| *stopped) => true,
        };
        if is_over {
            return write_unwritten(&pipeline).await;
        }
    }
}

async fn refresh(pipeline: &Pipeline, due: Arc<GatewayToken>) {
    let Some(tokens) = platform::find(&due.platform).and_then(Platform::tokens) else { return };
    let app = App::of_token(&due);
    let lock = pipeline.asking.lock_of(&app);
    let _one_at_a_time = lock.lock().await;
    let now_ms = pipeline.clock.now_ms();
    let known = latest(pipeline, &app).ok().flatten();
    let Some(known) = known.filter(|known| known.is_refreshable(now_ms)) else { return };
    let gateway = pipeline.gateway(&app.tenant, &app.platform).ok().flatten();
    let gateway = gateway.filter(|gateway| match &gateway.proof {
        Proof::Login(login) => login.fingerprint(&gateway.url) == known.gateway,
        Proof::Token(_) => false,
    });
    let (Some(gateway), Some(token)) = (gateway, &known.token) else {
        return keep(pipeline, wanted(&known, "the gateway was changed".to_owned(), now_ms)).await;
    };
    let ask_again = TokenAsk::Refresh { app: &app.id, token };
    let answer = ask(pipeline, &gateway.url, gateway.source, tokens, &ask_again).await;
    let now_ms = pipeline.clock.now_ms();
    let next = match usable(answer, now_ms) {
        TokenAnswer::Token { token, expires_ms } => held(&known, token, expires_ms, now_ms),
        TokenAnswer::Again { reason } => {
            let failures = known.failures.saturating_add(1);
            let detail = Some(format!("it could not be refreshed ({reason}); it is tried again"));
            let refresh_ms = now_ms.saturating_add(wait_ms(failures));
            GatewayToken { failures, detail, refresh_ms, ..GatewayToken::clone(&known) }
        }
        refused => {
            let words = match refused {
                TokenAnswer::Refused { reason } => reason,
                _ => "409".to_owned(),
            };
            let detail = Some(format!(
                "the platform does not refresh it ({words}); it is used until it is over, and then a new one is got"
            ));
            let state = TokenState::Unrefreshed;
            GatewayToken { state, detail, refresh_ms: u64::MAX, ..GatewayToken::clone(&known) }
        }
    };
    let (state, detail) = (next.state.name(), next.detail.as_deref());
    tracing::info!(tenant = %app.tenant, platform = app.platform, app = app.id, state, detail, "a token for a gateway was due");
    keep(pipeline, next).await;
}

/// Asks a platform for a token. What it answers is free of what it was asked with.
async fn ask(pipeline: &Pipeline, url: &str, source: Source, tokens: &dyn Tokens, ask: &TokenAsk<'_>) -> TokenAnswer {
    let call = tokens.call(ask);
    let shown = match ask {
        TokenAsk::First { login, .. } => &login.password,
        TokenAsk::Refresh { token, .. } => token,
    };
    // The header's own form as well: a platform may say back what it was sent.
    let header = call.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let header = Secret::new(header.and_then(|value| value.split(' ').nth(1)).unwrap_or_default());
    match pipeline.outbound.call(outbound::Base { url, source }, call).await {
        Ok(answer) => match tokens.answer(answer.status, &answer.body) {
            TokenAnswer::Refused { reason } => TokenAnswer::Refused { reason: cut(&reason, shown, &header) },
            TokenAnswer::Again { reason } => TokenAnswer::Again { reason: cut(&reason, shown, &header) },
            answer => answer,
        },
        Err(error) => TokenAnswer::Again { reason: error.reason },
    }
}

fn cut(reason: &str, shown: &Secret, header: &Secret) -> String {
    without(header, without(shown, reason.as_bytes()).as_bytes())
}

/// A token that cannot be one is none.
fn usable(answer: TokenAnswer, now_ms: u64) -> TokenAnswer {
    match answer {
        TokenAnswer::Token { token, expires_ms } if !is_token(token.reveal()) || expires_ms <= now_ms => {
            TokenAnswer::Again { reason: "what the platform gave is no token, or over already".to_owned() }
        }
        answer => answer,
    }
}

fn blank(app: &App, gateway: String, failures: u32) -> GatewayToken {
    GatewayToken {
        tenant: app.tenant.clone(),
        platform: app.platform.clone(),
        app: app.id.clone(),
        gateway,
        state: TokenState::Wanted,
        detail: None,
        token: None,
        expires_ms: 0,
        refresh_ms: u64::MAX,
        failures,
    }
}

fn held(like: &GatewayToken, token: Secret, expires_ms: u64, now_ms: u64) -> GatewayToken {
    let refresh_ms = now_ms.saturating_add(REFRESH_MS.min(expires_ms.saturating_sub(now_ms) / 2));
    let token = Some(token);
    GatewayToken { state: TokenState::Held, detail: None, token, expires_ms, refresh_ms, failures: 0, ..like.clone() }
}

/// There is none, and the next request after a wait gets one.
fn wanted(like: &GatewayToken, detail: String, now_ms: u64) -> GatewayToken {
    let failures = like.failures.saturating_add(1);
    // Deliveries wait by themselves; only failures in a row are held apart.
    let wait_ms = if failures > 1 { AGAIN_FIRST_MS } else { 0 };
    GatewayToken {
        state: TokenState::Wanted,
        detail: Some(detail),
        token: None,
        expires_ms: 0,
        refresh_ms: now_ms.saturating_add(wait_ms),
        failures,
        ..like.clone()
    }
}

/// There is one, and the platform answered 401 to a request with it: the next request after a wait sees to it.
fn doubted(like: &GatewayToken, now_ms: u64) -> GatewayToken {
    let failures = like.failures.saturating_add(1);
    let wait_ms = if failures > 1 { AGAIN_FIRST_MS } else { 0 };
    let detail = "the platform answered 401 to a request with it; the next request has it refreshed, or gets a new one";
    let (state, detail) = (TokenState::Doubted, Some(detail.to_owned()));
    GatewayToken { state, detail, refresh_ms: now_ms.saturating_add(wait_ms), failures, ..like.clone() }
}

fn wait_ms(failures: u32) -> u64 {
    let doubled = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    AGAIN_FIRST_MS.saturating_mul(doubled).min(AGAIN_LONGEST_MS)
}

/// Writes down what is known of a token. One that cannot be written is kept in memory, used from there, and written later.
async fn keep(pipeline: &Pipeline, token: GatewayToken) {
    let app = App::of_token(&token);
    if token.token.is_some() {
        pipeline.asking.unwritten().insert(app.clone(), Arc::new(token.clone()));
    } else {
        pipeline.asking.unwritten().remove(&app);
    }
    match write(pipeline, &token).await {
        // A tenant that is gone needs none.
        Ok(()) | Err(Error::Missing(_)) => drop(pipeline.asking.unwritten().remove(&app)),
        Err(error) => {
            let App { tenant, id, .. } = &app;
            tracing::error!(%tenant, app = id, %error, "what is known of a gateway's token could not be written down");
        }
    }
}

/// Writes it down, again and again for a moment.
async fn write(pipeline: &Pipeline, token: &GatewayToken) -> Result<(), Error> {
    let put = || pipeline.store.put_gateway_token(token.clone(), pipeline.clock.now_ms());
    let until_ms = pipeline.clock.now_ms().saturating_add(pipeline.settings.deliver.total_ms / 10);
    lanes::insist(&*pipeline.clock, until_ms, put).await
}

/// Tries once more to write down what could not be written.
async fn write_unwritten(pipeline: &Pipeline) {
    let apps: Vec<App> = pipeline.asking.unwritten().keys().cloned().collect();
    for app in apps {
        let lock = pipeline.asking.lock_of(&app);
        let _one_at_a_time = lock.lock().await;
        let token = pipeline.asking.unwritten().get(&app).cloned();
        if let Some(token) = token {
            keep(pipeline, GatewayToken::clone(&token)).await;
        }
    }
}
