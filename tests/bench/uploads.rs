//! Two thousand uploads by chance and every compile bomb, while webhooks come in: what the senders notice of it.
//!
//! Uploads come in bursts, and between two bursts the host is left alone for as long: the two kinds of time are compared, so
//! that whatever else the machine does falls on both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::figure;
use crate::senders::requests;
use crate::support::guests::echo;
use crate::support::host::{Host, registration};
use crate::support::{bombs, chance};

const UPLOADS: u64 = 2_000;
const BURST: usize = 100;
/// Webhooks for each second: a busy host, and one that has time left.
const RATE: usize = 500;
/// How many webhooks are made beforehand: for two minutes.
const EVENTS: usize = 60_000;
const GROWTH_MAX: u64 = 64 << 20;

/// What the host is at.
const IDLE: u8 = 0;
const UPLOADING: u8 = 1;
const DONE: u8 = 2;

pub async fn measure() {
    let honest = std::fs::read(echo()).unwrap();
    let mut uploads: Vec<Vec<u8>> = (0..UPLOADS).map(|number| chance::component(number, &honest)).collect();
    // One bomb to each burst, as far as they go.
    for (number, bomb) in bombs::all().into_iter().enumerate() {
        uploads.insert(number * (BURST + 1), bomb.wasm);
    }
    let host = Host::builder().set("TURN__AT_ONCE", 1).set("TURN__RETRY_FIRST_MS", 3_600_000).start();
    let client = reqwest::Client::new();
    let hook = host.register(&client, &registration("whatsapp", "page", "bench", "none")).await;
    let address = host.url.trim_start_matches("http://").to_owned();
    let phase = Arc::new(AtomicU8::new(IDLE));
    let senders = senders(address.clone(), requests(&address, &hook, EVENTS, "paced"), phase.clone());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (resident, pid) = (host.resident_bytes(), host.pid());

    let total = uploads.len();
    let (accepted, spent) = tokio::task::block_in_place(|| upload(&host, uploads, honest, phase.clone()));
    phase.store(DONE, Ordering::Relaxed);
    let mut times = [Vec::new(), Vec::new()];
    for sender in senders {
        for (phase, time) in sender.await.unwrap() {
            times[usize::from(phase)].push(time);
        }
    }
    assert_eq!(host.pid(), pid);
    let [idle, meanwhile] = times.map(|mut times| {
        times.sort();
        times[(times.len() - 1) * 99 / 100].as_secs_f64() * 1e3
    });
    let grown = host.resident_bytes().saturating_sub(resident);
    figure("uploads by chance and bombs", &format!("{:.0}/s", total as f64 / spent.as_secs_f64()), None);
    figure("  taken (harmless changes of an honest bot)", &accepted.to_string(), None);
    figure("  the host has grown by", &format!("{} MiB", grown >> 20), Some((grown <= GROWTH_MAX, "<= 64 MiB")));
    figure("  acknowledgement p99, between bursts of uploads", &format!("{idle:.1} ms"), None);
    figure("  acknowledgement p99, meanwhile", &format!("{meanwhile:.1} ms"), None);
    let ratio = meanwhile / idle;
    figure("  of the idle host's", &format!("{ratio:.2}"), Some((ratio <= 1.5, "<= 1.5")));
}

/// Uploads in bursts: how many were taken, and how long the bursts took. Whoever uploads is elsewhere, so what it costs to be
/// that somebody must not stand in the way of the host and the senders: it is the least important thread of the machine.
fn upload(host: &Host, uploads: Vec<Vec<u8>>, honest: Vec<u8>, phase: Arc<AtomicU8>) -> (u32, Duration) {
    let upload = async || {
        let client = reqwest::Client::new();
        let (mut accepted, mut spent) = (0, Duration::ZERO);
        for burst in uploads.chunks(BURST + 1) {
            let begun = Instant::now();
            phase.store(UPLOADING, Ordering::Relaxed);
            for (number, wasm) in burst.iter().enumerate() {
                let path = format!("/v1/modules/chance-{}", number % 10);
                let answer = host.request(&client, "PUT", &path).body(wasm.clone()).send().await.unwrap();
                accepted += u32::from(answer.status().is_success());
            }
            host.push(&client, "honest", honest.clone()).await;
            phase.store(IDLE, Ordering::Relaxed);
            spent += begun.elapsed();
            tokio::time::sleep(begun.elapsed()).await;
        }
        (accepted, spent)
    };
    std::thread::scope(|scope| {
        let uploader = scope.spawn(|| {
            let _ = rustix::process::nice(19);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(upload())
        });
        uploader.join().unwrap()
    })
}

/// Sends webhooks at a steady rate until it is done: each answer's time, and what the host was at.
fn senders(address: String, lists: Vec<Vec<Vec<u8>>>, phase: Arc<AtomicU8>) -> Vec<JoinHandle<Vec<(u8, Duration)>>> {
    let started = Instant::now();
    let connections = lists.len();
    let senders = lists.into_iter().enumerate().map(|(offset, list)| {
        let (address, phase) = (address.clone(), phase.clone());
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut answer = vec![0; 4096];
            let mut times = Vec::with_capacity(list.len());
            for (number, request) in list.into_iter().enumerate() {
                let at = (number * connections + offset) as f64 / RATE as f64;
                tokio::time::sleep_until((started + Duration::from_secs_f64(at)).into()).await;
                let now = phase.load(Ordering::Relaxed);
                if now == DONE {
                    break;
                }
                let sent = Instant::now();
                stream.write_all(&request).await.unwrap();
                let read = stream.read(&mut answer).await.unwrap();
                assert!(answer[..read].starts_with(b"HTTP/1.1 202"));
                times.push((now, sent.elapsed()));
            }
            times
        })
    });
    senders.collect()
}
