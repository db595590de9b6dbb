//! Who may use a route: checked before its handler runs, from the route's own entry in the table, so that no handler can
//! forget it. The tenant comes from the key and from nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::idempotency;
use super::keys::Caller;
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::scope::Scope;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A key, whatever its scopes.
    Key,
    /// A key with this scope.
    Scope(Scope),
}

/// The address that a connection comes from; the front door puts it into every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// A route on its guard.
pub(super) type Guarded = (Arc<Front>, &'static Route);

/// Lets whoever may pass; a write with an `Idempotency-Key` is done once.
pub(super) async fn guard(State((front, route)): State<Guarded>, mut request: Request, next: Next) -> Response {
    let scope = match route.access {
        Access::Open => return next.run(request).await,
        Access::Key => None,
        Access::Scope(scope) => Some(scope),
    };
    let caller = match front.caller(request.headers(), request.extensions()) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Some(scope) = scope.filter(|scope| !caller.scopes.allow(*scope)) {
        let detail = format!("the key {} lacks the scope {scope}", caller.actor.name);
        return Problem::new(StatusCode::FORBIDDEN, "scope", detail).into_response();
    }
    request.extensions_mut().insert(caller.clone());
    idempotency::once(front, route, caller, request, next).await
}

/// A handler's caller: there exactly when the route's guard let it pass.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let missing = || Problem::new(StatusCode::UNAUTHORIZED, "no-key", "this route needs a key");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}
