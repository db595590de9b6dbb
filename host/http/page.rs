//! Lists go by cursors: `?limit=` says how many, `?cursor=` where to go on, and the answer's `next` is the next cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;

/// Items of a page unless the caller asks for fewer or more.
const LIMIT: usize = 50;
/// The most items of a page.
const LIMIT_MAX: usize = 500;

/// What every list takes.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PageQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, the newest first.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

impl PageQuery {
    /// How many items the page has at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)
    }

    /// Below which number the page begins; none on the first page.
    ///
    /// # Errors
    /// 400: the cursor is none of this API's.
    pub fn before(&self) -> Result<Option<i64>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| bytes.try_into().ok());
        let refused =
            || Problem::new(StatusCode::BAD_REQUEST, "cursor", "`cursor` is not one that a list's `next` gave");
        bytes.map(i64::from_be_bytes).map(Some).ok_or_else(refused)
    }
}

impl<T> Page<T> {
    /// A page whose further items have numbers below `next`.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<i64>) -> Self {
        Self { items, next: next.map(|number| URL_SAFE_NO_PAD.encode(number.to_be_bytes())) }
    }

    /// A list that has no second page.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
