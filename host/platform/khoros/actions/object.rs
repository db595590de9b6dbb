//! Reads what is documented of an object, and says of everything that is not as documented where it is.

use std::fmt;

use serde_json::value::RawValue;

use crate::domain::validate::{REFUSALS_MAX, Refusal};
use crate::platform::fields::{self, Fields};

/// How much of a refused text is shown, in characters.
const SHOWN_MAX: usize = 100;

/// The rule that two members break by being there both.
pub(super) const EXCLUSIVE: &str = "exclusive";

/// The rule that a missing member breaks, and the platform's words for it (platforms.md A4, A7).
const REQUIRED: (&str, &str) = ("required", "may not be null");

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Found(pub Vec<Refusal>);

impl Found {
    pub(super) fn refuse(&mut self, path: impl fmt::Display, rule: &'static str, source: &'static str, reason: &str) {
        self.push(Refusal { path: path.to_string(), rule, reason: reason.to_owned(), source });
    }

    pub(super) fn push(&mut self, refusal: Refusal) {
        if self.0.len() < REFUSALS_MAX {
            self.0.push(refusal);
        }
    }

    /// Whether a place, or something that it lies in, was misread. That two things exclude each other says nothing of either.
    pub(super) fn misread(&self, path: &str) -> bool {
        let within = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        let shapes = self.0.iter().filter(|refusal| refusal.rule != EXCLUSIVE);
        shapes.into_iter().any(|refusal| path.strip_prefix(refusal.path.as_str()).is_some_and(within))
    }
}

/// Where a value stands, written only when it is refused.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    /// The payload itself.
    Top,
    /// A member of an object.
    Member(&'p Place<'p>, &'p str),
    /// An item of a list.
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => f.write_str("$"),
            Self::Member(Self::Top, name) => f.write_str(shown(name)),
            Self::Member(object, name) => write!(f, "{object}.{}", shown(name)),
            Self::Item(list, at) => write!(f, "{list}[{at}]"),
        }
    }
}

/// An object of the payload. A member that is null is as good as a missing one.
#[derive(Debug)]
pub(super) struct Object<'p, 'a> {
    place: Place<'p>,
    members: Fields<'a>,
    /// Where the object is documented.
    source: &'static str,
}

impl<'p, 'a> Object<'p, 'a> {
    /// Opens an object. A name may stand in it once: what is looked at has to be what the platform takes.
    pub(super) fn open(found: &mut Found, place: Place<'p>, value: &'a str, source: &'static str) -> Option<Self> {
        let Some(members) = Fields::parse(value) else {
            found.refuse(place, "object", source, "must be an object");
            return None;
        };
        if let Some(name) = members.twice() {
            found.refuse(Place::Member(&place, name), "twice", "RFC 8259, section 4", "may be given only once");
        }
        Some(Self { place, members, source })
    }

    /// Where a member stands.
    pub(super) fn at<'q>(&'q self, name: &'q str) -> Place<'q> {
        Place::Member(&self.place, name)
    }

    /// Whether a member has a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some()
    }

    /// A member's value.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name)
    }

    /// Every member.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter()
    }

    /// Where the object is documented.
    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    /// A text that may be missing.
    pub(super) fn optional_text(&self, found: &mut Found, name: &str) -> Option<String> {
        let text = fields::text(self.get(name)?);
        if text.is_none() {
            found.refuse(self.at(name), "text", self.source, "must be a string");
        }
        text
    }

    /// A text that must be there; empty where it is refused.
    pub(super) fn text(&self, found: &mut Found, name: &str) -> String {
        if self.missing(found, name) {
            return String::new();
        }
        let text = self.optional_text(found, name);
        if text.as_deref() == Some("") {
            found.refuse(self.at(name), "empty-text", self.source, "may not be empty");
        }
        text.unwrap_or_default()
    }

    /// One of a few words that must be there.
    pub(super) fn one_of<T: Copy>(&self, found: &mut Found, name: &str, allowed: &[(&str, T)]) -> Option<T> {
        let word = self.text(found, name);
        if word.is_empty() {
            return None;
        }
        let known = allowed.iter().find(|(known, _)| *known == word).map(|(_, means)| *means);
        if known.is_none() {
            let words: Vec<_> = allowed.iter().map(|(word, _)| *word).collect();
            let reason = format!("must be one of {}, not {:?}", words.join(", "), shown(&word));
            found.refuse(self.at(name), "one-of", self.source, &reason);
        }
        known
    }

    /// An object that may be missing; `source` documents it.
    pub(super) fn optional_object<'q>(
        &'q self,
        found: &mut Found,
        name: &'q str,
        source: &'static str,
    ) -> Option<Object<'q, 'a>> {
        Object::open(found, self.at(name), self.get(name)?.get(), source)
    }

    /// An object that must be there; `source` documents it.
    pub(super) fn object<'q>(
        &'q self,
        found: &mut Found,
        name: &'q str,
        source: &'static str,
    ) -> Option<Object<'q, 'a>> {
        if !self.has(name) {
            found.refuse(self.at(name), REQUIRED.0, source, REQUIRED.1);
            return None;
        }
        self.optional_object(found, name, source)
    }

    /// A list that may be missing, and that holds something if it is not.
    pub(super) fn optional_list(&self, found: &mut Found, name: &str) -> Option<Vec<&'a RawValue>> {
        let list: Option<Vec<&RawValue>> = serde_json::from_str(self.get(name)?.get()).ok();
        match &list {
            None => found.refuse(self.at(name), "list", self.source, "must be a list"),
            Some(items) if items.is_empty() => {
                found.refuse(self.at(name), "empty-list", self.source, "may not be empty");
            }
            Some(_) => {}
        }
        list
    }

    /// A list that must be there; empty where it is refused.
    pub(super) fn list(&self, found: &mut Found, name: &str) -> Vec<&'a RawValue> {
        match self.missing(found, name) {
            true => Vec::new(),
            false => self.optional_list(found, name).unwrap_or_default(),
        }
    }

    /// A whole number that may be missing.
    pub(super) fn optional_whole(&self, found: &mut Found, name: &str) -> Option<u64> {
        let number = fields::whole(self.get(name)?);
        if number.is_none() {
            found.refuse(self.at(name), "whole-number", self.source, "must be a whole number");
        }
        number
    }

    /// A whole number that must be there.
    pub(super) fn whole(&self, found: &mut Found, name: &str) -> Option<u64> {
        match self.missing(found, name) {
            true => None,
            false => self.optional_whole(found, name),
        }
    }

    /// True or false, which may be missing.
    pub(super) fn optional_flag(&self, found: &mut Found, name: &str) -> Option<bool> {
        let flag = serde_json::from_str(self.get(name)?.get()).ok();
        if flag.is_none() {
            found.refuse(self.at(name), "boolean", self.source, "must be true or false");
        }
        flag
    }

    /// Refuses a member that is missing.
    pub(super) fn missing(&self, found: &mut Found, name: &str) -> bool {
        let missing = !self.has(name);
        if missing {
            found.refuse(self.at(name), REQUIRED.0, self.source, REQUIRED.1);
        }
        missing
    }
}

/// The beginning of a text that a caller wrote.
pub(super) fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_MAX).map_or(text, |(end, _)| &text[..end])
}
