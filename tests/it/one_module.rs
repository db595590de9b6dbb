//! One module, three platforms: the same conversation with the concierge, from webhooks to what each platform's customers see.

use std::collections::BTreeMap;

use axum::Router;
use bothost::simulator::customer::{self, Happening, Place};
use bothost::simulator::deadsimplechat::{DeadSimpleChat, SimulatedDeadSimpleChat};
use bothost::simulator::khoros::{SimulatedKhoros, sign};
use bothost::simulator::livechat::{LiveChat, SimulatedLiveChat};
use bothost::simulator::{Received, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::guests;
use crate::support::host::{Host, SECRET, TOKEN, registration};
use crate::support::platform::eventually;
use crate::support::stage::{client, now_s};

const TRANSCRIPT: &str = include_str!("../fixtures/transcripts/concierge.txt");

/// The bot's own id wherever the platform leaves it to whoever registers it.
const BOT: &str = "5c9871d5372c824cbf22d860a707a578";

/// Always open, so that the time of the test does not matter.
fn config() -> Value {
    json!({"house": "Villa", "hours": "mon-sun 00:00-24:00"})
}

/// What a customer does, and what is seen on each platform.
struct Exchange {
    does: Happening,
    seen: BTreeMap<&'static str, Vec<String>>,
}

const PLATFORMS: [&str; 3] = ["khoros", "livechat", "deadsimplechat"];

fn transcript() -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in TRANSCRIPT.lines().filter(|line| !line.starts_with('#')) {
        if let Some(does) = line.strip_prefix("> ") {
            exchanges.push(Exchange { does: happening(does), seen: BTreeMap::new() });
            continue;
        }
        let said = line.strip_prefix("< ").unwrap_or_else(|| panic!("{line:?} is neither > nor <"));
        let own = PLATFORMS.into_iter().find(|platform| said.starts_with(&format!("{platform}: ")));
        let said = own.map_or(said, |platform| &said[platform.len() + 2..]);
        for platform in PLATFORMS.into_iter().filter(|platform| own.is_none_or(|own| own == *platform)) {
            exchanges.last_mut().unwrap().seen.entry(platform).or_default().push(said.to_owned());
        }
    }
    exchanges
}

fn happening(does: &str) -> Happening {
    let (word, rest) = does.split_once(' ').unwrap();
    let button = |is_reply| {
        let (payload, text) = rest.split_once(' ').unwrap();
        Happening::Presses { payload: payload.to_owned(), text: text.to_owned(), is_reply }
    };
    match word {
        "say" => Happening::Says(rest.to_owned()),
        "press" => button(false),
        "reply" => button(true),
        other => panic!("nobody can {other}"),
    }
}

/// What a customer sees of a call: a text with slashes for line ends, and the buttons in brackets. Nothing of what agents get.
fn seen(platform: &str, call: &Received) -> Option<String> {
    assert!(call.status.is_some_and(|status| status.is_success()), "{platform} refused {call:?}");
    let texts = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    let body = &call.body;
    let (text, buttons) = match platform {
        "khoros" => {
            let is_message = call.path.ends_with("/respond") && body["type"] == "message";
            is_message.then(|| (body["text"].clone(), texts(&body["actions"], "text")))?
        }
        "livechat" => {
            let event = &body["payload"]["event"];
            let public = call.path.ends_with("/send_event") && event["recipients"] != "agents";
            public.then(|| match event["type"].as_str() {
                Some("message") => (event["text"].clone(), Vec::new()),
                Some("rich_message") => {
                    let element = &event["elements"][0];
                    (element["title"].clone(), texts(&element["buttons"], "text"))
                }
                other => panic!("{other:?}: {body}"),
            })?
        }
        _ => (body["message"].clone(), texts(&body["actionButtons"], "displayText")),
    };
    let buttons: String = buttons.iter().map(|text| format!(" [{text}]")).collect();
    let text = text.as_str().unwrap_or_default().replace('\n', "/");
    Some(format!("{text}{buttons}").trim().to_owned())
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Where a platform's webhooks go, and what proves them in their bodies.
struct Hook {
    path: String,
    bot: String,
    secret: String,
}

async fn registered(host: &Host, platform: &str) -> Hook {
    let client = client();
    let post = |path: &str, body: Value| client.post(format!("{}{path}", host.url)).bearer_auth(&host.key).json(&body);
    match platform {
        "khoros" => {
            let mut registration = registration("whatsapp", "house", BOT, "concierge");
            registration["metadata"] = config();
            let path = host.register(&client, &registration).await;
            Hook { path, bot: BOT.to_owned(), secret: String::new() }
        }
        "livechat" => {
            let actions = ["incoming_chat_thread", "incoming_event", "incoming_rich_message_postback", "thread_closed"];
            let actions: Vec<Value> = actions.iter().map(|name| json!({ "name": name })).collect();
            let webhooks = json!({"url": "module:concierge", "secret_key": "s3cr3t", "actions": actions});
            let payload = json!({"name": "C", "status": "accepting chats", "webhooks": webhooks, "metadata": config()});
            let call = post("/v3.0/configuration/action/create_bot_agent", json!({ "payload": payload }));
            let answer: Value = call.send().await.unwrap().json().await.unwrap();
            let bot = answer["bot_agent_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
            Hook { path: format!("/hooks/livechat/default/{bot}"), bot, secret: "s3cr3t".to_owned() }
        }
        _ => {
            let bot = json!({"name": "C", "webhookURL": "module:concierge", "metadata": config().to_string()});
            let answer: Value = post("/consumer/api/v2/bot", bot).send().await.unwrap().json().await.unwrap();
            let text = |name: &str| answer["bot"][name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
            Hook { path: text("hook"), bot: text("_id"), secret: String::new() }
        }
    }
}

/// Conformance 213: on each platform the bot communicates in chats, by the same module.
#[tokio::test]
async fn the_same_conversation_on_three_platforms() {
    let settings = || Settings::new(TOKEN);
    let khoros = SimulatedKhoros::new(settings());
    let livechat = SimulatedLiveChat::new(settings(), LiveChat::default());
    let deadsimplechat = SimulatedDeadSimpleChat::new(settings(), DeadSimpleChat);
    let mut builder = Host::builder().gateway(serve(khoros.router()).await);
    for (name, router) in [("LIVECHAT", livechat.router()), ("DEADSIMPLECHAT", deadsimplechat.router())] {
        let at = |what: &str| format!("TENANTS__DEFAULT__GATEWAYS__{name}__{what}");
        builder = builder.set(&at("URL"), serve(router).await).set(&at("TOKEN"), TOKEN);
    }
    let host = builder.start();
    host.push(&client(), "concierge", std::fs::read(guests::concierge()).unwrap()).await;
    let received = |platform: &str| match platform {
        "khoros" => khoros.received(),
        "livechat" => livechat.received(),
        _ => deadsimplechat.received(),
    };
    for platform in PLATFORMS {
        let hook = registered(&host, platform).await;
        let place = Place {
            network: if platform == "khoros" { "whatsapp".to_owned() } else { platform.to_owned() },
            channel: "house".to_owned(),
            bot: hook.bot.clone(),
            secret: hook.secret.clone(),
            customer: "f3a1c0de-0001".to_owned(),
            name: "Jo Quill".to_owned(),
        };
        for (number, exchange) in (1..).zip(transcript()) {
            let before = received(platform).len();
            let webhook = customer::of(platform).unwrap().webhook(&place, &exchange.does, number, now_s() * 1000);
            let body = webhook.unwrap().to_string();
            let headers = match platform {
                "khoros" => sign::sign_standard_webhooks(SECRET, &format!("id-{number}"), now_s(), body.as_bytes()),
                _ => Default::default(),
            };
            let sent = client().post(format!("{}{}", host.url, hook.path)).headers(headers).body(body).send().await;
            let answer = sent.unwrap();
            assert!(answer.status().is_success(), "{platform}: {}", answer.text().await.unwrap());
            let open = "SELECT (SELECT count(*) FROM events WHERE status = 0) + \
                        (SELECT count(*) FROM deliveries WHERE status < 2)";
            eventually("the turn and what came of it", || (host.count(open) == 0).then_some(())).await;
            let shown: Vec<String> =
                received(platform)[before..].iter().filter_map(|call| seen(platform, call)).collect();
            let expected = exchange.seen.get(platform).cloned().unwrap_or_default();
            assert_eq!(shown, expected, "{platform}, exchange {number}: {:?}", exchange.does);
        }
    }
    assert_eq!(host.count("SELECT count(*) FROM turns WHERE cause IS NOT NULL"), 0);
    assert_eq!(host.count("SELECT count(*) FROM deliveries WHERE status <> 2"), 0);
}
