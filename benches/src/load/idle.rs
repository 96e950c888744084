//! Many connections that idle: what each costs, and how soon it hears of new mail.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::sessions;
use super::supply::Supply;
use crate::client::imap::Imap;
use crate::client::smtp::Smtp;
use crate::figures::{Failures, Latencies, per, round};
use crate::messages::{Messages, Mix};
use crate::options::Server;
use crate::progress::Progress;
use crate::server::{Memory, Meter, Metered, Processes};
use crate::trouble::{Result, Trouble};

/// Longest wait for news.
const NEWS_SECONDS_MAX: Duration = Duration::from_secs(60);
/// A connection that hears nothing for so long is given up.
const IDLE_SECONDS_MAX: Duration = Duration::from_secs(24 * 3600);

/// Options of `idle`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// Connections, spread over the users
    #[arg(long, short = 'm', value_name = "COUNT", default_value_t = 1000)]
    connections: u64,
    /// Logins at once
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    logins: u64,
    /// Messages sent one after the other, to see how soon the news comes
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    probes: u64,
    /// How long nothing happens, to see what that costs
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    rest_seconds: u64,
    #[command(flatten)]
    metered: Metered,
}

/// A connection of this user has heard news.
type Heard = (u64, Instant);

/// Runs it.
///
/// # Errors
/// Trouble of the first login; later trouble is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    let server = Rc::new(options.server.clone());
    // What the server loads once is not the connections' memory.
    Imap::login(&server, &server.user(0)).await?.command("SELECT INBOX").await?;
    sleep(Duration::from_secs(1)).await;
    let processes = Processes::new(options.metered.server_pid.clone());
    let before = processes.memory(true);
    let meter = Meter::start(&options.metered);

    let (news, mut heard) = unbounded_channel();
    let (opened, mut failures) = open_all(&server, &options, &news).await;
    let open = meter.now();
    let quiet = meter.quiet().await;
    let memory = processes.memory(true);
    sleep(Duration::from_secs(options.rest_seconds)).await;
    let rested = meter.now();
    let probes = probe(&server, &options, &opened, &mut heard, &mut failures).await?;

    let connections: u64 = opened.iter().sum();
    let end = meter.now();
    Ok(json!({
        "load": "idle",
        "connections": connections,
        "open_seconds": round(open.seconds),
        "open_cpu_ms_per_connection": per(quiet.cpu_ms, connections as f64),
        "rss_kb_per_connection": each(before, memory, connections, |memory| memory.rss_kb),
        "pss_kb_per_connection": each(before, memory, connections, |memory| memory.pss_kb),
        "rest_cpu_ms_per_second": per(rested.cpu_ms - quiet.cpu_ms, rested.seconds - quiet.seconds),
        "news_first": probes.first.json(),
        "news_all_of_user": probes.last.json(),
        "news_missing": probes.missing,
        "failures": failures.json(),
        "server": meter.finish(end, connections, 0),
    }))
}

fn each(before: Memory, after: Memory, connections: u64, of: fn(Memory) -> u64) -> f64 {
    per(of(after) as f64 - of(before) as f64, connections as f64)
}

/// Opens all connections; gives how many each user has.
async fn open_all(server: &Rc<Server>, options: &Options, news: &UnboundedSender<Heard>) -> (Vec<u64>, Failures) {
    let supply = Rc::new(Supply::of(options.connections));
    let opened: Rc<Vec<Cell<u64>>> = Rc::new((0..server.users).map(|_| Cell::new(0)).collect());
    let progress = Rc::new(Progress::new("idle", options.connections));
    let failures = sessions(options.logins, |_| {
        let (server, supply, opened) = (Rc::clone(server), Rc::clone(&supply), Rc::clone(&opened));
        let (news, progress) = (news.clone(), Rc::clone(&progress));
        async move {
            let mut failures = Failures::default();
            while let Some(number) = supply.take() {
                let user = number % server.users;
                match idler(&server, user).await {
                    Ok(imap) => {
                        opened[user as usize].set(opened[user as usize].get() + 1);
                        spawn_local(listen(imap, user, news.clone()));
                    }
                    Err(trouble) => failures.add(&trouble),
                }
                progress.step();
            }
            failures
        }
    });
    let mut all = Failures::default();
    failures.await.into_iter().for_each(|failures| all.merge(failures));
    (opened.iter().map(Cell::get).collect(), all)
}

async fn idler(server: &Server, user: u64) -> Result<Imap> {
    let mut imap = Imap::login(server, &server.user(user)).await?;
    imap.command("SELECT INBOX").await?;
    imap.idle().await?;
    Ok(imap)
}

async fn listen(mut imap: Imap, user: u64, news: UnboundedSender<Heard>) {
    while imap.wait_for_news(IDLE_SECONDS_MAX).await.is_ok() && news.send((user, Instant::now())).is_ok() {}
}

#[derive(Default)]
struct Probes {
    first: Latencies,
    last: Latencies,
    missing: u64,
}

/// Sends a message at a time and waits until all connections of its user have heard of it. The time begins
/// when the message's last byte is sent.
async fn probe(
    server: &Server,
    options: &Options,
    opened: &[u64],
    heard: &mut UnboundedReceiver<Heard>,
    failures: &mut Failures,
) -> Result<Probes> {
    let mix: Mix = "100:4k".parse().map_err(Trouble::Unfit)?;
    let messages = Messages::new(mix, 1);
    let mut probes = Probes::default();
    for number in 0..options.probes {
        let user = number * 7 % server.users;
        let to = server.user(user);
        let mut smtp = Smtp::connect(server).await?;
        let sent = match smtp.send(&messages.sender(number), &to, &messages.message(number, &to)).await {
            Ok(sent) => sent,
            Err(trouble) => {
                failures.add(&trouble);
                continue;
            }
        };
        let mut waiting = opened[user as usize];
        while waiting > 0 {
            match timeout(NEWS_SECONDS_MAX, heard.recv()).await {
                Ok(Some((of, at))) if of == user => {
                    let latency = at.saturating_duration_since(sent);
                    if waiting == opened[user as usize] {
                        probes.first.add(latency);
                    }
                    waiting -= 1;
                    if waiting == 0 {
                        probes.last.add(latency);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        probes.missing += waiting;
        smtp.quit().await?;
    }
    Ok(probes)
}
