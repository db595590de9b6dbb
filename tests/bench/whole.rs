//! The whole way, webhook to the platform's 202, in CPU time of the host's process; and what an idle host holds in memory.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use bothost::simulator::{self, khoros::SimulatedKhoros};
use tokio::net::TcpListener;

use crate::figure;
use crate::senders::{cpu, requests, send};
use crate::support::guests;
use crate::support::host::{Host, TOKEN, registration};

const EVENTS: usize = 5_000;

pub async fn measure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let khoros = SimulatedKhoros::new(simulator::Settings::new(TOKEN));
    let served = khoros.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });

    let native = native(&url).await;

    let host = Host::builder().gateway(&url).start();
    let client = reqwest::Client::new();
    host.push(&client, "echo", std::fs::read(guests::echo()).unwrap()).await;
    let hook = host.register(&client, &registration("whatsapp", "page", "bench", "echo")).await;
    let idle = host.resident_bytes();
    let address = host.url.trim_start_matches("http://").to_owned();

    let all = khoros.received_total();
    send(&address, requests(&address, &hook, 640, "warm")).await;
    khoros.wait_for(all + 640).await;
    let (before, commits) = (cpu(host.pid()), host.figure(&client, "bothost_store_commits_total").await);
    let started = std::time::Instant::now();
    send(&address, requests(&address, &hook, EVENTS, "whole")).await;
    khoros.wait_for(all + 640 + EVENTS as u64).await;
    let elapsed = started.elapsed();
    let used = cpu(host.pid()) - before;
    let commits = host.figure(&client, "bothost_store_commits_total").await - commits;

    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / EVENTS as f64;
    let ratio = each(used) / each(native);
    figure("native axum handler, CPU an event", &format!("{:.0} us", each(native)), None);
    figure("bothost, the whole way, CPU an event", &format!("{:.0} us", each(used)), None);
    figure("  times the native handler", &format!("{ratio:.1}"), Some((ratio < 10.0, "< 10")));
    figure("  events a second, webhook to 202", &format!("{:.0}", EVENTS as f64 / elapsed.as_secs_f64()), None);
    figure("  fsyncs an event, the whole way", &format!("{:.3}", commits / EVENTS as f64), None);
    let idle_mib = idle as f64 / f64::from(1 << 20);
    figure("idle host with one bot, resident", &format!("{idle_mib:.0} MiB"), Some((idle_mib < 64.0, "< 64 MiB")));
}

/// The native handler's CPU time for the same events.
async fn native(platform: &str) -> Duration {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env("BENCH_NATIVE_PLATFORM", platform)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let address = address.trim();
    send(address, requests(address, "/hook", 640, "native-warm")).await;
    let before = cpu(child.id());
    send(address, requests(address, "/hook", EVENTS, "native")).await;
    let used = cpu(child.id()) - before;
    child.kill().unwrap();
    child.wait().unwrap();
    used
}
