//! One very large mailbox: what opening it, reading lists of it, searching it and changing much of it cost, and
//! whether others are served meanwhile.

mod act;
mod bystander;

use std::rc::Rc;

use clap::Args;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::sending::{Door, Sending, To};
use super::supply::Supply;
use crate::client::imap::Imap;
use crate::figures::round;
use crate::messages::{Messages, Mix};
use crate::options::Server;
use crate::progress::Progress;
use crate::server::{Meter, Metered, Processes};
use crate::trouble::{Result, Trouble};
use act::Acts;
use bystander::Bystander;

/// Messages that are changed at once.
const CHANGED: u64 = 10_000;
/// Messages of the mailbox that is searched.
const SEARCHED: u64 = 20_000;
/// Messages of which others tell a change.
const NEWS: u64 = 100;

/// Options of `mailbox`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// Messages in the INBOX of the first user, which must be empty
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100_000)]
    messages: u64,
    /// How many of them are appended; the others are copies
    #[arg(long, value_name = "COUNT", default_value_t = SEARCHED)]
    appended: u64,
    /// How often what only reads is repeated
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    repeat: u64,
    /// Size of the long message that is appended
    #[arg(long, value_name = "MB", default_value_t = 50)]
    long_mb: usize,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// Any trouble.
pub async fn run(options: Options) -> Result<Value> {
    let user = options.server.user(0);
    fill(&options, &user).await?;
    let meter = Meter::start(&options.metered);
    meter.quiet().await;
    let mut acts = Acts::new(&meter, options.repeat);
    read(&mut acts, &options.server, &user).await?;
    search(&mut acts, &options.server, &user).await?;
    let bystander = Bystander::start(&options.server, &options.server.user(1)).await?;
    change(&mut acts, &options.server, &user).await?;
    let others = bystander.stop().await?;
    let acts = acts.json();
    let long = match append_long(&options, &user).await {
        Err(Trouble::Refused { line, .. }) => json!({ "refused": line }),
        long => long?,
    };
    let end = meter.now();
    Ok(json!({
        "load": "mailbox",
        "messages": options.messages,
        "acts": acts,
        "others_meanwhile": others.json(),
        "long_append": long,
        "server": meter.finish(end, 1, 0),
    }))
}

/// Appends some messages and copies them until there are enough; one mailbox beside gets those to search.
async fn fill(options: &Options, user: &str) -> Result<()> {
    let mix: Mix = "100:2k".parse().map_err(Trouble::Unfit)?;
    let sending = Rc::new(Sending {
        messages: Rc::new(Messages::new(mix, 1)),
        server: Server { users: 1, ..options.server.clone() },
        supply: Supply::of(options.appended.min(options.messages)),
        messages_per_connection: u64::MAX,
        to: To::Users,
        progress: Progress::new("mailbox", options.appended),
    });
    sending.run(Door::Append, 4).await;
    let mut imap = Imap::login(&options.server, user).await?;
    imap.command("SELECT INBOX").await?;
    imap.command("CREATE searched").await?;
    imap.command("CREATE moved").await?;
    imap.command(&format!("COPY 1:{} searched", SEARCHED.min(imap.count.exists))).await?;
    while imap.count.exists < options.messages {
        let more = imap.count.exists.min(options.messages - imap.count.exists);
        imap.command(&format!("COPY 1:{more} INBOX")).await?;
        imap.command("NOOP").await?;
    }
    Ok(())
}

async fn read(acts: &mut Acts<'_>, server: &Server, user: &str) -> Result<()> {
    let mut imap = Imap::login(server, user).await?;
    acts.repeated("SELECT", &mut imap, "SELECT INBOX (CONDSTORE)").await?;
    acts.repeated("FETCH 1:* (UID FLAGS)", &mut imap, "FETCH 1:* (UID FLAGS)").await?;
    let listed = format!("FETCH 1:{CHANGED} (ENVELOPE BODYSTRUCTURE)");
    acts.repeated(&listed, &mut imap, &listed).await?;
    let before = imap.modseq;
    let step = imap.count.exists / NEWS;
    let some: Vec<String> = (0..NEWS).map(|number| (1 + number * step).to_string()).collect();
    imap.command(&format!("STORE {} +FLAGS.SILENT (\\Flagged)", some.join(","))).await?;
    let changed = format!("FETCH 1:* (FLAGS) (CHANGEDSINCE {before})");
    acts.repeated("CHANGEDSINCE, 100 changes", &mut imap, &changed).await
}

async fn search(acts: &mut Acts<'_>, server: &Server, user: &str) -> Result<()> {
    let mut imap = Imap::login(server, user).await?;
    imap.command("SELECT searched").await?;
    for keys in ["FROM sender017", "SUBJECT topic042", "TEXT needle123", "TEXT qqxqqzq"] {
        acts.repeated(&format!("SEARCH {keys}"), &mut imap, &format!("SEARCH {keys}")).await?;
    }
    Ok(())
}

async fn change(acts: &mut Acts<'_>, server: &Server, user: &str) -> Result<()> {
    let mut imap = Imap::login(server, user).await?;
    imap.command("SELECT INBOX").await?;
    acts.once("STORE 10000", &mut imap, &format!("STORE 1:{CHANGED} +FLAGS (\\Answered)")).await?;
    acts.once("COPY 10000", &mut imap, &format!("COPY 1:{CHANGED} moved")).await?;
    acts.once("MOVE 10000", &mut imap, &format!("MOVE 1:{CHANGED} moved")).await?;
    acts.once("STORE 10000 \\Deleted", &mut imap, &format!("STORE 1:{CHANGED} +FLAGS.SILENT (\\Deleted)")).await?;
    acts.once("EXPUNGE 10000", &mut imap, "EXPUNGE").await
}

/// Appends a long message a few times, and looks how much memory the server takes for it.
async fn append_long(options: &Options, user: &str) -> Result<Value> {
    let mut message = b"From: a@remote.example\r\nSubject: long\r\n\r\n".to_vec();
    let line = [b"x".repeat(74).as_slice(), b"\r\n"].concat();
    message.extend(line.iter().cycle().take((options.long_mb << 20) - message.len()));
    let mut imap = Imap::login(&options.server, user).await?;
    let processes = Processes::new(options.metered.server_pid.clone());
    let before = processes.memory(false).rss_kb;
    let meter = Meter::start(&Metered { data_dir: Vec::new(), ..options.metered.clone() });
    let mut peak = before;
    for _ in 0..3 {
        let appending = imap.append("moved", &message);
        tokio::pin!(appending);
        loop {
            tokio::select! {
                answer = &mut appending => break answer.map(drop)?,
                () = sleep(Duration::from_millis(5)) => peak = peak.max(processes.memory(false).rss_kb),
            }
        }
    }
    let end = meter.now();
    meter.finish(end, 1, 0);
    Ok(json!({
        "mb": options.long_mb,
        "ms": round(end.seconds * 1000.0 / 3.0),
        "cpu_ms": round(end.cpu_ms / 3.0),
        "rss_growth_kb": peak - before,
    }))
}
