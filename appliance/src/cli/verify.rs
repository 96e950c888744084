//! `mailstead verify`

use std::io::{IsTerminal, stderr};

use mailstead_web::api::verify::{Report, VerifyLine};

use super::progress::Progress;
use super::table::{count, say, size};
use super::{Context, Failure};
use crate::client::Client;

/// Checks the whole store. Fails when something is wrong with it.
pub async fn run(client: &Client, context: Context) -> Result<(), Failure> {
    let mut progress = Progress::new("verifying", stderr().is_terminal());
    let mut outcome = None;
    client
        .lines("/verify", String::new(), |line| match line {
            VerifyLine::Progress { done, total } => progress.show(done, total),
            VerifyLine::Report(report) => outcome = Some(Ok(report)),
            VerifyLine::Error(error) => outcome = Some(Err(Failure::Refused(error.message))),
        })
        .await?;
    progress.clear();
    let broken_off = || Err(Failure::Refused("the server broke off; look into its log".into()));
    let report = outcome.unwrap_or_else(broken_off)?;
    let findings = report.findings.len();
    context.show(serde_json::to_value(report).unwrap_or_default(), |report| print(&report));
    match findings {
        0 => Ok(()),
        found => Err(Failure::Refused(format!("{} in the store; see above", count(found as u64, "fault")))),
    }
}

fn print(report: &Report) {
    let mailboxes = if report.mailboxes == 1 { "mailbox" } else { "mailboxes" };
    say(&format!(
        "checked: {} ({}), {} {mailboxes}, {}",
        count(report.blobs, "message"),
        size(report.bytes),
        report.mailboxes,
        count(report.records, "message record")
    ));
    for finding in &report.findings {
        let message = finding.message.as_ref().map(|id| format!(" (message {id})")).unwrap_or_default();
        say(&format!("{}: {}{message}", finding.file, finding.what));
        for place in &finding.seen_in {
            say(&format!("    seen in {} of {}, UID {}", place.mailbox, place.address, place.uid));
        }
    }
    if report.findings.is_empty() {
        say("all is well");
    }
}
