//! The parts of a message: presses, forms, media, places and referrals (platforms.md A5).

use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::event::{FormField, FormResponse, Location, Media, Press, Referral};
use crate::platform::fields::{self, Fields};
use crate::platform::khoros::wire;

/// A pressed button (conformance 91, 151).
pub(super) fn press(members: &mut Fields<'_>) -> Option<Press> {
    Some(Press {
        kind: members.take("type", fields::text)?,
        payload: members.take("payload", fields::text_or_json).unwrap_or_default(),
        text: members.take("text", fields::text),
    })
}

/// A medium by reference (conformance 156).
pub(super) fn media(members: &mut Fields<'_>) -> Option<Media> {
    let url = members.take("url", fields::text)?;
    let kind = members.take("mediaType", fields::text).unwrap_or_default();
    Some(Media {
        url,
        kind: wire::media_kind(kind),
        title: members.take("title", fields::text),
        extras: members.drain(),
    })
}

/// A filled-in form (conformance 152).
pub(super) fn form(members: &mut Fields<'_>) -> FormResponse {
    let answers = members.take("fields", fields::list).unwrap_or_default();
    let questions = members.take("quotedFields", fields::list).unwrap_or_default();
    FormResponse {
        fields: answers.into_iter().map(form_field).collect(),
        quoted_fields: questions.into_iter().map(|question| question.get().to_owned()).collect(),
        extras: members.drain(),
    }
}

/// One answer: the member named after the field's type holds it. The whole of it stays in `raw`.
fn form_field(answer: &RawValue) -> FormField {
    let members = Fields::parse(answer.get()).unwrap_or_default();
    let kind = members.get("type").and_then(fields::text).unwrap_or_else(|| "text".to_owned());
    let value = members.get(&kind).and_then(|value| serde_json::from_str(value.get()).ok());
    FormField {
        name: members.get("name").and_then(fields::text).unwrap_or_default(),
        label: members.get("label").and_then(fields::text),
        values: value.map(|value| form_values(&value)).unwrap_or_default(),
        raw: answer.get().to_owned(),
    }
}

/// One for a text, one for each chosen option of a selection: its name.
fn form_values(value: &Value) -> Vec<String> {
    match value {
        Value::Array(choices) => choices.iter().flat_map(form_values).collect(),
        Value::Object(choice) => choice.get("name").map(form_values).unwrap_or_default(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
    }
}

/// A place (conformance 158).
pub(super) fn location(members: &mut Fields<'_>) -> Location {
    Location {
        country_code: members.take("countryCode", fields::text),
        point: members.take("geoDSL", point),
        extras: members.drain(),
    }
}

/// Documented as a list of latitude and longitude; also read from an object that names the two and from a text with a comma.
fn point(value: &RawValue) -> Option<(f64, f64)> {
    match serde_json::from_str(value.get()).ok()? {
        Value::Array(pair) => match pair.as_slice() {
            [lat, lon] => Some((lat.as_f64()?, lon.as_f64()?)),
            _ => None,
        },
        Value::Object(named) if named.len() == 2 => {
            let degrees = |names: &[&str]| names.iter().find_map(|name| named.get(*name)?.as_f64());
            Some((degrees(&["lat", "latitude"])?, degrees(&["lon", "long", "longitude"])?))
        }
        Value::String(pair) => {
            let (lat, lon) = pair.split_once(',')?;
            let degrees = |text: &str| text.trim().parse().ok().filter(|degrees: &f64| degrees.is_finite());
            Some((degrees(lat)?, degrees(lon)?))
        }
        _ => None,
    }
}

/// Where the customer came from (conformance 165).
pub(super) fn referral(members: &mut Fields<'_>) -> Referral {
    Referral {
        reference: members.take("ref", fields::text),
        kind: members.take("type", fields::text),
        source: members.take("source", fields::text),
        ad_id: members.take("adId", fields::id),
        referrer_uri: members.take("refererUri", fields::text),
        extras: members.drain(),
    }
}
