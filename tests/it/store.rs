//! What every store must do, tried through the trait on SQLite in a directory of its own.

use std::path::PathBuf;

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Credentials, Mode, Scheme, Target};
use bothost::domain::delivery::Request;
use bothost::domain::event::Owner;
use bothost::domain::names::{BotId, ConversationKey, EventId, ModuleName, TenantName};
use bothost::domain::secret::Secret;
use bothost::domain::turn::StateChange;
use bothost::store::sqlite::{Settings, Sqlite};
use bothost::store::{Accepted, Arrival, Beginning, Claim, Ending, Store, TurnRecord};
use tempfile::TempDir;

mod archive;
mod calls;
mod caps;
mod durability;
mod fairness;
mod hand_overs;
mod inbox;
mod migrations;
mod outbox;
mod registry;
mod removed;
mod revisions;
mod seal;
mod tenancy;
mod versions;

/// How long a lease lasts in these tests, in milliseconds.
const LEASE: u64 = 1000;

/// A data directory that goes when the test ends.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("bothost.db")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("master.key")
    }

    fn settings(&self) -> Settings {
        Settings::new(self.database(), self.key())
    }

    fn open(&self, now_ms: u64) -> Sqlite {
        Sqlite::open(self.settings(), now_ms).unwrap()
    }

    /// A second connection, for what the trait does not show and for planting trouble.
    fn peek(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database()).unwrap()
    }

    fn number(&self, sql: &str) -> i64 {
        self.peek().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn text(&self, sql: &str) -> String {
        self.peek().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// A fresh store with the bot `b1` registered.
fn fresh() -> (Place, Sqlite) {
    let place = Place::new();
    let store = place.open(0);
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    (place, store)
}

fn actor() -> Actor {
    Actor::operator("tests")
}

fn bot(id: &str) -> Bot {
    Bot {
        id: BotId::from(id),
        tenant: TenantName::from("acme"),
        platform: "khoros".to_owned(),
        platform_id: "app-1".to_owned(),
        network: "net".to_owned(),
        channel: "page".to_owned(),
        mode: Mode::Live,
        account: "acme-inc".to_owned(),
        pin: None,
        target: Target::Module { name: ModuleName::from("echo"), version: None },
        credentials: Credentials {
            scheme: Scheme::Basic,
            identity: "user".to_owned(),
            secret: Secret::new("correct horse battery staple"),
        },
        config: "{}".to_owned(),
        registration: "{}".to_owned(),
        created_ms: 1,
        updated_ms: 1,
        revision: 1,
    }
}

fn arrival(conversation: &str, dedupe: &str, now_ms: u64) -> Arrival {
    Arrival {
        tenant: TenantName::from("acme"),
        bot: BotId::from("b1"),
        bot_revision: 1,
        conversation: ConversationKey::from(conversation),
        kind: "message",
        beginning: Some(Beginning { room: None }),
        dedupe_key: dedupe.to_owned(),
        dedupe_until_ms: now_ms + 10_000,
        body: dedupe.to_owned().into(),
        now_ms,
    }
}

/// Accepts an event whose body is its dedupe key.
fn accept(store: &Sqlite, conversation: &str, dedupe: &str, now_ms: u64) -> EventId {
    match store.accept(arrival(conversation, dedupe, now_ms)).wait().unwrap() {
        Accepted::New(id) => id,
        Accepted::Duplicate(id) => panic!("event {id} was there before"),
    }
}

/// Claims as many events as there are.
fn claim(store: &Sqlite, now_ms: u64) -> Vec<Claim> {
    store.claim(now_ms, LEASE, 100).wait().unwrap().claims
}

/// Claims the only claimable event.
fn claim_one(store: &Sqlite, now_ms: u64) -> Claim {
    let mut claims = claim(store, now_ms);
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

fn turn(claim: &Claim) -> TurnRecord {
    TurnRecord {
        lease: claim.lease.clone(),
        attempt: claim.attempt,
        bot_revision: claim.bot_revision,
        state_before: claim.state.clone(),
        owner_before: claim.owner.clone(),
        owner_firm: claim.owner_firm,
        activation: None,
        digest: None,
        version: Some(3),
        instructions: 1234,
        elapsed_us: 50,
        memory_bytes: 65_536,
        now_ms: 7,
        seed: u64::MAX,
        outcome: Some("{}".to_owned()),
        cause: None,
        refusals: None,
        withheld: None,
        relayed: None,
        ongoing: None,
        log: "[]".to_owned(),
    }
}

fn failed_turn(claim: &Claim) -> TurnRecord {
    TurnRecord { cause: Some(("trap", "the bot trapped: unreachable".to_owned())), ..turn(claim) }
}

/// The event is done and sends these.
fn done(bodies: &[&str]) -> Ending {
    Ending::Done {
        state: StateChange::Keep,
        owner: Owner::Agent,
        requests: bodies.iter().map(|body| request(body)).collect(),
    }
}

fn request(body: &str) -> Request {
    Request { action: "respond", method: "POST", path: "/respond".to_owned(), body: body.to_owned(), repeatable: false }
}

fn body(claim: &Claim) -> &str {
    std::str::from_utf8(&claim.body).unwrap()
}
