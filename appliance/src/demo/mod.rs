//! `mailstead demo`: a complete box on loopback with users and sample mail, to try everything out.
//! The mail comes in by SMTP and through the spool, like any other.

mod files;
mod folder;
mod mime;
mod samples;
mod sender;
mod welcome;

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use clap::Args;
use mailstead_core::people::credentials;
use mailstead_core::work;
use mailstead_storage::{NewAccount, Role, Store};

use crate::cli::{Failure, Progress};
use crate::house::House;
use crate::signals::Signals;
use folder::Folder;
use samples::{Door, Sample};
use sender::Sender;

/// The domain of the demo.
const DOMAIN: &str = "example.test";

/// The users: address, name, role.
const USERS: [(&str, &str, Role); 3] = [
    ("admin@example.test", "Postmaster", Role::SystemAdministrator),
    ("alice@example.test", "Alice Arden", Role::User),
    ("bob@example.test", "Bob Brandt", Role::User),
];

/// The password of all of them.
const PASSWORD: &str = "demo-secret";

/// Where SMTP and submission listen.
const SMTP_PORT: u16 = 2525;
const SUBMISSION_PORT: u16 = 2587;

/// How long delivery may take.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(120);

/// How often the spool is looked at meanwhile.
const LOOK_PERIOD: Duration = Duration::from_millis(50);

#[derive(Args)]
pub struct Options {
    /// Remove what an earlier demo has left in ./demo-data and start over
    #[arg(long)]
    fresh: bool,
}

/// Runs the demo until Ctrl-C.
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let folder = Folder::open(options.fresh)?;
    let house = House::open_to_serve(&folder.config()?).await?;
    let running = match house.start().await {
        Ok(running) => running,
        Err(why) => {
            house.close().await?;
            return Err(Failure::Refused(why));
        }
    };
    let outcome = match running.failures().first() {
        Some((service, why)) => Err(Failure::Refused(format!("{service} cannot start: {why}"))),
        None => tokio::select! {
            filled = fill(&house, &folder) => filled.map(|()| true),
            () = signals.stop() => Ok(false),
        },
    };
    if matches!(outcome, Ok(true)) {
        welcome::print(&folder);
        house.live_until(&mut signals).await;
    }
    house.stop(running).await?;
    outcome.map(drop)
}

/// Users and sample mail, as far as they are not there yet.
async fn fill(house: &House, folder: &Folder) -> Result<(), Failure> {
    let store = &house.web().store;
    add_people(store, house.web().clock.now()).await.map_err(|error| Failure::Refused(error.to_string()))?;
    let sending = folder.clone();
    work::read(move || send(&sending)).await.map_err(Failure::Refused)?;
    wait_until_delivered(store).await
}

async fn add_people(store: &Store, now: mailstead_storage::Time) -> mailstead_storage::Result<()> {
    let directory = store.directory();
    if !directory.domains.contains_key(DOMAIN) {
        store.add_domain(DOMAIN, now).await?;
    }
    for (address, name, role) in USERS {
        if directory.by_address.contains_key(address) {
            continue;
        }
        let (password, scram) = work::compute(|| credentials(PASSWORD)).await;
        let (address, name, scram) = (address.into(), name.into(), Some(scram));
        store.add_account(NewAccount { address, name, role, password, scram, ..NewAccount::default() }, now).await?;
    }
    Ok(())
}

/// Sends the samples that were not sent yet, each through its door.
fn send(folder: &Folder) -> Result<(), String> {
    let samples = samples::all();
    let mut progress = Progress::new("sending sample messages:", stderr().is_terminal());
    let mut session: Option<(Door, Sender)> = None;
    for (number, sample) in samples.iter().enumerate().skip(folder.sent()) {
        let mut sender = match session.take() {
            Some((door, sender)) if door == sample.door => sender,
            other => {
                if let Some((_, sender)) = other {
                    sender.quit();
                }
                connect(sample)?
            }
        };
        sender.send(sample.reverse_path, &sample.recipients, sample.message.as_bytes())?;
        folder.note_sent(number + 1)?;
        progress.show(number as u64 + 1, samples.len() as u64);
        session = Some((sample.door, sender));
    }
    if let Some((_, sender)) = session {
        sender.quit();
    }
    progress.clear();
    Ok(())
}

fn connect(sample: &Sample) -> Result<Sender, String> {
    match sample.door {
        Door::Outside => Sender::connect(SMTP_PORT),
        Door::Submission(user) => {
            let mut sender = Sender::connect(SUBMISSION_PORT)?;
            sender.log_in(user, PASSWORD)?;
            Ok(sender)
        }
    }
}

async fn wait_until_delivered(store: &Store) -> Result<(), Failure> {
    let unreadable = |error: mailstead_storage::Error| Failure::Refused(error.to_string());
    let due = |store: &Store| -> mailstead_storage::Result<u64> {
        // What waits for its next attempt, like mail to elsewhere, is no reason to wait here.
        let waiting = store.spool(&mailstead_storage::SpoolFilter { limit: 1000, ..Default::default() })?;
        Ok(waiting.iter().filter(|entry| entry.attempts == 0).count() as u64)
    };
    let mut progress = Progress::new("delivered:", stderr().is_terminal());
    let (end, mut most) = (Instant::now() + DELIVERY_PATIENCE, 0);
    loop {
        let asked = store.clone();
        let left = work::read(move || due(&asked)).await.map_err(unreadable)?;
        most = most.max(left);
        if left == 0 {
            progress.clear();
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Failure::Refused(format!("{left} messages are still not delivered; see demo-data/log")));
        }
        progress.show(most - left, most);
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}
