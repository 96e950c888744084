//! `mailstead block …`

use clap::Subcommand;
use mailstead_web::api::guard::blocks::BlockList;
use mailstead_web::api::guard::held::HeldList;
use mailstead_web::api::spool::acts::Counted;

use super::table::{Table, count, moment};
use super::{Context, Failure};
use crate::client::Client;
use mailstead_web::segment;

#[derive(Subcommand)]
pub enum Command {
    /// List the addresses that are blocked, the latest first
    List {
        /// Only those of this type: smtp, imap, pop3, sieve, web, harvesting or all
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
    },
    /// Lift all blocks of an address; the rules stay and may block it again
    Lift {
        /// The address, as the list shows it
        address: String,
    },
    /// List the users whose messages are held in the spool
    Held,
    /// Let go what a user has sent and will send
    Release {
        /// The user's address
        user: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List { kind } => {
                let query = kind.map(|kind| format!("?type={}", segment(&kind))).unwrap_or_default();
                context.show(client.get(&format!("/guard/blocks{query}")).await?, print);
            }
            Command::Lift { address } => {
                let lifted: Counted = client.delete(&format!("/guard/blocks/{}", segment(&address))).await?;
                context.done(&format!("{} of {address} lifted", count(lifted.count as u64, "block")));
            }
            Command::Held => context.show(client.get("/guard/held").await?, print_held),
            Command::Release { user } => {
                let released: Counted = client.delete(&format!("/guard/held/{}", segment(&user))).await?;
                context.done(&format!("{} of {user} will be sent now", count(released.count as u64, "message")));
            }
        }
        Ok(())
    }
}

fn print(list: BlockList) {
    let shown = list.blocks.len();
    let mut table = Table::new(&["address", "type", "rule", "since", "until"]);
    for row in list.blocks {
        table.row([row.address, row.kind, row.rule, moment(&row.since), moment(&row.until)]);
    }
    table.print("Nobody is blocked.");
    if list.total > shown {
        eprintln!("These are the latest {shown} of {}.", list.total);
    }
}

fn print_held(list: HeldList) {
    let mut table = Table::new(&["user", "since", "why"]);
    for row in list.users {
        table.row([row.user, moment(&row.since), row.why]);
    }
    table.print("No user's messages are held.");
}
