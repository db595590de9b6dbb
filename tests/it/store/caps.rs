//! What nothing strips and a tenant could make without end: each has its limit, and none of them locks anybody out.

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Mode};
use bothost::domain::gateway::{Gateway, Proof};
use bothost::domain::names::{BotId, ModuleName, TenantName};
use bothost::domain::secret::Secret;
use bothost::store::{Error, Modules as _, Store as _, Tenancy as _};

use super::tenancy::key;
use super::versions::upload;
use super::{Place, actor, bot, fresh};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn with_a_key() -> Actor {
    Actor { name: "key:1".to_owned(), origin: "here".to_owned() }
}

/// Rows of a table that is filled with so many.
fn fill(place: &Place, rows: u32, insert: &str) {
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) ");
    let (into, select) = insert.split_once("SELECT").unwrap();
    place.peek().execute_batch(&format!("{numbers} {into} SELECT {select} FROM n")).unwrap();
}

fn refused<T: std::fmt::Debug>(what: &str, answer: Result<T, Error>, words: &str) {
    match answer {
        Err(Error::Conflict(said)) => assert!(said.contains(words), "{what}: {said}"),
        answer => panic!("{what}: {answer:?}"),
    }
}

#[test]
fn a_tenant_makes_so_many_changes_a_day_and_takes_back_at_any_time() {
    let (place, store) = fresh();
    store.add_tenant(acme(), actor(), 1).wait().unwrap();
    for digest in ["one", "two", "three"] {
        store.upload(upload("echo", digest)).wait().unwrap();
    }
    store.add_key(key(acme(), "k1"), actor()).wait().unwrap();
    let echo = ModuleName::from("echo");
    let gateway = |updated_ms| Gateway {
        tenant: acme(),
        platform: "khoros".to_owned(),
        url: "https://api.example.com".to_owned(),
        proof: Proof::Token(Secret::new("hush-hush")),
        updated_ms,
    };
    store.put_gateway(gateway(900), with_a_key()).wait().unwrap();
    let flood = "INSERT INTO audit (tenant, at_ms, actor, origin, action, subject, details)
                 SELECT 'acme', 1000, 'key:1', 'here', 'bot.put', 'b1', '{}'";
    fill(&place, 10_000, flood);
    let (by, now) = (with_a_key, 1000 + DAY_MS - 1);
    let many = "10000 changes within a day";
    let again = upload("echo", "four");
    refused("upload", store.upload(bothost::store::Upload { actor: by(), now_ms: now, ..again }).wait(), many);
    refused("activate", store.activate(acme(), echo.clone(), 1, by(), now).wait(), many);
    refused("roll back", store.roll_back(acme(), echo.clone(), 2, by(), now).wait(), many);
    refused(
        "key",
        store.add_key(bothost::domain::key::Key { created_ms: now, ..key(acme(), "k2") }, by()).wait(),
        many,
    );
    refused("bot", store.put_bot(Bot { updated_ms: now, ..bot("b2") }, by()).wait(), many);
    refused("pin", store.pin_bot(acme(), BotId::from("b1"), Some(1), by(), now).wait(), many);
    refused("gateway", store.put_gateway(gateway(now), by()).wait(), many);
    // Others are not concerned, nor is the operator, nor what takes something back.
    let other = TenantName::from("other");
    store.add_tenant(other.clone(), by(), now).wait().unwrap();
    store.add_key(key(other, "k3"), by()).wait().unwrap();
    store.activate(acme(), echo.clone(), 1, actor(), now).wait().unwrap();
    store.revoke_key(acme(), key(acme(), "k1").id, by(), now).wait().unwrap();
    store.remove_gateway(acme(), "khoros".to_owned(), by(), now).wait().unwrap();
    store.delete_version(acme(), echo.clone(), 2, by(), now).wait().unwrap();
    store.deactivate(acme(), echo.clone(), by(), now).wait().unwrap();
    store.remove_bot(BotId::from("b1"), by()).wait().unwrap();
    // The next day there is room again.
    store.activate(acme(), echo, 3, by(), now + DAY_MS).wait().unwrap();
}

#[test]
fn a_tenant_has_so_many_bots_and_names() {
    let (place, store) = fresh();
    fill(
        &place,
        9_999,
        "INSERT INTO bots (id, tenant, platform, platform_id, network, channel, module, scheme, identity, secret, config, \
         registration, created_ms, updated_ms, account) \
         SELECT 'x' || i, 'acme', 'khoros', 'a', 'n', 'p', 'echo', 'basic', 'user', x'00', '{}', '{}', 1, 1, 'acme-inc'",
    );
    refused("bot", store.put_bot(bot("b2"), actor()).wait(), "10000 bots, the limit");
    store.put_bot(Bot { mode: Mode::Maintenance, ..bot("b1") }, actor()).wait().unwrap();
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    store.put_bot(bot("b2"), actor()).wait().unwrap();

    fill(&place, 9_999, "INSERT INTO claims (kind, value, tenant) SELECT 'khoros', 'account ' || i, 'acme'");
    let elsewhere = Bot { account: "one more".to_owned(), ..bot("b2") };
    refused("claim", store.put_bot(elsewhere, actor()).wait(), "10000 accounts and client_ids, the limit");
    store.put_bot(bot("b2"), actor()).wait().unwrap();
}

#[test]
fn a_deleted_version_keeps_no_report() {
    let (place, store) = fresh();
    for digest in ["one", "two", "three"] {
        store.upload(upload("echo", digest)).wait().unwrap();
    }
    store.delete_version(acme(), ModuleName::from("echo"), 1, actor(), 9).wait().unwrap();
    assert_eq!(place.text("SELECT group_concat(version) FROM versions WHERE report IS NULL"), "1");
}
