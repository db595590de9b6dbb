//! Reads what is not for the customer: control, priority, notes, tags, queues, resolving, attributes and forms (platforms.md A7).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::object::{Found, Object, Place, shown};
use crate::domain::action::{Action, Attribute};
use crate::domain::event::Owner;
use crate::platform::fields;
use crate::platform::khoros::encode;

/// The `other` actions that only a call of the API can ask for, besides the secure form that bots have as well: they change what
/// the platform knows of the customer.
pub(super) const KINDS: &[&str] = &[encode::SECURE_FORM, AUTHOR_UPDATE, AUTHOR_HANDLES];
const AUTHOR_UPDATE: &str = "author-update";
const AUTHOR_HANDLES: &str = "author-handles";

/// Who shall hold the conversation, and the action for it. Its comment is checked as that of a hand-off is.
pub(super) fn control(found: &mut Found, call: &Object<'_, '_>) -> (Action, Option<Owner>) {
    let owner = call.object(found, "owner", "platforms.md A7").and_then(|owner| super::owner(found, &owner));
    display_id(found, call);
    call.optional_whole(found, "lastUpdateTS");
    (Action::HandOff(call.optional_text(found, "comment")), owner)
}

/// Numbers that no action can hold are refused here, the others by the check.
pub(super) fn priority(found: &mut Found, call: &Object<'_, '_>) -> Action {
    let priority = call.whole(found, "newPriority").unwrap_or_default();
    Action::SetPriority(u8::try_from(priority).unwrap_or_else(|_| {
        let reason = format!("{priority} is not within 0 (first) to 5");
        found.refuse(call.at("newPriority"), "priority", call.source(), &reason);
        0
    }))
}

pub(super) fn note(found: &mut Found, call: &Object<'_, '_>) -> Action {
    Action::Note(call.text(found, "note"))
}

/// The ids of tags for the message.
pub(super) fn tags(found: &mut Found, call: &Object<'_, '_>) -> Vec<String> {
    call.one_of(found, "entityType", &[("POST", ())]);
    let items = call.list(found, "tagIds");
    let list = call.at("tagIds");
    let mut ids = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        if fields::whole(item).is_none() {
            found.refuse(Place::Item(&list, at), "whole-number", call.source(), "must be a whole number");
        }
        ids.push(item.get().to_owned());
    }
    ids
}

pub(super) fn work_queue(found: &mut Found, call: &Object<'_, '_>) -> Action {
    display_id(found, call);
    let queue = call.whole(found, "newWorkQueue").unwrap_or_default();
    Action::MoveTo { id: queue.to_string(), comment: call.optional_text(found, "comment") }
}

pub(super) fn resolve(found: &mut Found, call: &Object<'_, '_>) -> Action {
    Action::Resolve(call.optional_text(found, "comment"))
}

/// Attributes, handles in other systems, or both. Handles alone are an action of their own: no bot of ours can ask for them.
pub(super) fn attributes(found: &mut Found, call: &Object<'_, '_>) -> Action {
    let nothing = Action::SetAttributes(Vec::new());
    let Some(payload) = call.object(found, "payload", call.source()) else { return nothing };
    let handles = payload.optional_object(found, "handles", call.source());
    if let Some(handles) = &handles {
        crm(found, handles);
    }
    let attributes = payload.optional_object(found, "attributes", call.source());
    if handles.is_none() && !payload.has("attributes") {
        payload.missing(found, "attributes");
    }
    match (attributes, payload.get("handles")) {
        (None, Some(handles)) => Action::Other { kind: AUTHOR_HANDLES.to_owned(), details: handles.get().to_owned() },
        (None, None) => nothing,
        (Some(attributes), _) => Action::SetAttributes(named_values(found, &attributes)),
    }
}

fn named_values(found: &mut Found, attributes: &Object<'_, '_>) -> Vec<Attribute> {
    let mut all = Vec::new();
    for (name, value) in attributes.members() {
        let values: Option<Vec<String>> = serde_json::from_str(value.get()).ok();
        if values.is_none() {
            found.refuse(attributes.at(name), "list", attributes.source(), "must be a list of strings");
        }
        all.push(Attribute { name: name.to_owned(), values: values.unwrap_or_default() });
    }
    all
}

/// The customer's ids in other systems: each an object with an `id`; what else is in it is theirs.
fn crm(found: &mut Found, handles: &Object<'_, '_>) {
    let items: Vec<&RawValue> = handles.optional_list(found, "crm").unwrap_or_default();
    let list = handles.at("crm");
    for (at, item) in items.into_iter().enumerate() {
        if let Some(handle) = Object::open(found, Place::Item(&list, at), item.get(), handles.source()) {
            handle.text(found, "id");
        }
    }
}

/// What the brand knows of the customer: properties, another name, or both.
pub(super) fn author(found: &mut Found, call: &Object<'_, '_>) -> Action {
    call.optional_object(found, "properties", call.source());
    let name = call.optional_text(found, "updatedName");
    if !call.has("properties") && !call.has("updatedName") {
        found.refuse(call.at("properties"), "required", call.source(), "or updatedName must be given");
    }
    let properties = call.get("properties").map_or("{}", RawValue::get);
    let details = format!("{{\"properties\":{properties},\"updatedName\":{}}}", Value::from(name));
    Action::Other { kind: AUTHOR_UPDATE.to_owned(), details }
}

/// As [`encode::SECURE_FORM`] of a bot.
pub(super) fn form(found: &mut Found, call: &Object<'_, '_>) -> Action {
    let comment = call.text(found, "comment");
    let mut form = Value::Null;
    if !call.missing(found, "secureFormId") {
        let id = call.get("secureFormId").and_then(fields::id);
        if id.is_none() {
            found.refuse(call.at("secureFormId"), "form-id", call.source(), "must be the form's id");
        }
        form = id.into();
    }
    let details = json!({"comment": comment, "secureFormId": form}).to_string();
    Action::Other { kind: encode::SECURE_FORM.to_owned(), details }
}

/// A number in one place of the platform's documents, a string in another (platforms.md A11).
fn display_id(found: &mut Found, call: &Object<'_, '_>) {
    let Some(value) = call.get("conversationDisplayId") else { return };
    if fields::integer(value).is_none() {
        let reason = format!("must be the conversation's number, not {}", shown(value.get()));
        found.refuse(call.at("conversationDisplayId"), "whole-number", call.source(), &reason);
    }
}
