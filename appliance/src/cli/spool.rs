//! `mailstead spool …`

use clap::{Subcommand, ValueEnum};
use mailstead_storage::Priority;
use mailstead_web::api::spool::acts::{Counted, DeletedPage, MessageIds, NewPriority, Reset};
use mailstead_web::api::spool::{SpoolMessage, SpoolPage, SpoolRow};
use mailstead_web::segment;

use super::table::{Table, count, moment, say, size};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// List the messages that wait for delivery, in order of creation
    List {
        /// Only those whose sender contains this
        #[arg(long)]
        sender: Option<String>,
        /// Only those after this message: the next page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Most rows, up to 1000
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one message: where it stands with each recipient
    Show {
        /// Its id
        id: String,
    },
    /// Try messages now
    Force {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Start the delivery of messages over: retries count from zero, the next attempt is now
    Reset {
        /// Their ids
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// Every message of the spool
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Set the priority of messages: among those that are due, high goes before normal before low
    Priority {
        /// The priority
        priority: Level,
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Print the text of a message as it will be sent
    Text {
        /// Its id
        id: String,
    },
    /// Take messages out of the spool at once; for ten minutes `spool undo` puts them back
    Delete {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// List the messages that were deleted and can be put back
    Deleted,
    /// Put deleted messages back
    Undo {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Level {
    High,
    Normal,
    Low,
}

impl From<Level> for Priority {
    fn from(level: Level) -> Priority {
        match level {
            Level::High => Priority::High,
            Level::Normal => Priority::Normal,
            Level::Low => Priority::Low,
        }
    }
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List { sender, after, limit } => {
                let mut path = format!("/spool?limit={limit}");
                for (name, value) in [("sender", sender), ("after", after)] {
                    if let Some(value) = value {
                        path.push_str(&format!("&{name}={}", segment(&value)));
                    }
                }
                context.show(client.get(&path).await?, print);
            }
            Command::Show { id } => {
                context.show(client.get(&format!("/spool/{}", segment(&id))).await?, print_one);
            }
            Command::Force { ids } => {
                let counted: Counted = client.post("/spool/force", &MessageIds { ids: ids.clone() }).await?;
                told(&context, &counted, ids.len(), "will be tried now")?;
            }
            Command::Delete { ids } => {
                let counted: Counted = client.post("/spool/delete", &MessageIds { ids: ids.clone() }).await?;
                told(&context, &counted, ids.len(), "taken out of the spool")?;
            }
            Command::Reset { ids, all: false } => {
                let reset = Reset { ids: ids.clone(), all: false };
                let counted: Counted = client.post("/spool/reset", &reset).await?;
                told(&context, &counted, ids.len(), "start over")?;
            }
            Command::Reset { all: true, .. } => {
                let reset = Reset { all: true, ..Reset::default() };
                let counted: Counted = client.post("/spool/reset", &reset).await?;
                context.done(&format!("{} start over", count(counted.count as u64, "message")));
            }
            Command::Priority { priority, ids } => {
                let new = NewPriority { ids: ids.clone(), priority: priority.into() };
                let counted: Counted = client.post("/spool/priority", &new).await?;
                told(&context, &counted, ids.len(), "have the new priority")?;
            }
            Command::Text { id } => {
                let path = format!("/spool/{}/text", segment(&id));
                client.copy(&path, &mut std::io::stdout().lock()).await?;
            }
            Command::Deleted => context.show(client.get("/spool/deleted").await?, print_deleted),
            Command::Undo { ids } => {
                let counted: Counted = client.post("/spool/undo", &MessageIds { ids: ids.clone() }).await?;
                told(&context, &counted, ids.len(), "put back into the spool")?;
            }
        }
        Ok(())
    }
}

/// Says what became of the messages; a failure when none of them was there.
fn told(context: &Context, counted: &Counted, asked: usize, what: &str) -> Result<(), Failure> {
    if counted.count == 0 {
        return Err(Failure::Refused("no such message is in the spool; it may have been delivered".into()));
    }
    context.done(&format!("{} of {asked} {what}", counted.count));
    Ok(())
}

fn print(page: SpoolPage) {
    let mut table = Table::new(&[
        "id",
        "sender",
        ">delivered",
        ">size",
        ">attempts",
        "priority",
        "status",
        "received",
        "next attempt",
    ]);
    for row in page.messages {
        table.row([
            row.id.clone(),
            sender(&row).into(),
            format!("{}/{}", row.delivered, row.recipients),
            size(row.size_bytes),
            row.attempts.to_string(),
            format!("{:?}", row.priority).to_lowercase(),
            row.status,
            moment(&row.received),
            moment(&row.next_attempt),
        ]);
    }
    table.print("The spool is empty.");
    if let Some(next) = page.next {
        eprintln!("There are more; go on with --after {next}");
    }
}

fn print_deleted(page: DeletedPage) {
    let mut table = Table::new(&["id", "sender", ">size", "deleted", "undo until"]);
    for deleted in page.messages {
        let row = &deleted.row;
        let (deleted, until) = (moment(&deleted.deleted), moment(&deleted.undo_until));
        table.row([row.id.clone(), sender(row).into(), size(row.size_bytes), deleted, until]);
    }
    table.print("Nothing was deleted within the last ten minutes.");
}

fn print_one(message: SpoolMessage) {
    let row = &message.row;
    let mut about = Table::new(&["message", ""]);
    about.row(["id".into(), row.id.clone()]);
    about.row(["sender".into(), sender(row).into()]);
    about.row(["came in".into(), message.provenance.clone()]);
    about.row(["size".into(), size(row.size_bytes)]);
    about.row(["received".into(), moment(&row.received)]);
    about.row(["attempts".into(), row.attempts.to_string()]);
    about.row(["status".into(), row.status.clone()]);
    about.row(["next attempt".into(), moment(&row.next_attempt)]);
    about.print("");
    say("");
    let mut recipients = Table::new(&["recipient", "state", "by", "last answer"]);
    for recipient in message.states {
        recipients.row([recipient.address, recipient.state, recipient.server, recipient.answer]);
    }
    recipients.print("It has no recipients.");
}

fn sender(row: &SpoolRow) -> &str {
    if row.sender.is_empty() { "<>" } else { &row.sender }
}
