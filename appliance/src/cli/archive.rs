//! `mailstead archive …`

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use mailstead_storage::ArchiveDirection;
use mailstead_web::api::archive::{
    ArchiveList, ArchiveQuery, Heads, HoldRow, Holds, Keep, NewHold, NewRule, RuleRow, Rules,
};

use super::table::{Table, moment, say, size};
use super::{Context, Failure};
use crate::client::{Client, query};

#[derive(Subcommand)]
pub enum Command {
    /// Search, the newest messages first
    Find {
        #[command(flatten)]
        search: Search,
        /// Most messages
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Write all that a search finds into a file
    Export {
        #[command(flatten)]
        search: Search,
        /// As what
        #[arg(long, value_enum, default_value_t = Format::Zip)]
        format: Format,
        /// The file to make
        file: PathBuf,
    },
    /// List the rules
    Rules,
    /// Have mail archived from now on
    AddRule {
        /// Mail of this domain; of all domains without
        #[arg(long)]
        domain: Option<String>,
        /// Which of it
        #[arg(long, value_enum, default_value_t = Direction::Both)]
        mail: Direction,
        /// For how many days it is kept; for ever without
        #[arg(long, value_name = "DAYS")]
        keep: Option<u32>,
    },
    /// Say for how long the messages of a rule are kept
    Keep {
        /// The rule's number
        rule: u32,
        /// So many days; for ever without
        days: Option<u32>,
    },
    /// Archive no more mail for a rule; what it archived is kept for as long as it says
    EndRule {
        /// The rule's number
        rule: u32,
    },
    /// List the legal holds
    Holds,
    /// Keep all that a search finds, whatever the rules say
    Hold {
        #[command(flatten)]
        search: Search,
        /// Why
        #[arg(long)]
        why: String,
    },
    /// End a legal hold
    Release {
        /// The hold's number
        hold: u32,
    },
    /// Show the heads of the chains, to be written down
    Heads,
}

/// What to search for.
#[derive(Args)]
pub struct Search {
    /// Only the archive of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Archived on this day or later, such as 2026-12-24
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Archived on this day or before it
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    /// Part of the sender's address
    #[arg(long)]
    sender: Option<String>,
    /// Part of a recipient's address, of Bcc as well
    #[arg(long)]
    recipient: Option<String>,
    /// Part of the subject
    #[arg(long)]
    subject: Option<String>,
    /// Words of the text
    #[arg(long)]
    text: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// A file for each message, and lists of them
    Zip,
    /// One file
    Mbox,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Direction {
    /// To addresses of the domain
    Incoming,
    /// From users of the domain
    Outgoing,
    /// All of it
    Both,
}

impl Search {
    fn pairs(&self) -> [(&'static str, Option<String>); 7] {
        let Search { domain, from, until, sender, recipient, subject, text } = self;
        [
            ("domain", domain.clone()),
            ("from", from.clone()),
            ("until", until.clone()),
            ("sender", sender.clone()),
            ("recipient", recipient.clone()),
            ("subject", subject.clone()),
            ("text", text.clone()),
        ]
    }

    fn query(self) -> ArchiveQuery {
        let Search { domain, from, until, sender, recipient, subject, text } = self;
        ArchiveQuery { domain, from, until, sender, recipient, subject, text, after: None, limit: None }
    }
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Find { search, limit } => {
                let mut pairs = search.pairs().to_vec();
                pairs.push(("limit", Some(limit.to_string())));
                context.show(client.get(&query("/archive", &pairs)).await?, print_found);
            }
            Command::Export { search, format, file } => export(client, context, &search, format, file).await?,
            Command::Rules => context.show(client.get("/archive/rules").await?, print_rules),
            Command::AddRule { domain, mail, keep } => {
                let direction = mail.into();
                let rule: RuleRow =
                    client.post("/archive/rules", &NewRule { domain, direction, keep_days: keep }).await?;
                context.done(&format!("rule {} counts from now on", rule.id));
            }
            Command::Keep { rule, days } => {
                client.patch(&format!("/archive/rules/{rule}"), &Keep { keep_days: days }).await?;
                context.done("changed for all that the rule has archived, and will");
            }
            Command::EndRule { rule } => {
                let () = client.delete(&format!("/archive/rules/{rule}")).await?;
                context.done("the rule has ended");
            }
            Command::Holds => context.show(client.get("/archive/holds").await?, print_holds),
            Command::Hold { search, why } => {
                let hold: HoldRow = client.post("/archive/holds", &NewHold { why, search: search.query() }).await?;
                context.done(&format!("hold {}: {}", hold.id, hold.what));
            }
            Command::Release { hold } => {
                let () = client.delete(&format!("/archive/holds/{hold}")).await?;
                context.done("the hold has ended");
            }
            Command::Heads => context.show(client.get("/archive/heads").await?, print_heads),
        }
        Ok(())
    }
}

async fn export(
    client: &Client,
    context: Context,
    search: &Search,
    format: Format,
    path: PathBuf,
) -> Result<(), Failure> {
    let name = match format {
        Format::Zip => "zip",
        Format::Mbox => "mbox",
    };
    let mut pairs = search.pairs().to_vec();
    pairs.push(("format", Some(name.into())));
    let refused = |error: std::io::Error| Failure::Refused(format!("{}: {error}", path.display()));
    let mut file = File::create_new(&path).map_err(refused)?;
    client.copy(&query("/archive/export", &pairs), &mut file).await?;
    file.sync_all().map_err(refused)?;
    context.done(&format!("{} written", path.display()));
    Ok(())
}

impl From<Direction> for ArchiveDirection {
    fn from(direction: Direction) -> ArchiveDirection {
        match direction {
            Direction::Incoming => ArchiveDirection::Incoming,
            Direction::Outgoing => ArchiveDirection::Outgoing,
            Direction::Both => ArchiveDirection::Both,
        }
    }
}

fn word(direction: ArchiveDirection) -> String {
    format!("{direction:?}").to_lowercase()
}

fn print_found(list: ArchiveList) {
    let mut table = Table::new(&["archived", "record", "direction", "sender", "recipients", "subject", "size"]);
    for row in list.records {
        let record = format!("{}/{}", row.domain, row.number);
        let (recipients, size) = (row.recipients.join(", "), size(row.size_bytes));
        table.row([moment(&row.archived), record, word(row.direction), row.sender, recipients, row.subject, size]);
    }
    table.print("Nothing was found.");
    if list.next.is_some() {
        say("There may be more; say more of what is looked for, or give a higher --limit.");
    }
}

fn print_rules(list: Rules) {
    let mut table = Table::new(&["rule", "domain", "mail", "kept", "since", "ended"]);
    for row in list.rules {
        let domain = row.domain.unwrap_or_else(|| "all domains".into());
        let kept = row.keep_days.map_or_else(|| "for ever".into(), |days| format!("{days} days"));
        let ended = row.ended.as_deref().map(moment).unwrap_or_default();
        table.row([row.id.to_string(), domain, word(row.direction), kept, moment(&row.created), ended]);
    }
    table.print("No mail is archived.");
}

fn print_holds(list: Holds) {
    let mut table = Table::new(&["hold", "what", "why", "by", "since"]);
    for row in list.holds {
        table.row([row.id.to_string(), row.what, row.why, row.by, moment(&row.created)]);
    }
    table.print("Nothing is held.");
}

fn print_heads(list: Heads) {
    for row in list.heads {
        say(&row.head);
    }
}
