//! The simulated service's tokens (platforms.md A2): one for each app, got with a Care user's name and password.

use std::collections::HashMap;

use axum::http::{HeaderMap, Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::SimulatedKhoros;
use super::answer::{Answer, Call};
use crate::domain::secret::Secret;

/// How long a token is taken, and how much longer after another took over: 90 days and ten minutes.
const LIFE_MS: u64 = 90 * 24 * 60 * 60 * 1000;
const GRACE_MS: u64 = 10 * 60 * 1000;

/// How many tokens are remembered; beyond it nobody gets one.
const TOKENS_MAX: usize = 10_000;

/// What is known of tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Whoever may have some.
    pub(super) user: Option<(String, Secret)>,
    /// Those that are taken: whose, and until when.
    taken: HashMap<String, (String, u64)>,
    /// The one of each app.
    current: HashMap<String, String>,
    given: u64,
}

impl Tokens {
    /// The app that a token is for.
    pub(super) fn app_of(&self, token: &str, now_ms: u64) -> Option<String> {
        self.taken.get(token).filter(|(_, until_ms)| *until_ms > now_ms).map(|(app, _)| app.clone())
    }

    /// Takes none of an app's any more.
    pub(super) fn forget(&mut self, app: &str) {
        self.current.remove(app);
        self.taken.retain(|_, (of, _)| of != app);
    }

    fn give(&mut self, app: &str, now_ms: u64) -> (String, u64) {
        self.given += 1;
        let (token, expires_ms) = (format!("simulated-token-{}-of-{app}", self.given), now_ms + LIFE_MS);
        if let Some((_, until_ms)) =
            self.current.insert(app.to_owned(), token.clone()).and_then(|old| self.taken.get_mut(&old))
        {
            *until_ms = (*until_ms).min(now_ms + GRACE_MS);
        }
        self.taken.insert(token.clone(), (app.to_owned(), expires_ms));
        (token, expires_ms)
    }
}

/// Answers a call that is about tokens; nothing when it is about something else.
pub(super) fn answer(service: &SimulatedKhoros, call: &Call) -> Option<Answer> {
    if let Some(app) = call.path.strip_prefix("/api/v2/tokens/khorosapi/ownerId/") {
        return Some(care(service, call, app));
    }
    let app = call.path.strip_prefix("/bots/v3/tokens/appId/")?;
    let now_ms = super::now_ms();
    let mut memory = service.memory();
    if bearer(&call.headers).and_then(|token| memory.tokens.app_of(token, now_ms)).as_deref() != Some(app) {
        return Some(Answer::new(StatusCode::BAD_REQUEST, json!({"error": {"message": "Unauthorized"}})));
    }
    Some(match call.method {
        Method::PUT => {
            let (token, expires_ms) = memory.tokens.give(app, now_ms);
            Answer::new(StatusCode::OK, json!({"data": {"token": token, "expiresAtMillis": expires_ms}}))
        }
        Method::DELETE => {
            memory.tokens.forget(app);
            Answer::new(StatusCode::OK, json!({}))
        }
        _ => Answer::new(StatusCode::METHOD_NOT_ALLOWED, json!({"error": {"message": "Method not allowed"}})),
    })
}

fn care(service: &SimulatedKhoros, call: &Call, app: &str) -> Answer {
    let fail = |status, text: &str| Answer::new(status, json!({"status": "fail", "message": text}));
    let now_ms = super::now_ms();
    let mut memory = service.memory();
    let given = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let known = memory
        .tokens
        .user
        .as_ref()
        .map(|(user, password)| format!("Basic {}", BASE64.encode(format!("{user}:{}", password.reveal()))));
    if known.is_none() || given != known.as_deref() {
        return fail(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let exists = memory.tokens.current.get(app).is_some_and(|token| memory.tokens.app_of(token, now_ms).is_some());
    match call.method {
        Method::POST if exists => fail(StatusCode::CONFLICT, "A token at this path already exists."),
        Method::POST if memory.tokens.taken.len() >= TOKENS_MAX => {
            fail(StatusCode::SERVICE_UNAVAILABLE, "The simulator remembers no more tokens")
        }
        Method::POST => {
            let (token, expires_ms) = memory.tokens.give(app, now_ms);
            Answer::new(
                StatusCode::OK,
                json!({"status": "success", "data": {"token": token, "expiresAtMillis": expires_ms}}),
            )
        }
        Method::GET if exists => Answer::new(StatusCode::OK, json!({"status": "success"})),
        Method::GET => fail(StatusCode::NOT_FOUND, "There is no token at this path."),
        _ => fail(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    }
}

/// The bearer token of a call.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
