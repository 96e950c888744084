//! The policy that a domain publishes now, seen as other servers see it: nothing that is kept is looked at.

use std::sync::Arc;

use super::super::Configs;
use super::StsRules;
use super::fetch::{self, Source};
use crate::delivery::DeliverySettings;
use crate::dns::Resolver;

/// Fetches policies for who wants to know whether they are right. Cheap to clone.
#[derive(Clone)]
pub struct PublishedPolicies(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    configs: Configs,
    port: u16,
}

/// A policy that a domain publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPolicy {
    /// `enforce`, `testing` or `none`.
    pub mode: &'static str,
    /// Whether it names the host that was asked for.
    pub allows_host: bool,
}

impl PublishedPolicies {
    /// Over this resolver, trusting the authorities of these settings.
    ///
    /// # Errors
    /// A sentence: trusted certificates that cannot be read.
    pub fn open(settings: &DeliverySettings, resolver: Arc<dyn Resolver>) -> Result<PublishedPolicies, String> {
        let configs = Configs::open(&settings.trusted_certificates)?;
        Ok(PublishedPolicies(Arc::new(Inner { resolver, configs, port: settings.mta_sts_port })))
    }

    /// The policy of a domain (in A-labels), and whether it names this host.
    ///
    /// # Errors
    /// A word of RFC 8460 §4.3: it cannot be fetched, or is none.
    pub async fn of(&self, domain: &str, host: &str) -> Result<PublishedPolicy, &'static str> {
        let Inner { resolver, configs, port } = &*self.0;
        let source = Source { dns: &**resolver, configs, port: *port };
        let text = fetch::fetch(&source, domain).await.map_err(super::TlsFailure::name)?;
        let rules = StsRules::parse(&text).ok_or(super::TlsFailure::StsPolicyInvalid.name())?;
        Ok(PublishedPolicy { mode: rules.mode.name(), allows_host: rules.allows(host) })
    }
}
