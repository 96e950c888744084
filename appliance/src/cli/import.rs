//! `mailstead import`

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};

use clap::Args;
use mailstead_web::api::import::ImportLine;

use super::progress::Progress;
use super::table::{count, say};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Args)]
pub struct Options {
    /// CSV file; its first line names the columns: address, name, password, quota, role
    file: PathBuf,
    /// Check every line and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Adds the users of a CSV file. A bad line is told and stops none of the others.
pub async fn run(options: Options, client: &Client, context: Context) -> Result<(), Failure> {
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Failure::Refused(format!("cannot read {}: {error}", options.file.display())))?;
    let mut progress = Progress::new("importing", stderr().is_terminal());
    let mut outcome = None;
    client
        .lines(&format!("/import/users?dry_run={}", options.dry_run), text, |line| match line {
            ImportLine::Progress { done, total } => progress.show(done, total),
            ImportLine::Bad { line, message } => {
                progress.clear();
                eprintln!("{}:{line}: {message}", file_name(&options.file));
            }
            ImportLine::Report { added, bad } => outcome = Some((added, bad)),
        })
        .await?;
    progress.clear();
    let broken_off = || Failure::Refused("the server broke off; look into its log and import again".into());
    let (added, bad) = outcome.ok_or_else(broken_off)?;
    let what = if options.dry_run { "would be added" } else { "added" };
    match context.json {
        true => say(&serde_json::json!({ "added": added, "bad": bad }).to_string()),
        false => context.done(&format!("{} {what}", count(added, "user"))),
    }
    match bad {
        0 => Ok(()),
        bad => {
            Err(Failure::Refused(format!("{} not taken; correct what is wrong and import again", count(bad, "line"))))
        }
    }
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
