//! Commands that ask a running host, as a person would type them.

use std::path::Path;
use std::process::Command;

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

/// A command of a bot's developer in a folder. Toolchains are kept for all tests; flags for the host's own make no sense for a bot.
pub fn developer(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
    let toolchains = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/toolchains/kept");
    command.args(arguments).current_dir(folder).env("BOT_TOOLCHAINS", toolchains);
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}
