//! Pinned versions in the catalog: a bounded number of them, shared so that nobody's many push out another's few.

use std::sync::Arc;

use bothost::domain::names::{ModuleName, TenantName};
use bothost::guest::Catalog;

use super::Bench;
use super::component::ECHO;

#[test]
fn pinned_versions_of_one_tenant_push_out_its_own() {
    let (catalog, module) = (Catalog::new(), Bench::new().module("", ECHO));
    let (few, many, name) = (TenantName::from("few"), TenantName::from("many"), ModuleName::from("echo"));
    let held = |tenant: &TenantName, most: u32| -> Vec<u32> {
        (1..=most).filter(|version| catalog.pinned(tenant, &name, *version).is_some()).collect()
    };
    for version in 1..=3 {
        catalog.hold(&few, &name, version, Arc::clone(&module));
    }
    for version in 1..=600 {
        catalog.hold(&many, &name, version, Arc::clone(&module));
    }
    assert_eq!(held(&few, 3), [1, 2, 3]);
    assert_eq!(held(&many, 600), (348..=600).collect::<Vec<_>>(), "256 in all, the first that came go first");
    // Whoever comes later finds a place as well.
    let late = TenantName::from("late");
    catalog.hold(&late, &name, 1, Arc::clone(&module));
    assert_eq!((held(&late, 1), held(&few, 3), held(&many, 600).len()), (vec![1], vec![1, 2, 3], 252));
}
