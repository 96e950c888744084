//! `mailstead shared …`

use clap::Subcommand;
use mailstead_storage::Quota;
use mailstead_web::api::shared::{NewRights, NewShared, SharedChange, SharedMailboxes, SharedQuota};
use mailstead_web::segment;

use super::table::{Table, size};
use super::user::parse_quota;
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Add a mailbox that belongs to a domain; nobody but its administrators sees it until rights are given
    Add {
        /// The domain
        domain: String,
        /// Its name, levels parted by /
        name: String,
    },
    /// List the shared mailboxes and who may do what
    List {
        /// Only those of this domain
        #[arg(long)]
        domain: Option<String>,
    },
    /// Rename a shared mailbox and all below it
    Rename {
        /// The domain
        domain: String,
        /// Its name
        name: String,
        /// Its name to be
        new_name: String,
    },
    /// Remove a shared mailbox with all its mail, not those below it
    Remove {
        /// The domain
        domain: String,
        /// Its name
        name: String,
    },
    /// Give rights, in place of those given before
    #[command(
        after_help = "Rights: l see it, r read, s mark as read, w change other flags, i put messages in, p send to \
        it, k make mailboxes below, x remove or rename it, t mark as deleted, e expunge, a give rights"
    )]
    Grant {
        /// The domain
        domain: String,
        /// Its name
        name: String,
        /// A user's address, or anyone; with - before it, the rights are taken from what others give
        #[arg(allow_hyphen_values = true)]
        who: String,
        /// Letters, like lrs to read
        rights: String,
    },
    /// Take all rights away that were given to someone
    Revoke {
        /// The domain
        domain: String,
        /// Its name
        name: String,
        /// As it was granted
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
    /// Set how much the shared mailboxes of a domain may hold
    Quota {
        /// The domain
        domain: String,
        /// Like 500M or 2G; 0 is without limit
        #[arg(value_parser = parse_quota)]
        size: u64,
        /// Most messages; 0 is without limit
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        messages: u64,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Add { domain, name } => {
                let told = format!("{domain}/{name}");
                let () = client.post("/shared", &NewShared { domain, name }).await?;
                context.done(&format!("{told} is there; give rights with `mailstead shared grant`"));
            }
            Command::List { domain } => {
                let query = domain.map(|domain| format!("?domain={}", segment(&domain))).unwrap_or_default();
                context.show(client.get(&format!("/shared{query}")).await?, print);
            }
            Command::Rename { domain, name, new_name } => {
                client.patch(&place(&domain, &name), &SharedChange { name: new_name.clone() }).await?;
                context.done(&format!("{domain}/{name} is {domain}/{new_name} now"));
            }
            Command::Remove { domain, name } => {
                let () = client.delete(&place(&domain, &name)).await?;
                context.done(&format!("{domain}/{name} is removed, with all mail"));
            }
            Command::Grant { domain, name, who, rights } => {
                set_rights(client, &domain, &name, &who, &rights).await?;
                context.done(&format!("{who} has {rights} on {domain}/{name}"));
            }
            Command::Revoke { domain, name, who } => {
                set_rights(client, &domain, &name, &who, "").await?;
                context.done(&format!("{who} has no rights of their own on {domain}/{name}"));
            }
            Command::Quota { domain, size: bytes, messages } => {
                let path = format!("/shared/{}/quota", segment(&domain));
                client.put(&path, &Quota { bytes, messages }).await?;
                let SharedQuota { quota, used } = client.get(&path).await?;
                let limit = |limit: u64, told: String| if limit == 0 { "no limit".into() } else { told };
                context.done(&format!(
                    "the shared mailboxes of {domain} hold {} of {} in {} of {} messages",
                    size(used.bytes),
                    limit(quota.bytes, size(quota.bytes)),
                    used.messages,
                    limit(quota.messages, quota.messages.to_string()),
                ));
            }
        }
        Ok(())
    }
}

async fn set_rights(client: &Client, domain: &str, name: &str, who: &str, rights: &str) -> Result<(), Failure> {
    let path = format!("{}/rights/{}", place(domain, name), segment(who));
    client.put(&path, &NewRights { rights: rights.into() }).await
}

fn place(domain: &str, name: &str) -> String {
    format!("/shared/{}/mailboxes/{}", segment(domain), segment(name))
}

fn print(list: SharedMailboxes) {
    let mut table = Table::new(&["domain", "mailbox", ">messages", ">size", "rights"]);
    for mailbox in list.mailboxes {
        let rights: Vec<String> =
            mailbox.rights.iter().map(|entry| format!("{} {}", entry.identifier, entry.rights)).collect();
        let (messages, bytes) = (mailbox.messages.to_string(), size(mailbox.bytes));
        table.row([mailbox.domain, mailbox.name, messages, bytes, rights.join(", ")]);
    }
    table.print("There are no shared mailboxes yet; add one with `mailstead shared add example.org News`.");
}
