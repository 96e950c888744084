//! `mailstead alias …`

use clap::Subcommand;
use mailstead_web::api::aliases::{Aliases, Targets};
use mailstead_web::segment;

use super::table::{Table, moment};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Add an alias, or replace where one leads
    Add {
        /// The address that receives
        address: String,
        /// Where its mail goes: one or more addresses
        #[arg(required = true)]
        targets: Vec<String>,
    },
    /// List the aliases
    List,
    /// Remove an alias
    Remove {
        /// The address that receives
        address: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Add { address, targets } => {
                let leads_to = targets.join(", ");
                client.put(&format!("/aliases/{}", segment(&address)), &Targets { targets }).await?;
                context.done(&format!("mail for {address} goes to {leads_to}"));
            }
            Command::List => context.show(client.get("/aliases").await?, print),
            Command::Remove { address } => {
                let () = client.delete(&format!("/aliases/{}", segment(&address))).await?;
                context.done(&format!("the alias {address} is removed"));
            }
        }
        Ok(())
    }
}

fn print(list: Aliases) {
    let mut table = Table::new(&["alias", "leads to", "added"]);
    for alias in list.aliases {
        table.row([alias.address, alias.targets.join(", "), moment(&alias.created)]);
    }
    table.print("There are no aliases.");
}
