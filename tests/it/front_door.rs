//! What comes to the front door and is not let in: nothing of it is stored, the sender is told why, and the figures count it.

use axum::http::HeaderMap;
use bothost::simulator::khoros::sign;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::host::{Host, IDENTITY, SECRET, registration};
use crate::support::platform::PATIENCE;
use crate::support::stage::{BOT, Hook, Stage, message, now_s};

/// A host with a bot whose module does not matter: no event gets that far.
async fn door() -> (Stage, Hook) {
    let stage = Stage::new().await;
    let hook = stage.hook("nothing").await;
    (stage, hook)
}

fn body() -> Vec<u8> {
    message("whatsapp", "jo", "m-1", "hello").to_string().into_bytes()
}

fn signed(body: &[u8]) -> HeaderMap {
    sign::sign_standard_webhooks(SECRET, "id-1", now_s(), body)
}

/// What a refusal must look like, and what must be counted.
struct Refused {
    status: u16,
    kind: &'static str,
    outcome: &'static str,
}

const BAD_SIGNATURE: Refused = Refused { status: 401, kind: "bad-signature", outcome: "unverified" };
const STALE: Refused = Refused { status: 401, kind: "stale-signature", outcome: "unverified" };
const MALFORMED: Refused = Refused { status: 400, kind: "malformed-event", outcome: "malformed" };

/// Sends a webhook that must be refused, and returns the problem's words.
async fn refused(stage: &Stage, hook: &Hook, headers: HeaderMap, body: Vec<u8>, expected: &Refused) -> String {
    let before = counted(stage, expected.outcome).await;
    let response = hook.send(headers, body).await;
    assert_eq!(response.status(), expected.status);
    assert!(!response.headers().contains_key("bothost-event"));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let detail = is_problem(&problem, expected);
    assert_eq!(counted(stage, expected.outcome).await, before + 1.0, "{detail}");
    nothing_is_stored(stage);
    detail
}

/// RFC 9457.
fn is_problem(problem: &Value, expected: &Refused) -> String {
    assert_eq!(problem["type"], format!("urn:bothost:problem:{}", expected.kind), "{problem}");
    assert_eq!(problem["status"], expected.status);
    assert!(!problem["title"].as_str().unwrap().is_empty());
    problem["detail"].as_str().unwrap().to_owned()
}

async fn counted(stage: &Stage, outcome: &str) -> f64 {
    stage.figure("bothost_events_total", &[("platform", "khoros"), ("outcome", outcome)]).await
}

fn nothing_is_stored(stage: &Stage) {
    let rows = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM conversations)";
    assert_eq!(stage.host.count(rows), 0);
}

#[tokio::test]
async fn a_webhook_that_was_not_signed_by_the_key_is_refused() {
    let (stage, hook) = door().await;
    let right = signed(&body());
    let with = |name: &'static str, value: &str| {
        let mut headers = right.clone();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    let tampered = String::from_utf8(body()).unwrap().replace("hello", "hullo").into_bytes();
    refused(&stage, &hook, right.clone(), tampered, &BAD_SIGNATURE).await;
    let other_key = sign::sign_standard_webhooks("whsec_YW5vdGhlciBrZXk=", "id-1", now_s(), &body());
    for headers in [
        other_key,
        with("webhook-id", "id-2"),
        with("webhook-timestamp", &(now_s() - 7).to_string()),
        with("webhook-signature", "v1,"),
        with("webhook-signature", "v2,AAAA"),
        with("webhook-signature", "not base64 at all"),
    ] {
        refused(&stage, &hook, headers, body(), &BAD_SIGNATURE).await;
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut headers = right.clone();
        headers.remove(name);
        let detail = refused(&stage, &hook, headers, body(), &BAD_SIGNATURE).await;
        assert!(detail.contains(name) && detail.contains("missing"), "{detail}");
    }
    // The very same, whole and untouched, is let in.
    assert_eq!(hook.send(right, body()).await.status(), 202);
}

#[tokio::test]
async fn the_other_ways_to_sign_are_as_strict() {
    let stage = Stage::new().await;
    let mut basic = registration("whatsapp", "one", "by-basic", "nothing");
    basic["credentials"] = json!({"type": "BASIC_AUTH", "identity": IDENTITY, "secret": "s3cret"});
    let basic = stage.hook_of(&basic).await;
    for headers in [
        HeaderMap::new(),
        sign::basic_auth(IDENTITY, "S3cret"),
        sign::basic_auth(IDENTITY, "s3cret "),
        sign::basic_auth("somebody", "s3cret"),
        signed(&body()),
    ] {
        refused(&stage, &basic, headers, body(), &BAD_SIGNATURE).await;
    }
    let mut seal = registration("whatsapp", "two", "by-seal", "nothing");
    seal["credentials"] =
        json!({"type": "HMAC", "identity": "", "secret": "s3cret", "signature": {"profile": "body-sha256"}});
    let seal = stage.hook_of(&seal).await;
    let name = "x-hub-signature-256";
    for headers in [
        HeaderMap::new(),
        sign::sign_body_sha256("s3cret", name, b"another body"),
        sign::sign_body_sha256("another", name, &body()),
        sign::sign_body_sha256("s3cret", "x-other-header", &body()),
    ] {
        refused(&stage, &seal, headers, body(), &BAD_SIGNATURE).await;
    }
}

#[tokio::test]
async fn a_signature_of_another_time_is_refused() {
    let (stage, hook) = door().await;
    for timestamp in [now_s() - 400, now_s() + 400, 0, u64::MAX] {
        let headers = sign::sign_standard_webhooks(SECRET, "id-1", timestamp, &body());
        let detail = refused(&stage, &hook, headers, body(), &STALE).await;
        assert!(detail.contains("300"), "how far it may be off: {detail}");
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_its_place() {
    let (stage, hook) = door().await;
    let refuse = async |body: &[u8]| refused(&stage, &hook, signed(body), body.to_vec(), &MALFORMED).await;
    let detail = refuse(b"{\n  \"type\": \"message\",\n  oops\n}").await;
    assert!(detail.contains("line 3 column 3"), "{detail}");
    let detail = refuse(b"").await;
    assert!(detail.contains("line 1 column 0"), "{detail}");
    for no_object in ["[]", "\"message\"", "7", "null"] {
        let detail = refuse(no_object.as_bytes()).await;
        assert!(detail.contains("JSON object"), "{no_object}: {detail}");
    }
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    refuse(format!("{{\"type\": \"message\", \"text\": {deep}}}").as_bytes()).await;
    refuse(b"{\"type\": \"message\", \"text\": \"\xff\"}").await;
    let mut nobodys = message("whatsapp", "jo", "m-1", "hello");
    nobodys.as_object_mut().unwrap().remove("author");
    nobodys["coordinate"].as_object_mut().unwrap().remove("normalizedAuthorId");
    let detail = refuse(nobodys.to_string().as_bytes()).await;
    assert!(detail.contains("author.id") && detail.contains("coordinate.normalizedAuthorId"), "{detail}");
}

#[tokio::test]
async fn a_url_that_is_no_bots_is_not_found() {
    let (stage, hook) = door().await;
    let no_bot = Refused { status: 404, kind: "no-bot", outcome: "no-bot" };
    let stranger = Hook { url: format!("{}/hooks/khoros/{}", stage.host.url, "0".repeat(32)), ..hook.clone() };
    refused(&stage, &stranger, signed(&body()), body(), &no_bot).await;
    let longer = Hook { url: format!("{}/more", hook.url), ..hook.clone() };
    refused(&stage, &longer, signed(&body()), body(), &no_bot).await;
    let elsewhere = Hook { url: hook.url.replace("khoros", "elsewhere"), ..hook.clone() };
    assert_eq!(elsewhere.send(signed(&body()), body()).await.status(), 404);
    for method in ["GET", "PUT", "DELETE", "HEAD"] {
        let request = stage.client.request(method.parse().unwrap(), &hook.url).headers(signed(&body())).body(body());
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    }
    nothing_is_stored(&stage);
}

/// A request as it is written, and everything that comes back until the host hangs up.
async fn raw(stage: &Stage, request: &str) -> String {
    let mut stream = connect(stage).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    until_closed(&mut stream).await
}

async fn connect(stage: &Stage) -> TcpStream {
    TcpStream::connect(stage.host.url.strip_prefix("http://").unwrap()).await.unwrap()
}

async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the host hangs up").unwrap();
    String::from_utf8(answer).unwrap()
}

/// The head of a request to the hook, with these headers besides.
fn head(hook: &Hook, headers: &str) -> String {
    let path = &hook.url[hook.url.find("/hooks").unwrap()..];
    format!("POST {path} HTTP/1.1\r\nhost: bothost\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let stage = Stage::with(Host::builder().set("FRONT__BODY_BYTES_MAX", "1000")).await;
    let hook = stage.hook("nothing").await;
    let too_large = Refused { status: 413, kind: "too-large", outcome: "unread" };
    // Announced: refused before a single byte of it has come.
    let announced = raw(&stage, &head(&hook, "content-length: 1001\r\n")).await;
    // Not announced: refused when one byte too many has come; it is not waited for the end.
    let chunk = format!("{:x}\r\n{}\r\n", 1001, "x".repeat(1001));
    let chunked = raw(&stage, &(head(&hook, "transfer-encoding: chunked\r\n") + &chunk)).await;
    for answer in [announced, chunked] {
        let (head, problem) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
        let detail = is_problem(&serde_json::from_str(problem).unwrap(), &too_large);
        assert!(detail.contains("1000"), "{detail}");
    }
    assert_eq!(counted(&stage, too_large.outcome).await, 2.0);
    nothing_is_stored(&stage);
    // As much as is allowed is read: it fails for another reason.
    let whole = format!("{}{}", head(&hook, "content-length: 1000\r\n"), "x".repeat(1000));
    assert!(raw(&stage, &whole).await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let stage = Stage::with(Host::builder().set("FRONT__BODY_TIMEOUT_MS", "100")).await;
    let hook = stage.hook("nothing").await;
    let answer = raw(&stage, &(head(&hook, "content-length: 100\r\n") + "{")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(counted(&stage, "unread").await, 1.0);
    nothing_is_stored(&stage);
}

#[tokio::test]
async fn a_connection_that_sends_no_whole_head_is_closed() {
    let stage = Stage::with(Host::builder().set("FRONT__HEADER_TIMEOUT_MS", "100")).await;
    for slow in ["", "POST /hooks/khoros/x HTTP/1.1\r\nhost: both"] {
        let answer = raw(&stage, slow).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{slow:?}: {answer}");
    }
    // A client that asked once and then stays silent does not hold its place either.
    let answer = raw(&stage, "GET /healthz HTTP/1.1\r\nhost: bothost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
}

/// One request on a connection that stays open.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8(answer[..read].to_vec()).unwrap()
}

fn webhook(hook: &Hook, number: usize) -> Vec<u8> {
    let body = message("whatsapp", "jo", &format!("m-{number}"), "hello").to_string();
    let headers = sign::sign_standard_webhooks(SECRET, &format!("id-{number}"), now_s(), body.as_bytes());
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let head = head(hook, &format!("content-length: {}\r\n{headers}", body.len()));
    (head.replace("connection: close\r\n", "") + &body).into_bytes()
}

/// The number of the event that a webhook became.
fn event(answer: &str) -> u64 {
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let line = answer.lines().find_map(|line| line.strip_prefix("bothost-event: ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test]
async fn one_connection_too_many_waits_until_another_closes() {
    let two = Host::builder().set("FRONT__CONNECTIONS_MAX", "2").set("FRONT__HEADER_TIMEOUT_MS", "120000");
    let stage = Stage::with(two).await;
    let Hook { url, client } = stage.hook("nothing").await;
    let Stage { host, platform, client: other } = stage;
    // Their idle connections would take the places.
    drop((client, other));
    let stage = Stage { host, platform, client: crate::support::stage::client() };
    let hook = Hook { url, client: stage.client.clone() };

    let (mut first, mut second) = (connect(&stage).await, connect(&stage).await);
    let served = event(&ask(&mut first, &webhook(&hook, 1)).await);
    assert!(event(&ask(&mut second, &webhook(&hook, 2)).await) > served);
    // Both places are taken. The third asks first, and is heard last.
    let mut third = connect(&stage).await;
    third.write_all(&webhook(&hook, 3)).await.unwrap();
    let mut last = 0;
    for number in 4..30 {
        last = event(&ask(&mut first, &webhook(&hook, number)).await);
        assert_eq!(event(&ask(&mut second, &webhook(&hook, number + 100)).await), last + 1);
    }
    drop(second);
    assert_eq!(event(&answer(&mut third).await), last + 2);
}

#[tokio::test]
async fn without_the_key_nothing_can_be_administered() {
    let stage = Stage::new().await;
    let wrong = format!("bh_00000000_{}", "0".repeat(72));
    let (most, last) = stage.host.key.split_at(stage.host.key.len() - 1);
    let almost = format!("{most}{}", if last == "0" { "1" } else { "0" });
    let calls = [
        ("PUT", "/v1/modules/bot"),
        ("DELETE", "/v1/modules/bot"),
        ("POST", "/v1/modules/bot/rollback"),
        ("POST", "/bots/v3/registrations"),
        ("GET", "/bots/v3/registrations"),
    ];
    let registration = registration("whatsapp", "page", BOT, "bot").to_string();
    for (method, path) in calls {
        let call = || {
            let url = format!("{}{path}", stage.host.url);
            stage.client.request(method.parse().unwrap(), url).body(registration.clone())
        };
        let refused = [
            call(),
            call().bearer_auth(&wrong),
            call().bearer_auth(&almost),
            call().bearer_auth(""),
            call().basic_auth("admin", Some(&stage.host.key)),
            call().header("authorization", format!("Basic {}", stage.host.key)),
            call().header("authorization", &stage.host.key),
            call().query(&[("access_token", &stage.host.key)]),
        ];
        for request in refused {
            assert_eq!(request.send().await.unwrap().status(), 401, "{method} {path}");
        }
    }
    let rows =
        "SELECT (SELECT count(*) FROM bots) + (SELECT count(*) FROM versions) + (SELECT count(*) FROM activations)";
    assert_eq!(stage.host.count(rows), 0);
    stage.hook("bot").await;
    assert_eq!(stage.host.count(rows), 1, "with the key it works");
}

#[tokio::test]
async fn the_probes_answer_and_the_figures_are_explained() {
    let (stage, hook) = door().await;
    hook.deliver("id-1", body()).await;
    let get = async |path: &str| stage.client.get(format!("{}{path}", stage.host.url)).send().await.unwrap();
    for (path, words) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let response = get(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.text().await.unwrap(), words);
    }
    let response = get("/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    assert!(text.contains("bothost_events_total{platform=\"khoros\",outcome=\"accepted\"} 1\n"), "{text}");
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not explained");
        assert!(name.starts_with("bothost_"), "{name}");
    }
    let nowhere = get("/nowhere").await;
    assert_eq!(
        (nowhere.status().as_u16(), &nowhere.headers()["content-type"]),
        (404, &"application/problem+json".parse().unwrap())
    );
}
