//! The life of a module: uploads, roll-backs, files, pins and stops, each with what customers notice of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use bothost::guest::digest;
use reqwest::StatusCode;
use serde_json::Value;

use crate::support::guests::signer;
use crate::support::host::{Host, registration};
use crate::support::hostile;
use crate::support::platform::eventually;
use crate::support::stage::{BOT, Hook, Stage, message};

/// A host with a signer bot, and a customer who can be heard.
struct Shop {
    stage: Stage,
    hook: Hook,
    asked: usize,
}

impl Shop {
    async fn open() -> Self {
        let stage = Stage::with(Host::builder().set("GUEST__WATCH_QUIET_MS", 5).set("TURN__TRIES", 1)).await;
        let hook = stage.hook("signer").await;
        Self { stage, hook, asked: 0 }
    }

    async fn push(&self, version: &str) -> u64 {
        self.stage.push("signer", &signer(version)).await
    }

    /// Sends a message by a customer who is new, and returns what came of it: who was called, and what was said.
    async fn asks(&mut self, hook: &Hook) -> (String, String) {
        self.asked += 1;
        let (id, before) = (format!("customer{}", self.asked), self.stage.platform.calls().len());
        hook.deliver(&id, message("whatsapp", &id, &id, "hi").to_string()).await;
        let call = self.stage.platform.wait_for(before + 1).await[before].clone();
        (call.line.clone(), call.text())
    }

    /// What the signer says.
    async fn hears(&mut self) -> String {
        let hook = self.hook.clone();
        self.asks(&hook).await.1
    }

    /// Calls `/v1/modules/signer...`: the status and the answer.
    async fn call(&self, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
        let path = format!("/v1/modules/signer{path}");
        let answer = self.stage.host.request(&self.stage.client, method, &path).body(body).send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.stage.host.data.join("modules/default").join(name)
    }

    /// Waits until the log has that many lines with these words in them.
    async fn logs(&self, count: usize, words: &str) -> Vec<String> {
        eventually(&format!("{count} lines with {words:?}"), || {
            let log = self.stage.host.log();
            let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }

    /// Drops a file that is refused under a name that comes after all others: once it is reported for the `times`th time,
    /// whatever else was to be seen has been seen.
    async fn look_is_over(&self, times: usize) {
        std::fs::write(self.file("zz.wasm"), format!("rubbish {times}")).unwrap();
        self.logs(times, "module refused; what served before serves on tenant=default module=zz").await;
    }

    /// The machine code that is kept, and when it was written.
    fn artefacts(&self) -> Vec<(PathBuf, SystemTime)> {
        let folder = std::fs::read_dir(self.stage.host.data.join("artefacts")).unwrap().map(Result::unwrap);
        let folder = folder.filter(|file| file.path().extension().is_some_and(|extension| extension == "artefact"));
        let mut files: Vec<_> =
            folder.map(|file| (file.path(), file.metadata().unwrap().modified().unwrap())).collect();
        files.sort();
        files
    }
}

#[tokio::test]
async fn a_roll_back_goes_back_one_version_and_again() {
    let mut shop = Shop::open().await;
    for version in ["1", "2", "3"] {
        shop.push(version).await;
    }
    assert_eq!(shop.hears().await, "v3: hi");
    for (version, answer) in [(2, "v2: hi"), (1, "v1: hi")] {
        let (status, body) = shop.call("POST", "/rollback", Vec::new()).await;
        assert_eq!((status, &body["version"]["version"]), (StatusCode::OK, &version.into()), "{body}");
        assert_eq!(shop.hears().await, answer);
    }
    let (status, body) = shop.call("POST", "/rollback", Vec::new()).await;
    assert_eq!((status, &body["type"]), (StatusCode::NOT_FOUND, &"urn:bothost:problem:no-version".into()), "{body}");
    assert!(body["detail"].as_str().unwrap().contains("no other version of the module signer"), "{body}");
    assert_eq!(shop.hears().await, "v1: hi");

    // What serves after a roll-back serves after a restart, too.
    shop.stage.host = shop.stage.host.restart();
    shop.hook = shop.stage.hook_of(&registration("whatsapp", "other", BOT, "signer")).await;
    assert_eq!(shop.hears().await, "v1: hi");
}

#[tokio::test]
async fn a_refused_upload_answers_with_the_report_and_changes_nothing() {
    let mut shop = Shop::open().await;
    shop.push("1").await;
    let guest = hostile::all().into_iter().find(|guest| guest.name == "imports-http").unwrap();
    let (status, body) = shop.call("PUT", "", guest.wasm.clone()).await;
    assert_eq!(
        (status, &body["type"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &"urn:bothost:problem:module-refused".into())
    );
    let report = &body["report"];
    assert_eq!(
        (&report["accepted"], &report["digest"]),
        (&false.into(), &digest(&guest.wasm).as_str().into()),
        "{body}"
    );
    let problem = report["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("the module asks for wasi:http/") && problem.contains("no network"), "{problem}");
    assert_eq!(body["detail"].as_str().unwrap(), problem);
    assert_eq!(shop.stage.host.count("SELECT count(*) FROM versions"), 1);
    assert_eq!(shop.hears().await, "v1: hi");
}

#[tokio::test]
async fn a_file_is_an_upload_and_its_removal_is_not_a_stop() {
    let mut shop = Shop::open().await;
    std::fs::copy(signer("1"), shop.file("signer.wasm")).unwrap();
    shop.logs(1, "module active").await;
    assert_eq!(shop.hears().await, "v1: hi");
    std::fs::remove_file(shop.file("signer.wasm")).unwrap();
    let line = shop.logs(1, "a module's file was removed").await.remove(0);
    assert!(line.contains("its version serves on until DELETE /v1/modules/signer"), "{line}");
    assert_eq!(shop.hears().await, "v1: hi");
}

#[tokio::test]
async fn a_restart_puts_no_old_file_over_a_later_upload_and_compiles_nothing() {
    let mut shop = Shop::open().await;
    std::fs::copy(signer("1"), shop.file("signer.wasm")).unwrap();
    shop.logs(1, "module active").await;
    assert_eq!(shop.push("2").await, 2);
    shop.look_is_over(1).await;
    let artefacts = shop.artefacts();
    assert_eq!(artefacts.len(), 2, "{artefacts:?}");

    shop.stage.host = shop.stage.host.restart();
    // The marker lies there still, and is looked at after the signer's file.
    shop.logs(2, "module=zz").await;
    assert_eq!(shop.stage.host.count("SELECT count(*) FROM versions"), 2);
    assert_eq!(shop.stage.host.count("SELECT count(*) FROM activations"), 2);
    shop.hook = shop.stage.hook_of(&registration("whatsapp", "other", BOT, "signer")).await;
    assert_eq!(shop.hears().await, "v2: hi");
    let (status, body) = shop.call("PUT", "", std::fs::read(signer("1")).unwrap()).await;
    assert_eq!((status, &body["report"]["from_cache"]), (StatusCode::CREATED, &true.into()), "{body}");
    assert_eq!(shop.hears().await, "v1: hi");
    assert_eq!(shop.artefacts(), artefacts);
}

#[tokio::test]
async fn a_file_that_was_changed_while_the_host_was_down_is_an_upload() {
    let mut shop = Shop::open().await;
    std::fs::copy(signer("1"), shop.file("signer.wasm")).unwrap();
    shop.logs(1, "module active").await;
    shop.stage.host.terminate();
    std::fs::copy(signer("2"), shop.file("signer.wasm")).unwrap();
    shop.stage.host = shop.stage.host.kill_and_restart();
    shop.logs(1, "module=signer version=2").await;
    shop.hook = shop.stage.hook_of(&registration("whatsapp", "other", BOT, "signer")).await;
    assert_eq!(shop.hears().await, "v2: hi");
}

#[tokio::test]
async fn what_editors_leave_lying_about_is_no_module() {
    let mut shop = Shop::open().await;
    shop.push("1").await;
    let wasm = std::fs::read(signer("2")).unwrap();
    for name in
        [".signer.wasm.swp", ".signer.wasm", "signer.wasm~", "#signer.wasm#", "~signer.wasm", "signer.wasm.tmp", "4913"]
    {
        std::fs::write(shop.file(name), &wasm).unwrap();
    }
    std::fs::write(shop.file("Sig Ner.wasm"), &wasm).unwrap();
    shop.look_is_over(1).await;
    let ignored = shop.logs(1, "a file in the modules directory is ignored").await;
    assert!(ignored.len() == 1 && ignored[0].contains("Sig Ner.wasm"), "{ignored:?}");
    assert_eq!(shop.stage.host.count("SELECT count(*) FROM versions"), 1);
    assert_eq!(shop.hears().await, "v1: hi");
}

#[tokio::test]
async fn push_uploads_a_file_and_says_what_came_of_it() {
    let mut shop = Shop::open().await;
    let (host, key) = (&shop.stage.host, shop.stage.host.data.join("admin.key"));
    let push = |file: &PathBuf, key: &PathBuf| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
        command.args(["push", "--name", "signer", "--host", &host.url, "--key-file"]).arg(key).arg(file);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for (version, number) in [("1", 1), ("2", 2)] {
        let file = signer(version);
        let digest = digest(&std::fs::read(&file).unwrap());
        let said = format!("\nsigner is version {number} now and serves ({digest})\n");
        let (code, out, err) = push(&file, &key);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.starts_with("verdict  taken\n") && out.ends_with(&said), "{out}");
        assert_eq!(out.contains("\nsince    version 1\nchanged  "), number == 2, "{out}");
    }
    let rubbish = shop.file("../rubbish");
    std::fs::write(&rubbish, "rubbish").unwrap();
    let (code, out, err) = push(&rubbish, &key);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("verdict  refused\nproblem  this is not WebAssembly"), "{out}");
    assert!(err.contains("the host answered 422") && err.contains("this is not WebAssembly"), "{err}");
    let (code, _, err) = push(&signer("1"), &rubbish);
    assert!(code == Some(1) && err.contains("401") && err.contains("admin.key"), "{err}");
    assert_eq!(shop.hears().await, "v2: hi");
}

#[tokio::test]
async fn a_pinned_bot_keeps_its_version() {
    let mut shop = Shop::open().await;
    shop.push("1").await;
    let pinned = shop.stage.hook_of(&registration("whatsapp", "pinned", BOT, "signer@1")).await;
    assert_eq!(shop.asks(&pinned).await.1, "v1: hi");
    shop.push("2").await;
    assert_eq!(shop.asks(&pinned).await.1, "v1: hi");
    assert_eq!(shop.hears().await, "v2: hi");

    shop.stage.host = shop.stage.host.restart();
    let path = pinned.url.find("/hooks/").unwrap();
    let pinned = Hook { url: format!("{}{}", shop.stage.host.url, &pinned.url[path..]), client: pinned.client };
    assert_eq!(shop.asks(&pinned).await.1, "v1: hi");
    let absent = shop.stage.hook_of(&registration("whatsapp", "absent", BOT, "signer@3")).await;
    assert_eq!(shop.asks(&absent).await.0, "PUT /bots/v3/control");
    let cause = shop.stage.text("SELECT cause FROM turns ORDER BY id DESC LIMIT 1");
    assert!(cause.contains("module signer has no version 3"), "{cause}");
}

#[tokio::test]
async fn bots_of_a_stopped_module_go_to_humans_until_the_next_upload() {
    let mut shop = Shop::open().await;
    shop.push("1").await;
    assert_eq!(shop.hears().await, "v1: hi");
    assert_eq!(shop.call("DELETE", "", Vec::new()).await.0, StatusCode::NO_CONTENT);
    let hook = shop.hook.clone();
    assert_eq!(shop.asks(&hook).await.0, "PUT /bots/v3/control");
    let kind = shop.stage.text("SELECT cause_kind FROM turns ORDER BY id DESC LIMIT 1");
    assert_eq!(kind, "no-module");
    assert_eq!(shop.push("2").await, 2);
    assert_eq!(shop.hears().await, "v2: hi");
    let (status, body) = shop.call("POST", "/rollback", Vec::new()).await;
    assert_eq!((status, &body["version"]["version"]), (StatusCode::OK, &1.into()), "{body}");

    let absent = shop.stage.host.request(&shop.stage.client, "DELETE", "/v1/modules/absent").send().await.unwrap();
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
}
