//! Where a tenant's answers go: what the settings say goes before what the tenant set over the API.

use super::Pipeline;
use crate::domain::gateway::Proof;
use crate::domain::names::TenantName;
use crate::platform::PLATFORMS;
use crate::store;

/// A gateway as it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The platform's name.
    pub platform: &'static str,
    /// The base URL.
    pub url: String,
    /// What the platform knows the tenant by.
    pub proof: Proof,
    /// Who set it.
    pub source: Source,
    /// When it was set over the API, in milliseconds since 1970-01-01 UTC.
    pub updated_ms: Option<u64>,
}

/// Who set a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The operator, in the settings: it may be anywhere.
    Settings,
    /// The tenant, over the API: it is guarded.
    Api,
}

impl Pipeline {
    /// A tenant's gateway to a platform.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn gateway(&self, tenant: &TenantName, platform: &str) -> Result<Option<Gateway>, store::Error> {
        let Some(platform) = PLATFORMS.iter().map(|known| known.name()).find(|known| *known == platform) else {
            return Ok(None);
        };
        let ours = self.settings.tenants.get(tenant.as_str()).and_then(|tenant| tenant.gateways.get(platform));
        if let Some(gateway) = ours {
            let (url, proof) = (gateway.url.clone(), gateway.proof());
            return Ok(Some(Gateway { platform, url, proof, source: Source::Settings, updated_ms: None }));
        }
        let set = self.store.gateway(tenant, platform)?;
        Ok(set.map(|gateway| Gateway {
            platform,
            url: gateway.url.clone(),
            proof: gateway.proof.clone(),
            source: Source::Api,
            updated_ms: Some(gateway.updated_ms),
        }))
    }

    /// All gateways of a tenant, in the order of the platforms.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn gateways(&self, tenant: &TenantName) -> Result<Vec<Gateway>, store::Error> {
        PLATFORMS.iter().filter_map(|platform| self.gateway(tenant, platform.name()).transpose()).collect()
    }
}
