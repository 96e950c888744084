//! `mailstead domain dkim`

use clap::Args;
use mailstead_storage::KeyState;
use mailstead_web::api::dkim::Keys;
use mailstead_web::segment;
use serde_json::Value;

use crate::cli::{Context, Failure, say};
use crate::client::Client;

#[derive(Args)]
pub struct Options {
    /// The domain
    name: String,
    /// Only show what there is
    #[arg(long, conflicts_with_all = ["rotate", "activate"])]
    show: bool,
    /// Make new keys; they sign once they are published and activated
    #[arg(long)]
    rotate: bool,
    /// Sign with the new keys from now on
    #[arg(long, conflicts_with = "rotate")]
    activate: bool,
}

pub async fn run(options: Options, client: &Client, context: Context) -> Result<(), Failure> {
    let path = format!("/domains/{}/dkim", segment(&options.name));
    let mut keys: Value = match (options.rotate, options.activate) {
        (true, _) => client.post(&path, &()).await?,
        (_, true) => client.post(&format!("{path}/activate"), &()).await?,
        _ => client.get(&path).await?,
    };
    let has_none = keys["keys"].as_array().is_some_and(Vec::is_empty);
    if has_none && !options.show {
        keys = client.post(&path, &()).await?;
    }
    context.show(keys, print);
    Ok(())
}

fn print(list: Keys) {
    if list.keys.is_empty() {
        return say("The domain has no keys; its mail is not signed.");
    }
    for key in list.keys {
        let meaning = match key.state {
            KeyState::Active => "signs; publish it:",
            KeyState::Next => "waits; publish it, wait for an hour, then use it with --activate:",
            KeyState::Retired => "signs no more; leave it published for a week:",
        };
        say(&format!("{} {meaning}\n{}. IN TXT ( {} )\n", key.selector, key.record.name, key.record.zone));
    }
}
