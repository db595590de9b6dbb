//! Which events a bot agent gets: those that its registration asks for and that its filters let through (conformance 237, 271; platforms.md
//! C2, C3).
//!
//! LiveChat has applied the filters before it sends. They are applied once more to what an event shows, so that they hold whoever sends;
//! what it does not show (properties that were not asked for, the members of the chat) was the sender's to judge.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode::{author_of, users};
use super::registration::{Registration, Status};
use super::wire::{Envelope, Who};
use crate::domain::bot::Bot;
use crate::platform::fields::Fields;

/// Says why an event is not for the bot agent.
pub(super) fn admit(bot: &Bot, body: &[u8]) -> Result<(), String> {
    let registration = Registration::of(bot);
    let Some(status) = registration.status else { return Ok(()) };
    if status == Status::Offline {
        return Err("the bot agent is offline: webhooks work only for online bots (platforms.md C2)".to_owned());
    }
    let envelope = Envelope::read(body).map_err(|error| error.to_string())?;
    let action = envelope.action.as_str();
    let wanted = registration.wanted(action).ok_or_else(|| format!("webhooks.actions does not name {action}"))?;
    let author = author_of(&envelope);
    if author.as_deref() == Some(bot.platform_id.as_str()) {
        return Err("it is the bot agent's own".to_owned());
    }
    let Some(Value::Object(filters)) = &wanted.filters else { return Ok(()) };
    let chat = Chat::of(&envelope);
    let given = |name: &str| filters.get(name).filter(|filter| !filter.is_null());
    if let (Some(Value::String(wanted)), Some(author)) = (given("author_type"), author) {
        let is = if Who::of(&author) == Who::Customer { "customer" } else { "agent" };
        require(is == wanted, &format!("filters.author_type is {wanted}, and the author is a {is}"))?;
    }
    if let (Some(Value::Bool(true)), Some(properties)) = (given("only_my_chats"), &chat.properties) {
        let source = property(properties, "source", "client_id");
        let mine = source.as_ref().and_then(Value::as_str) == Some(bot.account.as_str());
        require(mine, "filters.only_my_chats: the chat was not started by this app")?;
    }
    if let (Some(Value::Object(wanted)), Some(properties)) = (given("chat_properties"), &chat.properties) {
        chat_properties(wanted, properties)?;
    }
    if let (Some(Value::Object(wanted)), Some(members)) = (given("chat_member_ids"), &chat.members) {
        members_of(wanted, members)?;
    }
    Ok(())
}

/// What an event shows of its chat.
struct Chat<'a> {
    properties: Option<Fields<'a>>,
    members: Option<Vec<String>>,
}

impl<'a> Chat<'a> {
    fn of(envelope: &Envelope<'a>) -> Self {
        let object = |value: &'a RawValue| Fields::parse(value.get());
        let chat = envelope.payload.get("chat").and_then(object);
        let in_chat = chat.as_ref().and_then(|chat| chat.get("properties")).and_then(object);
        let properties = in_chat.or_else(|| envelope.additional.get("chat_properties").and_then(object));
        let members = chat.filter(|chat| chat.get("users").is_some());
        let members = members.map(|_| users(envelope).into_iter().map(|user| user.id).collect());
        Self { properties, members }
    }
}

/// A property's value: bare, or in an object that names it (platforms.md C3).
fn property(properties: &Fields<'_>, namespace: &str, name: &str) -> Option<Value> {
    let value = Fields::parse(properties.get(namespace)?.get())?.get(name)?;
    let wrapped = Fields::parse(value.get()).filter(|members| members.iter().count() == 1);
    let value = wrapped.and_then(|members| members.get("value")).unwrap_or(value);
    serde_json::from_str(value.get()).ok()
}

/// Each property by its namespace and name: `values`, `exclude_values` or `exists` (platforms.md C2).
fn chat_properties(wanted: &Map<String, Value>, properties: &Fields<'_>) -> Result<(), String> {
    for (namespace, names) in wanted {
        for (name, filter) in names.as_object().into_iter().flatten() {
            let is = property(properties, namespace, name);
            let among = |list: &str| {
                filter.get(list).and_then(Value::as_array).map(|list| is.as_ref().is_some_and(|is| list.contains(is)))
            };
            let exists = filter.get("exists").and_then(Value::as_bool);
            let fits = among("values").unwrap_or(true)
                && !among("exclude_values").unwrap_or(false)
                && exists.is_none_or(|exists| exists == is.is_some());
            require(fits, &format!("filters.chat_properties.{namespace}.{name} does not fit this chat"))?;
        }
    }
    Ok(())
}

/// Who is in the chat: any of these, or none of those (platforms.md C3).
fn members_of(wanted: &Map<String, Value>, members: &[String]) -> Result<(), String> {
    let any = |list: &str| {
        let list = wanted.get(list).and_then(Value::as_array)?;
        Some(list.iter().filter_map(Value::as_str).any(|id| members.iter().any(|member| member == id)))
    };
    require(any("agents_any").unwrap_or(true), "filters.chat_member_ids: none of agents_any is in the chat")?;
    require(!any("agents_exclude").unwrap_or(false), "filters.chat_member_ids: one of agents_exclude is in the chat")
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
