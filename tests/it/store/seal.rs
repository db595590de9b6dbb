//! Secrets at rest: the envelope, a change of the master key that may be cut short anywhere, and what the release before
//! wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use bothost::domain::names::BotId;
use bothost::store::Store as _;
use bothost::store::sqlite::Sqlite;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};

use super::{Place, bot, fresh};

fn secret(store: &Sqlite) -> String {
    store.bot(&BotId::from("b1")).unwrap().unwrap().credentials.secret.reveal().to_owned()
}

fn sealed(place: &Place) -> (Vec<u8>, Vec<u8>) {
    let of = |sql: &str| place.peek().query_row(sql, [], |row| row.get(0)).unwrap();
    (of("SELECT secret FROM bots"), of("SELECT sealed FROM data_keys"))
}

fn put_key(place: &Place, bytes: &[u8]) {
    fs::write(place.key(), bytes).unwrap();
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o600)).unwrap();
}

fn refusal(place: &Place) -> String {
    match Sqlite::open(place.settings(), 0) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

fn holds(place: &Place, needle: &[u8]) -> bool {
    fs::read(place.database()).unwrap().windows(needle.len()).any(|window| window == needle)
}

#[test]
fn another_master_key_leaves_the_secrets_as_they_are() {
    let (place, store) = fresh();
    let told = secret(&store);
    let served = Sqlite::rotate_master_key(&place.settings(), 1).unwrap_err();
    assert!(served.to_string().contains("another process already serves"), "{served}");
    store.close();
    let (row, data_key) = sealed(&place);
    let old = fs::read(place.key()).unwrap();
    assert!(holds(&place, &data_key));

    assert_eq!(Sqlite::rotate_master_key(&place.settings(), 1), Ok(1));
    let new = fs::read(place.key()).unwrap();
    assert_eq!((new.len(), new != old), (32, true));
    assert_eq!(fs::metadata(place.key()).unwrap().permissions().mode() & 0o777, 0o600);
    let after = sealed(&place);
    assert_eq!(after.0, row, "no secret was sealed anew");
    assert_ne!(after.1, data_key);
    assert!(!holds(&place, &data_key), "what the old key opens is gone");
    assert_eq!(secret(&place.open(2)), told);
    // The old one is worth nothing.
    put_key(&place, &old);
    assert!(refusal(&place).contains("is not the one that this database was written with"));
    let wrong = Sqlite::rotate_master_key(&place.settings(), 1).unwrap_err();
    assert!(wrong.to_string().contains("is not the one"), "{wrong}");
    assert_eq!(fs::read(place.key()).unwrap(), old, "nothing was written");
}

#[test]
fn a_change_that_was_cut_short_is_finished_at_the_next_start() {
    let (place, store) = fresh();
    let told = secret(&store);
    store.close();
    let (old, new) = (fs::read(place.key()).unwrap(), [7_u8; 32]);
    let both = [new.as_slice(), &old].concat();
    // It ended when the file held both: no data key is sealed with the new one yet.
    put_key(&place, &both);
    assert_eq!(secret(&place.open(1)), told);
    assert_eq!(fs::read(place.key()).unwrap(), new);
    // It ended before the old one was cut off: all of them are.
    put_key(&place, &both);
    assert_eq!(secret(&place.open(1)), told);
    assert_eq!(fs::read(place.key()).unwrap(), new);
    assert_eq!(secret(&place.open(1)), told);
    // Two keys that both do not open it stay as they are.
    let neither = [[8_u8; 32], [9; 32]].concat();
    put_key(&place, &neither);
    assert!(refusal(&place).contains("is not the one that this database was written with"));
    assert_eq!(fs::read(place.key()).unwrap(), neither);
    put_key(&place, &both[..63]);
    assert!(refusal(&place).contains("has 63 bytes where 32 belong"));
    fs::remove_file(place.key()).unwrap();
    assert!(refusal(&place).contains("restore it from a backup"));
}

#[test]
fn without_any_bot_the_data_key_needs_its_master_all_the_same() {
    let place = Place::new();
    place.open(0).close();
    assert_eq!(place.number("SELECT count(*) FROM data_keys"), 1);
    place.open(0).close();
    assert_eq!(place.number("SELECT count(*) FROM data_keys"), 1, "made once");
    put_key(&place, &[7; 32]);
    assert!(refusal(&place).contains("is not the one"));
    fs::remove_file(place.key()).unwrap();
    assert!(refusal(&place).contains("restore it from a backup"));
    assert!(!place.key().exists());
}

/// As the first release sealed a bot's secret: nonce and ciphertext under the master key, bound to tenant, table and row.
pub(super) fn sealed_as_before(master: &[u8; 32], tenant: &str, row: &str, secret: &str) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in [tenant, "bots", row] {
        bound.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    let (nonce, payload) = ([5; 24], Payload { msg: secret.as_bytes(), aad: &bound });
    let cipher = XChaCha20Poly1305::new(&Key::from(*master));
    [nonce.as_slice(), &cipher.encrypt(&XNonce::from(nonce), payload).unwrap()].concat()
}

/// A store as the first release left it, with two bots.
pub(super) fn of_the_release_before() -> (Place, [u8; 32]) {
    let (place, master) = (Place::new(), [3; 32]);
    put_key(&place, &master);
    let db = place.peek();
    db.execute_batch(include_str!("../../../host/store/sqlite/migrations/0001_first.sql")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let row = "INSERT INTO bots VALUES (?1, 'acme', 'khoros', 'app-1', 'net', 'page', 'echo', NULL, 'basic', NULL, NULL, 'user',
               ?2, '{}', '{}', 1, 1, 1)";
    for id in ["b1", "b2"] {
        db.execute(row, rusqlite::params![id, sealed_as_before(&master, "acme", id, &format!("secret of {id}"))])
            .unwrap();
    }
    (place, master)
}

#[test]
fn what_the_release_before_sealed_is_brought_over() {
    let (place, master) = of_the_release_before();
    let before = sealed_as_before(&master, "acme", "b1", "secret of b1");
    let store = place.open(9);
    assert_eq!(secret(&store), "secret of b1");
    let second = store.bot(&BotId::from("b2")).unwrap().unwrap();
    assert_eq!(second.credentials.secret.reveal(), "secret of b2");
    assert_eq!(second.tenant, bot("b2").tenant);
    store.close();
    assert_eq!(place.number("SELECT count(*) FROM data_keys"), 1);
    assert_eq!(place.number("SELECT count(*) FROM tenants WHERE name = 'acme'"), 1);
    let row: Vec<u8> = place.peek().query_row("SELECT secret FROM bots WHERE id = 'b1'", [], |row| row.get(0)).unwrap();
    assert_ne!(row, before);
    assert_eq!((row[0], &row[1..5]), (1, [0, 0, 0, 1].as_slice()), "the form and the data key's number");
    assert_eq!(secret(&place.open(9)), "secret of b1");
}

#[test]
fn a_wrong_master_key_brings_nothing_over() {
    let (place, master) = of_the_release_before();
    put_key(&place, &[4; 32]);
    assert!(refusal(&place).contains("is not the one that this database was written with"));
    assert_eq!(place.number("SELECT count(*) FROM data_keys"), 0);
    // Nor does a change of the master key that begins with it; with the right one it does.
    assert!(Sqlite::rotate_master_key(&place.settings(), 1).is_err());
    put_key(&place, &master);
    assert_eq!(Sqlite::rotate_master_key(&place.settings(), 1), Ok(1));
    assert_eq!(secret(&place.open(2)), "secret of b1");
}
