//! `/v1/openapi.json`: the host's own API described, made of the router's tables and of the wire types themselves.

use axum::Json;
use axum::routing::get;
use http::Method;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::access::Access;
use super::idempotency;
use super::router::{Route, routes};
use crate::domain::scope::SCOPES;

/// This concern's routes.
pub const ROUTES: &[Route] = &[Route {
    method: Method::GET,
    path: "/v1/openapi.json",
    access: Access::Open,
    summary: "This description.",
    query: &[],
    body: None,
    answer: (200, Some(Content::Other("application/json"))),
    problems: &[],
    handler: || get(async || Json(document())),
}];

/// What a body is.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// JSON of a wire type; made by [`json_of`].
    Json(fn() -> Named),
    /// One page of such a list: it takes `limit` and `cursor`.
    List(fn() -> Named),
    /// Another media type.
    Other(&'static str),
}

/// A wire type's schema, and those that it refers to.
#[derive(Debug)]
pub struct Named {
    name: String,
    schema: RefOr<Schema>,
    nested: Vec<(String, RefOr<Schema>)>,
}

/// The schema of a wire type.
#[must_use]
pub fn named<T: ToSchema>() -> Named {
    let mut nested = Vec::new();
    T::schemas(&mut nested);
    Named { name: T::name().into_owned(), schema: T::schema(), nested }
}

/// JSON of a wire type.
#[must_use]
pub const fn json_of<T: ToSchema>() -> Content {
    Content::Json(named::<T>)
}

/// One page of a list of a wire type.
#[must_use]
pub const fn list_of<T: ToSchema>() -> Content {
    Content::List(named::<T>)
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    let mut paths = Map::new();
    for route in routes() {
        let operation = operation(route, &mut schemas);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let scopes: Vec<String> = SCOPES.iter().map(|(scope, what)| format!("- `{scope}`: {what}")).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "bothost",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "The host's own API. The tenant comes from the key. Times are milliseconds since 1970-01-01 UTC.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "key": {
                "type": "http", "scheme": "bearer",
                "description": format!("`Authorization: Bearer bh_...`. Scopes:\n{}", scopes.join("\n")),
            } },
        },
    })
}

fn operation(route: &Route, schemas: &mut Map<String, Value>) -> Value {
    let (status, content) = route.answer;
    let mut answer = json!({ "description": route.summary });
    if let Some(content) = content {
        answer["content"] = media(content, schemas);
    }
    let mut answers = Map::new();
    answers.insert(status.to_string(), answer);
    let mut usual = vec![(503, "The store cannot do it now; see Retry-After.")];
    if route.access != Access::Open {
        usual.extend([(400, "The request is not what is taken here."), (401, "No valid key.")]);
    }
    if let Access::Scope(_) = route.access {
        usual.push((403, "The key lacks the scope."));
    }
    for (status, description) in usual.into_iter().chain(route.problems.iter().copied()) {
        let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        answers.insert(status.to_string(), json!({ "description": description, "content": content }));
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": answers,
    });
    if let Some(body) = route.body {
        operation["requestBody"] = json!({ "content": media(body, schemas) });
    }
    match route.access {
        Access::Open => {}
        Access::Key => operation["security"] = json!([{ "key": [] }]),
        Access::Scope(scope) => operation["security"] = json!([{ "key": [scope.name()] }]),
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "v1");
    let words: Vec<&str> = words.collect();
    format!("{}-{}", route.method.as_str().to_ascii_lowercase(), words.join("-"))
}

fn parameters(route: &Route) -> Vec<Value> {
    let within = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = parts.map(within).collect();
    let query = |name: &str, what: &str| json!({ "name": name, "in": "query", "description": what, "schema": { "type": "string" } });
    parameters.extend(route.query.iter().map(|(name, what)| query(name, what)));
    if let Some(Content::List(_)) = route.answer.1 {
        parameters.push(query("limit", "Items of a page: 50, at most 500."));
        parameters.push(query("cursor", "`next` of the page before."));
    }
    if let (Access::Scope(_), true) = (route.access, route.method != Method::GET) {
        parameters.push(json!({
            "name": idempotency::HEADER.as_str(), "in": "header", "schema": { "type": "string", "maxLength": 128 },
            "description": "What this caller did under this key is done once and answered the same for 24 hours; what was \
                            refused may be sent again under it. A module needs a Content-Digest beside it.",
        }));
    }
    parameters
}

fn media(content: Content, schemas: &mut Map<String, Value>) -> Value {
    match content {
        Content::Other(kind) => {
            let mut media = Map::new();
            media.insert(kind.to_owned(), json!({}));
            Value::Object(media)
        }
        Content::Json(named) => json!({ "application/json": { "schema": refer(named(), schemas) } }),
        Content::List(named) => json!({ "application/json": { "schema": {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": { "type": "array", "items": refer(named(), schemas) },
                "next": { "type": ["string", "null"], "description": "The cursor of the next page; null on the last one." },
            },
        } } }),
    }
}

/// Puts a schema among the components and refers to it.
fn refer(named: Named, schemas: &mut Map<String, Value>) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{}", named.name) });
    for (name, schema) in named.nested.into_iter().chain([(named.name, named.schema)]) {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    reference
}

/// RFC 9457.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "description": "urn:bothost:problem:<name>: stable." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What happened and what to do." },
        },
    })
}
