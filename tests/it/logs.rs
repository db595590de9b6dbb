//! The log stream: what happens, as it happens, to whoever may know it; it holds up no shutdown.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bothost::simulator::khoros::sign;
use serde_json::Value;

use crate::support::cli::{bothost, command};
use crate::support::guests;
use crate::support::hostile;
use crate::support::platform::PATIENCE;
use crate::support::stage::{Stage, message, now_s};

/// Reads a stream until it has told this many, or ends.
async fn told(response: &mut reqwest::Response, seen: &mut Vec<(String, Value)>, count: usize) {
    told_until(response, seen, |seen| seen.len() >= count).await;
}

/// Reads a stream until it has told enough, or ends.
async fn told_until(
    response: &mut reqwest::Response,
    seen: &mut Vec<(String, Value)>,
    enough: impl Fn(&[(String, Value)]) -> bool,
) {
    let mut text = String::new();
    let read = async {
        while !enough(seen) {
            let Some(chunk) = response.chunk().await.unwrap() else { return };
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some(end) = text.find("\n\n") {
                let block: String = text.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
                if let (Some(kind), Some(data)) = (field("event:"), field("data:")) {
                    seen.push((kind.to_owned(), serde_json::from_str(data).unwrap()));
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("only {} were told", seen.len()));
}

#[tokio::test]
async fn what_happens_is_told_in_its_order() {
    let stage = Stage::new().await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    let mut stream = stage.host.request(&stage.client, "GET", "/v1/logs").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut failing = stage.host.request(&stage.client, "GET", "/v1/logs?level=warn").send().await.unwrap();
    let event = hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    stage.settled().await;
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    let body = message("whatsapp", "jo", "m-2", "hello").to_string();
    let headers = sign::sign_standard_webhooks("whsec_d3Jvbmc=", "id-2", now_s(), body.as_bytes());
    assert_eq!(hook.send(headers, body).await.status(), 401);
    stage.push("bot", &guests::signer("1")).await;
    let wasm = stage.host.request(&stage.client, "PUT", "/v1/modules/bot").body("no module").send().await.unwrap();
    assert_eq!(wasm.status(), 422);
    let mut seen = Vec::new();
    told(&mut stream, &mut seen, 7).await;
    let mut kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    // The turn is told once it is committed, and its request may be on its way by then.
    kinds[1..3].sort_unstable();
    assert_eq!(kinds, ["accepted", "delivery", "turn", "duplicate", "refused", "module", "module"]);
    let turn = seen.iter().find(|(kind, _)| kind == "turn").unwrap();
    assert_eq!(turn.1["event"].to_string(), event);
    assert!(turn.1["instructions"].as_u64().unwrap() > 0 && turn.1["version"] == 1, "{turn:?}");
    assert!(seen[4].1["reason"].as_str().unwrap().contains("credentials"), "{:?}", seen[4]);
    assert!(seen[6].1["text"].as_str().unwrap().contains("was refused"), "{:?}", seen[6]);
    let mut warned = Vec::new();
    told(&mut failing, &mut warned, 2).await;
    assert_eq!(warned.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["refused", "module"]);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_those_who_listen() {
    let mut stage = Stage::new().await;
    let mut stream = stage.host.request(&stage.client, "GET", "/v1/logs").send().await.unwrap();
    let begun = Instant::now();
    assert!(stage.host.terminate().success());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}: the limit is 10 s", begun.elapsed());
    assert!(!stage.host.log().contains("still open"), "{}", stage.host.log());
    let mut seen = Vec::new();
    told(&mut stream, &mut seen, usize::MAX).await;
}

#[tokio::test]
async fn a_slow_reader_is_told_how_many_of_its_own_lines_it_missed() {
    let stage = Stage::new().await;
    // Its log is 64 KiB for each event, so that what lies between the host and the reader is full soon.
    let loud = hostile::all().into_iter().find(|guest| guest.name == "log-line").unwrap();
    stage.host.push(&stage.client, "bot", loud.wasm).await;
    let hook = stage.hook("bot").await;
    let key = stage.host.tenant(&stage.client, "other", &["read", "deploy"]).await;
    let open = |key: &str| stage.host.request_as(key, &stage.client, "GET", "/v1/logs").send();
    let (mut slow, mut other) = (open(&stage.host.key).await.unwrap(), open(&key).await.unwrap());
    let messages: u64 = 500;
    for part in 0..messages / 20 {
        let part = (0..20).map(|at| {
            let (id, hook) = (format!("{part}-{at}"), hook.clone());
            async move { hook.deliver(&id, message("whatsapp", &id, &id, "hello").to_string()).await }
        });
        futures_util::future::join_all(part).await;
        for _ in 0..20 {
            let upload = stage.host.request_as(&key, &stage.client, "PUT", "/v1/modules/bot").body("no module");
            assert_eq!(upload.send().await.unwrap().status(), 422);
        }
    }
    stage.settled().await;
    let last = hook.deliver("last", message("whatsapp", "last", "last", "hello").to_string()).await;
    let last: i64 = last.parse().unwrap();
    // Each event is accepted and has its turn. Nothing else happened to this tenant.
    let lines =
        |seen: &[(String, Value)]| -> u64 { seen.iter().map(|(_, line)| line["missed"].as_u64().unwrap_or(1)).sum() };
    let is_last = |(kind, line): &(String, Value)| kind == "turn" && line["event"] == last;
    let mut seen = Vec::new();
    told_until(&mut slow, &mut seen, |seen| seen.iter().any(is_last)).await;
    assert!(seen.iter().any(|(kind, _)| kind == "missed"), "{} lines were told", seen.len());
    assert_eq!(lines(&seen), 2 * (messages + 1));
    let mut seen = Vec::new();
    told_until(&mut other, &mut seen, |seen| lines(seen) >= messages).await;
    assert_eq!(lines(&seen), messages);
}

#[tokio::test]
async fn nothing_is_told_once_the_key_is_revoked() {
    let stage = Stage::new().await;
    stage.push("bot", &guests::wayward()).await;
    let hook = stage.hook("bot").await;
    let key = stage.host.tenant_key(&stage.client, "default", &["read"]).await;
    let mut stream = stage.host.request_as(&key, &stage.client, "GET", "/v1/logs").send().await.unwrap();
    let path = format!("/v1/keys/{}", key.split('_').nth(1).unwrap());
    let revoked = stage.host.request(&stage.client, "DELETE", &path).send().await.unwrap();
    assert!(revoked.status().is_success(), "{}", revoked.status());
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "hello").to_string()).await;
    let mut seen = Vec::new();
    told(&mut stream, &mut seen, usize::MAX).await;
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn a_tenant_has_its_share_of_the_listeners_and_no_more() {
    let stage = Stage::new().await;
    let key = stage.host.tenant(&stage.client, "other", &["read"]).await;
    let listen = |key: &str| stage.host.request_as(key, &stage.client, "GET", "/v1/logs").send();
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(listen(&key).await.unwrap());
        assert_eq!(streams.last().unwrap().status(), 200);
    }
    let refused = listen(&key).await.unwrap();
    assert_eq!((refused.status(), refused.headers().contains_key("retry-after")), (503.try_into().unwrap(), true));
    let problem: Value = refused.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("8 follow this tenant's log already"), "{problem}");
    assert_eq!(listen(&stage.host.key).await.unwrap().status(), 200, "others have theirs");
    // Whoever goes makes room.
    streams.pop();
    let again = async { while listen(&key).await.unwrap().status() != 200 {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_follower_on_the_command_line_reads_what_the_bot_logged() {
    let stage = Stage::new().await;
    let said = bothost(&stage.host, &["logs"]);
    assert!(said.code == Some(1) && said.err.contains("--follow"), "{said:?}");
    stage.push("bot", &guests::concierge()).await;
    let hook = stage.hook("bot").await;
    let mut follower =
        command(&stage.host, &["logs", "--follow"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    // It listens from some moment on: messages come until one of them is told.
    let read = tokio::task::spawn_blocking(move || {
        let line = lines.find(|line| line.as_ref().unwrap().contains(" turn "));
        (line.unwrap().unwrap(), lines.next().unwrap().unwrap())
    });
    let mut at = 0;
    while !read.is_finished() {
        at += 1;
        hook.deliver(&format!("id-{at}"), message("whatsapp", "jo", &format!("m-{at}"), "hello").to_string()).await;
        stage.settled().await;
        assert!(at < 2000, "nothing was told");
    }
    let (turn, log) = read.await.unwrap();
    follower.kill().unwrap();
    follower.wait().unwrap();
    assert!(turn.contains(" info  turn      event "), "{turn}");
    assert!(log.contains(" bot "), "{log}");
}
