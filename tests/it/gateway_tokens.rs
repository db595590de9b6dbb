//! Gateway tokens that are too short to be told from other text: refused wherever one is set.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::host::Host;
use crate::support::stage::client;

#[tokio::test]
async fn a_short_token_is_not_set_over_the_api() {
    let host = Host::builder().start();
    let key = host.tenant(&client(), "acme", &["manage"]).await;
    for (token, taken) in [("", false), ("a", false), ("seven77", false), ("eight888", true)] {
        let body = json!({"url": "https://api.example.com", "token": token});
        let put = host.request_as(&key, &client(), "PUT", "/v1/gateways/khoros").json(&body).send().await.unwrap();
        let (status, answer) = (put.status().as_u16(), put.json::<Value>().await.unwrap());
        if taken {
            assert_eq!(status, 200, "{answer}");
            continue;
        }
        assert_eq!((status, &answer["type"]), (422, &json!("urn:bothost:problem:gateway")), "{token:?}: {answer}");
        let words = answer["detail"].as_str().unwrap();
        assert!(words.contains("`token` has 8 to 8192 visible ASCII characters"), "{answer}");
        assert!(words.contains("could not be told from other text"), "{answer}");
    }
}

#[test]
fn a_short_token_in_the_settings_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (data, toml) = (dir.path().join("data"), dir.path().join("bothost.toml"));
    for token in ["", "hush", "seven77"] {
        let gateway = format!("[tenants.acme.gateways.khoros]\nurl = \"https://example.com\"\ntoken = \"{token}\"\n");
        std::fs::write(&toml, gateway).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bothost"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).arg("--config").arg(&toml);
        // Were it to start, its output would be closed and the test would end it.
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        if !line.is_empty() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((line.as_str(), output.status.code()), ("", Some(64)), "{token:?}: {said}");
        assert!(said.contains("tenants.acme.gateways.khoros.token"), "{said}");
        assert!(said.contains("has 8 to 8192 visible ASCII characters"), "{said}");
        assert!(token.is_empty() || !said.contains(token), "{said}");
    }
    assert!(!data.exists(), "nothing was written");
}
