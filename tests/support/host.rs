//! The real binary, started on a free port with a directory of its own and ended with the test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::guests;

/// The gateway token that hosts under test show to the simulated platform.
pub const TOKEN: &str = "gateway-token-of-the-tests";

/// The identity and the secret of registered bots.
pub const IDENTITY: &str = "khoros";
/// See [`IDENTITY`].
pub const SECRET: &str = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcyE=";

/// How to start a host.
pub struct HostBuilder {
    gateway: Option<String>,
    env: Vec<(String, String)>,
}

impl HostBuilder {
    /// Sends answers to this base URL.
    pub fn gateway(mut self, url: impl Into<String>) -> Self {
        self.gateway = Some(url.into());
        self
    }

    /// Sets a setting by its name in the environment, without the prefix: `TURN__TRIES`.
    pub fn set(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.env.push((format!("BOTHOST_{name}"), value.to_string()));
        self
    }

    /// Starts it in a new directory.
    pub fn start(self) -> Host {
        guests::prepare();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        self.start_in(data, Some(dir))
    }

    fn start_in(self, data: PathBuf, dir: Option<TempDir>) -> Host {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        if let Some(url) = &self.gateway {
            command.env("BOTHOST_TENANTS__DEFAULT__GATEWAYS__KHOROS__URL", url);
            command.env("BOTHOST_TENANTS__DEFAULT__GATEWAYS__KHOROS__TOKEN", TOKEN);
        }
        command.envs(self.env.iter().cloned());
        let log = std::fs::File::options().create(true).append(true).open(data.with_extension("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // The one line that scripts may rely on; see cli/serve.rs.
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let status = child.wait().unwrap();
            panic!("the host did not start ({status}): {}", log_of(&data));
        };
        let key = std::fs::read_to_string(data.join("admin.key")).unwrap().trim().to_owned();
        Host { url: url.to_owned(), data, key, child, builder: Some(self), dir }
    }
}

/// A running host.
pub struct Host {
    /// Its base URL.
    pub url: String,
    /// Its data directory.
    pub data: PathBuf,
    /// Its admin key.
    pub key: String,
    child: Child,
    builder: Option<HostBuilder>,
    dir: Option<TempDir>,
}

impl Host {
    /// A host with default settings, to be changed before it starts.
    pub fn builder() -> HostBuilder {
        HostBuilder { gateway: None, env: Vec::new() }
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the host logged so far.
    pub fn log(&self) -> String {
        log_of(&self.data)
    }

    /// Ends the process as a power cut would, and starts it again on the same directory.
    pub fn kill_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.again()
    }

    /// Asks the process to stop, waits for it, and starts it again on the same directory.
    pub fn restart(mut self) -> Self {
        let status = self.terminate();
        assert!(status.success(), "{status}: {}", self.log());
        self.again()
    }

    /// Asks the process to stop and waits for it.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Starts it again on the same directory after it ended.
    pub fn restarted(self) -> Self {
        self.again()
    }

    /// Starts it again on the same directory after it ended, with other settings.
    pub fn restarted_with(mut self, builder: HostBuilder) -> Self {
        self.builder = Some(builder);
        self.again()
    }

    fn again(mut self) -> Self {
        let (builder, dir) = (self.builder.take().unwrap(), self.dir.take());
        builder.start_in(self.data.clone(), dir)
    }

    /// A client's request with the admin key.
    pub fn request(&self, client: &reqwest::Client, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.request_as(&self.key, client, method, path)
    }

    /// A client's request with this key.
    pub fn request_as(&self, key: &str, client: &reqwest::Client, method: &str, path: &str) -> reqwest::RequestBuilder {
        client.request(method.parse().unwrap(), format!("{}{path}", self.url)).bearer_auth(key)
    }

    /// Makes a tenant and returns a key of it with these scopes.
    pub async fn tenant(&self, client: &reqwest::Client, name: &str, scopes: &[&str]) -> String {
        let made = self.request(client, "POST", "/v1/tenants").json(&json!({ "name": name })).send().await.unwrap();
        assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
        self.tenant_key(client, name, scopes).await
    }

    /// Another key of a tenant.
    pub async fn tenant_key(&self, client: &reqwest::Client, tenant: &str, scopes: &[&str]) -> String {
        let new = json!({ "name": "a key of the tests", "scopes": scopes });
        let path = format!("/v1/tenants/{tenant}/keys");
        let made = self.request(client, "POST", &path).json(&new).send().await.unwrap();
        let (status, body) = (made.status(), made.text().await.unwrap());
        assert_eq!(status, 201, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["key"].as_str().unwrap().to_owned()
    }

    /// Uploads a module and returns the version's number.
    pub async fn push(&self, client: &reqwest::Client, name: &str, wasm: Vec<u8>) -> u64 {
        let response = self.request(client, "PUT", &format!("/v1/modules/{name}")).body(wasm).send().await.unwrap();
        let (status, body) = (response.status(), response.text().await.unwrap());
        assert!(status == 201 || status == 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["version"]["version"].as_u64().unwrap()
    }

    /// Registers a bot and returns the path of its webhook.
    pub async fn register(&self, client: &reqwest::Client, registration: &Value) -> String {
        let path = "/bots/v3/registrations";
        let response = self.request(client, "POST", path).json(registration).send().await.unwrap();
        let (status, body) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 202, "{body}");
        let all: Value = self.request(client, "GET", path).send().await.unwrap().json().await.unwrap();
        let ours = ["networkKey", "externalId", "appId"];
        let all = all["data"].as_array().unwrap();
        let bot = all.iter().find(|bot| ours.iter().all(|name| bot[name] == registration[name])).unwrap();
        format!("/hooks/khoros/{}", bot["hashKey"].as_str().unwrap())
    }

    /// The value of a figure in `/metrics`, summed over its labels.
    pub async fn figure(&self, client: &reqwest::Client, name: &str) -> f64 {
        let text = client.get(format!("{}/metrics", self.url)).send().await.unwrap().text().await.unwrap();
        let ours = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        ours.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// A read-only look into the store, for what no API shows yet.
    pub fn database(&self) -> rusqlite::Connection {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        rusqlite::Connection::open_with_flags(self.data.join("bothost.db"), flags).unwrap()
    }

    /// How many rows a query counts.
    pub fn count(&self, query: &str) -> i64 {
        self.database().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The process that compiles for this one, once it has taken its limits: that of CPU time is the last of them.
    pub fn compiling(&self) -> Option<Pid> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let of =
            |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let all: String = threads.map(|thread| of(thread.unwrap())).collect();
        let mut pids = all.split_whitespace();
        let pid = pids.find(|pid| {
            let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
            limits.lines().any(|line| line.starts_with("Max cpu time") && !line.contains("unlimited"))
        });
        pid.and_then(|pid| Pid::from_raw(pid.parse().unwrap()))
    }

    /// The most memory that the process has in RAM, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() && self.dir.is_some() {
            eprintln!("--- the host's log ---\n{}", tail(&log_of(&self.data)));
        }
    }
}

/// A registration as seed 000 has it, for a module of the default tenant.
pub fn registration(network: &str, channel: &str, app_id: &str, module: &str) -> Value {
    json!({
        "platform": "LITHIUM",
        "companyKey": "exampleinc",
        "networkKey": network,
        "externalId": channel,
        "appId": app_id,
        "name": "A bot under test",
        "callbackUrl": format!("module:{module}"),
        "mode": "LIVE",
        "credentials": { "type": "HMAC", "identity": IDENTITY, "secret": SECRET },
        "contact": { "email": "bots@example.com" },
    })
}

fn log_of(data: &Path) -> String {
    let mut log = String::new();
    if let Ok(mut file) = std::fs::File::open(data.with_extension("log")) {
        let _ = file.read_to_string(&mut log);
    }
    log
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
