//! What the meta writer has applied of the journal that is not durable in `meta.redb` yet.
//!
//! A message that is appended is durable in the journal, so its client waits for no second sync. Everyone sees it as
//! soon as it is applied, with a UID that must stay its own, whatever happens then. It does, because what a crash takes
//! from `meta.redb` is its last transactions, and after the last durable one there is nothing but rows of the journal,
//! in the journal's order: doing them again on what is left comes to the same. Any other change is durable before
//! anyone sees it, and makes all that came before it durable too.
//!
//! The same happens without a crash when the file has to be opened anew after an error; then [`Unsynced::restore`] does
//! it. A row that could not be applied was answered with that error: it is *withdrawn*, which must be durable before
//! another row is applied after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::mailbox::append::Appending;
use crate::spool::settle;
use crate::write::Tables;

/// Most rows that a start may have to do again, and memory has to remember.
const ROWS_MAX: usize = 1024;
/// How long they may wait for another write to ride along with.
const SYNC_WAIT: Duration = Duration::from_secs(1);

/// Rows of the journal that a sync of `meta.redb` has not covered.
#[derive(Default)]
pub(super) struct Unsynced {
    applied: Vec<(u64, Arc<Appending>)>,
    withdrawn: Vec<u64>,
    since: Option<Instant>,
}

impl Unsynced {
    /// When `meta.redb` is to be synced should nothing else want it.
    pub(super) fn sync_by(&self) -> Option<Instant> {
        self.since.map(|since| since + SYNC_WAIT)
    }

    pub(super) fn is_full(&self) -> bool {
        self.applied.len() >= ROWS_MAX
    }

    pub(super) fn has_withdrawn(&self) -> bool {
        !self.withdrawn.is_empty()
    }

    /// A row was applied without a sync.
    pub(super) fn add(&mut self, sequence: u64, appending: Arc<Appending>) {
        self.applied.push((sequence, appending));
        self.since.get_or_insert_with(Instant::now);
    }

    /// Rows could not be applied, and never will be.
    pub(super) fn withdraw(&mut self, sequences: impl Iterator<Item = u64>) {
        self.withdrawn.extend(sequences);
        self.since.get_or_insert_with(Instant::now);
    }

    /// A durable transaction was tried.
    pub(super) fn synced(&mut self, succeeded: bool) {
        if succeeded {
            *self = Unsynced::default();
        } else if self.since.is_some() {
            self.since = Some(Instant::now());
        }
    }

    /// Does again what an error has undone. Comes first in every transaction.
    pub(super) fn restore(&self, tables: &mut Tables) -> Result<()> {
        for sequence in &self.withdrawn {
            if !settle::is_applied(tables, *sequence)? {
                settle::apply(tables, *sequence)?;
            }
        }
        let is_there = |(sequence, _): &(u64, _)| settle::is_applied(tables, *sequence);
        if self.applied.last().map_or(Ok(true), is_there)? {
            return Ok(());
        }
        for (sequence, appending) in &self.applied {
            if !settle::is_applied(tables, *sequence)? {
                // What was refused is refused again.
                drop(appending.apply(*sequence, tables)?);
            }
        }
        Ok(())
    }
}
