//! `mailstead service …`

use clap::Subcommand;
use mailstead_web::api::services::{ServiceList, ServiceRow};
use mailstead_web::segment;

use super::table::Table;
use super::{Context, Failure};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// List the services
    List,
    /// Start a service, now and whenever the box starts
    Start {
        /// Its name, as the list shows it
        name: String,
    },
    /// Stop a service, now and until it is started again; the others are left alone
    Stop {
        /// Its name, as the list shows it
        name: String,
    },
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        let later = if client.is_live() { "" } else { ", from the next start of the server on" };
        match self {
            Command::List => context.show(client.get("/services").await?, print),
            Command::Start { name } => {
                let () = client.post(&format!("/services/{}/start", segment(&name)), &()).await?;
                context.done(&format!("{name} is active{later}"));
            }
            Command::Stop { name } => {
                let () = client.post(&format!("/services/{}/stop", segment(&name)), &()).await?;
                context.done(&format!("{name} is stopped{later}"));
            }
        }
        Ok(())
    }
}

fn print(list: ServiceList) {
    let mut table = Table::new(&["service", "status", "at start", "listens on", "description"]);
    for row in list.services {
        let status = status(&row);
        let wanted = if row.wanted { "on" } else { "off" };
        let listening = if row.listening.is_empty() { "-".into() } else { row.listening.join(" ") };
        table.row([row.name, status, wanted.into(), listening, row.description]);
    }
    table.print("There are no services.");
}

fn status(row: &ServiceRow) -> String {
    match &row.error {
        _ if row.active => "active".into(),
        Some(why) => format!("failed: {why}"),
        None => "inactive".into(),
    }
}
