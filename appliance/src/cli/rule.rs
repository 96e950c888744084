//! `mailstead rule …`

use clap::{Subcommand, ValueEnum};
use mailstead_web::api::guard::rules::{PrivateNetworks, RuleChange, RuleList};

use super::table::{Table, yes};
use super::{Context, Failure};
use crate::client::Client;
use mailstead_web::segment;

#[derive(Subcommand)]
pub enum Command {
    /// List the rules with their numbers
    List,
    /// Change a rule; what is not given stays
    Set {
        /// The rule's name, as the list shows it
        name: String,
        /// Put it in or out of force
        #[arg(long)]
        state: Option<Switch>,
        /// So much is too much
        #[arg(long, value_name = "NUMBER")]
        threshold: Option<u32>,
        /// Counted over so many seconds
        #[arg(long, value_name = "SECONDS")]
        window: Option<u32>,
        /// Blocked for so many seconds
        #[arg(long, value_name = "SECONDS")]
        block: Option<u32>,
    },
    /// Give a rule the numbers back that it comes with
    Reset {
        /// The rule's name
        name: String,
    },
    /// Say whether addresses of private networks are blocked, too
    Private {
        /// On blocks them like all others
        state: Switch,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List => context.show(client.get("/guard/rules").await?, print),
            Command::Set { name, state, threshold, window, block } => {
                let enabled = state.map(|state| state == Switch::On);
                let change = RuleChange { enabled, threshold, window_seconds: window, block_seconds: block };
                client.patch(&format!("/guard/rules/{}", segment(&name)), &change).await?;
                context.done(&format!("the rule {name} is changed"));
            }
            Command::Reset { name } => {
                let () = client.delete(&format!("/guard/rules/{}", segment(&name))).await?;
                context.done(&format!("the rule {name} is as it came"));
            }
            Command::Private { state } => {
                let block = state == Switch::On;
                client.put("/guard/private-networks", &PrivateNetworks { block }).await?;
                let what = if block { "blocked like all others" } else { "never blocked" };
                context.done(&format!("addresses of private networks are {what}"));
            }
        }
        Ok(())
    }
}

fn print(list: RuleList) {
    let mut table = Table::new(&["rule", "on", ">threshold", "of", ">in seconds", ">blocks seconds", "does"]);
    for row in list.rules {
        table.row([
            row.name,
            yes(row.enabled),
            row.threshold.to_string(),
            row.unit,
            row.window_seconds.to_string(),
            if row.block_seconds > 0 { row.block_seconds.to_string() } else { "-".into() },
            row.consequence,
        ]);
    }
    table.print("There are no rules.");
    let private = if list.blocks_private_networks { "blocked, too" } else { "never blocked" };
    eprintln!("Addresses of private networks are {private}.");
}
