//! A host that keeps bots and calls in memory, for a platform's API alone; and the fixtures of a platform.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Runs};
use bothost::domain::call::{Call, Called, Held, Outcome, RequestId, RequestRecord, Requests, RequestsWanted};
use bothost::domain::names::{BotId, ConversationKey, EventId, TenantName};
use bothost::domain::token::Token;
use bothost::domain::validate::Limits;
use bothost::platform::{BoxFuture, Host, HostError};

/// A platform whose API is served from memory.
pub trait Served: Send + Sync {
    /// What an action may hold.
    const LIMITS: Limits;

    /// The bot id that is drawn as the `number`th: as the real ones, 32 hexadecimal digits, each time others.
    fn bot_id(number: u64) -> String {
        format!("{:032x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }
}

/// Keeps bots and calls in memory, and fails on demand.
pub struct Memory<P> {
    pub bots: Mutex<Vec<Arc<Bot>>>,
    pub calls: Mutex<Vec<Call>>,
    pub drawn: AtomicU64,
    pub broken: bool,
    pub platform: PhantomData<P>,
}

impl<P> Default for Memory<P> {
    fn default() -> Self {
        Self {
            bots: Mutex::default(),
            calls: Mutex::default(),
            drawn: AtomicU64::new(0),
            broken: false,
            platform: PhantomData,
        }
    }
}

impl<P> Memory<P> {
    fn answer<'a, T: Send + 'a>(&'a self, work: impl FnOnce() -> T) -> BoxFuture<'a, Result<T, HostError>> {
        let result = match self.broken {
            true => Err(HostError::Failed("the disk at /srv/secret is full".to_owned())),
            false => Ok(work()),
        };
        Box::pin(std::future::ready(result))
    }
}

/// Every fixture of a platform as name and text; a new file is found by itself.
pub fn fixtures(platform: &str, more_than: usize) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(platform);
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() > more_than, "the fixtures are gone: {}", found.len());
    found
}

impl<P: Served> Host for Memory<P> {
    fn bots<'a>(
        &'a self,
        tenant: &'a TenantName,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Arc<Bot>>, HostError>> {
        self.answer(|| {
            let bots = self.bots.lock().unwrap();
            bots.iter().filter(|bot| bot.tenant == *tenant && bot.platform == platform).cloned().collect()
        })
    }

    fn may_relay(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") {
            Ok(())
        } else {
            Err("what a tenant sets is reached over https only".to_owned())
        }
    }

    fn put_bot(&self, bot: Bot, _actor: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|| {
            let mut bots = self.bots.lock().unwrap();
            bots.retain(|known| known.id != bot.id);
            bots.push(Arc::new(bot));
        })
    }

    fn remove_bot<'a>(&'a self, bot: &'a BotId, _actor: Actor) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|| self.bots.lock().unwrap().retain(|known| known.id != *bot))
    }

    fn token_of(&self, _: &TenantName, _: &str, _: &str, _: u64) -> Result<Option<u64>, HostError> {
        Ok(None)
    }

    fn add_token(&self, _: Token, _: Actor) -> BoxFuture<'_, Result<(), HostError>> {
        self.answer(|| ())
    }

    fn replace_token(&self, _: String, _: Token, _: u64, _: Actor) -> BoxFuture<'_, Result<bool, HostError>> {
        self.answer(|| false)
    }

    fn drop_tokens<'a>(
        &'a self,
        _: TenantName,
        _: &'a str,
        _: String,
        _: Actor,
        _: u64,
    ) -> BoxFuture<'a, Result<(), HostError>> {
        self.answer(|| ())
    }

    fn new_bot_id(&self) -> Result<BotId, HostError> {
        Ok(BotId::from(P::bot_id(self.drawn.fetch_add(1, Relaxed) + 1)))
    }

    fn limits(&self) -> Limits {
        P::LIMITS
    }

    fn call(&self, call: Call) -> BoxFuture<'_, Result<Called, HostError>> {
        self.answer(|| {
            self.calls.lock().unwrap().push(call);
            Called::Recorded { event: EventId(1), delivery: 1, since_ms: None }
        })
    }

    fn call_and_wait(&self, _call: Call) -> BoxFuture<'_, Result<(Called, Option<Outcome>), HostError>> {
        self.answer(|| (Called::Changed, None))
    }

    fn held(&self, _bot: &Bot, _conversation: &ConversationKey) -> Result<Held, HostError> {
        Ok(Held::default())
    }

    fn request(&self, _: &TenantName, _: &str, _: RequestId) -> Result<Option<RequestRecord>, HostError> {
        Ok(None)
    }

    fn requests<'a>(
        &'a self,
        _: &'a TenantName,
        _: &'static str,
        _: RequestsWanted,
    ) -> BoxFuture<'a, Result<Requests, HostError>> {
        self.answer(Requests::default)
    }

    fn runs(&self, _bots: &[Arc<Bot>]) -> Runs {
        Runs::default()
    }
}
