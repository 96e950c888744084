//! An SMTP TLS report as JSON (RFC 8460 §4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::authenticity::TlsObserved;
use crate::clock::{Time, rfc3339};

/// What stands at the head of a report.
pub(super) struct About<'a> {
    /// This host.
    pub organization: &'a str,
    /// Whom to write to about the report.
    pub address: &'a str,
    /// The report's name, unique.
    pub id: &'a str,
    /// First and last second.
    pub period: (u64, u64),
    /// The domain that it is about.
    pub domain: &'a str,
}

/// Writes the report.
pub(super) fn write(about: &About<'_>, rows: &[(TlsObserved, u64)]) -> Vec<u8> {
    let mut policies: BTreeMap<_, Vec<(&TlsObserved, u64)>> = BTreeMap::new();
    for (row, count) in rows {
        policies.entry((&row.policy_type, &row.policy, &row.policy_hosts)).or_default().push((row, *count));
    }
    let moment = |second: u64| rfc3339(Time(second * 1000));
    let report = json!({
        "organization-name": about.organization,
        "date-range": { "start-datetime": moment(about.period.0), "end-datetime": moment(about.period.1) },
        "contact-info": format!("mailto:{}", about.address),
        "report-id": about.id,
        "policies": policies.values().map(|rows| policy(about.domain, rows)).collect::<Vec<_>>(),
    });
    report.to_string().into_bytes()
}

fn policy(domain: &str, rows: &[(&TlsObserved, u64)]) -> Value {
    let sum =
        |failed: bool| rows.iter().filter(move |(row, _)| row.failure.is_some() == failed).map(|(_, count)| count);
    let failure = |(row, count): &(&TlsObserved, u64)| {
        let failure = row.failure.as_ref()?;
        Some(json!({
            "result-type": failure.result,
            "receiving-mx-hostname": failure.host,
            "receiving-ip": failure.address,
            "failed-session-count": count,
        }))
    };
    let first = rows.first().map(|(row, _)| row);
    json!({
        "policy": {
            "policy-type": first.map_or("no-policy-found", |row| &row.policy_type),
            "policy-string": first.map(|row| &row.policy),
            "policy-domain": domain,
            "mx-host": first.map(|row| &row.policy_hosts),
        },
        "summary": {
            "total-successful-session-count": sum(false).sum::<u64>(),
            "total-failure-session-count": sum(true).sum::<u64>(),
        },
        "failure-details": rows.iter().filter_map(failure).collect::<Vec<_>>(),
    })
}
