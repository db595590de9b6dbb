//! The HTTP surface: one listener for webhooks, the platforms' APIs, the host's own API and the probes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::access::Peer;
use crate::settings::Front;

pub mod router;
pub mod access;
pub mod keys;
pub mod admin_key;
pub mod hooks;
pub mod platform_api;
pub mod modules;
pub mod tenants;
mod tokens;
pub mod keys_api;
pub mod gateways;
pub mod versions;
pub mod bots;
mod upload;
mod download;
pub mod audit;
pub mod events;
pub mod deliveries;
pub mod logs;
pub mod openapi;
pub mod probes;
pub mod idempotency;
pub mod page;
pub mod extract;
pub mod problem;
pub mod limits;

/// Serves a router on a bound listener until `shutdown` ends; then lets open requests finish, for a bounded time.
///
/// Unlike `axum::serve` it bounds the number of connections and the time that a connection may take to send a request's
/// head, so that slow senders cannot hold the door.
pub async fn serve(listener: TcpListener, router: Router, settings: &Front, shutdown: impl Future<Output = ()>) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.header_timeout_ms))
        .max_headers(100)
        .max_buf_size(64 * 1024);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(settings.connections_max));
    tokio::pin!(shutdown);
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = &mut shutdown => break,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, address) = match stream {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: others must close before the next accept can succeed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(address));
            service.call(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    let longest = Duration::from_millis(settings.shutdown_ms);
    if tokio::time::timeout(longest, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still open when the time for a shutdown was over");
    }
}
