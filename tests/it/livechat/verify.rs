//! Whom webhooks are believed.

use bothost::domain::bot::Target;
use bothost::domain::secret::Secret;
use bothost::platform::livechat::LiveChat;
use bothost::platform::{Platform, VerifyError, Webhook, find};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::support::{BOT, SECRET, bot, fixture, fixtures};

fn webhook(body: impl Into<Bytes>) -> Webhook {
    Webhook { path: format!("acme/{BOT}"), headers: HeaderMap::new(), body: body.into() }
}

#[test]
fn the_path_names_a_tenant_and_a_bot_agent() {
    let livechat = find("livechat").unwrap();
    assert_eq!(livechat.hook_bot(&format!("acme/{BOT}")).unwrap().as_str(), format!("acme:{BOT}"));
    for wrong in ["", "acme", "acme/", "acme/x", &format!("/{BOT}"), &format!("A/{BOT}"), &format!("acme/{BOT}/x")] {
        assert_eq!(livechat.hook_bot(wrong), None, "{wrong}");
    }
    assert_eq!(livechat.hook_bot(&format!("acme/{}", BOT.to_uppercase())), None);
    assert_eq!(livechat.hook_accepted().as_u16(), 200);
}

/// Conformance 234.
#[test]
fn the_key_in_the_body_is_what_a_webhook_is_believed_by() {
    for (name, body) in fixtures() {
        let verified =
            LiveChat.verify(&bot(), webhook(body.clone()), 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(verified.delivery_id(), None, "webhook_id is the registration's");
        for wrong in ["", "x", "JSauw0Aks8l-asAaa", "JSauw0Aks8l-asA"] {
            let forged = body.replace(SECRET, wrong);
            assert_eq!(LiveChat.verify(&bot(), webhook(forged), 0).unwrap_err(), VerifyError::Mismatch, "{wrong}");
        }
    }
}

#[test]
fn what_has_no_key_is_refused_with_its_reason() {
    let body = |text: &str| LiveChat.verify(&bot(), webhook(text.to_owned()), 0).unwrap_err().to_string();
    assert!(body("{}").starts_with("secret_key: is missing"));
    assert!(body(r#"{"secret_key": 1}"#).starts_with("secret_key: must be a string"));
    let list = format!("[\"{SECRET}\"]");
    for wrong in ["", "[]", &list, "{", "\u{0}", r#"{"secret_key":"a","secret_key":"b"}"#] {
        assert!(body(wrong).starts_with("body: "), "{wrong}");
    }
    let deep = format!(r#"{{"secret_key":"{SECRET}","data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let verified = LiveChat.verify(&bot(), webhook(deep), 0);
    assert!(verified.is_err() || LiveChat.decode(&bot(), &verified.unwrap()).is_err());
}

/// A bot agent without webhooks has no key, and nobody can show what is not there.
#[test]
fn a_bot_agent_without_webhooks_believes_nobody() {
    let mut bot = bot();
    bot.credentials.secret = Secret::new("");
    for body in [r#"{"secret_key":""}"#, "{}"] {
        let error = LiveChat.verify(&bot, webhook(body), 0).unwrap_err();
        assert!(matches!(error, VerifyError::Unreadable { part: "webhooks", .. }), "{error}");
    }
}

/// What runs here has no need of the key; whoever is elsewhere has to verify as well.
#[test]
fn the_key_stays_with_bots_elsewhere_alone() {
    let body = fixture("message-v30");
    let kept = LiveChat.verify(&bot(), webhook(body.clone()), 0).unwrap();
    let text = std::str::from_utf8(kept.body()).unwrap();
    assert!(!text.contains(SECRET));
    let (mut sent, kept): (Value, Value) = (serde_json::from_str(&body).unwrap(), serde_json::from_str(text).unwrap());
    sent["secret_key"] = "".into();
    assert_eq!(sent, kept);
    let mut elsewhere = bot();
    elsewhere.target = Target::Relay { url: "https://bots.example.com/".to_owned() };
    assert_eq!(LiveChat.verify(&elsewhere, webhook(body.clone()), 0).unwrap().body(), body.as_bytes());
    assert_eq!(LiveChat.relay_headers(&elsewhere, "1", body.as_bytes(), 0).unwrap().len(), 1, "its type alone");
}
