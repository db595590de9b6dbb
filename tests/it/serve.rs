//! `bothost serve` as an operator sees it: what it writes where, when it refuses to start, how it ends and goes on.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::guests;
use crate::support::host::Host;
use crate::support::stage::{Stage, message};

/// A `serve` on a free port, without anything of the caller's environment that is a setting.
fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.stdin(Stdio::null());
    command
}

/// A `serve` that must not come up: its exit code, and what it says.
fn refused(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // It prints when it serves, or closes its output when it ends.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!(line, "", "it came up");
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_it_keeps_is_for_nobody_elses_eyes() {
    let host = Host::builder().start();
    assert_eq!(mode(&host.data), 0o700);
    for entry in std::fs::read_dir(&host.data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    for secret in ["admin.key", "master.key", "bothost.db"] {
        assert_eq!(mode(&host.data.join(secret)), 0o600, "{secret}");
    }
}

#[test]
fn a_key_that_others_can_read_stops_the_start() {
    let mut host = Host::builder().start();
    assert!(host.terminate().success());
    let key = host.data.join("admin.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let (code, words) = refused(&mut serve(&host.data));
    assert_eq!(code, Some(1));
    assert!(words.contains("admin.key has mode 640") && words.contains("chmod 600"), "{words}");
}

#[test]
fn where_it_listens_is_all_that_it_prints() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(&dir.path().join("data")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on http://127.0.0.1:").unwrap().strip_suffix('\n').unwrap();
    assert!(address.parse::<u16>().unwrap() > 0, "the port that it got");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn one_directory_is_served_once() {
    let stage = Stage::new().await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook("echo").await;
    let (code, words) = refused(&mut serve(&stage.host.data));
    assert_eq!(code, Some(1));
    let data = stage.host.data.to_string_lossy();
    assert!(words.contains("another process already serves") && words.contains(&*data), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    // The first one did not notice.
    hook.deliver("id-1", message("whatsapp", "jo", "m-1", "still there?").to_string()).await;
    assert_eq!(stage.platform.wait_for(1).await[0].text(), "still there?");
}

#[test]
fn an_address_that_is_taken_is_said_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    let (code, words) = refused(command.args(["serve", "--listen", &address, "--data"]).arg(&data));
    assert_eq!(code, Some(1));
    assert!(words.starts_with(&format!("bothost: {address} cannot be listened on: ")), "{words}");
    assert!(!data.exists(), "nothing was written");
}

#[test]
fn settings_that_cannot_be_used_are_named_and_nothing_is_touched() {
    // Its address is taken: had it tried to listen there, it would say so instead.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (toml, broken) = (dir.path().join("unknown.toml"), dir.path().join("broken.toml"));
    std::fs::write(&toml, "[turn]\ntrise = 3\n").unwrap();
    std::fs::write(&broken, "[turn\n").unwrap();
    let missing = dir.path().join("missing.toml");
    let by_environment = [
        ("TURN__TRISE", "3", "trise"),
        ("TURN__TRIES", "many", "turn.tries"),
        ("TURN__TRIES", "0", "turn.tries is 0"),
        ("FRONT__CONNECTIONS_MAX", "0", "front.connections_max is 0"),
        ("DELIVER__LEASE_MS", "5000", "deliver.lease_ms is 5000"),
        ("LOG__FORMAT", "xml", "xml"),
        ("LOG__FILTER", "bothost=loud", "log.filter"),
        ("TENANTS__DEFAULT__GATEWAYS__KHOROS__URL", "https://example.com", "token"),
    ];
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
        command.args(["serve", "--listen", &address, "--data"]).arg(&data);
        command
    };
    for (name, value, words) in by_environment {
        let (code, said) = refused(start().env(format!("BOTHOST_{name}"), value));
        assert_eq!((code, said.contains(words)), (Some(64), true), "{name}={value}: {said}");
    }
    for (file, words) in [(toml, "trise"), (broken, "broken.toml"), (missing, "missing.toml")] {
        let (code, said) = refused(start().arg("--config").arg(&file));
        assert_eq!((code, said.contains(words)), (Some(64), true), "{}: {said}", file.display());
    }
    assert!(!data.exists(), "nothing was written");
}

// While the process is waited for, the platform goes on: it needs a thread of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_loses_nothing_and_the_next_start_goes_on() {
    // Without a wait between tries, each of the four conversations is being sent to at whatever moment the end comes.
    let patient = Host::builder().set("DELIVER__RETRY_FIRST_MS", "0").set("DELIVER__RETRY_LONGEST_MS", "0");
    let stage = Stage::with(patient.set("DELIVER__TRIES", "1000000")).await;
    stage.push("echo", &guests::echo()).await;
    let hook = stage.hook("echo").await;
    stage.platform.fail_every(1);
    for number in 0..20 {
        let event = message("whatsapp", &format!("author-{}", number % 4), &format!("m-{number}"), &number.to_string());
        hook.deliver(&format!("id-{number}"), event.to_string()).await;
    }
    stage.platform.wait_for(8).await;
    // `restarted` sees to it that the process ends with 0.
    let stage = stage.restarted();
    assert!(!stage.host.log().contains("still under way"), "it waited for what it does not do any more");
    let used = "SELECT max(attempts - (SELECT count(*) FROM attempts WHERE delivery = deliveries.id)) FROM deliveries";
    assert!(stage.host.count(used) <= 1, "the end used up tries that were none");
    stage.platform.fail_every(0);
    stage.settled().await;
    let taken: Vec<_> = stage.platform.calls().into_iter().filter(|call| call.status.is_success()).collect();
    let mut said: Vec<usize> = taken.iter().map(|call| call.text().parse().unwrap()).collect();
    for author in 0..4 {
        let ours: Vec<usize> = said.iter().copied().filter(|number| number % 4 == author).collect();
        assert!(ours.is_sorted(), "{said:?}");
    }
    said.sort_unstable();
    assert_eq!(said, (0..20).collect::<Vec<_>>(), "each is answered once");
    // The module and the bot are there as well: no new upload, no new registration.
    let path = hook.url[hook.url.find("/hooks").unwrap()..].to_owned();
    let hook = crate::support::stage::Hook { url: format!("{}{path}", stage.host.url), client: stage.client.clone() };
    hook.deliver("id-20", message("whatsapp", "author-0", "m-20", "once more").to_string()).await;
    stage.settled().await;
    assert_eq!(stage.platform.calls().last().unwrap().text(), "once more");
}
