//! Fills a store step by step: does a message cost more when the store is large, and how long does a restart
//! take then?

use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::sending::{Door, Sending, To};
use super::supply::Supply;
use crate::client::imap::Imap;
use crate::client::smtp::Smtp;
use crate::figures::{per, round};
use crate::options::{Choice, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered, Processes, disk_bytes};
use crate::trouble::{Result, Trouble};

const TRY_EVERY: Duration = Duration::from_millis(5);
const RESTART_SECONDS_MAX: u64 = 300;

/// Options of `grow`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// How many steps
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    steps: u64,
    /// Bytes of mail in a step, in millions
    #[arg(long, value_name = "MB", default_value_t = 1000)]
    step_mb: u64,
    /// By which door the mail goes in
    #[arg(long, value_enum, default_value = "smtp")]
    by: Door,
    /// Sessions at once
    #[arg(long, short = 'c', value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    sessions: u64,
    /// At the end, kill the server and start it with this shell command; the time until SMTP and IMAP answer
    /// is measured
    #[arg(long, value_name = "COMMAND")]
    restart: Option<String>,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// `Unfit`, or trouble with the restart; what the server refuses is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    let messages = options.choice.messages()?;
    let mut steps = Vec::new();
    let mut costs = Vec::new();
    let mut next = 0;
    for step in 0..options.steps {
        let progress = Progress::new("grow", 0);
        progress.note(format!("(step {} of {})", step + 1, options.steps));
        let sending = Rc::new(Sending {
            messages: Rc::clone(&messages),
            server: options.server.clone(),
            supply: Supply::of_bytes(next, options.step_mb * 1_000_000),
            messages_per_connection: 10,
            to: To::Users,
            progress,
        });
        let meter = Meter::start(&options.metered);
        let taken = sending.run(options.by, options.sessions).await;
        let accepted = meter.now();
        let quiet = meter.quiet().await;
        next = sending.supply.next();
        costs.push(per(quiet.cpu_ms, taken.messages as f64));
        steps.push(json!({
            "taken": taken.json(accepted.seconds),
            "store_bytes": disk_bytes(&options.metered.data_dir),
            "server": meter.finish(quiet, taken.messages, taken.bytes),
        }));
    }
    let restart = match &options.restart {
        Some(command) => Some(restart(&options, command).await?),
        None => None,
    };
    Ok(json!({
        "load": "grow",
        "cpu_ms_per_message": costs,
        "last_to_first": costs.first().zip(costs.last()).map(|(first, last)| per(*last, *first)),
        "restart": restart,
        "steps": steps,
    }))
}

/// Kills the server and starts it again.
async fn restart(options: &Options, command: &str) -> Result<Value> {
    let processes = Processes::new(options.metered.server_pid.clone());
    for pid in &options.metered.server_pid {
        let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Trouble::Unfit("--server-pid is no process".into()))?;
        kill_process(pid, Signal::KILL).map_err(std::io::Error::from)?;
    }
    while processes.are_alive() {
        sleep(TRY_EVERY).await;
    }
    let begin = Instant::now();
    let end = begin + Duration::from_secs(RESTART_SECONDS_MAX);
    // The server that it starts lives on, so it must not hold a pipe of ours.
    let mut starting = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let smtp_ms = until(end, begin, async || Smtp::connect(&options.server).await.map(drop)).await?;
    let imap_ms = until(end, begin, async || Imap::connect(&options.server).await.map(drop)).await?;
    starting.wait()?;
    Ok(json!({ "smtp_ms": smtp_ms, "imap_ms": imap_ms }))
}

/// Tries until it works, and gives the milliseconds since `begin`.
async fn until(end: Instant, begin: Instant, attempt: impl AsyncFn() -> Result<()>) -> Result<f64> {
    while let Err(trouble) = attempt().await {
        if Instant::now() > end {
            return Err(trouble);
        }
        sleep(TRY_EVERY).await;
    }
    Ok(round(begin.elapsed().as_secs_f64() * 1000.0))
}
