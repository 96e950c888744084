//! `mailstead session …`

use clap::Subcommand;
use mailstead_web::api::sessions::SessionList;
use mailstead_web::api::spool::acts::Counted;
use mailstead_web::segment;

use super::table::{Table, count, moment};
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// List who is connected
    List,
    /// End a session, or all sessions of a user
    End {
        /// The session's number, as the list shows it, or a user's address
        session: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::List => context.show(client.get("/sessions").await?, print),
            Command::End { session } if session.contains('@') => {
                let ended: Counted = client.delete(&format!("/users/{}/sessions", segment(&session))).await?;
                context.done(&format!("{} of {session} ended", count(ended.count as u64, "session")));
            }
            Command::End { session } => {
                let () = client.delete(&format!("/sessions/{}", segment(&session))).await?;
                context.done(&format!("session {session} is ended"));
            }
        }
        Ok(())
    }
}

fn print(list: SessionList) {
    let mut table = Table::new(&["session", "service", "user", "from", "TLS", "since", "state"]);
    for row in list.sessions {
        let user = row.user.unwrap_or_else(|| "anonymous".into());
        let tls = row.tls.unwrap_or_else(|| "-".into());
        table.row([row.id, row.service, user, row.peer, tls, moment(&row.since), row.state]);
    }
    table.print("Nobody is connected.");
}
