//! Bots with their secrets, and modules with their versions.

use std::os::unix::fs::PermissionsExt;
use std::{fs, str};

use bothost::domain::bot::{Encoding, Scheme, Target};
use bothost::domain::delivery::Settlement;
use bothost::domain::names::{BotId, Digest, ModuleName, TenantName};
use bothost::store::sqlite::Sqlite;
use bothost::store::{DeliveryLease, Error, Modules as _, Store, Tenancy as _, Version};

use super::versions::upload;

use super::{LEASE, Place, accept, actor, bot, claim, claim_one, done, fresh, turn};

#[test]
fn bots_come_back_as_they_were() {
    let place = Place::new();
    let store = place.open(0);
    let schemes = [
        Scheme::Basic,
        Scheme::StandardWebhooks,
        Scheme::BodySha256 { header: "X-Sig".to_owned(), encoding: Encoding::Hex },
        Scheme::BodySha256 { header: "X-Sig".to_owned(), encoding: Encoding::Base64 },
    ];
    let mut bots = Vec::new();
    for (at, scheme) in schemes.into_iter().enumerate() {
        let mut bot = bot(&format!("b{at}"));
        bot.credentials.scheme = scheme;
        // Older ones are registered last.
        bot.created_ms = 100 - at as u64;
        bot.target = Target::Module { name: ModuleName::from("echo"), version: (at == 1).then_some(7) };
        store.put_bot(bot.clone(), actor()).wait().unwrap();
        assert_eq!(store.bot(&bot.id).unwrap().as_deref(), Some(&bot));
        bots.insert(0, bot);
    }
    let mut changed = bots[0].clone();
    changed.credentials.secret = bothost::domain::secret::Secret::new("another");
    store.put_bot(changed.clone(), actor()).wait().unwrap();
    changed.revision = 2;
    bots[0] = changed;
    store.close();
    let store = place.open(0);
    let found = store.bots(&TenantName::from("acme"), "khoros").unwrap();
    assert_eq!(found.iter().map(|bot| (**bot).clone()).collect::<Vec<_>>(), bots);
    assert!(store.bots(&TenantName::from("acme"), "livechat").unwrap().is_empty());
    assert!(store.bots(&TenantName::from("other"), "khoros").unwrap().is_empty());
    assert_eq!(store.bot(&BotId::from("b9")), Ok(None));
}

#[test]
fn a_tenant_finds_its_bots_in_the_order_of_their_registration() {
    let place = Place::new();
    let mut store = place.open(0);
    store.add_tenant(TenantName::from("other"), actor(), 1).wait().unwrap();
    let of = |tenant: &str, id: &str, created_ms: u64| {
        let mut bot = bot(id);
        (bot.tenant, bot.account, bot.created_ms) = (TenantName::from(tenant), tenant.to_owned(), created_ms);
        bot
    };
    for (tenant, id, created_ms) in
        [("acme", "b2", 30), ("other", "x1", 20), ("acme", "b3", 10), ("acme", "b1", 30), ("other", "x2", 5)]
    {
        store.put_bot(of(tenant, id, created_ms), actor()).wait().unwrap();
    }
    // What is written again stays in its place and is there once, and what is removed is gone.
    let mut changed = of("acme", "b3", 10);
    changed.config = r#"{"n":1}"#.to_owned();
    store.put_bot(changed, actor()).wait().unwrap();
    store.put_bot(of("acme", "b4", 20), actor()).wait().unwrap();
    store.remove_bot(BotId::from("b2"), actor()).wait().unwrap();
    for _ in 0..2 {
        let found = |tenant: &str| {
            let all = store.bots(&TenantName::from(tenant), "khoros").unwrap();
            assert_eq!(all, store.all_bots(&TenantName::from(tenant)));
            all.iter().map(|bot| bot.id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((found("acme"), found("other")), (ids(&["b3", "b4", "b1"]), ids(&["x2", "x1"])));
        assert_eq!(store.bots(&TenantName::from("acme"), "khoros").unwrap()[0].config, r#"{"n":1}"#);
        assert_eq!(store.bot(&BotId::from("x1")).unwrap().unwrap().tenant.as_str(), "other");
        assert_eq!(store.bot(&BotId::from("b2")), Ok(None));
        store.close();
        store = place.open(0);
    }
    for id in ["x1", "x2"] {
        store.remove_bot(BotId::from(id), actor()).wait().unwrap();
    }
    assert!(store.bots(&TenantName::from("other"), "khoros").unwrap().is_empty());
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_removed_bot_has_nothing_waiting() {
    let (place, store) = fresh();
    accept(&store, "c1", "a", 0);
    let first = claim_one(&store, 0);
    store.commit(turn(&first), done(&["sending", "planned"]), 0, 0).wait().unwrap();
    let sending = store.due(0, LEASE, 1).wait().unwrap().deliveries.remove(0);
    accept(&store, "c1", "b", 0);
    accept(&store, "c1", "c", 0);
    let running = claim_one(&store, 5);
    store.remove_bot(BotId::from("b1"), actor()).wait().unwrap();
    assert_eq!(store.bot(&BotId::from("b1")), Ok(None));
    // Neither the turn nor the request under way can do anything any more.
    assert!(matches!(store.commit(turn(&running), done(&["x"]), 9, 9).wait(), Err(Error::Stale(_))));
    let lease = DeliveryLease { id: sending.id, fence: sending.fence };
    let settled = store.settle(lease, Settlement::Sent { reference: None }, None, 9, 9).wait();
    assert!(matches!(settled, Err(Error::Stale(_))));
    assert!(claim(&store, u64::MAX).is_empty());
    assert!(store.due(u64::MAX, LEASE, 9).wait().unwrap().deliveries.is_empty());
    assert_eq!(
        place.text("SELECT group_concat(status || coalesce(ending, '')) FROM events"),
        "1,2the bot was removed,2the bot was removed"
    );
    assert_eq!(place.text("SELECT group_concat(status || maybe_sent) FROM deliveries"), "41,30");
    assert!(matches!(store.remove_bot(BotId::from("b1"), actor()).wait(), Err(Error::Missing(_))));
    store.close();
    assert_eq!(place.open(0).bot(&BotId::from("b1")), Ok(None));
}

#[test]
fn secrets_are_not_on_disk_in_clear() {
    let (place, store) = fresh();
    let secret = store.bot(&BotId::from("b1")).unwrap().unwrap().credentials.secret.clone();
    let holds = |path: &std::path::Path, needle: &[u8]| {
        fs::read(path).unwrap_or_default().windows(needle.len()).any(|window| window == needle)
    };
    let mut log = place.database().into_os_string();
    log.push("-wal");
    let files = [place.database(), log.into()];
    // The search finds what is there in clear, and so would find the secret.
    assert!(files.iter().any(|file| holds(file, b"app-1")));
    assert!(!files.iter().any(|file| holds(file, secret.reveal().as_bytes())));
    store.close();
    assert!(holds(&place.database(), b"app-1"));
    assert!(!holds(&place.database(), secret.reveal().as_bytes()));
}

#[test]
fn files_are_the_operators_alone() {
    let (place, _store) = fresh();
    for file in fs::read_dir(place.directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_master_key_that_cannot_be_right_is_refused() {
    let (place, store) = fresh();
    store.close();
    let refusal = || match Sqlite::open(place.settings(), 0) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    };
    let key = fs::read(place.key()).unwrap();
    assert_eq!(key.len(), 32);
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refusal().contains("has mode 0640"), "{}", refusal());
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(place.key(), &key[..31]).unwrap();
    assert!(refusal().contains("has 31 bytes where 32 belong"), "{}", refusal());
    fs::write(place.key(), [7; 32]).unwrap();
    assert!(refusal().contains("is not the one that this database was written with"), "{}", refusal());
    fs::remove_file(place.key()).unwrap();
    assert!(refusal().contains("restore it from a backup"), "{}", refusal());
    assert!(!place.key().exists());
    fs::write(place.key(), &key).unwrap();
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(place.open(0).bot(&BotId::from("b1")).unwrap().is_some());
}

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn echo() -> ModuleName {
    ModuleName::from("echo")
}

fn activate(store: &Sqlite, digest: &str) -> u32 {
    store.upload(upload("echo", digest)).wait().unwrap().version.version
}

fn roll_back(store: &Sqlite) -> Result<u32, Error> {
    let to = store.before(&acme(), &echo())?.version;
    store.roll_back(acme(), echo(), to, actor(), 6).wait().map(|serving| serving.version.version)
}

fn active(store: &Sqlite) -> Vec<u32> {
    store.active_versions().unwrap().iter().map(|serving| serving.version.version).collect()
}

#[test]
fn versions_are_numbered_and_kept() {
    let (place, store) = fresh();
    assert!(active(&store).is_empty());
    assert_eq!(activate(&store, "aa"), 1);
    assert_eq!(activate(&store, "aa"), 1);
    assert_eq!(place.number("SELECT count(*) FROM activations"), 1);
    assert_eq!(activate(&store, "bb"), 2);
    // Not the newest one's digest: a version of its own.
    assert_eq!(activate(&store, "aa"), 3);
    assert_eq!(active(&store), [3]);
    store.close();
    let store = place.open(0);
    assert_eq!(active(&store), [3]);
    let second =
        Version { tenant: acme(), module: echo(), version: 2, digest: Digest::from("bb"), bytes: 10, created_ms: 5 };
    assert_eq!(store.version(&acme(), &echo(), 2), Ok(Some(second)));
    assert_eq!(store.version(&acme(), &echo(), 4), Ok(None));
    assert_eq!(store.version(&TenantName::from("other"), &echo(), 1), Ok(None));
}

#[test]
fn rolling_back_goes_further_back_each_time() {
    let (place, store) = fresh();
    for digest in ["aa", "bb", "cc"] {
        activate(&store, digest);
    }
    assert_eq!(roll_back(&store), Ok(2));
    assert_eq!(active(&store), [2]);
    assert_eq!(roll_back(&store), Ok(1));
    let refused = roll_back(&store).unwrap_err();
    assert!(refused.to_string().contains("no other version of the module echo served before"), "{refused}");
    assert_eq!(active(&store), [1]);
    // The newest version's digest again is that version again; what served before it is now version 1.
    assert_eq!(activate(&store, "cc"), 3);
    assert_eq!(roll_back(&store), Ok(1));
    assert_eq!(
        place.text("SELECT group_concat(version) FROM (SELECT version FROM activations ORDER BY seq)"),
        "1,2,3,2,1,3,1"
    );
}

#[test]
fn a_stopped_module_can_be_rolled_back_to_what_served() {
    let (_place, store) = fresh();
    let stop = |store: &Sqlite| store.deactivate(acme(), echo(), actor(), 7).wait();
    assert!(matches!(stop(&store), Err(Error::Missing(_))));
    assert!(matches!(roll_back(&store), Err(Error::Missing(_))));
    activate(&store, "aa");
    activate(&store, "bb");
    stop(&store).unwrap();
    stop(&store).unwrap();
    assert!(active(&store).is_empty());
    assert_eq!(roll_back(&store), Ok(2));
    stop(&store).unwrap();
    // Started again by its own digest, what served before is still the other version.
    assert_eq!(activate(&store, "bb"), 2);
    assert_eq!(roll_back(&store), Ok(1));
}
