//! `mailstead blacklist …` and `mailstead allowlist …`

use clap::Subcommand;
use mailstead_web::api::guard::lists::{NetworkEntries, NewEntry};

use super::table::{Table, moment};
use super::{Context, Failure};
use crate::client::Client;
use mailstead_web::segment;

#[derive(Subcommand)]
pub enum Command {
    /// List the entries
    List,
    /// Add a network, or change its entry
    Add {
        /// An address, or a network such as 192.0.2.0/24
        network: String,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
        /// Until when, such as 2026-12-31T00:00:00Z; without it for good
        #[arg(long, value_name = "MOMENT")]
        until: Option<String>,
    },
    /// Remove an entry
    Remove {
        /// The network, as the list shows it
        network: String,
    },
}

impl Command {
    pub async fn run(self, list: &str, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List => context.show(client.get(&format!("/guard/{list}")).await?, print),
            Command::Add { network, note, until } => {
                let entry = NewEntry { network: network.clone(), note, until };
                client.put(&format!("/guard/{list}"), &entry).await?;
                context.done(&format!("{network} is on the {list}"));
            }
            Command::Remove { network } => {
                let () = client.delete(&format!("/guard/{list}/{}", segment(&network))).await?;
                context.done(&format!("{network} is off the {list}"));
            }
        }
        Ok(())
    }
}

fn print(list: NetworkEntries) {
    let mut table = Table::new(&["network", "note", "until", "added"]);
    for row in list.entries {
        let until = row.until.as_deref().map_or_else(|| "for good".into(), moment);
        table.row([row.network, row.note, until, moment(&row.added)]);
    }
    table.print("The list is empty.");
}
