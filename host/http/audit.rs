//! `/v1/audit`: who did what, when and from where.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use http::Method;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::access::Access;
use super::extract::Query;
use super::hooks::unavailable;
use super::keys::Caller;
use super::openapi::list_of;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::router::{Front, Route};
use crate::domain::scope::Scope;
use crate::store::AuditEntry;

/// This concern's routes.
pub const ROUTES: &[Route] = &[Route {
    method: Method::GET,
    path: "/v1/audit",
    access: Access::Scope(Scope::READ),
    summary: "Everything that was changed: who, what, when, from where. Entries are never changed or removed.",
    query: &[],
    body: None,
    answer: (200, Some(list_of::<AuditJson>())),
    problems: &[],
    handler: || get(list),
}];

/// One entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct AuditJson {
    seq: i64,
    at_ms: u64,
    /// `key:<public id>`, or `operator` for the host's own files.
    actor: String,
    /// An address or a path.
    origin: String,
    /// `module.activate`, `bot.put`, ...
    action: String,
    /// A module's name, a bot's id, ...
    subject: String,
    /// The particulars.
    #[schema(value_type = Object)]
    details: Value,
}

impl From<AuditEntry> for AuditJson {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at_ms: entry.at_ms,
            actor: entry.actor.name,
            origin: entry.actor.origin,
            action: entry.action,
            subject: entry.subject,
            details: serde_json::from_str(&entry.details).unwrap_or_default(),
        }
    }
}

async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<AuditJson>>, Problem> {
    let limit = page.limit();
    let entries = front.pipeline.store.audit(&caller.tenant, page.before()?, limit);
    let entries = entries.map_err(|error| unavailable(&error))?;
    let next = (entries.len() == limit).then(|| entries.last().map(|entry| entry.seq)).flatten();
    Ok(Json(Page::new(entries.into_iter().map(AuditJson::from).collect(), next)))
}
