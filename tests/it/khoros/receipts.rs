//! What the platform's answers mean for a delivery.

use std::time::Duration;

use bothost::domain::delivery::Receipt;
use bothost::domain::secret::Secret;
use bothost::platform::Platform;
use bothost::platform::answers::{REASON_BYTES_MAX, RETRY_AFTER_MAX};
use bothost::platform::khoros::Khoros;

use super::support::delivery;
use http::{HeaderMap, HeaderValue, StatusCode};

fn receipt(status: u16, body: &str) -> Receipt {
    Khoros.receipt(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

fn reason(status: u16, body: &str) -> String {
    match receipt(status, body) {
        Receipt::Refused { reason } | Receipt::Again { reason, .. } => reason,
        Receipt::Sent { .. } => panic!("sent"),
    }
}

#[test]
fn success_keeps_the_request_id() {
    let sent = |id: &str| Receipt::Sent { reference: Some(id.to_owned()) };
    assert_eq!(receipt(202, r#"{"requestId":"r-1"}"#), sent("r-1"));
    assert_eq!(receipt(200, r#"{"data":{"requestState":"SUCCESS"},"requestId":"r-2"}"#), sent("r-2"));
    assert_eq!(receipt(202, ""), Receipt::Sent { reference: None });
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-RequestId", HeaderValue::from_static("r-3"));
    assert_eq!(Khoros.receipt(StatusCode::ACCEPTED, &headers, b"accepted"), sent("r-3"));
}

#[test]
fn what_may_be_tried_again_and_what_may_have_been_done() {
    for (status, ambiguous) in [
        (401, false),
        (409, false),
        (429, false),
        (503, false),
        (408, true),
        (500, true),
        (502, true),
        (504, true),
        (599, true),
    ] {
        match receipt(status, "") {
            Receipt::Again { ambiguous: given, after: None, .. } => assert_eq!(given, ambiguous, "{status}"),
            other => panic!("{status}: {other:?}"),
        }
    }
    for status in [301, 400, 403, 404, 405, 413, 422] {
        assert!(matches!(receipt(status, ""), Receipt::Refused { .. }), "{status}");
    }
}

#[test]
fn the_wait_that_the_platform_asks_for_is_kept() {
    for (value, expected) in [
        ("7", Some(Duration::from_secs(7))),
        ("99999999999", Some(RETRY_AFTER_MAX)),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(value));
        let Receipt::Again { after, .. } = Khoros.receipt(StatusCode::TOO_MANY_REQUESTS, &headers, b"") else {
            panic!("{value}")
        };
        assert_eq!(after, expected, "{value}");
    }
}

#[test]
fn the_five_envelopes_are_read() {
    assert_eq!(reason(422, r#"{"errors":["a","b"]}"#), "422 Unprocessable Entity: a; b");
    assert_eq!(
        reason(400, r#"{"error":{"messages":["Invalid networkKey farcebook"]}}"#),
        "400 Bad Request: Invalid networkKey farcebook"
    );
    assert_eq!(reason(409, r#"{"requestId":"r","error":{"messages":["conflict"]}}"#), "409 Conflict: conflict");
    assert_eq!(
        reason(401, r#"{"error":{"message":"Unauthorized","requestId":"r"}}"#),
        "401 Unauthorized: Unauthorized"
    );
    assert_eq!(reason(409, r#"{"status":"fail","message":"exists"}"#), "409 Conflict: exists");
    assert_eq!(reason(502, "<html>bad gateway</html>"), "502 Bad Gateway: <html>bad gateway</html>");
    assert_eq!(reason(500, ""), "500 Internal Server Error: no body");
}

#[test]
fn long_answers_are_cut_between_letters() {
    for body in [format!(r#"{{"errors":["{}"]}}"#, "ü".repeat(5000)), "é".repeat(100_000)] {
        let reason = reason(400, &body);
        assert!(reason.len() <= REASON_BYTES_MAX, "{}", reason.len());
        assert!(reason.len() > REASON_BYTES_MAX - 8);
    }
}

/// Conformance 69.
#[test]
fn the_token_goes_into_a_header_that_logs_do_not_show() {
    let headers = Khoros.authorize(&Secret::new("jwt-1"), &delivery()).headers;
    assert_eq!(headers["authorization"], "Bearer jwt-1");
    assert!(headers["authorization"].is_sensitive());
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let unusable = Khoros.authorize(&Secret::new("a\nb"), &delivery()).headers;
    assert!(!unusable.contains_key("authorization"));
}
