//! Submits messages for elsewhere until a server of its own has taken them: how many are sent in a second, and what
//! each costs, submission included.

mod destinations;
mod sink;

use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

pub use destinations::{Destinations, Whose};
use sink::Sink;

use super::sending::{Door, Sending, Taken, To};
use super::supply::Supply;
use crate::figures::{per, round};
use crate::options::{self, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// Whether all has come is looked at after this time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Options of `send`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    sending: options::Sending,
    #[command(flatten)]
    destinations: Destinations,
    #[command(flatten)]
    metered: Metered,
    /// The port on which mail for elsewhere is awaited
    #[arg(long, value_name = "PORT", default_value_t = 12026)]
    sink_port: u16,
    /// So many messages for the dead destinations are submitted first; then all others are for the living
    #[arg(long, value_name = "COUNT", default_value_t = 0, conflicts_with = "only")]
    burden: u64,
    /// Only one half of it, so that a spool can be filled first and measured
    #[arg(long, value_name = "HALF")]
    only: Option<Half>,
    /// Longest wait until the last message has come
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    sent_seconds_max: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Submit, and let nobody take it
    Submit,
    /// Take what has been submitted
    Take,
}

/// Runs it.
///
/// # Errors
/// `Unfit`, or `Io` of the addresses that mail is awaited on; what the server refuses is counted instead.
pub async fn run(mut options: Options) -> Result<Value> {
    let count = options.sending.messages;
    let sink = match options.only {
        Some(Half::Submit) => None,
        _ => Some(Sink::open(&options.destinations, options.sink_port, Progress::new("send", count))?),
    };
    let burden = match options.burden {
        0 => Value::Null,
        _ => burden(&mut options).await?,
    };
    let meter = Meter::start(&options.metered);
    let taken = match options.only {
        Some(Half::Take) => Taken { messages: count, ..Taken::default() },
        _ => submit(&options, count).await?,
    };
    let submitted = meter.now();
    if let Some(sink) = &sink {
        let end = Instant::now() + Duration::from_secs(options.sent_seconds_max);
        let expected = options.destinations.living(taken.messages);
        while sink.messages() < expected && Instant::now() < end {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    let sent = meter.now();
    let quiet = meter.quiet().await;
    let messages = sink.as_ref().map_or(0, |sink| sink.messages());
    let units = if sink.is_some() { messages } else { taken.messages };
    Ok(json!({
        "load": "send",
        "burden": burden,
        "submitted": (options.only != Some(Half::Take)).then(|| taken.json(submitted.seconds)),
        "cpu_ms_per_message_when_submitted": per(submitted.cpu_ms, taken.messages as f64),
        "sent": sink.map(|sink| json!({
            "messages": messages,
            "missing": options.destinations.living(taken.messages).saturating_sub(messages),
            "connections": sink.connections(),
            "seconds": round(sink.seconds()),
            "per_second": per(messages as f64, sink.seconds()),
            "cpu_ms_per_message": per(sent.cpu_ms, messages as f64),
        })),
        "server": meter.finish(quiet, units, taken.bytes),
    }))
}

/// Has messages wait for the dead destinations, until the server rests or for as long as the options allow.
async fn burden(options: &mut Options) -> Result<Value> {
    options.destinations.whose = Whose::Dead;
    let meter = Meter::start(&options.metered);
    let taken = submit(options, options.burden).await?;
    let submitted = meter.now();
    let quiet = meter.quiet().await;
    options.destinations.whose = Whose::Living;
    Ok(json!({
        "submitted": taken.json(submitted.seconds),
        "seconds_until_quiet": round(quiet.seconds),
        "server": meter.finish(quiet, taken.messages, taken.bytes),
    }))
}

/// Submits so many as the first user.
async fn submit(options: &Options, count: u64) -> Result<Taken> {
    let sending = Rc::new(Sending {
        messages: options.sending.choice.messages()?,
        server: options.server.clone(),
        supply: Supply::of(count),
        messages_per_connection: options.sending.messages_per_connection,
        to: To::Elsewhere(options.destinations.clone()),
        progress: Progress::new("submit", count),
    });
    Ok(sending.run(Door::Smtp, options.sending.sessions).await)
}
