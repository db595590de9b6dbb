//! Reads a JSON object whose members may be missing, null, new or of another shape than documented.
//!
//! Platforms add fields at any time and bots must accept them (platforms.md A3). So a member is taken only when it has the shape
//! that the taker understands in full; whatever is left at the end becomes extras, as the text that the platform sent.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::event::Extra;
use crate::platform::DecodeError;

/// Reads the whole text once and keeps nothing of it, so that everything read later is well-formed JSON of bounded depth:
/// serde_json refuses to go deeper than 128.
pub(super) fn well_formed(body: &[u8]) -> Result<&str, DecodeError> {
    serde_json::from_slice::<Any>(body).map_err(|error| {
        let path = format!("line {} column {}", error.line(), error.column());
        let words = error.to_string();
        let reason = words.split_once(" at line ").map_or(words.as_str(), |(reason, _)| reason);
        DecodeError { reason: format!("not JSON: {reason}"), path }
    })?;
    std::str::from_utf8(body)
        .map_err(|error| DecodeError { path: "$".to_owned(), reason: format!("not UTF-8: {error}") })
}

/// The members of an object, in their order, each value as the text that the platform sent.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object; `None` when the text is something else.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// A member's value where it has one. Of two members with one name the last counts, as it does in most parsers.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().rfind(|(key, _)| key == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// The name that two members have. Only the last of them would be looked at.
    pub(super) fn twice(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// The members, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }

    /// Takes a member that `read` understands. One that it does not understand stays, except a null, which says no more than
    /// a missing member.
    pub(super) fn take<T>(&mut self, name: &str, read: impl FnOnce(&'a RawValue) -> Option<T>) -> Option<T> {
        let value = self.value(name).and_then(read)?;
        self.remove(name);
        Some(value)
    }

    /// Takes what `read` understands of a member that is an object. The member stays as well when `read` leaves some of its
    /// members untaken, so that those are not lost.
    pub(super) fn take_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Option<T> {
        let mut members = Fields::parse(self.value(name)?.get())?;
        let value = read(&mut members)?;
        if members.0.is_empty() {
            self.remove(name);
        }
        Some(value)
    }

    /// Takes what `read` understands of the objects in a list; a single object counts as a list of one. The member stays as
    /// well when anything in it was not understood.
    pub(super) fn take_list<T>(&mut self, name: &str, read: impl Fn(&mut Fields<'a>) -> Option<T>) -> Vec<T> {
        let Some(items) = self.value(name).and_then(list) else { return Vec::new() };
        let mut understood = true;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let mut members = Fields::parse(item.get()).unwrap_or_default();
            let value = read(&mut members);
            understood &= value.is_some() && members.0.is_empty();
            values.extend(value);
        }
        if understood {
            self.remove(name);
        }
        values
    }

    /// Takes everything that is left.
    pub(super) fn drain(&mut self) -> Vec<Extra> {
        self.0.drain(..).map(|(key, value)| Extra { key, json: value.get().to_owned() }).collect()
    }

    /// A member's value; one that is null is removed.
    fn value(&mut self, name: &str) -> Option<&'a RawValue> {
        let value = self.get(name);
        if value.is_none() {
            self.remove(name);
        }
        value
    }

    fn remove(&mut self, name: &str) {
        if let Some(at) = self.0.iter().rposition(|(key, _)| key == name) {
            self.0.remove(at);
        }
    }
}

/// A string.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// An id: a string that is not empty, or a number as its digits.
pub(super) fn id(value: &RawValue) -> Option<String> {
    let id = text(value).or_else(|| number(value))?;
    (!id.is_empty()).then_some(id)
}

/// A string as it is, anything else as JSON text.
pub(super) fn text_or_json(value: &RawValue) -> Option<String> {
    text(value).or_else(|| Some(value.get().to_owned()))
}

/// A whole number that is not negative.
pub(super) fn whole(value: &RawValue) -> Option<u64> {
    value.get().parse().ok()
}

/// A whole number, also when it is written as a string.
pub(super) fn integer(value: &RawValue) -> Option<i64> {
    let digits = text(value).unwrap_or_else(|| value.get().to_owned());
    let number: i64 = digits.parse().ok()?;
    // "007" as a number would lose its zeros.
    (number.to_string() == digits).then_some(number)
}

/// The members of an object, as extras.
pub(super) fn extras(value: &RawValue) -> Option<Vec<Extra>> {
    Fields::parse(value.get()).map(|mut members| members.drain())
}

/// The values of a list; an object counts as a list of one.
pub(super) fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    if value.get().starts_with('{') {
        return Some(vec![value]);
    }
    serde_json::from_str(value.get()).ok()
}

fn number(value: &RawValue) -> Option<String> {
    let digits = value.get();
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| digits.to_owned())
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Fields)
    }
}

/// Any value, read and dropped.
struct Any;

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_str<E>(self, _: &str) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
                while let Some(Any) = items.next_element()? {}
                Ok(Any)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Any, A::Error> {
                while let Some((Any, Any)) = members.next_entry()? {}
                Ok(Any)
            }
        }

        deserializer.deserialize_any(Values)
    }
}
