//! The life of a tenant: made by the settings or over the API, each with a directory for its modules.

use std::os::unix::fs::DirBuilderExt as _;

use super::Pipeline;
use crate::domain::actor::Actor;
use crate::domain::names::TenantName;
use crate::settings::DEFAULT_TENANT;
use crate::store::{Error, Tenant};

/// Makes a tenant.
///
/// # Errors
/// When there is one of that name, or was one.
pub async fn make(pipeline: &Pipeline, name: TenantName, actor: Actor) -> Result<Tenant, Error> {
    let tenant = pipeline.store.add_tenant(name, actor, pipeline.clock.now_ms()).await?;
    tracing::info!(tenant = %tenant.name, "tenant made");
    make_directory(pipeline, &tenant.name);
    Ok(tenant)
}

/// Removes a tenant. Its modules' files stay where they are and are ignored from now on.
///
/// # Errors
/// When there is no such tenant, or something is in the way.
pub async fn remove(pipeline: &Pipeline, name: &TenantName, actor: Actor) -> Result<(), Error> {
    if name.as_str() == DEFAULT_TENANT {
        return Err(Error::Conflict(format!("the tenant {DEFAULT_TENANT} is always there and cannot be removed")));
    }
    if pipeline.settings.tenants.contains_key(name.as_str()) {
        return Err(Error::Conflict(format!(
            "the settings name the tenant {name}: take [tenants.{name}] out of them and start the host again"
        )));
    }
    // Nothing is activated meanwhile.
    let _one_at_a_time = pipeline.installing.lock().await;
    pipeline.store.remove_tenant(name.clone(), actor, pipeline.clock.now_ms()).await?;
    tracing::info!(tenant = %name, "tenant removed");
    Ok(())
}

/// Makes the tenants that must be there: `default` and those that the settings name; then every tenant's directory.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn make_missing(pipeline: &Pipeline) -> Result<(), Error> {
    let named = pipeline.settings.tenants.keys().map(String::as_str);
    for name in std::iter::once(DEFAULT_TENANT).chain(named) {
        let name = TenantName::from(name);
        match pipeline.store.tenant(&name)? {
            None => drop(make(pipeline, name, Actor::operator("the settings")).await?),
            Some(tenant) if !tenant.is_live() => {
                tracing::warn!(tenant = %name, "the settings name a tenant that was removed; its name is never given again");
            }
            Some(_) => {}
        }
    }
    for tenant in pipeline.store.tenants(None, usize::MAX)? {
        make_directory(pipeline, &tenant.name);
    }
    Ok(())
}

/// Whether there is such a tenant; one that cannot be looked up is none.
pub(super) fn is_live(pipeline: &Pipeline, name: &TenantName) -> bool {
    matches!(pipeline.store.tenant(name), Ok(Some(tenant)) if tenant.is_live())
}

/// Where the tenant's modules may be written as files. Without it only that is missing, and the next start tries again.
fn make_directory(pipeline: &Pipeline, tenant: &TenantName) {
    let path = pipeline.settings.in_data("modules").join(tenant.as_str());
    if let Err(error) = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path) {
        tracing::warn!(%tenant, path = %path.display(), %error, "a tenant's directory for modules cannot be made");
    }
}
