//! `mailstead verify`

use std::io::{IsTerminal, stderr};

use mailstead_web::api::verify::{Report, VerifyLine};

use super::progress::Progress;
use super::table::{say, size};
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
        1 => Err(Failure::Refused("one thing is wrong with the store; see above".into())),
        more => Err(Failure::Refused(format!("{more} things are wrong with the store; see above"))),
    }
}

fn print(report: &Report) {
    let (bytes, blobs) = (size(report.bytes), report.blobs);
    let (mailboxes, records) = (report.mailboxes, report.records);
    say(&format!("checked: {blobs} messages ({bytes}), {mailboxes} mailboxes, {records} message records"));
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
