//! A hundred swaps under load: every message is answered by one version or the other, once and in its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use bothost::guest::digest;

use crate::support::guests::signer;
use crate::support::host::Host;
use crate::support::ledger::audit;
use crate::support::platform::eventually;
use crate::support::stage::Stage;
use crate::support::traffic::Traffic;

const SWAPS: usize = 100;
const CUSTOMERS: usize = 6;
/// Messages that are acknowledged between two swaps, at least.
const BETWEEN: u64 = 5;
/// Only ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_swaps_under_load_lose_double_and_mix_nothing() {
    let stage = Stage::with(Host::builder().set("GUEST__WATCH_QUIET_MS", 5)).await;
    let versions = ["1", "2"].map(|version| std::fs::read(signer(version)).unwrap());
    stage.host.push(&stage.client, "signer", versions[0].clone()).await;
    let traffic = Traffic::start(&stage.hook("signer").await, CUSTOMERS);
    let mut swapped = Vec::new();
    for swap in 1..=SWAPS {
        // 2 over HTTP, 1 over HTTP, 2 as a file, 1 as a file, and again.
        let wasm = &versions[swap % 2];
        if (swap - 1) / 2 % 2 == 0 {
            assert_eq!(stage.host.push(&stage.client, "signer", wasm.clone()).await, 1 + swap as u64);
        } else {
            drop_file(&stage.host, wasm);
            serves(&stage.host, 1 + swap).await;
        }
        swapped.push((stage.host.count("SELECT coalesce(max(id), 0) FROM events"), 1 + swap));
        if swap == SWAPS / 2 {
            garbage(&stage, &traffic).await;
        }
        tokio::time::timeout(PATIENCE, traffic.more(BETWEEN)).await.expect("messages are acknowledged");
    }
    let acknowledged = traffic.finish().await;
    stage.settled().await;

    let (entries, doubled) = audit(&stage.host, &acknowledged, &stage.platform.calls());
    assert_eq!(doubled, 0);
    let signs =
        BTreeMap::from([(digest(&versions[0]).to_string(), "v1: "), (digest(&versions[1]).to_string(), "v2: ")]);
    let mut answered = BTreeMap::new();
    for entry in &entries {
        let sign = signs[&entry.digest];
        assert!(entry.answer.starts_with(sign), "{entry:?}");
        *answered.entry(sign).or_insert(0) += 1;
        // Whoever writes after a swap is not answered by what served before it.
        let latest = swapped.iter().rev().find(|(event, _)| entry.event > *event).map_or(1, |(_, version)| *version);
        assert!(entry.version >= latest, "version {latest} served already: {entry:?}");
    }
    println!("{} answers: {answered:?}", entries.len());
    assert_eq!(answered.len(), 2, "only one version answered");
    assert_eq!(activations(&stage.host), 1 + SWAPS as i64);
    assert_eq!(stage.host.figure(&stage.client, "bothost_module_swaps_total").await, (1 + SWAPS) as f64);
    assert_eq!(stage.host.figure(&stage.client, "bothost_modules_refused_total").await, 1.0);
}

/// Waits until that version serves.
async fn serves(host: &Host, version: usize) {
    let words = format!("module active tenant=default module=signer version={version} ");
    eventually(&format!("version {version}, by a file"), || host.log().contains(&words).then_some(())).await;
}

/// A file of rubbish is reported in plain words, and what served serves on.
async fn garbage(stage: &Stage, traffic: &Traffic) {
    let before = activations(&stage.host);
    drop_file(&stage.host, b"not what it was");
    let report = eventually("a report on the garbage", || {
        let log = stage.host.log();
        log.lines().find(|line| line.contains("module refused")).map(str::to_owned)
    });
    let report = report.await;
    assert!(report.contains("what served before serves on"), "{report}");
    assert!(report.contains("module=signer") && report.contains("this is not WebAssembly"), "{report}");
    tokio::time::timeout(PATIENCE, traffic.more(BETWEEN)).await.expect("messages are acknowledged");
    assert_eq!(activations(&stage.host), before);
}

fn activations(host: &Host) -> i64 {
    host.count("SELECT count(*) FROM activations")
}

/// Puts a module's file into the watched directory as it should be done: beside it first, and then under its name at once.
fn drop_file(host: &Host, wasm: &[u8]) {
    let folder = host.data.join("modules/default");
    std::fs::write(folder.join(".signer.wasm"), wasm).unwrap();
    std::fs::rename(folder.join(".signer.wasm"), folder.join("signer.wasm")).unwrap();
}
