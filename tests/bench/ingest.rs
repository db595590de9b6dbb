//! Durable ingest: webhooks that are verified, decoded and on disk before their answer, beside what SQLite alone can do.

use std::time::{Duration, Instant};

use crate::figure;
use crate::senders::{cpu, requests, send};
use crate::support::host::{Host, registration};

const EVENTS: usize = 60_000;
const RAW_EVENTS: usize = 200_000;
const GROUP: usize = 64;

pub async fn measure() {
    let raw = raw_sqlite();
    // No gateway and no module: what is measured is the way in. Events wait for a module, as they would on a real host.
    let host = Host::builder().set("TURN__AT_ONCE", 1).set("TURN__RETRY_FIRST_MS", 3_600_000).start();
    let client = reqwest::Client::new();
    let hook = host.register(&client, &registration("whatsapp", "page", "bench", "none")).await;
    let address = host.url.trim_start_matches("http://").to_owned();
    send(&address, requests(&address, &hook, 2_000, "warm")).await;

    let events = requests(&address, &hook, EVENTS, "ingest");
    let before = host.figure(&client, "bothost_store_commits_total").await;
    let used = cpu(host.pid());
    let (elapsed, times) = send(&address, events).await;
    let used = cpu(host.pid()) - used;
    let commits = host.figure(&client, "bothost_store_commits_total").await - before;
    let rate = EVENTS as f64 / elapsed.as_secs_f64();

    figure("raw SQLite, 1 KiB rows, groups of 64, FULL", &format!("{raw:.0}/s"), None);
    figure("durable ingest, 64 connections, 1 KiB events", &format!("{rate:.0}/s"), None);
    figure("  of raw SQLite", &format!("{:.2}", rate / raw), Some((rate / raw >= 0.25, ">= 0.25")));
    figure("  CPU an event", &format!("{:.0} us", used.as_secs_f64() * 1e6 / EVENTS as f64), None);
    let fsyncs = commits / EVENTS as f64;
    figure("  fsyncs an event, at saturation", &format!("{fsyncs:.3}"), Some((fsyncs < 0.1, "< 0.1")));
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    figure("  acknowledgement, median", &shown(at(0.5)), None);
    figure("  acknowledgement, p99", &shown(at(0.99)), None);
}

/// Inserts in groups of 64 with one fsync each: the most that this disk and SQLite give.
fn raw_sqlite() -> f64 {
    // On the disk that the host under test uses: both are in the system's temporary directory.
    let dir = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("raw.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)",
    )
    .unwrap();
    let body = vec![7_u8; 1024];
    let started = Instant::now();
    for _ in 0..RAW_EVENTS / GROUP {
        let group = db.unchecked_transaction().unwrap();
        for _ in 0..GROUP {
            group.prepare_cached("INSERT INTO t (body) VALUES (?1)").unwrap().execute([&body]).unwrap();
        }
        group.commit().unwrap();
    }
    (RAW_EVENTS / GROUP * GROUP) as f64 / started.elapsed().as_secs_f64()
}
