//! The simulated Khoros on a port of its own, with every call kept as it came over the wire.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use bothost::simulator::{Settings, khoros::SimulatedKhoros};
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::host::TOKEN;

/// Nothing in these tests takes this long; it only ends a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A call as it came over the wire, and what it was answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method and path: `POST /bots/v3/respond`.
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub status: StatusCode,
}

impl Call {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether it is no bot's.
    fn is_asking(&self) -> bool {
        self.line.contains("/tokens/") || self.line.contains("/bots/v3/request/")
    }

    /// The bearer token that it showed.
    pub fn bearer(&self) -> String {
        self.headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned()
    }

    /// What it says to the customer; empty when it says nothing.
    pub fn text(&self) -> String {
        self.json()["text"].as_str().unwrap_or_default().to_owned()
    }
}

/// The simulated platform. It ends with the test.
#[derive(Debug)]
pub struct Platform {
    /// What it does and remembers.
    pub khoros: SimulatedKhoros,
    /// Where it is.
    pub url: String,
    wire: Arc<Wire>,
    served: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug, Default)]
struct Wire {
    calls: Mutex<Vec<Call>>,
    arrived: AtomicUsize,
    /// Every call of this number is answered 503 and not done; 0 is none.
    fail_every: AtomicUsize,
}

impl Platform {
    /// Starts it.
    pub async fn start() -> Self {
        let settings = Settings { received_max: 100_000, ..Settings::new(TOKEN) };
        let (khoros, wire) = (SimulatedKhoros::new(settings), Arc::new(Wire::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = khoros.router().layer(from_fn_with_state(wire.clone(), keep));
        let served = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { khoros, url, wire, served }
    }

    /// Answers every `nth` call with 503 from now on, and does nothing of what it asks.
    pub fn fail_every(&self, nth: usize) {
        self.wire.fail_every.store(nth, Relaxed);
    }

    /// The bots' calls so far, in the order in which they were answered.
    pub fn calls(&self) -> Vec<Call> {
        let mut calls = self.everything();
        calls.retain(|call| !call.is_asking());
        calls
    }

    /// What the host asked on its own account: tokens, and what became of requests.
    pub fn asked(&self) -> Vec<Call> {
        let mut calls = self.everything();
        calls.retain(Call::is_asking);
        calls
    }

    /// All of them.
    pub fn everything(&self) -> Vec<Call> {
        self.wire.calls.lock().unwrap().clone()
    }

    /// Waits for the call after which there are `count`, and returns all.
    pub async fn wait_for(&self, count: usize) -> Vec<Call> {
        eventually(&format!("{count} calls to the platform"), || {
            let calls = self.calls();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn keep(State(wire): State<Arc<Wire>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (line, headers) = (format!("{} {}", parts.method, parts.uri.path()), parts.headers.clone());
    let (number, fail_every) = (wire.arrived.fetch_add(1, Relaxed) + 1, wire.fail_every.load(Relaxed));
    let response = if fail_every > 0 && number % fail_every == 0 {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"error": "not now"}"#).into_response()
    } else {
        next.run(Request::from_parts(parts, Body::from(body.clone()))).await
    };
    wire.calls.lock().unwrap().push(Call { line, headers, body, status: response.status() });
    response
}

/// Looks again and again until there is something to see.
///
/// # Panics
/// When it does not come about.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            match look() {
                Some(seen) => return seen,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    seen.await.unwrap_or_else(|_| panic!("never came about: {what}"))
}

/// A member of a JSON object as it is written.
pub fn member<'a>(json: &'a [u8], name: &str) -> &'a str {
    let members: std::collections::HashMap<String, &'a RawValue> = serde_json::from_slice(json).unwrap();
    members[name].get()
}
