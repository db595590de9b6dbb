//! Reports: what a module is and costs, what changed, and that text and JSON say the same.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::cli::developer;
use crate::support::component::{ECHO, bot, component};
use crate::support::host::Host;
use crate::support::stage::client;

/// Runs the program: exit code and standard output.
fn bothost(arguments: &[&str]) -> (Option<i32>, String) {
    let output = developer(Path::new(env!("CARGO_MANIFEST_DIR")), arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

async fn put(host: &Host, wasm: &[u8]) -> (StatusCode, Value) {
    let answer = host.request(&client(), "PUT", "/v1/modules/echo").body(wasm.to_vec()).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// The text without what differs from one run to the next: times.
fn untimed(text: &str) -> Vec<String> {
    let timed = |word: &&str| !matches!(*word, "us," | "us" | "ms" | "ms,");
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kept = words.iter().enumerate().filter(|(at, word)| {
            timed(word) && words.get(at + 1).is_none_or(|next| timed(next) || line.starts_with("limits"))
        });
        kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    };
    text.lines().filter(|line| !line.contains(" us instead of ")).map(line).collect()
}

fn spending(loops: u32, pages: u32) -> Vec<u8> {
    let items = format!("(memory $more {pages})");
    let _ = pages;
    let spend = format!(
        "(local $left i32) (local.set $left (i32.const {loops})) \
         (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) {ECHO}"
    );
    let items = if pages == 0 { String::new() } else { items };
    component(&bot(&items, &spend))
}

#[tokio::test]
async fn a_report_has_a_cost_card_and_the_next_one_says_what_changed() {
    let host = Host::builder().start();
    let (_, first) = put(&host, &spending(100, 0)).await;
    let report = &first["report"];
    assert_eq!(report["contract"], "bothost:bot@0.1.0: message, update");
    let cost = &report["cost"];
    assert_eq!((&cost["sample"]["actions"], &cost["sample"]["failed"]), (&json!(1), &Value::Null), "{report}");
    assert!(cost["memory_floor_bytes"].as_u64().unwrap() >= 2 * 65536, "{report}");
    assert!(report["code_bytes"].as_u64().unwrap() > 0 && cost["instantiation_us"].is_u64(), "{report}");

    let (_, second) = put(&host, &spending(1000, 0)).await;
    let changes = &second["changes"];
    let change = &changes["sample_instructions"];
    let by = change["now"].as_u64().unwrap() - change["before"].as_u64().unwrap();
    assert_eq!(change["before"], cost["sample"]["instructions"]);
    let words = changes["words"].as_array().unwrap();
    let dearer = words.iter().find_map(|word| word.as_str().unwrap().strip_prefix("dearer by ")).unwrap();
    assert_eq!(dearer.split(' ').next().unwrap().replace(',', ""), by.to_string(), "{changes}");

    // The report is kept with its version.
    let kept = host.request(&client(), "GET", "/v1/modules/echo/versions/2").send().await.unwrap();
    assert_eq!(kept.json::<Value>().await.unwrap()["report"], second["report"]);
}

#[tokio::test]
async fn a_sample_turn_that_fails_is_a_warning() {
    let host = Host::builder().start();
    let (status, answer) = put(&host, &component(&bot("", "unreachable"))).await;
    assert_eq!((status, &answer["report"]["accepted"]), (StatusCode::CREATED, &json!(true)), "{answer}");
    let warning = answer["report"]["warning"].as_str().unwrap();
    assert!(warning.contains("sample message failed") && warning.contains("the bot trapped"), "{warning}");
}

#[tokio::test]
async fn push_and_check_print_the_same() {
    let host = Host::builder().start();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, wasm: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, wasm).unwrap();
        path
    };
    let (old, new) = (file("old.wasm", &spending(100, 0)), file("new.wasm", &spending(1000, 0)));
    let key = host.data.join("admin.key");
    let push = |path: &Path, more: &[&str]| {
        let (path, key) = (path.to_str().unwrap(), key.to_str().unwrap());
        let fixed = ["push", path, "--name", "echo", "--host", &host.url, "--key-file", key];
        bothost(&[&fixed, more].concat())
    };
    let check = |path: &Path, more: &[&str]| bothost(&[&["check", path.to_str().unwrap()], more].concat());
    let (code, pushed) = push(&old, &[]);
    assert_eq!(code, Some(0), "{pushed}");
    let pushed = untimed(&pushed);
    assert_eq!(untimed(&check(&old, &[]).1), pushed[..pushed.len() - 1]);
    let (_, idle) = push(&new, &["--no-activate"]);
    let last = idle.lines().last().unwrap();
    assert!(last.starts_with("echo is version 2 now and does not serve yet"), "{idle}");

    let (code, against) = check(&new, &["--against", old.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{against}");
    let changed = |text: &str| untimed(text).into_iter().filter(|line| line.starts_with("changed")).collect::<Vec<_>>();
    assert!(changed(&idle).iter().any(|line| line.starts_with("changed dearer by ")), "{idle}");
    assert_eq!(changed(&against), changed(&idle));

    let rubbish = file("rubbish.wasm", b"rubbish");
    let (code, refused) = push(&rubbish, &[]);
    assert_eq!((code, &refused), (Some(1), &check(&rubbish, &[]).1));
}
