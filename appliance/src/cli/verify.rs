//! `mailstead verify`

use std::io::{IsTerminal, stderr};

use mailstead_web::api::archive::{ArchiveReport, Prove};
use mailstead_web::api::verify::{CheckLine, Report};
use serde::de::DeserializeOwned;

use super::progress::Progress;
use super::table::{count, say, size};
use super::{Context, Failure};
use crate::client::Client;

#[derive(clap::Args)]
pub struct Options {
    /// Prove that the archive is what was written, and name the first break of each domain's chain
    #[arg(long)]
    archive: bool,
    /// A head that was published: the chain must have had it. May be given again
    #[arg(long, value_name = "HEAD", requires = "archive")]
    head: Vec<String>,
}

impl Options {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self.archive {
            true => prove(Prove { heads: self.head }, client, context).await,
            false => check(client, context).await,
        }
    }
}

/// Proves the archive. Fails when a chain is broken.
async fn prove(wanted: Prove, client: &Client, context: Context) -> Result<(), Failure> {
    let wanted = serde_json::to_string(&wanted).unwrap_or_default();
    let report: ArchiveReport = run("proving", client, "/archive/verify", wanted).await?;
    let breaks = report.breaks.len() as u64;
    context.show(serde_json::to_value(report).unwrap_or_default(), |report| print_proof(&report));
    none_of(breaks, "broken chain", "archive")
}

fn print_proof(report: &ArchiveReport) {
    let (chains, records) = (count(report.chains, "chain"), count(report.records, "record"));
    let heads = count(report.heads, "published head");
    say(&format!("proved: {chains}, {records} ({}), {heads}", size(report.bytes)));
    for found in &report.breaks {
        say(&format!("{}: record {}: {}", found.domain, found.number, found.what));
    }
    if report.breaks.is_empty() {
        say("all is as it was written");
    }
}

/// Checks the whole store. Fails when something is wrong with it.
async fn check(client: &Client, context: Context) -> Result<(), Failure> {
    let report: Report = run("verifying", client, "/verify", String::new()).await?;
    let findings = report.findings.len() as u64;
    context.show(serde_json::to_value(report).unwrap_or_default(), |report| print(&report));
    none_of(findings, "fault", "store")
}

/// Has the server check, and shows how far it is.
async fn run<R: DeserializeOwned>(
    what: &'static str,
    client: &Client,
    path: &str,
    wanted: String,
) -> Result<R, Failure> {
    let mut progress = Progress::new(what, stderr().is_terminal());
    let mut outcome = None;
    client
        .lines(path, wanted, |line| match line {
            CheckLine::Progress { done, total } => progress.show(done, total),
            CheckLine::Report(report) => outcome = Some(Ok(report)),
            CheckLine::Error(error) => outcome = Some(Err(Failure::Refused(error.message))),
        })
        .await?;
    progress.clear();
    outcome.unwrap_or_else(|| Err(Failure::Refused("the server broke off; look into its log".into())))
}

fn none_of(found: u64, what: &str, place: &str) -> Result<(), Failure> {
    match found {
        0 => Ok(()),
        found => Err(Failure::Refused(format!("{} in the {place}; see above", count(found, what)))),
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
