//! Simulated platforms, one folder for each: they take a bot's calls as the documented service would, and remember them; and their
//! customers write to bots.
//!
//! `bothost demo`, `bothost chat`, the benchmark and the tests use them. They are written from the documents and share no code with the
//! platforms' decoders and encoders, so that a mistake in one of them shows.

use std::time::Instant;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::domain::secret::Secret;

pub mod service;
pub mod customer;
pub mod khoros;
pub mod livechat;
pub mod deadsimplechat;

/// What a simulator is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bearer token that calls must carry.
    pub token: Secret,
    /// How many calls are remembered; beyond it the oldest are forgotten.
    pub received_max: usize,
    /// The largest body taken, in bytes; a larger one counts as empty.
    pub body_bytes_max: usize,
    /// How many conversations' owners are remembered; beyond it calls that would change one more are answered 503.
    pub owners_max: usize,
}

impl Settings {
    /// The token, 10 000 calls, 1 MiB bodies and 100 000 owners.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self { token: Secret::new(token), received_max: 10_000, body_bytes_max: 1024 * 1024, owners_max: 100_000 }
    }
}

/// A call that came in, whatever it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path with its prefix: `/bots/v3/respond`.
    pub path: String,
    /// The body; null when it was no JSON.
    pub body: Value,
    /// What it was answered; nothing when it was left hanging.
    pub status: Option<StatusCode>,
    /// When it came.
    pub at: Instant,
}
