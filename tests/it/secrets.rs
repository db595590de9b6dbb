//! Seventy planted secrets and a full run: nothing that the host writes, logs, answers or hands to a guest holds one in clear.

use std::path::Path;

use bothost::http::router::routes;
use http::Method;
use serde_json::{Value, json};

use crate::support::guests::echo;
use crate::support::host::{Host, registration};
use crate::support::platform::Platform;
use crate::support::stage::{BOT, Stage, client, message};

/// Secrets of each kind.
const EACH: usize = 10;

/// A run in which each of the secrets is used.
struct Planted {
    stage: Stage,
    secrets: Vec<String>,
    /// Everything that the host answered, besides the one answer that shows a new key.
    answers: Vec<String>,
}

fn secret(kind: &str, number: usize) -> String {
    format!("PLANTED-{kind}-{number:02}-c0ffee")
}

impl Planted {
    async fn run() -> Self {
        let platform = Platform::start().await;
        let mut builder = Host::builder().set("LOG__FILTER", "trace").set("DELIVER__TRIES", 1);
        builder = builder.set("DELIVER__PRIVATE_HOSTS", platform.url.trim_start_matches("http://"));
        let stage = Stage { host: builder.start(), platform, client: client() };
        let mut this = Self { stage, secrets: Vec::new(), answers: Vec::new() };
        for number in 0..EACH {
            this.tenant(number).await;
        }
        this.stage.settled().await;
        this.login().await;
        this
    }

    /// A tenant with two keys, a gateway, a bot with Basic and one with HMAC credentials, and an event of each.
    async fn tenant(&mut self, number: usize) {
        let name = format!("tenant-{number}");
        let scopes = ["manage", "deploy", "read", "bots", "replay", "operate"];
        let key = self.stage.host.tenant(&self.stage.client, &name, &scopes).await;
        self.secrets.push(key.split_once('_').unwrap().1.split_once('_').unwrap().1.to_owned());
        let made = self.ask(&key, "POST", "/v1/keys", json!({ "name": "second", "scopes": ["read"] }), true).await;
        let second = made["key"].as_str().unwrap();
        self.secrets.push(second.rsplit_once('_').unwrap().1.to_owned());

        let token = secret("gateway", number);
        let gateway = json!({ "url": self.stage.platform.url, "token": token });
        self.ask(&key, "PUT", "/v1/gateways/khoros", gateway, false).await;
        self.secrets.push(token);
        self.ask(&key, "GET", "/v1/gateways", Value::Null, false).await;

        let wasm = std::fs::read(echo()).unwrap();
        let upload = self.stage.host.request_as(&key, &self.stage.client, "PUT", "/v1/modules/echo").body(wasm);
        self.answers.push(upload.send().await.unwrap().text().await.unwrap());
        for (kind, channel) in [("BASIC_AUTH", "basic"), ("HMAC", "hmac")] {
            let hook_secret = secret(channel, number);
            let mut wanted = registration("whatsapp", channel, BOT, "echo");
            wanted["companyKey"] = json!(name);
            wanted["credentials"] = json!({ "type": kind, "identity": "user", "secret": hook_secret });
            self.ask(&key, "POST", "/bots/v3/registrations", wanted, false).await;
            self.secrets.push(hook_secret);
        }
        let bots = self.ask(&key, "GET", "/bots/v3/registrations", Value::Null, false).await;
        for bot in bots["data"].as_array().unwrap() {
            self.deliver(&name, bot, number).await;
        }
        self.tokens(&key).await;
    }

    /// A token that the host gives out, and the one that takes over from it; both are used.
    async fn tokens(&mut self, key: &str) {
        let url = format!("{}/api/v2/tokens/khorosapi/ownerId/{BOT}", self.stage.host.url);
        let made = self.stage.client.post(&url).basic_auth("care", Some(key)).send().await.unwrap();
        let made: Value = made.json().await.unwrap();
        let token = made["data"]["token"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let path = format!("/bots/v3/tokens/appId/{BOT}");
        let next = self.ask(&token, "PUT", &path, Value::Null, true).await;
        let next = next["data"]["token"].as_str().unwrap().to_owned();
        for token in [&token, &next] {
            self.ask(token, "GET", "/bots/v3/registrations", Value::Null, false).await;
        }
        // Refused, and what is said of it holds nothing of it.
        let wrong = self.stage.client.post(&url).basic_auth("care", Some(&next)).send().await.unwrap();
        assert_eq!(wrong.status(), 401);
        self.answers.push(wrong.text().await.unwrap());
        self.secrets.extend([token, next]);
    }

    /// A tenant whose gateway has a login: the password, and the tokens that the host gets with it.
    async fn login(&mut self) {
        let (name, password) = ("tenant-login", secret("password", 0));
        self.stage.platform.khoros.give_tokens_to("care", &password);
        let key = self.stage.host.tenant(&self.stage.client, name, &["manage", "deploy", "read", "bots"]).await;
        let url = &self.stage.platform.url;
        let gateway = json!({ "url": url, "care_url": url, "user": "care", "password": password });
        self.ask(&key, "PUT", "/v1/gateways/khoros", gateway, false).await;
        let wasm = std::fs::read(echo()).unwrap();
        let upload = self.stage.host.request_as(&key, &self.stage.client, "PUT", "/v1/modules/echo").body(wasm);
        self.answers.push(upload.send().await.unwrap().text().await.unwrap());
        let mut wanted = registration("whatsapp", "basic", BOT, "echo");
        wanted["companyKey"] = json!(name);
        wanted["credentials"] = json!({ "type": "BASIC_AUTH", "identity": "user", "secret": secret("basic", 0) });
        self.ask(&key, "POST", "/bots/v3/registrations", wanted, false).await;
        let bots = self.ask(&key, "GET", "/bots/v3/registrations", Value::Null, false).await;
        self.deliver(name, &bots["data"][0], 0).await;
        self.stage.settled().await;
        self.ask(&key, "GET", "/v1/gateways", Value::Null, false).await;
        let token = format!("simulated-token-1-of-{BOT}");
        assert!(self.stage.platform.calls().iter().any(|call| call.bearer() == token), "it was in use");
        self.secrets.extend([password, token]);
    }

    /// A message that proves itself, and one that shows the secret wrongly.
    async fn deliver(&mut self, name: &str, bot: &Value, number: usize) {
        let url = format!("{}/hooks/khoros/{}", self.stage.host.url, bot["hashKey"].as_str().unwrap());
        let body = message("whatsapp", name, "m1", "hello").to_string();
        let right = if bot["externalId"] == "basic" {
            self.stage.client.post(&url).basic_auth("user", Some(secret("basic", number)))
        } else {
            let now_s = crate::support::stage::now_s();
            let headers = bothost::simulator::khoros::sign::sign_standard_webhooks(
                &secret("hmac", number),
                "d1",
                now_s,
                body.as_bytes(),
            );
            self.stage.client.post(&url).headers(headers)
        };
        assert_eq!(right.body(body.clone()).send().await.unwrap().status(), 202);
        let wrong = self.stage.client.post(&url).basic_auth(secret("basic", number), Some(secret("hmac", number)));
        let wrong = wrong.body(body).send().await.unwrap();
        assert_eq!(wrong.status(), 401);
        self.answers.push(wrong.text().await.unwrap());
    }

    async fn ask(&mut self, key: &str, method: &str, path: &str, body: Value, shows_a_key: bool) -> Value {
        let request = self.stage.host.request_as(key, &self.stage.client, method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let request = if method == "POST" {
            request.header("idempotency-key", format!("{key}{path}{}", self.answers.len()))
        } else {
            request
        };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if !shows_a_key {
            self.answers.push(text.clone());
        }
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What every route that reads has to say, to the admin and to a tenant.
    async fn everything_that_can_be_read(&self) -> Vec<String> {
        let mut read = Vec::new();
        for key in [
            self.stage.host.key.clone(),
            self.stage.host.tenant_key(&self.stage.client, "tenant-3", &["read", "manage", "replay"]).await,
        ] {
            for route in routes().filter(|route| route.method == Method::GET && route.path != "/v1/logs") {
                for id in ["1", "5", "9", "khoros", "echo", "tenant-3"] {
                    let path = route.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                    let path = path.collect::<Vec<_>>().join("/");
                    let answer =
                        self.stage.host.request_as(&key, &self.stage.client, "GET", &path).send().await.unwrap();
                    read.push(String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned());
                }
            }
        }
        let metrics = format!("{}/metrics", self.stage.host.url);
        read.push(self.stage.client.get(metrics).send().await.unwrap().text().await.unwrap());
        read
    }
}

/// Every file below a directory, read whole.
fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn seventy_planted_secrets_are_found_nowhere() {
    let planted = Planted::run().await;
    assert_eq!(planted.secrets.len(), 7 * EACH + 2);
    // They were in use: the platform was shown each gateway's token, and every bot answered.
    let calls = planted.stage.platform.calls();
    for number in 0..EACH {
        let token = format!("Bearer {}", secret("gateway", number));
        let shown = calls.iter().filter(|call| call.headers.get("authorization").is_some_and(|shown| *shown == *token));
        assert_eq!(shown.count(), 2, "{token}");
    }
    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    let read = planted.everything_that_can_be_read().await;
    places.extend(
        read.into_iter().chain(planted.answers.iter().cloned()).map(|text| ("an answer".to_owned(), text.into())),
    );
    places.push(("the log".to_owned(), planted.stage.host.log().into()));
    // What reached the platform in a body is what guests were given and said.
    places.extend(calls.iter().map(|call| (call.line.clone(), call.body.to_vec())));
    files(&planted.stage.host.data, &mut places);
    // The search sees the log ahead of the database, and finds what is there in clear.
    assert!(places.iter().any(|(name, bytes)| name.ends_with("-wal") && holds(bytes, "tenant-3")));
    assert!(holds(planted.stage.host.log().as_bytes(), "webhook refused"));
    let encoded = |secret: &String| {
        use base64::Engine as _;
        [secret.clone(), hex::encode(secret), base64::engine::general_purpose::STANDARD.encode(secret)]
    };
    for form in planted.secrets.iter().flat_map(encoded) {
        for (name, bytes) in places.iter().filter(|(name, _)| !name.ends_with("admin.key")) {
            assert!(!holds(bytes, &form), "{form} is in {name}");
        }
    }
}
