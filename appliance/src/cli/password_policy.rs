//! `mailstead policy …`: what passwords have to be like, and whose are not.

use clap::{Args, Subcommand};
use mailstead_core::people::policy::{Policies, Policy};
use mailstead_web::api::passwords::Compliance;
use mailstead_web::segment;

use super::table::{Table, moment, yes};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Show what passwords have to be like
    Show,
    /// Change it; what is not named is not asked for
    Set {
        /// Only in this domain, which has a policy of its own from then on
        #[arg(long)]
        domain: Option<String>,
        #[command(flatten)]
        policy: Requirements,
    },
    /// Let the policy of the box count in a domain
    Unset {
        /// The domain
        domain: String,
    },
    /// List the users whose passwords do not comply
    Compliance {
        /// List all users
        #[arg(long)]
        all: bool,
    },
}

#[derive(Args)]
pub struct Requirements {
    /// Fewest characters
    #[arg(long, default_value_t = 0)]
    length: u32,
    /// With a digit
    #[arg(long)]
    number: bool,
    /// With a capital letter
    #[arg(long)]
    capital: bool,
    /// With a small letter
    #[arg(long)]
    lower: bool,
    /// With a character that is neither letter nor digit
    #[arg(long)]
    symbol: bool,
    /// Without the user's name in it
    #[arg(long)]
    not_user_name: bool,
    /// Not a common one
    #[arg(long)]
    not_common: bool,
    /// Not one of so many before it
    #[arg(long, default_value_t = 0)]
    former: u32,
    /// Not older than so many months
    #[arg(long, default_value_t = 0)]
    months: u32,
}

impl From<Requirements> for Policy {
    fn from(given: Requirements) -> Policy {
        let Requirements { length, number, capital, lower, symbol, not_user_name, not_common, former, months } = given;
        Policy {
            length_min: length,
            number,
            capital,
            lower,
            symbol,
            not_user_name,
            not_common,
            former,
            months_max: months,
        }
    }
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Show => context.show(client.get("/password-policy").await?, print),
            Command::Set { domain, policy } => {
                let path = domain.map_or_else(String::new, |domain| format!("/{}", segment(&domain)));
                client.put(&format!("/password-policy{path}"), &Policy::from(policy)).await?;
                context.done("The policy counts from now on; passwords in use are judged when their owners log in");
            }
            Command::Unset { domain } => {
                let () = client.delete(&format!("/password-policy/{}", segment(&domain))).await?;
                context.done(&format!("the policy of the box counts in {domain}"));
            }
            Command::Compliance { all } => {
                context.show(client.get("/password-compliance").await?, |list| print_users(list, all));
            }
        }
        Ok(())
    }
}

fn print(policies: Policies) {
    let mut table = Table::new(&[
        "domain",
        ">length",
        "number",
        "capital",
        "lower",
        "symbol",
        "not user name",
        "not common",
        ">former",
        ">months",
    ]);
    let all = [("(all others)".to_owned(), policies.standard)].into_iter().chain(policies.domains);
    for (domain, policy) in all {
        table.row([
            domain,
            policy.length_min.to_string(),
            yes(policy.number),
            yes(policy.capital),
            yes(policy.lower),
            yes(policy.symbol),
            yes(policy.not_user_name),
            yes(policy.not_common),
            policy.former.to_string(),
            policy.months_max.to_string(),
        ]);
    }
    table.print("");
}

fn print_users(list: Compliance, all: bool) {
    let mut table = Table::new(&["user", "password", "violated", "to be changed by"]);
    for user in list.users.into_iter().filter(|user| all || user.standing == "violates") {
        let ends = user.ends.map(|ends| moment(&ends)).unwrap_or_default();
        table.row([user.address, user.standing, user.violated.join(", "), ends]);
    }
    table.print("Nobody's password falls short.");
}
