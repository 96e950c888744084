//! How far the index is, for whoever looks after the box.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mailstead_storage::{AccountId, Error};
use serde::{Deserialize, Serialize};

use super::Search;

/// Over how long the rate is counted.
const RATE_PERIOD: Duration = Duration::from_secs(10);
/// Most owners that are listed as waiting.
pub const QUEUED_SHOWN_MAX: usize = 1000;

/// How far the index is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Status {
    /// Does the service run?
    pub running: bool,
    /// Whose messages are being read.
    pub processing: Option<String>,
    /// Whose messages wait to be read, the first 1,000 of them.
    pub queued: Vec<String>,
    /// How many wait to be read.
    pub queued_count: u64,
    /// Messages of the one being read that are done.
    pub done: u64,
    /// Messages of all of them that are left.
    pub left: u64,
    /// Messages a second, over the last ten seconds.
    pub rate: f64,
    /// Since how many seconds there are changes that cannot be found yet; 0 when everything can be found.
    pub lag_seconds: f64,
    /// Messages in the index; one that several have counts for each.
    pub documents: u64,
    /// Its bytes on the disk.
    pub bytes: u64,
    /// What went wrong last, while it has not come right again.
    pub error: Option<String>,
}

/// What the follower tells while it works.
#[derive(Default)]
pub(super) struct Live(Mutex<Now>);

#[derive(Default)]
pub(super) struct Now {
    pub(super) running: bool,
    pub(super) owners: Vec<AccountId>,
    pub(super) done: u64,
    pub(super) behind_since: Option<Instant>,
    pub(super) error: Option<String>,
    /// Grows with every change here.
    changes: u64,
    /// Messages added in this period, since when, and how many a second in the one before.
    counted: u64,
    period: Option<Instant>,
    rate: f64,
}

impl Live {
    pub(super) fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.changes += 1;
        change(&mut now);
    }

    fn look<T>(&self, look: impl FnOnce(&Now) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Now {
    /// Counts a message that was added.
    pub(super) fn count(&mut self) {
        let begun = *self.period.get_or_insert_with(Instant::now);
        if begun.elapsed() >= RATE_PERIOD {
            self.rate = self.counted as f64 / begun.elapsed().as_secs_f64();
            (self.counted, self.period) = (0, Some(Instant::now()));
        }
        self.counted += 1;
    }

    fn rate(&self) -> f64 {
        match self.period.map(|begun| begun.elapsed()) {
            Some(elapsed) if elapsed >= Duration::from_secs(1) && elapsed < 2 * RATE_PERIOD => {
                self.counted as f64 / elapsed.as_secs_f64()
            }
            Some(elapsed) if elapsed < Duration::from_secs(1) => self.rate,
            _ => 0.0,
        }
    }
}

impl Search {
    /// A number that is another one once the follower has gone on.
    pub fn changes(&self) -> u64 {
        self.0.live.look(|now| now.changes)
    }

    /// How far the index is. Blocks for the disk.
    ///
    /// # Errors
    /// `Io`, `Corrupt`.
    pub fn status(&self) -> Result<Status, Error> {
        let inner = &self.0;
        let (mut status, owners) = inner.live.look(|now| {
            let status = Status {
                running: now.running,
                done: now.done,
                rate: now.rate(),
                lag_seconds: now.behind_since.map_or(0.0, |since| since.elapsed().as_secs_f64()),
                error: now.error.clone(),
                ..Status::default()
            };
            (status, now.owners.clone())
        });
        // While the service is stopped, the index itself tells what is left.
        let owners = if status.running { owners } else { inner.index.progress()?.owners };
        let directory = inner.parts.store.directory();
        let name = |owner: &AccountId| match directory.owner(*owner) {
            Some(mailstead_storage::Owner::Account(account)) => account.address.clone(),
            Some(mailstead_storage::Owner::Domain(domain)) => domain.name.clone(),
            None => owner.to_string(),
        };
        status.processing = owners.first().map(name);
        status.queued = owners.iter().skip(1).take(QUEUED_SHOWN_MAX).map(name).collect();
        status.queued_count = owners.len().saturating_sub(1) as u64;
        let held = owners.iter().map(|owner| Ok(inner.parts.store.usage(*owner)?.messages));
        status.left = held.sum::<Result<u64, Error>>()?.saturating_sub(status.done);
        status.documents = inner.index.documents();
        status.bytes = inner.index.bytes();
        Ok(status)
    }
}
