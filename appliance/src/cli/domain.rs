//! `mailstead domain …`

mod check;
mod dkim;

use clap::Subcommand;
use mailstead_web::api::domains::{DomainChange, Domains, NewDomain};
use mailstead_web::segment;

use super::table::{Table, moment};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Add a domain whose mail is kept here
    Add {
        /// Its name, like example.org
        name: String,
        /// Who receives the mail for addresses that do not exist
        #[arg(long, value_name = "ADDRESS")]
        catch_all: Option<String>,
    },
    /// List the domains
    List,
    /// Set or remove who receives the mail for addresses that do not exist
    CatchAll {
        /// The domain
        name: String,
        /// The receiver; nobody when it is left out
        address: Option<String>,
    },
    /// Show the keys that the domain's mail is signed with, and the DNS records that publish them; make keys when there
    /// are none
    Dkim(dkim::Options),
    /// Look up what the DNS says of the domain, and say what it should say
    Check {
        /// The domain
        name: String,
    },
    /// Remove a domain that has neither users nor aliases
    Remove {
        /// Its name
        name: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Add { name, catch_all } => {
                let () = client.post("/domains", &NewDomain { name: name.clone(), catch_all }).await?;
                context.done(&format!("{name} is kept here now"));
            }
            Command::List => context.show(client.get("/domains").await?, print),
            Command::CatchAll { name, address } => {
                let change = DomainChange { catch_all: address };
                client.patch(&format!("/domains/{}", segment(&name)), &change).await?;
                context.done(&match change.catch_all {
                    Some(address) => format!("{address} receives the mail for unknown addresses of {name}"),
                    None => format!("mail for unknown addresses of {name} is refused"),
                });
            }
            Command::Dkim(options) => dkim::run(options, client, context).await?,
            Command::Check { name } => check::run(&name, client, context).await?,
            Command::Remove { name } => {
                let () = client.delete(&format!("/domains/{}", segment(&name))).await?;
                context.done(&format!("{name} is removed"));
            }
        }
        Ok(())
    }
}

fn print(list: Domains) {
    let mut table = Table::new(&["domain", ">users", ">aliases", "catch-all", "added"]);
    for domain in list.domains {
        let catch_all = domain.catch_all.unwrap_or_else(|| "-".into());
        let (users, aliases) = (domain.users.to_string(), domain.aliases.to_string());
        table.row([domain.name, users, aliases, catch_all, moment(&domain.created)]);
    }
    table.print("There are no domains yet; add one with `mailstead domain add example.org`.");
}
