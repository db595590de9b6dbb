//! Tenants, keys, gateways and claims, with a clock of the test's own.

use bothost::domain::gateway::{Gateway, Proof};
use bothost::domain::key::{Key, Standing};
use bothost::domain::names::{KeyId, TenantName};
use bothost::domain::scope::Scopes;
use bothost::domain::secret::Secret;
use bothost::store::sqlite::Sqlite;
use bothost::store::{Archive as _, Begun, Error, Finished, Intent, NewKey, Store as _, Tenancy as _};

use super::{Place, actor, bot};

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn other() -> TenantName {
    TenantName::from("other")
}

fn id(id: &str) -> KeyId {
    KeyId::from(id)
}

/// A store with the tenants `acme` and `other`.
fn two() -> (Place, Sqlite) {
    let place = Place::new();
    let store = place.open(0);
    store.add_tenant(acme(), actor(), 1).wait().unwrap();
    store.add_tenant(other(), actor(), 2).wait().unwrap();
    (place, store)
}

pub(super) fn key(tenant: TenantName, name: &str) -> Key {
    Key {
        id: id(name),
        tenant,
        name: "a key".to_owned(),
        client_id: None,
        scopes: Scopes::parse(["read", "agents-bot--my:rw"]).unwrap(),
        hash: [7; 32],
        replaces: None,
        created_ms: 100,
        expires_ms: None,
        last_used_ms: None,
        revoked_ms: None,
    }
}

fn rotate(store: &Sqlite, old: &str, new: &str, grace_ms: u64, now_ms: u64) -> Result<Key, Error> {
    store
        .rotate_key(
            acme(),
            id(old),
            NewKey { id: id(new), hash: [8; 32], now_ms, expires_max_ms: None },
            grace_ms,
            actor(),
        )
        .wait()
}

fn conflict<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Conflict(what)) => what,
        answer => panic!("{answer:?}"),
    }
}

#[test]
fn keys_and_gateways_come_back_as_they_were() {
    let (place, store) = two();
    let made = Key { client_id: Some("app".to_owned()), expires_ms: Some(9000), ..key(acme(), "k1") };
    store.add_key(made.clone(), actor()).wait().unwrap();
    let gateway = Gateway {
        tenant: acme(),
        platform: "khoros".to_owned(),
        url: "https://api.example.com".to_owned(),
        proof: Proof::Token(Secret::new("a token that nobody reads on disk")),
        updated_ms: 5,
    };
    store.put_gateway(gateway.clone(), actor()).wait().unwrap();
    store.key_used(&id("k1"), 777);
    store.key_used(&id("k1"), 700);
    assert_eq!(place.number("SELECT count(*) FROM keys WHERE last_used_ms IS NOT NULL"), 0, "no write for a use");
    store.write_uses().wait().unwrap();
    let writes = store.figures().unwrap().writes;
    store.write_uses().wait().unwrap();
    assert_eq!(store.figures().unwrap().writes, writes, "nothing new, nothing written");
    let used = Key { last_used_ms: Some(777), ..made };
    assert_eq!(store.key_of(&acme(), &id("k1")), Ok(Some(used.clone())));
    store.close();
    let token = b"a token that nobody reads on disk";
    assert!(!std::fs::read(place.database()).unwrap().windows(token.len()).any(|window| window == token));
    let store = place.open(0);
    assert_eq!(store.key(&id("k1")).unwrap().as_deref(), Some(&used));
    assert_eq!(store.gateway(&acme(), "khoros").unwrap().as_deref(), Some(&gateway));
    assert_eq!(store.gateway(&other(), "khoros"), Ok(None));
    assert_eq!(store.key_of(&other(), &id("k1")), Ok(None), "another tenant's key is none");
    assert!(matches!(store.revoke_key(other(), id("k1"), actor(), 9).wait(), Err(Error::Missing(_))));
    assert!(matches!(store.add_key(key(TenantName::from("nobody"), "k2"), actor()).wait(), Err(Error::Missing(_))));
    conflict(store.add_key(key(other(), "k1"), actor()).wait());
    store.remove_gateway(acme(), "khoros".to_owned(), actor(), 6).wait().unwrap();
    assert_eq!(store.gateway(&acme(), "khoros"), Ok(None));
    assert!(matches!(store.remove_gateway(acme(), "khoros".to_owned(), actor(), 6).wait(), Err(Error::Missing(_))));
}

#[test]
fn two_keys_of_a_line_are_live_and_never_three() {
    let (place, store) = two();
    store.add_key(Key { expires_ms: Some(100_100), ..key(acme(), "k1") }, actor()).wait().unwrap();
    let second = rotate(&store, "k1", "k2", 500, 1000).unwrap();
    assert_eq!((second.replaces.clone(), second.expires_ms), (Some(id("k1")), Some(101_000)), "as long a life");
    assert_eq!(second.scopes, key(acme(), "k1").scopes);
    let standing = |name: &str, now_ms| store.key(&id(name)).unwrap().unwrap().standing(now_ms);
    // Both are live until the grace is over.
    assert_eq!((standing("k1", 1499), standing("k2", 1499)), (Standing::Live, Standing::Live));
    assert_eq!((standing("k1", 1500), standing("k2", 1500)), (Standing::Expired, Standing::Live));
    let refused = conflict(rotate(&store, "k1", "k3", 500, 1499));
    assert!(refused.contains("has a live successor already, k2"), "{refused}");
    let refused = conflict(rotate(&store, "k2", "k3", 500, 1499));
    assert!(refused.contains("took over from k1, which is still live"), "{refused}");
    assert_eq!(place.number("SELECT count(*) FROM keys"), 2);
    assert!(conflict(rotate(&store, "k1", "k3", 500, 1500)).contains("is not live"));
    // Once the first is over, the second is rotated.
    rotate(&store, "k2", "k3", 500, 1500).unwrap();
    // A successor that was revoked makes way for another, which lives as long as that one would have.
    store.revoke_key(acme(), id("k3"), actor(), 1600).wait().unwrap();
    let fourth = rotate(&store, "k2", "k4", 500, 1700).unwrap();
    assert_eq!(fourth.expires_ms, Some(101_700));
    assert_eq!(standing("k2", 2000), Standing::Expired, "the grace does not begin again");
    assert!(matches!(
        store
            .rotate_key(
                other(),
                id("k4"),
                NewKey { id: id("k5"), hash: [0; 32], now_ms: 1, expires_max_ms: None },
                1,
                actor()
            )
            .wait(),
        Err(Error::Missing(_))
    ));
    store.close();
    let store = place.open(0);
    assert_eq!(store.key(&id("k3")).unwrap().unwrap().standing(1700), Standing::Revoked);
    let listed: Vec<_> = store.keys(&acme(), None, 2).unwrap();
    assert_eq!(listed.iter().map(|(_, key)| key.id.as_str()).collect::<Vec<_>>(), ["k4", "k3"]);
    let rest: Vec<_> = store.keys(&acme(), Some(listed[1].0), 9).unwrap();
    assert_eq!(rest.iter().map(|(_, key)| key.id.as_str()).collect::<Vec<_>>(), ["k2", "k1"]);
    assert!(store.keys(&other(), None, 9).unwrap().is_empty());
}

#[test]
fn a_client_id_is_one_tenants() {
    let (_place, store) = two();
    let app = |tenant, name| Key { client_id: Some("app".to_owned()), ..key(tenant, name) };
    store.add_key(app(acme(), "k1"), actor()).wait().unwrap();
    store.add_key(app(acme(), "k2"), actor()).wait().unwrap();
    let refused = conflict(store.add_key(app(other(), "k3"), actor()).wait());
    assert_eq!(refused, "\"app\" belongs to another tenant of this host");
    assert_eq!(store.key(&id("k3")), Ok(None));
    let release = |tenant, kind: &str, value: &str| {
        store.release_claim(tenant, kind.to_owned(), value.to_owned(), actor(), 200).wait()
    };
    assert!(conflict(release(acme(), "client_id", "app")).contains("a live key of acme"));
    assert!(matches!(release(other(), "client_id", "app"), Err(Error::Missing(_))));
    for name in ["k1", "k2"] {
        store.revoke_key(acme(), id(name), actor(), 150).wait().unwrap();
    }
    release(acme(), "client_id", "app").unwrap();
    store.add_key(app(other(), "k3"), actor()).wait().unwrap();

    store.put_bot(bot("b1"), actor()).wait().unwrap();
    assert!(conflict(release(acme(), "khoros", "acme-inc")).contains("remove it first"));
    let claims = store.claims(&acme(), None, 9).unwrap();
    assert_eq!(claims.iter().map(|claim| claim.value.as_str()).collect::<Vec<_>>(), ["acme-inc"]);
    store.remove_bot(bot("b1").id, actor()).wait().unwrap();
    release(acme(), "khoros", "acme-inc").unwrap();
    assert!(store.claims(&acme(), None, 9).unwrap().is_empty());
}

#[test]
fn a_removed_tenant_has_nothing_and_its_name_is_never_given_again() {
    let (place, store) = two();
    store.add_key(Key { client_id: Some("app".to_owned()), ..key(acme(), "k1") }, actor()).wait().unwrap();
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    let refused = conflict(store.remove_tenant(acme(), actor(), 300).wait());
    assert!(refused.contains("has 1 bots and 0 modules"), "{refused}");
    assert!(store.key(&id("k1")).unwrap().unwrap().is_live(300), "nothing was done");
    store.remove_bot(bot("b1").id, actor()).wait().unwrap();
    store.remove_tenant(acme(), actor(), 300).wait().unwrap();
    assert_eq!(store.key(&id("k1")).unwrap().unwrap().revoked_ms, Some(300));
    assert!(store.claims(&acme(), None, 9).unwrap().is_empty());
    assert!(!store.audit(&acme(), None, 9).unwrap().is_empty(), "the audit log stays");
    assert!(conflict(store.add_tenant(acme(), actor(), 301).wait()).contains("never given again"));
    // Whoever was under way at that moment comes too late.
    conflict(store.put_bot(bot("b1"), actor()).wait());
    assert!(matches!(store.add_key(key(acme(), "k2"), actor()).wait(), Err(Error::Missing(_))));
    assert!(matches!(store.remove_tenant(acme(), actor(), 302).wait(), Err(Error::Missing(_))));
    store.close();
    let store = place.open(0);
    let names: Vec<_> = store.tenants(None, 9).unwrap().iter().map(|tenant| tenant.name.clone()).collect();
    assert_eq!(names, [other()]);
    assert!(!store.tenant(&acme()).unwrap().unwrap().is_live());
}

#[test]
fn every_change_is_in_the_audit_log() {
    let (place, store) = two();
    store.add_key(key(acme(), "k1"), actor()).wait().unwrap();
    rotate(&store, "k1", "k2", 5, 200).unwrap();
    store.revoke_key(acme(), id("k2"), actor(), 300).wait().unwrap();
    store.revoke_key(acme(), id("k2"), actor(), 301).wait().unwrap();
    let gateway = Gateway {
        tenant: acme(),
        platform: "khoros".to_owned(),
        url: "https://api.example.com".to_owned(),
        proof: Proof::Token(Secret::new("hush")),
        updated_ms: 5,
    };
    store.put_gateway(gateway, actor()).wait().unwrap();
    let entries = store.audit(&acme(), None, 99).unwrap();
    let did: Vec<_> = entries.iter().rev().map(|entry| (entry.action.as_str(), entry.subject.as_str())).collect();
    assert_eq!(
        did,
        [
            ("tenant.create", "acme"),
            ("key.create", "k1"),
            ("key.create", "k2"),
            ("key.rotate", "k1"),
            ("key.revoke", "k2"),
            ("gateway.put", "khoros"),
        ]
    );
    assert_eq!(place.number("SELECT count(*) FROM audit WHERE details LIKE '%hush%'"), 0);
}

#[test]
fn answers_are_kept_for_a_day_and_of_a_tenant_the_newest_thousands() {
    let (_place, store) = two();
    let day = 24 * 60 * 60 * 1000;
    let intent = |tenant: TenantName, number: u32, now_ms| Intent {
        tenant,
        key: format!("key-{number}"),
        fingerprint: [0; 32],
        boot: "boot".to_owned(),
        now_ms,
    };
    let finished = || Some(Finished { status: 201, media_type: String::new(), body: Some(b"made".to_vec()) });
    let made = |tenant: TenantName, number: u32| {
        drop(store.begin(intent(tenant.clone(), number, u64::from(number) + 1)));
        store.finish(tenant, format!("key-{number}"), finished())
    };
    made(other(), 0).wait().unwrap();
    drop(store.begin(intent(acme(), 0, 1)));
    (1..=4005).for_each(|number| made(acme(), number).wait().unwrap());
    assert!(!store.forget(5000).wait().unwrap());
    let begun = |tenant, number, now_ms| store.begin(intent(tenant, number, now_ms)).wait().unwrap();
    assert_eq!(begun(acme(), 5, 5000), Begun::First, "one too many");
    assert_eq!(begun(acme(), 6, 5000), Begun::Done(finished().unwrap()));
    assert_eq!(begun(acme(), 0, 5000), Begun::UnderWay, "what is under way is not excess");
    assert_eq!(begun(other(), 0, 5000), Begun::Done(finished().unwrap()), "another tenant's");
    assert_eq!(begun(other(), 0, day + 10), Begun::First, "a day later");
}
