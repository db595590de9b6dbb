//! Holds JSON against a schema of an OpenAPI document: the part of JSON Schema that such documents are written in.

use serde_json::Value;

const UNDESCRIBED: &str = "not described";

/// What in `value` is not as `schema` says; `path` says where `value` is.
pub fn breaches(document: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let referred = document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}"));
        return breaches(document, referred, value, path);
    }
    let mut found = Vec::new();
    let parts = schema["allOf"].as_array();
    for one in parts.into_iter().flatten() {
        found.extend(breaches(document, one, value, path));
    }
    if let Some(parts) = parts {
        // What one part does not describe, another may.
        let undescribed = |breach: &String| breach.ends_with(UNDESCRIBED);
        let everywhere =
            |breach: &String| parts.iter().all(|one| breaches(document, one, value, path).contains(breach));
        found.retain(|breach| !undescribed(breach) || everywhere(breach));
    }
    for word in ["oneOf", "anyOf"] {
        let Some(choices) = schema[word].as_array() else { continue };
        if !choices.iter().any(|choice| breaches(document, choice, value, path).is_empty()) {
            found.push(format!("{path}: {value} is none of {word}"));
        }
    }
    if !has_type(&schema["type"], value) {
        found.push(format!("{path}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        found.push(format!("{path}: {value} is none of {}", schema["enum"]));
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(breaches(document, &schema["items"], item, &format!("{path}[{at}]")));
    }
    let Some(members) = value.as_object() else { return found };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{path}.{name}: required, and not there"));
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return found };
    for (name, value) in members {
        match properties.get(name) {
            Some(schema) => found.extend(breaches(document, schema, value, &format!("{path}.{name}"))),
            None => found.push(format!("{path}.{name}: {UNDESCRIBED}")),
        }
    }
    found
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::String(name) => is(name, value),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| is(name, value)),
        _ => true,
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("what is a {other}?"),
    }
}
