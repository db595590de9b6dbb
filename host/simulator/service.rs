//! A simulated platform without its rules: takes calls, remembers them, and answers what the platform's rules say or what a test
//! wants to see.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use super::{Received, Settings};

/// A call as it came in.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when it was no JSON.
    pub body: Value,
}

/// What a call is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

/// What a platform makes of calls: written from its documents, without the encoder's code, so that a mistake in one of them shows.
pub trait Rules: Send + Sync + 'static {
    /// Checks a call and does what it asks.
    fn answer(&self, settings: &Settings, call: &Call) -> Answer;

    /// An error in the platform's envelope, for what a test wants to see.
    fn fault(&self, status: StatusCode) -> Answer {
        Answer { status, body: json!({ "message": "simulated fault" }) }
    }
}

/// A simulated service. Clones are the same one.
#[derive(Debug)]
pub struct Service<R> {
    shared: Arc<Shared<R>>,
}

struct Shared<R> {
    settings: Settings,
    rules: R,
    memory: Mutex<Memory>,
    /// Rings after each call.
    arrived: Notify,
    /// True while calls are left unanswered.
    hanging: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Memory {
    received: VecDeque<Received>,
    received_total: u64,
    /// How many calls are answered with what status instead.
    fault: Option<(u64, StatusCode)>,
}

impl<R: Rules> Service<R> {
    /// A service with these rules.
    #[must_use]
    pub fn new(settings: Settings, rules: R) -> Self {
        let (memory, hanging) = (Mutex::default(), watch::Sender::new(false));
        Self { shared: Arc::new(Shared { settings, rules, memory, arrived: Notify::new(), hanging }) }
    }

    /// Serves until `shutdown` is done and the calls under way are answered; those left hanging are answered then.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let this = self.clone();
        let ended = async move {
            shutdown.await;
            this.resume();
        };
        axum::serve(listener, self.router()).with_graceful_shutdown(ended).await
    }

    /// The service without a socket.
    pub fn router(&self) -> Router {
        Router::new().fallback(take::<R>).with_state(self.clone())
    }

    /// The platform's rules, and what they remember.
    #[must_use]
    pub fn rules(&self) -> &R {
        &self.shared.rules
    }

    /// The calls that are remembered, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.memory().received.iter().cloned().collect()
    }

    /// How many calls came in all, forgotten ones included.
    #[must_use]
    pub fn received_total(&self) -> u64 {
        self.memory().received_total
    }

    /// Waits until `count` calls came in all. It never gives up: the caller sets the time that it is worth.
    pub async fn wait_for(&self, count: u64) {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            // Listen first, then look: a call between the two would go unheard otherwise.
            arrived.as_mut().enable();
            if self.received_total() >= count {
                return;
            }
            arrived.await;
        }
    }

    /// Answers the next `calls` calls with `status`, and does nothing of what they ask.
    pub fn fail_next(&self, calls: u64, status: StatusCode) {
        self.memory().fault = Some((calls, status));
    }

    /// Leaves calls unanswered from now on; what they ask is not done.
    pub fn hang(&self) {
        self.shared.hanging.send_replace(true);
    }

    /// Answers calls again. Those left hanging get 504.
    pub fn resume(&self) {
        self.shared.hanging.send_replace(false);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Every change is complete before the lock is given back, so that a panic elsewhere leaves nothing half done.
        self.shared.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, received: Received) {
        {
            let mut memory = self.memory();
            while memory.received.len() >= self.shared.settings.received_max.max(1) {
                memory.received.pop_front();
            }
            memory.received.push_back(received);
            memory.received_total += 1;
        }
        self.shared.arrived.notify_waiters();
    }

    fn take_fault(&self) -> Option<Answer> {
        let mut memory = self.memory();
        let (calls, status) = memory.fault.as_mut()?;
        *calls = calls.checked_sub(1)?;
        Some(self.shared.rules.fault(*status))
    }
}

impl<R> Clone for Service<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<R> fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

async fn take<R: Rules>(State(service): State<Service<R>>, request: Request) -> Response {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let body =
        axum::body::to_bytes(body, service.shared.settings.body_bytes_max).await.unwrap_or_else(|_| Bytes::new());
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let received =
        |status| Received { method: call.method.clone(), path: call.path.clone(), body: call.body.clone(), status, at };
    let mut hanging = service.shared.hanging.subscribe();
    let answer = if *hanging.borrow() {
        service.remember(received(None));
        // The sender lives in `service`, so that waiting cannot fail.
        let _ = hanging.wait_for(|hanging| !hanging).await;
        service.shared.rules.fault(StatusCode::GATEWAY_TIMEOUT)
    } else {
        let rules = &service.shared.rules;
        let answer = service.take_fault().unwrap_or_else(|| rules.answer(&service.shared.settings, &call));
        service.remember(received(Some(answer.status)));
        answer
    };
    (answer.status, [(header::CONTENT_TYPE, "application/json")], answer.body.to_string()).into_response()
}
