//! `mailstead token …`

use clap::Subcommand;
use mailstead_web::api::credentials::{NewSecret, NewToken, Tokens};
use mailstead_web::segment;

use super::table::{Table, moment, say};
use super::user::{RoleName, role_words};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Make a token; it is shown this once
    Add {
        /// The user whose token it is
        user: String,
        /// What it is for
        name: String,
        /// Let it change things, not only read
        #[arg(long)]
        write: bool,
        /// It gives no more rights than this role has; at most the user's own
        #[arg(long, default_value = "user")]
        role: RoleName,
        /// The day it ends, like 2030-12-24; never when it is left out
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
    },
    /// List the tokens of a user
    List {
        /// The user
        user: String,
    },
    /// Remove a token: what uses it stops working
    Remove {
        /// The user
        user: String,
        /// The token's number, as the list shows it
        token: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Add { user, name, write, role, expires } => {
                let new = NewToken { name, writes: write, role: role.into(), expires };
                let path = format!("/users/{}/tokens", segment(&user));
                if context.json {
                    let made: serde_json::Value = client.post(&path, &new).await?;
                    say(&format!("{made:#}"));
                } else {
                    let made: NewSecret = client.post(&path, &new).await?;
                    say(&made.secret);
                    eprintln!("This is shown only now; keep it where the program finds it.");
                }
            }
            Command::List { user } => {
                context.show(client.get(&format!("/users/{}/tokens", segment(&user))).await?, print);
            }
            Command::Remove { user, token } => {
                let path = format!("/users/{}/tokens/{}", segment(&user), segment(&token));
                let () = client.delete(&path).await?;
                context.done(&format!("the token {token} of {user} is removed"));
            }
        }
        Ok(())
    }
}

fn print(list: Tokens) {
    let mut table = Table::new(&["token", "name", "role", "may", "made", "ends", "last used"]);
    for token in list.tokens {
        let may = if token.writes { "read, write" } else { "read" };
        let ends = token.expires.map_or_else(|| "never".into(), |end| moment(&end));
        let used =
            token.last_used.map_or_else(|| "never".into(), |used| format!("{} from {}", moment(&used.at), used.from));
        table.row([
            token.id,
            token.name,
            role_words(token.role).into(),
            may.into(),
            moment(&token.created),
            ends,
            used,
        ]);
    }
    table.print("There are no tokens.");
}
