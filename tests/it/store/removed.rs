//! A tenant that is removed while something of it is under way: nothing more is done for it.

use bothost::domain::names::{ModuleName, TenantName};
use bothost::store::{Error, Modules as _, Tenancy as _};

use super::versions::upload;
use super::{Place, actor};

#[test]
fn nothing_serves_for_a_removed_tenant() {
    let place = Place::new();
    let store = place.open(0);
    let (acme, echo) = (TenantName::from("acme"), ModuleName::from("echo"));
    store.add_tenant(acme.clone(), actor(), 1).wait().unwrap();
    for digest in ["one", "two"] {
        store.upload(upload("echo", digest)).wait().unwrap();
    }
    store.deactivate(acme.clone(), echo.clone(), actor(), 2).wait().unwrap();
    store.remove_tenant(acme.clone(), actor(), 3).wait().unwrap();
    let rows =
        "SELECT (SELECT count(*) FROM versions) + (SELECT count(*) FROM activations) + (SELECT count(*) FROM audit)";
    let before = place.number(rows);
    let refused = [
        ("upload", store.upload(upload("echo", "three")).wait().err()),
        ("activate", store.activate(acme.clone(), echo.clone(), 1, actor(), 4).wait().err()),
        ("roll back", store.roll_back(acme.clone(), echo.clone(), 2, actor(), 4).wait().err()),
        ("delete", store.delete_version(acme.clone(), echo.clone(), 1, actor(), 4).wait().err()),
    ];
    for (what, error) in refused {
        let removed = matches!(&error, Some(Error::Conflict(words)) if words.contains("the tenant acme was removed"));
        assert!(removed, "{what}: {error:?}");
    }
    assert_eq!(place.number(rows), before, "nothing was written");
    assert_eq!(store.active_version(&acme, &echo), Ok(None));
}
