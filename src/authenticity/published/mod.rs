//! What a domain has to publish so that its mail arrives: looked up, compared, and said in plain words what to put
//! there.
//!
//! Never changes anything, and judges only what the DNS tells.

mod host;
mod policies;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mailstead_storage::SigningKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use policies::sts_policy;

use super::{Checks, ascii_domain, key_pair};
use crate::dns::{Fault, Resolver};

/// What is to be compared with the DNS.
pub struct Expected {
    /// The domain, as the directory has it.
    pub domain: String,
    /// Its keys.
    pub keys: Vec<SigningKey>,
    /// The name of this host.
    pub hostname: String,
    /// The SHA-256 of the public key of this host's certificate, in hexadecimal, when it is known.
    pub certificate: Option<String>,
}

/// How a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// As it should be.
    Right,
    /// Not as it should be, or not there.
    Wrong,
    /// Not there; mail arrives without it.
    Optional,
    /// The DNS did not tell.
    Unknown,
}

/// One thing that was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is: `MX`, `SPF`, `DKIM mail1-rsa`, …
    pub what: String,
    /// How it is.
    pub judgement: Judgement,
    /// What this means, for a person.
    pub meaning: String,
    /// What stands there now.
    pub found: Vec<String>,
    /// What to put there, as a line of a zone file.
    pub put: Option<String>,
}

impl Expected {
    /// The domain as the DNS has it.
    pub fn ascii_domain(&self) -> String {
        ascii_domain(&self.domain)
    }
}

/// Does the domain announce an MTA-STS policy, which then has to be looked at as well?
pub fn announces_sts(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.what == "MTA-STS" && finding.judgement == Judgement::Right)
}

/// Looks everything up.
pub async fn look_up(resolver: &Arc<dyn Resolver>, checks: &Checks, expected: &Expected) -> Vec<Finding> {
    let domain = expected.ascii_domain();
    let (addresses, of_host) = host::addresses(&**resolver, &expected.hostname).await;
    let mut findings = vec![host::mx(&**resolver, &domain, &expected.hostname).await, of_host];
    findings.extend(host::names(&**resolver, &expected.hostname, &addresses).await);
    findings.push(policies::spf(&**resolver, checks, &domain, &expected.hostname, &addresses).await);
    if expected.keys.is_empty() {
        findings.push(no_keys(&expected.domain));
    }
    for key in &expected.keys {
        findings.push(policies::dkim(&**resolver, &domain, key).await);
    }
    findings.push(policies::dmarc(&**resolver, &domain).await);
    findings.push(policies::mta_sts(&**resolver, &domain).await);
    findings.push(policies::tls_reports(&**resolver, &domain).await);
    findings.push(host::dane(&**resolver, &expected.hostname, expected.certificate.as_deref()).await);
    findings
}

fn no_keys(domain: &str) -> Finding {
    let meaning = format!("mail of {domain} is not signed; make keys with `mailstead domain dkim {domain}`");
    Finding::new("DKIM", Judgement::Wrong, meaning)
}

impl Finding {
    fn new(what: impl Into<String>, judgement: Judgement, meaning: impl Into<String>) -> Finding {
        Finding { what: what.into(), judgement, meaning: meaning.into(), found: Vec::new(), put: None }
    }

    /// The DNS failed.
    fn unknown(what: impl Into<String>, fault: &Fault) -> Finding {
        Finding::new(what, Judgement::Unknown, fault.to_string())
    }

    fn with_found(mut self, found: Vec<String>) -> Finding {
        self.found = found;
        self
    }

    fn put(mut self, line: String) -> Finding {
        self.put = Some(line);
        self
    }
}

/// The texts at a name, none when there is no such name.
async fn texts(resolver: &dyn Resolver, name: &str) -> Result<Vec<String>, Fault> {
    match resolver.txt(name).await {
        Ok(answer) => Ok(answer.records.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()),
        Err(fault) if fault.is_absence() => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

/// A line of a zone file that publishes a text.
fn txt_line(name: &str, text: &str) -> String {
    format!("{name}. IN TXT {}", key_pair::quoted(text))
}
