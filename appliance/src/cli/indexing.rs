//! `mailstead indexing …` and `mailstead search …`

use clap::{Args, Subcommand};
use mailstead_core::search::Status;
use mailstead_web::api::indexing::Reindex;
use mailstead_web::api::search::SearchResults;
use mailstead_web::segment;

use super::table::{Table, count, moment, say, size};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Show how far the index is
    Status,
    /// Have messages read again
    Reindex {
        /// A user's address; without it everybody's messages
        user: Option<String>,
    },
}

/// What to look for.
#[derive(Args)]
pub struct Search {
    /// The user's address
    user: String,
    /// The query, as in: from:anna subject:"offer 2026" has:attachment before:2026-03 larger:5m -- -is:unread
    #[arg(required = true)]
    query: Vec<String>,
    /// Most messages to list
    #[arg(long, default_value_t = 25)]
    count: usize,
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Status => context.show(client.get("/indexing").await?, print_status),
            Command::Reindex { user } => {
                let whose = user.clone().unwrap_or_else(|| "everybody".into());
                let () = client.post("/indexing/reindex", &Reindex { user }).await?;
                context.done(&format!("the messages of {whose} are read again"));
            }
        }
        Ok(())
    }
}

impl Search {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        let Search { user, query, count } = self;
        let path = format!("/users/{}/search?count={count}&q={}", segment(&user), segment(&query.join(" ")));
        context.show(client.get(&path).await?, print_results);
        Ok(())
    }
}

fn print_status(status: Status) {
    let mut table = Table::new(&["what", "how"]);
    let mut line = |what: &str, how: String| table.row([what.to_owned(), how]);
    line("service", if status.running { "runs".into() } else { "is stopped".into() });
    line("messages in the index", format!("{} ({})", status.documents, size(status.bytes)));
    line("being read", status.processing.unwrap_or_else(|| "nobody".into()));
    line("waiting", count(status.queued_count, "user"));
    line("messages done and left", format!("{} and {}", status.done, status.left));
    line("messages a second", format!("{:.0}", status.rate));
    line("behind by", format!("{:.1} s", status.lag_seconds));
    if let Some(error) = status.error {
        line("error", error);
    }
    table.print("");
}

fn print_results(results: SearchResults) {
    let mut table = Table::new(&["received", "mailbox", "uid", "from", "subject"]);
    for row in results.messages {
        table.row([moment(&row.received), row.mailbox, row.uid.to_string(), row.excerpt.from, row.excerpt.subject]);
    }
    table.print("Nothing is found.");
    if results.total > 0 {
        say(&format!("{} in all", count(results.total as u64, "message")));
    }
}
