//! `mailstead trace` and `mailstead audit`.

use clap::Args;
use mailstead_web::api::audit::AuditPage;
use mailstead_web::api::trace::{Traced, Traces};

use super::log::print_line;
use super::table::{Table, moment, say};
use super::{Context, Failure};
use crate::client::{Client, query};

#[derive(Args)]
#[group(required = true, multiple = true, id = "clue", args = ["sender", "recipient", "subject", "message_id"])]
pub struct Trace {
    /// Its sender, or a part of it
    #[arg(long)]
    sender: Option<String>,
    /// A recipient, or a part of it
    #[arg(long)]
    recipient: Option<String>,
    /// What its subject says
    #[arg(long)]
    subject: Option<String>,
    /// Its Message-ID field, or its id on this box
    #[arg(long)]
    message_id: Option<String>,
    /// The first day, as 2026-11-21; a week before the last one when left out
    #[arg(long)]
    first: Option<String>,
    /// The last day; today when left out
    #[arg(long)]
    last: Option<String>,
    /// Most messages
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Args)]
pub struct Audit {
    /// Only acts with this in what is known of them
    text: Option<String>,
    /// The first day, as 2026-11-21; a month before the last one when left out
    #[arg(long)]
    first: Option<String>,
    /// The last day; today when left out
    #[arg(long)]
    last: Option<String>,
    /// Most acts
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl Trace {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        let path = query(
            "/trace",
            &[
                ("sender", self.sender),
                ("recipient", self.recipient),
                ("subject", self.subject),
                ("message_id", self.message_id),
                ("first", self.first),
                ("last", self.last),
                ("limit", Some(self.limit.to_string())),
            ],
        );
        context.show(client.get(&path).await?, |traces: Traces| {
            if traces.messages.is_empty() {
                say("The log of these days tells of no such message.");
            }
            traces.messages.iter().for_each(|message| print(context, message));
            if !traces.complete {
                eprintln!("There may be more messages; say more of the one that is looked for, or narrow the days.");
            }
        });
        Ok(())
    }
}

impl Audit {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        let limit = Some(self.limit.to_string());
        let path =
            query("/audit", &[("text", self.text), ("first", self.first), ("last", self.last), ("limit", limit)]);
        context.show(client.get(&path).await?, |page: AuditPage| {
            let mut table = Table::new(&["when", "who", "from", "what", "on"]);
            for act in page.acts {
                table.row([moment(&act.at), act.by, act.from.unwrap_or_default(), act.what, act.on]);
            }
            table.print("Nothing was done in these days.");
        });
        Ok(())
    }
}

fn print(context: Context, message: &Traced) {
    let mut about = Table::new(&["message", ""]);
    about.row(["id".into(), message.message.clone().unwrap_or_else(|| "none: it was refused".into())]);
    about.row(["sender".into(), if message.sender.is_empty() { "<>".into() } else { message.sender.clone() }]);
    about.row(["recipients".into(), message.recipients.clone()]);
    about.row(["subject".into(), message.subject.clone()]);
    about.row(["message-id".into(), message.message_id.clone()]);
    let standing =
        if message.in_spool { format!("{}, in the spool", message.standing) } else { message.standing.clone() };
    about.row(["standing".into(), standing]);
    about.print("");
    message.events.iter().for_each(|event| print_line(context, event));
    say("");
}
