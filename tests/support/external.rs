//! A bot elsewhere: a small server that keeps what it gets and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::platform::eventually;

/// An event as it came to the bot.
#[derive(Debug, Clone)]
pub struct Got {
    /// Method, path and query.
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }
}

/// The bot. It ends with the test.
#[derive(Debug)]
pub struct External {
    /// Where it listens: host and port.
    pub host: String,
    shared: Arc<Shared>,
    served: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug)]
struct Shared {
    got: Mutex<Vec<Got>>,
    /// What the next events are answered; 202 after that.
    answers: Mutex<VecDeque<u16>>,
    hanging: watch::Sender<bool>,
}

impl External {
    /// Starts it.
    pub async fn start() -> Self {
        let shared =
            Arc::new(Shared { got: Mutex::default(), answers: Mutex::default(), hanging: watch::Sender::new(false) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(take).with_state(shared.clone());
        let served = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, shared, served }
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Answers the next events with these statuses.
    pub fn answer(&self, statuses: &[u16]) {
        self.shared.answers.lock().unwrap().extend(statuses);
    }

    /// Leaves events unanswered until told otherwise.
    pub fn hang(&self, hanging: bool) {
        self.shared.hanging.send_replace(hanging);
    }

    /// What it got so far.
    pub fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    /// Waits until it got that many, and returns all.
    pub async fn wait_for(&self, count: usize) -> Vec<Got> {
        eventually(&format!("{count} events at the external bot"), || {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
        .await
    }
}

impl Drop for External {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> (StatusCode, Body) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    let echo = format!("{:?}", parts.headers);
    shared.got.lock().unwrap().push(Got { line, headers: parts.headers, body });
    let status = shared.answers.lock().unwrap().pop_front().unwrap_or(202);
    let mut hanging = shared.hanging.subscribe();
    let _ = hanging.wait_for(|hanging| !hanging).await;
    // It says back what it was sent, credentials and all: nothing of that may be kept.
    (StatusCode::from_u16(status).unwrap(), Body::from(echo))
}
