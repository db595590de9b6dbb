//! Tenants on one host, each with one of everything that a tenant can have.

use bothost::domain::scope::{SCOPES, Scope};
use bothost::http::access::Access;
use bothost::http::router::{Route, routes};
use http::Method;
use serde_json::{Value, json};

use super::guests::echo;
use super::host::{Host, registration};
use super::platform::Platform;
use super::stage::{BOT, Hook, Stage, client, message};

/// A tenant with one of everything.
pub struct Tenant {
    pub name: &'static str,
    pub key: String,
    pub module: String,
    pub bot: String,
    pub event: String,
    pub delivery: String,
    pub hook: Hook,
    /// What nobody else may ever read.
    pub marks: Vec<String>,
}

impl Tenant {
    async fn with_everything(stage: &Stage, name: &'static str) -> Self {
        let scopes: Vec<&str> = SCOPES.iter().map(|(scope, _)| scope.name()).filter(|name| *name != "admin").collect();
        let key = stage.host.tenant_key(&stage.client, name, &scopes).await;
        let module = format!("module-of-{name}");
        // Bytes of its own, so that its digest is a mark.
        let mut wasm = std::fs::read(echo()).unwrap();
        wasm.extend_from_slice(&custom_section(name));
        let upload = stage.host.request_as(&key, &stage.client, "PUT", &format!("/v1/modules/{module}"));
        let upload: Value = upload.body(wasm).send().await.unwrap().json().await.unwrap();
        let digest = upload["version"]["digest"].as_str().unwrap_or_else(|| panic!("{upload}")).to_owned();

        let channel = format!("channel-of-{name}");
        let company = format!("company-of-{name}");
        let mut wanted = registration("whatsapp", &channel, BOT, &module);
        wanted["companyKey"] = json!(company);
        wanted["credentials"] =
            json!({ "type": "BASIC_AUTH", "identity": "user", "secret": format!("hook-secret-{name}") });
        let registrations = "/bots/v3/registrations";
        let answer =
            stage.host.request_as(&key, &stage.client, "POST", registrations).json(&wanted).send().await.unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
        let all: Value = get(stage, &key, registrations).await.1;
        let bot = all["data"][0]["hashKey"].as_str().unwrap().to_owned();

        let hook = Hook { url: format!("{}/hooks/khoros/{bot}", stage.host.url), client: stage.client.clone() };
        let (author, text) = (format!("author-of-{name}"), format!("words-of-{name}"));
        let sent = hook.client.post(&hook.url).basic_auth("user", Some(format!("hook-secret-{name}")));
        let sent = sent.body(message("whatsapp", &author, "m1", &text).to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 202);
        let event = sent.headers()["bothost-event"].to_str().unwrap().to_owned();
        stage.settled().await;
        let delivery = stage.text(&format!("SELECT CAST(id AS TEXT) FROM deliveries WHERE event = {event}"));
        let state = stage.host.count(&format!("SELECT status FROM deliveries WHERE id = {delivery}"));
        assert_eq!(state, 3, "the gateway's token is wrong, so that the delivery is parked");

        let own = [name, &module, &digest, &channel, &company, &bot, &author, &text, key_id(&key)].map(str::to_owned);
        let secrets = [key.clone(), format!("hook-secret-{name}"), format!("gateway-token-of-{name}")];
        let marks = own.into_iter().chain(secrets).collect();
        Self { name, key, module, bot, event, delivery, hook, marks }
    }

    /// A route's path with this tenant's things in it.
    pub fn path(&self, route: &Route) -> String {
        let mut room = "";
        let parts = route.path.split('/').map(|part| {
            let value = match (room, part) {
                ("tenants", "{tenant}") => self.name,
                ("modules", "{name}") => &self.module,
                ("versions", "{version}") => "1",
                ("bots", "{id}") => &self.bot,
                ("events", "{id}") => &self.event,
                ("deliveries", "{id}") => &self.delivery,
                ("keys", "{id}") => key_id(&self.key),
                ("gateways", "{platform}") => "khoros",
                ("claims", "{kind}") => "khoros",
                (_, "{value}") => "company",
                (_, part) if part.starts_with('{') => panic!("{}: what is {part}?", route.path),
                _ => part,
            };
            room = part;
            value.to_owned()
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The routes that read, without those for operators and the one that never ends.
    pub fn readable(&self) -> impl Iterator<Item = &'static Route> {
        let own = |route: &&Route| route.access != Access::Scope(Scope::ADMIN) && route.path != "/v1/logs";
        routes().filter(|route| route.method == Method::GET).filter(own)
    }

    /// All that the tenant can read of itself: each of [`Self::readable`].
    pub async fn view(&self, stage: &Stage) -> Vec<(String, Value)> {
        let mut view = Vec::new();
        for route in self.readable() {
            let path = self.path(route);
            let (status, mut body) = get(stage, &self.key, &path).await;
            assert_eq!(status, 200, "{path}: {body}");
            without(&mut body, "last_used_ms");
            view.push((path, body));
        }
        view
    }
}

fn key_id(key: &str) -> &str {
    key.split('_').nth(1).unwrap()
}

/// A custom section of a component: ignored by everybody, and part of the digest.
fn custom_section(text: &str) -> Vec<u8> {
    let mut section = vec![0, u8::try_from(text.len() + 2).unwrap(), 1, b'n'];
    section.extend_from_slice(text.as_bytes());
    section
}

/// Asks with a key: the status and the body as JSON.
pub async fn get(stage: &Stage, key: &str, path: &str) -> (u16, Value) {
    let answer = stage.host.request_as(key, &stage.client, "GET", path).send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| json!(hex::encode(&body))))
}

fn without(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.remove(name);
            members.values_mut().for_each(|value| without(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, name)),
        _ => {}
    }
}

/// A host with the tenants alpha and beta on it.
pub async fn two_tenants() -> (Stage, Tenant, Tenant) {
    let platform = Platform::start().await;
    let mut builder = Host::builder().set("DELIVER__TRIES", 1);
    for name in ["alpha", "beta"] {
        let at = |what: &str| format!("TENANTS__{}__GATEWAYS__KHOROS__{what}", name.to_uppercase());
        builder = builder.set(&at("URL"), &platform.url).set(&at("TOKEN"), format!("gateway-token-of-{name}"));
    }
    let stage = Stage { host: builder.start(), platform, client: client() };
    let alpha = Tenant::with_everything(&stage, "alpha").await;
    let beta = Tenant::with_everything(&stage, "beta").await;
    (stage, alpha, beta)
}
