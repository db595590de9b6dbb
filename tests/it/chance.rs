//! A hundred uploads by chance on one host, which goes on serving. `cargo bench` sends two thousand and watches the clock.

use crate::support::chance;
use crate::support::guests::echo;
use crate::support::platform::eventually;
use crate::support::stage::{Stage, message};

const UPLOADS: u64 = 100;
/// How much larger the host may be afterwards.
const GROWTH_MAX: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn uploads_by_chance_harm_nobody() {
    let stage = Stage::new().await;
    let honest = std::fs::read(echo()).unwrap();
    stage.host.push(&stage.client, "echo", honest.clone()).await;
    let hook = stage.hook("echo").await;
    let (pid, resident) = (stage.host.pid(), stage.host.resident_bytes());
    let mut refused = 0;
    for number in 0..UPLOADS {
        let path = format!("/v1/modules/chance-{}", number % 7);
        let wasm = chance::component(number, &honest);
        let answer = stage.host.request(&stage.client, "PUT", &path).body(wasm).send().await.unwrap();
        match answer.status().as_u16() {
            // Bytes of a name or of data may change without any harm.
            200 | 201 => {}
            422 => {
                refused += 1;
                let problem: serde_json::Value = answer.json().await.unwrap();
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains(' ') && !detail.contains("panicked"), "{number}: {detail}");
            }
            status => panic!("upload {number}: {status} {}", answer.text().await.unwrap()),
        }
        if number % 25 == 24 {
            let text = format!("after {number}");
            hook.deliver(&text, message("whatsapp", "jo", &text, &text).to_string()).await;
            let answered = || stage.platform.calls().iter().any(|call| call.text() == text).then_some(());
            eventually(&format!("an answer {text} uploads"), answered).await;
            // The same bytes are the same version, and somebody else's trouble does not keep them out.
            stage.host.push(&stage.client, &format!("honest-{number}"), honest.clone()).await;
        }
    }
    assert!(refused >= UPLOADS * 3 / 4, "only {refused} of {UPLOADS} were refused");
    assert_eq!(stage.host.pid(), pid);
    let grown = stage.host.resident_bytes().saturating_sub(resident);
    assert!(grown < GROWTH_MAX, "the host has grown by {grown} bytes");
    assert!(!stage.host.log().contains("panicked"));
}
