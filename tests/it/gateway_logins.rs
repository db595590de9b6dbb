//! Gateways with a login instead of a token: the host gets a token for each app, keeps it, refreshes it, and says what is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::Router;
use axum::http::Method;
use bothost::settings::{Overrides, Settings};
use bothost::simulator::khoros::SimulatedKhoros;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::guests;
use crate::support::host::{Host, HostBuilder, registration};
use crate::support::platform::{Platform, eventually};
use crate::support::stage::{Hook, client, message};

const USER: &str = "care-user";
const PASSWORD: &str = "care-password-of-the-tests";
const PATH: &str = "/v1/gateways/khoros";
const CREATE: &str = "POST /api/v2/tokens/khorosapi/ownerId/examplebot";
const REFRESH: &str = "PUT /bots/v3/tokens/appId/examplebot";

/// A tenant with an echo bot and a gateway with a login.
struct Scene {
    host: Host,
    platform: Platform,
    key: String,
    hook: Hook,
}

fn quick(platform: &Platform) -> HostBuilder {
    let named = platform.url.strip_prefix("http://").unwrap();
    let quick = Host::builder().set("DELIVER__PRIVATE_HOSTS", named);
    quick.set("DELIVER__RETRY_FIRST_MS", "1").set("DELIVER__RETRY_LONGEST_MS", "5")
}

async fn ask(host: &Host, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = host.request_as(key, &client(), method, path);
    let request = if body.is_null() { request } else { request.json(&body) };
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

impl Scene {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let platform = Platform::start().await;
        platform.khoros.give_tokens_to(USER, PASSWORD);
        let host = change(quick(&platform)).start();
        let key = host.tenant(&client(), "acme", &["bots", "read", "deploy", "manage"]).await;
        let wasm = std::fs::read(guests::echo()).unwrap();
        let put = host.request_as(&key, &client(), "PUT", "/v1/modules/echo").body(wasm).send().await.unwrap();
        assert_eq!(put.status(), 201);
        let path = "/bots/v3/registrations";
        let body = registration("whatsapp", "page", "examplebot", "echo");
        assert_eq!(ask(&host, &key, "POST", path, body).await.0, 202);
        let bots = ask(&host, &key, "GET", path, Value::Null).await.1;
        let url = format!("{}/hooks/khoros/{}", host.url, bots["data"][0]["hashKey"].as_str().unwrap());
        let scene = Self { hook: Hook { url, client: client() }, host, platform, key };
        let (status, set) = scene.set(PASSWORD).await;
        assert_eq!(status, 200, "{set}");
        scene
    }

    fn login(&self, password: &str) -> Value {
        json!({"url": self.platform.url, "care_url": self.platform.url, "user": USER, "password": password})
    }

    async fn set(&self, password: &str) -> (u16, Value) {
        ask(&self.host, &self.key, "PUT", PATH, self.login(password)).await
    }

    async fn say(&self, number: u32) {
        let event = message("whatsapp", "jo", &format!("m-{number}"), "hello");
        self.hook.deliver(&format!("id-{number}"), event.to_string()).await;
    }

    async fn sent(&self, number: i64) {
        let sent = "SELECT count(*) FROM deliveries WHERE status = 2";
        eventually(&format!("{number} sent"), || (self.host.count(sent) == number).then_some(())).await;
    }

    /// Why the delivery waits.
    async fn waits(&self, words: &str) {
        let reason = "SELECT coalesce(last_error, '') FROM deliveries ORDER BY id DESC LIMIT 1";
        eventually(words, || {
            let reason: Option<String> = self.host.database().query_row(reason, [], |row| row.get(0)).ok();
            reason.filter(|reason| reason.contains(words))
        })
        .await;
    }

    fn asked(&self, line: &str) -> usize {
        self.platform.asked().iter().filter(|call| call.line == line).count()
    }

    async fn shown(&self) -> Value {
        let (status, page) = ask(&self.host, &self.key, "GET", "/v1/gateways", Value::Null).await;
        assert_eq!(status, 200, "{page}");
        assert!(!page.to_string().contains(PASSWORD) && !page.to_string().contains("simulated-token"), "{page}");
        page["items"][0].clone()
    }

    /// Restarts the host with another past.
    async fn later(mut self, sql: &str) -> Self {
        assert!(self.host.terminate().success());
        let database = rusqlite::Connection::open(self.host.data.join("bothost.db")).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
        drop(database);
        let path = self.hook.url[self.hook.url.find("/hooks").unwrap()..].to_owned();
        self.host = self.host.restarted();
        self.hook.url = format!("{}{path}", self.host.url);
        self
    }
}

fn khoros(scene: &Scene) -> &SimulatedKhoros {
    &scene.platform.khoros
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apps_first_request_gets_a_token_and_the_next_ones_use_it() {
    let scene = Scene::new().await;
    let shown = scene.shown().await;
    assert_eq!((&shown["token_set"], &shown["password_set"]), (&json!(false), &json!(true)), "{shown}");
    assert_eq!((&shown["user"], &shown["token_state"]), (&json!(USER), &Value::Null), "{shown}");
    for number in 1..=3 {
        scene.say(number).await;
    }
    scene.sent(3).await;
    assert_eq!(scene.asked(CREATE), 1);
    assert!(scene.platform.calls().iter().all(|call| call.bearer() == "simulated-token-1-of-examplebot"));
    let shown = scene.shown().await;
    assert_eq!(
        (&shown["token_state"], &shown["tokens"][0]["app_id"]),
        (&json!("held"), &json!("examplebot")),
        "{shown}"
    );
    // It is still known after a power cut.
    let scene = Scene { host: scene.host.kill_and_restart(), ..scene };
    let url = format!("{}{}", scene.host.url, &scene.hook.url[scene.hook.url.find("/hooks").unwrap()..]);
    let scene = Scene { hook: Hook { url, client: client() }, ..scene };
    scene.say(4).await;
    scene.sent(4).await;
    assert_eq!(scene.asked(CREATE), 1);
}

#[tokio::test]
async fn many_conversations_at_once_ask_for_one_token() {
    let scene = Scene::new().await;
    khoros(&scene).hang();
    for number in 0..20 {
        let event = message("whatsapp", &format!("jo-{number}"), &format!("m-{number}"), "hello");
        scene.hook.deliver(&format!("id-{number}"), event.to_string()).await;
    }
    let under_way = "SELECT count(*) FROM deliveries WHERE status = 1";
    eventually("all are under way", || (scene.host.count(under_way) == 20).then_some(())).await;
    eventually("one asks", || (khoros(&scene).received_total() > 0).then_some(())).await;
    // The one who asks gets 504, the next one a token, and the others that token.
    khoros(&scene).resume();
    scene.sent(20).await;
    assert_eq!(scene.asked(CREATE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_when_its_week_is_over() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    let week = "SELECT refresh_ms FROM gateway_tokens";
    let in_ms = scene.host.count(week) - i64::try_from(crate::support::stage::now_s() * 1000).unwrap();
    assert!((6 * 86_400_000..=7 * 86_400_000 + 1000).contains(&in_ms), "{in_ms}");
    // The first refresh fails at the gateway, and the token stays in use.
    khoros(&scene).fail_next(1, StatusCode::INTERNAL_SERVER_ERROR);
    let scene = scene.later("UPDATE gateway_tokens SET refresh_ms = 1").await;
    let failures = "SELECT failures FROM gateway_tokens WHERE state = 'held'";
    eventually("a refresh that failed", || (scene.host.count(failures) == 1).then_some(())).await;
    let shown = scene.shown().await;
    let detail = shown["tokens"][0]["detail"].as_str().unwrap();
    assert!(shown["token_state"] == "held" && detail.contains("500"), "{shown}");
    let scene = scene.later("UPDATE gateway_tokens SET refresh_ms = 1").await;
    eventually("a refresh", || (scene.host.count("SELECT failures FROM gateway_tokens") == 0).then_some(())).await;
    assert_eq!((scene.asked(REFRESH), scene.asked(CREATE)), (2, 1));
    scene.say(2).await;
    scene.sent(2).await;
    assert_eq!(scene.platform.calls()[1].bearer(), "simulated-token-2-of-examplebot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_refused_is_not_repeated_and_the_token_stays_in_use() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    khoros(&scene).fail_next(1, StatusCode::BAD_REQUEST);
    let scene = scene.later("UPDATE gateway_tokens SET refresh_ms = 1").await;
    let refused = "SELECT count(*) FROM gateway_tokens WHERE state = 'unrefreshed'";
    eventually("a refusal", || (scene.host.count(refused) == 1).then_some(())).await;
    let scene = scene.later("UPDATE gateway_tokens SET failures = 0").await;
    scene.say(2).await;
    scene.sent(2).await;
    assert_eq!((scene.asked(REFRESH), scene.asked(CREATE)), (1, 1));
    assert_eq!(scene.platform.calls()[1].bearer(), "simulated-token-1-of-examplebot");
    assert_eq!(scene.shown().await["token_state"], "unrefreshed");
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_replaced() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    khoros(&scene).forget_tokens("examplebot");
    scene.say(2).await;
    scene.sent(2).await;
    let shown: Vec<_> = scene.platform.calls().iter().map(|call| (call.bearer(), call.status.as_u16())).collect();
    let token = |number: u32| format!("simulated-token-{number}-of-examplebot");
    assert_eq!(shown, [(token(1), 202), (token(1), 401), (token(2), 202)]);
    assert_eq!(scene.asked(CREATE), 2);
}

#[tokio::test]
async fn one_401_costs_no_token() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    khoros(&scene).fail_next(1, StatusCode::UNAUTHORIZED);
    scene.say(2).await;
    scene.sent(2).await;
    let shown: Vec<_> = scene.platform.calls().iter().map(|call| (call.bearer(), call.status.as_u16())).collect();
    let token = |number: u32| format!("simulated-token-{number}-of-examplebot");
    assert_eq!(shown, [(token(1), 202), (token(1), 401), (token(2), 202)]);
    assert_eq!((scene.asked(REFRESH), scene.asked(CREATE)), (1, 1), "what is there is refreshed");
    assert_eq!(scene.shown().await["token_state"], "held");
}

#[tokio::test]
async fn a_token_that_the_platform_says_exists_is_used_again() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    // The request and the refresh are answered 401 by something on the way: the token is as good as ever.
    khoros(&scene).fail_next(2, StatusCode::UNAUTHORIZED);
    scene.say(2).await;
    scene.sent(2).await;
    assert_eq!((scene.asked(REFRESH), scene.asked(CREATE)), (1, 2));
    assert!(scene.platform.calls().iter().all(|call| call.bearer() == "simulated-token-1-of-examplebot"));
    assert_eq!(scene.shown().await["token_state"], "unrefreshed");
}

#[tokio::test]
async fn a_token_is_written_down_whatever_else_the_tenant_has_changed_today() {
    let scene = Scene::new().await;
    let full = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
                INSERT INTO audit (tenant, at_ms, actor, origin, action, subject, details) \
                SELECT 'acme', (SELECT max(at_ms) FROM audit), 'key:x', 'x', 'x', 'x', '{}' FROM n";
    rusqlite::Connection::open(scene.host.data.join("bothost.db")).unwrap().execute(full, []).unwrap();
    scene.say(1).await;
    scene.sent(1).await;
    assert_eq!(scene.host.count("SELECT count(*) FROM gateway_tokens WHERE state = 'held'"), 1);
    assert_eq!(
        scene.host.count("SELECT count(*) FROM audit WHERE action = 'gateway.token' AND details LIKE '%held%'"),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_written_down_is_kept_until_it_can() {
    let mut scene = Scene::new().await;
    let change = |host: &Host, sql: &str| {
        rusqlite::Connection::open(host.data.join("bothost.db")).unwrap().execute_batch(sql).unwrap();
    };
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON gateway_tokens WHEN NEW.token IS NOT NULL \
                  BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    change(&scene.host, refuse);
    for number in 1..=2 {
        scene.say(number).await;
        scene.sent(number.into()).await;
    }
    assert_eq!(scene.asked(CREATE), 1);
    assert_eq!(scene.host.count("SELECT count(*) FROM gateway_tokens WHERE state = 'held'"), 0);
    change(&scene.host, "DROP TRIGGER full");
    assert!(scene.host.terminate().success());
    assert_eq!(scene.host.count("SELECT count(*) FROM gateway_tokens WHERE state = 'held'"), 1, "written at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_care_a_first_token_is_asked_for_within_half_a_minute() {
    let scene = Scene::new().await;
    khoros(&scene).fail_next(1_000_000, StatusCode::INTERNAL_SERVER_ERROR);
    scene.say(1).await;
    let failures = "SELECT coalesce(max(failures), 0) FROM gateway_tokens";
    eventually("two failures", || (scene.host.count(failures) >= 2).then_some(())).await;
    let scene = scene.later("UPDATE gateway_tokens SET failures = 8, refresh_ms = 1").await;
    scene.say(2).await;
    eventually("one more", || (scene.host.count(failures) >= 9).then_some(())).await;
    let now_ms = i64::try_from(crate::support::stage::now_s() * 1000).unwrap();
    let wait_ms = scene.host.count("SELECT refresh_ms FROM gateway_tokens") - now_ms;
    assert!((20_000..=31_000).contains(&wait_ms), "{wait_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_over_is_replaced_before_it_is_shown() {
    let scene = Scene::new().await;
    scene.say(1).await;
    scene.sent(1).await;
    khoros(&scene).forget_tokens("examplebot");
    let change = "UPDATE gateway_tokens SET expires_ms = 1, refresh_ms = 9223372036854775807";
    let scene = scene.later(change).await;
    scene.say(2).await;
    scene.sent(2).await;
    let bearers: Vec<_> = scene.platform.calls().iter().map(|call| (call.bearer(), call.status.as_u16())).collect();
    assert_eq!(bearers[1..], [("simulated-token-2-of-examplebot".to_owned(), 202)]);
}

/// A platform that gives one token, answers 401 to every request with it, and never answers a refresh: the first request waits
/// for a second one, and that for a refresh.
#[derive(Default)]
struct Stubborn {
    requests: AtomicUsize,
    refreshes: AtomicUsize,
    given_up: AtomicUsize,
}

struct GivenUp(Arc<Stubborn>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, SeqCst);
    }
}

impl Stubborn {
    async fn answer(self: Arc<Self>, method: Method) -> (StatusCode, String) {
        let there = |count: &AtomicUsize, wanted: usize| (count.load(SeqCst) >= wanted).then_some(());
        match method {
            Method::PUT => {
                let _given_up = GivenUp(self.clone());
                self.refreshes.fetch_add(1, SeqCst);
                std::future::pending().await
            }
            _ if self.requests.fetch_add(1, SeqCst) == 0 => eventually("two", || there(&self.requests, 2)).await,
            _ => eventually("a refresh", || there(&self.refreshes, 1)).await,
        }
        (StatusCode::UNAUTHORIZED, String::new())
    }
}

#[tokio::test]
async fn a_401_does_not_wait_for_whoever_is_getting_a_token() {
    let scene = Scene::with(|builder| builder.set("DELIVER__PRIVATE_HOSTS", "127.0.0.1")).await;
    let stubborn = Arc::new(Stubborn::default());
    let answering = stubborn.clone();
    let router = Router::new().fallback(async move |method: Method| answering.answer(method).await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut login = scene.login(PASSWORD);
    login["url"] = json!(format!("http://{}", listener.local_addr().unwrap()));
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(ask(&scene.host, &scene.key, "PUT", PATH, login).await.0, 200);
    for customer in ["jo", "al"] {
        let event = message("whatsapp", customer, &format!("m-{customer}"), "hello");
        scene.hook.deliver(&format!("id-{customer}"), event.to_string()).await;
    }
    let ended = "SELECT count(*) FROM attempts";
    eventually("both were refused", || (scene.host.count(ended) >= 2).then_some(())).await;
    assert_eq!((stubborn.refreshes.load(SeqCst), stubborn.given_up.load(SeqCst)), (1, 0), "it is still under way");
    served.abort();
}

#[tokio::test]
async fn where_a_token_exists_the_operator_is_told_and_the_platform_not_asked_again() {
    let scene = Scene::new().await;
    // Somebody else got it.
    let care = format!("{}/api/v2/tokens/khorosapi/ownerId/examplebot", scene.platform.url);
    let theirs = client().post(care).basic_auth(USER, Some(PASSWORD)).send().await.unwrap();
    assert_eq!(theirs.status(), 200);
    scene.say(1).await;
    scene.waits("there is a token for the app examplebot already").await;
    let tries = "SELECT attempts FROM deliveries";
    eventually("some more tries", || (scene.host.count(tries) > 4).then_some(())).await;
    assert_eq!(scene.asked(CREATE), 2, "theirs and ours");
    assert!(scene.platform.calls().is_empty());
    let shown = scene.shown().await;
    let detail = shown["tokens"][0]["detail"].as_str().unwrap();
    assert!(shown["token_state"] == "exists" && detail.contains("set the gateway again"), "{shown}");
    // They invalidate it, and set the gateway again.
    khoros(&scene).forget_tokens("examplebot");
    assert_eq!(scene.set(PASSWORD).await.0, 200);
    let parked = "SELECT id FROM deliveries WHERE status = 3";
    if let Ok(id) = scene.host.database().query_row(parked, [], |row| row.get::<_, i64>(0)) {
        let path = format!("/v1/deliveries/{id}/retry");
        let key = scene.host.tenant_key(&client(), "acme", &["operate"]).await;
        let (status, answer) = ask(&scene.host, &key, "POST", &path, Value::Null).await;
        assert!((200..300).contains(&status), "{answer}");
    }
    scene.sent(1).await;
    assert_eq!(scene.shown().await["token_state"], "held");
}

#[tokio::test]
async fn a_wrong_password_is_asked_with_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.set("not-the-password").await.0, 200);
    scene.say(1).await;
    scene.waits("the platform gives none to this user").await;
    let tries = "SELECT attempts FROM deliveries";
    eventually("some more tries", || (scene.host.count(tries) > 4).then_some(())).await;
    assert_eq!(scene.asked(CREATE), 1);
    assert_eq!(scene.shown().await["token_state"], "refused");
    let log = scene.host.log();
    assert!(log.contains("no token for a gateway could be got") && !log.contains("not-the-password"), "{log}");
}

#[tokio::test]
async fn a_token_is_never_shown_to_another_gateway() {
    let scene = Scene::with(|builder| builder.set("DELIVER__PRIVATE_HOSTS", "127.0.0.1")).await;
    scene.say(1).await;
    scene.sent(1).await;
    let other = Platform::start().await;
    other.khoros.give_tokens_to(USER, PASSWORD);
    let mut login = scene.login(PASSWORD);
    login["url"] = json!(other.url);
    login["care_url"] = json!(other.url);
    assert_eq!(ask(&scene.host, &scene.key, "PUT", PATH, login).await.0, 200);
    scene.say(2).await;
    scene.sent(2).await;
    // Tokens of both are named alike; what tells them apart is that the other was asked for one.
    let asked: Vec<_> = other.asked().into_iter().map(|call| call.line).collect();
    assert_eq!((asked, other.calls().len()), (vec![CREATE.to_owned()], 1));
    assert_eq!(ask(&scene.host, &scene.key, "DELETE", PATH, Value::Null).await.0, 204);
    assert_eq!(scene.host.count("SELECT count(*) FROM gateway_tokens"), 0);
}

#[tokio::test]
async fn a_login_is_guarded_and_complete() {
    let scene = Scene::new().await;
    let with = |name: &str, value: Value| {
        let mut login = scene.login(PASSWORD);
        login[name] = value;
        login
    };
    for (body, words) in [
        (with("care_url", json!("http://127.0.0.1:9")), "`care_url`: what a tenant sets is reached over https"),
        (with("care_url", json!("https://169.254.169.254")), "a link-local address"),
        (with("password", json!("short77")), "a password of 8 to 1024 bytes"),
        (with("user", json!("a:b")), "without a colon"),
        (with("token", json!("eight888")), "either `token`, or"),
        (with("user", Value::Null), "either `token`, or"),
        (json!({"url": "https://api.example.com"}), "either `token`, or"),
    ] {
        let (status, refused) = ask(&scene.host, &scene.key, "PUT", PATH, body).await;
        assert_eq!((status, refused["detail"].as_str().unwrap().contains(words)), (422, true), "{words}: {refused}");
        assert!(!refused.to_string().contains(PASSWORD), "{refused}");
    }
}

#[test]
fn settings_with_half_a_login_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bothost.toml");
    for (lines, words) in [
        ("", "needs either a token, or care_url, user and password"),
        ("token = 'eight888'\ncare_url = 'https://care.example.com'", "needs either a token"),
        ("care_url = 'https://care.example.com'\nuser = 'kim'", "needs either a token"),
        ("care_url = 'care.example.com'\nuser = 'kim'\npassword = 'hush-hush'", "must be an http or https URL"),
        ("care_url = 'https://care.example.com'\nuser = 'kim'\npassword = 'hush'", "a password of 8 to 1024 bytes"),
    ] {
        std::fs::write(&file, format!("[tenants.acme.gateways.khoros]\nurl = 'https://example.com'\n{lines}\n"))
            .unwrap();
        let overrides = Overrides { file: Some(file.clone()), ..Overrides::default() };
        let said = Settings::load(&overrides, []).unwrap_err().to_string();
        assert!(said.contains(words) && !said.contains("'hush"), "{lines}: {said}");
    }
}

#[tokio::test]
async fn the_settings_may_have_a_login() {
    let platform = Platform::start().await;
    platform.khoros.give_tokens_to(USER, PASSWORD);
    let at = |what: &str| format!("TENANTS__ACME__GATEWAYS__KHOROS__{what}");
    let builder = quick(&platform).set(&at("URL"), &platform.url).set(&at("CARE_URL"), &platform.url);
    let host = builder.set(&at("USER"), USER).set(&at("PASSWORD"), PASSWORD).start();
    let key = host.tenant_key(&client(), "acme", &["manage"]).await;
    let (_, page) = ask(&host, &key, "GET", "/v1/gateways", Value::Null).await;
    let shown = &page["items"][0];
    assert_eq!((&shown["source"], &shown["password_set"]), (&json!("settings"), &json!(true)), "{page}");
    assert!(!page.to_string().contains(PASSWORD), "{page}");
}
