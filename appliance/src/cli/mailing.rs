//! `mailstead mailing …`

use std::io::{IsTerminal, Read, Write, stderr, stdin};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use mailstead_web::api::mailings::{Audience, Begun, MailingList, MailingPreview, MailingRow, NewMailing};

use super::table::{Table, count, moment, say};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// List the latest messages to many and how far each has come
    List,
    /// Show how far one has come
    Status {
        /// Its number, as the list shows it
        id: u64,
    },
    /// Show what would be sent and to whom, ask, and send it
    Send(Letter),
    /// Stop one: what waits in the spool is taken out, what is delivered stays
    Cancel {
        /// Its number, as the list shows it
        id: u64,
    },
}

#[derive(Args)]
pub struct Letter {
    #[command(flatten)]
    to: To,
    /// The name that stands in From
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// The name beside each address in To; each user's own when it is left out
    #[arg(long, value_name = "NAME")]
    to_name: Option<String>,
    /// The subject
    #[arg(long)]
    subject: String,
    /// The text is HTML
    #[arg(long)]
    html: bool,
    /// Only show what would be sent
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    /// Send without a question
    #[arg(long)]
    yes: bool,
    /// The file with the text; standard input when it is left out
    file: Option<PathBuf>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct To {
    /// To everybody who has a mailbox
    #[arg(long)]
    all: bool,
    /// To everybody of this domain
    #[arg(long)]
    domain: Option<String>,
    /// To everybody who administers a domain
    #[arg(long)]
    domain_admins: bool,
    /// To this user
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List => context.show(client.get("/mailings").await?, |list: MailingList| print(list.mailings)),
            Command::Status { id } => {
                context.show(client.get(&format!("/mailings/{id}")).await?, |row: MailingRow| print(vec![row]));
            }
            Command::Send(letter) => letter.send(client, context).await?,
            Command::Cancel { id } => {
                let () = client.post(&format!("/mailings/{id}/cancel"), &()).await?;
                context.done(&format!("message {id} is cancelled"));
            }
        }
        Ok(())
    }
}

impl Letter {
    async fn send(self, client: &Client, context: Context) -> Result<(), Failure> {
        let (only_preview, yes, has_file) = (self.preview, self.yes, self.file.is_some());
        let new = self.read()?;
        if !yes {
            let preview: serde_json::Value = client.post("/mailings/preview", &new).await?;
            context.show(preview, show);
        }
        if only_preview {
            return Ok(());
        }
        if !yes && !asked(has_file)? {
            context.done("nothing was sent");
            return Ok(());
        }
        let begun: Begun = client.post("/mailings", &new).await?;
        let to = count(begun.total as u64, "user");
        context
            .done(&format!("message {} goes to {to}; `mailstead mailing status {}` tells how far", begun.id, begun.id));
        Ok(())
    }

    fn read(self) -> Result<NewMailing, Failure> {
        let mut text = String::new();
        let read = match &self.file {
            Some(path) => std::fs::read_to_string(path).map(|read| text = read),
            None => stdin().lock().read_to_string(&mut text).map(drop),
        };
        let named = || self.file.as_ref().map_or("standard input".into(), |path| path.display().to_string());
        read.map_err(|error| Failure::Usage(format!("cannot read {}: {error}", named())))?;
        let To { all: _, domain, domain_admins, user } = self.to;
        let (to, of) = match (domain, user) {
            (Some(domain), _) => (Audience::Domain, domain),
            (_, Some(user)) => (Audience::User, user),
            _ if domain_admins => (Audience::DomainAdministrators, String::new()),
            _ => (Audience::AllUsers, String::new()),
        };
        let (from, to_name) = (self.from.unwrap_or_default(), self.to_name.unwrap_or_default());
        Ok(NewMailing { to, of, from, to_name, subject: self.subject, text, html: self.html })
    }
}

/// Is it to be sent? Standard input can be asked only when the text did not come from there.
fn asked(is_free: bool) -> Result<bool, Failure> {
    if !is_free || !stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask; look at it with --preview and send it with --yes".into(),
        ));
    }
    let _ = write!(stderr(), "Send it? [y/N] ");
    let _ = stderr().flush();
    let mut line = String::new();
    stdin().read_line(&mut line).map_err(|error| Failure::Refused(format!("cannot read the answer: {error}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn show(preview: MailingPreview) {
    let MailingPreview { from, audience, total, first, subject, text } = preview;
    let more = if total > first.len() { ", …" } else { "" };
    say(&format!("From:    {from}"));
    say(&format!("To:      {audience}: {} ({}{more})", count(total as u64, "user"), first.join(", ")));
    say(&format!("Subject: {subject}\n"));
    say(text.trim_end());
    say("");
}

fn print(mailings: Vec<MailingRow>) {
    let headings =
        ["id", "subject", "to", "by", "begun", "state", ">total", ">queued", ">delivered", ">failed", ">removed"];
    let mut table = Table::new(&headings);
    for row in mailings {
        let counts = [row.total, row.queued, row.delivered, row.failed, row.removed].map(|count| count.to_string());
        let [total, queued, delivered, failed, removed] = counts;
        let (id, begun) = (row.id.to_string(), moment(&row.begun));
        table.row([id, row.subject, row.audience, row.by, begun, row.state, total, queued, delivered, failed, removed]);
    }
    table.print("Nothing was sent yet.");
}
