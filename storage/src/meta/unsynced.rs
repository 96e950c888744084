//! What the meta writer has applied of the journal that is not durable in `meta.redb` yet.
//!
//! What a client changes in a mailbox is durable in the journal, so it waits for no second sync. Everyone sees it as
//! soon as it is applied, with UIDs and modseqs that must stay, whatever happens then. They do, because what a crash takes
//! from `meta.redb` is its last transactions, and after the last durable one there is nothing but rows of the journal,
//! in the journal's order: doing them again on what is left comes to the same. Any other change is durable before
//! anyone sees it, and makes all that came before it durable too.
//!
//! The same loss comes without a crash when the file has to be opened anew after an error: what is remembered here is
//! then done again before anyone reads. A row that could not be applied was answered with that error. It is *withdrawn*,
//! which is durable before another row is applied.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redb::WriteTransaction;

use crate::base::{Lacking, lock};
use crate::mailbox::redo::Redo;
use crate::spool::settle;
use crate::write::Tables;
use crate::{Result, index_log};

/// Most bytes of rows that memory remembers.
const BYTES_MAX: usize = 4 << 20;
/// How long they may wait for another write to ride along with. So a start has not much more than a second's work to do
/// again.
const SYNC_WAIT: Duration = Duration::from_secs(1);

/// Rows of the journal that a sync of `meta.redb` has not covered.
#[derive(Default)]
pub(crate) struct Unsynced(Mutex<Inner>);

/// A row of the journal.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) sequence: u64,
    pub(crate) change: Arc<dyn Redo>,
    /// How long it is.
    pub(crate) bytes: usize,
}

#[derive(Default)]
struct Inner {
    applied: Vec<Row>,
    /// How long those are.
    bytes: usize,
    withdrawn: Vec<u64>,
    since: Option<Instant>,
}

impl Unsynced {
    /// When `meta.redb` is to be synced should nothing else want it.
    pub(super) fn sync_by(&self) -> Option<Instant> {
        lock(&self.0).since.map(|since| since + SYNC_WAIT)
    }

    pub(super) fn is_full(&self) -> bool {
        lock(&self.0).bytes >= BYTES_MAX
    }

    /// Rows are applied by a transaction that is about to be committed without a sync.
    pub(super) fn add(&self, rows: &[Row]) {
        let mut inner = lock(&self.0);
        inner.bytes += rows.iter().map(|row| row.bytes).sum::<usize>();
        inner.applied.extend_from_slice(rows);
        inner.since.get_or_insert_with(Instant::now);
    }

    /// Rows could not be applied. Those that were done again since are in the file to stay.
    pub(super) fn withdraw(&self, sequences: Vec<u64>) {
        let mut inner = lock(&self.0);
        inner.applied.retain(|row| !sequences.contains(&row.sequence));
        inner.withdrawn.extend(sequences);
        inner.since.get_or_insert_with(Instant::now);
    }

    /// Notes in the file what is withdrawn. Comes first in every durable transaction.
    pub(super) fn write_withdrawn(&self, tables: &mut Tables) -> Result<()> {
        let withdrawn = lock(&self.0).withdrawn.clone();
        for sequence in withdrawn {
            if !settle::is_applied(tables, sequence)? {
                settle::apply(tables, sequence)?;
            }
        }
        Ok(())
    }

    /// A durable transaction has succeeded, or failed: then the next try comes later.
    pub(super) fn synced(&self, succeeded: bool) {
        let mut inner = lock(&self.0);
        if succeeded {
            *inner = Inner::default();
        } else if inner.since.is_some() {
            inner.since = Some(Instant::now());
        }
    }
}

impl Lacking for Unsynced {
    fn is_nothing(&self) -> bool {
        let inner = lock(&self.0);
        inner.applied.is_empty() && inner.withdrawn.is_empty()
    }

    fn restore(&self, transaction: &WriteTransaction) -> Result<()> {
        let mut tables = Tables::open(transaction)?;
        index_log::skip_lost(&mut tables)?;
        self.write_withdrawn(&mut tables)?;
        let applied = lock(&self.0).applied.clone();
        for Row { sequence, change, .. } in applied {
            if !settle::is_applied(&tables, sequence)? {
                change.redo(sequence, &mut tables)?;
            }
        }
        tables.finish().map(drop)
    }

    fn restored(&self) {
        self.synced(true);
    }
}
