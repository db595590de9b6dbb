//! The way out: an HTTP client without redirects, proxies or surprises. What tenants set reaches public addresses alone.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};

use super::gateways::{Gateway, Source};
use super::guard::{Guard, PublicOnly, Reach};
use crate::domain::delivery::Delivery;
use crate::platform::{GatewayCall, Shows};
use crate::settings::Deliver;

/// Sends requests to gateways.
#[derive(Debug, Clone)]
pub struct Client {
    /// Goes wherever it is sent: for gateways that the operator vouches for.
    any: reqwest::Client,
    /// Goes to public addresses alone.
    public: reqwest::Client,
    guard: Guard,
    response_bytes_max: usize,
}

/// Where a call goes.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// The base URL.
    pub url: &'a str,
    /// Who set it.
    pub source: Source,
}

/// A platform's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, cut off at the limit.
    pub body: Bytes,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Error {
    /// What happened.
    pub reason: String,
    /// Whether the platform may have got the request all the same.
    pub maybe_sent: bool,
}

impl Client {
    /// A client with the settings' time-outs.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: &Deliver) -> Result<Self, reqwest::Error> {
        use_ring();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(Duration::from_millis(settings.connect_ms))
                .timeout(Duration::from_millis(settings.total_ms))
                .user_agent(concat!("bothost/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            any: builder().build()?,
            public: builder().dns_resolver(Arc::new(PublicOnly)).build()?,
            guard: Guard::new(&settings.private_hosts),
            response_bytes_max: settings.response_bytes_max,
        })
    }

    /// What holds tenants' gateways to public addresses.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Calls a gateway for something else than a delivery.
    ///
    /// # Errors
    /// When no answer came, or the gateway is not one that its tenant may use.
    pub async fn call(&self, base: Base<'_>, call: GatewayCall) -> Result<Answer, Error> {
        self.request(base, call.method, &call.path, call.headers, String::new()).await
    }

    /// Sends a delivery through a gateway.
    ///
    /// # Errors
    /// When no answer came, or the gateway is not one that its tenant may use.
    pub async fn send(&self, gateway: &Gateway, shows: Shows, delivery: &Delivery) -> Result<Answer, Error> {
        let method =
            delivery.method.parse().map_err(|_| Error::not_sent(format!("no method {:?}", delivery.method)))?;
        let base = Base { url: &gateway.url, source: gateway.source };
        self.request(base, method, &shows.path(&delivery.path), shows.headers, delivery.body.clone()).await
    }

    async fn request(
        &self,
        base: Base<'_>,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Answer, Error> {
        let url = format!("{}{path}", base.url.trim_end_matches('/'));
        let http = match base.source {
            Source::Settings => &self.any,
            // The settings may have changed since it was set.
            Source::Api => match self.guard.reach(base.url).map_err(Error::not_sent)? {
                Reach::Named => &self.any,
                Reach::Public => &self.public,
            },
        };
        self.answer(http.request(method, url).headers(headers).body(body)).await
    }

    /// Brings an event to a bot elsewhere. What goes wrong is told without its URL, whose query may be a secret.
    ///
    /// # Errors
    /// When no answer came within `longest`, or the bot is not where its tenant may send to.
    pub async fn relay(&self, url: &str, headers: HeaderMap, body: Bytes, longest: Duration) -> Result<Answer, Error> {
        // The settings may have changed since it was registered.
        let http = match self.guard.callback(url).map_err(Error::not_sent)? {
            Reach::Named => &self.any,
            Reach::Public => &self.public,
        };
        self.answer(http.post(url).headers(headers).body(body).timeout(longest)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
        let mut response = request.send().await.map_err(|error| Error::of(&error.without_url()))?;
        let mut body = BytesMut::new();
        let (status, headers) = (response.status(), response.headers().clone());
        // The status is the answer; a body that breaks off or runs over only shortens the story.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = self.response_bytes_max.saturating_sub(body.len());
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }
}

/// Makes ring the process's cryptography for TLS; once is enough, and more do no harm. Every HTTP client needs it.
pub fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Error {
    fn not_sent(reason: String) -> Self {
        Self { reason, maybe_sent: false }
    }

    fn of(error: &reqwest::Error) -> Self {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { reason, maybe_sent: !error.is_connect() && !error.is_builder() }
    }
}
