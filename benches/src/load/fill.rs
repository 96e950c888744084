//! Appends messages by IMAP: makes large mailboxes, and says what that cost.

use std::rc::Rc;

use clap::Args;
use serde_json::{Value, json};

use super::sending::{Door, Sending, To};
use super::supply::Supply;
use crate::options::{Choice, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// Options of `fill`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// How many messages, over all users
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20_000)]
    messages: u64,
    /// Sessions at once
    #[arg(long, short = 'c', value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    sessions: u64,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// `Unfit`; what the server refuses is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    let sending = Rc::new(Sending {
        messages: options.choice.messages()?,
        server: options.server,
        supply: Supply::of(options.messages),
        messages_per_connection: u64::MAX,
        to: To::Users,
        progress: Progress::new("fill", options.messages),
    });
    let meter = Meter::start(&options.metered);
    let taken = sending.run(Door::Append, options.sessions).await;
    let appended = meter.now();
    let quiet = meter.quiet().await;
    Ok(json!({
        "load": "fill",
        "appended": taken.json(appended.seconds),
        "server": meter.finish(quiet, taken.messages, taken.bytes),
    }))
}
