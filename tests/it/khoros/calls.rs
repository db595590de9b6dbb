//! The payloads of calls that an external bot makes, one file each: the path is in the file's name.

use std::path::Path;

use bothost::domain::validate::{Limits, Refusal};
use bothost::platform::khoros::actions::{self, Asked};
use http::Method;
use serde_json::Value;

pub(super) const LIMITS: Limits =
    Limits { actions_max: 32, items_max: 32, text_bytes_max: 65_536, state_bytes_max: 65_536 };

/// A call as a bot makes it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) method: Method,
    /// Below `/bots/v3`.
    pub(super) path: String,
    pub(super) body: String,
}

impl Call {
    /// `tag-remove.two.json` is a `PUT` to `tag/remove`.
    fn new(name: &str, body: String) -> Self {
        let path = name.split('.').next().unwrap().replace('-', "/");
        let method = if ["respond", "form"].contains(&path.as_str()) { Method::POST } else { Method::PUT };
        Self { name: name.to_owned(), method, path, body }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The call with one value changed, made or, by null, as good as removed.
    pub(super) fn with(&self, pointer: &str, value: Value) -> Self {
        let mut body = self.json();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            object => object[name] = value,
        }
        Self { body: body.to_string(), ..self.clone() }
    }

    pub(super) fn read(&self) -> Result<Asked, Vec<Refusal>> {
        read(&self.method, &self.path, self.body.as_bytes())
    }
}

pub(super) fn read(method: &Method, path: &str, body: &[u8]) -> Result<Asked, Vec<Refusal>> {
    let segments: Vec<&str> = path.split('/').collect();
    actions::read(&segments, method, body, &LIMITS).unwrap()
}

/// Every payload; a new file is found by itself.
pub(super) fn calls() -> Vec<Call> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/khoros-calls");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            Call::new(path.file_stem().unwrap().to_str().unwrap(), std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(found.len() > 20, "the payloads are gone: {}", found.len());
    found
}

pub(super) fn call(name: &str) -> Call {
    calls().into_iter().find(|call| call.name == name).unwrap_or_else(|| panic!("no payload {name}"))
}
