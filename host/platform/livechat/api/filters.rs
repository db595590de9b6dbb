//! Checks the filters of a webhook's action (conformance 237, 271; platforms.md C2, C3). A filter that is not known is refused: it
//! would not be applied.

use serde_json::{Map, Value};

/// The largest filters of one action, in bytes of JSON.
const BYTES_MAX: usize = 16 * 1024;

/// Actions about agents, not chats: they have one filter.
const ABOUT_AGENTS: [&str; 2] = ["agent_status_changed", "agent_deleted"];

/// Notes everything that is wrong.
pub(super) fn check(filters: &Value, action: &str, path: &str, violations: &mut Vec<String>) {
    let Value::Object(filters) = filters else {
        violations.push(format!("{path} must be an object"));
        return;
    };
    if Value::Object(filters.clone()).to_string().len() > BYTES_MAX {
        violations.push(format!("{path} may not be larger than {BYTES_MAX} bytes"));
    }
    for (name, filter) in filters.iter().filter(|(_, filter)| !filter.is_null()) {
        let path = format!("{path}.{name}");
        let found =
            match (name.as_str(), filter) {
                ("chat_member_ids", Value::Object(lists)) => members(lists),
                (_, _) if ABOUT_AGENTS.contains(&action) => {
                    Err("the only filter of this action is chat_member_ids".to_owned())
                }
                ("author_type", Value::String(kind)) => author_type(kind, action),
                ("only_my_chats", Value::Bool(_)) => Ok(()),
                ("chat_properties", Value::Object(namespaces)) => properties(namespaces),
                ("chat_member_ids" | "chat_properties", _) => Err("must be an object".to_owned()),
                ("author_type", _) => Err("must be a string".to_owned()),
                ("only_my_chats", _) => Err("must be true or false".to_owned()),
                _ => Err("is not known; the filters are chat_properties, author_type, only_my_chats, chat_member_ids"
                    .to_owned()),
            };
        violations.extend(found.err().map(|reason| format!("{path}: {reason}")));
    }
}

fn author_type(kind: &str, action: &str) -> Result<(), String> {
    if !["incoming_event", "event_updated"].contains(&action) {
        return Err("only incoming_event and event_updated have an author".to_owned());
    }
    let known = ["customer", "agent"].contains(&kind);
    known.then_some(()).ok_or_else(|| "must be one of \"customer\", \"agent\"".to_owned())
}

fn members(lists: &Map<String, Value>) -> Result<(), String> {
    let texts = |list: &Value| list.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let known =
        |(name, list): (&String, &Value)| ["agents_any", "agents_exclude"].contains(&name.as_str()) && texts(list);
    let right = lists.len() == 1 && lists.iter().all(known);
    right.then_some(()).ok_or_else(|| "must hold one of agents_any and agents_exclude, a list of ids".to_owned())
}

/// `<namespace>.<name>` with one of `values`, `exclude_values` and `exists`.
fn properties(namespaces: &Map<String, Value>) -> Result<(), String> {
    for (namespace, names) in namespaces {
        let names = names.as_object().ok_or_else(|| format!("{namespace} must be an object of properties"))?;
        for (name, filter) in names {
            let one = filter.as_object().filter(|filter| filter.len() == 1).and_then(|filter| filter.iter().next());
            let right = one.is_some_and(|(kind, value)| match kind.as_str() {
                "values" | "exclude_values" => value.is_array(),
                "exists" => value.is_boolean(),
                _ => false,
            });
            if !right {
                return Err(format!(
                    "{namespace}.{name} must hold one of values, exclude_values (lists) and exists (true or false)"
                ));
            }
        }
    }
    Ok(())
}
