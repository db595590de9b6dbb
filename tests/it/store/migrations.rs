//! A database that an earlier release made: what it holds is whole after the migration.

use bothost::domain::bot::Bot;
use bothost::domain::names::TenantName;
use bothost::store::sqlite::Sqlite;
use bothost::store::{Error, Store as _, Tenancy as _};

use super::seal::{of_the_release_before, sealed_as_before};
use super::{Place, actor, bot};

/// A database of the first release with the bots `b1` and `b2` of `acme`, which name no account, and these others: id,
/// tenant, registration, when it was made.
fn with_bots(bots: &[(&str, &str, &str, i64)]) -> (Place, Sqlite) {
    let (place, master) = of_the_release_before();
    let row =
        "INSERT INTO bots VALUES (?1, ?2, 'khoros', ?1, 'net', 'page', 'echo', NULL, 'basic', NULL, NULL, 'user', ?3,
               '{}', ?4, ?5, ?5, 1)";
    for (id, tenant, registration, created_ms) in bots {
        let secret = sealed_as_before(&master, tenant, id, "hush");
        place.peek().execute(row, rusqlite::params![id, tenant, secret, registration, created_ms]).unwrap();
    }
    let store = place.open(9);
    (place, store)
}

fn claims(store: &Sqlite, tenant: &str) -> Vec<(String, String)> {
    let claims = store.claims(&TenantName::from(tenant), None, 9).unwrap();
    claims.into_iter().map(|claim| (claim.kind, claim.value)).collect()
}

#[test]
fn bots_from_before_there_were_tenants_have_their_account_and_its_claim() {
    let (place, store) = with_bots(&[
        ("later", "other", r#"{"companyKey": "shared"}"#, 8),
        ("first", "acme", r#"{"companyKey": "shared"}"#, 7),
        ("second", "acme", r#"{"companyKey": "initech", "mode": "LIVE"}"#, 9),
        ("number", "acme", r#"{"companyKey": 7}"#, 9),
        ("broken", "acme", "{", 9),
    ]);
    let account = |id: &str| place.text(&format!("SELECT account FROM bots WHERE id = '{id}'"));
    assert_eq!(["first", "later", "second"].map(account), ["shared", "shared", "initech"]);
    assert_eq!(["b1", "b2", "number", "broken"].map(account), ["", "", "", ""], "what names none has none");
    // Whoever registered first for an account has it.
    let khoros = |account: &str| ("khoros".to_owned(), account.to_owned());
    assert_eq!(claims(&store, "acme"), [khoros("initech"), khoros("shared")]);
    assert_eq!(claims(&store, "other"), []);
    // So nobody else registers a bot for it.
    let theirs = Bot { tenant: TenantName::from("other"), account: "initech".to_owned(), ..bot("theirs") };
    let refused = store.put_bot(theirs, actor()).wait().unwrap_err();
    assert!(refused.to_string().contains("belongs to another tenant"), "{refused}");
}

#[test]
fn an_empty_account_is_nobodys() {
    let (place, store) = with_bots(&[]);
    let nameless = Bot { account: String::new(), ..bot("b3") };
    let Err(Error::Conflict(refused)) = store.put_bot(nameless, actor()).wait() else { panic!("it was taken") };
    assert!(refused.contains("is empty"), "{refused}");
    assert_eq!(place.number("SELECT count(*) FROM claims"), 0);
}

#[test]
fn details_from_before_there_were_tenants_are_counted() {
    let (place, _) = of_the_release_before();
    let rows = "INSERT INTO conversations (id, tenant, bot, key) VALUES (1, 'acme', 'b1', 'c1'), (2, 'other', 'b2', 'c2');
        INSERT INTO events (id, conversation, bot, kind, status, accepted_ms, ended_ms, dedupe_until_ms, body)
            VALUES (1, 1, 'b1', 'message', 1, 1, 1, 1, x'0102030405'), (2, 2, 'b2', 'message', 0, 1, NULL, 1, x'01'),
            (3, 1, 'b1', 'message', 0, 1, NULL, 1, x'0102');
        INSERT INTO turns (event, attempt, instructions, elapsed_us, memory_bytes, now_ms, seed, outcome, log)
            VALUES (1, 1, 1, 1, 1, 1, 1, '{\"a\": \"\u{e9}\"}', '[]');
        INSERT INTO deliveries (id, conversation, event, platform, action, method, path, body, repeatable, status, due_ms)
            VALUES (1, 1, 1, 'khoros', 'respond', 'POST', '/respond', '{}', 0, 2, 1);
        INSERT INTO attempts VALUES (1, 1, 1, 'again', 'busy'), (1, 2, 1, 'sent', NULL);";
    place.peek().execute_batch(rows).unwrap();
    drop(place.open(9));
    let of =
        |tenant: &str| place.text(&format!("SELECT events || ' ' || bytes FROM details WHERE tenant = '{tenant}'"));
    // Bodies of 5 and 2; 11 and 2 of the turn; 8 and 2 of the request; 4 of the try.
    assert_eq!((of("acme").as_str(), of("other").as_str()), ("2 34", "1 1"));
}

#[test]
fn conversations_from_before_there_were_modes_are_ongoing_until_they_were_closed() {
    let (place, _) = of_the_release_before();
    let rows = r#"INSERT INTO conversations (id, tenant, bot, key) VALUES (1, 'acme', 'b1', 'open'), (2, 'acme', 'b1', 'closed'),
            (3, 'acme', 'b1', 'again'), (4, 'acme', 'b1', 'quiet'), (5, 'acme', 'gone', 'gone');
        INSERT INTO events (id, conversation, bot, kind, accepted_ms, dedupe_until_ms, body) VALUES
            (1, 1, 'b1', 'message', 1, 1, CAST('{}' AS BLOB)),
            (2, 2, 'b1', 'message', 1, 1, CAST('{}' AS BLOB)),
            (3, 2, 'b1', 'update', 1, 1, CAST('{"operation": "CLOSED"}' AS BLOB)),
            (4, 3, 'b1', 'update', 1, 1, CAST('{"operation": "CLOSED"}' AS BLOB)),
            (5, 3, 'b1', 'message', 1, 1, CAST('{}' AS BLOB)),
            (6, 4, 'b1', 'update', 1, 1, CAST('{"operation": "CREATED"}' AS BLOB)),
            (7, 5, 'gone', 'message', 1, 1, CAST('{}' AS BLOB)),
            (8, 1, 'b1', 'update', 1, 1, x'ff00');"#;
    place.peek().execute_batch(rows).unwrap();
    drop(place.open(9));
    let ongoing = "SELECT group_concat(key || ' ' || ongoing, ', ') FROM \
                   (SELECT key, ongoing FROM conversations WHERE ongoing IS NOT NULL ORDER BY id)";
    assert_eq!(place.text(ongoing), "open 1, again 5");
}

#[test]
fn conversations_of_brand_messenger_are_in_the_books_by_its_one_name() {
    let (place, _) = of_the_release_before();
    let rows = "UPDATE bots SET network = 'brandmessenger' WHERE id = 'b1';
        INSERT INTO conversations (id, tenant, bot, key, ready_at) VALUES (1, 'acme', 'b1', 'smooch/page/jo', 1),
            (2, 'acme', 'b2', 'smooch/page/jo', 1), (3, 'acme', 'b1', 'smooch/page/zo', 1),
            (4, 'acme', 'b1', 'brandmessenger/page/zo', 1), (5, 'acme', 'b1', 'over', NULL);";
    place.peek().execute_batch(rows).unwrap();
    drop(place.open(9));
    let keys = place.text("SELECT group_concat(key, ' ') FROM (SELECT key FROM conversations ORDER BY id)");
    assert_eq!(keys, "brandmessenger/page/jo smooch/page/jo smooch/page/zo brandmessenger/page/zo");
}
