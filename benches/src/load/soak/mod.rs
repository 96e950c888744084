//! A part of the full load for a long time: receiving, delivering, reading, deleting, idling, fetching by POP3
//! and reconnecting. First the full rate is measured with the very same turns; then they are paced. Says
//! whether the server's memory, files and cost grow.

mod idlers;
mod pace;
mod turns;
mod watch;

use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::pace::Pace;
use self::turns::{Shared, Worker};
use self::watch::Watch;
use super::sessions;
use crate::figures::{Acts, per, round};
use crate::options::{Choice, Server};
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::{Result, Trouble};

/// Options of `soak`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// How long
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    seconds: u64,
    /// Part of the full rate
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100))]
    load_percent: u64,
    /// How long the full rate is measured before
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    measure_seconds: u64,
    /// Sessions that work at once, each with a user of its own
    #[arg(long, short = 'c', value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    sessions: u64,
    /// Connections that do nothing but idle, and reconnect from time to time
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    idlers: u64,
    /// Messages that are kept in a mailbox; older ones are deleted
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    kept: u64,
    /// Time between two samples of what the server uses
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    sample_seconds: u64,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// `Unfit`; what fails is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    if options.sessions > options.server.users {
        return Err(Trouble::Unfit("each session needs a user of its own: --users is too small".into()));
    }
    let shared = Rc::new(Shared::new(options.server.clone(), options.choice.messages()?, options.kept));
    let progress = Progress::new("soak, full rate", 0);
    let full = work(&shared, &options, Pace::full(), options.measure_seconds, progress).await;
    let full_rate = full.count(Some("turn")) as f64 / options.measure_seconds.max(1) as f64;
    if full_rate == 0.0 {
        return Err(Trouble::Unfit(format!("nothing works: {}", full.failures.json())));
    }
    let rate = full_rate * options.load_percent as f64 / 100.0;

    let meter = Meter::start(&options.metered);
    let watch = Watch::start(&options.metered, Rc::clone(&shared), options.sample_seconds);
    let idlers = idlers::start(&shared, options.idlers);
    let progress = Progress::new("soak", (rate * options.seconds as f64) as u64);
    let acts = work(&shared, &options, Pace::of(rate), options.seconds, progress).await;
    let done = meter.now();
    let samples = watch.stop();
    let idled = idlers.stop();
    let turns = acts.count(Some("turn"));
    Ok(json!({
        "load": "soak",
        "full_turns_per_second": round(full_rate),
        "turns": turns,
        "seconds": round(done.seconds),
        "turns_per_second": per(turns as f64, done.seconds),
        "acts": acts.json(),
        "failures": acts.failures.json(),
        "idlers": idled,
        "verdict": watch::verdict(&samples),
        "samples": watch::json(&samples),
        "server": meter.finish(done, turns, 0),
    }))
}

/// Works for so long.
async fn work(shared: &Rc<Shared>, options: &Options, pace: Pace, seconds: u64, progress: Progress) -> Acts {
    let (pace, progress) = (Rc::new(pace), Rc::new(progress));
    let end = Instant::now() + Duration::from_secs(seconds);
    let all = sessions(options.sessions, |number| {
        let (pace, progress) = (Rc::clone(&pace), Rc::clone(&progress));
        let mut worker = Worker::new(Rc::clone(shared), number);
        async move {
            while Instant::now() < end {
                pace.wait().await;
                worker.turn().await;
                progress.step();
            }
            worker.end().await
        }
    });
    let mut acts = Acts::default();
    all.await.into_iter().for_each(|more| acts.merge(more));
    acts
}
