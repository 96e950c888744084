//! What the journal has that is not applied yet: messages to be delivered, and changes of mailboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redb::ReadTransaction;

use crate::base::Base;
use crate::lane::{Lane, Positions};
use crate::mailbox::redo::{self, Redo};
use crate::queue::Fresh;
use crate::rows::JournalRow;
use crate::spool::settle;
use crate::tables::segment::JOURNAL;
use crate::write::Tables;
use crate::{Error, Result, Word};

/// Most journal rows that can be missing before the journal itself is doubted.
const GAP_MAX: u64 = 1_000_000;

/// How far the journal is applied.
pub(super) struct Applied {
    pub(super) positions: Positions,
    /// Rows above them, ascending.
    pub(super) ahead: Vec<u64>,
}

/// The journal's rows that are not applied yet.
#[derive(Default)]
pub(super) struct Unapplied {
    fresh: BTreeMap<u64, Fresh>,
    changes: BTreeMap<u64, Box<dyn Redo>>,
}

impl Unapplied {
    /// Takes those of this segment.
    pub(super) fn read(&mut self, transaction: &ReadTransaction, number: u32, applied: &Applied) -> Result<()> {
        let table = transaction.open_table(JOURNAL)?;
        for lane in Lane::ALL {
            for row in table.range(applied.positions.of(lane) + 1..=lane.end())? {
                let (sequence, row) = row?;
                let (sequence, row) = (sequence.value(), row.value());
                if applied.ahead.binary_search(&sequence).is_err() {
                    self.take(sequence, row, number)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, more: Unapplied) {
        self.fresh.extend(more.fresh);
        self.changes.extend(more.changes);
    }

    fn take(&mut self, sequence: u64, row: &[u8], segment: u32) -> Result<()> {
        if let Some(change) = redo::decode(row, segment)? {
            self.changes.insert(sequence, change);
            return Ok(());
        }
        let JournalRow { id, size, hash, copies, arrival } = JournalRow::decode(row)?;
        self.fresh.insert(sequence, Fresh { sequence, id, size, segment, hash, arrival: Arc::new(arrival), copies });
        Ok(())
    }

    fn has(&self, sequence: u64) -> bool {
        self.fresh.contains_key(&sequence) || self.changes.contains_key(&sequence)
    }

    /// The messages to be delivered, in the order in which they came.
    pub(super) fn into_fresh(self) -> Vec<Fresh> {
        let mut fresh: Vec<Fresh> = self.fresh.into_values().collect();
        fresh.sort_by_key(|fresh| (fresh.arrival.received, fresh.id));
        fresh
    }

    /// Makes the changes again, and sees to it that rows that no segment has (a file was lost) do not hold up a
    /// position for ever. `last` are the highest rows of all.
    pub(super) fn catch_up(&self, base: &Base, applied: &Applied, last: Positions) -> Result<()> {
        let mut missing = Vec::new();
        for lane in Lane::ALL {
            let all = applied.positions.of(lane) + 1..=last.of(lane);
            let is_missing = |sequence: &u64| !self.has(*sequence) && applied.ahead.binary_search(sequence).is_err();
            missing.extend(all.filter(is_missing).take(GAP_MAX as usize + 1));
        }
        if missing.len() as u64 > GAP_MAX {
            return Err(Error::new(Word::Corrupt, "the journal has lost too many rows; run `verify`"));
        }
        if missing.is_empty() && self.changes.is_empty() {
            return Ok(());
        }
        // A change that meets damage was refused, or would have been; it does not keep the store from opening.
        let mut refused = BTreeSet::new();
        loop {
            let mut met = None;
            let outcome = base.write(|transaction| {
                let mut tables = Tables::open(transaction)?;
                for (sequence, change) in self.changes.iter().filter(|(sequence, _)| !refused.contains(*sequence)) {
                    change.redo(*sequence, &mut tables).inspect_err(|_| met = Some(*sequence))?;
                }
                refused.iter().chain(&missing).try_for_each(|sequence| settle::apply(&mut tables, *sequence))?;
                tables.finish().map(drop)
            });
            match (outcome, met) {
                (Err(error), Some(sequence)) if error.word == Word::Corrupt => drop(refused.insert(sequence)),
                (outcome, _) => return outcome,
            }
        }
    }
}
