//! What the demo tells: seed 002's own samples, conversations on three platforms, a redelivery, and a swap under traffic.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::gist::gist;
use super::{Error, output};
use crate::app::SystemClock;
use crate::cli::local::{APP_ID, COMPANY, Hook, Local, Sender, Wanted};
use crate::domain::clock::Clock as _;
use crate::domain::names::EventId;
use crate::simulator::customer::{self, Happening, Place};
use crate::store::{DeliveryStatus, EventRecord, EventStatus};

/// Seed 002's samples, byte for byte, and the network that each came from.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("Message Event", "whatsapp", include_str!("../../../tests/fixtures/khoros/seed-message.json")),
    ("Created Conversation Event", "whatsapp", include_str!("../../../tests/fixtures/khoros/seed-created.json")),
    ("Agent Response Event", "apple", include_str!("../../../tests/fixtures/khoros/seed-agent-response.json")),
    ("Closed Conversation Event", "apple", include_str!("../../../tests/fixtures/khoros/seed-closed.json")),
    (
        "BrandMessenger metadata",
        "brandmessenger",
        include_str!("../../../tests/fixtures/khoros/seed-brandmessenger-metadata.json"),
    ),
];

/// The pages that the demo's customers write to.
const CHANNELS: &[(&str, &str)] =
    &[("whatsapp", "whatsapp-page"), ("apple", "apple-page"), ("brandmessenger", "messenger-page")];

/// Conversations in the swap under traffic.
const CUSTOMERS: u64 = 20;
/// Messages of each customer after the swap; before it they write until it is done.
const MESSAGES_AFTER: u64 = 10;
/// Messages of each customer before the swap, at most.
const MESSAGES_BEFORE_MAX: u64 = 1000;

/// Tells the story and returns how many events were lost: accepted, and yet without a turn or with an unsent answer.
pub(super) async fn tell(local: &Local, guests: &[Vec<u8>; 2]) -> Result<u64, Error> {
    let sender = &local.sender;
    let first = sender.push("concierge", &guests[0]).await?;
    output::line(format_args!("module    concierge version 1, {}", short(first["version"]["digest"].as_str())));
    let mut hooks = BTreeMap::new();
    for (network, channel) in CHANNELS {
        hooks.insert(*network, sender.register(concierge("khoros", network, channel)).await?);
    }
    let mut story = Story { local, hooks, events: Vec::new() };

    chapter("Seed 002's samples, as they are documented");
    for (name, network, body) in SAMPLES {
        output::line(format_args!("\n{name} ({network})"));
        story.one(network, &format!("sample-{name}"), body).await?;
    }
    chapter("A customer on Brand Messenger");
    let said = ["Hello! 👋", "When do you open?", "Which treatments do you have?", "Can I talk to a person, please?"];
    for (number, text) in (1..).zip(said) {
        story.say("brandmessenger", "Jo", number, text).await?;
    }
    chapter("A customer on Apple Messages for Business");
    story.say("apple", "Kim", 1, "Hi, which treatments do you offer?").await?;

    story.elsewhere("livechat", "LiveChat").await?;
    story.elsewhere("deadsimplechat", "DeadSimpleChat, where there are no agents").await?;

    chapter("The same delivery four times");
    let body = message("whatsapp", "whatsapp-page", "Ann", 1, "hello").to_string();
    for _ in 0..4 {
        let event = sender.deliver(&story.hooks["whatsapp"], "redelivered", &body).await?;
        output::line(format_args!("  accepted as event {event}"));
        story.events.push(event);
    }

    chapter(&format!("A swap under traffic: {CUSTOMERS} conversations, each writing until and after the swap"));
    story.swap_under_traffic(&guests[1]).await?;
    story.totals().await
}

/// The concierge's bot at a place.
fn concierge<'a>(platform: &'a str, network: &'a str, channel: &'a str) -> Wanted<'a> {
    Wanted { platform, network, channel, module: "concierge", config: "{}" }
}

struct Story<'a> {
    local: &'a Local,
    hooks: BTreeMap<&'static str, Hook>,
    events: Vec<EventId>,
}

impl Story<'_> {
    /// Delivers a message and shows what came of it.
    async fn say(&mut self, network: &'static str, author: &str, number: u64, text: &str) -> Result<(), Error> {
        let (_, channel) = CHANNELS.iter().find(|(name, _)| *name == network).ok_or("no such channel")?;
        output::line(format_args!("\n{author}: {text}"));
        let body = message(network, channel, author, number, text).to_string();
        self.one(network, &format!("{author}-{network}-{number}"), &body).await
    }

    /// Delivers an event, waits until it is settled and shows its record.
    async fn one(&mut self, network: &str, id: &str, body: &str) -> Result<(), Error> {
        let event = self.local.sender.deliver(&self.hooks[network], id, body).await?;
        self.events.push(event);
        show("khoros", &self.local.settled(event).await?);
        Ok(())
    }

    /// A conversation on another platform with the module that Khoros' customers talk to.
    async fn elsewhere(&mut self, platform: &'static str, title: &str) -> Result<(), Error> {
        let hook = self.local.sender.register(concierge(platform, platform, "lobby")).await?;
        chapter(&format!("The same module on {title}"));
        let writes = customer::of(platform).ok_or("no such platform")?;
        let place = Place {
            network: platform.to_owned(),
            channel: "lobby".to_owned(),
            bot: hook.bot.clone(),
            secret: hook.secret.clone(),
            customer: "f3a1c0de-0001".to_owned(),
            name: "Kim Park".to_owned(),
        };
        let pick = Happening::Picks { id: "tea-ritual".to_owned(), title: "Tea ritual".to_owned() };
        let says = |text: &str| Happening::Says(text.to_owned());
        let happenings =
            [says("Hello! 👋"), says("Which treatments do you have?"), pick, says("Can I talk to a person, please?")];
        for (number, happening) in (1..).zip(happenings) {
            let said = match &happening {
                Happening::Says(text) => text.clone(),
                _ => "presses [Tea ritual]".to_owned(),
            };
            output::line(format_args!("\nKim: {said}"));
            let webhook = writes.webhook(&place, &happening, number, SystemClock.now_ms()).ok_or("nothing to tell")?;
            let event = self.local.sender.deliver(&hook, "", &webhook.to_string()).await?;
            self.events.push(event);
            show(platform, &self.local.settled(event).await?);
        }
        Ok(())
    }

    async fn swap_under_traffic(&mut self, second: &[u8]) -> Result<(), Error> {
        let (swap_done, swapped) = watch::channel(false);
        let mut customers = JoinSet::new();
        for customer in 0..CUSTOMERS {
            let (sender, hook, swapped) = (self.local.sender.clone(), self.hooks["whatsapp"].clone(), swapped.clone());
            customers.spawn(async move { write(&sender, &hook, &format!("customer-{customer}"), &swapped).await });
        }
        let pushed = self.local.sender.push("concierge", second).await?;
        let _ = swap_done.send(true);
        output::line(format_args!("  concierge version 2, {}", short(pushed["version"]["digest"].as_str())));
        let events = customers.join_all().await.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
        let mut ran: BTreeMap<u32, u64> = BTreeMap::new();
        for event in &events {
            let record = self.local.settled(*event).await?;
            if let Some(version) = record.turns.last().and_then(|turn| turn.version) {
                *ran.entry(version).or_default() += 1;
            }
        }
        self.events.extend(events);
        for (version, turns) in ran {
            output::line(format_args!("  version {version} ran {turns} turns"));
        }
        Ok(())
    }

    /// Counts, and returns how many were lost.
    async fn totals(self) -> Result<u64, Error> {
        let sent = self.local.sender.sent();
        let mut events = self.events;
        events.sort();
        events.dedup();
        let (mut lost, mut planned) = (0, 0);
        for event in &events {
            let record = self.local.settled(*event).await?;
            let unsent = record.deliveries.iter().filter(|delivery| delivery.status != DeliveryStatus::Sent).count();
            planned += record.deliveries.len();
            lost += u64::from(record.status != EventStatus::Done || unsent > 0);
        }
        let (got, refused) = self.local.platforms.got();
        chapter("Totals");
        output::line(format_args!("  received       {sent} webhooks"));
        output::line(format_args!("  deduplicated   {}", sent - events.len() as u64));
        output::line(format_args!("  events         {}", events.len()));
        output::line(format_args!("  sent           {planned} requests; the platforms got {got}"));
        output::line(format_args!("  refused        {refused}"));
        output::line(format_args!("  lost           {lost}"));
        let doubled = got.saturating_sub(planned as u64);
        if doubled > 0 {
            output::line(format_args!("  sent twice     {doubled}"));
        }
        Ok(lost + refused)
    }
}

/// A customer who writes until the swap is done, and some more.
async fn write(
    sender: &Sender,
    hook: &Hook,
    author: &str,
    swapped: &watch::Receiver<bool>,
) -> Vec<Result<EventId, String>> {
    let mut events = Vec::new();
    let mut after = 0;
    for number in 1..=MESSAGES_BEFORE_MAX + MESSAGES_AFTER {
        let body = message("whatsapp", "whatsapp-page", author, number, "When do you open?").to_string();
        let sent = sender.deliver(hook, &format!("{author}-{number}"), &body).await;
        events.push(sent.map_err(|error| error.to_string()));
        after += u64::from(*swapped.borrow());
        if after == MESSAGES_AFTER {
            break;
        }
    }
    events
}

/// A customer's message as Khoros delivers it.
fn message(network: &str, channel: &str, author: &str, number: u64, text: &str) -> Value {
    let now_ms = SystemClock.now_ms();
    json!({
        "coordinate": {
            "companyKey": COMPANY, "networkKey": network, "externalId": channel,
            "messageId": format!("{author}-{number}"), "botId": APP_ID, "scope": "PRIVATE",
            "normalizedAuthorId": author,
        },
        "text": text,
        "author": { "id": author, "fullName": author, "properties": {} },
        "owner": { "type": "BOT", "appId": APP_ID },
        "publishedTS": now_ms, "receivedTS": now_ms, "properties": {}, "type": "message",
    })
}

fn show(platform: &str, record: &EventRecord) {
    for turn in &record.turns {
        let version = turn.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        output::line(format_args!(
            "  event {}: concierge@{version} {}, {} instructions, {:.2} ms",
            record.event,
            short(turn.digest.as_ref().map(|digest| digest.as_str())),
            turn.instructions,
            Duration::from_micros(turn.elapsed_us).as_secs_f64() * 1000.0,
        ));
        let log: Value = serde_json::from_str(&turn.log).unwrap_or(json!([]));
        for line in log.as_array().into_iter().flatten() {
            output::line(format_args!("    log   {}", output::escaped(line["text"].as_str().unwrap_or_default())));
        }
        if let Some((kind, cause)) = &turn.cause {
            output::line(format_args!("    {kind}: {}", output::escaped(cause)));
        }
    }
    if record.deliveries.is_empty() {
        output::line("    silent");
    }
    for delivery in &record.deliveries {
        let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        let gist = gist(platform, &body);
        output::line(format_args!("    {:<10} {:?}: {gist}", delivery.action, delivery.status));
    }
}

fn short(digest: Option<&str>) -> String {
    digest.map_or_else(|| "no module".to_owned(), |digest| digest.chars().take(8).collect())
}

fn chapter(title: &str) {
    output::line(format_args!("\n=== {title} ==="));
}
