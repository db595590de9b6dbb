//! The whole way on each platform, webhook to the platform's yes, in CPU time of the host's process: the same bot, the same texts,
//! events of the same size.

use std::time::Duration;

use bothost::simulator::Settings;
use bothost::simulator::deadsimplechat::{DeadSimpleChat, SimulatedDeadSimpleChat};
use bothost::simulator::khoros::{SimulatedKhoros, sign};
use bothost::simulator::livechat::{LiveChat, SimulatedLiveChat};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::figure;
use crate::senders::{CONNECTIONS, cpu, now_s, request, send, sized};
use crate::support::guests;
use crate::support::host::{Host, SECRET, TOKEN, registration};

const WARM: usize = 640;
const EVENTS: usize = 5_000;
/// Each platform in turn, again and again: what else the machine does falls on all of them.
const ROUNDS: usize = 3;

/// A platform's webhook and how many answers it has got.
struct Lane<'a> {
    name: &'static str,
    hook: String,
    event: Box<dyn Fn(usize, &str) -> String + 'a>,
    received: Box<dyn Fn() -> u64 + 'a>,
}

pub async fn measure() {
    let settings = || Settings { received_max: 1, ..Settings::new(TOKEN) };
    let khoros = SimulatedKhoros::new(settings());
    let livechat = SimulatedLiveChat::new(settings(), LiveChat::default());
    let deadsimplechat = SimulatedDeadSimpleChat::new(settings(), DeadSimpleChat);
    let mut builder = Host::builder().gateway(serve(khoros.router()).await);
    for (name, router) in [("LIVECHAT", livechat.router()), ("DEADSIMPLECHAT", deadsimplechat.router())] {
        let at = |what: &str| format!("TENANTS__DEFAULT__GATEWAYS__{name}__{what}");
        builder = builder.set(&at("URL"), serve(router).await).set(&at("TOKEN"), TOKEN);
    }
    let host = builder.start();
    let client = reqwest::Client::new();
    host.push(&client, "echo", std::fs::read(guests::echo()).unwrap()).await;
    let agent = json!({"payload": {"name": "bench", "status": "accepting chats", "webhooks":
        {"url": "module:echo", "secret_key": "s3cr3t", "actions": [{"name": "incoming_event"}]}}});
    let agent = created(&host, &client, "/v3.0/configuration/action/create_bot_agent", &agent).await;
    let bot = json!({"name": "bench", "webhookURL": "module:echo"});
    let bot = created(&host, &client, "/consumer/api/v2/bot", &bot).await["bot"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lanes = [
        Lane {
            name: "khoros",
            hook: host.register(&client, &registration("whatsapp", "page", "bench", "echo")).await,
            event: Box::new(crate::senders::event),
            received: Box::new(|| khoros.received_total()),
        },
        Lane {
            name: "livechat",
            hook: format!("/hooks/livechat/default/{}", text(&agent["bot_agent_id"])),
            event: Box::new(livechat_event),
            received: Box::new(|| livechat.received_total()),
        },
        Lane {
            name: "deadsimplechat",
            hook: text(&bot["hook"]),
            event: Box::new(deadsimplechat_event),
            received: Box::new(|| deadsimplechat.received_total()),
        },
    ];
    let address = host.url.trim_start_matches("http://").to_owned();
    let mut used = [Duration::ZERO; 3];
    for lane in &lanes {
        run(&host, &address, lane, WARM, "warm").await;
    }
    for round in 0..ROUNDS {
        for (lane, used) in lanes.iter().zip(&mut used) {
            *used += run(&host, &address, lane, EVENTS, &format!("round{round}")).await;
        }
    }
    let each = |used: Duration| used.as_secs_f64() * 1e6 / (EVENTS * ROUNDS) as f64;
    for (lane, spent) in lanes.iter().zip(used) {
        let ratio = each(spent) / each(used[0]);
        let shown = format!("{:.0} us, {ratio:.2} of Khoros", each(spent));
        figure(&format!("{}, the whole way, CPU an event", lane.name), &shown, Some((ratio < 1.2, "< 1.2")));
    }
}

/// Sends events through a lane until each has its answer, and says what CPU time the host used for them.
async fn run(host: &Host, address: &str, lane: &Lane<'_>, events: usize, tag: &str) -> Duration {
    let mut lists = vec![Vec::new(); CONNECTIONS];
    for number in 0..events {
        let body = (lane.event)(number, tag);
        let id = format!("{tag}-{number}");
        let headers = match lane.name {
            "khoros" => sign::sign_standard_webhooks(SECRET, &id, now_s(), body.as_bytes()),
            _ => http::HeaderMap::new(),
        };
        lists[number % CONNECTIONS].push(request(address, &lane.hook, &headers, &body));
    }
    let (before, all) = (cpu(host.pid()), (lane.received)());
    send(address, lists).await;
    while (lane.received)() < all + events as u64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cpu(host.pid()) - before
}

async fn serve(router: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn created(host: &Host, client: &reqwest::Client, path: &str, body: &Value) -> Value {
    let call = client.post(format!("{}{path}", host.url)).bearer_auth(&host.key).json(body);
    call.send().await.unwrap().json().await.unwrap()
}

fn livechat_event(number: usize, tag: &str) -> String {
    sized(|padding| {
        let chat = format!("chat-{tag}-{}", number % CONNECTIONS);
        let event = json!({"id": format!("{tag}-{number}"), "order": number, "timestamp": 1_700_000_000, "type": "message",
            "text": format!("message {number}"), "author_id": "b7ef-customer", "recipients": "all",
            "properties": {"bench": {"padding": padding}}});
        json!({"webhook_id": "wh1", "secret_key": "s3cr3t", "action": "incoming_event",
            "data": {"chat_id": chat, "thread_id": format!("{chat}-1"), "event": event}})
    })
}

fn deadsimplechat_event(number: usize, tag: &str) -> String {
    sized(|padding| {
        let user = format!("user-{tag}-{}", number % CONNECTIONS);
        json!({"triggeredBy": "message", "bot": {"_id": "65aa01", "name": "bench"},
            "chatRoom": {"_id": "65bb02", "name": "Lobby", "roomId": "Qx1aB2cD3"},
            "user": {"_id": user, "username": "kim", "uniqueUserIdentifier": padding},
            "message": {"_id": format!("{tag}-{number}"), "message": format!("message {number}")}})
    })
}
