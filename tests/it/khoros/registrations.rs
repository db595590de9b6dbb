//! The registrations API (seed 000; platforms.md A4).

use bothost::domain::bot::{Encoding, Mode, Scheme};
use bothost::platform::Platform;
use bothost::platform::khoros::Khoros;
use http::Method;
use serde_json::{Value, json};

use super::support::{MemoryHost, NOW_MS};

/// The seed's own payload, with the values that its placeholders stand for.
fn payload() -> Value {
    json!({
        "platform": "LITHIUM", "companyKey": "acme", "networkKey": "apple",
        "externalId": "117101b2-e66a-11e7-86ec-b1a405106b73", "appId": "my-abc-bot",
        "name": "My Apple Business Chat Bot", "callbackUrl": "module:greeter", "mode": "LIVE",
        "credentials": {"type": "BASIC_AUTH", "identity": "user", "secret": "s3cr3t"},
        "contact": {"email": "ops@example.com"}, "avatarUrl": "",
    })
}

fn with(pointer: &str, value: Value) -> Value {
    set(payload(), pointer, value)
}

fn set(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

const ONE: &str = "registrations/network/apple/externalId/117101b2-e66a-11e7-86ec-b1a405106b73/appId/my-abc-bot";

async fn violations(body: &Value) -> Vec<String> {
    let host = MemoryHost::default();
    let answer = host.call(Method::POST, "registrations", body).await;
    if answer.status.as_u16() == 202 {
        return Vec::new();
    }
    assert_eq!(answer.status.as_u16(), 422);
    assert!(host.bots.lock().unwrap().is_empty());
    let body: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
    body["errors"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

async fn get(host: &MemoryHost, path: &str) -> (u16, Value) {
    let answer = host.call(Method::GET, path, &Value::Null).await;
    (answer.status.as_u16(), serde_json::from_str(&answer.body.unwrap()).unwrap())
}

/// Conformance 1, 3-10, 12, 41, 53.
#[tokio::test]
async fn the_seeds_payload_registers_and_comes_back_as_the_stored_record() {
    let host = MemoryHost::default();
    let answer = host.call(Method::POST, "registrations", &payload()).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, None));
    let bot = host.bots.lock().unwrap()[0].clone();
    assert_eq!((bot.target.module().unwrap().as_str(), bot.mode, bot.config.as_str()), ("greeter", Mode::Live, "{}"));
    assert_eq!(bot.credentials.scheme, Scheme::Basic);
    assert!(!bot.registration.contains("s3cr3t"));
    let (status, body) = get(&host, ONE).await;
    assert_eq!(status, 200);
    // The secret is stored sealed and shown as a mask: neither it nor what it is sealed as leaves the host.
    assert!(!body.to_string().contains("s3cr3t"));
    let mut record = body["data"].clone();
    let credentials = inner(&record, "credentials");
    assert_eq!(credentials, json!({"type": "BASIC_AUTH", "identity": "user", "secret": "********", "secretIV": ""}));
    assert_eq!(inner(&record, "contact"), json!({"email": "ops@example.com"}));
    // What is left is compared as a whole: nothing is missing, and nothing else is shown.
    for text in ["credentials", "contact"] {
        record.as_object_mut().unwrap().remove(text);
    }
    let expected = json!({
        "hashKey": "hash-1", "appId": "my-abc-bot", "autoResponse": 0, "avatarS3Key": "", "avatarUrl": "",
        "callbackUrl": "module:greeter", "companyKey": "acme", "createdTS": NOW_MS, "createdEpochMillis": NOW_MS,
        "externalId": "117101b2-e66a-11e7-86ec-b1a405106b73", "internalBot": 0, "lastUpdatedTS": NOW_MS,
        "lastUpdatedEpochMillis": NOW_MS, "maintenanceMode": 0, "mode": "LIVE", "name": "My Apple Business Chat Bot",
        "networkInstance": "", "networkKey": "apple", "platform": "LITHIUM", "version": 2,
    });
    assert_eq!(record, expected);
}

/// Conformance 1, 5, 6, 7: one payload registers and edits, a record that was read included. Its secret is a mask, and is said to be one.
#[tokio::test]
async fn a_record_that_was_read_is_changed_and_sent_back() {
    for credentials in [
        json!({"type": "BASIC_AUTH", "identity": "user", "secret": "s3cr3t"}),
        json!({"type": "HMAC", "secret": "s3cr3t", "signature": {"profile": "body-sha256", "encoding": "base64"}}),
    ] {
        let host = MemoryHost::default();
        let first = set(with("/credentials", credentials), "/metadata", json!({"greeting": "hi"}));
        assert_eq!(host.call(Method::POST, "registrations", &first).await.status.as_u16(), 202);
        let before = host.bots.lock().unwrap()[0].clone();
        let (_, body) = get(&host, ONE).await;
        let read = body["data"].clone();
        let masked = host.call(Method::PUT, "registrations", &read).await;
        let refusal = "credentials.secret is what reads show in its place; send the secret itself";
        assert_eq!((masked.status.as_u16(), masked.body), (422, Some(json!({"errors": [refusal]}).to_string())));
        let with_secret = read["credentials"].as_str().unwrap().replace("********", "s3cr3t");
        let back = set(set(read, "/credentials", json!(with_secret)), "/name", json!("Another name"));
        assert_eq!(host.call(Method::PUT, "registrations", &back).await.status.as_u16(), 202);
        let after = host.bots.lock().unwrap()[0].clone();
        assert_eq!(after.registration, before.registration.replace("My Apple Business Chat Bot", "Another name"));
        assert_eq!(after.credentials.scheme, before.credentials.scheme);
        assert_eq!(after.credentials.secret.reveal(), "s3cr3t");
        assert_eq!((&after.id, &after.config), (&before.id, &before.config));
    }
}

/// A field that is JSON in a string.
fn inner(record: &Value, field: &str) -> Value {
    serde_json::from_str(record[field].as_str().unwrap()).unwrap()
}

/// Conformance 2: what is not ready yet is registered in MAINTENANCE, and becomes LIVE by its path.
#[tokio::test]
async fn a_bot_is_registered_early() {
    let host = MemoryHost::default();
    let early = set(with("/mode", json!("MAINTENANCE")), "/callbackUrl", json!("module:not-written-yet"));
    assert_eq!(host.call(Method::POST, "registrations", &early).await.status.as_u16(), 202);
    let (_, body) = get(&host, ONE).await;
    assert_eq!((&body["data"]["mode"], &body["data"]["maintenanceMode"]), (&json!("MAINTENANCE"), &json!(1)));
    assert_eq!(host.call(Method::PUT, &format!("{ONE}/mode/live"), &Value::Null).await.status.as_u16(), 202);
    assert_eq!(host.bots.lock().unwrap()[0].mode, Mode::Live);
}

/// Conformance 1.
#[tokio::test]
async fn registering_again_replaces_and_keeps_the_hash_key() {
    for method in [Method::POST, Method::PUT] {
        let host = MemoryHost::default();
        host.call(Method::POST, "registrations", &payload()).await;
        let changed = with("/callbackUrl", json!("module:other@3"));
        assert_eq!(host.call(method, "registrations", &changed).await.status.as_u16(), 202);
        let bots = host.bots.lock().unwrap();
        assert_eq!((bots.len(), bots[0].id.as_str(), bots[0].target.version()), (1, "hash-1", Some(3)));
    }
}

/// Conformance 16, 18, 31, 32, 36, 37, 39, 40, 51, 65.
#[tokio::test]
async fn every_violation_is_reported_at_once() {
    let all = violations(&json!({})).await;
    assert_eq!(
        all,
        [
            "companyKey may not be empty",
            "networkKey may not be empty",
            "externalId may not be empty",
            "appId may not be empty",
            "name may not be empty",
            "callbackUrl may not be empty",
            "mode may not be empty",
            "credentials may not be null",
            "contact may not be null",
        ]
    );
    let host = MemoryHost::default();
    for body in [json!([]), json!("x")] {
        assert_eq!(host.call(Method::POST, "registrations", &body).await.status.as_u16(), 422);
    }
    assert_eq!(host.call(Method::POST, "registrations", &Value::Null).await.status.as_u16(), 422);
}

/// Conformance 14, 29, 30, 56, 57, 62, 63, 66.
#[tokio::test]
async fn each_rule_has_its_violation() {
    let hmac = |signature: Value| json!({"type": "HMAC", "secret": "x", "signature": signature});
    for (pointer, value, start) in [
        ("/companyKey", json!(""), "companyKey may not be empty"),
        ("/companyKey", json!(7), "companyKey must be a string"),
        ("/name", json!("n".repeat(3000)), "name may not be longer"),
        ("/platform", json!("KHOROS"), "platform must be one of"),
        ("/platform", json!("EXTERNAL"), "platform EXTERNAL is for facebook and twitter"),
        ("/networkKey", json!("smooch"), "networkKey must be one of"),
        ("/networkKey", json!("lia"), "networkInstance may not be empty"),
        ("/networkInstance", json!("https://community.example.com"), "networkInstance must be a URL that ends"),
        ("/mode", json!("live"), "mode must be one of"),
        ("/callbackUrl", json!("http://bot.example.com/hook"), "callbackUrl: what a tenant sets is reached over https"),
        ("/callbackUrl", json!("ftp://bot.example.com/hook"), "callbackUrl must be an https URL"),
        ("/networkInstance", json!("community.example.com/"), "networkInstance must be a URL that ends"),
        ("/networkInstance", json!("ftp://community.example.com/"), "networkInstance must be a URL that ends"),
        ("/networkInstance", json!(7), "networkInstance must be a string"),
        ("/callbackUrl", json!("module:"), "callbackUrl: a module's name"),
        ("/callbackUrl", json!("module:Greeter"), "callbackUrl: a module's name"),
        ("/callbackUrl", json!("module:greeter@new"), "callbackUrl: a version"),
        ("/credentials", json!("x"), "credentials must be an object"),
        ("/credentials", json!("[]"), "credentials must be an object"),
        ("/credentials", json!(r#"{"type":"OAUTH","secret":"x"}"#), "credentials.type must be one of"),
        ("/contact", json!(r#"{"email":"nobody"}"#), "contact.email is no e-mail address"),
        ("/credentials/type", json!("OAUTH"), "credentials.type must be one of"),
        ("/credentials/type", Value::Null, "credentials.type may not be empty"),
        ("/credentials/secret", json!(""), "credentials.secret may not be empty"),
        ("/credentials/secret", json!("********"), "credentials.secret is what reads show"),
        ("/credentials/identity", Value::Null, "credentials.identity may not be empty"),
        ("/credentials/identity", json!("a:b"), "credentials.identity may not contain a colon"),
        ("/credentials/signature", json!({"profile": "standard-webhooks"}), "credentials.signature goes with"),
        ("/credentials", json!({"type": "HMAC", "identity": "k"}), "credentials.secret may not be empty"),
        ("/credentials", json!({"type": "HMAC", "secret": "whsec_%"}), "credentials.secret begins with whsec_"),
        ("/credentials", json!({"type": "HMAC", "secret": "whsec_"}), "credentials.secret begins with whsec_"),
        ("/credentials", hmac(json!("x")), "credentials.signature must be an object"),
        ("/credentials", hmac(json!({})), "credentials.signature.profile may not be empty"),
        ("/credentials", hmac(json!({"profile": "khoros"})), "credentials.signature.profile must be one of"),
        (
            "/credentials",
            hmac(json!({"profile": "standard-webhooks", "header": "x"})),
            "credentials.signature.header is not",
        ),
        (
            "/credentials",
            hmac(json!({"profile": "body-sha256", "header": "a b"})),
            "credentials.signature.header is no",
        ),
        (
            "/credentials",
            hmac(json!({"profile": "body-sha256", "encoding": "raw"})),
            "credentials.signature.encoding must",
        ),
        ("/publicFilter", json!([]), "publicFilter must be an object"),
        ("/publicFilter", json!({"includeTargeted": "yes"}), "publicFilter.includeTargeted"),
        ("/publicFilter", json!({"includeSourceTagIds": ["999"]}), "publicFilter.includeSourceTagIds"),
        ("/publicFilter", json!({"includeSourceTagIds": vec![1; 1001]}), "publicFilter.includeSourceTagIds"),
        ("/contact", json!({}), "contact.email may not be empty"),
        ("/contact", json!({"email": "nobody"}), "contact.email is no e-mail address"),
        ("/avatarUrl", json!("picture.png"), "avatarUrl must be"),
        ("/metadata", json!({"a": {"b": 1}}), "metadata must be"),
        ("/metadata", json!("{}"), "metadata must be"),
        ("/metadata", json!({"a": "x".repeat(17_000)}), "metadata may not be larger"),
    ] {
        let found = violations(&with(pointer, value.clone())).await;
        assert!(found.len() == 1 && found[0].starts_with(start), "{pointer} {value}: {found:?}");
    }
}

/// Conformance 11, 13, 19-28, 59, 67.
#[tokio::test]
async fn what_the_documents_allow_is_accepted() {
    for network in
        ["apple", "facebook", "googlemessages", "sms", "twitter", "wechat", "whatsapp", "brandmessenger", "instagram"]
    {
        assert_eq!(violations(&with("/networkKey", json!(network))).await, Vec::<String>::new());
    }
    let lia = set(with("/networkKey", json!("lia")), "/networkInstance", json!("https://community.example.com/"));
    let external = set(with("/networkKey", json!("twitter")), "/platform", json!("EXTERNAL"));
    let filter = json!({"includeTargeted": true, "includeSourceTagIds": [999, 1002]});
    for body in [
        lia,
        external,
        with("/platform", Value::Null),
        with("/publicFilter", filter),
        with("/publicFilter", Value::Null),
        with("/avatarUrl", Value::Null),
        with("/avatarUrl", json!("https://pics.example.com/a.png")),
        with("/hashKey", json!("mine")),
        with("/credentials", json!({"type": "HMAC", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})),
    ] {
        assert_eq!(violations(&body).await, Vec::<String>::new(), "{body}");
    }
}

/// Conformance 13, 14, 15: of each network LITHIUM, which is said by default too; EXTERNAL of those that a bot is connected to directly.
/// The legacy flow is that of all others: the same calls register, read, change and remove.
#[tokio::test]
async fn external_is_for_two_networks_and_registers_as_lithium_does() {
    for network in [
        "apple",
        "facebook",
        "googlemessages",
        "sms",
        "twitter",
        "wechat",
        "whatsapp",
        "brandmessenger",
        "instagram",
        "lia",
    ] {
        let instance = set(payload(), "/networkInstance", json!("https://community.example.com/"));
        let lithium = set(instance, "/networkKey", json!(network));
        assert_eq!(violations(&lithium).await, Vec::<String>::new(), "{network}");
        let external = set(lithium, "/platform", json!("EXTERNAL"));
        if !["facebook", "twitter"].contains(&network) {
            let refusal = "platform EXTERNAL is for facebook and twitter only; use LITHIUM";
            assert_eq!(violations(&external).await, [refusal], "{network}");
            continue;
        }
        let host = MemoryHost::default();
        let path = ONE.replace("apple", network);
        assert_eq!(host.call(Method::POST, "registrations", &external).await.status.as_u16(), 202);
        let (_, body) = get(&host, &path).await;
        assert_eq!((&body["data"]["platform"], &body["data"]["networkKey"]), (&json!("EXTERNAL"), &json!(network)));
        assert_eq!(host.call(Method::PUT, "registrations", &external).await.status.as_u16(), 202);
        let mode = format!("{path}/mode/maintenance");
        assert_eq!(host.call(Method::PUT, &mode, &Value::Null).await.status.as_u16(), 202);
        assert_eq!(host.bots.lock().unwrap()[0].mode, Mode::Maintenance);
        assert_eq!(host.call(Method::DELETE, &path, &Value::Null).await.status.as_u16(), 204);
        assert!(host.bots.lock().unwrap().is_empty());
    }
}

/// Conformance 33, 34.
#[tokio::test]
async fn one_app_is_registered_on_several_networks() {
    let host = MemoryHost::default();
    for network in ["apple", "sms", "whatsapp"] {
        let body = set(with("/networkKey", json!(network)), "/appId", json!("any text of mine: 1/2"));
        assert_eq!(host.call(Method::PUT, "registrations", &body).await.status.as_u16(), 202);
    }
    let bots = host.bots.lock().unwrap();
    assert!(
        bots.len() == 3 && bots.iter().all(|bot| bot.platform_id == "any text of mine: 1/2" && bot.mode == Mode::Live)
    );
}

/// With the Facebook Handover Protocol neither is used, and both have to be there, in a form that is read.
/// Conformance 11, 38, 58.
#[tokio::test]
async fn a_dummy_callback_and_dummy_credentials_will_do() {
    let dummy = set(with("/networkKey", json!("facebook")), "/platform", json!("EXTERNAL"));
    let dummy = set(dummy, "/callbackUrl", json!("module:dummy"));
    let dummy = set(dummy, "/credentials", json!({"type": "BASIC_AUTH", "identity": "dummy", "secret": "dummy"}));
    assert_eq!(violations(&dummy).await, Vec::<String>::new());
    assert_eq!(violations(&set(dummy.clone(), "/callbackUrl", Value::Null)).await, ["callbackUrl may not be empty"]);
    assert_eq!(violations(&set(dummy, "/credentials", Value::Null)).await, ["credentials may not be null"]);
}

/// Conformance 66.
#[tokio::test]
async fn of_the_contact_the_address_is_kept() {
    let host = MemoryHost::default();
    let contact = json!({"email": "ops@example.com", "phone": "555"});
    host.call(Method::POST, "registrations", &with("/contact", contact)).await;
    let (_, body) = get(&host, ONE).await;
    assert_eq!(body["data"]["contact"], r#"{"email":"ops@example.com"}"#);
}

/// Conformance 52, 54.
#[tokio::test]
async fn hmac_has_a_profile_and_metadata_is_the_configuration() {
    for (signature, scheme) in [
        (Value::Null, Scheme::StandardWebhooks),
        (json!({"profile": "standard-webhooks"}), Scheme::StandardWebhooks),
        (
            json!({"profile": "body-sha256"}),
            Scheme::BodySha256 { header: "X-Hub-Signature-256".to_owned(), encoding: Encoding::Hex },
        ),
        (
            json!({"profile": "body-sha256", "header": "X-Sig", "encoding": "base64"}),
            Scheme::BodySha256 { header: "X-Sig".to_owned(), encoding: Encoding::Base64 },
        ),
    ] {
        let host = MemoryHost::default();
        // A name for the key, not the key (platforms.md A0).
        let credentials = json!({"type": "HMAC", "identity": "key-1", "secret": "k3y", "signature": signature});
        let body = set(with("/credentials", credentials), "/metadata", json!({"greeting": "hi", "n": 1}));
        assert_eq!(host.call(Method::POST, "registrations", &body).await.status.as_u16(), 202);
        let bot = host.bots.lock().unwrap()[0].clone();
        assert_eq!((bot.credentials.scheme.clone(), bot.config.as_str()), (scheme, r#"{"greeting":"hi","n":1}"#));
        assert_eq!(bot.credentials.identity, "key-1");
        let (_, body) = get(&host, ONE).await;
        assert!(!body.to_string().contains("k3y"));
        assert_eq!(body["data"]["metadata"], json!({"greeting": "hi", "n": 1}));
    }
}

/// Conformance 43, 45.
#[tokio::test]
async fn one_bot_is_live_on_a_channel_and_ten_listen() {
    let host = MemoryHost::default();
    let second = |mode: &str, app: &str| set(with("/appId", json!(app)), "/mode", json!(mode));
    assert_eq!(host.call(Method::POST, "registrations", &payload()).await.status.as_u16(), 202);
    let answer = host.call(Method::POST, "registrations", &second("LIVE", "b")).await;
    assert!(answer.body.unwrap().contains("mode LIVE is taken by my-abc-bot"));
    for at in 0..9 {
        let answer = host.call(Method::POST, "registrations", &second("MONITORING", &format!("m{at}"))).await;
        assert_eq!(answer.status.as_u16(), 202);
    }
    assert_eq!(host.call(Method::POST, "registrations", &second("MONITORING", "m9")).await.status.as_u16(), 422);
    assert_eq!(host.call(Method::POST, "registrations", &second("MAINTENANCE", "m9")).await.status.as_u16(), 202);
    // Nor is a place taken by the mode alone: what was registered in MAINTENANCE stays in it.
    for (mode, words) in
        [("LIVE", "mode LIVE is taken by my-abc-bot"), ("MONITORING", "LIVE or MONITORING, no more are allowed")]
    {
        let path = format!("{}/mode/{mode}", ONE.replace("my-abc-bot", "m9"));
        let answer = host.call(Method::PUT, &path, &Value::Null).await;
        assert_eq!(answer.status.as_u16(), 400, "{mode}");
        let body: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
        let text = body["error"]["messages"][0].as_str().unwrap();
        assert!(text.contains(words), "{text}");
    }
    let stayed =
        host.bots.lock().unwrap().iter().filter(|bot| bot.platform_id == "m9").all(|bot| bot.mode == Mode::Maintenance);
    assert!(stayed);
    assert_eq!(host.call(Method::POST, "registrations", &payload()).await.status.as_u16(), 202);
    // Another tenant's channel of the same name is another channel.
    assert_eq!(host.call_as("other", Method::POST, "registrations", &payload()).await.status.as_u16(), 202);
    assert_eq!(host.bots.lock().unwrap().iter().filter(|bot| bot.mode == Mode::Live).count(), 2);
}

/// Conformance 41, 42.
#[tokio::test]
async fn the_mode_changes_by_path() {
    let host = MemoryHost::default();
    host.call(Method::POST, "registrations", &payload()).await;
    let put = |path: String| {
        let host = &host;
        async move {
            let answer = host.call(Method::PUT, &path, &Value::Null).await;
            (answer.status.as_u16(), answer.body.unwrap_or_default())
        }
    };
    assert_eq!(put(format!("{ONE}/mode/maintenance")).await, (202, String::new()));
    let (_, body) = get(&host, ONE).await;
    assert_eq!((&body["data"]["mode"], &body["data"]["maintenanceMode"]), (&json!("MAINTENANCE"), &json!(1)));
    assert_eq!(host.bots.lock().unwrap()[0].mode, Mode::Maintenance);
    assert_eq!(put(format!("{ONE}/mode/LIVE")).await.0, 202);
    assert_eq!(host.bots.lock().unwrap()[0].mode, Mode::Live);
    let invalid = put(format!("{ONE}/mode/liev")).await;
    assert_eq!(invalid, (400, r#"{"error":{"messages":["Invalid mode: liev"]}}"#.to_owned()));
    let unknown = put("registrations/network/sms/externalId/x/appId/y/mode/live".to_owned()).await;
    let words = "No such bot y network sms external id x";
    assert_eq!(unknown, (404, json!({"error": {"messages": [words]}}).to_string()));
}

#[tokio::test]
async fn registrations_are_listed_found_and_removed_by_their_tenant_only() {
    let host = MemoryHost::default();
    let odd = set(with("/externalId", json!("a/b ü")), "/mode", json!("MONITORING"));
    host.call(Method::POST, "registrations", &payload()).await;
    host.call(Method::POST, "registrations", &odd).await;
    let (_, all) = get(&host, "registrations").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    assert!(all["requestId"].as_str().unwrap().len() == 32);
    let (status, found) = get(&host, "registrations/network/apple/externalId/a%2Fb%20%C3%BC").await;
    assert_eq!((status, &found["data"][0]["externalId"]), (200, &json!("a/b ü")));
    let (status, none) = get(&host, "registrations/network/sms/externalId/x").await;
    assert_eq!((status, &none["error"]["message"]), (404, &json!("No bot registration found")));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(host.call_as("other", method, ONE, &Value::Null).await.status.as_u16(), 404);
    }
    let answer = host.call(Method::DELETE, ONE, &Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.body), (204, None));
    assert_eq!(host.call(Method::DELETE, ONE, &Value::Null).await.status.as_u16(), 404);
    assert_eq!(host.bots.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn other_paths_and_methods_and_a_host_in_trouble() {
    let host = MemoryHost::default();
    for path in
        ["", "registration", "registrations/", "registrations/network/x", "registrations/network/%FF/externalId/x"]
    {
        let status = host.call(Method::GET, path, &Value::Null).await.status.as_u16();
        assert!(status == 404 || (path.contains("%FF") && status == 400), "{path}: {status}");
    }
    for (method, path) in
        [(Method::DELETE, "registrations"), (Method::POST, ONE), (Method::GET, &format!("{ONE}/mode/LIVE"))]
    {
        assert_eq!(host.call(method, path, &Value::Null).await.status.as_u16(), 405, "{path}");
    }
    let broken = MemoryHost { broken: true, ..MemoryHost::default() };
    for (method, path, words) in [
        (Method::GET, "registrations", "cannot be read now"),
        (Method::POST, "registrations", "Unable to save registration"),
        (Method::DELETE, ONE, r#"{"errors":["Unable to delete registration"]}"#),
    ] {
        let answer = broken.call(method, path, &payload()).await;
        let body = answer.body.unwrap();
        assert_eq!(answer.status.as_u16(), 500);
        assert!(body.contains(words) && !body.contains("/srv"), "{body}");
    }
    let unauthorized = Khoros.api_unauthorized("/bots/v3", true);
    assert_eq!(unauthorized.status.as_u16(), 401);
    assert!(unauthorized.body.unwrap().starts_with(r#"{"error":{"message":"Unauthorized","requestId":""#));
}
