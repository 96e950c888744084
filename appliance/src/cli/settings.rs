//! `mailstead config list`, `set` and `unset`.

use mailstead_web::api::settings::{NewValue, Settings};

use super::table::Table;
use super::{ConfigCommand, Context, Failure};
use crate::client::Client;
use mailstead_web::segment;

/// Runs a command that asks the API.
pub async fn run(command: ConfigCommand, client: &Client, context: Context) -> Result<(), Failure> {
    match command {
        ConfigCommand::Print { .. } | ConfigCommand::Texts => {}
        ConfigCommand::List => context.show(client.get("/settings").await?, print),
        ConfigCommand::Set { name, value } => {
            client.put(&format!("/settings/{}", segment(&name)), &NewValue { value }).await?;
            context.done(&format!("{name} is set; {}", counts(client, &name).await?));
        }
        ConfigCommand::Unset { name } => {
            let () = client.delete(&format!("/settings/{}", segment(&name))).await?;
            context.done(&format!("{name} is as in the configuration file; {}", counts(client, &name).await?));
        }
    }
    Ok(())
}

/// When a change of this setting counts.
async fn counts(client: &Client, name: &str) -> Result<String, Failure> {
    let settings: Settings = client.get("/settings").await?;
    let row = settings.tables.into_iter().flat_map(|table| table.settings).find(|row| row.name == name);
    Ok(row.map_or_else(String::new, |row| format!("it counts {}", row.applies)))
}

fn print(settings: Settings) {
    let mut table = Table::new(&["setting", "set to", "in the file", "counts"]);
    for row in settings.tables.into_iter().flat_map(|table| table.settings) {
        if let Some(set) = row.set {
            table.row([row.name, set, row.configured, row.applies]);
        }
    }
    table.print("Nothing is set in place of the configuration file; `mailstead config print` shows all settings.");
}
