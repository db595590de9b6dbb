//! Webhook senders that cost little: signed requests are made beforehand and written to open connections as they are.

use std::time::{Duration, Instant};

use bothost::simulator;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::host::SECRET;

/// Connections that send at the same time.
pub const CONNECTIONS: usize = 64;

/// Whole HTTP requests, one list for each connection.
pub fn requests(address: &str, hook: &str, events: usize, tag: &str) -> Vec<Vec<Vec<u8>>> {
    let now_s = now_s();
    let mut lists = vec![Vec::new(); CONNECTIONS];
    for number in 0..events {
        let body = event(number, tag);
        let id = format!("{tag}-{number}");
        let headers = simulator::khoros::sign::sign_standard_webhooks(SECRET, &id, now_s, body.as_bytes());
        lists[number % CONNECTIONS].push(request(address, hook, &headers, &body));
    }
    lists
}

/// A whole HTTP request.
pub fn request(address: &str, hook: &str, headers: &HeaderMap, body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {hook} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    request.push_str("\r\n");
    request.push_str(body);
    request.into_bytes()
}

/// A body with a padding that makes it 1 KiB.
pub fn sized(body: impl Fn(&str) -> Value) -> String {
    let short = body("").to_string().len();
    body(&"x".repeat(1024_usize.saturating_sub(short))).to_string()
}

/// An event of 1 KiB; each connection is a conversation of its own.
pub fn event(number: usize, tag: &str) -> String {
    let author = format!("author-{tag}-{}", number % CONNECTIONS);
    sized(|padding| {
        json!({
            "coordinate": {
                "companyKey": "exampleinc", "networkKey": "whatsapp", "externalId": "page",
                "messageId": format!("{tag}-{number}"), "botId": "bench", "scope": "PRIVATE",
                "normalizedAuthorId": author,
            },
            "text": format!("message {number}"),
            "author": { "id": author, "fullName": "Bench", "properties": {} },
            "owner": { "type": "BOT", "appId": "bench" },
            "publishedTS": 1_700_000_000_000_u64, "receivedTS": 1_700_000_000_000_u64,
            "properties": { "padding": padding }, "type": "message",
        })
    })
}

/// Sends everything, each connection one request after the other, and returns how long it took and the slowest answers.
pub async fn send(address: &str, lists: Vec<Vec<Vec<u8>>>) -> (Duration, Vec<Duration>) {
    let mut tasks = Vec::new();
    let started = Instant::now();
    for list in lists {
        let address = address.to_owned();
        tasks.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut answer = vec![0; 4096];
            let mut times = Vec::with_capacity(list.len());
            for request in list {
                let sent = Instant::now();
                stream.write_all(&request).await.unwrap();
                let read = stream.read(&mut answer).await.unwrap();
                let head = String::from_utf8_lossy(&answer[..read]);
                assert!(head.starts_with("HTTP/1.1 20"), "{head}");
                times.push(sent.elapsed());
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    times.sort();
    (elapsed, times)
}

/// The CPU time that a process has used, user and system.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // Linux counts in hundredths of a second here, on every architecture that Rust's tier 1 has.
    Duration::from_millis(ticks * 10)
}

#[allow(clippy::disallowed_methods, reason = "signatures carry the time")]
pub fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
