//! Sends by SMTP: how many messages are accepted in a second, and what each costs, delivery included.

use std::rc::Rc;

use clap::Args;
use serde_json::{Value, json};

use super::sending::{Door, Sending, To};
use super::supply::Supply;
use crate::figures::per;
use crate::options::{self, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// Options of `receive`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    sending: options::Sending,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// `Unfit`; what the server refuses is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    let sending = Rc::new(Sending {
        messages: options.sending.choice.messages()?,
        server: options.server,
        supply: Supply::of(options.sending.messages),
        messages_per_connection: options.sending.messages_per_connection,
        to: To::Users,
        progress: Progress::new("receive", options.sending.messages),
    });
    let meter = Meter::start(&options.metered);
    let taken = sending.run(Door::Smtp, options.sending.sessions).await;
    let accepted = meter.now();
    let quiet = meter.quiet().await;
    Ok(json!({
        "load": "receive",
        "accepted": taken.json(accepted.seconds),
        "cpu_ms_per_message_when_accepted": per(accepted.cpu_ms, taken.messages as f64),
        "server": meter.finish(quiet, taken.messages, taken.bytes),
    }))
}
