//! A simulated Khoros: takes a bot's calls as the documented service would, and remembers them.
//!
//! `bothost demo`, the benchmark and the tests send to it. It is written from the documents (seed 001; platforms.md A6, A7) and
//! shares no code with the encoder, so that a mistake in one of them shows.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::domain::secret::Secret;

pub mod livechat;
pub mod service;
pub mod check;
mod answer;
mod records;
mod tokens;
pub mod sign;

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

/// What identifies a conversation: network, external id and author id, as the calls have them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// `coordinate.networkKey`.
    pub network: String,
    /// `coordinate.externalId`.
    pub external_id: String,
    /// `author.id`.
    pub author: String,
}

/// Who holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A human agent.
    Agent,
    /// The bot of this app id.
    Bot(String),
}

/// The simulated service. Clones are the same one.
#[derive(Debug, Clone)]
pub struct SimulatedKhoros {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    memory: Mutex<Memory>,
    /// Rings after each call.
    arrived: Notify,
    /// True while calls are left unanswered.
    hanging: watch::Sender<bool>,
}

/// What a request record says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// It is under way.
    Pending,
    /// It was done.
    Success,
    /// It was not done.
    Error,
}

impl RequestState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Error => "ERROR",
        }
    }
}

#[derive(Debug, Default)]
struct Memory {
    received: VecDeque<Received>,
    received_total: u64,
    tokens: tokens::Tokens,
    /// Of bots' calls, oldest first; as many as there are calls remembered.
    records: VecDeque<records::Record>,
    owners: HashMap<Conversation, Owner>,
    fault: Option<Fault>,
}

/// What the next calls are answered instead.
#[derive(Debug, Clone)]
struct Fault {
    calls: u64,
    status: StatusCode,
    retry_after_s: Option<u64>,
    /// Of a bot's call that is not answered as it should be: what its record says, and whether its request id is told.
    muddle: Option<(Option<RequestState>, bool)>,
}

impl SimulatedKhoros {
    /// A service in which every conversation is the bot's (conformance 122).
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let shared =
            Shared { settings, memory: Mutex::default(), arrived: Notify::new(), hanging: watch::Sender::new(false) };
        Self { shared: Arc::new(shared) }
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
        Router::new().fallback(take).with_state(self.clone())
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
        self.memory().fault = Some(Fault { calls, status, retry_after_s: None, muddle: None });
    }

    /// Answers the next `calls` calls of bots with `status`, whatever became of them: their records say `state`, if there are
    /// any. Their request ids are told or not. Calls for records and tokens are answered as ever.
    pub fn muddle_next(&self, calls: u64, status: StatusCode, state: Option<RequestState>, told: bool) {
        self.memory().fault = Some(Fault { calls, status, retry_after_s: None, muddle: Some((state, told)) });
    }

    /// Changes what all records say.
    pub fn set_records(&self, state: RequestState) {
        self.memory().records.iter_mut().for_each(|record| record.state = state);
    }

    /// Gives tokens to a Care user from now on, beside the one that is always taken.
    pub fn give_tokens_to(&self, user: &str, password: &str) {
        self.memory().tokens.user = Some((user.to_owned(), Secret::new(password)));
    }

    /// Takes none of an app's tokens any more, and gives it a new one if it asks.
    pub fn forget_tokens(&self, app: &str) {
        self.memory().tokens.forget(app);
    }

    /// The same with `Retry-After`, in seconds.
    pub fn fail_next_for(&self, calls: u64, status: StatusCode, retry_after_s: u64) {
        self.memory().fault = Some(Fault { calls, status, retry_after_s: Some(retry_after_s), muddle: None });
    }

    /// Leaves calls unanswered from now on; what they ask is not done.
    pub fn hang(&self) {
        self.shared.hanging.send_replace(true);
    }

    /// Answers calls again. Those left hanging get 504.
    pub fn resume(&self) {
        self.shared.hanging.send_replace(false);
    }

    /// Says who holds a conversation, as an agent in Care would.
    pub fn set_owner(&self, conversation: Conversation, owner: Owner) {
        self.memory().owners.insert(conversation, owner);
    }

    /// Who holds a conversation; nothing where nobody said so, and the bot that asks first is taken for it.
    #[must_use]
    pub fn owner(&self, conversation: &Conversation) -> Option<Owner> {
        self.memory().owners.get(conversation).cloned()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Every change is complete before the lock is given back, so that a panic elsewhere leaves nothing half done.
        self.shared.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, received: Received) -> u64 {
        let number = {
            let mut memory = self.memory();
            while memory.received.len() >= self.shared.settings.received_max.max(1) {
                memory.received.pop_front();
            }
            memory.received.push_back(received);
            memory.received_total += 1;
            memory.received_total
        };
        self.shared.arrived.notify_waiters();
        number
    }

    /// What a bearer token opens: everything, or what its app may; nothing when it is not taken.
    fn bearer(&self, token: &str) -> Option<Option<String>> {
        if token == self.shared.settings.token.reveal() {
            return Some(None);
        }
        self.memory().tokens.app_of(token, now_ms()).map(Some)
    }

    /// Keeps a record of a bot's call.
    fn record(&self, number: u64, state: RequestState, payload: Value) {
        let mut memory = self.memory();
        while memory.records.len() >= self.shared.settings.received_max.max(1) {
            memory.records.pop_front();
        }
        let id = format!("sim-{number}");
        memory.records.push_back(records::Record { id, state, created_ms: now_ms(), payload });
    }

    fn take_fault(&self, of_a_bot: bool) -> Option<Fault> {
        let mut memory = self.memory();
        let fault = memory.fault.as_mut().filter(|fault| fault.muddle.is_none() || of_a_bot)?;
        fault.calls = fault.calls.checked_sub(1)?;
        Some(fault.clone())
    }
}

async fn take(State(service): State<SimulatedKhoros>, request: Request) -> Response {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let limit = service.shared.settings.body_bytes_max;
    let body = axum::body::to_bytes(body, limit).await.unwrap_or_else(|_| Bytes::new());
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let call = answer::Call { method: parts.method, path, query, headers: parts.headers, body: json };
    let of_a_bot = check::Action::of(call.method.as_str(), &call.path).is_some();
    let mut hanging = service.shared.hanging.subscribe();
    if *hanging.borrow() {
        service.remember(call.received(None, at));
        // The sender lives in `service`, so that waiting cannot fail.
        let _ = hanging.wait_for(|hanging| !hanging).await;
        return answer::refusal(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out").into_response(0);
    }
    let fault = service.take_fault(of_a_bot);
    let muddle = fault.as_ref().and_then(|fault| fault.muddle);
    let answer = match fault {
        Some(fault) => {
            let mut answer = answer::refusal(fault.status, "simulated fault");
            answer.retry_after_s = fault.retry_after_s;
            answer
        }
        None => answer::to(&service, &call),
    };
    let number = service.remember(call.received(Some(answer.status), at));
    if let Some((state, told)) = muddle {
        if let Some(state) = state {
            service.record(number, state, call.body);
        }
        return if told { answer.into_response(number) } else { answer.untold() };
    }
    if of_a_bot && answer.status.is_success() {
        service.record(number, RequestState::Success, call.body);
    }
    answer.into_response(number)
}

/// The simulated service has a clock of its own, as the real one has.
#[expect(clippy::disallowed_methods, reason = "whatever it simulates is not the host's")]
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
