//! Modules: how fast a compiled version is activated, and how fast a host with two hundred of them starts.

use std::time::Instant;

use crate::figure;
use crate::support::component::{ECHO, bot, component};
use crate::support::host::Host;
use crate::support::stage::client;

/// How many modules the host has.
const MODULES: usize = 200;
/// How often a version is activated for the median.
const SWAPS: usize = 101;

/// Prints the figures.
pub async fn measure() {
    let (host, client) = (Host::builder().start(), client());
    let numbered = |number: usize| {
        let global = format!("(global $number (export \"number\") i32 (i32.const {number}))");
        component(&bot(&global, ECHO))
    };
    for number in 0..MODULES {
        host.push(&client, &format!("m{number}"), numbered(number)).await;
    }
    host.push(&client, "m0", numbered(MODULES)).await;
    let mut times = Vec::new();
    for swap in 0..SWAPS {
        let path = format!("/v1/modules/m0/versions/{}/activate", swap % 2 + 1);
        let begun = Instant::now();
        let answer = host.request(&client, "POST", &path).send().await.unwrap();
        assert!(answer.status().is_success());
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let (median, worst) = (times[SWAPS / 2], times[SWAPS - 1]);
    figure("activation of a compiled version, median", &format!("{median:.1} ms"), None);
    figure("activation of a compiled version, worst", &format!("{worst:.1} ms"), Some((worst <= 50.0, "<= 50 ms")));

    let mut host = host;
    host.terminate();
    let begun = Instant::now();
    let host = host.kill_and_restart();
    let ready = begun.elapsed().as_secs_f64();
    let compiled = host.figure(&client, "bothost_modules_compiled_total").await;
    figure("modules compiled by a restart with 200 of them", &format!("{compiled}"), Some((compiled == 0.0, "0")));
    figure(
        "restart with 200 modules, process start to ready",
        &format!("{ready:.2} s"),
        Some((ready <= 1.0, "<= 1 s")),
    );
}
