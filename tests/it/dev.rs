//! `bothost dev`: a bot that is worked on is built, swapped and run again as its sources change.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::support::cli::developer;

/// How long anything may take; a build from nothing takes longest.
const PATIENCE: Duration = Duration::from_secs(300);

/// A developer at work.
struct Developer {
    child: Child,
    typing: Option<ChildStdin>,
    shown: Receiver<String>,
    project: PathBuf,
    _dir: tempfile::TempDir,
}

impl Developer {
    fn begin(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bothost = |arguments: &[&str]| developer(dir.path(), arguments);
        assert!(bothost(&["new", "--lang", "rust", "bot"]).output().unwrap().status.success());
        let mut dev = bothost(&["dev", "bot"]);
        dev.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = dev.spawn().unwrap();
        let (lines, shown) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let (typing, project) = (child.stdin.take(), dir.path().join("bot"));
        Self { child, typing, shown, project, _dir: dir }
    }

    /// Waits for a line with these words, and returns what was shown until then.
    fn sees(&self, words: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(words)) {
            let line = self.shown.recv_timeout(PATIENCE);
            seen.push(line.unwrap_or_else(|_| panic!("{words:?} was not shown, but\n{}", seen.join("\n"))));
        }
        seen
    }

    fn types(&mut self, line: &str) {
        writeln!(self.typing.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Changes the bot's source.
    fn edits(&self, from: &str, to: &str) {
        let path = self.project.join("src/lib.rs");
        let source = fs::read_to_string(&path).unwrap();
        assert!(source.contains(from), "{from:?} is not in the source");
        fs::write(&path, source.replacen(from, to, 1)).unwrap();
    }

    /// Ends it.
    fn leaves(mut self) {
        drop(self.typing.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Developer {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_is_built_swapped_and_run_again_on_the_last_event() {
    let mut developer = Developer::begin(&[]);
    developer.sees("version 1 serves");
    developer.types("hello");
    let seen = developer.sees("bot> Hello, Jo Quill! Tell me something.");
    assert!(seen.contains(&"log info   bot: message 1".to_owned()), "{seen:#?}");

    developer.edits("Tell me something.", "What is it?");
    developer.sees("src/lib.rs changed, building ...");
    developer.sees("version 2 serves");
    developer.sees("event 1 again:");
    developer
        .sees(r#"actions[0].respond.text: "Hello, Jo Quill! Tell me something." -> "Hello, Jo Quill! What is it?""#);

    // What cannot be built leaves what serves alone.
    developer.edits("let before = messages_before", "let before = messages_beyond");
    developer.sees("cannot find function `messages_beyond`");
    developer.types("good morning");
    developer.sees("bot> You said: good morning (message 2)");
    developer.leaves();
}

#[test]
fn a_failing_bot_shows_where_and_goes_on_when_it_is_mended() {
    let mut developer = Developer::begin(&["--platform", "livechat"]);
    developer.sees("version 1 serves");
    let before = "let before = messages_before";
    developer.edits(before, &format!("if message.presses.is_empty() {{ panic!(\"not yet\") }}\n        {before}"));
    developer.sees("version 2 serves");
    developer.types("hello");
    let seen = developer.sees("(on a host: another try");
    for words in ["panicked at src/lib.rs:", "log stderr not yet", "trap: wasm `unreachable`", "/bot/src/lib.rs:"] {
        assert!(seen.iter().any(|line| line.contains(words)), "{words:?} is not in {seen:#?}");
    }
    developer.edits("if message.presses.is_empty() { panic!(\"not yet\") }", "");
    developer.sees("version 3 serves");
    // The event that failed is the one that is run again.
    developer.sees("cause: the bot trapped");
    developer.types("/state");
    developer.sees("nothing");
    // The conversation is the bot's, although its failure handed it over.
    developer.types("hello again");
    developer.sees("bot> Hello, you! Tell me something.");
    developer.types("1");
    developer.sees("bot> Fine, we start over.");
    developer.types("/why");
    let seen = developer.sees("sends ");
    assert!(seen.iter().any(|line| line.contains("/v3.0/agent/action/send_event")), "{seen:#?}");
    developer.leaves();
}
