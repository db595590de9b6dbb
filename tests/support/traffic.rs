//! Customers who write all the time, through a platform that delivers each webhook until it is acknowledged.

use std::time::Duration;

use bothost::simulator::khoros::sign;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::host::SECRET;
use super::stage::{Hook, message, now_s};

/// How long the platform waits before it delivers a webhook again, and for an answer.
const AGAIN_AFTER: Duration = Duration::from_millis(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A webhook that the host said it has.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The id under which it was delivered.
    pub id: String,
    /// The customer, who has one conversation.
    pub author: String,
    /// What the customer wrote: the customer's name and the message's number.
    pub text: String,
    /// The event that it became, in the host's words.
    pub event: i64,
}

/// Customers at work.
#[derive(Debug)]
pub struct Traffic {
    hook: watch::Sender<Hook>,
    stop: watch::Sender<bool>,
    acknowledged: watch::Sender<u64>,
    customers: JoinSet<Vec<Acknowledged>>,
}

impl Traffic {
    /// Lets that many customers write to a bot, each one message after the other.
    pub fn start(hook: &Hook, customers: usize) -> Self {
        let mut traffic = Self {
            hook: watch::Sender::new(hook.clone()),
            stop: watch::Sender::new(false),
            acknowledged: watch::Sender::new(0),
            customers: JoinSet::new(),
        };
        for number in 0..customers {
            let (hook, stop) = (traffic.hook.subscribe(), traffic.stop.subscribe());
            traffic.customers.spawn(write(format!("customer{number}"), hook, stop, traffic.acknowledged.clone()));
        }
        traffic
    }

    /// Says where the bot's webhook is from now on.
    pub fn moved(&self, hook: &Hook) {
        self.hook.send_replace(hook.clone());
    }

    /// How many webhooks were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        *self.acknowledged.borrow()
    }

    /// Waits until that many more webhooks are acknowledged.
    pub async fn more(&self, count: u64) {
        let enough = self.acknowledged() + count;
        let mut acknowledged = self.acknowledged.subscribe();
        acknowledged.wait_for(|so_far| *so_far >= enough).await.unwrap();
    }

    /// Lets the customers stop, each after the message that is under way, and tells what was acknowledged.
    pub async fn finish(self) -> Vec<Acknowledged> {
        self.stop.send_replace(true);
        self.customers.join_all().await.into_iter().flatten().collect()
    }
}

async fn write(
    author: String,
    hook: watch::Receiver<Hook>,
    stop: watch::Receiver<bool>,
    acknowledged: watch::Sender<u64>,
) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    while !*stop.borrow() {
        let text = format!("{author}-{}", all.len() + 1);
        let event = deliver(&hook, &text, &message("whatsapp", &author, &text, &text).to_string()).await;
        all.push(Acknowledged { id: text.clone(), author: author.clone(), text, event });
        acknowledged.send_modify(|so_far| *so_far += 1);
    }
    all
}

/// Delivers a webhook until it is acknowledged: always the same id and the same body.
async fn deliver(hook: &watch::Receiver<Hook>, id: &str, body: &str) -> i64 {
    let headers = sign::sign_standard_webhooks(SECRET, id, now_s(), body.as_bytes());
    loop {
        let to = hook.borrow().clone();
        let request = to.client.post(&to.url).headers(headers.clone()).body(body.to_owned()).timeout(ANSWER_WITHIN);
        match request.send().await {
            Ok(answer) if answer.status() == 202 => {
                return answer.headers()["bothost-event"].to_str().unwrap().parse().unwrap();
            }
            Ok(answer) => assert_eq!(answer.status(), 503, "{id}"),
            // The host is gone, or went while it answered.
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
