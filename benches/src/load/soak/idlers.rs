//! Connections that idle, and come and go: some say goodbye, some just vanish.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep};

use super::turns::Shared;
use crate::client::imap::Imap;
use crate::figures::Failures;
use crate::random::Random;
use crate::trouble::{Result, Trouble};

/// The shortest and the longest stay, seconds.
const STAY_SECONDS: (u64, u64) = (5, 60);
const REST: Duration = Duration::from_millis(500);

/// Idlers that run.
pub struct Idlers {
    running: Vec<JoinHandle<()>>,
    counts: Rc<Counts>,
}

#[derive(Default)]
struct Counts {
    stays: Cell<u64>,
    news: Cell<u64>,
    failures: RefCell<Failures>,
}

/// Starts so many, spread over the users.
pub fn start(shared: &Rc<Shared>, count: u64) -> Idlers {
    let counts = Rc::new(Counts::default());
    let running = (0..count).map(|number| spawn_local(idle(Rc::clone(shared), number, Rc::clone(&counts)))).collect();
    Idlers { running, counts }
}

impl Idlers {
    /// Ends them, and gives what they saw.
    pub fn stop(self) -> Value {
        self.running.iter().for_each(JoinHandle::abort);
        json!({
            "connections": self.running.len(),
            "stays": self.counts.stays.get(),
            "news": self.counts.news.get(),
            "failures": self.counts.failures.borrow().json(),
        })
    }
}

async fn idle(shared: Rc<Shared>, number: u64, counts: Rc<Counts>) {
    for stay in 0.. {
        let mut random = Random::new(number, stay);
        if let Err(trouble) = stay_once(&shared, number, &mut random, &counts).await {
            counts.failures.borrow_mut().add(&trouble);
            sleep(REST).await;
        }
        counts.stays.set(counts.stays.get() + 1);
    }
}

async fn stay_once(shared: &Shared, number: u64, random: &mut Random, counts: &Counts) -> Result<()> {
    let mut imap = Imap::login(&shared.server, &shared.server.user(number)).await?;
    imap.command("SELECT INBOX").await?;
    imap.idle().await?;
    let (least, most) = STAY_SECONDS;
    let end = Instant::now() + Duration::from_secs(least + random.below(most - least));
    loop {
        match imap.wait_for_news(end.saturating_duration_since(Instant::now())).await {
            Ok(()) => counts.news.set(counts.news.get() + 1),
            Err(Trouble::TimedOut) => break,
            Err(trouble) => return Err(trouble),
        }
    }
    if random.below(2) == 0 {
        imap.done().await?;
        imap.command("LOGOUT").await?;
    }
    Ok(())
}
