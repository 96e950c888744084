//! Fetches every user's maildrop by POP3, and deletes nothing.

use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};

use super::sessions;
use super::supply::Supply;
use crate::client::pop3::Pop3;
use crate::figures::{Acts, per, round};
use crate::options::Server;
use crate::progress::Progress;
use crate::server::{Meter, Metered};
use crate::trouble::Result;

/// What the sessions share: each takes the next user until there is none left.
struct Fetching {
    server: Server,
    users: Supply,
    fetched_max: u64,
    progress: Progress,
}

/// Runs it.
pub async fn run(server: Server, count: u64, fetched_max: u64, metered: &Metered) -> Result<Value> {
    let users = Supply::of(server.users);
    let fetching = Rc::new(Fetching { server, users, fetched_max, progress: Progress::new("read by POP3", 0) });
    let meter = Meter::start(metered);
    let all = sessions(count, |_| {
        let fetching = Rc::clone(&fetching);
        async move {
            let (mut acts, mut bytes) = (Acts::default(), 0);
            while let Some(user) = fetching.users.take() {
                if let Err(trouble) = fetching.maildrop(user, &mut acts, &mut bytes).await {
                    acts.failures.add(&trouble);
                }
            }
            (acts, bytes)
        }
    });
    let (mut acts, mut bytes) = (Acts::default(), 0);
    for (more, read) in all.await {
        acts.merge(more);
        bytes += read;
    }
    let done = meter.now();
    let quiet = meter.quiet().await;
    let fetched = acts.count(Some("RETR"));
    Ok(json!({
        "load": "read by POP3",
        "fetched": fetched,
        "seconds": round(done.seconds),
        "fetched_per_second": per(fetched as f64, done.seconds),
        "mb_per_second": per(bytes as f64 / 1e6, done.seconds),
        "acts": acts.json(),
        "failures": acts.failures.json(),
        "server": meter.finish(quiet, fetched, 0),
    }))
}

impl Fetching {
    async fn maildrop(&self, user: u64, acts: &mut Acts, bytes: &mut u64) -> Result<()> {
        let mut pop3 = Pop3::connect(&self.server).await?;
        let begin = Instant::now();
        pop3.login(&self.server, &self.server.user(user)).await?;
        acts.took("login", begin);
        let count = pop3.count().await?;
        for command in ["LIST", "UIDL"] {
            let begin = Instant::now();
            let outcome = pop3.lines(command).await;
            acts.note(command, begin, outcome)?;
        }
        for message in 1..=count.min(self.fetched_max) {
            let begin = Instant::now();
            let outcome = pop3.lines(&format!("RETR {message}")).await;
            *bytes += acts.note("RETR", begin, outcome)?.unwrap_or(0);
            self.progress.step();
        }
        pop3.command("QUIT").await?;
        Ok(())
    }
}
