//! The watched directory and the API are one thing: the same versions and reports, and the last writer wins.

use serde_json::{Value, json};

use crate::support::component::{ECHO, bot, component};
use crate::support::host::Host;
use crate::support::platform::eventually;
use crate::support::stage::client;

fn numbered(number: usize) -> Vec<u8> {
    component(&bot(&format!("(global $number (export \"number\") i32 (i32.const {number}))"), ECHO))
}

fn start() -> Host {
    Host::builder().set("GUEST__WATCH_QUIET_MS", 5).start()
}

async fn get(host: &Host, path: &str) -> Value {
    host.request(&client(), "GET", path).send().await.unwrap().json().await.unwrap()
}

/// Writes a module's file and waits until the log has that many lines with these words.
async fn write(host: &Host, name: &str, wasm: &[u8], times: usize, words: &str) {
    std::fs::write(host.data.join(format!("modules/default/{name}.wasm")), wasm).unwrap();
    let look = || (host.log().lines().filter(|line| line.contains(words)).count() >= times).then_some(());
    eventually(&format!("{times} lines with {words:?}"), look).await;
}

#[tokio::test]
async fn a_file_is_a_version_like_any_other() {
    let host = start();
    write(&host, "echo", &numbered(1), 1, "module active").await;
    let version = get(&host, "/v1/modules/echo/versions/1").await;
    assert_eq!((&version["by"], &version["active"]), (&json!("operator"), &json!(true)), "{version}");
    assert!(version["origin"].as_str().unwrap().ends_with("modules/default/echo.wasm"), "{version}");
    assert!(version["report"]["cost"]["sample"]["instructions"].is_u64(), "{version}");

    write(&host, "echo", b"rubbish", 1, "module refused").await;
    let module = get(&host, "/v1/modules/echo").await;
    assert_eq!((&module["refused"]["by"], &module["versions"]), (&json!("operator"), &json!(1)), "{module}");
    assert!(module["refused"]["problems"][0].as_str().unwrap().contains("not WebAssembly"), "{module}");
    // A module of which nothing was taken yet has its refusal as well.
    write(&host, "first", b"rubbish", 2, "module refused").await;
    let module = get(&host, "/v1/modules/first").await;
    assert_eq!((&module["active"], &module["refused"]["by"]), (&Value::Null, &json!("operator")), "{module}");
}

#[tokio::test]
async fn the_last_writer_wins_and_is_recorded() {
    let host = start();
    write(&host, "echo", &numbered(1), 1, "module active").await;
    assert_eq!(host.push(&client(), "echo", numbered(2)).await, 2);
    // Another file makes the watch look at everything; it finds the echo's file as it was.
    write(&host, "zz", b"rubbish", 1, "module=zz").await;
    let active = |module: Value| module["active"]["version"]["version"].clone();
    assert_eq!(active(get(&host, "/v1/modules/echo").await), 2);
    write(&host, "echo", &numbered(3), 3, "module active").await;
    assert_eq!(active(get(&host, "/v1/modules/echo").await), 3);
    let back = host.request(&client(), "POST", "/v1/modules/echo/rollback").send().await.unwrap();
    assert_eq!(back.status(), 200);
    write(&host, "zz", b"more rubbish", 2, "module=zz").await;
    assert_eq!(active(get(&host, "/v1/modules/echo").await), 2);

    let log = get(&host, "/v1/modules/echo/activations").await;
    let who = |entry: &Value| (entry["version"].as_u64().unwrap(), entry["by"] == "operator");
    let served: Vec<_> = log["items"].as_array().unwrap().iter().map(who).collect();
    assert_eq!(served, [(2, false), (3, true), (2, false), (1, true)]);

    // A restart finds the file as it was, and leaves what serves alone.
    let host = host.restart();
    write(&host, "zz", b"still more rubbish", 3, "module=zz").await;
    assert_eq!(active(get(&host, "/v1/modules/echo").await), 2);
}

#[tokio::test]
async fn a_deleted_version_does_not_come_back_with_its_old_file() {
    let host = start();
    write(&host, "echo", &numbered(1), 1, "module active").await;
    for number in [2, 3] {
        host.push(&client(), "echo", numbered(number)).await;
    }
    let gone = host.request(&client(), "DELETE", "/v1/modules/echo/versions/1").send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let host = host.restart();
    write(&host, "zz", b"rubbish", 1, "module=zz").await;
    let module = get(&host, "/v1/modules/echo").await;
    assert_eq!((&module["active"]["version"]["version"], &module["versions"]), (&json!(3), &json!(2)), "{module}");
}
