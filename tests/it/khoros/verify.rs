//! Which webhooks are believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bothost::domain::bot::{Encoding, Scheme};
use bothost::platform::khoros::Khoros;
use bothost::platform::khoros::verify::WINDOW_S;
use bothost::platform::{Platform, Verified, VerifyError, Webhook};
use bothost::simulator::khoros::sign::{basic_auth, sign_body_sha256, sign_standard_webhooks};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::support::{NOW_MS, bot};

const BODY: &[u8] = br#"{"type":"message"}"#;
const NOW_S: u64 = NOW_MS / 1000;
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const HEADER: &str = "X-Hub-Signature-256";

fn verify(scheme: Scheme, secret: &str, headers: HeaderMap, body: &[u8]) -> Result<Verified, VerifyError> {
    let webhook = Webhook { path: "hash-1".to_owned(), headers, body: Bytes::copy_from_slice(body) };
    Khoros.verify(&bot(scheme, secret), webhook, NOW_MS)
}

fn standard(headers: HeaderMap, body: &[u8]) -> Result<Verified, VerifyError> {
    verify(Scheme::StandardWebhooks, KEY, headers, body)
}

fn body_sha256(encoding: Encoding, headers: HeaderMap, body: &[u8]) -> Result<Verified, VerifyError> {
    verify(Scheme::BodySha256 { header: HEADER.to_owned(), encoding }, "shh", headers, body)
}

fn with(mut headers: HeaderMap, name: &str, value: &str) -> HeaderMap {
    headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    headers
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

#[track_caller]
fn assert_header(result: Result<Verified, VerifyError>, name: &str) {
    match result {
        Err(VerifyError::Header { header, .. }) => assert!(header.eq_ignore_ascii_case(name), "{header} is not {name}"),
        other => panic!("expected trouble with {name}, got {other:?}"),
    }
}

/// Conformance 54, 55.
#[test]
fn basic_needs_both_name_and_password() {
    let basic = |headers| verify(Scheme::Basic, "pa:ss", headers, BODY);
    let believed = basic(basic_auth("user", "pa:ss")).unwrap();
    assert_eq!(believed.body().as_ref(), BODY);
    assert_eq!(believed.delivery_id(), None);
    for (identity, secret) in [("user", "pa:s"), ("user", ""), ("User", "pa:ss"), ("", "pa:ss")] {
        assert_eq!(basic(basic_auth(identity, secret)).unwrap_err(), VerifyError::Mismatch, "{identity} {secret}");
    }
    assert_header(basic(HeaderMap::new()), "authorization");
    assert_header(basic(with(HeaderMap::new(), "authorization", "Bearer abc")), "authorization");
    assert_header(basic(with(HeaderMap::new(), "authorization", "Basic")), "authorization");
    assert_header(basic(with(HeaderMap::new(), "authorization", "Basic %%%")), "authorization");
    let no_colon = format!("Basic {}", BASE64.encode("user"));
    assert_header(basic(with(HeaderMap::new(), "authorization", &no_colon)), "authorization");
    let mut twice = basic_auth("user", "pa:ss");
    twice.append("authorization", HeaderValue::from_static("Basic eDp5"));
    assert_header(basic(twice), "authorization");
}

#[test]
fn the_scheme_of_basic_is_read_in_any_case() {
    let value = format!("bAsIc {}", BASE64.encode("user:pa"));
    verify(Scheme::Basic, "pa", with(HeaderMap::new(), "authorization", &value), BODY).unwrap();
}

#[test]
fn the_platforms_request_id_is_the_delivery_id_where_none_is_signed() {
    let headers = with(basic_auth("user", "pa"), "x-amzn-RequestId", "req-7");
    assert_eq!(verify(Scheme::Basic, "pa", headers, BODY).unwrap().delivery_id(), Some("req-7"));
    let headers = with(basic_auth("user", "pa"), "x-amzn-RequestId", &"r".repeat(300));
    assert_eq!(verify(Scheme::Basic, "pa", headers, BODY).unwrap().delivery_id(), None);
    let headers = with(sign_body_sha256("shh", HEADER, BODY), "x-amzn-RequestId", "req-8");
    assert_eq!(body_sha256(Encoding::Hex, headers, BODY).unwrap().delivery_id(), Some("req-8"));
}

/// The example of the Standard Webhooks specification's own libraries, so that not only our signer agrees with us.
#[test]
fn a_signature_that_others_made_is_believed() {
    let mut headers = with(HeaderMap::new(), "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
    headers = with(headers, "webhook-timestamp", "1614265330");
    headers = with(headers, "webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let webhook = Webhook { path: "hash-1".to_owned(), headers, body: Bytes::from_static(br#"{"test": 2432232314}"#) };
    let believed = Khoros.verify(&bot(Scheme::StandardWebhooks, KEY), webhook, 1_614_265_330_000).unwrap();
    assert_eq!(believed.delivery_id(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
}

#[test]
fn a_tampered_body_id_or_time_is_not_believed() {
    let signed = sign_standard_webhooks(KEY, "msg_1", NOW_S, BODY);
    assert_eq!(standard(signed.clone(), BODY).unwrap().delivery_id(), Some("msg_1"));
    assert_eq!(standard(signed.clone(), br#"{"type":"messagE"}"#).unwrap_err(), VerifyError::Mismatch);
    assert_eq!(standard(signed.clone(), b"").unwrap_err(), VerifyError::Mismatch);
    let other_id = with(signed.clone(), "webhook-id", "msg_2");
    assert_eq!(standard(other_id, BODY).unwrap_err(), VerifyError::Mismatch);
    let other_time = with(signed, "webhook-timestamp", &(NOW_S - 1).to_string());
    assert_eq!(standard(other_time, BODY).unwrap_err(), VerifyError::Mismatch);
    let other_key = sign_standard_webhooks("whsec_AAAA", "msg_1", NOW_S, BODY);
    assert_eq!(standard(other_key, BODY).unwrap_err(), VerifyError::Mismatch);
}

#[test]
fn the_timestamp_may_be_off_by_the_window_and_no_more() {
    for sent_s in [NOW_S - WINDOW_S, NOW_S, NOW_S + WINDOW_S] {
        standard(sign_standard_webhooks(KEY, "msg_1", sent_s, BODY), BODY).unwrap();
    }
    for sent_s in [NOW_S - WINDOW_S - 1, NOW_S + WINDOW_S + 1] {
        let error = standard(sign_standard_webhooks(KEY, "msg_1", sent_s, BODY), BODY).unwrap_err();
        assert_eq!(error, VerifyError::Stale { off_s: WINDOW_S + 1, window_s: WINDOW_S });
    }
}

#[test]
fn while_a_key_is_rotated_one_of_several_signatures_is_enough() {
    let old = header(&sign_standard_webhooks("whsec_AAAA", "msg_1", NOW_S, BODY), "webhook-signature");
    let signed = sign_standard_webhooks(KEY, "msg_1", NOW_S, BODY);
    let new = header(&signed, "webhook-signature");
    for both in [format!("{old} {new}"), format!("{new} {old}"), format!("v1a,xyz v2,abc {new}")] {
        standard(with(signed.clone(), "webhook-signature", &both), BODY).unwrap();
    }
    for neither in
        [old.clone(), format!("{old} {old}"), new.replace("v1,", "v2,"), new.replace("v1,", ""), "v1,".to_owned()]
    {
        let error = standard(with(signed.clone(), "webhook-signature", &neither), BODY).unwrap_err();
        assert_eq!(error, VerifyError::Mismatch, "{neither}");
    }
    let flood = format!("{}{new}", format!("{old} ").repeat(100));
    standard(with(signed, "webhook-signature", &flood), BODY).unwrap_err();
}

#[test]
fn each_of_the_three_headers_is_needed_and_well_formed() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut headers = sign_standard_webhooks(KEY, "msg_1", NOW_S, BODY);
        headers.remove(name);
        assert_header(standard(headers, BODY), name);
        let mut headers = sign_standard_webhooks(KEY, "msg_1", NOW_S, BODY);
        headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
        assert_header(standard(headers, BODY), name);
    }
    let signed = sign_standard_webhooks(KEY, "msg_1", NOW_S, BODY);
    for time in ["", "-5", "+1700000000", "1700000000.5", " 1700000000", "soon", "99999999999999999999"] {
        assert_header(standard(with(signed.clone(), "webhook-timestamp", time), BODY), "webhook-timestamp");
    }
    for id in ["", &"i".repeat(257)] {
        assert_header(standard(with(signed.clone(), "webhook-id", id), BODY), "webhook-id");
    }
}

/// The parts are joined by dots: without this rule the first signature would also fit the second webhook.
#[test]
fn a_dot_cannot_move_bytes_between_id_and_body() {
    let body = format!("{NOW_S}.{{}}");
    let signed = sign_standard_webhooks(KEY, "a", NOW_S, body.as_bytes());
    standard(signed.clone(), body.as_bytes()).unwrap();
    let moved = with(signed, "webhook-id", &format!("a.{NOW_S}"));
    assert_header(standard(moved, b"{}"), "webhook-id");
}

#[test]
fn a_secret_without_prefix_is_the_key_itself() {
    let signed = sign_standard_webhooks("plain text", "msg_1", NOW_S, BODY);
    verify(Scheme::StandardWebhooks, "plain text", signed, BODY).unwrap();
}

#[test]
fn a_secret_that_is_no_base64_matches_nothing() {
    let signed = sign_standard_webhooks("", "msg_1", NOW_S, BODY);
    let error = verify(Scheme::StandardWebhooks, "whsec_%", signed, BODY).unwrap_err();
    assert_eq!(error, VerifyError::Mismatch);
}

#[test]
fn the_digest_of_the_body_is_read_in_hex_of_either_case_and_in_base64() {
    let signed = sign_body_sha256("shh", HEADER, BODY);
    let hex = header(&signed, HEADER).replace("sha256=", "");
    let base64 = BASE64.encode(hex::decode(&hex).unwrap());
    for value in [format!("sha256={hex}"), hex.clone(), format!("sha256={}", hex.to_uppercase())] {
        body_sha256(Encoding::Hex, with(HeaderMap::new(), HEADER, &value), BODY).unwrap();
    }
    for value in [format!("sha256={base64}"), base64.clone()] {
        body_sha256(Encoding::Base64, with(HeaderMap::new(), HEADER, &value), BODY).unwrap();
    }
    assert_eq!(body_sha256(Encoding::Hex, signed.clone(), b"{}").unwrap_err(), VerifyError::Mismatch);
    for short in ["", "sha256=", "sha256=ab"] {
        let error = body_sha256(Encoding::Hex, with(HeaderMap::new(), HEADER, short), BODY).unwrap_err();
        assert_eq!(error, VerifyError::Mismatch, "{short:?}");
    }
    assert_header(body_sha256(Encoding::Hex, HeaderMap::new(), BODY), HEADER);
    assert_header(body_sha256(Encoding::Hex, with(HeaderMap::new(), HEADER, "sha256=xyz"), BODY), HEADER);
    assert_header(body_sha256(Encoding::Base64, with(HeaderMap::new(), HEADER, "***"), BODY), HEADER);
    let other_secret = sign_body_sha256("other", HEADER, BODY);
    assert_eq!(body_sha256(Encoding::Hex, other_secret, BODY).unwrap_err(), VerifyError::Mismatch);
}
