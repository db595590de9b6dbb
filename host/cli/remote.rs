//! A running host, for commands that ask one.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use serde_json::Value;

use super::Error;
use crate::pipeline::outbound::use_ring;

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Which host, and the key to it.
#[derive(Debug, Args)]
pub struct Remote {
    /// The host.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    host: String,
    /// The file with a key of the host.
    #[arg(long, value_name = "FILE", default_value = "bothost-data/admin.key")]
    key_file: PathBuf,
}

/// What a host answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Answer {
    /// Reads an answer to its end, as JSON where it is any.
    pub(super) async fn read(response: reqwest::Response) -> Result<Self, Error> {
        let (status, text) = (response.status(), response.text().await?);
        Ok(Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    /// The body of a success; the problem's own words otherwise.
    pub(super) fn success(self) -> Result<Value, Error> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let detail = self.body["detail"].as_str().map_or_else(|| self.body.to_string(), str::to_owned);
        Err(format!("the host answered {}: {detail}", self.status).into())
    }
}

impl Remote {
    /// Asks the host, and reads its answer as JSON where it is any.
    pub(super) fn call(&self, method: Method, path: &str, body: Option<reqwest::Body>) -> Result<Answer, Error> {
        self.run(async {
            let mut request = self.request(method, path)?;
            if let Some(body) = body {
                request = request.body(body);
            }
            Answer::read(request.send().await?).await
        })
    }

    /// A request with the key, for what `call` is too simple for.
    pub(super) fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder, Error> {
        let key = std::fs::read_to_string(&self.key_file)
            .map_err(|error| format!("the key file {}: {error} (use --key-file)", self.key_file.display()))?;
        use_ring();
        let client = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).build()?;
        let url = format!("{}{path}", self.host.trim_end_matches('/'));
        Ok(client.request(method, url).bearer_auth(key.trim()))
    }

    /// Runs what asks the host to its end.
    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
    }
}
