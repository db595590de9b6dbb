//! Guests that mean harm, through the front door of one running host: each is refused in plain words or stopped for the reason
//! that its file states, and everybody else is served all the while.

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::bombs;
use crate::support::guests::echo;
use crate::support::host::{Host, HostBuilder, registration};
use crate::support::hostile::{self, Hostile};
use crate::support::platform::eventually;
use crate::support::stage::{BOT, Hook, Stage, message};

/// What may be in memory after everything that was not there before it.
const GROWTH_MAX: u64 = 64 << 20;

/// A host with an echo bot on it, and what it was at first.
struct Bystander {
    stage: Stage,
    echo: Hook,
    pid: u32,
    resident: u64,
    asked: u32,
}

impl Bystander {
    async fn with(builder: HostBuilder) -> Self {
        let stage = Stage::with(builder).await;
        stage.push("echo", &echo()).await;
        let echo = stage.hook("echo").await;
        let mut this = Self { pid: stage.host.pid(), resident: 0, asked: 0, stage, echo };
        this.is_served("before").await;
        this.resident = this.stage.host.resident_bytes();
        this
    }

    /// The echo bot still answers.
    async fn is_served(&mut self, after: &str) {
        self.asked += 1;
        let text = format!("{}: still there after {after}?", self.asked);
        self.echo.deliver(&format!("echo-{}", self.asked), message("whatsapp", "jo", &text, &text).to_string()).await;
        let answered = || self.stage.platform.calls().iter().any(|call| call.text() == text).then_some(());
        eventually(&format!("an answer after {after}"), answered).await;
    }

    /// Uploads a module: the status, and the host's words for a refusal.
    async fn upload(&self, name: &str, wasm: Vec<u8>) -> (StatusCode, Value) {
        let host = &self.stage.host;
        let upload = host.request(&self.stage.client, "PUT", &format!("/v1/modules/{name}")).body(wasm);
        let answer = upload.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Uploads a guest, sends it a message where it is taken, and returns what came of it in the words of the guest's file.
    async fn tries(&self, guest: &Hostile) -> String {
        let name = &guest.name;
        let (status, answer) = self.upload(name, guest.wasm.clone()).await;
        if status == StatusCode::UNPROCESSABLE_ENTITY {
            is_plain(name, &answer);
            assert_eq!(answer["report"]["accepted"], false, "{name}: {answer}");
            return "refused-at-upload".to_owned();
        }
        assert_eq!(status, StatusCode::CREATED, "{name}: {answer}");
        let hook = self.stage.hook_of(&registration("whatsapp", name, BOT, name)).await;
        let event = hook.deliver(name, message("whatsapp", name, name, "hello").to_string()).await;
        self.stage.settled().await;
        let came = self.stage.text(&format!(
            "SELECT group_concat(DISTINCT coalesce(cause_kind, 'outcome')) FROM turns WHERE event = {event}"
        ));
        if came != "outcome" {
            self.is_with_a_human(name, &event);
        }
        came
    }

    /// The conversation of a bot that failed went to an agent, and the agent can read why.
    fn is_with_a_human(&self, name: &str, event: &str) {
        let calls = self.stage.platform.calls();
        let ours: Vec<_> = calls.iter().filter(|call| call.json()["author"]["id"] == name).collect();
        assert_eq!(ours.len(), 1, "{name}: {ours:?}");
        assert_eq!(ours[0].line, "PUT /bots/v3/control", "{name}");
        assert_eq!(ours[0].json()["owner"]["type"], "AGENT", "{name}");
        let comment = ours[0].json()["comment"].as_str().unwrap().to_owned();
        assert!(comment.contains("could not answer") && comment.contains(event), "{name}: {comment}");
        let cause = self.stage.text(&format!("SELECT cause FROM turns WHERE event = {event}"));
        assert!(cause.contains(' ') && cause.len() < 16 << 10, "{name}: {cause:?}");
    }

    fn is_unharmed(&self) {
        let host = &self.stage.host;
        assert_eq!(host.pid(), self.pid);
        let grown = host.resident_bytes().saturating_sub(self.resident);
        println!("grown by {} KiB from {} KiB", grown >> 10, self.resident >> 10);
        assert!(grown < GROWTH_MAX, "the host has grown by {grown} bytes");
        let log = host.log();
        assert!(!log.contains("panicked"));
        // What a guest is called or says cannot speak to the terminal of whoever reads the log.
        let control = log.lines().find(|line| line.chars().any(char::is_control));
        assert_eq!(control, None);
    }
}

/// A refusal says what is wrong in a sentence, and brings nothing of the module's that could fool a terminal or fill a disk.
fn is_plain(name: &str, answer: &Value) {
    let detail = answer["detail"].as_str().unwrap();
    let sentence = detail.contains(' ') && detail.len() < 4096 && !detail.chars().any(char::is_control);
    assert!(sentence, "{name}: {detail:?}");
    assert!(!detail.contains("panicked") && !detail.contains(".rs:"), "{name}: {detail:?}");
}

async fn all(bystander: &mut Bystander, guests: impl Iterator<Item = Hostile>) {
    let mut otherwise = Vec::new();
    for guest in guests {
        let came = bystander.tries(&guest).await;
        if came != guest.expect {
            otherwise.push(format!("{}: {came} instead of {}", guest.name, guest.expect));
        }
        bystander.is_served(&guest.name).await;
    }
    assert!(otherwise.is_empty(), "\n{}\n", otherwise.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_guests_and_bombs_harm_nobody() {
    let mut bystander = Bystander::with(Host::builder().set("TURN__TRIES", 1).set("GUEST__DEADLINE_MS", 20_000)).await;
    all(&mut bystander, hostile::all().into_iter().filter(|guest| guest.expect != "deadline")).await;
    for bomb in bombs::all() {
        let (status, answer) = bystander.upload(bomb.name, bomb.wasm).await;
        // What is larger than a module may be is not even read to its end.
        let refused = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::PAYLOAD_TOO_LARGE];
        assert!(refused.contains(&status), "{}: {status} {answer}", bomb.name);
        is_plain(bomb.name, &answer);
        bystander.is_served(bomb.name).await;
    }
    bystander.is_unharmed();
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_never_end_are_stopped_by_the_clock() {
    // Several tries, so that a busy machine that stops the bystander does not decide the test.
    let settings = Host::builder().set("TURN__TRIES", 3).set("TURN__RETRY_FIRST_MS", 1);
    let mut bystander = Bystander::with(settings).await;
    all(&mut bystander, hostile::all().into_iter().filter(|guest| guest.expect == "deadline")).await;
    bystander.is_unharmed();

    // One of them logs as long as it runs: what is kept has the size that the settings give it.
    let log = bystander.stage.text(
        "SELECT log FROM turns t JOIN events e ON e.id = t.event JOIN conversations c ON c.id = e.conversation \
         WHERE c.key LIKE '%log-flood' LIMIT 1",
    );
    let log: Vec<Value> = serde_json::from_str(&log).unwrap();
    let (dropped, kept) = log.split_last().unwrap();
    assert_eq!(kept.len(), 1000);
    assert!(dropped["text"].as_str().unwrap().ends_with("more lines were dropped"), "{dropped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_kept_to_its_bytes() {
    let settings =
        Host::builder().set("TURN__TRIES", 1).set("GUEST__LOG_BYTES_MAX", 1000).set("GUEST__DEADLINE_MS", 20_000);
    let bystander = Bystander::with(settings).await;
    let guest = hostile::all().into_iter().find(|guest| guest.name == "log-line").unwrap();
    assert_eq!(bystander.tries(&guest).await, "outcome");
    let log = bystander.stage.text("SELECT log FROM turns ORDER BY id DESC LIMIT 1");
    let log: Vec<Value> = serde_json::from_str(&log).unwrap();
    let kept: usize = log.iter().map(|line| line["text"].as_str().unwrap().len()).sum();
    assert!((900..=1100).contains(&kept), "{kept} bytes were kept: {log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compiling_something_heavy_stops_nobody() {
    let mut bystander = Bystander::with(Host::builder()).await;
    let host = &bystander.stage.host;
    let upload = host.request(&bystander.stage.client, "PUT", "/v1/modules/heavy").body(bombs::heavy());
    let upload = tokio::spawn(upload.send());
    let child = eventually("a process that compiles", || bystander.stage.host.compiling()).await;
    bystander.is_served("the start of a compilation").await;
    assert_eq!(bystander.stage.host.compiling(), Some(child), "it was done before anything else could be tried");
    let status = upload.await.unwrap().unwrap().status();
    assert!([201, 422].contains(&status.as_u16()), "{status}");
    bystander.is_served("a compilation").await;
    bystander.is_unharmed();
}
