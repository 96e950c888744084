//! Sends by SMTP until IMAP shows all of it: how many messages are delivered in a second.

use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::sending::{Door, Sending, Taken, To};
use super::supply::Supply;
use crate::client::imap::Imap;
use crate::figures::{per, round};
use crate::options::{self, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// A mailbox that is not complete is looked at again after this time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Options of `deliver`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    sending: options::Sending,
    #[command(flatten)]
    metered: Metered,
    /// Longest wait until the last message shows
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    visible_seconds_max: u64,
}

/// Runs it. The IMAP sessions are opened before the clock starts, and one mailbox is looked at after the
/// other, so that looking costs the server little.
///
/// # Errors
/// `Unfit`, or trouble of the IMAP sessions; what SMTP refuses is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    let mut mailboxes = Vec::new();
    for user in 0..options.server.users {
        let mut imap = Imap::login(&options.server, &options.server.user(user)).await?;
        imap.command("SELECT INBOX").await?;
        mailboxes.push(imap);
    }
    let before: Vec<u64> = mailboxes.iter().map(|imap| imap.count.exists).collect();
    let sending = Rc::new(Sending {
        messages: options.sending.choice.messages()?,
        server: options.server,
        supply: Supply::of(options.sending.messages),
        messages_per_connection: options.sending.messages_per_connection,
        to: To::Users,
        progress: Progress::new("deliver", options.sending.messages),
    });
    let meter = Meter::start(&options.metered);
    let taken = sending.run(Door::Smtp, options.sending.sessions).await;
    let accepted = meter.now();
    let end = Instant::now() + Duration::from_secs(options.visible_seconds_max);
    let missing = wait_until_visible(&mut mailboxes, &before, &taken, end).await?;
    let visible = meter.now();
    let quiet = meter.quiet().await;
    let delivered = taken.messages - missing;
    Ok(json!({
        "load": "deliver",
        "accepted": taken.json(accepted.seconds),
        "delivered": delivered,
        "missing": missing,
        "seconds_until_visible": round(visible.seconds),
        "delivered_per_second": per(delivered as f64, visible.seconds),
        "cpu_ms_per_message_when_accepted": per(accepted.cpu_ms, delivered as f64),
        "cpu_ms_per_message_when_visible": per(visible.cpu_ms, delivered as f64),
        "server": meter.finish(quiet, delivered, taken.bytes),
    }))
}

/// Gives how many do not show in time.
async fn wait_until_visible(mailboxes: &mut [Imap], before: &[u64], taken: &Taken, end: Instant) -> Result<u64> {
    let mut missing = 0;
    for (user, imap) in mailboxes.iter_mut().enumerate() {
        let expected = before[user] + taken.by_user[user];
        loop {
            imap.command("NOOP").await?;
            if imap.count.exists >= expected || Instant::now() > end {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        missing += expected.saturating_sub(imap.count.exists);
    }
    Ok(missing)
}
