//! MTA-STS (RFC 8461): whether a domain has a policy, fetching and keeping it.

mod fetch;
mod published;
mod rules;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mailstead_storage::{Store, StsPolicy};

pub use published::{PublishedPolicies, PublishedPolicy};
pub(in super::super) use rules::{Mode, StsRules};

use super::{Configs, TlsFailure};
use crate::clock::Time;
use crate::delivery::DeliverySettings;
use crate::dns::Resolver;
use crate::work;

/// A policy is held for so long at most, whatever it says (RFC 8461 §3.2), seconds.
const AGE_SECONDS_MAX: u64 = 31_557_600;

/// After a failure a domain's policy is not fetched again for so long (RFC 8461 §3.3), seconds.
const FETCH_PAUSE_SECONDS: u64 = 300;
/// Failures that are remembered; beyond it the old ones are forgotten.
const FAILURES_MAX: usize = 1000;

/// Domains whose policy could not be fetched, and when that was.
#[derive(Default)]
pub(in super::super) struct FetchFailures(Mutex<HashMap<String, Time>>);

impl FetchFailures {
    fn has_recent(&self, domain: &str, now: Time) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(domain).is_some_and(|at| at.plus_seconds(FETCH_PAUSE_SECONDS) > now)
    }

    fn note(&self, domain: &str, now: Time) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= FAILURES_MAX {
            failures.retain(|_, at| at.plus_seconds(FETCH_PAUSE_SECONDS) > now);
        }
        if failures.len() < FAILURES_MAX {
            failures.insert(domain.to_string(), now);
        }
    }
}

/// What is needed to learn policies.
pub(in super::super) struct Sts<'a> {
    pub dns: &'a dyn Resolver,
    pub store: &'a Store,
    pub configs: &'a Configs,
    pub settings: &'a DeliverySettings,
    pub failures: &'a FetchFailures,
    pub now: Time,
}

impl Sts<'_> {
    /// The policy of a domain, with what went wrong while looking. A policy that is kept holds as long as it says, even
    /// when nothing can be fetched (RFC 8461 §5.1).
    pub async fn rules(&self, domain: &str) -> (Option<Arc<StsRules>>, Option<TlsFailure>) {
        let kept = self.kept(domain).await;
        let id = match self.dns.txt(&format!("_mta-sts.{domain}")).await {
            Ok(answer) => rules::record_id(&answer.records),
            Err(_) => None,
        };
        match (&kept, id) {
            (Some(kept), Some(id)) if kept.id == id => (parsed(kept), None),
            (_, None) => (kept.as_ref().and_then(parsed), None),
            (_, Some(_)) if self.failures.has_recent(domain, self.now) => (kept.as_ref().and_then(parsed), None),
            (_, Some(id)) => match fetch::fetch(&self.source(), domain).await {
                Ok(text) => self.keep(domain, id, text).await,
                Err(failure) => {
                    self.failures.note(domain, self.now);
                    (kept.as_ref().and_then(parsed), Some(failure))
                }
            },
        }
    }

    fn source(&self) -> fetch::Source<'_> {
        fetch::Source { dns: self.dns, configs: self.configs, port: self.settings.mta_sts_port }
    }

    /// The policy kept, if it still holds.
    async fn kept(&self, domain: &str) -> Option<StsPolicy> {
        let (store, name) = (self.store.clone(), domain.to_string());
        let kept = work::read(move || store.sts_policy(&name)).await.ok().flatten()?;
        (kept.fetched.plus_seconds(kept.max_age) > self.now).then_some(kept)
    }

    async fn keep(&self, domain: &str, id: String, text: String) -> (Option<Arc<StsRules>>, Option<TlsFailure>) {
        let Some(rules) = StsRules::parse(&text) else { return (None, Some(TlsFailure::StsPolicyInvalid)) };
        let max_age = rules.max_age.min(AGE_SECONDS_MAX);
        let policy = StsPolicy { id, fetched: self.now, max_age, text };
        // A policy that cannot be kept is fetched again next time.
        let _ = self.store.set_sts_policy(domain, Some(policy)).await;
        (Some(Arc::new(rules)), None)
    }
}

fn parsed(policy: &StsPolicy) -> Option<Arc<StsRules>> {
    StsRules::parse(&policy.text).map(Arc::new)
}
