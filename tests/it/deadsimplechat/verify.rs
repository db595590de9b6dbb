//! The hook's secret, and the history that a bot may see.

use bothost::domain::names::BotId;
use bothost::platform::deadsimplechat::DeadSimpleChat;
use bothost::platform::{Platform, VerifyError, Webhook};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::support::{NOW_MS, SECRET, bot, fixture};

fn verify(registration: &Value, path: &str, body: &str) -> Result<String, VerifyError> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let webhook = Webhook { path: path.to_owned(), headers: HeaderMap::new(), body };
    let verified = DeadSimpleChat.verify(&bot(registration), webhook, NOW_MS)?;
    assert_eq!(verified.delivery_id(), None);
    Ok(String::from_utf8(verified.body().to_vec()).unwrap())
}

/// What is left of a body for a bot that may see so many messages.
fn seen(limit: u64, body: &str) -> String {
    verify(&json!({ "messageHistoryLimit": limit }), &format!("b0b0.{SECRET}"), body).unwrap()
}

#[test]
fn the_path_names_the_bot_and_holds_the_secret() {
    assert_eq!(DeadSimpleChat.hook_bot(&format!("b0b0.{SECRET}")), Some(BotId::from("b0b0")));
    for path in ["", "b0b0", ".secret", "b0b0.", "b0b0.x/y", "x/b0b0.y"] {
        assert_eq!(DeadSimpleChat.hook_bot(path), None, "{path}");
    }
    let body = fixture("odd-nothing");
    assert_eq!(verify(&json!({}), &format!("b0b0.{SECRET}"), &body).unwrap(), body);
    for wrong in ["", "x", &SECRET[1..], &SECRET.to_uppercase(), &format!("{SECRET}0"), &format!("{SECRET}.{SECRET}")] {
        let refused = verify(&json!({}), &format!("b0b0.{wrong}"), &body);
        assert_eq!(refused, Err(VerifyError::Mismatch), "{wrong}");
    }
    assert!(matches!(verify(&json!({}), "b0b0", &body), Err(VerifyError::Unreadable { part: "path", .. })));
}

#[test]
fn a_bot_without_a_secret_believes_nobody() {
    let mut bot = bot(&json!({}));
    bot.credentials.secret = bothost::domain::secret::Secret::new("");
    let webhook = Webhook { path: "b0b0.".to_owned(), headers: HeaderMap::new(), body: Bytes::new() };
    assert_eq!(DeadSimpleChat.verify(&bot, webhook, NOW_MS).unwrap_err(), VerifyError::Mismatch);
}

/// Conformance 196: `messageHistoryLimit` bounds what the bot has access to.
#[test]
fn the_limit_cuts_the_oldest_off_and_leaves_every_other_byte() {
    let body = "{ \"a\" : 1.50,\n \"messageHistory\" : [ {\"_id\":\"1\"} ,{ \"_id\": \"2\" },\t[3] ] , \"b\":\"é\" }";
    assert_eq!(seen(3, body), body);
    assert_eq!(seen(100, body), body);
    let two = "{ \"a\" : 1.50,\n \"messageHistory\" : [{ \"_id\": \"2\" },\t[3] ] , \"b\":\"é\" }";
    assert_eq!(seen(2, body), two);
    assert_eq!(seen(1, body), "{ \"a\" : 1.50,\n \"messageHistory\" : [[3] ] , \"b\":\"é\" }");
    assert_eq!(seen(0, body), "{ \"a\" : 1.50,\n \"messageHistory\" : [] , \"b\":\"é\" }");
    let without = verify(&json!({}), &format!("b0b0.{SECRET}"), body).unwrap();
    assert_eq!(without, seen(0, body), "a registration that says nothing lets the bot see nothing of it");
}

#[test]
fn nothing_passes_beside_the_limit() {
    for (body, left) in [
        (r#"{"messageHistory":[1,2],"messageHistory":[3,4]}"#, r#"{"messageHistory":[2],"messageHistory":[4]}"#),
        (r#"{"messageHistor\u0079":[1,2]}"#, r#"{"messageHistor\u0079":[2]}"#),
        (r#"{"messageHistory":{"a":1,"b":2}}"#, r#"{"messageHistory":[]}"#),
        (r#"{"messageHistory":"all of it"}"#, r#"{"messageHistory":[]}"#),
        (r#"{"messageHistory":null}"#, r#"{"messageHistory":null}"#),
        (r#"{"messageHistory":[]}"#, r#"{"messageHistory":[]}"#),
        (r#"{"message":{"messageHistory":[1,2]}}"#, r#"{"message":{"messageHistory":[1,2]}}"#),
    ] {
        assert_eq!(seen(1, body), left, "{body}");
    }
    for broken in ["", "{", "[1,2]", r#"{"messageHistory":[1,2}"#, r#"{"messageHistory":[1,2]"#] {
        assert_eq!(seen(1, broken), broken, "left to the decoder, which refuses it");
    }
}
