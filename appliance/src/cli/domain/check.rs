//! `mailstead domain check`

use mailstead_core::authenticity::published::{Finding, Judgement};
use mailstead_web::api::domain_check::DomainCheck;
use mailstead_web::segment;

use crate::cli::{Context, Failure, say};
use crate::client::Client;

pub async fn run(name: &str, client: &Client, context: Context) -> Result<(), Failure> {
    context.show(client.get(&format!("/domains/{}/check", segment(name))).await?, print);
    Ok(())
}

fn print(check: DomainCheck) {
    check.findings.into_iter().for_each(print_one);
}

fn print_one(finding: Finding) {
    let judgement = match finding.judgement {
        Judgement::Right => "right",
        Judgement::Wrong => "WRONG",
        Judgement::Optional => "none",
        Judgement::Unknown => "unknown",
    };
    say(&format!("{:<18} {judgement:<8} {}", finding.what, plain(&finding.meaning)));
    for found in finding.found {
        say(&format!("    there is: {}", plain(&found)));
    }
    if let Some(put) = finding.put {
        say(&format!("    put:      {}", plain(&put)));
    }
}

/// What comes from outside must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '?' } else { char }).collect()
}
