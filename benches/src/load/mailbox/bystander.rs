//! Another user's session, which wants to be served while much is going on.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::client::imap::Imap;
use crate::figures::Latencies;
use crate::options::Server;
use crate::trouble::{Result, Trouble};

/// Between two of its rounds.
const PAUSE: Duration = Duration::from_millis(2);

/// A session that reads and writes a little, again and again.
pub struct Bystander {
    stopped: Rc<Cell<bool>>,
    running: JoinHandle<Result<Latencies>>,
}

impl Bystander {
    /// Logs in and begins.
    ///
    /// # Errors
    /// Any trouble.
    pub async fn start(server: &Server, user: &str) -> Result<Bystander> {
        let mut imap = Imap::login(server, user).await?;
        imap.append("INBOX", b"Subject: small\r\n\r\nsmall\r\n").await?;
        imap.command("SELECT INBOX").await?;
        let stopped = Rc::new(Cell::new(false));
        let running = spawn_local(work(imap, Rc::clone(&stopped)));
        Ok(Bystander { stopped, running })
    }

    /// How long each of its commands has taken.
    ///
    /// # Errors
    /// Any trouble it has met.
    pub async fn stop(self) -> Result<Latencies> {
        self.stopped.set(true);
        self.running.await.map_err(|_| Trouble::Unfit("the bystander's task has ended".into()))?
    }
}

async fn work(mut imap: Imap, stopped: Rc<Cell<bool>>) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    for round in 0_u64.. {
        if stopped.get() {
            break;
        }
        let store = if round % 2 == 0 { "STORE 1 +FLAGS (\\Flagged)" } else { "STORE 1 -FLAGS (\\Flagged)" };
        for command in ["NOOP", "FETCH 1 (FLAGS BODY.PEEK[])", store] {
            let begin = Instant::now();
            imap.command(command).await?;
            latencies.add(begin.elapsed());
        }
        sleep(PAUSE).await;
    }
    Ok(latencies)
}
