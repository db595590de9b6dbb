//! The commands that work on one file: `bothost check` and `bothost run`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::cli::developer;
use crate::support::guests::{echo, signer};
use crate::support::hostile;

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn bothost(arguments: &[&str]) -> Said {
    let output = developer(Path::new(env!("CARGO_MANIFEST_DIR")), arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn check(file: &Path) -> Said {
    bothost(&["check", file.to_str().unwrap()])
}

/// Runs a module on an event that must be readable, and returns the exit code and the JSON.
fn run(wasm: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let event = "tests/fixtures/khoros/seed-brandmessenger-metadata.json";
    let said = bothost(&[&["run", wasm.to_str().unwrap(), "--event", event], more].concat());
    let json = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (said.code, json)
}

/// A hostile guest as a file.
fn hostile(name: &str) -> (TempDir, PathBuf) {
    let guest = hostile::all().into_iter().find(|guest| guest.name == name).unwrap();
    file(&format!("{name}.wasm"), &guest.wasm)
}

fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[test]
fn check_says_what_a_module_is() {
    let wasm = std::fs::read(echo()).unwrap();
    let said = check(&echo());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let lines: Vec<String> =
        said.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let module = format!("module sha256 {}, {} bytes", bothost::guest::digest(&wasm), wasm.len());
    for line in [
        "verdict taken",
        &module,
        "export bothost:bot/message@0.1.0 called",
        "export bothost:bot/update@0.1.0 called",
        "limits 250 ms, 100000000 instructions, 67108864 bytes of memory, 1048576 bytes returned, 65536 bytes logged",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line:?} is missing in\n{}", said.out);
    }
    let imports: Vec<_> = lines.iter().filter(|line| line.starts_with("import ")).collect();
    assert!(!imports.is_empty(), "{}", said.out);
    let known = |line: &String| line.ends_with(" provided") || line.contains(" stubbed: ");
    assert!(imports.into_iter().all(known), "{}", said.out);
}

#[test]
fn check_says_why_a_module_is_refused() {
    let (_dir, wasm) = hostile("imports-http");
    let said = check(&wasm);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.out.starts_with("verdict  refused\nproblem  "), "{}", said.out);
    assert!(said.out.contains("a bot has no network"), "{}", said.out);
}

#[test]
fn check_says_what_a_file_is_instead() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_bothost")).unwrap();
    let elf = &program[..4096];
    for (name, bytes, words) in [
        ("notes.wasm", &b"This is a shopping list."[..], "this is not WebAssembly"),
        ("program.wasm", elf, "this is an ELF file"),
        ("text.wasm", b"(component)", "this is WebAssembly text, not binary: run `wasm-tools parse`"),
        ("core.wasm", b"\0asm\x01\0\0\0", "this is a core module, not a component"),
        ("empty.wasm", b"", "the file is empty"),
    ] {
        let (_dir, path) = file(name, bytes);
        let said = check(&path);
        assert_eq!(said.code, Some(1), "{name}: {said:?}");
        assert!(said.out.contains(&format!("problem  {words}")), "{name}: {said:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = check(Path::new("no/such.wasm"));
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err, "bothost: no/such.wasm: No such file or directory (os error 2)\n");
    let echo = echo();
    let said = bothost(&["run", echo.to_str().unwrap(), "--event", "no/such.json"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err, "bothost: no/such.json: No such file or directory (os error 2)\n");
}

#[test]
fn run_shows_what_a_bot_answers_and_what_would_be_sent() {
    let (code, ran) = run(&echo(), &[]);
    assert_eq!(code, Some(0), "{ran}");
    assert_eq!(ran["event"], "message");
    assert_eq!(ran["outcome"]["actions"], serde_json::json!([{ "respond": { "text": "batman" } }]));
    let request = &ran["requests"][0];
    assert_eq!((&request["method"], &request["path"]), (&"POST".into(), &"/bots/v3/respond".into()));
    assert_eq!(request["body"]["text"], "batman");
    assert_eq!(request["body"]["coordinate"]["messageId"], "60e5fbb3a18ae800dexample");
    assert_eq!(ran["log"], serde_json::json!([]));
    assert_eq!(ran["module"], bothost::guest::digest(&std::fs::read(echo()).unwrap()).as_str());
    assert!(ran["elapsed_us"].as_u64().unwrap() > 0, "{ran}");
    assert!(ran["memory_bytes"].as_u64().unwrap() >= 64 << 10, "{ran}");
}

#[test]
fn the_same_turn_takes_the_same_instructions() {
    // Three processes; what differs is the clock and what the machine does meanwhile.
    let ran: Vec<Value> = (0..3).map(|_| run(&signer("1"), &["--state", "41"]).1).collect();
    assert!(ran[0]["instructions"].as_u64().unwrap() > 1000, "{}", ran[0]);
    for other in &ran[1..] {
        for same in ["instructions", "outcome", "memory_bytes", "requests"] {
            assert_eq!(other[same], ran[0][same]);
        }
    }
    // More to say takes more.
    let (_, longer) = run(&signer("1"), &["--state", "4100000"]);
    assert_ne!(longer["instructions"], ran[0]["instructions"]);
}

#[test]
fn run_starts_from_a_state() {
    let (code, ran) = run(&signer("1"), &["--state", "41"]);
    assert_eq!((code, &ran["outcome"]["state"]["set"]), (Some(0), &"42".into()), "{ran}");
    let (code, ran) = run(&signer("1"), &[]);
    assert_eq!((code, &ran["outcome"]["state"]["set"]), (Some(0), &"1".into()), "{ran}");
    let (code, ran) = run(&signer("1"), &["--state", "many"]);
    assert_eq!((code, &ran["cause"]["kind"]), (Some(1), &"failure".into()), "{ran}");
    assert_eq!(ran["cause"]["reason"], r#"the bot gave up: "many" is not a count"#);
}

#[test]
fn run_says_where_a_bot_trapped() {
    let (_dir, wasm) = hostile("unreachable");
    let (code, ran) = run(&wasm, &[]);
    assert_eq!((code, &ran["cause"]["kind"]), (Some(1), &"trap".into()), "{ran}");
    let reason = ran["cause"]["reason"].as_str().unwrap();
    assert!(reason.contains("`unreachable`") && reason.ends_with(", in handle"), "{reason}");
    assert!(ran.get("requests").is_none() && ran.get("outcome").is_none(), "{ran}");

    // A function's name is the guest's to choose; a terminal gets to see it written out.
    let (_dir, wasm) = hostile("names-escapes");
    let said = bothost(&["run", wasm.to_str().unwrap(), "--event", "tests/fixtures/khoros/seed-message.json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains(r"owned\u0007 < handle"), "{}", said.out);
    assert!(!said.out.chars().any(|c| c.is_control() && c != '\n'), "{:?}", said.out);
}

#[test]
fn an_event_that_cannot_be_read_is_named_with_its_place() {
    let echo = echo();
    for (body, words) in [
        ("{\n  \"type\": message }", "line 2 column 11: not JSON: expected value"),
        ("[]", "$: an event is a JSON object"),
        (r#"{"type": "message", "text": "hi"}"#, "author.id"),
    ] {
        let (_dir, path) = file("event.json", body.as_bytes());
        let said = bothost(&["run", echo.to_str().unwrap(), "--event", path.to_str().unwrap()]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.err.starts_with(&format!("bothost: {}: ", path.display())), "{}", said.err);
        assert!(said.err.contains(words), "{}", said.err);
    }
    let said = bothost(&["run", echo.to_str().unwrap(), "--event", "Cargo.toml", "--platform", "smoke-signals"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), "bothost: there is no platform \"smoke-signals\"\n"));
}
