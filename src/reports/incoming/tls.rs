//! An SMTP TLS report as JSON (RFC 8460 §4).

use serde::Deserialize;

use super::{Incoming, short};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    organization_name: String,
    date_range: DateRange,
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DateRange {
    start_datetime: String,
    end_datetime: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Policy {
    policy: About,
    summary: Summary,
    #[serde(default)]
    failure_details: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct About {
    policy_domain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Summary {
    total_successful_session_count: u64,
    total_failure_session_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Failure {
    result_type: String,
    #[serde(default)]
    receiving_mx_hostname: Option<String>,
    #[serde(default)]
    failed_session_count: u64,
}

/// Reads it; `None` when it is none.
pub(super) fn read(text: &str) -> Option<Incoming> {
    let document: Document = serde_json::from_str(text).ok()?;
    let second = |text: &str| text.parse::<jiff::Timestamp>().map_or(0, |at| at.as_second().max(0) as u64);
    let mut incoming = Incoming {
        reporter: short(&document.organization_name),
        domain: short(&document.policies.first()?.policy.policy_domain),
        period: (second(&document.date_range.start_datetime), second(&document.date_range.end_datetime)),
        ..Incoming::default()
    };
    for policy in &document.policies {
        incoming.good = incoming.good.saturating_add(policy.summary.total_successful_session_count);
        incoming.bad = incoming.bad.saturating_add(policy.summary.total_failure_session_count);
        for failure in &policy.failure_details {
            let host = failure.receiving_mx_hostname.as_deref().unwrap_or("an unnamed host");
            incoming.note(&format!("{} to {host}: {}", failure.failed_session_count, failure.result_type));
        }
    }
    Some(incoming)
}
