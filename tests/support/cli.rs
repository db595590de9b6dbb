//! Commands that ask a running host, as a person would type them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::host::Host;

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command against a host, with its admin key.
pub fn bothost(host: &Host, arguments: &[&str]) -> Said {
    let output = command(host, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The same, not started yet.
pub fn command(host: &Host, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    command.args(arguments).args(["--host", &host.url, "--key-file"]).arg(host.data.join("admin.key"));
    command
}

/// A command of a bot's developer in a folder. Toolchains, and what is compiled, are kept for all tests and not in the user's cache;
/// flags for the host's own make no sense for a bot.
pub fn developer(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    let toolchains = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/toolchains/kept");
    command.args(arguments).current_dir(folder).env("BOT_TOOLCHAINS", toolchains);
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// What a conversation with the bot of a project shows, without the commands that built it; none where it cannot be built here.
pub fn chat_with(folder: &Path, project: &str, said: &[&str]) -> Option<String> {
    let mut chat = developer(folder, &["chat", project]);
    let mut child = chat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{}\n", said.join("\n")).as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let (shown, words) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    if skips(project, &words) {
        return None;
    }
    assert!(ended.status.success(), "{shown}{words}");
    Some(shown.into_owned())
}

/// Whether a command failed for want of a language's tool. On a user's machine that skips a test; where it must be there, it fails.
pub fn skips(language: &str, words: &str) -> bool {
    let missing = words.lines().find(|line| line.contains("is missing, and this language needs it"));
    let skipped = missing.filter(|_| std::env::var_os("CI").is_none());
    if let Some(missing) = skipped {
        eprintln!("SKIPPED: {language}: {missing}");
    }
    skipped.is_some()
}
