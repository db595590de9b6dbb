//! Versions of modules: kept, deleted, pinned to, and what stands against each.

use bothost::domain::actor::Actor;
use bothost::domain::bot::{Bot, Target};
use bothost::domain::names::{BotId, Digest, ModuleName, TenantName};
use bothost::store::sqlite::Sqlite;
use bothost::store::{Error, Modules as _, Store as _, Tenancy as _, Upload, Uploaded};

use super::{actor, bot, fresh};

/// An upload of some bytes that is to serve.
pub(super) fn upload(module: &str, digest: &str) -> Upload {
    Upload {
        tenant: acme(),
        module: ModuleName::from(module),
        digest: Digest::from(digest),
        bytes: 10,
        report: format!("{{\"of\": \"{digest}\"}}"),
        activate: true,
        keep: 20,
        actor: actor(),
        now_ms: 5,
    }
}

fn acme() -> TenantName {
    TenantName::from("acme")
}

fn other() -> TenantName {
    TenantName::from("other")
}

fn echo() -> ModuleName {
    ModuleName::from("echo")
}

fn put(store: &Sqlite, digest: &str) -> Uploaded {
    store.upload(upload("echo", digest)).wait().unwrap()
}

fn delete(store: &Sqlite, version: u32) -> Result<u32, Error> {
    store.delete_version(acme(), echo(), version, actor(), 9).wait().map(|version| version.version)
}

fn pin(store: &Sqlite, version: Option<u32>) -> Result<Option<u32>, Error> {
    store.pin_bot(acme(), BotId::from("b1"), version, actor(), 9).wait().map(|bot| bot.pin)
}

/// The numbers of the versions that are there, newest first.
fn numbers(store: &Sqlite) -> Vec<u32> {
    let versions = store.versions(&acme(), &echo(), None, 100).unwrap();
    versions.iter().map(|record| record.version.version).collect()
}

/// Why it was refused.
fn conflict<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Conflict(why)) => why,
        answer => panic!("no conflict: {answer:?}"),
    }
}

#[test]
fn an_upload_can_leave_what_serves_alone() {
    let (_place, store) = fresh();
    let first = put(&store, "aa");
    assert!(first.new && first.activation.is_some());
    let idle = store.upload(Upload { activate: false, ..upload("echo", "bb") }).wait().unwrap();
    assert_eq!((idle.version.version, idle.new, idle.activation), (2, true, None));
    let active = store.active_version(&acme(), &echo()).unwrap().unwrap();
    assert_eq!((active.version.version, Some(active.activation)), (1, first.activation));
    // The newest bytes again are no new version, and now they serve.
    let again = put(&store, "bb");
    assert_eq!((again.version.version, again.new), (2, false));
    assert!(again.activation > first.activation);
    // Once more changes nothing, and tells which activation it is.
    assert_eq!(put(&store, "bb"), again);
    let idle = store.upload(Upload { activate: false, ..upload("echo", "bb") }).wait().unwrap();
    assert_eq!(idle, again);
}

#[test]
fn the_same_bytes_again_bring_a_new_report() {
    let (_place, store) = fresh();
    put(&store, "aa");
    let report = "{\"of\": \"later\"}".to_owned();
    store.upload(Upload { report: report.clone(), ..upload("echo", "aa") }).wait().unwrap();
    let record = store.version_record(&acme(), &echo(), 1).unwrap().unwrap();
    assert_eq!((record.report, record.actor, record.active), (Some(report), actor(), true));
    assert_eq!(store.version_record(&other(), &echo(), 1), Ok(None));
    assert_eq!(store.versions(&acme(), &echo(), None, 9).unwrap()[0].report, None);
}

#[test]
fn a_version_in_use_is_not_deleted() {
    let (_place, store) = fresh();
    for digest in ["aa", "bb", "cc", "dd"] {
        put(&store, digest);
    }
    assert!(conflict(delete(&store, 4)).contains("version 4 of the module echo is in use: it serves"));
    assert!(conflict(delete(&store, 3)).contains("a roll-back would return to it"));
    assert_eq!(pin(&store, Some(2)), Ok(Some(2)));
    assert!(conflict(delete(&store, 2)).contains("the bot b1 is pinned to it"));
    assert_eq!(delete(&store, 1), Ok(1));
    assert!(matches!(delete(&store, 1), Err(Error::Missing(_))));
    assert!(matches!(delete(&store, 9), Err(Error::Missing(_))));
    assert_eq!(pin(&store, None), Ok(None));
    assert_eq!(delete(&store, 2), Ok(2));
    assert_eq!(numbers(&store), [4, 3]);

    // A registration that names a version uses it as well.
    let target = Target::Module { name: echo(), version: Some(3) };
    store.put_bot(Bot { target, ..bot("b1") }, actor()).wait().unwrap();
    put(&store, "ee");
    put(&store, "ff");
    assert!(conflict(delete(&store, 3)).contains("the bot b1 is pinned to it"));
}

#[test]
fn a_stopped_module_keeps_what_a_roll_back_returns_to() {
    let (_place, store) = fresh();
    put(&store, "aa");
    put(&store, "bb");
    store.deactivate(acme(), echo(), actor(), 6).wait().unwrap();
    assert!(conflict(delete(&store, 2)).contains("a roll-back would return to it"));
    assert_eq!(delete(&store, 1), Ok(1));
    assert_eq!(store.before(&acme(), &echo()).unwrap().version, 2);
}

#[test]
fn a_number_is_never_used_again() {
    let (place, store) = fresh();
    for digest in ["aa", "bb"] {
        put(&store, digest);
    }
    let idle = store.upload(Upload { activate: false, ..upload("echo", "cc") }).wait().unwrap();
    assert_eq!(delete(&store, idle.version.version), Ok(3));
    // The deleted bytes again, although they are those of the greatest number, are another version.
    assert_eq!(put(&store, "cc").version.version, 4);
    assert_eq!(place.number("SELECT count(*) FROM versions"), 4);
    assert_eq!(store.version(&acme(), &echo(), 3), Ok(None));
    assert_eq!(store.version_record(&acme(), &echo(), 3), Ok(None));
    assert!(matches!(store.activate(acme(), echo(), 3, actor(), 6).wait(), Err(Error::Missing(_))));
}

#[test]
fn a_roll_back_passes_over_what_was_deleted_and_repeats_nothing() {
    let (_place, store) = fresh();
    for digest in ["aa", "bb", "cc", "dd"] {
        put(&store, digest);
    }
    assert_eq!(delete(&store, 2), Ok(2));
    let back = |to| store.roll_back(acme(), echo(), to, actor(), 6).wait().map(|serving| serving.version.version);
    let before = || store.before(&acme(), &echo()).map(|version| version.version);
    assert_eq!(before(), Ok(3));
    assert!(conflict(back(1)).contains("version 3 is"));
    assert_eq!(back(3), Ok(3));
    assert_eq!(before(), Ok(1));
    assert_eq!(back(1), Ok(1));
    assert!(matches!(before(), Err(Error::Missing(_))));
    // From 1 on to 4 and back: exactly what served.
    store.activate(acme(), echo(), 4, actor(), 7).wait().unwrap();
    assert_eq!(before(), Ok(1));
}

#[test]
fn only_the_newest_few_are_kept_besides_those_in_use() {
    let (_place, store) = fresh();
    put(&store, "v1");
    put(&store, "v2");
    assert_eq!(pin(&store, Some(1)), Ok(Some(1)));
    let mut deleted = Vec::new();
    for number in 3..=6 {
        let uploaded = store.upload(Upload { keep: 2, ..upload("echo", &format!("v{number}")) }).wait().unwrap();
        deleted.extend(uploaded.deleted.iter().map(|version| version.version));
    }
    assert_eq!((numbers(&store), deleted), (vec![6, 5, 1], vec![2, 3, 4]));
    // One that is uploaded and not activated must not push out what serves or what served before.
    for number in 7..=9 {
        let idle = Upload { keep: 1, activate: false, ..upload("echo", &format!("v{number}")) };
        store.upload(idle).wait().unwrap();
    }
    assert_eq!(numbers(&store), [9, 6, 5, 1]);
    let log = store.audit(&acme(), None, 100).unwrap();
    let gone = log.iter().filter(|entry| entry.action == "version.delete");
    assert_eq!(gone.map(|entry| entry.actor.clone()).collect::<Vec<_>>(), vec![actor(); 5]);
}

#[test]
fn bytes_are_needed_as_long_as_anybody_has_a_version_of_them() {
    let (_place, store) = fresh();
    let has = |digest: &str| store.has_digest(&Digest::from(digest)).unwrap();
    for digest in ["aa", "bb", "cc"] {
        put(&store, digest);
    }
    store.upload(Upload { tenant: other(), ..upload("echo", "aa") }).wait().unwrap();
    assert_eq!(delete(&store, 1), Ok(1));
    assert!(has("aa") && has("bb") && !has("dd"));
    assert_eq!(store.digests().unwrap().len(), 3);
    store.upload(Upload { tenant: other(), ..upload("echo", "dd") }).wait().unwrap();
    store.upload(Upload { tenant: other(), ..upload("echo", "ee") }).wait().unwrap();
    store.delete_version(other(), echo(), 1, actor(), 9).wait().unwrap();
    assert!(!has("aa"));
    // A file with these bytes that lies there at the next start is none that nobody installed.
    assert!(store.version_of(&other(), &echo(), &Digest::from("aa")).unwrap().is_some());
}

#[test]
fn a_pin_is_a_revision_of_the_bot() {
    let (place, store) = fresh();
    put(&store, "aa");
    put(&store, "bb");
    store.upload(Upload { tenant: other(), ..upload("echo", "aa") }).wait().unwrap();
    for version in [Some(1), None] {
        let of_other = store.pin_bot(other(), BotId::from("b1"), version, actor(), 9).wait();
        assert!(matches!(of_other, Err(Error::Missing(_))), "{of_other:?}");
    }
    assert!(matches!(pin(&store, Some(3)), Err(Error::Missing(_))));
    assert_eq!(pin(&store, Some(1)), Ok(Some(1)));
    assert_eq!(pin(&store, Some(1)), Ok(Some(1)));
    let known = store.bot(&BotId::from("b1")).unwrap().unwrap();
    assert_eq!((known.pinned(), known.revision, known.updated_ms), (Some(1), 2, 9));
    assert_eq!(known.credentials.secret.reveal(), "correct horse battery staple");
    assert_eq!(place.number("SELECT pin FROM bot_revisions WHERE bot = 'b1' AND revision = 2"), 1);

    // A registration that is replaced keeps it, one for another module does not.
    store.put_bot(bot("b1"), actor()).wait().unwrap();
    assert_eq!(store.bot(&BotId::from("b1")).unwrap().unwrap().pin, Some(1));
    let target = Target::Module { name: ModuleName::from("else"), version: None };
    store.put_bot(Bot { target, ..bot("b1") }, actor()).wait().unwrap();
    assert_eq!(store.bot(&BotId::from("b1")).unwrap().unwrap().pin, None);
    let target = Target::Module { name: echo(), version: Some(2) };
    store.put_bot(Bot { target, ..bot("b1") }, actor()).wait().unwrap();
    assert!(conflict(pin(&store, Some(1))).contains("module:echo@2"));
}

#[test]
fn modules_are_listed_with_what_serves_and_who_is_bound() {
    let (_place, store) = fresh();
    for (module, now_ms) in [("echo", 5), ("zeta", 6), ("alpha", 7)] {
        store.upload(Upload { now_ms, ..upload(module, "aa") }).wait().unwrap();
    }
    store.upload(Upload { activate: false, ..upload("echo", "bb") }).wait().unwrap();
    store.upload(Upload { tenant: other(), ..upload("theirs", "aa") }).wait().unwrap();
    pin(&store, Some(2)).unwrap();
    let names = |page: &[(i64, bothost::store::ModuleRecord)]| {
        page.iter().map(|(_, record)| record.module.to_string()).collect::<Vec<_>>()
    };
    let first = store.modules(&acme(), None, 2).unwrap();
    assert_eq!(names(&first), ["alpha", "zeta"]);
    let rest = store.modules(&acme(), Some(first[1].0), 2).unwrap();
    assert_eq!(names(&rest), ["echo"]);
    let echo = &rest[0].1;
    assert_eq!((echo.newest, echo.versions, echo.bots, &echo.pinned), (2, 2, 1, &vec![2]));
    assert_eq!(echo.active.as_ref().unwrap().version.version, 1);
    assert_eq!(store.module(&other(), &echo.module), Ok(None));
}

#[test]
fn every_change_is_written_down() {
    let (_place, store) = fresh();
    let by = |name: &str| Actor { name: name.to_owned(), origin: "192.0.2.7".to_owned() };
    store.upload(Upload { actor: by("key:one"), ..upload("echo", "aa") }).wait().unwrap();
    put(&store, "bb");
    store.roll_back(acme(), echo(), 1, by("key:two"), 6).wait().unwrap();
    store.deactivate(acme(), echo(), actor(), 7).wait().unwrap();
    store.activate(acme(), echo(), 2, by("key:three"), 8).wait().unwrap();
    pin(&store, Some(1)).unwrap();
    pin(&store, None).unwrap();
    let log = store.audit(&acme(), None, 100).unwrap();
    let said: Vec<_> = log.iter().rev().map(|entry| (entry.action.as_str(), entry.actor.name.as_str())).collect();
    assert_eq!(
        said[1..],
        [
            ("module.upload", "key:one"),
            ("module.activate", "key:one"),
            ("module.upload", "operator"),
            ("module.activate", "operator"),
            ("module.rollback", "key:two"),
            ("module.stop", "operator"),
            ("module.activate", "key:three"),
            ("bot.pin", "operator"),
            ("bot.unpin", "operator"),
        ]
    );
    assert_eq!(log.iter().find(|entry| entry.action == "module.rollback").unwrap().actor.origin, "192.0.2.7");
    let served: Vec<_> =
        store.activations(&acme(), &echo(), None, 100).unwrap().iter().map(|entry| entry.version).collect();
    assert_eq!(served, [Some(2), None, Some(1), Some(2), Some(1)]);
    assert_eq!(store.activations(&other(), &echo(), None, 100), Ok(Vec::new()));
}
