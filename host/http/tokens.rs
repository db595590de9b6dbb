//! Who is calling a platform's API with a token that the host gave out. Such a token opens nothing of the host's own API.

use http::StatusCode;

use super::hooks::unavailable;
use super::keys::Caller;
use super::problem::Problem;
use crate::domain::actor::Actor;
use crate::domain::secret::Secret;
use crate::platform::{By, Platform};
use crate::store::Store;

/// What a token whose id is not known is held against, so that it costs what a known one does.
const NO_KEY: &str = "00000000000000000000000000000000";

/// Who shows this token of a platform's from the address `peer`.
///
/// # Errors
/// 401, without a word of why; 503 when the store cannot say.
pub(super) fn caller(
    store: &dyn Store,
    platform: &dyn Platform,
    (id, shown): (&str, &Secret),
    peer: String,
    now_ms: u64,
) -> Result<(Caller, By), Problem> {
    let refused = || Problem::new(StatusCode::UNAUTHORIZED, "no-token", "there is no such token");
    let token = store.token(id).map_err(|error| unavailable(&error))?;
    let token = token.filter(|token| token.platform == platform.name());
    let key = token.as_ref().map_or_else(|| Secret::new(NO_KEY), |token| token.key.clone());
    let tokens = platform.tokens().ok_or_else(refused)?;
    let is_signed = tokens.is_signed(shown, &key);
    let token = token.filter(|token| is_signed && token.is_live(now_ms)).ok_or_else(refused)?;
    let tenant = store.tenant(&token.tenant).map_err(|error| unavailable(&error))?;
    if !tenant.is_some_and(|tenant| tenant.is_live()) {
        return Err(refused());
    }
    // Whoever takes a key back takes back what it was made to open.
    let maker = store.key(&token.maker).map_err(|error| unavailable(&error))?;
    let maker = maker.filter(|key| key.tenant == token.tenant && key.is_live(now_ms)).ok_or_else(refused)?;
    let scopes = tokens.scopes().iter().filter(|scope| maker.scopes.allow(*scope)).collect();
    let caller = Caller {
        tenant: token.tenant.clone(),
        actor: Actor { name: format!("token:{}", token.id), origin: peer },
        key: token.maker.clone(),
        scopes,
        client_id: Some(token.app.clone()),
        expires_ms: Some(token.expires_ms),
    };
    Ok((caller, By::Token { id: token.id.clone(), user: token.user.clone() }))
}
