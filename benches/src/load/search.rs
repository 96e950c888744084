//! SEARCH in the INBOX of the first user. Each search's first time is told on its own: a server may build an
//! index then.

use std::time::Instant;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::client::imap::Imap;
use crate::figures::{Latencies, per, round};
use crate::messages::word;
use crate::options::Server;
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// Options of `search`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// How often each search is repeated
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    repeat: u64,
    #[command(flatten)]
    metered: Metered,
}

/// Runs it.
///
/// # Errors
/// Any trouble.
pub async fn run(options: Options) -> Result<Value> {
    let mut imap = Imap::login(&options.server, &options.server.user(0)).await?;
    let meter = Meter::start(&options.metered);
    let begin = Instant::now();
    imap.command("SELECT INBOX").await?;
    let select_ms = round(begin.elapsed().as_secs_f64() * 1000.0);
    let progress = Progress::new("search", 0);
    let mut figures = Map::new();
    for (name, keys) in searches() {
        progress.note(name.to_owned());
        let (before, begin) = (meter.now(), Instant::now());
        let found = imap.command(&format!("SEARCH {keys}")).await?.found.len();
        let first_ms = round(begin.elapsed().as_secs_f64() * 1000.0);
        let first = meter.now();
        let mut repeated = Latencies::default();
        for _ in 0..options.repeat {
            let begin = Instant::now();
            imap.command(&format!("SEARCH {keys}")).await?;
            repeated.add(begin.elapsed());
            progress.step();
        }
        let cpu_ms = meter.now().cpu_ms - first.cpu_ms;
        let figure = json!({
            "keys": keys,
            "found": found,
            "first_ms": first_ms,
            "first_cpu_ms": round(first.cpu_ms - before.cpu_ms),
            "repeated": repeated.json(),
            "repeated_cpu_ms": per(cpu_ms, options.repeat as f64),
        });
        figures.insert(name.to_owned(), figure);
    }
    let done = meter.now();
    let count = figures.len() as u64 * (1 + options.repeat);
    Ok(json!({
        "load": "search",
        "messages": imap.count.exists,
        "select_ms": select_ms,
        "searches": figures,
        "server": meter.finish(done, count, 0),
    }))
}

/// Words of all, of many, of few and of no messages.
fn searches() -> [(&'static str, String); 9] {
    [
        ("flag", "UNSEEN".to_owned()),
        ("from", "FROM sender017".to_owned()),
        ("subject", "SUBJECT topic042".to_owned()),
        ("header", "HEADER Message-ID remote.example".to_owned()),
        ("larger", "LARGER 20000".to_owned()),
        ("text, rare", "TEXT needle123".to_owned()),
        ("text, absent", "TEXT qqxqqzq".to_owned()),
        ("text, common", format!("TEXT {}", word(900))),
        ("body and subject", "BODY needle125 SUBJECT topic025".to_owned()),
    ]
}
