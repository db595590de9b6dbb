//! The log stream: what happens, as it happens, to whoever may know it; it holds up no shutdown.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bothost::simulator::sign;
use serde_json::Value;

use crate::support::cli::{bothost, command};
use crate::support::guests;
use crate::support::platform::PATIENCE;
use crate::support::stage::{Stage, message, now_s};

/// Reads a stream until it has told this many, or ends.
async fn told(response: &mut reqwest::Response, seen: &mut Vec<(String, Value)>, count: usize) {
    let mut text = String::new();
    let read = async {
        while seen.len() < count {
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
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("only {seen:#?}"));
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
