//! `mailstead log …`

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use mailstead_web::api::logs::levels::Levels;
use mailstead_web::api::logs::{LogFiles, LogLine, LogPage};

use super::table::{Table, say, size};
use super::{Context, Failure};
use crate::client::{Client, query};
use mailstead_web::segment;

#[derive(Subcommand)]
pub enum Command {
    /// Search the log, the latest lines first
    Search(Search),
    /// Follow the log until Ctrl-C
    Tail {
        /// Only lines with this in them
        text: Option<String>,
        /// Only these kinds, with commas between them
        #[arg(long)]
        kinds: Option<String>,
        /// Only lines of this level or a higher one
        #[arg(long)]
        level: Option<String>,
    },
    /// Show how much is logged of each kind, or change it: `log levels smtp=debug imap=warning`
    Levels {
        /// A kind and its new level
        #[arg(value_name = "KIND=LEVEL")]
        changes: Vec<String>,
    },
    /// List the days and kinds that there are logs of
    Files,
    /// Write the whole log of a kind of a day to standard output, as a .zip
    Download {
        /// The day, as 2026-11-21
        day: String,
        /// The kind
        kind: String,
    },
}

#[derive(Args)]
pub struct Search {
    /// Only lines with this in them, in any case
    text: Option<String>,
    /// The first day, as 2026-11-21; the last one when left out
    #[arg(long)]
    first: Option<String>,
    /// The last day; today when left out
    #[arg(long)]
    last: Option<String>,
    /// Only these kinds, with commas between them
    #[arg(long)]
    kinds: Option<String>,
    /// Only lines of this level or a higher one
    #[arg(long)]
    level: Option<String>,
    /// Only lines of this session
    #[arg(long)]
    session: Option<String>,
    /// Only lines about this message
    #[arg(long)]
    message: Option<String>,
    /// The earliest lines first
    #[arg(long)]
    oldest: bool,
    /// Show all lines of every session and message that has a hit
    #[arg(long)]
    related: bool,
    /// Most lines to look for
    #[arg(long, default_value_t = 200)]
    limit: usize,
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Search(search) => search.run(client, context).await,
            Command::Tail { text, kinds, level } => {
                let path = query("/logs/tail", &[("text", text), ("kinds", kinds), ("level", level)]);
                client.follow(&path, |line: LogLine| print_line(context, &line)).await
            }
            Command::Levels { changes } if changes.is_empty() => {
                context.show(client.get("/logs/levels").await?, print_levels);
                Ok(())
            }
            Command::Levels { changes } => {
                let levels = changes.iter().map(|change| parse(change)).collect::<Result<BTreeMap<_, _>, _>>()?;
                client.patch("/logs/levels", &Levels { levels }).await?;
                context.done("done");
                Ok(())
            }
            Command::Files => {
                context.show(client.get("/logs/files").await?, print_files);
                Ok(())
            }
            Command::Download { day, kind } => {
                let path = format!("/logs/files/{}/{}", segment(&day), segment(&kind));
                client.copy(&path, &mut std::io::stdout().lock()).await
            }
        }
    }
}

impl Search {
    /// Asks page by page until there are as many lines as wanted, or all was looked through.
    async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        let (mut wanted, mut after) = (self.limit, None);
        while wanted > 0 {
            let page: LogPage = client.get(&self.path(wanted, after)).await?;
            page.lines.iter().for_each(|line| print_line(context, line));
            page.unreadable.iter().for_each(|file| eprintln!("cannot be read: {file}"));
            if !page.complete {
                eprintln!("There are more related lines than can be shown; narrow the days.");
            }
            wanted = if self.related && !page.lines.is_empty() { 0 } else { wanted.saturating_sub(page.lines.len()) };
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
        eprintln!("There may be more; see --limit");
        Ok(())
    }

    fn path(&self, limit: usize, after: Option<String>) -> String {
        query(
            "/logs",
            &[
                ("text", self.text.clone()),
                ("first", self.first.clone()),
                ("last", self.last.clone()),
                ("kinds", self.kinds.clone()),
                ("level", self.level.clone()),
                ("session", self.session.clone()),
                ("message", self.message.clone()),
                ("order", self.oldest.then(|| "oldest".into())),
                ("related", self.related.then(|| "true".into())),
                ("limit", Some(limit.to_string())),
                ("after", after),
            ],
        )
    }
}

/// Prints a line of the log.
pub fn print_line(context: Context, line: &LogLine) {
    if context.json {
        return say(&serde_json::to_string(line).unwrap_or_default());
    }
    let mut text = format!("{} {:<7} {:<8} {}", line.at, line.level, line.kind, line.what);
    for (name, id) in [("session", &line.session), ("message", &line.message)] {
        if let Some(id) = id {
            text.push_str(&format!(" {name}={id}"));
        }
    }
    let particulars = line.particulars();
    // What comes from outside must not steer the terminal.
    say(&format!("{text} {particulars}").chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>());
}

fn parse(change: &str) -> Result<(String, String), Failure> {
    let parts = change.split_once('=').map(|(kind, level)| (kind.to_owned(), level.to_owned()));
    parts.ok_or_else(|| Failure::Usage(format!("{change:?} is no kind and level; write it like smtp=debug")))
}

fn print_levels(levels: Levels) {
    let mut table = Table::new(&["kind", "level"]);
    for (kind, level) in levels.levels {
        table.row([kind, level]);
    }
    table.print("This box keeps no log.");
}

fn print_files(list: LogFiles) {
    let mut table = Table::new(&["day", "kind", ">size"]);
    for file in list.files {
        table.row([file.day, file.kind, size(file.bytes)]);
    }
    table.print("Nothing has been logged yet.");
}
