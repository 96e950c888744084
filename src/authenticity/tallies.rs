//! What is counted for reports to other servers: how the mail of their domains fared here (DMARC), and how TLS with
//! their hosts went. Counted in memory, written down now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mailstead_storage::{Error, Store, Tally};
use serde::{Deserialize, Serialize};

use super::{Client, Findings};
use crate::clock::{Clock, Time};

/// Most different things kept in memory until they are written down; what is new beyond is not counted.
const KINDS_MAX: usize = 20_000;

/// Most signatures of a message that a report tells of.
const SIGNATURES_MAX: usize = 10;

/// Something that can happen often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Observed {
    /// A message whose author's domain asks for DMARC reports.
    Dmarc(DmarcObserved),
    /// A session with another server, or the try of one.
    Tls(TlsObserved),
}

/// A message as a DMARC report tells of it (RFC 9990 §3.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmarcObserved {
    /// The author's domain.
    pub domain: String,
    /// Who delivered it.
    pub source: IpAddr,
    /// What was done: `none`, `quarantine` or `reject`; `pass` when DMARC found nothing wrong.
    pub disposition: String,
    /// Was there a good signature of the author's domain?
    pub dkim: bool,
    /// Was there an SPF pass for it?
    pub spf: bool,
    /// Domain, selector and result of each signature.
    pub signatures: Vec<(String, String, String)>,
    /// The domain that SPF was asked about.
    pub spf_domain: String,
    /// Its result.
    pub spf_result: String,
    /// The domain of the reverse-path, empty for `<>`.
    pub envelope_from: String,
}

/// A TLS session as a report tells of it (RFC 8460 §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsObserved {
    /// The recipients' domain.
    pub domain: String,
    /// `sts`, `tlsa` or `no-policy-found`.
    pub policy_type: String,
    /// The lines of the policy, or the TLSA records.
    pub policy: Vec<String>,
    /// The hosts that the policy names.
    pub policy_hosts: Vec<String>,
    /// What failed, if something did: a result type of RFC 8460 §4.3, the host, and our address.
    pub failure: Option<TlsFailure>,
}

/// A session that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFailure {
    /// `starttls-not-supported`, `certificate-expired`, `validation-failure`, …
    pub result: String,
    /// The host.
    pub host: String,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// Counts. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Tallies(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    counted: Mutex<HashMap<(u32, String), u64>>,
}

/// The day of a moment, since 1970 in UTC.
pub fn day(at: Time) -> u32 {
    (at.0 / 86_400_000) as u32
}

impl Tallies {
    /// Nothing counted yet.
    pub fn new(store: Store, clock: Clock) -> Tallies {
        Tallies(Arc::new(Inner { store, clock, counted: Mutex::default() }))
    }

    /// Counts one.
    pub fn count(&self, observed: &Observed) {
        let Ok(what) = serde_json::to_string(observed) else { return };
        let key = (day(self.0.clock.now()), what);
        let mut counted = self.0.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() < KINDS_MAX || counted.contains_key(&key) {
            *counted.entry(key).or_default() += 1;
        }
    }

    /// Writes down what was counted since the last time.
    ///
    /// # Errors
    /// Those of storage; what could not be written is lost.
    pub async fn write_down(&self) -> Result<(), Error> {
        let counted = std::mem::take(&mut *self.0.counted.lock().unwrap_or_else(PoisonError::into_inner));
        if counted.is_empty() {
            return Ok(());
        }
        let tally = |((day, what), count)| Tally { day, what, count };
        self.0.store.count(counted.into_iter().map(tally).collect()).await
    }

    /// Counts a message, if its author's domain wants to be told.
    pub(super) fn count_message(&self, client: &Client, findings: &Findings) {
        let Some(dmarc) = &findings.dmarc else { return };
        if dmarc.record.as_ref().is_none_or(|record| record.rua.is_empty()) {
            return;
        }
        let disposition = match (dmarc.result, findings.refusal.is_some(), findings.verdict) {
            ("pass", ..) => "pass",
            (_, true, _) => "reject",
            (_, _, mailstead_storage::Verdict::Junk) => "quarantine",
            _ => "none",
        };
        let signatures = findings.signatures.iter().take(SIGNATURES_MAX);
        self.count(&Observed::Dmarc(DmarcObserved {
            domain: dmarc.author.clone(),
            source: client.address,
            disposition: disposition.into(),
            dkim: dmarc.aligned_dkim,
            spf: dmarc.aligned_spf,
            signatures: signatures.map(|one| (one.domain.clone(), one.selector.clone(), one.result.into())).collect(),
            spf_domain: client.domain().to_lowercase(),
            spf_result: findings.spf.unwrap_or("none").into(),
            envelope_from: client.reverse_path.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase(),
        }));
    }
}
