//! The platforms of a local host: simulated, each on a port of its own.

use std::collections::HashMap;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::Error;
use crate::domain::secret::Secret;
use crate::settings::{Gateway, Tenant};
use crate::simulator::customer::{Happening, Place};
use crate::simulator::deadsimplechat::{DeadSimpleChat, SimulatedDeadSimpleChat};
use crate::simulator::khoros::{Conversation, Owner, SimulatedKhoros};
use crate::simulator::livechat::{LiveChat, SimulatedLiveChat};
use crate::simulator::{Received, Settings};

/// The gateways' token.
const TOKEN: &str = "local-gateway-token";

/// All of them.
pub(in crate::cli) struct Platforms {
    khoros: SimulatedKhoros,
    livechat: SimulatedLiveChat,
    deadsimplechat: SimulatedDeadSimpleChat,
    /// Each one's name and where it is.
    pub(in crate::cli) urls: Vec<(&'static str, String)>,
    served: Vec<JoinHandle<std::io::Result<()>>>,
}

impl Platforms {
    /// Starts them; they serve until told to stop.
    pub(in crate::cli) async fn start(stopped: &watch::Receiver<bool>) -> Result<Self, Error> {
        let settings = || Settings::new(TOKEN);
        let mut platforms = Self {
            khoros: SimulatedKhoros::new(settings()),
            livechat: SimulatedLiveChat::new(settings(), LiveChat::default()),
            deadsimplechat: SimulatedDeadSimpleChat::new(settings(), DeadSimpleChat),
            urls: Vec::new(),
            served: Vec::new(),
        };
        let end = || {
            let mut stopped = stopped.clone();
            async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            }
        };
        let (khoros, listener) = (platforms.khoros.clone(), platforms.listen("khoros").await?);
        platforms.served.push(tokio::spawn({
            let end = end();
            async move { khoros.serve(listener, end).await }
        }));
        let (livechat, listener) = (platforms.livechat.clone(), platforms.listen("livechat").await?);
        platforms.served.push(tokio::spawn({
            let end = end();
            async move { livechat.serve(listener, end).await }
        }));
        let (deadsimplechat, listener) = (platforms.deadsimplechat.clone(), platforms.listen("deadsimplechat").await?);
        platforms.served.push(tokio::spawn({
            let end = end();
            async move { deadsimplechat.serve(listener, end).await }
        }));
        Ok(platforms)
    }

    async fn listen(&mut self, name: &'static str) -> Result<TcpListener, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        self.urls.push((name, format!("http://{}", listener.local_addr()?)));
        Ok(listener)
    }

    /// A tenant whose answers go to them.
    pub(in crate::cli) fn tenant(&self) -> Tenant {
        let gateway = |url: &String| Gateway::with_token(url, Secret::new(TOKEN));
        let gateways: HashMap<_, _> = self.urls.iter().map(|(name, url)| ((*name).to_owned(), gateway(url))).collect();
        Tenant { gateways: gateways.into_iter().collect() }
    }

    /// Something happened to a conversation: the platform must know too who holds it.
    pub(in crate::cli) fn happened(&self, platform: &str, place: &Place, happening: &Happening) {
        let owner = match happening {
            Happening::AgentTakes => Owner::Agent,
            Happening::BotTakes => Owner::Bot(place.bot.clone()),
            _ => return,
        };
        // The others refuse nothing for it.
        if platform == "khoros" {
            let (network, external_id) = (place.network.clone(), place.channel.clone());
            self.khoros.set_owner(Conversation { network, external_id, author: place.customer.clone() }, owner);
        }
    }

    /// How many requests they got, and how many of them they refused.
    pub(in crate::cli) fn got(&self) -> (u64, u64) {
        let all = [
            (self.khoros.received_total(), self.khoros.received()),
            (self.livechat.received_total(), self.livechat.received()),
            (self.deadsimplechat.received_total(), self.deadsimplechat.received()),
        ];
        let is_refused = |one: &&Received| one.status.is_none_or(|status| !status.is_success());
        let refused = |received: &[Received]| received.iter().filter(is_refused).count() as u64;
        all.iter().fold((0, 0), |(got, not), (total, received)| (got + total, not + refused(received)))
    }

    /// Waits until all of them have stopped.
    pub(in crate::cli) async fn ended(self) {
        for served in self.served {
            let _ = served.await;
        }
    }
}
