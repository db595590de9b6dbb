//! Process death: whatever was acknowledged is answered, once where the host can know it and admittedly more often where it cannot.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::bombs;
use crate::support::guests::signer;
use crate::support::host::Host;
use crate::support::ledger::audit;
use crate::support::platform::eventually;
use crate::support::stage::{Hook, Stage, message};
use crate::support::traffic::Traffic;

const CUSTOMERS: usize = 8;
const KILLS: usize = 30;
const STOPS: usize = 5;
/// The progress after which the next death comes, at most.
const MOMENT_MAX: u64 = 60;
/// Only ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// A signer under load, and the path of its webhook, which stays the same when the host moves.
async fn signer_under_load() -> (Stage, Hook, Traffic) {
    // An event whose tries were cut short again and again would go to a human; here it must be answered all the same.
    let stage = Stage::with(Host::builder().set("TURN__CRASHES_MAX", 1000)).await;
    stage.push("signer", &signer("1")).await;
    let hook = stage.hook("signer").await;
    let traffic = Traffic::start(&hook, CUSTOMERS);
    (stage, hook, traffic)
}

/// The same webhook at a host that was started again, on another port.
fn moved(hook: &Hook, host: &Host) -> Hook {
    let path = hook.url.find("/hooks/").unwrap();
    Hook { url: format!("{}{}", host.url, &hook.url[path..]), client: hook.client.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let seed = 20_261_121;
    println!("seed {seed}");
    let mut random = Random(seed);
    let (mut stage, mut hook, traffic) = signer_under_load().await;
    for _ in 0..KILLS {
        let count = 1 + random.below(MOMENT_MAX);
        let moment = async {
            if random.below(2) == 0 {
                traffic.more(count).await;
            } else {
                stage.platform.khoros.wait_for(stage.platform.khoros.received_total() + count).await;
            }
        };
        tokio::time::timeout(PATIENCE, moment).await.expect("the host makes progress after a restart");
        stage.host = stage.host.kill_and_restart();
        hook = moved(&hook, &stage.host);
        traffic.moved(&hook);
    }
    let acknowledged = traffic.finish().await;
    stage.settled().await;
    let (entries, doubled) = audit(&stage.host, &acknowledged, &stage.platform.calls());
    let unknown = entries.iter().filter(|entry| entry.unknown > 0).count();
    println!("{} acknowledged, {unknown} deliveries cut short, {doubled} answers doubled", entries.len());
    assert!(unknown > 0, "no kill came while a request was under way: this run shows nothing of deliveries");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_and_doubles_nothing() {
    let (mut stage, mut hook, traffic) = signer_under_load().await;
    for _ in 0..STOPS {
        tokio::time::timeout(PATIENCE, traffic.more(MOMENT_MAX)).await.expect("the host makes progress");
        // It also checks that the process ends with success.
        stage.host = stage.host.restart();
        hook = moved(&hook, &stage.host);
        traffic.moved(&hook);
    }
    let acknowledged = traffic.finish().await;
    stage.settled().await;
    let (entries, doubled) = audit(&stage.host, &acknowledged, &stage.platform.calls());
    assert_eq!(doubled, 0);
    assert!(entries.iter().all(|entry| entry.unknown == 0 && !entry.maybe_sent), "a delivery was cut short");
    assert!(!stage.host.log().contains("still under way"), "the stop did not wait for what was under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_a_module_compiles_leaves_the_version_before() {
    let mut stage = Stage::new().await;
    stage.push("signer", &signer("1")).await;
    let hook = stage.hook("signer").await;
    let upload = stage.host.request(&stage.client, "PUT", "/v1/modules/signer").body(bombs::heavy());
    let upload = tokio::spawn(upload.send());
    // Stopped, it cannot end by itself; that it ends all the same is the system's doing, at the host's death.
    let child = Stopped::now(eventually("a process that compiles", || stage.host.compiling()).await);

    stage.host = stage.host.kill_and_restart();
    assert!(upload.await.unwrap().is_err(), "the upload was answered: it was not cut short");
    eventually("the end of the process that compiled", || child.ended()).await;
    assert_eq!(stage.host.count("SELECT count(*) FROM versions"), 1);
    let hook = moved(&hook, &stage.host);
    hook.deliver("after", message("whatsapp", "jo", "after", "still there?").to_string()).await;
    assert_eq!(stage.platform.wait_for(1).await[0].text(), "v1: still there?");
    // Nothing of the half-done work is in the way of the next.
    assert_eq!(stage.push("signer", &signer("2")).await, 2);
    hook.deliver("then", message("whatsapp", "jo", "then", "and now?").to_string()).await;
    assert_eq!(stage.platform.wait_for(2).await[1].text(), "v2: and now?");
}

/// A process that stands still, and is killed if the test fails to see its end.
struct Stopped(Pid);

impl Stopped {
    fn now(pid: Pid) -> Self {
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }

    fn ended(&self) -> Option<()> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X'])).then_some(())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = kill_process(self.0, Signal::KILL);
        }
    }
}

/// Chance that can be had again: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
