//! Reads what an external bot asks for over the API (seed 001; platforms.md A5-A7): the other direction of `encode`.
//!
//! The shape of a payload is read here: what must be there, of which type, and what excludes what. Everything about its content is
//! asked of [`validate`], which judges the actions of our own bots. Nothing is changed on the way: what is sent on is the payload's
//! own text, so that unknown fields, the order of members and every character of a text survive. Unknown fields and unknown
//! networks are let through (conformance, note A); what is documented is held to.

use http::Method;

use self::message::{SAYS, Said};
use self::object::{Found, Object, Place};
use super::wire::{self, Endpoint};
use super::{Khoros, encode};
use crate::domain::action::Action;
use crate::domain::delivery::Request;
use crate::domain::event::{Origin, Owner, Visibility};
use crate::domain::rules::Rules;
use crate::domain::validate::{self, Limits, Refusal};
use crate::platform::Platform as _;
use crate::platform::fields;

mod administer;
mod message;
mod object;

/// Every call that can be read. The first of a path is taken where the payload's type is none of that path's.
const ENDPOINTS: [&Endpoint; 13] = [
    &wire::MESSAGE,
    &wire::TYPING_START,
    &wire::TYPING_STOP,
    &wire::CONTROL,
    &wire::PRIORITY,
    &wire::NOTE,
    &wire::TAG,
    &wire::UNTAG,
    &wire::WORK_QUEUE,
    &wire::RESOLVE,
    &wire::ATTRIBUTES,
    &wire::AUTHOR,
    &wire::FORM,
];

/// A call whose payload is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where, and in which bot's name.
    pub coordinate: Coordinate,
    /// The customer.
    pub author: Author,
    /// What it means. For a BOT that shall hold the conversation it is [`Action::TakeOver`]; `owner` says which one.
    pub action: Action,
    /// Who shall hold the conversation, of a `control` call.
    pub owner: Option<Owner>,
    /// Whether the caller waits for what becomes of it (conformance 128).
    pub process_synchronously: bool,
    /// What is sent on: the payload as it came.
    pub request: Request,
}

impl Asked {
    /// Whether the customer would see it: a response, an indicator or a form. What else only Khoros has is for agents.
    #[must_use]
    pub fn speaks(&self) -> bool {
        match &self.action {
            Action::Other { kind, .. } => kind == encode::SECURE_FORM,
            action => action.speaks(),
        }
    }
}

/// Where a call belongs (platforms.md A5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinate {
    /// The customer's account; must be the caller's (conformance 88), which the caller of this knows.
    pub company_key: String,
    /// The network; one that is not known is let through.
    pub network_key: String,
    /// The page or account on it.
    pub external_id: String,
    /// The bot's `appId`.
    pub bot_id: String,
    /// Who can read the conversation.
    pub scope: Visibility,
    /// The customer, as the platform writes their id.
    pub normalized_author_id: Option<String>,
    /// The message in context.
    pub message_id: Option<String>,
    /// The message above it.
    pub parent_id: Option<String>,
    /// The first message of the thread.
    pub top_level_id: Option<String>,
    /// The community (conformance 29).
    pub network_instance: Option<String>,
}

/// The customer that a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Their id on the network.
    pub id: String,
    /// The name to show.
    pub full_name: Option<String>,
}

/// Reads the payload of a call. `segments` are the path's below `/bots/v3`, decoded; `limits` those of a turn.
/// `None` when no action has this path and method.
///
/// # Errors
/// Everything that is wrong, each with its dotted path in the payload and its rule; at most [`validate::REFUSALS_MAX`].
#[must_use]
pub fn read(segments: &[&str], method: &Method, body: &[u8], limits: &Limits) -> Option<Result<Asked, Vec<Refusal>>> {
    let here = |endpoint: &&&Endpoint| {
        method.as_str() == endpoint.method && endpoint.path.split('/').eq(segments.iter().copied())
    };
    let endpoints: Vec<&Endpoint> = ENDPOINTS.iter().filter(here).copied().collect();
    if endpoints.is_empty() {
        return None;
    }
    let mut found = Found::default();
    let asked = payload(&mut found, &endpoints, body, limits);
    Some(asked.filter(|_| found.0.is_empty()).ok_or(found.0))
}

/// A refusal as the platform words one: `newWorkQueue may not be null` (platforms.md A7, A9).
#[must_use]
pub fn message(refusal: &Refusal) -> String {
    format!("{} {}", refusal.path, refusal.reason)
}

/// Whatever is refused, the reading goes on, so that everything is found.
fn payload(found: &mut Found, endpoints: &[&Endpoint], body: &[u8], limits: &Limits) -> Option<Asked> {
    let json = match fields::well_formed(body) {
        Ok(json) => json,
        Err(error) => {
            found.refuse(error.path, "json", "RFC 8259", &error.reason);
            return None;
        }
    };
    let call = Object::open(found, Place::Top, json, "platforms.md A6, A7")?;
    let coordinate = coordinate(found, &call);
    let author = author(found, &call);
    one_author(found, coordinate.as_ref(), author.as_ref());
    let kinds: Vec<(&str, &Endpoint)> = endpoints.iter().map(|endpoint| (endpoint.kind, *endpoint)).collect();
    let endpoint = call.one_of(found, "type", &kinds).or_else(|| endpoints.first().copied())?;
    let process_synchronously = call.optional_flag(found, "processSynchronously").unwrap_or_default();
    let rules = rules(coordinate.as_ref());
    let network = coordinate.as_ref().map(|at| at.network_key.as_str()).filter(|network| !network.is_empty());
    let (actions, owner) = actions(found, endpoint, &call, network);
    check(found, &call, &actions, &rules, limits);
    let action = match (actions.into_iter().next()?, &owner) {
        (Action::HandOff(_), Some(Owner::Bot(_))) => Action::TakeOver,
        (action, _) => action,
    };
    let request = endpoint.request(&action, json.to_owned());
    Some(Asked { coordinate: coordinate?, author: author?, action, owner, process_synchronously, request })
}

/// The action, for a message several: see [`Said`].
fn actions(
    found: &mut Found,
    endpoint: &Endpoint,
    call: &Object<'_, '_>,
    network: Option<&str>,
) -> (Vec<Action>, Option<Owner>) {
    let action = match endpoint.kind {
        "typing_start" => Action::TypingStart,
        "typing_stop" => Action::TypingStop,
        "control" => {
            let (action, owner) = administer::control(found, call);
            return (vec![action], owner);
        }
        "priority" => administer::priority(found, call),
        "note" => administer::note(found, call),
        "tag" => Action::Tag(administer::tags(found, call)),
        "remove_tag" => Action::Untag(administer::tags(found, call)),
        "workqueue" => administer::work_queue(found, call),
        "resolve" => administer::resolve(found, call),
        "author_attributes" => administer::attributes(found, call),
        "author_update" => administer::author(found, call),
        "secure_form" => administer::form(found, call),
        _ => {
            let responses = Said::read(found, call, network).into_responses();
            return (responses.into_iter().map(|response| Action::Respond(Box::new(response))).collect(), None);
        }
    };
    (vec![action], None)
}

/// What the platform allows where the call belongs, and the actions that only its API has.
fn rules(coordinate: Option<&Coordinate>) -> Rules {
    let origin = coordinate.map_or_else(
        || Origin { network: String::new(), channel: String::new(), visibility: Visibility::Private },
        |at| Origin { network: at.network_key.clone(), channel: at.external_id.clone(), visibility: at.scope },
    );
    let mut rules = Khoros.rules(&origin);
    rules.other_kinds = administer::KINDS;
    rules
}

/// Asks the one check for actions, and says what it finds in the payload's own words. What was misread is not refused again.
fn check(found: &mut Found, call: &Object<'_, '_>, actions: &[Action], rules: &Rules, limits: &Limits) {
    // What is there was misread, then, or it may not be a message at all.
    let says = SAYS.iter().any(|name| call.has(name)) || found.misread("type");
    // Without a network there is nothing that it lacks.
    let nowhere = found.misread("coordinate.networkKey");
    let mut wrong: Vec<Refusal> = Vec::new();
    for action in actions {
        for refusal in validate::refusals(action, rules, limits) {
            let path = on_the_wire(action, &refusal.path);
            let moot = match refusal.rule {
                "empty-response" => says,
                "typing" | "list-picker" => nowhere,
                _ => false,
            };
            let known = wrong.iter().any(|known| known.path == path && known.rule == refusal.rule);
            if !moot && !known && !found.misread(&path) {
                wrong.push(Refusal { path, ..refusal });
            }
        }
    }
    wrong.into_iter().for_each(|refusal| found.push(refusal));
}

/// Where the payload has what the contract's path names.
fn on_the_wire(action: &Action, path: &str) -> String {
    let rest = path.strip_prefix(action.kind()).unwrap_or_default();
    match action {
        Action::Respond(_) if rest.is_empty() => "text".to_owned(),
        Action::Respond(_) => {
            let parts: Vec<&str> = rest.trim_start_matches('.').split('.').collect();
            let mut wire = Vec::with_capacity(parts.len() + 1);
            for (at, part) in parts.iter().enumerate() {
                // A choice's own members are its id and a message.
                if at > 0 && parts[at - 1].starts_with("choices[") && *part != "id" {
                    wire.push("message".to_owned());
                }
                wire.push(member(part, at == 0));
            }
            wire.join(".")
        }
        Action::TypingStart | Action::TypingStop => "type".to_owned(),
        Action::HandOff(_) | Action::TakeOver | Action::Resolve(_) => "comment".to_owned(),
        Action::SetPriority(_) => "newPriority".to_owned(),
        Action::Tag(_) | Action::Untag(_) => format!("tagIds{rest}"),
        Action::Note(_) => "note".to_owned(),
        Action::MoveTo { .. } if rest == ".id" => "newWorkQueue".to_owned(),
        Action::MoveTo { .. } => "comment".to_owned(),
        Action::SetAttributes(_) => "payload.attributes".to_owned(),
        Action::Other { .. } => "$".to_owned(),
    }
}

/// The payload's name of a member of a response.
fn member(name: &str, top: bool) -> String {
    match name {
        "list-picker" => "list".to_owned(),
        "passthrough" => "payload".to_owned(),
        "kind" => "mediaType".to_owned(),
        // Of an attachment there is one, in a list.
        "media" if top => "media[0]".to_owned(),
        _ if name.starts_with("buttons") => name.replacen("buttons", "actions", 1),
        _ => {
            let mut words = name.split('-');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |name, word| {
                let (initial, rest) = word.split_at(word.len().min(1));
                name + &initial.to_ascii_uppercase() + rest
            })
        }
    }
}

/// Conformance 97.
fn coordinate(found: &mut Found, call: &Object<'_, '_>) -> Option<Coordinate> {
    let at = call.object(found, "coordinate", "conformance 97")?;
    let scopes = [("PRIVATE", Visibility::Private), ("PUBLIC", Visibility::Public)];
    Some(Coordinate {
        company_key: at.text(found, "companyKey"),
        network_key: at.text(found, "networkKey"),
        external_id: at.text(found, "externalId"),
        bot_id: at.text(found, "botId"),
        scope: at.one_of(found, "scope", &scopes).unwrap_or(Visibility::Private),
        normalized_author_id: at.optional_text(found, "normalizedAuthorId"),
        message_id: at.optional_text(found, "messageId"),
        parent_id: at.optional_text(found, "parentId"),
        top_level_id: at.optional_text(found, "topLevelId"),
        network_instance: at.optional_text(found, "networkInstance"),
    })
}

/// Conformance 96.
fn author(found: &mut Found, call: &Object<'_, '_>) -> Option<Author> {
    let author = call.object(found, "author", "conformance 96")?;
    author.optional_object(found, "properties", "platforms.md A5");
    Some(Author { id: author.text(found, "id"), full_name: author.optional_text(found, "fullName") })
}

/// The customer is named twice, and the books go by the one while the platform may go by the other: they have to be the same.
fn one_author(found: &mut Found, coordinate: Option<&Coordinate>, author: Option<&Author>) {
    let there = coordinate.and_then(|at| at.normalized_author_id.as_deref()).filter(|id| !id.is_empty());
    let here = author.map(|author| author.id.as_str()).filter(|id| !id.is_empty());
    if let (Some(there), Some(here)) = (there, here)
        && there != here
    {
        let reason = "must be the customer of coordinate.normalizedAuthorId";
        found.refuse("author.id", "one-author", "platforms.md A5", reason);
    }
}

/// AGENT, or BOT with its `appId` (conformance 159).
fn owner(found: &mut Found, owner: &Object<'_, '_>) -> Option<Owner> {
    match owner.one_of(found, "type", &[("AGENT", false), ("BOT", true)])? {
        true => Some(Owner::Bot(owner.text(found, "appId"))),
        false => Some(Owner::Agent),
    }
}
