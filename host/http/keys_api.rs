//! `/v1/keys`: a tenant's keys: made, rotated, revoked. A key is shown once, in the answer that made it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Access;
use super::extract::{JsonBody, Query};
use super::keys::{self, Caller, Minted};
use super::openapi::{json_of, list_of};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::key::{Key, Standing};
use crate::domain::names::{KeyId, TenantName};
use crate::domain::scope::{Scope, Scopes};
use crate::store::{Error, NewKey};

const NO_KEY: (u16, &str) = (404, "There is no such key.");

/// This concern's routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/v1/whoami",
        access: Access::Key,
        summary: "Whose key this is and what it may do.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<WhoAmI>())),
        problems: &[],
        handler: || get(who_am_i),
    },
    Route {
        method: Method::GET,
        path: "/v1/keys",
        access: Access::Scope(Scope::MANAGE),
        summary: "The tenant's keys, also those that are over. The keys themselves are never shown again.",
        query: &[],
        body: None,
        answer: (200, Some(list_of::<KeyJson>())),
        problems: &[],
        handler: || get(list),
    },
    Route {
        method: Method::POST,
        path: "/v1/keys",
        access: Access::Scope(Scope::MANAGE),
        summary: "Make a key that may do no more than the one that makes it, nor longer, unless that may `admin`. The answer \
                  alone shows it.",
        query: &[],
        body: Some(json_of::<NewKeyJson>()),
        answer: (201, Some(json_of::<CreatedKey>())),
        problems: &[(409, "The client_id is another tenant's."), (422, "A member has a value that cannot be.")],
        handler: || post(make),
    },
    Route {
        method: Method::GET,
        path: "/v1/keys/{id}",
        access: Access::Scope(Scope::MANAGE),
        summary: "One key.",
        query: &[],
        body: None,
        answer: (200, Some(json_of::<KeyJson>())),
        problems: &[NO_KEY],
        handler: || get(show),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/keys/{id}",
        access: Access::Scope(Scope::MANAGE),
        summary: "Revoke a key: it opens nothing from the next request on, and stays in the list. A key with the scope \
                  `admin` is revoked by another such key alone.",
        query: &[],
        body: None,
        answer: (204, None),
        problems: &[NO_KEY],
        handler: || delete(revoke),
    },
    Route {
        method: Method::POST,
        path: "/v1/keys/{id}/rotate",
        access: Access::Scope(Scope::MANAGE),
        summary: "Make a key that takes over from this one, which is taken for a while yet: two are live at a time. The new \
                  key has the same name, scopes and client_id, and lives as long as this one did from its making, but no longer \
                  than the key that asks for it, unless that may `admin`.",
        query: &[],
        body: Some(json_of::<RotateJson>()),
        answer: (201, Some(json_of::<CreatedKey>())),
        problems: &[
            NO_KEY,
            (409, "The key is not live, or two of its line are live already."),
            (422, "The grace is too long."),
        ],
        handler: || post(rotate),
    },
];

/// The longest name or client_id of a key, in characters.
const NAME_MAX: usize = 128;
/// How long a rotated key is taken, in seconds, unless told otherwise; and at most.
const GRACE_S: u64 = 24 * 60 * 60;
const GRACE_S_MAX: u64 = 30 * GRACE_S;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewKey)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyJson {
    /// What to call it: 1 to 128 characters.
    name: String,
    /// What it may do: no more than the key that makes it.
    scopes: Vec<String>,
    /// The app in whose name it acts, 1 to 128 visible ASCII characters. It belongs to the tenant from then on.
    client_id: Option<String>,
    /// From when on it is not taken any more: no later than the key that makes it, unless that may `admin`. When it is left
    /// out, as long as the key that makes it, or for ever if that may `admin`.
    expires_ms: Option<u64>,
}

/// How to rotate a key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Rotate)]
#[serde(deny_unknown_fields)]
struct RotateJson {
    /// How long the old key is taken yet, in seconds: a day unless told otherwise, at most 30 days.
    grace_s: Option<u64>,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct KeyJson {
    /// Its public part: `bh_<id>_...`.
    id: String,
    name: String,
    scopes: Vec<String>,
    client_id: Option<String>,
    /// The key that it was made to take over from.
    replaces: Option<String>,
    /// `live`, `expired` or `revoked`.
    status: &'static str,
    created_ms: u64,
    expires_ms: Option<u64>,
    /// To within a minute if the host dies.
    last_used_ms: Option<u64>,
    revoked_ms: Option<u64>,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedKey {
    /// The key itself. It is not shown again.
    key: String,
    #[serde(flatten)]
    about: KeyJson,
}

/// Whose key this is.
#[derive(Debug, Serialize, ToSchema)]
struct WhoAmI {
    tenant: String,
    /// The key's id.
    key: String,
    scopes: Vec<String>,
    client_id: Option<String>,
    expires_ms: Option<u64>,
}

impl KeyJson {
    fn of(key: &Key, now_ms: u64) -> Self {
        Self {
            id: key.id.as_str().to_owned(),
            name: key.name.clone(),
            scopes: names(&key.scopes),
            client_id: key.client_id.clone(),
            replaces: key.replaces.as_ref().map(|id| id.as_str().to_owned()),
            status: match key.standing(now_ms) {
                Standing::Live => "live",
                Standing::Expired => "expired",
                Standing::Revoked => "revoked",
            },
            created_ms: key.created_ms,
            expires_ms: key.expires_ms,
            last_used_ms: key.last_used_ms,
            revoked_ms: key.revoked_ms,
        }
    }
}

fn names(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.to_string()).collect()
}

async fn who_am_i(caller: Caller) -> Json<WhoAmI> {
    Json(WhoAmI {
        tenant: caller.tenant.as_str().to_owned(),
        key: caller.key.as_str().to_owned(),
        scopes: names(&caller.scopes),
        client_id: caller.client_id,
        expires_ms: caller.expires_ms,
    })
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<KeyJson>>, Problem> {
    let (limit, now_ms) = (page.limit(), front.pipeline.clock.now_ms());
    let keys = front.pipeline.store.keys(&caller.tenant, page.before()?, limit);
    let keys = keys.map_err(|error| Problem::of_store(&error))?;
    let next = (keys.len() == limit).then(|| keys.last().map(|(seq, _)| *seq)).flatten();
    Ok(Json(Page::new(keys.iter().map(|(_, key)| KeyJson::of(key, now_ms)).collect(), next)))
}

async fn make(
    State(front): State<Arc<Front>>,
    caller: Caller,
    JsonBody(new): JsonBody<NewKeyJson>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    make_key(&front, &caller, caller.tenant.clone(), new).await
}

/// Makes a key for a tenant in the caller's name.
pub(super) async fn make_key(
    front: &Front,
    caller: &Caller,
    tenant: TenantName,
    new: NewKeyJson,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let now_ms = front.pipeline.clock.now_ms();
    if !is_name(&new.name) {
        return Err(unusable(format!(
            "a key's `name` has 1 to {NAME_MAX} characters, none of them a control character"
        )));
    }
    if let Some(client_id) = &new.client_id
        && (!is_name(client_id) || !client_id.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(unusable(format!("a `client_id` has 1 to {NAME_MAX} visible ASCII characters")));
    }
    if new.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
        return Err(unusable(format!("`expires_ms` is past: it is {now_ms} now")));
    }
    let scopes = Scopes::parse(new.scopes.iter().map(String::as_str)).map_err(unusable)?;
    if scopes.is_empty() {
        return Err(unusable("a key without `scopes` could do nothing: name at least one".to_owned()));
    }
    no_more_than(caller, &scopes)?;
    let expires_ms = no_longer_than(caller, new.expires_ms)?;
    let minted = mint()?;
    let key = Key {
        id: minted.id.clone(),
        tenant,
        name: new.name,
        client_id: new.client_id,
        scopes,
        hash: minted.hash,
        replaces: None,
        created_ms: now_ms,
        expires_ms,
        last_used_ms: None,
        revoked_ms: None,
    };
    let added = front.pipeline.store.add_key(key.clone(), caller.actor.clone()).await;
    added.map_err(|error| Problem::of_store(&error))?;
    Ok(created(&minted, &key, now_ms))
}

async fn show(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyJson>, Problem> {
    let key = find(&front, &caller.tenant, &KeyId::from(id))?;
    Ok(Json(KeyJson::of(&key, front.pipeline.clock.now_ms())))
}

async fn revoke(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let key = find(&front, &caller.tenant, &KeyId::from(id))?;
    // Or whoever manages a tenant could lock the operator out.
    if key.scopes.allow(Scope::ADMIN) {
        no_more_than(&caller, &key.scopes)?;
    }
    let now_ms = front.pipeline.clock.now_ms();
    let revoked = front.pipeline.store.revoke_key(caller.tenant, key.id, caller.actor, now_ms).await;
    revoked.map_err(|error| Problem::of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(rotate): JsonBody<RotateJson>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let grace_s = rotate.grace_s.unwrap_or(GRACE_S);
    if grace_s > GRACE_S_MAX {
        return Err(unusable(format!("`grace_s` is {grace_s}, at most {GRACE_S_MAX}: 30 days")));
    }
    let old = find(&front, &caller.tenant, &KeyId::from(id))?;
    // The successor is a key that the caller gets to see.
    no_more_than(&caller, &old.scopes)?;
    let (minted, now_ms) = (mint()?, front.pipeline.clock.now_ms());
    let new = NewKey { id: minted.id.clone(), hash: minted.hash, now_ms, expires_max_ms: latest_expiry(&caller) };
    let key = front.pipeline.store.rotate_key(caller.tenant, old.id, new, grace_s * 1000, caller.actor).await;
    let key = key.map_err(|error| Problem::of_store(&error))?;
    Ok(created(&minted, &key, now_ms))
}

fn created(minted: &Minted, key: &Key, now_ms: u64) -> (StatusCode, Json<CreatedKey>) {
    let shown = CreatedKey { key: minted.key.reveal().to_owned(), about: KeyJson::of(key, now_ms) };
    (StatusCode::CREATED, Json(shown))
}

fn mint() -> Result<Minted, Problem> {
    keys::mint().map_err(|error| {
        let detail = format!("this machine has no randomness: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "host", detail)
    })
}

/// A key of the tenant; another's is as missing as none.
fn find(front: &Front, tenant: &TenantName, id: &KeyId) -> Result<Key, Problem> {
    let key = front.pipeline.store.key_of(tenant, id).map_err(|error| Problem::of_store(&error))?;
    key.ok_or_else(|| Problem::of_store(&Error::Missing("there is no such key".to_owned())))
}

fn no_more_than(caller: &Caller, scopes: &Scopes) -> Result<(), Problem> {
    caller.scopes.lacking(scopes).map_or(Ok(()), |scope| {
        let detail = format!("the key {} lacks the scope {scope} itself", caller.key);
        Err(Problem::new(StatusCode::FORBIDDEN, "scope", detail))
    })
}

/// When what the caller makes expires at the latest: a key that ends leaves none behind that goes on for it. An admin decides
/// about keys in any case.
fn latest_expiry(caller: &Caller) -> Option<u64> {
    caller.expires_ms.filter(|_| !caller.scopes.allow(Scope::ADMIN))
}

/// The expiry of a key that the caller makes.
fn no_longer_than(caller: &Caller, expires_ms: Option<u64>) -> Result<Option<u64>, Problem> {
    match (expires_ms, latest_expiry(caller)) {
        (Some(wanted), Some(latest)) if wanted > latest => Err(unusable(format!(
            "`expires_ms` is {wanted}, and the key {} expires at {latest}: a key lives no longer than the one that makes it, \
             unless that has the scope admin",
            caller.key
        ))),
        (wanted, latest) => Ok(wanted.or(latest)),
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn unusable(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key", detail)
}
