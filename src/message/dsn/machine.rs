//! The part of a report that machines read (RFC 3464 §2).

use super::line::{clean, field};
use super::{Action, Diagnostic, Recipient, Report};
use crate::clock::rfc5322;

/// The fields: those of the message, then a block for each recipient.
pub fn write(report: &Report) -> String {
    let mut fields = String::new();
    if let Some(id) = report.envelope_id {
        field("Original-Envelope-Id", id, &mut fields);
    }
    field("Reporting-MTA", &format!("dns; {}", report.host), &mut fields);
    if let Some(arrived) = report.arrived {
        field("Arrival-Date", &rfc5322(arrived), &mut fields);
    }
    for recipient in report.recipients {
        fields.push_str("\r\n");
        write_recipient(recipient, &mut fields);
    }
    fields
}

fn write_recipient(recipient: &Recipient, fields: &mut String) {
    if let Some((kind, address)) = recipient.original.and_then(|original| original.split_once(';')) {
        // An address that is not ASCII is only allowed as type utf-8 (RFC 6533 §3).
        let kind = if address.is_ascii() { kind } else { "utf-8" };
        field("Original-Recipient", &format!("{kind}; {}", clean(address)), fields);
    }
    let kind = if recipient.address.is_ascii() { "rfc822" } else { "utf-8" };
    field("Final-Recipient", &format!("{kind}; {}", recipient.address), fields);
    field("Action", action(recipient.action), fields);
    field("Status", recipient.status, fields);
    match recipient.diagnostic {
        Some(Diagnostic::Remote { host, reply }) => {
            field("Remote-MTA", &format!("dns; {host}"), fields);
            field("Diagnostic-Code", &format!("smtp; {reply}"), fields);
        }
        Some(Diagnostic::Local(reason)) => field("Diagnostic-Code", &format!("x-mailstead; {reason}"), fields),
        None => {}
    }
    if let Some(last) = recipient.last_attempt {
        field("Last-Attempt-Date", &rfc5322(last), fields);
    }
    if let Action::Delayed { until: Some(until) } = recipient.action {
        field("Will-Retry-Until", &rfc5322(until), fields);
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Failed => "failed",
        Action::Delayed { .. } => "delayed",
        Action::Delivered => "delivered",
        Action::Relayed => "relayed",
        Action::Expanded => "expanded",
    }
}
