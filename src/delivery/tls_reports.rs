//! What came of TLS with other servers, counted for the reports to their people (RFC 8460).

use super::remote::{TlsOutcome, TlsOutcomes};
use crate::authenticity::{Observed, Tallies, TlsFailure, TlsObserved};

impl TlsOutcomes for Tallies {
    fn note(&self, outcome: TlsOutcome) {
        let TlsOutcome { domain, policy, policy_lines, host, address, failure, .. } = outcome;
        let named = |line: &String| line.strip_prefix("mx:").map(|host| host.trim().to_owned());
        self.count(&Observed::Tls(TlsObserved {
            domain,
            policy_type: policy.name().into(),
            policy_hosts: policy_lines.iter().filter_map(named).collect(),
            policy: policy_lines,
            failure: failure.map(|failure| TlsFailure { result: failure.name().into(), host, address }),
        }));
    }
}
